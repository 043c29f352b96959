"""Supermasks without training: products of frozen weights that sum to a given weight.

A weight v on an input x becomes hidden units a_i relu(b_i x): for x > 0 the kept units with
b_i > 0 have the slope sum a_i b_i, for x < 0 those with b_i < 0. Two subset sums near v do
(Pensia et al. 2020; items needed grow as log of 1/error, over the density of the source).
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from jaxtyping import Bool, Float

from ..data.checks import ceiling, finite, whole
from ..errors import ShapeMismatch

MOST_ITEMS = 30  # 2^15 partial sums on either side
REFINED = 24  # items solved together when there are more


@dataclass(frozen=True, eq=False)
class SubsetSum:
    """A subset of items and how far its sum is from the target.

    mask  : True for the chosen items
    error : |target - exact sum|, rounded up
    """

    mask: Bool[np.ndarray, " items"]
    error: float


def nearest_subset(values: Float[np.ndarray, " items"], target: float) -> SubsetSum:
    """A subset whose sum is near `target`.

    Up to 30 items all subsets are searched, and none comes nearer than by the rounding of their
    float64 sums. Beyond that: greedily by size, then the best flips of one or two items while they
    help, and last all subsets of some of the items, over and over while that helps.
    """
    items = finite("values", values, 1)
    if len(items) <= MOST_ITEMS:
        mask = _meet_in_the_middle(items, target)
    else:
        mask = _refined(items, target, _flipped(items, target, _greedy(items, target)))
    return SubsetSum(mask, _error(items, mask, target))


def _error(items: np.ndarray, mask: np.ndarray, target: float) -> float:
    return ceiling(abs(Fraction(float(target)) - sum(map(Fraction, items[mask].tolist()), Fraction(0))))


def _sums(items: np.ndarray) -> np.ndarray:
    """Sums of all subsets; bit i of a place says whether item i is in."""
    sums = np.zeros(1)
    for value in items:
        sums = np.concatenate([sums, sums + value])
    return sums


def _meet_in_the_middle(items: np.ndarray, target: float) -> np.ndarray:
    half = len(items) // 2
    first, second = _sums(items[:half]), _sums(items[half:])
    order = np.argsort(second, kind="stable")
    ordered = second[order]
    above = np.searchsorted(ordered, target - first).clip(0, len(ordered) - 1)
    below = (above - 1).clip(0)
    gaps = np.stack([np.abs(first + ordered[side] - target) for side in (above, below)])
    side, place = np.unravel_index(np.argmin(gaps), gaps.shape)
    partner = int(order[(above, below)[side][place]])
    bits = [int(place) >> i & 1 for i in range(half)]
    bits += [partner >> i & 1 for i in range(len(items) - half)]
    return np.array(bits, dtype=bool)


def _greedy(items: np.ndarray, target: float) -> np.ndarray:
    mask, left = np.zeros(len(items), dtype=bool), target
    for i in np.argsort(-np.abs(items), kind="stable"):
        if abs(left - items[i]) < abs(left):
            mask[i], left = True, left - items[i]
    return mask


def _flipped(items: np.ndarray, target: float, mask: np.ndarray) -> np.ndarray:
    """Flip one or two items at a time while the sum comes nearer."""
    mask = mask.copy()
    while True:
        left = target - items[mask].sum()
        change = np.where(mask, -items, items)
        pairs = np.abs(left - change[:, None] - change[None, :])
        np.fill_diagonal(pairs, np.abs(left - change))
        i, j = np.unravel_index(np.argmin(pairs), pairs.shape)
        if not pairs[i, j] < abs(left) * (1.0 - 1e-9):
            return mask
        mask[[i, j]] ^= True


def _refined(items: np.ndarray, target: float, mask: np.ndarray) -> np.ndarray:
    """All subsets of one window of items after the other, the rest fixed, while it helps."""
    best = abs(target - items[mask].sum())
    for begin in range(0, len(items) - REFINED + 1, REFINED // 2):
        window = np.zeros(len(items), dtype=bool)
        window[begin : begin + REFINED] = True
        tried = mask.copy()
        tried[window] = _meet_in_the_middle(items[window], target - items[mask & ~window].sum())
        gap = abs(target - items[tried].sum())
        if gap < best:
            mask, best = tried, gap
    return mask


@dataclass(frozen=True, eq=False)
class Supermask:
    """Which outer weights stay, and how far each slope is from its target.

    mask   : (out, in, units)
    errors : (out, in, 2), rounded up: of the slope for positive and for negative inputs
    """

    mask: Bool[np.ndarray, "out into units"]
    errors: Float[np.ndarray, "out into two"]

    def gap(self, radius: float) -> Float[np.ndarray, " out"]:
        """Bound on |W x - supermask(x)| for each output where every |x_j| is at most `radius`."""
        worst = self.errors.max(axis=2)
        rows = [sum(map(Fraction, row.tolist()), Fraction(0)) * Fraction(float(radius)) for row in worst]
        return np.array([ceiling(total) for total in rows])


def supermask_of(
    target: Float[np.ndarray, "out into"],
    inner: Float[np.ndarray, "_into _units"],
    outer: Float[np.ndarray, "_out _into _units"],
    kept: Bool[np.ndarray, "_out _into _units"] | None = None,
) -> Supermask:
    """Choose outer weights so that x_j -> sum_u outer[k,j,u] relu(inner[j,u] x_j) is target[k,j] x_j.

    kept : the outer weights to choose from, all by default: a sparse source
    """
    goal, b, a = finite("target", target, 2), finite("inner", inner, 2), finite("outer", outer, 3)
    if a.shape != (*goal.shape, b.shape[1]) or b.shape[0] != goal.shape[1]:
        raise ShapeMismatch("outer", a.shape, f"expected {(*goal.shape, b.shape[1])}, as target and inner")
    whole("units", b.shape[1], 1)
    allowed = np.ones(a.shape, dtype=bool) if kept is None else kept
    if allowed.shape != a.shape:
        raise ShapeMismatch("kept", allowed.shape, f"expected {a.shape}, as outer")
    mask, errors = np.zeros(a.shape, dtype=bool), np.zeros((*goal.shape, 2))
    for k, j in np.ndindex(*goal.shape):
        for side, units in enumerate((b[j] > 0.0, b[j] < 0.0)):
            pool = np.flatnonzero(units & allowed[k, j])
            found = nearest_subset(a[k, j, pool] * b[j, pool], float(goal[k, j]))
            mask[k, j, pool] = found.mask
            chosen = pool[found.mask]
            slopes = [Fraction(float(a[k, j, u])) * Fraction(float(b[j, u])) for u in chosen]
            errors[k, j, side] = ceiling(abs(Fraction(float(goal[k, j])) - sum(slopes, Fraction(0))))
    return Supermask(mask, errors)
