"""Checks an upper end proved by branch and bound, sharing no code with the search.

The certificate is a tree in preorder: j >= 0 splits on the sign of form j (negative part first;
forms are the hidden units, then t at number N, then the input axes), -1 is a leaf with a
bound, -2 - k a leaf that no point reaches. The leaves partition all patterns by construction.
 * A bound: one hidden layer and output, D with Diag(D) >= B^T B and sum D <= upper^2; otherwise
   multipliers of the open units, for which P(lambda, 1 / upper^2) >= 0 (fixed units eliminated);
   without open units the Jacobian itself.
 * Unreachable: k forms g_i, each positive on the leaf (t included), with a unique dependency
   sum y_i g_i = 0, y >= 0: re-solved in exact fractions.
Matrices are proved positive by a shifted Cholesky factorisation (Rump, BIT 46, 2006).
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..evidence import Bracket
from ..networks import Network, activation

U = 2.0**-53


def check_tree(net: Network, bracket: Bracket) -> bool:
    """Whether the certificate of kind "tree" proves Lip(net) <= bracket.upper."""
    if bracket.certificate is None or bracket.certificate.kind != "tree" or not np.isfinite(bracket.upper):
        return False
    numbers = bracket.certificate.numbers
    if any(not np.isfinite(numbers.get(k, (np.nan,))).all() for k in ("tree", "bounds", "supports")):
        return False
    checker = _Checker(net, bracket.upper)
    bounds, supports = iter(numbers["bounds"]), iter(numbers["supports"])
    todo = [checker.root]
    for x in numbers["tree"]:
        if not todo or x != int(x):
            return False
        signs, j = todo.pop(), int(x)
        if j >= 0:
            if j >= len(signs) or signs[j] or not checker.may_split[j]:
                return False
            for sign in (1, -1):
                todo.append(signs.copy())
                todo[-1][j] = sign
        elif j == -1:
            count = checker.numbers_of(signs)
            values = np.array([v for _, v in zip(range(count), bounds, strict=False)])
            if len(values) < count or not checker.is_bounded(signs, values):
                return False
        else:
            names = [int(v) for _, v in zip(range(-2 - j), supports, strict=False)]
            if len(names) < -2 - j or not checker.is_impossible(signs, names):
                return False
    return not todo and next(bounds, None) is None and next(supports, None) is None


class _Checker:
    def __init__(self, net: Network, upper: float) -> None:
        act = activation(net.arch.activation)
        self.kink, self.upper, self.d = act.kink, upper, net.arch.widths[0]
        self.edges = np.cumsum([0, *net.arch.widths[1:-1]])
        self.n, self.flat = int(self.edges[-1]), len(net.weights) == 2 and net.arch.widths[-1] == 1
        everything = [*net.weights, *net.biases, np.array([act.slope_low, act.slope_high])]
        self.shift = max(
            float(x).as_integer_ratio()[1].bit_length() - 1 for a in everything for x in a.ravel()
        )
        self.w, self.b = [self._whole(w) for w in net.weights], [self._whole(b) for b in net.biases]
        self.low, self.high = self._whole(np.array([act.slope_low, act.slope_high]))
        forward, backward = [np.ones(self.d, bool)], [np.ones(net.arch.widths[-1], bool)]
        for w in net.weights[:-1]:
            forward.append(((w != 0) & forward[-1]).any(1))
        for w in net.weights[:0:-1]:
            backward.append(((w != 0) & backward[-1][:, None]).any(0))
        self.open = np.concatenate([f & g for f, g in zip(forward[1:], backward[:0:-1], strict=True)])
        self.may_split = np.concatenate([self.open, [False], np.full(self.d, self.kink)])
        self.root = np.zeros(self.n + 1 + self.d, int)
        self.root[self.n] = 1
        self.known: dict[bytes, tuple[np.ndarray, int]] = {}

    def _whole(self, a: np.ndarray) -> np.ndarray:
        """The numbers times 2^shift, as integers."""
        out = np.empty(a.size, object)
        out[:] = [int(Fraction(float(x)) * 2**self.shift) for x in a.ravel()]
        return out.reshape(a.shape)

    def _forms(self, signs: np.ndarray, layer: int) -> tuple[np.ndarray, int]:
        """Pre-activations on (x, t) times 2^scale; the layers below have to be fixed."""
        key = bytes([layer]) + signs[: self.edges[layer]].astype(np.int8).tobytes()
        if key not in self.known:
            value, scale = np.eye(self.d, self.d + 1, dtype=int).astype(object), 0
            if layer:
                z, scale = self._forms(signs, layer - 1)
                part = slice(self.edges[layer - 1], self.edges[layer])
                on = np.where(self.open[part], signs[part] > 0, z[:, -1] > 0)
                value, scale = self._slopes(on)[:, None] * z, scale + self.shift
            z = self.w[layer] @ value
            z[:, -1] += self.b[layer] * 2**scale
            self.known = self.known if len(self.known) < 2000 else {}
            self.known[key] = z, scale + self.shift
        return self.known[key]

    def is_impossible(self, signs: np.ndarray, names: list[int]) -> bool:
        columns: list[list[int]] = []
        for j in names:
            layer = int(np.searchsorted(self.edges, j, side="right")) - 1
            if not (self.kink and 0 <= j < len(signs) and signs[j]):
                return False
            if j >= self.n:
                form = np.eye(self.d + 1, dtype=int)[self.d if j == self.n else j - self.n - 1]
            else:
                below = slice(0, self.edges[layer])
                if np.any(self.open[below] & (signs[below] == 0)):
                    return False
                form = self._forms(signs, layer)[0][j - self.edges[layer]]
            columns.append([int(signs[j]) * int(x) for x in form])
        if len(columns) == 1 and not any(columns[0]):
            return bool(signs[names[0]] == 1)  # the unit is constantly 0: on is the same as off
        y = _dependency(columns) if len(set(names)) == len(names) and all(map(any, columns)) else None
        return y is not None and (min(y) >= 0 or max(y) <= 0)

    def numbers_of(self, signs: np.ndarray) -> int:
        free = int((self.open & (signs[: self.n] == 0)).sum())
        return free + int(self.flat and free > 0)

    def is_bounded(self, signs: np.ndarray, values: np.ndarray) -> bool:
        free = np.flatnonzero(self.open & (signs[: self.n] == 0))
        if not (self.kink or self.flat) or np.any(values < 0):
            return False
        if len(free) and self.flat:
            return self._is_diagonal(signs, free, values)
        rows, out, square = self._eliminated(signs, free)
        if not square:
            return True  # nothing reaches an output
        if not len(free):
            if len(out) == 1:
                return square <= Fraction(self.upper) ** 2
            gram, size = out @ out.T, np.sqrt((out**2).sum(1))
            error = (self.d + 9) * 2 * U * np.outer(size, size) + 4 * U * self.upper**2 * np.eye(len(out))
            return _is_positive(self.upper**2 * np.eye(len(out)) - gram, error)
        c, p = self._ratio(self.low + self.high, 2), self._ratio(self.low * self.high, 2**self.shift)
        t, size = 1 / self.upper**2, len(rows[0])
        cross, place = np.zeros((size, size)), self.d + np.arange(len(free))
        cross[self.d :] = -c * values[:, None] * rows
        matrix = cross + cross.T + p * rows.T @ (values[:, None] * rows) - t * out.T @ out
        matrix[place, place] += values
        matrix[: self.d, : self.d] += np.eye(self.d)
        total = (
            np.abs(cross)
            + np.abs(cross.T)
            + t * np.abs(out).T @ np.abs(out)
            + np.diag(np.diag(np.abs(matrix)))
        )
        total += abs(p) * np.abs(rows).T @ (values[:, None] * np.abs(rows))
        return bool((values > 0).all()) and _is_positive(matrix, (len(free) + len(out) + 24) * 2 * U * total)

    def _is_diagonal(self, signs: np.ndarray, free: np.ndarray, d: np.ndarray) -> bool:
        """4 Diag(D) >= (2 B)^T 2 B, with the columns of 2 B exact before they are rounded."""
        if sum(map(Fraction, d)) > Fraction(self.upper) ** 2:
            return False
        a = self.w[1][0][:, None] * self.w[0]
        weight = np.where(self.open, 2 * self._slopes(signs[: self.n] > 0), 0)
        weight[free] = self.low + self.high
        b = self._floats(np.vstack([weight @ a, (self.high - self.low) * a[free]]), 3)
        d, b = 4 * d[(b != 0).any(1)], b[(b != 0).any(1)]
        size = np.sqrt((b**2).sum(1))
        error = (self.d + 12) * 2 * U * np.outer(size, size) + 2 * U * np.diag(d)
        return _is_positive(np.diag(d) - b @ b.T, error)

    def _eliminated(self, signs: np.ndarray, free: np.ndarray) -> tuple[np.ndarray, np.ndarray, Fraction]:
        """Rows of open units and outputs over (x, open outputs), rounded; the outputs' squared norm."""
        size, scale, found = self.d + len(free), 0, []
        value = np.eye(self.d, size, dtype=int).astype(object)
        constant = np.zeros(self.d, object)
        for k, w in enumerate(self.w[:-1]):
            z, level = w @ value, w @ constant + self.b[k] * 2**scale
            part = slice(self.edges[k], self.edges[k + 1])
            on = np.where(self.open[part], signs[part] > 0, level > 0)
            slope, scale = self._slopes(on), scale + 2 * self.shift
            value, constant = slope[:, None] * z, np.where(self.open[part], 0, slope * level)
            here = np.flatnonzero(self.open[part] & (signs[part] == 0))
            found += list(self._floats(z[here], 0, scale - self.shift))
            value[here] = 0
            value[here, self.d + np.searchsorted(free, self.edges[k] + here)] = 2**scale
        out, scale = self.w[-1] @ value, scale + self.shift
        square = Fraction(int((out * out).sum()), 4**scale)
        return np.array(found).reshape(len(free), size), self._floats(out, 0, scale), square

    def _slopes(self, on: np.ndarray) -> np.ndarray:
        return np.array([self.high if x else self.low for x in on], object)

    def _floats(self, a: np.ndarray, shifts: int, scale: int = 0) -> np.ndarray:
        return np.array([self._ratio(x, 2 ** (shifts * self.shift + scale), 0) for x in a.ravel()]).reshape(
            a.shape
        )

    def _ratio(self, numerator: int, denominator: int, shifts: int = 1) -> float:
        return float(Fraction(int(numerator), int(denominator) * 2 ** (shifts * self.shift)))


def _dependency(columns: list[list[int]]) -> list[Fraction] | None:
    """The y with sum y_i columns_i = 0, if it is unique up to a factor."""
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
    return y if len(free) == 1 else None


def _is_positive(matrix: np.ndarray, error: np.ndarray) -> bool:
    """S + F is positive semidefinite for all symmetric |F| <= error."""
    diagonal = np.diag(matrix)
    if not (np.isfinite(matrix).all() and (diagonal > 0).all()):
        return len(matrix) == 0
    scale = np.exp2(-np.rint(np.log2(diagonal) / 2))
    n, s = len(matrix), matrix * scale[:, None] * scale
    shift = 4 * (n + 2) * U * np.trace(s) + 1.01 * (error * scale[:, None] * scale).sum(1).max() + 1e-290
    try:
        np.linalg.cholesky(s - shift * (1 + 4 * U) * np.eye(n))
    except np.linalg.LinAlgError:
        return False
    return True
