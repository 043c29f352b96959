"""An upper end proved by branch and bound, proved again; see certificate.py for the ends themselves.

The certificate is a tree in preorder: j >= 0 splits on the sign of form j (negative part first;
forms are the hidden units, then t at number N, then the input axes), -1 is a leaf with a
bound, -2 - k a leaf that no point reaches. The leaves partition all patterns by construction.
 * A bound: one hidden layer and output, D with Diag(D) >= B^T B and sum D <= upper^2; otherwise
   multipliers of the open units, for which S(upper^2, L) >= 0 (fixed units are linear in what is below);
   without open units the Jacobian itself.
 * Unreachable: k forms g_i, each positive on the leaf (t included), with a unique dependency
   sum y_i g_i = 0, y >= 0: re-solved in exact fractions.
Forms are computed in integers: a float64 is an integer over a power of two.
"""

from collections.abc import Iterator, Mapping
from fractions import Fraction
from itertools import islice

import numpy as np

from ..evidence import Bracket
from ..networks import Network, activation
from .certificate import ABOVE, GAMMA, inequality, living, prove_positive, require


def prove_tree(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """Every leaf of the tree is bounded by `upper` or unreachable, and no number is left over."""
    act = activation(net.arch.activation)
    claimed = (numbers.get("slope_low"), numbers.get("slope_high"))
    require(claimed == ((act.slope_low,), (act.slope_high,)), f"slopes of {act.name} are not these")
    leaves, bounds, supports = _Leaves(net, upper), iter(numbers["bounds"]), iter(numbers["supports"])
    todo = [leaves.root]
    for x in numbers["tree"]:
        require(bool(todo) and x == int(x), "the tree is complete before it ends, or has a broken number")
        signs, j = todo.pop(), int(x)
        if j >= 0:
            require(j < len(signs) and not signs[j] and leaves.may_split[j], f"no split on form {j}")
            for sign in (1, -1):
                todo.append(signs.copy())
                todo[-1][j] = sign
        elif j == -1:
            leaves.prove_bound(signs, bounds)
        else:
            leaves.prove_unreachable(signs, [int(v) for v in islice(supports, -2 - j)], -2 - j)
    require(not todo and next(bounds, None) is next(supports, None) is None, "the tree does not end")


def check_tree(net: Network, bracket: Bracket) -> bool:
    """Whether the certificate of kind "tree" proves Lip(net) <= bracket.upper."""
    try:
        require(bracket.certificate is not None and bracket.certificate.kind == "tree", "not a tree")
        with np.errstate(all="ignore"):
            prove_tree(net, bracket.upper, bracket.certificate.numbers if bracket.certificate else {})
    except (ValueError, KeyError, IndexError, ArithmeticError):
        return False
    return True


class _Leaves:
    """Proofs about the points of one network with given signs (0: any) of the forms."""

    def __init__(self, net: Network, upper: float) -> None:
        act, alive = activation(net.arch.activation), living(net)
        self.kink, self.upper, self.d = act.kink, upper, net.arch.widths[0]
        self.edges = np.cumsum([0, *net.arch.widths[1:-1]])
        self.n, self.flat = int(self.edges[-1]), len(net.weights) == 2 and net.arch.widths[-1] == 1
        everything = [*net.weights, *net.biases, np.array([act.slope_low, act.slope_high])]
        # all numbers are integers times 2^-shift
        self.shift = max(float(x).as_integer_ratio()[1].bit_length() - 1 for a in everything for x in a.flat)
        self.w, self.b = [self._whole(w) for w in net.weights], [self._whole(b) for b in net.biases]
        self.low, self.high = self._whole(everything[-1])
        self.open = np.concatenate([np.zeros(0, bool), *alive[1:-1]])
        self.may_split = np.concatenate([self.open, [False], np.full(self.d, self.kink)])
        self.root = np.zeros(self.n + 1 + self.d, int)
        self.root[self.n] = 1
        self.known: dict[bytes, tuple[np.ndarray, int]] = {}

    def _whole(self, a: np.ndarray) -> np.ndarray:
        """The numbers times 2^shift, as integers."""
        return np.array([int(Fraction(float(x)) * 2**self.shift) for x in a.flat], object).reshape(a.shape)

    def _slopes(self, on: np.ndarray) -> np.ndarray:
        return np.array([self.high if x else self.low for x in on], object)

    def forms(self, signs: np.ndarray, layer: int) -> tuple[np.ndarray, int]:
        """What a layer receives, on (x, t, outputs of the open units below), times 2^scale; and scale."""
        key = bytes([layer]) + signs[: self.edges[layer]].astype(np.int8).tobytes()
        if key not in self.known:
            value, scale = np.eye(self.d, self.d + 1, dtype=int).astype(object), 0
            if layer:
                z, scale = self.forms(signs, layer - 1)
                part, scale = slice(self.edges[layer - 1], self.edges[layer]), scale + self.shift
                free = np.flatnonzero(self.open[part] & (signs[part] == 0))
                on = np.where(self.open[part], signs[part] > 0, z[:, self.d] > 0)
                value = np.hstack([self._slopes(on)[:, None] * z, np.zeros((len(z), len(free)), object)])
                value[free] = 0
                value[free, z.shape[1] + np.arange(len(free))] = 2**scale
            z = self.w[layer] @ value
            z[:, self.d] += self.b[layer] * 2**scale
            self.known = self.known if len(self.known) < 2000 else {}
            self.known[key] = z, scale + self.shift
        return self.known[key]

    def prove_unreachable(self, signs: np.ndarray, names: list[int], count: int) -> None:
        require(self.kink and count == len(names) == len(set(names)), "forms are missing, or named twice")
        columns: list[list[int]] = []
        for j in names:
            require(0 <= j < len(signs) and signs[j], f"form {j} has no sign")
            if j >= self.n:
                form = np.eye(self.d + 1, dtype=int)[self.d if j == self.n else j - self.n - 1]
            else:
                layer = int(np.searchsorted(self.edges, j, side="right")) - 1
                below = slice(0, self.edges[layer])
                require(not np.any(self.open[below] & (signs[below] == 0)), f"form {j} is not one of x and t")
                form = self.forms(signs, layer)[0][j - self.edges[layer]]
            columns.append([int(signs[j]) * int(x) for x in form])
        if len(columns) == 1 and not any(columns[0]):  # the unit is constantly 0: on is the same as off
            return require(bool(signs[names[0]] == 1), "nothing contradicts the signs")
        y = _dependency(columns) if all(map(any, columns)) else []
        return require(bool(y) and (min(y) >= 0 or max(y) <= 0), "nothing contradicts the signs")

    def prove_bound(self, signs: np.ndarray, bounds: Iterator[float]) -> None:
        free = np.flatnonzero(self.open & (signs[: self.n] == 0))
        count = len(free) + int(self.flat and len(free) > 0)
        values = np.array(list(islice(bounds, count)))
        require(len(values) == count and bool((values >= 0).all()), "bounds are missing, or negative")
        require(self.kink or self.flat, "units of smooth deep networks have no signs")
        if self.flat and count:
            return self._prove_diagonal(signs, free, values)
        rows, out, square = self._eliminated(signs, free)
        if not square or (not count and len(out) == 1):  # nothing reaches an output, or one linear piece
            return require(square <= Fraction(self.upper) ** 2, "a gradient is too steep")
        top = self.upper**2 * (1.0 - 2.0 * GAMMA)
        if not count:
            gram = out @ out.T
            doubt = (self.d + 10) * GAMMA * len(gram) * np.diag(gram) + 4.0 * GAMMA * top
            return prove_positive(top * np.eye(len(gram)) - gram, doubt * ABOVE)
        c, p = self._ratio(self.low + self.high, 2), self._ratio(self.low * self.high, 2**self.shift)
        return prove_positive(*inequality(rows, out, values, top, c, p))

    def _prove_diagonal(self, signs: np.ndarray, free: np.ndarray, d: np.ndarray) -> None:
        """4 Diag(D) >= (2 B)^T 2 B, with the columns of 2 B exact before they are rounded."""
        require(sum(map(Fraction, d)) <= Fraction(self.upper) ** 2, "a diagonal is too large")
        a = self.w[1][0][:, None] * self.w[0]
        weight = np.where(self.open, 2 * self._slopes(signs[: self.n] > 0), 0)
        weight[free] = self.low + self.high
        b = self._floats(np.vstack([weight @ a, (self.high - self.low) * a[free]]), 3 * self.shift)
        d, b = 4 * d[(b != 0).any(1)], b[(b != 0).any(1)]
        gram = b @ b.T
        doubt = (self.d + 10) * GAMMA * len(b) * np.diag(gram) + 2.0 * GAMMA * d
        prove_positive(np.diag(d) - gram, doubt * ABOVE)

    def _eliminated(self, signs: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, Fraction]:
        """Rows of open units and outputs over (x, open outputs), rounded; the outputs' squared norm."""
        rows = np.zeros((len(free), self.d + len(free)))
        for k in range(len(self.w)):
            z, scale = self.forms(signs, k)
            linear = np.delete(z, self.d, axis=1)
            here = free[(free >= self.edges[k]) & (free < self.edges[min(k + 1, len(self.edges) - 1)])]
            found = self._floats(linear[here - self.edges[k]], scale)
            rows[np.searchsorted(free, here), : found.shape[1]] = found
        return rows, self._floats(linear, scale), Fraction(int((linear * linear).sum()), 4**scale)

    def _floats(self, a: np.ndarray, scale: int) -> np.ndarray:
        return np.array([float(Fraction(int(x), 2**scale)) for x in a.flat]).reshape(a.shape)

    def _ratio(self, numerator: int, denominator: int) -> float:
        return float(Fraction(int(numerator), int(denominator) * 2**self.shift))


def _dependency(columns: list[list[int]]) -> list[Fraction]:
    """The y with sum y_i columns_i = 0, if it is unique up to a factor, else nothing."""
    rows = [[Fraction(c[i]) for c in columns] for i in range(len(columns[0]))]
    done: list[tuple[int, list[Fraction]]] = []
    for j in range(len(columns)):
        pick = next((r for r in rows if r[j]), None)
        if pick is not None:
            rows.remove(pick)
            pick = [x / pick[j] for x in pick]
            rows = [[x - r[j] * y for x, y in zip(r, pick, strict=True)] for r in rows]
            done.append((j, pick))
    free = set(range(len(columns))) - {j for j, _ in done}
    y = [Fraction(int(j in free)) for j in range(len(columns))]
    for j, row in reversed(done):
        y[j] = -sum((row[i] * y[i] for i in range(j + 1, len(y))), Fraction(0))
    return y if len(free) == 1 else []


CHECKERS = {"tree": prove_tree}
