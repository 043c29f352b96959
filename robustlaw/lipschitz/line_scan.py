"""One hidden layer with one kink: the exact maximum of the gradient's norm over a line.

On x + tau e the pre-activations p + tau s change sign at tau_i = -p_i / s_i, and crossing
tau_i adds sign(s_i)(beta - alpha) a_i to the gradient. Sorting the crossings and walking along
them visits every gradient on the line.
"""

from __future__ import annotations

import math
from typing import no_type_check

import numpy as np
from numba import njit

from .attained import Points
from .batch import Batch
from .probes import reach

SCANS = 60
# Segments shorter than this (relative to the line parameter) are passed over: their midpoints
# would not keep their signs under rounding.
SHORTEST = 1e-7


def scan(batch: Batch, starts: Points, random: np.random.Generator) -> Points:
    """The best point that line scans reach from each start; needs one output and a kink at 0."""
    slopes = batch.sector
    alive = batch.alive[1]
    # Copies in row-major order: one compiled version serves all callers.
    w = np.ascontiguousarray(np.where(alive[:, :, None], batch.weights[0], 0.0))
    a = np.ascontiguousarray(batch.weights[-1][:, 0, :, None] * w)
    b, alive = np.ascontiguousarray(batch.biases[0]), np.ascontiguousarray(alive)
    directions = random.standard_normal((starts.shape[1], SCANS, w.shape[-1]))
    found = np.array(starts, order="C")
    _scan_all(w, b, a, alive, slopes.low, slopes.high, directions, found, reach(batch))
    return found


@njit(cache=True)
@no_type_check
def _scan_all(w, b, a, alive, low, high, directions, x, scale):
    for e in range(w.shape[0]):
        for start in range(x.shape[1]):
            for turn in range(directions.shape[1]):
                _scan_line(
                    w[e], b[e], a[e], alive[e], low, high, directions[start], turn, x[e, start], scale[e]
                )


@njit(cache=True)
@no_type_check
def _scan_line(w, b, a, alive, low, high, directions, turn, x, scale):
    units, inputs = w.shape
    p, s, e, g = np.zeros(units), np.zeros(units), np.zeros(inputs), np.zeros(inputs)
    for i in range(units):
        for k in range(inputs):
            p[i] += w[i, k] * x[k]
        p[i] += b[i]
    kind = turn % 3
    if kind == 0:
        for i in range(units):
            slope = high if p[i] > 0.0 else low
            for k in range(inputs):
                e[k] += slope * a[i, k]
    elif kind == 1:
        e[:] = directions[turn]
    else:
        e[:] = w[(turn // 3) % units]
    length = 0.0
    for k in range(inputs):
        length += e[k] * e[k]
    if not (length > 0.0 and length < math.inf):
        return
    length = math.sqrt(length)
    for k in range(inputs):
        e[k] /= length
    taus = np.full(units, math.inf)
    for i in range(units):
        for k in range(inputs):
            s[i] += w[i, k] * e[k]
        on = p[i] > 0.0 if s[i] == 0.0 else s[i] < 0.0
        slope = high if on else low
        for k in range(inputs):
            g[k] += slope * a[i, k]
        if alive[i] and s[i] != 0.0:
            taus[i] = -p[i] / s[i]
    order = np.argsort(taus)
    count = 0
    while count < units and taus[order[count]] < math.inf:
        count += 1
    if count == 0:
        return
    best, place = _square(g), taus[order[0]] - scale
    for j in range(count):
        i = order[j]
        jump = (high - low) * (1.0 if s[i] > 0.0 else -1.0)
        for k in range(inputs):
            g[k] += jump * a[i, k]
        here = taus[i]
        after = taus[order[j + 1]] if j + 1 < count else here + 2.0 * scale
        if after - here <= SHORTEST * (scale + abs(here)):
            continue
        value = _square(g)
        if value > best * (1.0 + 1e-12):
            best, place = value, 0.5 * (here + after)
    for k in range(inputs):
        x[k] += place * e[k]


@njit(cache=True)
@no_type_check
def _square(g):
    total = 0.0
    for k in range(g.shape[0]):
        total += g[k] * g[k]
    return total
