"""Checks an upper end by walking along all edges of the arrangement of kinks again.

One hidden layer and output, W of rank r: every cell touches a line {w_i . x + b_i = 0, i in S},
|S| = r - 1, W_S of full rank, and there the units off S have the signs of a segment of the line.
Batches of lines are settled in float64 with determinants whose errors are bounded by the same
expansions of absolute values (gamma_64 covers order 8); every line where a sign, an order or a
value stays doubtful is done again in fractions, planes through it that are dependent included.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import combinations, islice, product
from math import comb

import numpy as np

from ..networks import Network, activation
from .certificate import GAMMA, UNIT, living, require
from .certificate_fractions import patterns, reduced

DOUBT, MOST_RANK, RANGE, WORKING_SET = 64.0 * UNIT, 7, 2.0**40, 2_000_000
# Of each set of columns: determinant, and the same expansion of absolute values.
Minors = dict[tuple[int, ...], tuple[np.ndarray, np.ndarray]]


def prove_edges(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """No cell's gradient is longer than the upper end."""
    shallow = net.arch.layers == 2 and net.arch.widths[-1] == 1 and activation(net.arch.activation).kink
    require(shallow, "edges prove something for one hidden layer with kinks and one output")
    planes = _Planes(net, upper)
    narrow = planes.rank <= MOST_RANK and planes.moderate
    require(narrow, "too many inputs, or weights of too different size, to walk along edges")
    edges, count = planes.rank - 1, len(planes.forms)
    lines = (float(comb(count, edges)),)
    require(numbers["lines"] == lines, "the lines are not as many as the certificate says")
    part = max(1, WORKING_SET // (count * (planes.jumps.shape[1] + 8)))
    chosen, seen = combinations(range(count), edges), set[tuple[int, ...]]()
    for _ in range(0, comb(count, edges), part):
        chunk = list(islice(chosen, part))
        some = np.array(chunk, dtype=int).reshape(len(chunk), edges)
        for line in some[~planes.settles(some)]:
            low = all(planes.is_low(signs) for signs in patterns(planes.exact, line.tolist(), seen))
            require(low, "a cell may be steeper")


class _Planes:
    """Planes on which units bend, each once; gradients are centre + signs @ jumps, scaled."""

    def __init__(self, net: Network, upper: float) -> None:
        act, inputs, units = activation(net.arch.activation), *living(net)[:2]
        w, b, v = net.weights[0][units][:, inputs], net.biases[0][units], net.weights[1][0, units]
        found: dict[tuple[Fraction, ...], int] = {}
        place, side = [], []
        for row in ([*map(Fraction, x), Fraction(y)] for x, y in zip(w.tolist(), b.tolist(), strict=True)):
            lead = next(x for x in row if x)
            place.append(found.setdefault(tuple(x / lead for x in row), len(found)))
            side.append(1.0 if lead > 0 else -1.0)
        columns = reduced([list(row[:-1]) for row in found], MOST_RANK + 1)[1]
        self.exact = [[*(row[j] for j in columns), row[-1]] for row in found]
        self.rank, first = len(columns), [place.index(k) for k in range(len(found))]
        forms = np.column_stack([w[first][:, columns], b[first]]) * np.array(side)[first, None]
        powers = [-int(np.frexp(np.abs(x).max())[1]) for x in (w, v)]
        w, v = np.ldexp(w, powers[0]), np.ldexp(v, powers[1])
        self.forms = np.ldexp(forms, -np.frexp(np.abs(forms[:, :-1]).max(axis=1))[1][:, None])
        used = [x[x != 0.0] for x in (self.forms, w, v)]
        self.moderate = all(((abs(x) > 1.0 / RANGE) & (abs(x) < RANGE)).all() for x in used)
        a, low, high = v[:, None] * w, act.slope_low, act.slope_high
        self.jumps = np.zeros((len(found), w.shape[1]))
        np.add.at(self.jumps, place, 0.5 * (high - low) * np.array(side)[:, None] * a)
        self.centre = 0.5 * (high + low) * a.sum(axis=0)
        total = (abs(low) + abs(high)) * float(np.linalg.norm(a, axis=1).sum())
        error = (4 * len(v) + 2 * w.shape[1] + 18) * GAMMA * total
        self.limit = np.ldexp(upper, sum(powers)) * (1.0 - (w.shape[1] + 10) * GAMMA) - error

    def is_low(self, signs: np.ndarray) -> bool:
        return bool(np.linalg.norm(self.centre + signs @ self.jumps) <= self.limit)

    def settles(self, chosen: np.ndarray) -> np.ndarray:
        """Lines for which float64 proves that all gradients next to them are within the limit."""
        lines, edges = np.arange(len(chosen))[:, None], self.rank - 1
        fine, nothing, s, signs, tau, reach = self._breakpoints(chosen)
        order = np.argsort(tau, axis=1)
        tau, reach, s = tau[lines, order], reach[lines, order], s[lines, order]
        until = np.maximum.accumulate(np.where(s != 0.0, tau + reach, -np.inf), axis=1)
        since = np.minimum.accumulate(np.where(s != 0.0, tau - reach, np.inf)[:, ::-1], axis=1)[:, ::-1]
        end = np.ones((len(chosen), 1), bool)
        real = np.append(until[:, :-1] < since[:, 1:], end, axis=1) & (s != 0.0)
        same = (tau[:, :-1] == tau[:, 1:]) & (reach[:, :-1] == 0.0) & (reach[:, 1:] == 0.0)
        fine = fine & (real | (s == 0.0) | np.append(same, ~end, axis=1)).all(axis=1)
        start = (self.centre + signs @ self.jumps)[:, None]
        turns = 2.0 * np.sign(s)[:, :, None] * self.jumps[order]
        g = np.concatenate([start, start + np.cumsum(turns, axis=1)], axis=1)
        around = np.linalg.norm(self.jumps[chosen], axis=2).sum(axis=1)
        steep = np.append(end, real, axis=1) & (np.linalg.norm(g, axis=2) + around[:, None] > self.limit)
        where = np.nonzero(steep)[0]
        for sides in product((-1.0, 1.0), repeat=edges if len(where) else 0):
            more = np.einsum("k,nkd->nd", np.array(sides), self.jumps[chosen[where]][:, : len(sides)])
            fine[where[np.linalg.norm(g[steep] + more, axis=1) > self.limit]] = False
        return np.asarray(fine | nothing)

    def _breakpoints(self, chosen: np.ndarray) -> tuple[np.ndarray, ...]:
        """(nothing is doubtful, no line, slopes, first signs, tau and its radius) of forms on each line.

        Along e with w . e = det(W_S, w), from the point where form k, the steepest, vanishes: there
        det(f_S, f_k, f) / (w_k . e) is the value of form f.
        """
        lines, r = np.arange(len(chosen))[:, None], self.rank
        rows = self.forms[chosen]
        s, s_error, nothing = _determinants(rows[:, :, :r], self.forms[:, :r])
        inside = (np.arange(len(self.forms)) == chosen[:, :, None]).any(axis=1)
        s[inside] = s_error[inside] = 0.0
        pivot = np.abs(s).argmax(axis=1)[:, None]
        top = s[lines, pivot]
        p, p_error, _ = _determinants(np.concatenate([rows, self.forms[pivot]], axis=1), self.forms)
        p[lines, pivot] = p_error[lines, pivot] = 0.0
        with np.errstate(all="ignore"):
            flat, share = s_error + np.abs(s) == 0.0, s_error / np.abs(s)
            tau = np.where(flat, np.inf, -p / s / top)
            share = 4.0 * (share + share[lines, pivot]) + DOUBT
            reach = np.where(flat, 0.0, 1.1 * (p_error + np.abs(p) * share) / np.abs(s * top))
        fine = (np.where(flat, np.abs(p) > p_error, np.abs(s) > 1e4 * s_error) | inside).all(axis=1)
        signs = np.where(flat, np.sign(p * top), -np.sign(s)) * ~inside
        return fine & (top != 0.0)[:, 0], nothing, s, signs, tau, reach


def _determinants(rows: np.ndarray, forms: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """det(rows, form) of each line and form, a bound of its error, and rows that are surely dependent."""
    columns = forms.shape[1]
    found: Minors = {(): (np.ones(len(rows)), np.ones(len(rows)))}
    for k in range(columns - 1):
        longer: Minors = {}
        for some in combinations(range(columns), k + 1):
            parts = [(c, (-1) ** (k - j), found[some[:j] + some[j + 1 :]]) for j, c in enumerate(some)]
            value = np.array([sign * rows[:, k, c] * minor for c, sign, (minor, _) in parts])
            size = np.array([np.abs(rows[:, k, c]) * size for c, _, (_, size) in parts])
            longer[some] = value.sum(axis=0), size.sum(axis=0)
        found = longer
    every = [found[(*range(c), *range(c + 1, columns))] for c in range(columns)]
    value = np.stack([(-1) ** (columns - 1 - c) * x for c, (x, _) in enumerate(every)], axis=1)
    size = np.stack([x for _, x in every], axis=1)
    return value @ forms.T, DOUBT * (size @ np.abs(forms).T), (size == 0.0).all(axis=1)


CHECKERS = {"edges": prove_edges}
