"""Masks that ignore the data, reveal them, or do either by chance. C = log binom(N, k)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from mpmath import mp, mpf

from ...data.checks import whole
from ...errors import InvalidArgument
from ...evidence import NATS, Bracket, log_binomial
from ..channel import Data, Masks, Nats, Seeds
from ..scalars import enclosed, entropy_of_bit
from ..sources import FairLabels, UniformSubsets, largest, uniforms
from ..stability import PureDP
from ..supports import AllowedSizes, Support, fixed_size
from .base import ZooChannel, require_probability


@dataclass(frozen=True)
class IgnoresData(ZooChannel):
    """m is a uniform k-subset of N bits, whatever the n fair labels are. I = 0."""

    bits: int
    kept: int
    n: int

    def check(self) -> None:
        whole("n", self.n, 1)
        _check_subset(self.bits, self.kept)

    @property
    def source(self) -> FairLabels:
        return FairLabels(self.n)

    @property
    def support(self) -> Support:
        return fixed_size(self.bits, self.kept)

    @property
    def stability(self) -> PureDP:
        return PureDP(0.0)

    def closed_form(self) -> Bracket:
        return Bracket.exact(0.0, "independent of the data", NATS)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        del data
        return largest(uniforms(seeds, self.bits), self.kept)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        del data
        return np.where(self.support.contains(masks), -log_binomial(self.bits, self.kept).middle, -np.inf)

    def flipped_log_prob(self, masks: Masks, data: Data) -> np.ndarray:
        return np.tile(self.log_prob(masks, data)[:, None], (1, self.n))


@dataclass(frozen=True)
class RevealsSubset(ZooChannel):
    """m = D, a uniform k-subset. I = H(D) = C."""

    bits: int
    kept: int

    deterministic = True

    def check(self) -> None:
        _check_subset(self.bits, self.kept)

    @property
    def source(self) -> UniformSubsets:
        return UniformSubsets(self.bits, self.kept)

    @property
    def support(self) -> Support:
        return fixed_size(self.bits, self.kept)

    def closed_form(self) -> Bracket:
        return log_binomial(self.bits, self.kept)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        del seeds
        return data.copy()

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return np.where((masks == data).all(axis=1), 0.0, -np.inf)


@dataclass(frozen=True)
class DilutedSubset(ZooChannel):
    """m = D with probability `truth`, else a fresh uniform k-subset; D a uniform k-subset.

    With M = e^C subsets, m = D has probability p0 = truth + (1 - truth) / M, and
    I = C - h(p0) - (1 - p0) log(M - 1).
    """

    bits: int
    kept: int
    truth: float

    def check(self) -> None:
        _check_subset(self.bits, self.kept)
        require_probability("truth", self.truth)

    @property
    def source(self) -> UniformSubsets:
        return UniformSubsets(self.bits, self.kept)

    @property
    def support(self) -> Support:
        return fixed_size(self.bits, self.kept)

    def closed_form(self) -> Bracket:
        terms = 10 * self.bits  # log-gamma values are that large
        return enclosed(self._formula, "mixture with a uniform subset", terms)

    def _formula(self) -> Any:
        if self.kept in (0, self.bits):
            return mpf(0)
        n, k = self.bits, self.kept
        size = mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)  # log M: M may overflow
        hit = self.truth + (1 - mpf(self.truth)) * mp.exp(-size)
        others = size + mp.log1p(-mp.exp(-size))
        return size - entropy_of_bit(hit) - (1 - hit) * others

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        u = uniforms(seeds, 1 + self.bits)
        return np.where(u[:, :1] < self.truth, data, largest(u[:, 1:], self.kept))

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        spread = -log_binomial(self.bits, self.kept).middle
        with np.errstate(divide="ignore"):  # truth 0 or 1 leaves one part only
            fresh = np.log1p(-self.truth) + spread
            hit = np.logaddexp(np.log(self.truth), fresh)
        inside = self.support.contains(masks)
        return np.where((masks == data).all(axis=1), hit, np.where(inside, fresh, -np.inf))


@dataclass(frozen=True)
class ErasedSubset(ZooChannel):
    """m = D with probability `truth`, else the empty mask; D a uniform k-subset, k >= 1. I = truth C."""

    bits: int
    kept: int
    truth: float

    def check(self) -> None:
        _check_subset(self.bits, self.kept)
        whole("kept", self.kept, 1)
        require_probability("truth", self.truth)

    @property
    def source(self) -> UniformSubsets:
        return UniformSubsets(self.bits, self.kept)

    @property
    def support(self) -> Support:
        return AllowedSizes(self.bits, (0, self.kept))

    def closed_form(self) -> Bracket:
        return log_binomial(self.bits, self.kept) * self.truth

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return data & (uniforms(seeds, 1) < self.truth)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        with np.errstate(divide="ignore"):  # truth 0 or 1 leaves one part only
            hit, erased = np.log(self.truth), np.log1p(-np.float64(self.truth))
        other = np.where(masks.any(axis=1), -np.inf, erased)
        return np.where((masks == data).all(axis=1), hit, other)


def _check_subset(bits: int, kept: int) -> None:
    whole("bits", bits, 1)
    whole("kept", kept)
    if kept > bits:
        raise InvalidArgument("kept", kept, f"choose between 0 and {bits}")
