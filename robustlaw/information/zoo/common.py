"""One hidden cause behind all bits: a label, or a number. The count of ones says everything about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf
from scipy.special import xlog1py, xlogy

from ...data.checks import whole
from ...errors import InvalidArgument
from ...evidence import Bracket
from ..channel import Data, Masks, Nats, Seeds
from ..scalars import enclosed, entropy_of_bit
from ..sources import BetaData, BiasedLabels, uniforms
from ..supports import AnyMask, Support
from .base import ZooChannel, require_finite, require_probability, require_strict_probability


@dataclass(frozen=True)
class OneLabel(ZooChannel):
    """One label y ~ Bern(one); given y the bits are independent Bern(p_y). I = h(one) - E h(P(y | count)).

    `if_zero`, `if_one` are p_0 and p_1. I saturates at h(one) as N grows.
    """

    bits: int
    one: float
    if_zero: float
    if_one: float

    def check(self) -> None:
        whole("bits", self.bits, 1)
        require_probability("one", self.one)
        require_strict_probability("if_zero", self.if_zero)
        require_strict_probability("if_one", self.if_one)

    @property
    def source(self) -> BiasedLabels:
        return BiasedLabels(1, self.one)

    @property
    def support(self) -> Support:
        return AnyMask(self.bits)

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "count of ones", self.bits)

    def _formula(self) -> Any:
        n, total = self.bits, entropy_of_bit(self.one)
        for k in range(n + 1):
            low, high = (
                weight * mp.binomial(n, k) * mpf(p) ** k * (1 - mpf(p)) ** (n - k)
                for weight, p in ((1 - mpf(self.one), self.if_zero), (mpf(self.one), self.if_one))
            )
            total -= (low + high) * entropy_of_bit(high / (low + high))
        return total

    def _rates(self, data: Data) -> np.ndarray:
        return np.where(data == 1, self.if_one, self.if_zero)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return uniforms(seeds, self.bits) < self._rates(data)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return _bernoulli(masks, self._rates(data)[:, 0])

    def flipped_log_prob(self, masks: Masks, data: Data) -> np.ndarray:
        return self.log_prob(masks, 1 - data)[:, None]


@dataclass(frozen=True)
class OneNumber(ZooChannel):
    """theta ~ Beta(a, b) is the data, bits are independent Bern(theta). I is about (log N) / 2.

    With b_k = B(a+k, b+N-k) / B(a, b) the probability of a mask with k ones,
    I = -sum_k binom(N, k) b_k log b_k - N [psi(a+b+1) - (a psi(a+1) + b psi(b+1)) / (a+b)].
    The two terms are of size N and cancel; they are evaluated at 40 digits and more.
    """

    bits: int
    a: float
    b: float

    def check(self) -> None:
        whole("bits", self.bits, 1)
        for name, value in (("a", self.a), ("b", self.b)):
            require_finite(name, value)
            if value <= 0.0:
                raise InvalidArgument(name, value, "give a positive number")

    @property
    def source(self) -> BetaData:
        return BetaData(self.a, self.b)

    @property
    def support(self) -> Support:
        return AnyMask(self.bits)

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "Beta-binomial", 10 * self.bits)

    def _formula(self) -> Any:
        n, a, b = self.bits, mpf(self.a), mpf(self.b)
        mask = mp.beta(a, b + n) / mp.beta(a, b)  # b_0; later ones by recursion
        count, entropy = mpf(1), mpf(0)
        for k in range(n + 1):
            entropy -= count * mask * mp.log(mask)
            mask *= (a + k) / (b + n - k - 1) if k < n else 1
            count = count * (n - k) / (k + 1)
        shape = a + b
        bit = mp.digamma(shape + 1) - (a * mp.digamma(a + 1) + b * mp.digamma(b + 1)) / shape
        return entropy - n * bit

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return uniforms(seeds, self.bits) < data

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return _bernoulli(masks, data[:, 0])


def _bernoulli(masks: Masks, rates: np.ndarray) -> Nats:
    ones = masks.sum(axis=1)
    return np.asarray(xlogy(ones, rates) + xlog1py(masks.shape[1] - ones, -rates))
