"""Fair labels seen through Gaussian noise, the scores written into the mask digit by digit."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from mpmath import mp, mpf
from scipy.special import log_ndtr, ndtri

from ...data.checks import require_positive, whole
from ...errors import InvalidArgument
from ...evidence import LOG2, NATS, Bracket
from ..channel import Data, Masks, Nats, Seeds
from ..scalars import enclosed, entropy_of_bit, integral
from ..sources import FairLabels, uniforms
from ..stability import GaussianScores
from ..supports import AnyMask, Support
from .base import ZooChannel, require_finite

_DEEPEST = 12


@lru_cache(maxsize=1024)
def gaussian_score_information(amplitude: float) -> Bracket:
    """I(s;Y) of a fair label Y and its score s = a (2Y - 1) + z, z ~ N(0, 1), nats.

    log 2 - E log(1 + exp(-2a(a + z))): the binary-input Gaussian channel, increasing in a >= 0.
    """
    require_finite("amplitude", amplitude)
    a = mpf(abs(amplitude))
    if a > 9:  # loss below exp(-a^2 / 2), as log(1 + x) <= sqrt(x) and E exp(-a(a + z)) = exp(-a^2 / 2)
        loss = Bracket(0.0, math.exp(-0.5 * float(a) * float(a)) * (1.0 + 1e-12), unit=NATS)
    else:
        # log(1 + x) <= x, so that beyond |z| = 14 + 2a less than 1e-42 is left
        reach = 14 + 2 * math.ceil(a)

        def integrand(z: Any) -> Any:
            return mp.npdf(z) * mp.log1p(mp.exp(-2 * a * (a + z)))

        points = np.linspace(-reach, reach, reach + 1).tolist()
        loss = integral(integrand, points, "binary-input Gaussian channel") + Bracket(0.0, 1e-30, unit=NATS)
    return (LOG2 - loss).at_least(0.0).named("binary-input Gaussian channel")


@dataclass(frozen=True)
class GaussianDigits(ZooChannel):
    """Scores s_j = a (2 Y_j - 1) + z_j of n fair labels, each written as `digits` bits of the mask.

    The bits are the number, in binary, of the one of 2^digits cells that holds s_j: equal cells
    on [-a - 5, a + 5], the outer two extended to infinity. I is the sum over cells; it increases
    with the digits (up to the choice of cells) to n times gaussian_score_information(a).
    """

    n: int
    amplitude: float
    digits: int = 6

    def check(self) -> None:
        whole("n", self.n, 1)
        require_positive("amplitude", self.amplitude)
        if whole("digits", self.digits, 1) > _DEEPEST:
            raise InvalidArgument("digits", self.digits, f"at most {_DEEPEST}")

    @property
    def source(self) -> FairLabels:
        return FairLabels(self.n)

    @property
    def label_bits(self) -> Int[np.ndarray, "labels 1"]:
        """The highest digit: the sign of the score."""
        return (np.arange(1, self.n + 1) * self.digits - 1)[:, None]

    @property
    def support(self) -> Support:
        return AnyMask(self.n * self.digits)

    @property
    def stability(self) -> GaussianScores:
        return GaussianScores(2.0 * self.amplitude * (1.0 + 1e-12), 1.0)

    @cached_property
    def _edges(self) -> Float[np.ndarray, " edges"]:
        """Inner cell ends; symmetric about 0."""
        reach = self.amplitude + 5.0
        half = np.linspace(0.0, reach, 2 ** (self.digits - 1) + 1)[1:-1]
        return np.concatenate([-half[::-1], [0.0], half])

    @cached_property
    def _cells(self) -> Float[np.ndarray, "2 cells"]:
        """log P(cell | label), by log differences on the side where the tail is small."""
        ends = np.concatenate([[-np.inf], self._edges, [np.inf]])
        z = ends + self.amplitude  # label 0
        right = z[:-1] > 0.0
        low = log_ndtr(np.where(right, -z[1:], z[:-1]))
        high = log_ndtr(np.where(right, -z[:-1], z[1:]))
        zero = high + np.log(-np.expm1(low - high))
        return np.stack([zero, zero[::-1]])

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "sum over cells", self.n * 2**self.digits)

    def _formula(self) -> Any:
        half = [mpf(-1) * mp.inf, *map(mpf, self._edges.tolist()), mp.inf]
        tails = [mp.ncdf(-(e + mpf(self.amplitude))) for e in half]  # P(score > edge | label 0)
        zero = [before - after for before, after in pairwise(tails)]
        total = mp.log(2)
        for p, q in zip(zero, reversed(zero), strict=True):
            total -= (p + q) / 2 * entropy_of_bit(p / (p + q))
        return self.n * total

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        scores = self.amplitude * (2.0 * data - 1.0) + ndtri(uniforms(seeds, self.n))
        cells = np.searchsorted(self._edges, scores)
        return np.asarray((cells[:, :, None] >> np.arange(self.digits)) & 1 == 1).reshape(len(data), -1)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return np.asarray(self._logs(masks, data).sum(axis=1))

    def flipped_log_prob(self, masks: Masks, data: Data) -> Float[np.ndarray, "runs labels"]:
        logs = self._logs(masks, data)
        return np.asarray(logs.sum(axis=1, keepdims=True) + (self._logs(masks, 1 - data) - logs))

    def _logs(self, masks: Masks, data: Data) -> Float[np.ndarray, "runs labels"]:
        digits = masks.reshape(len(masks), self.n, self.digits)
        return np.asarray(self._cells[data.astype(np.int64), digits @ (1 << np.arange(self.digits))])
