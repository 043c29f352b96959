"""Slopes of smooth activations on intervals and along lines, for a checker."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from ..networks import Activation
from .certificate import GAMMA, UNIT

# Largest second derivative of the slope, and where the slope turns around, with a margin of 1e-3.
BEND = {"tanh": 2.0, "sigmoid": 0.125, "softplus": 0.0963, "elu": 1.0, "gelu": 0.779, "silu": 0.309}
PEAK = {"tanh": 0.0, "sigmoid": 0.0, "gelu": 1.41421, "silu": 2.39936}
DIP = {"gelu": -1.41421, "silu": -2.39936}
# The library's slopes are right to this times 1 + |z|, and beyond 50 at their limits.
LIBRARY, FAR = 32.0 * UNIT, 50.0
# Rounds of halving a line, and cells of it at a time.
ROUNDS, MOST = 60, 50_000


def inputs(forms: np.ndarray, corners: np.ndarray) -> tuple[np.ndarray, ...]:
    """(least, largest) pre-activation over each simplex, values at finite corners, which are finite."""
    value, t = corners @ forms.T, corners[:, :, -1:]
    error = 10 * GAMMA * (np.abs(corners) @ np.abs(forms).T)
    z = value / np.where(t > 0.0, t, 1.0)
    doubt = np.where(t > 0.0, error / np.where(t > 0.0, t, 1.0) * 1.001 + 2.0 * UNIT * np.abs(z), 0.0)
    zero = (value == 0.0) & (error == 0.0)
    low = np.where(t > 0.0, z - doubt, np.where((value < error) & ~zero, -np.inf, np.inf)).min(axis=1)
    high = np.where(t > 0.0, z + doubt, np.where((value > -error) & ~zero, np.inf, -np.inf)).max(axis=1)
    return low, high, z, np.asarray((t > 0.0).all(axis=(1, 2)))


def slope_ends(act: Activation, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(least, largest) slope on [low, high]."""
    at = np.stack([np.clip(low, -FAR, FAR), np.clip(high, -FAR, FAR)])
    doubt, slope = LIBRARY * (1.0 + np.abs(at).max(axis=0)), act.slope(at)
    least, largest = slope.min(axis=0) - doubt, slope.max(axis=0) + doubt
    for turn, ends in ((DIP, least), (PEAK, largest)):
        if act.name in turn:
            near = (low < turn[act.name] + 1e-3) & (high > turn[act.name] - 1e-3)
            ends[near] = act.slope_low if turn is DIP else act.slope_high
    return np.maximum(least, act.slope_low), np.minimum(largest, act.slope_high)


def chords(
    act: Activation, low: np.ndarray, high: np.ndarray, z: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(slope at the corners up to an affine error, bound of that error); finite intervals."""
    least, largest = slope_ends(act, low, high)
    first, width = act.slope(low), high - low
    rise = (act.slope(high) - first) / np.where(width > 0.0, width, 1.0)
    error = BEND[act.name] / 8.0 * width * width * (1.0 + 16.0 * UNIT)
    error += 4.0 * LIBRARY * (1.0 + np.maximum(np.abs(low), np.abs(high)))
    half = 0.5 * (largest - least) + 2.0 * UNIT
    kinked = (low < 0.0) & (high > 0.0) if act.name == "elu" else np.zeros(low.shape, bool)
    bent = (error < half) & ~kinked
    line = first[:, None] + rise[:, None] * (z - low[:, None])
    return np.where(bent[:, None], line, 0.5 * (least + largest)[:, None]), np.where(bent, error, half)


def stays_below(act: Activation, forms: np.ndarray, q: np.ndarray, limit: float) -> bool:
    """sum q slope(k y + b) <= limit for all y."""
    if len(q) == 1:
        return max(Fraction(q[0]) * Fraction(s) for s in (act.slope_low, act.slope_high)) <= Fraction(limit)
    limit -= (8 * len(q) + 66) * GAMMA * 4.0 * float(np.abs(q).sum())
    size = 2.0 ** np.rint(np.log2(np.median((1.0 + np.abs(forms[:, 1])) / np.abs(forms[:, 0]))))
    forms, cells = forms * [size, 1.0], np.array([[[-1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])
    for _ in range(ROUNDS):
        low, high, z, finite = inputs(forms, cells)
        most = np.maximum(*(np.stack(slope_ends(act, low, high)) * q)).sum(axis=1)
        values, error = chords(act, low[finite], high[finite], z[finite])
        most[finite] = np.minimum(most[finite], (values @ q).max(axis=1) + error @ np.abs(q))
        cells = cells[~(most <= limit)]
        if not 0 < len(cells) <= MOST:
            break
        pairs = np.stack([cells, cells], axis=1)
        pairs[:, 0, 1] = pairs[:, 1, 0] = 0.5 * (cells[:, 0] + cells[:, 1])
        cells = pairs.reshape(-1, 2, 2)
    return not len(cells)
