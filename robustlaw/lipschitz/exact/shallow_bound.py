"""Node bounds for one hidden layer and one output: MaxCut relaxations of ever fewer columns.

With signs s_i fixed on some units every gradient is B sigma, sigma in [-1, 1]^(1 + open), with
B = [c A 1 + sum_fixed r s_i a_i, r a_open], so |gradient|^2 <= sum D for Diag(D) >= B^T B. The
mixing method, warm-started with the parent's vectors, proposes D; a Cholesky factorisation
tells whether it closes the node, and a proved one confirms all leaves at the end.
"""

from __future__ import annotations

import math
import time
from typing import no_type_check

import numpy as np
from numba import njit

from ..mixing import turn
from ..rounding import UNDERFLOW, UNIT, gamma, gram, is_positive, up
from ..zonotope import Zonotope, zonotope
from .model import Model, Pattern
from .relaxation import Relaxation, Step
from .tree import Node

SWEEPS, CHANGE = 60, 1e-7
# A node that cannot be closed only needs a rank among the open ones.
HOPELESS = 1e-4
# Left below the target in floating point, so that the proof's enlargement does not show.
SPARE = 1e-11
# First and further relative enlargements of a diagonal that is not proved as it stands.
ENLARGEMENTS = (1.0, 10.0, 100.0, 1e4, 1e6)
# Doubles in one part of a stack of leaves.
WORKING_SET = 2_000_000


class ShallowBound(Relaxation):
    """Bounds for the nodes of one network; lengths are on the scale of the stored columns."""

    def __init__(self, model: Model, random: np.random.Generator, deadline: float = math.inf) -> None:
        self.model, self.deadline = model, deadline
        first = model.weights[0][None]
        last = np.where(model.open_units, model.weights[1], 0.0)[None]
        self.z: Zonotope = zonotope(first, last, model.slopes)
        columns = self.z.rows[0]
        square, error = gram(self.z.rows)
        self.gram, self.error = square[0], error[0]
        wide = columns.shape[1] > columns.shape[0]
        small = np.asarray(np.linalg.qr(columns.T, mode="r")).T if wide else columns
        self.rows = np.ascontiguousarray(small)
        self.size = np.sqrt(np.einsum("ij,ij->i", self.rows, self.rows))
        self.rank = math.isqrt(2 * len(columns)) + 2
        start = random.standard_normal((len(columns), self.rank))
        self.start = start / np.linalg.norm(start, axis=1, keepdims=True)

    @property
    def exponent(self) -> int:
        """Bounds times 2^exponent are on the scale of the given network."""
        return int(self.z.exponent[0]) + self.model.exponent

    def columns(self, signs: np.ndarray) -> np.ndarray:
        """Open units that matter: the columns of the node besides the first."""
        return np.flatnonzero((signs == 0) & (self.size[1:] > 0.0))

    def step(self, signs: Pattern, target: float, warm: np.ndarray | None) -> Step:
        """Closed if the bound is at most the target."""
        open_units = self.columns(signs)
        rows = self._node_rows(signs)
        vectors = self.start if warm is None else warm
        v = np.ascontiguousarray(vectors[np.concatenate([[0], 1 + open_units])])
        d = np.zeros(len(rows))
        total, closed = _relax(rows, v, d, target * target, SWEEPS, CHANGE)
        kept = vectors.copy()
        kept[0], kept[1 + open_units] = v[0], v[1:]
        pattern = _rounded(rows, v)
        full = signs.copy()
        full[open_units] = pattern
        unit = -1
        if len(open_units):
            unit = int(open_units[np.argmax((1.0 - np.abs(v[1:] @ v[0])) * self.size[1 + open_units])])
        if closed and total > 0.0:
            d *= target * target / total
        value = target if closed else max(math.sqrt(max(total, 0.0)), target * (1.0 + UNIT * 8))
        return Step(value, unit, d, kept, full)

    def length(self, signs: np.ndarray) -> float:
        """|gradient| of a full pattern."""
        fixed = np.where(self.model.open_units, signs, 0).astype(np.float64)
        return float(np.linalg.norm(self.rows[0] + fixed @ self.rows[1:]))

    def prove(self, leaves: list[Node]) -> float:
        """The largest proved bound of the leaves, on the scale of the given network."""
        size = len(self.size)
        part = max(1, WORKING_SET // (6 * size * size))
        largest = 0.0
        for begin in range(0, len(leaves), part):
            some = leaves[begin : begin + part]
            proposals = []
            for leaf in some:
                assert leaf.proof is not None
                proposals.append((leaf.signs, leaf.proof if leaf.closed else self._converged(leaf)))
            values, diagonals = self._proved(proposals)
            for leaf, d in zip(some, diagonals, strict=True):
                leaf.proof = d
            largest = max(largest, float(values.max()))
        with np.errstate(over="ignore"):
            return float(np.nextafter(np.ldexp(largest, self.exponent), np.inf))

    def _converged(self, leaf: Node) -> np.ndarray:
        """A feasible diagonal of a leaf that was left open, after more sweeps while there is time."""
        assert leaf.proof is not None
        d = leaf.proof.copy()
        if leaf.warm is not None and time.monotonic() < self.deadline:
            rows = self._node_rows(leaf.signs)
            v = np.ascontiguousarray(leaf.warm[np.concatenate([[0], 1 + self.columns(leaf.signs)])])
            _relax(rows, v, d, np.inf, 4 * SWEEPS, CHANGE)
        return self._fitted(leaf.signs, d)

    def _node_rows(self, signs: np.ndarray) -> np.ndarray:
        """Columns of B by rows: the fixed ones summed into the first."""
        fixed = np.where(self.model.open_units, signs, 0).astype(np.float64)
        return np.vstack([self.rows[0] + fixed @ self.rows[1:], self.rows[1 + self.columns(signs)]])

    def numbers(self, leaf: Node) -> np.ndarray:
        """D_0, then D of each open unit; nothing where none is open."""
        assert leaf.proof is not None
        free = np.flatnonzero((leaf.signs == 0) & self.model.open_units)
        if not len(free):
            return np.zeros(0)
        full = np.zeros(1 + self.model.hidden)
        full[np.concatenate([[0], 1 + self.columns(leaf.signs)])] = leaf.proof
        with np.errstate(over="ignore"):
            return np.asarray(np.ldexp(full[np.concatenate([[0], 1 + free])], 2 * self.exponent))

    def _proved(self, leaves: list[tuple[np.ndarray, np.ndarray]]) -> tuple[np.ndarray, list[np.ndarray]]:
        size = len(self.size)
        places = [np.concatenate([[0], 1 + self.columns(s)]) for s, _ in leaves]
        d, used = np.zeros((len(leaves), size)), np.zeros((len(leaves), size), dtype=bool)
        gram, error = np.empty((len(leaves), size, size)), np.empty((len(leaves), size, size))
        for i, ((signs, proposal), place) in enumerate(zip(leaves, places, strict=True)):
            select = np.concatenate([[1.0], np.where(self.model.open_units, signs, 0)])
            gram[i], error[i] = self._node_gram(select, place)
            d[i, place] = proposal
            used[i, place] = np.diagonal(gram[i])[place] > 0.0
            used[i] &= d[i] > 0.0
        lost = np.where(used, 0.0, np.sqrt(np.maximum(np.einsum("eii->ei", gram + error), 0.0)))
        lost = up(lost.sum(axis=1), 2 * size + 8)
        for i in range(len(leaves)):
            gram[i][~used[i]], gram[i][:, ~used[i]] = 0.0, 0.0
            error[i][~used[i]], error[i][:, ~used[i]] = 0.0, 0.0
        bounds, proved = self._verify(d, used, gram, error, lost)
        return bounds, [row[place] for row, place in zip(proved, places, strict=True)]

    def _node_gram(self, select: np.ndarray, place: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Gram matrix of the node's columns, embedded in the full one, and its error bound."""
        size = len(select)
        gram, error = np.zeros((size, size)), np.zeros((size, size))
        gram[np.ix_(place, place)] = self.gram[np.ix_(place, place)]
        error[np.ix_(place, place)] = self.error[np.ix_(place, place)]
        row = select @ self.gram
        spread = np.abs(select) @ (self.error + gamma(2 * size + 8) * np.abs(self.gram))
        gram[0, place] = gram[place, 0] = row[place]
        error[0, place] = error[place, 0] = up(spread[place], size + 4)
        gram[0, 0] = row @ select
        corner = (spread + gamma(2 * size + 8) * np.abs(row)) @ np.abs(select)
        error[0, 0] = up(np.asarray(corner), 2 * size + 8)
        return gram, error

    def _verify(
        self, d: np.ndarray, used: np.ndarray, gram: np.ndarray, error: np.ndarray, lost: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        size = d.shape[1]
        base = 4.0 * size * gamma(3 * (size + 1))
        spread = np.where(used, error.sum(axis=2) / np.where(used, d, 1.0), 0.0).max(axis=1)
        margin = base + np.minimum(4.0 * spread, 1e-6)
        bounds, todo, eye = np.full(len(d), np.inf), np.arange(len(d)), np.eye(size)
        proved = d.copy()
        for growth in ENLARGEMENTS:
            trial = np.where(used[todo], d[todo] * (1.0 + growth * margin[todo])[:, None], 0.0)
            full = np.where(used[todo], trial, 1.0)
            gap = full[:, :, None] * eye - gram[todo]
            fine = is_positive(gap, error[todo] + 2.0 * UNIT * full[:, :, None] * eye + UNDERFLOW)
            done = todo[fine]
            proved[done] = trial[fine]
            total = up(trial[fine].sum(axis=1), size)
            bounds[done] = up(np.sqrt(total) + lost[done] + self.z.slack[0], 6)
            todo = todo[~fine]
            if not len(todo):
                break
        return bounds, proved

    def _fitted(self, signs: np.ndarray, d: np.ndarray) -> np.ndarray:
        """A diagonal near D that is feasible up to rounding: scaled, or raised where that is cheaper.

        Scaling is dear where some D_i is far too small; D + delta (D + mean D) is not.
        """
        rows = self._node_rows(signs)
        safe = np.maximum(d, UNIT * max(float(d.max()), 1e-300))
        scaled = rows / np.sqrt(safe)[:, None]
        small = scaled if len(rows) <= rows.shape[1] else scaled.T
        factor = float(np.linalg.eigvalsh(small @ small.T)[-1])
        raised = safe + safe.mean()
        inverse = 1.0 / np.sqrt(raised)
        gap = (rows @ rows.T - np.diag(safe)) * inverse[:, None] * inverse[None, :]
        delta = max(float(np.linalg.eigvalsh(gap)[-1]), 0.0)
        return min(factor * safe, safe + delta * raised, key=lambda x: float(x.sum()))


@njit(cache=True)
@no_type_check
def _relax(rows, v, d, target, sweeps, change):
    """Coordinate ascent; (sum of D, whether D scaled up to `target` is feasible)."""
    size, inputs = rows.shape
    rank = v.shape[1]
    y = rows.T @ v
    g = np.zeros(rank)
    square = np.zeros(size)
    for i in range(size):
        for a in range(inputs):
            square[i] += rows[i, a] * rows[i, a]
    before, total = 0.0, 0.0
    for sweep in range(sweeps):
        total = 0.0
        for i in range(size):
            length = turn(rows[i], square[i], v[i], y, g)
            d[i] = length + square[i]
            total += d[i]
        if total <= 0.0:
            return 0.0, target > 0.0
        reached = 0.0
        for a in range(inputs):
            for k in range(rank):
                reached += y[a, k] * y[a, k]
        # |B V|^2 is at most the relaxation's value: no diagonal can close this node.
        if reached > target and sweep >= 4 and abs(total - before) <= HOPELESS * total:
            return total, False
        settled = abs(total - before) <= change * total
        ripe = total < target < math.inf and (sweep % 4 == 3 or settled)
        if ripe and _fits(rows, d, target / total * (1.0 - SPARE)):
            return total, True
        if settled:
            break
        before = total
    return total, False


@njit(cache=True)
@no_type_check
def _fits(rows, d, factor):
    """Cholesky of Diag(factor D) - B^T B or, where that is smaller, of I - B (factor D)^-1 B^T."""
    size, inputs = rows.shape
    if inputs < size:
        m = np.eye(inputs)
        for i in range(size):
            if d[i] <= 0.0:
                continue
            w = 1.0 / (factor * d[i])
            for a in range(inputs):
                x = rows[i, a] * w
                for b in range(a + 1):
                    m[a, b] -= x * rows[i, b]
    else:
        m = -(rows @ rows.T)
        for i in range(size):
            m[i, i] += factor * d[i]
            if d[i] <= 0.0:
                m[i, i] = 1.0
    n = m.shape[0]
    for j in range(n):
        pivot = m[j, j]
        for k in range(j):
            pivot -= m[j, k] * m[j, k]
        if not pivot > 0.0:
            return False
        pivot = math.sqrt(pivot)
        m[j, j] = pivot
        for i in range(j + 1, n):
            s = m[i, j]
            for k in range(j):
                s -= m[i, k] * m[j, k]
            m[i, j] = s / pivot
    return True


@njit(cache=True)
@no_type_check
def _rounded(rows, v):
    """Signs of the vectors along the first one, improved by single flips."""
    size, inputs = rows.shape
    s = np.ones(size)
    for i in range(1, size):
        dot = 0.0
        for k in range(v.shape[1]):
            dot += v[i, k] * v[0, k]
        s[i] = 1.0 if dot >= 0.0 else -1.0
    g = np.zeros(inputs)
    for i in range(size):
        for a in range(inputs):
            g[a] += s[i] * rows[i, a]
    for _ in range(4 * size):
        top, place = 0.0, -1
        for i in range(1, size):
            gain = 0.0
            for a in range(inputs):
                gain += rows[i, a] * (rows[i, a] - s[i] * g[a])
            if gain > top + 1e-12:
                top, place = gain, i
        if place < 0:
            break
        s[place] = -s[place]
        for a in range(inputs):
            g[a] += 2.0 * s[place] * rows[place, a]
    out = np.empty(size - 1, dtype=np.int8)
    for i in range(1, size):
        out[i - 1] = 1 if s[i] > 0 else -1
    return out
