"""Inputs on spheres and in balls."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np

from ..errors import InvalidArgument
from ..seeds import generator
from .checks import EPS, ceiling, require_count, require_positive, row_norms, rows_and_offsets
from .isoperimetry import Distribution, Isoperimetry, Offsets, Points, Rows, Vector
from .relu_moments import sphere_excess, symmetric_relu_mean


def unit_vectors(n: int, dim: int, rng: np.random.Generator) -> Points:
    """n uniform points of the unit sphere of R^dim."""
    normal = rng.standard_normal((n, dim))
    return np.asarray(normal / np.linalg.norm(normal, axis=1, keepdims=True))


@dataclass(frozen=True)
class Sphere(Distribution):
    """Uniform on the sphere of the given radius in R^dim: |x| = radius (default 1).

    Certificate: rho = radius^2/(dim - 1) (log-Sobolev constant of the sphere, Mueller & Weissler
    1982; circle: Emery & Yukich 1987). TIGHT up to the factor (dim - 1)/dim.
    Raises InvalidArgument for dim = 1: two points have no isoperimetry.
    """

    dim: int
    radius: float = 1.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        if self.dim < 2:
            raise InvalidArgument("dim", self.dim, "a sphere needs dim >= 2; in R^1 it is two points")
        require_positive("radius", self.radius)

    @property
    def isoperimetry(self) -> Isoperimetry:
        proxy = ceiling(Fraction(self.radius) ** 2 / (self.dim - 1))
        return Isoperimetry(proxy, "Mueller & Weissler 1982, log-Sobolev inequality of the sphere")

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return self.radius * unit_vectors(n, self.dim, rng)

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        rows, offsets = rows_and_offsets(w, b, self.dim)
        low, high = row_norms(rows * self.radius)
        return symmetric_relu_mean(sphere_excess(self.dim), low, high, offsets)


@dataclass(frozen=True)
class Ball(Distribution):
    """Uniform in the ball of the given radius in R^dim: E|x|^2 = radius^2 dim/(dim + 2).

    Certificate: rho = radius^2/(dim + 1): the ball is the 1-Lipschitz projection of the sphere of
    R^(dim + 2) with the same radius. TIGHT up to the factor (dim + 1)/(dim + 2).
    """

    dim: int
    radius: float = 1.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_positive("radius", self.radius)

    @property
    def isoperimetry(self) -> Isoperimetry:
        proxy = ceiling(Fraction(self.radius) ** 2 / (self.dim + 1))
        return Isoperimetry(proxy, "projection of the sphere of R^(dim+2), Mueller & Weissler 1982")

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return np.asarray(self.radius * unit_vectors(n, self.dim + 2, rng)[:, : self.dim])

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        rows, offsets = rows_and_offsets(w, b, self.dim)
        low, high = row_norms(rows * self.radius)
        return symmetric_relu_mean(sphere_excess(self.dim + 2), low, high, offsets)


@dataclass(frozen=True)
class EmbeddedSphere(Distribution):
    """The unit sphere of R^intrinsic, carried into R^dim by an orthonormal frame: |x| = 1.

    Certificate: the small sphere's rho = 1/(intrinsic - 1): an isometry keeps it. The law of
    robustness then sees the intrinsic dimension, not dim.

    seed : of the frame
    """

    intrinsic: int
    dim: int
    seed: int = 0

    def __post_init__(self) -> None:
        Sphere(self.intrinsic)
        require_count("dim", self.dim)
        if self.intrinsic > self.dim:
            raise InvalidArgument("intrinsic", self.intrinsic, f"it has to be at most dim = {self.dim}")

    @cached_property
    def frame(self) -> np.ndarray:
        """Orthonormal columns, (dim, intrinsic)."""
        rng = generator("data", "frame", self.seed, self.dim, self.intrinsic)
        return np.asarray(np.linalg.qr(rng.standard_normal((self.dim, self.intrinsic)))[0])

    @property
    def isoperimetry(self) -> Isoperimetry:
        return Isoperimetry(
            ceiling(Fraction(1, self.intrinsic - 1)), "isometric image of the sphere of R^intrinsic"
        )

    @property
    def radius(self) -> float:
        return 1.0

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return np.asarray(unit_vectors(n, self.intrinsic, rng) @ self.frame.T)

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        rows, offsets = rows_and_offsets(w, b, self.dim)
        low, high = row_norms(rows @ self.frame)
        # the product with the frame is off by dim eps |w| at most, in each of `intrinsic` entries
        error = math.sqrt(self.intrinsic) * (self.dim + 2) * EPS * row_norms(rows)[1]
        return symmetric_relu_mean(
            sphere_excess(self.intrinsic), np.maximum(low - error, 0.0), high + error, offsets
        )
