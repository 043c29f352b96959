"""Normal inputs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..errors import InvalidArgument, ShapeMismatch
from .checks import (
    EPS,
    ceiling,
    eigenvalue_slack,
    finite,
    largest_eigenvalue,
    real_array,
    require_count,
    require_positive,
    row_norms,
    rows_and_offsets,
)
from .isoperimetry import Distribution, Isoperimetry, Offsets, Points, Rows, Vector
from .relu_moments import gaussian_excess, symmetric_relu_mean


@dataclass(frozen=True, eq=False)
class Gaussian(Distribution):
    """N(0, S); by default S = I/dim, so E|x|^2 = 1 and rho = 1/dim.

    Certificate: rho = largest eigenvalue of S (Gross 1975, with Herbst's argument). TIGHT.

    covariance : None, a variance, a vector of variances or a matrix; N(0, I) is `covariance=1.0`,
                 with E|x|^2 = dim and rho = 1
    """

    dim: int
    covariance: float | int | np.ndarray | None = None

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        if self.covariance is None:
            return
        if np.ndim(given := real_array("covariance", self.covariance)) == 0:
            require_positive(
                "covariance", self.covariance if isinstance(self.covariance, bool) else given.item()
            )
            object.__setattr__(self, "covariance", given.item())
        else:
            checked = finite("covariance", given, 1 if given.ndim == 1 else 2)
            object.__setattr__(self, "covariance", self._checked(checked))

    def _checked(self, covariance: np.ndarray) -> np.ndarray:
        wanted = (self.dim,) * covariance.ndim
        if covariance.shape != wanted:
            raise ShapeMismatch("covariance", covariance.shape, f"dim = {self.dim} asks for {wanted}")
        if covariance.ndim == 1:
            lowest, slack = covariance.min(), 0.0
        else:
            slack = eigenvalue_slack(covariance)
            if np.abs(covariance - covariance.T).max() > slack:
                raise InvalidArgument("covariance", covariance, "it has to be symmetric")
            covariance = 0.5 * (covariance + covariance.T)
            lowest = np.linalg.eigvalsh(covariance)[0]
        if lowest < -slack:
            raise InvalidArgument("covariance", float(lowest), "no eigenvalue may be negative")
        return covariance

    @cached_property
    def _variance(self) -> Fraction:
        return Fraction(1, self.dim) if self.covariance is None else Fraction(float(self.covariance))

    @property
    def isoperimetry(self) -> Isoperimetry:
        return Isoperimetry(self._largest, "Gross 1975, log-Sobolev inequality of the normal law")

    @cached_property
    def _largest(self) -> float:
        if not isinstance(self.covariance, np.ndarray):
            return ceiling(self._variance)
        if self.covariance.ndim == 1:
            return float(self.covariance.max())
        return largest_eigenvalue(self.covariance)

    @property
    def radius(self) -> float:
        return math.inf

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        normal = rng.standard_normal((n, self.dim))
        factor = self._factor
        return np.asarray(normal @ factor.T if factor.ndim == 2 else normal * factor)

    @cached_property
    def _factor(self) -> np.ndarray:
        """F with F F^T = S, a vector where S is diagonal."""
        if not isinstance(self.covariance, np.ndarray):
            return np.full(self.dim, math.sqrt(self._variance))
        if self.covariance.ndim == 1:
            return np.asarray(np.sqrt(self.covariance))
        values, vectors = np.linalg.eigh(self.covariance)
        return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        rows, offsets = rows_and_offsets(w, b, self.dim)
        return symmetric_relu_mean(gaussian_excess, *self._deviations(rows), offsets)

    def _deviations(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Ends of the standard deviation of w.x."""
        if not (isinstance(self.covariance, np.ndarray) and self.covariance.ndim == 2):
            return row_norms(rows * self._factor)
        size = np.abs(rows)
        square = np.sum((rows @ self.covariance) * rows, axis=1)
        # two nested sums of dim products each: relative 2 dim eps of the sum of absolute terms
        error = (2 * self.dim + 8) * EPS * np.sum((size @ np.abs(self.covariance)) * size, axis=1)
        low, high = np.sqrt(np.maximum(square - error, 0.0)), np.sqrt(np.maximum(square + error, 0.0))
        return low * (1.0 - EPS), high * (1.0 + EPS)
