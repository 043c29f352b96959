"""The k largest of independent noisy scores, each drawn towards the label of its bit."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass

import numpy as np

from ..channel import Data, Masks, Seeds
from ..densities import Gaussian, Group, Gumbel, ScoreLaw, log_separation
from ..sources import largest, uniforms
from ..stability import GaussianScores, PureDP
from .two_class import Counts, Forms, TwoClass


class NoisyTwoClass(TwoClass):
    """The k largest of independent noisy scores, each around the value of its label."""

    @property
    @abstractmethod
    def law(self) -> ScoreLaw:
        """Of a score around its noiseless value."""

    @property
    @abstractmethod
    def centres(self) -> tuple[float, float]:
        """Noiseless values of labels 0 and 1."""

    def log_mask_law(self, high: Counts, chosen: Counts) -> Forms:
        if self.kept in (0, self.bits):
            return np.zeros((len(high), 2))
        kept = np.stack([self.kept - chosen, chosen], axis=1).astype(np.float64)
        all_of = np.stack([self.bits - high, high], axis=1)
        places = np.broadcast_to(np.array(self.centres), kept.shape)
        return log_separation(self.law, Group(places, kept), Group(places, all_of - kept))

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        centres = np.array(self.centres)[data.astype(np.int64)]
        return largest(self.law.scores(centres, uniforms(seeds, self.bits)), self.kept)


@dataclass(frozen=True)
class GumbelTopK(NoisyTwoClass):
    """k draws without replacement with weights exp(strength Y_i): top k of scores with Gumbel noise."""

    bits: int
    kept: int
    strength: float
    one: float = 0.5

    law = Gumbel()

    @property
    def centres(self) -> tuple[float, float]:
        return 0.0, float(self.strength)

    @property
    def stability(self) -> PureDP:
        """Each of the k draws is an exponential mechanism given those before it."""
        return PureDP(self.kept * abs(self.strength) * (1.0 + 1e-12))


@dataclass(frozen=True)
class GaussianTopK(NoisyTwoClass):
    """Top k of scores s_i = strength (2 Y_i - 1) + z_i, z_i ~ N(0, 1).

    Per bit, as N grows at k = kappa N: h(kappa) - [h(Phi(a - t)) + h(Phi(-a - t))] / 2, with t such
    that the mean of both Phi is kappa.
    """

    bits: int
    kept: int
    strength: float
    one: float = 0.5

    law = Gaussian()

    @property
    def centres(self) -> tuple[float, float]:
        return -float(self.strength), float(self.strength)

    @property
    def stability(self) -> GaussianScores:
        return GaussianScores(2.0 * abs(self.strength), 1.0)
