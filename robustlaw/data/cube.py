"""Inputs in cubes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from .checks import ceiling, require_count, require_positive
from .isoperimetry import Distribution, Isoperimetry, Points, Vector


@dataclass(frozen=True)
class Cube(Distribution):
    """Uniform on [-a, a]^dim; by default a = sqrt(3/dim), so E|x|^2 = 1.

    Certificate: rho = 4 a^2/pi^2 (the interval of length 2a has log-Sobolev constant (2a/pi)^2, and
    products take the maximum). The variance of a coordinate is .82 of it.

    half_width : a; E|x|^2 = dim a^2/3
    """

    dim: int
    half_width: float | None = None

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_positive("half_width", self.a)

    @property
    def a(self) -> float:
        return math.sqrt(3.0 / self.dim) if self.half_width is None else self.half_width

    @property
    def isoperimetry(self) -> Isoperimetry:
        # the float pi is below pi, so the quotient is above the proxy
        proxy = ceiling(4 * Fraction(self.a) ** 2 / Fraction(math.pi) ** 2)
        return Isoperimetry(
            proxy, "log-Sobolev inequality of the interval, tensorised (Bakry, Gentil, Ledoux)"
        )

    @property
    def radius(self) -> float:
        return math.nextafter(math.sqrt(self.dim), math.inf) * self.a * (1.0 + 2.0**-52)

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return rng.uniform(-self.a, self.a, (n, self.dim))
