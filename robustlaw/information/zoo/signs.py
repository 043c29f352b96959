"""Signs of numbers that correlate with Gaussian data, or with the signs of them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from scipy.special import log_ndtr, ndtri

from ...data.checks import whole
from ...errors import InvalidArgument
from ...evidence import LOG2, Bracket
from ..channel import Data, Masks, Nats, Seeds
from ..scalars import enclosed, entropy_of_bit, integral
from ..sources import GaussianData, uniforms
from ..supports import AnyMask, Support
from .base import ZooChannel, require_finite
from .copied_labels import CopiedLabels


@dataclass(frozen=True)
class NoisySigns(CopiedLabels):
    """m_i = 1[rho d_i + sqrt(1 - rho^2) z_i > 0], where only the sign of d_i ~ N(0, 1) is data.

    The sign is a fair label and the bit differs from it with probability 1/2 - arcsin(rho) / pi:
    I = N (log 2 - h(1/2 + arcsin(rho) / pi)).
    """

    n: int
    rho: float

    def check(self) -> None:
        whole("n", self.n, 1)
        _require_correlation(self.rho)

    @property
    def flip_chance(self) -> float:
        return math.acos(self.rho) / math.pi

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "sign of a correlated number", self.n)

    def _formula(self) -> Any:
        return self.n * (mp.log(2) - entropy_of_bit(mp.acos(mpf(self.rho)) / mp.pi))


@dataclass(frozen=True)
class CorrelatedSigns(ZooChannel):
    """m_i = 1[rho d_i + sqrt(1 - rho^2) z_i > 0], d_i ~ N(0, 1) the data, z_i ~ N(0, 1) the noise.

    I = N (log 2 - int phi(x) h(Phi(c x)) dx) with c = rho / sqrt(1 - rho^2).
    """

    n: int
    rho: float

    def check(self) -> None:
        whole("n", self.n, 1)
        _require_correlation(self.rho)

    @property
    def source(self) -> GaussianData:
        return GaussianData(self.n)

    @property
    def support(self) -> Support:
        return AnyMask(self.n)

    @property
    def _slope(self) -> float:
        return self.rho / math.sqrt((1.0 - self.rho) * (1.0 + self.rho))

    def closed_form(self) -> Bracket:
        def integrand(x: Any) -> Any:
            c = abs(mpf(self.rho)) / mp.sqrt(1 - mpf(self.rho) ** 2)
            return 2 * mp.npdf(x) * entropy_of_bit(mp.ncdf(-c * x))

        # beyond 14 the integrand is below 2 phi(x) log 2, in all below 1e-43
        noise = integral(integrand, _pieces(abs(self._slope)), "noise entropy of a bit")
        tail = Bracket(0.0, 1e-40, unit=noise.unit)
        return ((LOG2 - noise - tail) * float(self.n)).named("noise entropy of a bit")

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return np.asarray(self._slope * data + ndtri(uniforms(seeds, self.n)) > 0.0)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return np.asarray(log_ndtr(np.where(masks, 1.0, -1.0) * self._slope * data).sum(axis=1))


def _require_correlation(rho: float) -> None:
    require_finite("rho", rho)
    if not -1.0 < rho < 1.0:
        raise InvalidArgument("rho", rho, "give a correlation strictly between -1 and 1")


def _pieces(slope: float) -> list[float]:
    """Ends of pieces of [0, 14] on which both phi(x) and h(Phi(slope x)) are tame."""
    marks = (1.0, 2.0, 4.0, 8.0)
    inner = {mark / max(slope, 1.0) for mark in (*marks, 12.0, 16.0, 32.0)}
    return sorted({0.0, *inner, *marks, 14.0})
