"""Orthonormal frames."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ..errors import InvalidArgument
from .checks import ceiling, require_count
from .isoperimetry import Distribution, Isoperimetry, Points, Vector


@dataclass(frozen=True)
class Stiefel(Distribution):
    """k orthonormal columns of R^n, uniform, flattened column after column: |x|^2 = k, dim = n k.

    For k = n it is the Haar law of the rotation group SO(n). Keep k small for E|x|^2 = O(1).

    Certificate: rho = 4/(n - 2): SO(n) with the Frobenius metric has Ricci curvature (n - 2)/4
    (Bakry & Emery 1985), and taking columns is 1-Lipschitz. UPPER: linear functions have
    variance 1/n, a quarter of it.
    Raises InvalidArgument for n < 3 or k > n.
    """

    n: int
    k: int
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        require_count("n", self.n)
        require_count("k", self.k)
        if self.n < 3:
            raise InvalidArgument("n", self.n, "the certificate of SO(n) needs n >= 3")
        if not 1 <= self.k <= self.n:
            raise InvalidArgument("k", self.k, f"there are between 1 and n = {self.n} columns")
        object.__setattr__(self, "dim", self.n * self.k)

    @property
    def isoperimetry(self) -> Isoperimetry:
        return Isoperimetry(ceiling(Fraction(4, self.n - 2)), "Bakry & Emery 1985, Ricci curvature of SO(n)")

    @property
    def radius(self) -> float:
        return math.nextafter(math.sqrt(self.k), math.inf)

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        q, r = np.linalg.qr(rng.standard_normal((n, self.n, self.k)))
        signs = np.where(np.diagonal(r, axis1=1, axis2=2) < 0.0, -1.0, 1.0)
        frames = q * signs[:, None, :]  # without the signs QR is not uniform
        if self.k == self.n:
            frames[:, :, -1] *= np.linalg.det(frames).round()[:, None]
        return np.ascontiguousarray(frames.transpose(0, 2, 1)).reshape(n, self.dim)
