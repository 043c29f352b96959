"""Strongly log-concave inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from scipy.special import gamma

from ..errors import InvalidArgument
from .checks import ceiling, require_count, require_positive
from .isoperimetry import Distribution, Isoperimetry, Points, Vector


@dataclass(frozen=True)
class LogConcave(Distribution):
    """Independent coordinates u/sqrt(curvature), u of density exp(-u^2/2 - steepness |u|^power).

    By default curvature = dim, so E|x|^2 <= 1. Sampled exactly, by rejection from the normal law.

    Certificate: rho = 1/curvature, since -log density minus curvature |x|^2/2 is convex (Bakry &
    Emery 1985). UPPER: it ignores what the second term adds.

    steepness : >= 0; 0 is the normal law
    power     : >= 1, so that the second term is convex
    """

    dim: int
    curvature: float | None = None
    steepness: float = 0.1
    power: float = 4.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_positive("curvature", self.kappa)
        if not (math.isfinite(self.steepness) and self.steepness >= 0.0):
            raise InvalidArgument("steepness", self.steepness, "it has to be a finite number >= 0")
        if not (math.isfinite(self.power) and self.power >= 1.0):
            raise InvalidArgument("power", self.power, "below 1 the density is not log-concave")
        # By Jensen's inequality a proposal is kept with probability at least exp(-cost).
        cost = self.steepness * _absolute_moment(self.power)
        if cost > MAX_COST:
            raise InvalidArgument(
                "steepness",
                self.steepness,
                f"rejection would be too slow; keep it below {MAX_COST:g}/E|N|^power",
            )

    @property
    def kappa(self) -> float:
        return float(self.dim) if self.curvature is None else self.curvature

    @property
    def isoperimetry(self) -> Isoperimetry:
        proxy = ceiling(1 / Fraction(self.kappa))
        return Isoperimetry(proxy, "Bakry & Emery 1985, curvature of -log density")

    @property
    def radius(self) -> float:
        return math.inf

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        kept, missing = [np.empty(0)], n * self.dim
        while missing > 0:
            u = rng.standard_normal(2 * missing + 16)
            u = u[rng.random(u.size) < np.exp(-self.steepness * np.abs(u) ** self.power)][:missing]
            kept.append(u)
            missing -= u.size
        return np.concatenate(kept).reshape(n, self.dim) / math.sqrt(self.kappa)


MAX_COST = 5.0


def _absolute_moment(power: float) -> float:
    """E|N|^power of a standard normal N."""
    return float(2.0 ** (power / 2.0) * gamma((power + 1.0) / 2.0) / math.sqrt(math.pi))
