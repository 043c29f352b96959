"""The mixing method: coordinate ascent for the MaxCut relaxation of one hidden layer.

max <B^T B, X> over X >= 0 with X_ii = 1, X = V V^T with unit rows of length about sqrt(2 n)
(Wang, Chang and Kolter, 2017). The lengths it ends with are a dual proposal D, which
zonotope.py turns into a proved bound; nothing here has to converge for the bound to hold.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

from .rounding import UNIT
from .zonotope import Diagonal, Zonotope

# The dual bound is within 2e-7 (relative) of the optimum once a sweep changes sum D by less.
CHANGE, SWEEPS = 1e-10, 3000
STARTS, PATTERNS = 48, 6


def propose(z: Zonotope, seed: np.random.Generator) -> tuple[Diagonal, np.ndarray]:
    """(D, s): a dual proposal, and sign vectors s (E, PATTERNS, columns), largest |B s| first.

    The signs come from rounding the relaxation along random directions and flipping single
    signs while that helps. They bound the zonotope's radius from below, not Lip(f). Where
    fewer local maxima are found the best one is repeated.
    """
    nets, size, inputs = z.rows.shape
    rank = math.isqrt(2 * size) + 2
    start = seed.standard_normal((size, rank))
    start /= np.linalg.norm(start, axis=1, keepdims=True)
    directions = seed.standard_normal((STARTS, rank))
    # R of B = Q R has the columns of B up to a rotation, and fewer coordinates.
    columns = z.rows.transpose(0, 2, 1)
    reduced = np.asarray(np.linalg.qr(columns, mode="r")) if inputs > size else columns
    # In row-major order: one compiled version serves all callers.
    rows, gram = np.ascontiguousarray(reduced.transpose(0, 2, 1)), np.ascontiguousarray(z.gram)
    diagonal, signs = np.zeros((nets, size)), np.ones((nets, PATTERNS, size))
    _solve_all(rows, gram, np.ascontiguousarray(z.used), start, directions, diagonal, signs)
    return np.where(z.used, np.maximum(diagonal, UNIT * diagonal.max(axis=1, keepdims=True)), 0.0), signs


@njit(cache=True)
@no_type_check
def _solve_all(rows, gram, used, start, directions, diagonal, signs):
    for e in range(rows.shape[0]):
        v = start.copy()
        _ascend(rows[e], used[e], v, diagonal[e])
        _round(gram[e], used[e], v, directions, signs[e])


@njit(cache=True)
@no_type_check
def turn(row, square, v, y, g):
    """Turn the unit vector v of one column to where it is best, y = B V with it; |g| before turning."""
    inputs, rank = y.shape
    for k in range(rank):
        g[k] = -square * v[k]
    for a in range(inputs):
        b = row[a]
        for k in range(rank):
            g[k] += b * y[a, k]
    length = 0.0
    for k in range(rank):
        length += g[k] * g[k]
    length = math.sqrt(length)
    if length <= 0.0:
        return length
    for k in range(rank):
        new = g[k] / length
        g[k] = new - v[k]
        v[k] = new
    for a in range(inputs):
        b = row[a]
        for k in range(rank):
            y[a, k] += b * g[k]
    return length


@njit(cache=True)
@no_type_check
def _ascend(rows, used, v, diagonal):
    size, inputs = rows.shape
    rank = v.shape[1]
    y = np.zeros((inputs, rank))
    for i in range(size):
        if used[i]:
            for a in range(inputs):
                for k in range(rank):
                    y[a, k] += rows[i, a] * v[i, k]
    g = np.zeros(rank)
    before = 0.0
    for _ in range(SWEEPS):
        total = 0.0
        for i in range(size):
            if not used[i]:
                continue
            square = 0.0
            for a in range(inputs):
                square += rows[i, a] * rows[i, a]
            length = turn(rows[i], square, v[i], y, g)
            diagonal[i] = length + square
            total += diagonal[i]
        if abs(total - before) <= CHANGE * total:
            return
        before = total


@njit(cache=True)
@no_type_check
def _round(gram, used, v, directions, signs):
    size, rank = v.shape
    best = np.full(signs.shape[0], -1.0)
    s = np.ones(size)
    field = np.zeros(size)
    for trial in range(directions.shape[0] + 1):
        for i in range(size):
            dot = 0.0
            for k in range(rank):
                dot += v[i, k] * (v[0, k] if trial == 0 else directions[trial - 1, k])
            s[i] = 1.0 if dot >= 0.0 else -1.0
        for i in range(size):
            field[i] = 0.0
            for j in range(size):
                field[i] += gram[i, j] * s[j]
        for _ in range(8 * size):
            top, place = 0.0, -1
            for i in range(size):
                gain = gram[i, i] - s[i] * field[i]
                if used[i] and gain > top + 1e-14 * gram[i, i]:
                    top, place = gain, i
            if place < 0:
                break
            s[place] = -s[place]
            for i in range(size):
                field[i] += 2.0 * s[place] * gram[i, place]
        value = 0.0
        for i in range(size):
            value += s[i] * field[i]
        _insert(best, signs, value, s)
    for m in range(1, signs.shape[0]):
        if best[m] < 0.0:
            signs[m] = signs[0]


@njit(cache=True)
@no_type_check
def _insert(best, signs, value, s):
    # Equal values are the same pattern, up to coincidence.
    place = 0
    while place < len(best) and best[place] > value * (1.0 + 1e-12):
        place += 1
    if place == len(best) or best[place] >= value * (1.0 - 1e-12):
        return
    for m in range(len(best) - 1, place, -1):
        best[m] = best[m - 1]
        signs[m] = signs[m - 1]
    best[place] = value
    for i in range(len(s)):
        signs[place, i] = s[i] * s[0]
