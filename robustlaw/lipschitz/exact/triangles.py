"""The projective plane in triangles, and bounds of a smooth network's gradient over each.

A triangle is spanned by three homogeneous corners (x, t), t >= 0; t = 0 is infinitely far away,
so unbounded cells need no box. Corners are halves of sums of corners, exact in float64. Every
pre-activation is (w . x + b t) / t, quasi-linear: its values at the corners span its range.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...networks import Activation
from ..rounding import UNIT, gamma
from .slopes import chord, slope_range

# The four quadrants, |x_1| + |x_2| + t = 1.
START = np.array(
    [
        [[a, 0.0, 0.0], [0.0, b, 0.0], [0.0, 0.0, 1.0]]
        for a, b in ((1.0, 1.0), (1.0, -1.0), (-1.0, 1.0), (-1.0, -1.0))
    ]
)
# Ends of the sides 0, 1, 2 of a triangle, and the corner opposite.
SIDES = ((0, 1), (1, 2), (2, 0))


@dataclass(frozen=True, eq=False)
class Bundles:
    """One hidden layer and output on two inputs, units with parallel rows bundled.

    The gradient is sum_i q_i slope(z_i) d_{bundle i}, and z_i = (forms_i . (x, t)) / t.
    forms  : (units, 3); share : (units,) the q_i; bundle : (units,) ascending
    rays   : (bundles, 2) the d_c, by ascending angle in a half plane
    ranges : (bundles, 2) of sum_{i in c} q_i slope(z_i) over the whole plane
    slack  : bound on what rounding of q and d changes of a gradient's length
    """

    act: Activation
    forms: np.ndarray
    share: np.ndarray
    bundle: np.ndarray
    rays: np.ndarray
    ranges: np.ndarray
    slack: float

    @cached_property
    def starts(self) -> np.ndarray:
        return np.searchsorted(self.bundle, np.arange(len(self.rays)))

    @cached_property
    def columns(self) -> np.ndarray:
        return np.asarray(self.share[:, None] * self.rays[self.bundle])

    def gradients(self, corners: np.ndarray) -> np.ndarray:
        """At finite homogeneous points (..., 3), without any certainty."""
        z = corners @ self.forms.T / corners[..., 2:]
        return np.asarray(self.act.slope(z) @ self.columns)

    def values(self, corners: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """(forms at the corners, their rounding error, pre-activations where t > 0)."""
        value = corners @ self.forms.T
        error = gamma(8) * (np.abs(corners) @ np.abs(self.forms).T)
        t = corners[:, :, 2:]
        return value, error, value / np.where(t > 0.0, t, 1.0)

    def bounds(self, corners: np.ndarray) -> np.ndarray:
        """At least the length of every gradient in each of the triangles (n, 3, 3)."""
        value, error, z = self.values(corners)
        t = corners[:, :, 2:]
        doubt = (error / np.where(t > 0.0, t, 1.0) + UNIT * np.abs(z)) * (1.0 + 8.0 * UNIT)
        down = np.where(value < error, -np.inf, np.inf)
        up = np.where(value > -error, np.inf, -np.inf)
        still = (value == 0.0) & (error == 0.0)
        low = np.where(t > 0.0, z - doubt, np.where(still, np.inf, down)).min(axis=1)
        high = np.where(t > 0.0, z + doubt, np.where(still, -np.inf, up)).max(axis=1)
        bound = self._free(*slope_range(self.act, low, high))
        finite = (t > 0.0).all(axis=(1, 2))
        if finite.any():
            linear = self._linear(z[finite], low[finite], high[finite])
            bound[finite] = np.minimum(bound[finite], linear)
        return bound

    def _free(self, least: np.ndarray, largest: np.ndarray) -> np.ndarray:
        """Slopes free in their ranges: the longest vector of a zonotope, at one of its corners."""
        first, second = self.share * least, self.share * largest
        low = np.add.reduceat(np.minimum(first, second), self.starts, axis=1)
        high = np.add.reduceat(np.maximum(first, second), self.starts, axis=1)
        low, high = np.maximum(low, self.ranges[:, 0]), np.minimum(high, self.ranges[:, 1])
        centre = 0.5 * (low + high) @ self.rays
        sides = np.maximum(0.5 * (high - low), 0.0)[:, :, None] * self.rays
        corners = sides.sum(axis=1)[:, None] - 2.0 * np.cumsum(sides, axis=1)
        cross = np.abs((centre[:, None] * corners).sum(axis=2))
        square = ((corners * corners).sum(axis=2) + 2.0 * cross).max(axis=1)
        return np.asarray(np.sqrt(square + (centre * centre).sum(axis=1)) + self.slack)

    def _linear(self, z: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
        """Slopes replaced by chords: the gradient is affine and longest at a corner."""
        value, rise, error = chord(self.act, low, high)
        slopes = value[:, None] + rise[:, None] * (z - low[:, None])
        g = slopes @ self.columns
        spread = error @ np.sqrt((self.columns * self.columns).sum(axis=1))
        return np.asarray(np.sqrt((g * g).sum(axis=2)).max(axis=1) + spread * (1.0 + gamma(8)) + self.slack)


def halves(corners: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(children (n, 2, 3, 3), side): every triangle cut at the middle of its longest side.

    The first child keeps the side's first end, the second its second one.
    """
    ends = np.array(SIDES)
    length = ((corners[:, ends[:, 0]] - corners[:, ends[:, 1]]) ** 2).sum(axis=2)
    side = length.argmax(axis=1)
    rows = np.arange(len(corners))
    first, second = ends[side, 0], ends[side, 1]
    middle = 0.5 * (corners[rows, first] + corners[rows, second])
    children = np.stack([corners, corners], axis=1)
    children[rows, 0, second], children[rows, 1, first] = middle, middle
    return children, side
