"""Laws of one noisy score around its noiseless value: log cdf, log survival, log density, draws.

A law is given by its standard form at scale 1; a score with noiseless value mu is mu + scale * z,
or its absolute value for the folded law. Every function broadcasts.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import log_expit, log_ndtr, ndtri

from ...data.checks import require_positive
from ...errors import UnknownName

HALF_LOG_2PI = 0.5 * np.log(2.0 * np.pi)
LOG2 = np.log(2.0)
_FLOOR = 600.0  # exp stays finite, and products with counts up to 1e40 too


@dataclass(frozen=True)
class ScoreLaw(ABC):
    """The law of a score given its noiseless value `mu`.

    scale : of the noise
    """

    scale: float = 1.0

    # class facts that the quadrature relies on
    log_concave = True  # density log-concave on its support
    kinked = False  # density not smooth at t = mu
    positive = False  # support is t >= 0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)

    @abstractmethod
    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """log P(score <= t)."""

    @abstractmethod
    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """log P(score > t)."""

    @abstractmethod
    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        """log density at t."""

    @abstractmethod
    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        """Standard noise from uniforms in (0, 1), coordinate by coordinate and increasing."""

    def scores(self, mu: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        """Noisy scores."""
        return np.asarray(mu + self.scale * self.noise(uniforms))

    def _standard(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray((t - mu) / self.scale)


class Gaussian(ScoreLaw):
    """mu + scale * N(0, 1)."""

    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(log_ndtr(self._standard(t, mu)))

    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(log_ndtr(-self._standard(t, mu)))

    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        z = self._standard(t, mu)
        return np.asarray(-0.5 * z * z - HALF_LOG_2PI - np.log(self.scale))

    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        return np.asarray(ndtri(uniforms))


class Laplace(ScoreLaw):
    """mu + scale * noise of density exp(-|z|) / 2."""

    kinked = True

    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return _laplace_log_cdf(self._standard(t, mu))

    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return _laplace_log_cdf(-self._standard(t, mu))

    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(-np.abs(self._standard(t, mu)) - LOG2 - np.log(self.scale))

    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        tail = np.log(2.0 * np.minimum(uniforms, 1.0 - uniforms))
        return np.asarray(np.where(uniforms < 0.5, tail, -tail))


class Logistic(ScoreLaw):
    """mu + scale * noise of cdf 1 / (1 + exp(-z))."""

    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(log_expit(self._standard(t, mu)))

    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(log_expit(-self._standard(t, mu)))

    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        z = self._standard(t, mu)
        return np.asarray(log_expit(z) + log_expit(-z) - np.log(self.scale))

    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        return np.asarray(np.log(uniforms) - np.log1p(-uniforms))


class Gumbel(ScoreLaw):
    """mu + scale * noise of cdf exp(-exp(-z)).

    At scale 1 the top k are k draws without replacement with weights exp(mu): -mu - score is the
    logarithm of the time at which an exponential clock rings.
    """

    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return -self._rate(t, mu)

    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        z, rate = self._standard(t, mu), self._rate(t, mu)
        near = np.log(-np.expm1(-np.maximum(rate, 1e-18)))
        return np.asarray(np.where(z > 40.0, -z, near))  # there 1 - exp(-rate) is the rate

    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(-self._standard(t, mu) - self._rate(t, mu) - np.log(self.scale))

    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        return np.asarray(-np.log(-np.log(uniforms)))

    def _rate(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        return np.asarray(np.exp(np.clip(-self._standard(t, mu), -_FLOOR, _FLOOR)))


class FoldedGaussian(ScoreLaw):
    """|mu + scale * N(0, 1)|: the magnitude of a noisy weight."""

    log_concave = False
    positive = True

    def log_cdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        centre = np.abs(mu)
        high, low = log_ndtr((t - centre) / self.scale), log_ndtr((-t - centre) / self.scale)
        # log(exp(high) - exp(low)); at t <= 0 nothing is left
        gap = np.minimum(low - high, -1e-300)
        return np.asarray(np.where(t > 0.0, high + np.log(-np.expm1(gap)), -np.inf))

    def log_sf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        centre = np.abs(mu)
        above, below = log_ndtr((centre - t) / self.scale), log_ndtr((-t - centre) / self.scale)
        return np.asarray(np.where(t > 0.0, np.logaddexp(above, below), 0.0))

    def log_pdf(self, t: np.ndarray, mu: np.ndarray) -> np.ndarray:
        centre = np.abs(mu)
        near, far = (t - centre) / self.scale, (t + centre) / self.scale
        both = np.logaddexp(-0.5 * near * near, -0.5 * far * far) - HALF_LOG_2PI - np.log(self.scale)
        return np.asarray(np.where(t >= 0.0, both, -np.inf))

    def noise(self, uniforms: np.ndarray) -> np.ndarray:
        return np.asarray(ndtri(uniforms))

    def scores(self, mu: np.ndarray, uniforms: np.ndarray) -> np.ndarray:
        return np.asarray(np.abs(mu + self.scale * self.noise(uniforms)))


LAWS: dict[str, type[ScoreLaw]] = {
    "gaussian": Gaussian,
    "laplace": Laplace,
    "logistic": Logistic,
    "gumbel": Gumbel,
    "gaussian magnitude": FoldedGaussian,
}


def score_law(name: str, scale: float) -> ScoreLaw:
    """The law of that name. Raises UnknownName or InvalidArgument."""
    if name not in LAWS:
        raise UnknownName("law", name, LAWS)
    return LAWS[name](scale)


def _laplace_log_cdf(z: np.ndarray) -> np.ndarray:
    left = np.minimum(z, 0.0) - LOG2
    right = np.log1p(-0.5 * np.exp(-np.maximum(z, 0.0)))
    return np.asarray(np.where(z < 0.0, left, right))
