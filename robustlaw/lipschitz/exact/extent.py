"""Sums of shifted and stretched slopes along the whole line: their least and largest values.

h(y) = sum q_i slope(k_i y + b_i) is what units with parallel rows add to a gradient, and with one
input the gradient itself. The line is cut in halves, projectively, so that it has no ends.
"""

from __future__ import annotations

import numpy as np

from ...networks import Activation
from ..rounding import UNIT, gamma
from .slopes import chord, slope_range

# Where the two bounds of h stop (relative to sum |q|), which is also left to who checks the range
# by other cuts; rounds, and cells at most.
FINE, ROUNDS, MOST = 1e-10, 50, 20_000


def extent(act: Activation, forms: np.ndarray, share: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """((least, largest) of h, rounded outward; homogeneous points (y, t) that come close).

    forms : (units, 2) the k_i and b_i
    """
    ends, points = zip(*(_largest(act, forms, sign * share) for sign in (-1.0, 1.0)), strict=True)
    return np.array([-ends[0], ends[1]]), np.array(points)


def _largest(act: Activation, forms: np.ndarray, share: np.ndarray) -> tuple[float, np.ndarray]:
    total = float(np.abs(share).sum())
    slack = 4.0 * gamma(4 * len(share) + 16) * max(abs(act.slope_low), abs(act.slope_high)) * total
    cells = np.array([[[-1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    best, point, closed = -np.inf, cells[0, 1], -np.inf
    bound = _bounds(act, forms, share, cells)
    for _ in range(ROUNDS):
        middle = cells.mean(axis=1)
        height = act.slope(middle @ forms.T / middle[:, 1:]) @ share
        if height.max() > best:
            best, point = float(height.max()), middle[height.argmax()]
        keep = bound > best + FINE * total
        closed = max([closed, *bound[~keep].tolist()])
        cells, bound = cells[keep], bound[keep]
        if not 0 < len(cells) <= MOST:
            break
        halves = np.stack([cells, cells], axis=1)
        halves[:, 0, 1] = halves[:, 1, 0] = cells.mean(axis=1)
        cells = halves.reshape(-1, 2, 2)
        bound = np.minimum(np.repeat(bound, 2), _bounds(act, forms, share, cells))
    return max([closed, *bound.tolist()]) + slack + FINE * total, point


def _bounds(act: Activation, forms: np.ndarray, share: np.ndarray, cells: np.ndarray) -> np.ndarray:
    value, t = cells @ forms.T, cells[:, :, 1:]
    error = gamma(8) * (np.abs(cells) @ np.abs(forms).T)
    z = value / np.where(t > 0.0, t, 1.0)
    doubt = (error / np.where(t > 0.0, t, 1.0) + UNIT * np.abs(z)) * (1.0 + 8.0 * UNIT)
    low = np.where(t > 0.0, z - doubt, np.where(value < 0.0, -np.inf, np.inf)).min(axis=1)
    high = np.where(t > 0.0, z + doubt, np.where(value > 0.0, np.inf, -np.inf)).max(axis=1)
    least, largest = slope_range(act, low, high)
    bound = np.maximum(share * least, share * largest).sum(axis=1)
    finite = (t > 0.0).all(axis=(1, 2))
    if finite.any():
        first, rise, off = chord(act, low[finite], high[finite])
        slopes = first[:, None] + rise[:, None] * (z[finite] - low[finite][:, None])
        bound[finite] = np.minimum(bound[finite], (slopes @ share).max(axis=1) + off @ np.abs(share))
    return np.asarray(bound)
