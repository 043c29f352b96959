"""k of N bits kept, bit i drawn towards its own label: what all such channels share."""

from __future__ import annotations

from abc import abstractmethod

import numpy as np
from jaxtyping import Float, Int

from ...data.checks import whole
from ...errors import InvalidArgument
from ...evidence import Bracket
from ..channel import Data, Masks, Nats
from ..sources import BiasedLabels
from ..supports import Support, fixed_size
from .base import ZooChannel, require_finite, require_probability
from .exchangeable import entropy_given_count, exchangeable_information

Counts = Int[np.ndarray, " counts"]
Forms = Float[np.ndarray, "counts forms"]


class TwoClass(ZooChannel):
    """Labels 1 and 0 make two classes of bits; a mask's probability depends on two counts alone.

    h counts the labels 1, j those of them that are kept. So all n flips of a mask's data need
    at most five evaluations of the density.
    """

    bits: int
    kept: int
    strength: float
    one: float

    def check(self) -> None:
        whole("bits", self.bits, 1)
        if whole("kept", self.kept) > self.bits:
            raise InvalidArgument("kept", self.kept, f"choose between 0 and {self.bits}")
        require_finite("strength", self.strength)
        require_probability("one", self.one)

    @property
    def source(self) -> BiasedLabels:
        return BiasedLabels(self.bits, self.one)

    @property
    def label_bits(self) -> Int[np.ndarray, "labels 1"]:
        """Label i decides over bit i."""
        return np.arange(self.bits)[:, None]

    @property
    def support(self) -> Support:
        return fixed_size(self.bits, self.kept)

    @abstractmethod
    def log_mask_law(self, high: Counts, chosen: Counts) -> Forms:
        """log p of one mask that keeps `chosen` of `high` labels 1, in two forms; both must be possible."""

    def closed_form(self) -> Bracket:
        def entropy(h: int) -> tuple[float, float]:
            return entropy_given_count(self.bits, self.kept, h, self.log_mask_law)

        return exchangeable_information(self.bits, self.kept, self.one, entropy, "exchangeable bits")

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        inside = self.support.contains(masks)
        high, chosen = self._counts(masks[inside], data[inside])
        out = np.full(len(masks), -np.inf)
        out[inside] = self._by_counts(high, chosen)
        return out

    def flipped_log_prob(self, masks: Masks, data: Data) -> Float[np.ndarray, "runs labels"]:
        inside = self.support.contains(masks)
        out = np.full(masks.shape, -np.inf)
        kept, ones = masks[inside], data[inside] == 1
        high, chosen = self._counts(kept, data[inside])
        flips = np.zeros((len(kept), 2, 2))  # by label and by kept or not
        for label in (0, 1):
            for keep in (0, 1):
                there = ((ones == label) & (kept == keep)).any(axis=1)
                move = 1 - 2 * label
                flips[there, label, keep] = self._by_counts(high[there] + move, chosen[there] + move * keep)
        out[inside] = flips[np.arange(len(kept))[:, None], ones.astype(np.int64), kept.astype(np.int64)]
        return out

    def _counts(self, masks: Masks, data: Data) -> tuple[Counts, Counts]:
        ones = data == 1
        return ones.sum(axis=1), (ones & masks).sum(axis=1)

    def _by_counts(self, high: Counts, chosen: Counts) -> Nats:
        """Each pair of counts is evaluated once."""
        code, back = np.unique(high * (self.bits + 1) + chosen, return_inverse=True)
        if not len(code):
            return np.zeros(0)
        forms = self.log_mask_law(code // (self.bits + 1), code % (self.bits + 1))
        return np.asarray(forms.mean(axis=1)[back])
