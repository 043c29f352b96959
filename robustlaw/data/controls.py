"""Laws without a certificate: what a claim of isoperimetry must be able to fail on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..errors import InvalidArgument
from .checks import require_count, require_number
from .isoperimetry import Distribution, Isoperimetry, Points, Vector


@dataclass(frozen=True)
class DiscreteCube(Distribution):
    """Uniform on the corners {-1/sqrt dim, 1/sqrt dim}^dim: |x| = 1. No certificate.

    A rho of order 1/dim is false here: the distance to the corners with at most dim/2 positive
    signs is 1-Lipschitz with a variance of order 1/sqrt dim.
    """

    dim: int

    def __post_init__(self) -> None:
        require_count("dim", self.dim)

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return None

    @property
    def radius(self) -> float:
        return 1.0

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return (2.0 * rng.integers(0, 2, (n, self.dim)) - 1.0) / math.sqrt(self.dim)


@dataclass(frozen=True)
class StudentT(Distribution):
    """Independent Student-t coordinates, scaled so that E|x|^2 = 1. No certificate: no finite rho.

    dof : degrees of freedom, above 2
    """

    dim: int
    dof: float

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_number("dof", self.dof)
        if not (math.isfinite(self.dof) and self.dof > 2.0):
            raise InvalidArgument("dof", self.dof, "the variance is finite above 2 degrees of freedom only")

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return None

    @property
    def radius(self) -> float:
        return math.inf

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        scale = math.sqrt((self.dof - 2.0) / (self.dof * self.dim))
        return np.asarray(scale * rng.standard_t(self.dof, (n, self.dim)))
