"""The slopes of an activation, as the bounds use them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property

import numpy as np

from ..networks import Activation

# Where the extreme slopes are looked for: beyond |z| = 40 every smooth activation here is
# within 1e-16 of its limit, and the step makes the slope at the best node right to 1e-6.
REACH, STEP = 40.0, 1e-3


@dataclass(frozen=True)
class Sector:
    """Slopes lie in [centre - radius, centre + radius], a float64 enclosure of [low, high]."""

    low: float
    high: float

    @property
    def centre(self) -> float:
        return 0.5 * (self.low + self.high)

    @cached_property
    def radius(self) -> float:
        """Rounded upward where it is not a float."""
        low, high, centre = Fraction(self.low), Fraction(self.high), Fraction(self.centre)
        reach = max(high - centre, centre - low)
        return float(reach) if Fraction(float(reach)) >= reach else math.nextafter(float(reach), math.inf)

    @property
    def product(self) -> float:
        """centre^2 - radius^2; exactly 0 when the slopes start at 0."""
        return self.centre * self.centre - self.radius * self.radius

    @property
    def product_error(self) -> float:
        """Rounding error of `product`."""
        return 0.0 if self.product == 0.0 else 2.0**-51 * (self.centre**2 + self.radius**2)

    @property
    def largest(self) -> float:
        return max(abs(self.low), abs(self.high))

    @property
    def is_single(self) -> bool:
        """The activation is linear."""
        return self.low == self.high


@cache
def sector(act: Activation) -> Sector:
    return Sector(act.slope_low, act.slope_high)


@cache
def extreme_inputs(act: Activation) -> tuple[float, float]:
    """Pre-activations at which the slope is (close to) lowest and highest: targets of a search."""
    if act.kink:
        return -1.0, 1.0
    z = np.arange(-REACH, REACH + STEP, STEP)
    with np.errstate(all="ignore"):
        slope = act.slope(z)
    return float(z[np.argmin(slope)]), float(z[np.argmax(slope)])
