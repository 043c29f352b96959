"""Noisy copies of fair labels: bits that are independent given the data."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from mpmath import mp, mpf

from ...data.checks import whole
from ...evidence import Bracket
from ..channel import Data, Masks, Nats, Seeds
from ..scalars import enclosed, entropy_of_bit
from ..sources import FairLabels, uniforms
from ..stability import PureDP
from ..supports import AnyMask, Support
from .base import ZooChannel, require_strict_probability


class CopiedLabels(ZooChannel):
    """n fair labels, each copied `repeats` times into the mask, each copy flipped on its own."""

    n: int

    @property
    @abstractmethod
    def flip_chance(self) -> float:
        """Probability, strictly between 0 and 1, that a bit differs from its label."""

    @property
    def repeats(self) -> int:
        """Copies of each label."""
        return 1

    @property
    def source(self) -> FairLabels:
        return FairLabels(self.n)

    @property
    def label_bits(self) -> Int[np.ndarray, "labels copies"]:
        """The copies of each label."""
        return np.arange(self.n_bits).reshape(self.n, self.repeats)

    @property
    def support(self) -> Support:
        return AnyMask(self.n * self.repeats)

    @property
    def stability(self) -> PureDP:
        """A label moves its copies, each by the log odds of the flip."""
        odds = abs(math.log(self.flip_chance) - math.log1p(-self.flip_chance))
        return PureDP(self.repeats * odds * (1.0 + 1e-12) + 1e-14)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        noise = uniforms(seeds, self.n_bits) < self.flip_chance
        return np.asarray(np.repeat(data == 1, self.repeats, axis=1) ^ noise)

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return np.asarray(self._score(self._wrong(masks, data)).sum(axis=1))

    def flipped_log_prob(self, masks: Masks, data: Data) -> Float[np.ndarray, "runs labels"]:
        wrong = self._wrong(masks, data)
        score = self._score(wrong)
        return np.asarray(score.sum(axis=1, keepdims=True) + (self._score(self.repeats - wrong) - score))

    def _wrong(self, masks: Masks, data: Data) -> Int[np.ndarray, "runs labels"]:
        """Copies of each label that differ from it."""
        bits = masks.reshape(len(masks), self.n, self.repeats)
        return np.asarray((bits != (data == 1)[:, :, None]).sum(axis=2))

    def _score(self, wrong: Int[np.ndarray, "runs labels"]) -> Float[np.ndarray, "runs labels"]:
        return wrong * math.log(self.flip_chance) + (self.repeats - wrong) * math.log1p(-self.flip_chance)


@dataclass(frozen=True)
class FlippedLabels(CopiedLabels):
    """m_i = Y_i xor Bern(flip). I = n (log 2 - h(flip))."""

    n: int
    flip: float

    def check(self) -> None:
        whole("n", self.n, 1)
        require_strict_probability("flip", self.flip)

    @property
    def flip_chance(self) -> float:
        return self.flip

    def closed_form(self) -> Bracket:
        return enclosed(lambda: self.n * (mp.log(2) - entropy_of_bit(self.flip)), "symmetric channel", self.n)


@dataclass(frozen=True)
class RepeatedLabels(CopiedLabels):
    """r noisy copies of each label; the number of ones among them says everything about it.

    I = n (-sum_j mix_j log(mix_j / binom(r, j)) - r h(flip)),
    mix = (Bin(r, flip) + Bin(r, 1 - flip)) / 2.
    """

    n: int
    copies: int
    flip: float

    def check(self) -> None:
        whole("n", self.n, 1)
        whole("copies", self.copies, 1)
        require_strict_probability("flip", self.flip)

    @property
    def flip_chance(self) -> float:
        return self.flip

    @property
    def repeats(self) -> int:
        return self.copies

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "repetition", self.n * self.copies)

    def _formula(self) -> Any:
        r, e = self.copies, mpf(self.flip)
        total = -r * entropy_of_bit(e)
        for j in range(r + 1):
            mask = (e**j * (1 - e) ** (r - j) + e ** (r - j) * (1 - e) ** j) / 2
            total -= mp.binomial(r, j) * mask * mp.log(mask)
        return self.n * total
