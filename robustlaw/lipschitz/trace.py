"""Any depth with one kink at 0: every gradient along a line, cell by cell.

Along x + tau e the first layer is affine, and each layer cuts the segments on which the layer
before it is affine where its own pre-activations vanish. Each final segment has one pattern of
slopes and one gradient. Moving to the steepest segment, again and again on fresh lines, is a
local search that sees every cell on its way.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

from .ascent import steepest_outputs
from .attained import Points
from .batch import Batch
from .line_scan import SHORTEST
from .probes import reach

# Lines a start, while their work stays below this many multiplications a network.
LINES, WORK = 60, 30e6
# Crossings a line is expected to meet, in units of the number of hidden units (for the work only).
CROSSINGS = 2.0
ROUNDS = 3


def trace(batch: Batch, starts: Points, random: np.random.Generator) -> Points:
    """The steepest point that lines reach from each start; needs a kinked activation.

    Several outputs are searched along the direction in which f is steepest, renewed each round.
    """
    slopes = batch.sector
    widths = np.array(batch.arch.widths[:-1], dtype=np.int64)
    cost = CROSSINGS * widths[1:].sum() * sum(w[0].size for w in batch.weights[:-1])
    lines = int(np.clip(WORK / (cost * starts.shape[1] * ROUNDS), 2, LINES // ROUNDS))
    weights, biases = _flat(batch)
    found = np.array(starts, order="C")
    for _ in range(ROUNDS):
        with np.errstate(all="ignore"):
            u = steepest_outputs(batch, found)
            last = np.ascontiguousarray(u @ np.where(batch.alive[-2][:, None], batch.weights[-1], 0.0))
        directions = random.standard_normal((found.shape[1], lines, widths[0]))
        units = random.integers(widths[1:].sum(), size=directions.shape[:2])
        low, high = slopes.low, slopes.high
        _trace_all(weights, biases, widths, last, low, high, directions, units, found, reach(batch))
    return found


def _flat(batch: Batch) -> tuple[np.ndarray, np.ndarray]:
    """Hidden weights and biases of each network in one row; units that do not matter are zeroed."""
    weights, biases = [], []
    for w, b, alive in zip(batch.weights[:-1], batch.biases[:-1], batch.alive[1:-1], strict=True):
        weights.append(np.where(alive[:, :, None], w, 0.0).reshape(len(batch), -1))
        biases.append(np.where(alive, b, 0.0))
    return np.concatenate(weights, axis=1), np.concatenate(biases, axis=1)


@njit(cache=True)
@no_type_check
def _trace_all(weights, biases, widths, last, low, high, directions, units, x, scale):
    for net in range(x.shape[0]):
        for start in range(x.shape[1]):
            for turn in range(directions.shape[1]):
                _trace_line(
                    weights[net],
                    biases[net],
                    widths,
                    last[net, start],
                    low,
                    high,
                    directions[start, turn],
                    turn,
                    units[start, turn],
                    x[net, start],
                    scale[net],
                )


@njit(cache=True)
@no_type_check
def _trace_line(weights, biases, widths, last, low, high, random, turn, unit, x, scale):
    inputs = widths[0]
    units = widths[1:].sum()
    slopes = np.zeros(units)
    g = np.zeros(widths.max())
    e = np.zeros(inputs)
    _pattern(weights, biases, widths, low, high, x, slopes)
    best = _gradient(weights, widths, slopes, last, g)
    if turn % 3 == 0:
        e[:] = g[:inputs]
    elif turn % 3 == 1:
        e[:] = random
    else:
        _unit_gradient(weights, widths, slopes, unit, g)
        e[:] = g[:inputs]
    length = np.sqrt(np.sum(e * e))
    if not (length > 0.0 and length < math.inf):
        return
    e /= length
    taus = _crossings(weights, biases, widths, low, high, x, e)
    place, point = 0.0, x.copy()
    for j in range(len(taus) + 1):
        left = taus[j - 1] if j > 0 else (taus[0] - 2.0 * scale if len(taus) else -scale)
        right = taus[j] if j < len(taus) else left + 2.0 * scale
        if right - left <= SHORTEST * (scale + abs(left)):
            continue
        middle = 0.5 * (left + right)
        point[:] = x + middle * e
        _pattern(weights, biases, widths, low, high, point, slopes)
        value = _gradient(weights, widths, slopes, last, g)
        if value > best * (1.0 + 1e-12):
            best, place = value, middle
    x += place * e


@njit(cache=True)
@no_type_check
def _pattern(weights, biases, widths, low, high, x, slopes):
    """Slopes of all units at x."""
    value = x
    w_at, b_at = 0, 0
    for layer in range(1, len(widths)):
        rows, columns = widths[layer], widths[layer - 1]
        w = weights[w_at : w_at + rows * columns].reshape(rows, columns)
        after = w @ value + biases[b_at : b_at + rows]
        for i in range(rows):
            s = high if after[i] > 0.0 else low
            slopes[b_at + i] = s
            after[i] *= s
        value = after
        w_at += rows * columns
        b_at += rows


@njit(cache=True)
@no_type_check
def _gradient(weights, widths, slopes, last, g):
    """Square of the gradient's length; the gradient itself in g."""
    back = last
    w_at, b_at = len(weights), len(slopes)
    for layer in range(len(widths) - 1, 0, -1):
        rows, columns = widths[layer], widths[layer - 1]
        w_at -= rows * columns
        b_at -= rows
        back = _through(weights[w_at : w_at + rows * columns], back, slopes[b_at : b_at + rows], columns)
    g[: widths[0]] = back
    return np.sum(back * back)


@njit(cache=True)
@no_type_check
def _unit_gradient(weights, widths, slopes, unit, g):
    """Gradient of one hidden unit's pre-activation, in g."""
    layer, w_at, b_at = 1, 0, 0
    while unit >= b_at + widths[layer]:
        b_at += widths[layer]
        w_at += widths[layer] * widths[layer - 1]
        layer += 1
    columns = widths[layer - 1]
    begin = w_at + (unit - b_at) * columns
    back = weights[begin : begin + columns].copy()
    for below in range(layer - 1, 0, -1):
        rows, columns = widths[below], widths[below - 1]
        w_at -= rows * columns
        b_at -= rows
        back = _through(weights[w_at : w_at + rows * columns], back, slopes[b_at : b_at + rows], columns)
    g[: widths[0]] = back


@njit(cache=True)
@no_type_check
def _through(flat, back, slopes, columns):
    """W^T (slopes * back)."""
    result = np.zeros(columns)
    for i in range(len(back)):
        f = back[i] * slopes[i]
        if f != 0.0:
            result += f * flat[i * columns : (i + 1) * columns]
    return result


@njit(cache=True)
@no_type_check
def _crossings(weights, biases, widths, low, high, x, e):
    """Sorted places on the line at which some unit crosses its kink."""
    taus = np.empty(0)
    # Value and derivative of the layer below on each segment: starts as one segment, x + tau e.
    values, rates = x.copy().reshape(1, -1), e.copy().reshape(1, -1)
    w_at, b_at = 0, 0
    for layer in range(1, len(widths)):
        rows, columns = widths[layer], widths[layer - 1]
        wt = weights[w_at : w_at + rows * columns].reshape(rows, columns).T
        p, s = values @ wt + biases[b_at : b_at + rows], rates @ wt
        fresh = np.empty(p.size)
        count = 0
        for j in range(len(p)):
            left = taus[j - 1] if j > 0 else -math.inf
            right = taus[j] if j < len(taus) else math.inf
            for i in range(rows):
                if s[j, i] != 0.0:
                    root = -p[j, i] / s[j, i]
                    if left < root < right:
                        fresh[count] = root
                        count += 1
        merged = np.sort(np.concatenate((taus, fresh[:count])))
        if layer < len(widths) - 1:
            values, rates = np.empty((len(merged) + 1, rows)), np.empty((len(merged) + 1, rows))
            j = 0
            for m in range(len(merged) + 1):
                left = merged[m - 1] if m > 0 else -math.inf
                right = merged[m] if m < len(merged) else math.inf
                while j < len(taus) and taus[j] <= left:
                    j += 1
                if left == -math.inf:
                    middle = right - 1.0 if right < math.inf else 0.0
                else:
                    middle = 0.5 * (left + right) if right < math.inf else left + 1.0
                for i in range(rows):
                    slope = high if p[j, i] + middle * s[j, i] > 0.0 else low
                    values[m, i] = slope * p[j, i]
                    rates[m, i] = slope * s[j, i]
        taus = merged
        w_at += rows * columns
        b_at += rows
    return taus
