"""Any deterministic score of the data, made a channel with a density by noise: keep the noisy top k."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from jaxtyping import Float

from ..data.checks import EPS, require_kind
from ..errors import InvalidArgument, NonFinite, ShapeMismatch
from .channel import Data, Masks, Nats, Seeds
from .densities import DENSITY_ERROR, ScoreLaw, layered_log_prob
from .sources import DataSource, inherit, largest, uniforms
from .stability import ZCDP, GaussianScores, OutputNoise, PureDP
from .supports import LayerSizes

RESOLVED = 1e-7  # of the noise: scores are sums of both, and have to show it that finely
ScoreFunction = Callable[[Data], Float[np.ndarray, "runs bits"]]


@dataclass(frozen=True, eq=False)
class NoisyScores:
    """Keep, in each layer, the entries with the largest scores, noise added to every one.

    source      : the law of the data; its labels, examples and entropy become the channel's
    score       : data sets -> noiseless scores, one row a run, a function of the data alone
    support     : entries of each layer and how many of them are kept
    law         : of a noisy score around its noiseless value, for example Gaussian(0.1); with
                  FoldedGaussian the scores are weights and magnitudes count
    conditioned : True if the score depends on one fixed initialisation
    proved      : a privacy or noise level that holds for the score and the noise, if there is one;
                  it becomes `stability`
    The noise is part of the algorithm: what is said of the channel is not said of the score alone.
    Raises InvalidArgument on construction; scores of a wrong shape or not finite raise when drawn.
    """

    source: DataSource
    score: ScoreFunction = field(repr=False)
    support: LayerSizes
    law: ScoreLaw
    conditioned: bool = False
    proved: PureDP | ZCDP | GaussianScores | OutputNoise | None = None

    def __post_init__(self) -> None:
        require_kind("law", self.law, ScoreLaw, "give a law of densities.LAWS, for example Gaussian(0.1)")
        require_kind("support", self.support, LayerSizes, "give fixed_size(bits, kept) or LayerSizes")
        if not callable(self.score):
            raise InvalidArgument("score", self.score, "give a function of data sets")
        inherit(self, self.source)
        if self.proved is not None:
            object.__setattr__(self, "stability", self.proved)

    @property
    def n_bits(self) -> int:
        return self.support.n_bits

    @property
    def density_error(self) -> float:
        return DENSITY_ERROR * len(self.support.totals)

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        return self.source.sample_data(runs, rng)

    def noiseless(self, data: Data) -> Float[np.ndarray, "runs bits"]:
        """The scores before noise, checked. Raises ShapeMismatch, NonFinite or InvalidArgument."""
        scores = np.asarray(self.score(data), dtype=np.float64)
        if scores.shape != (len(data), self.n_bits):
            raise ShapeMismatch("score", scores.shape, f"one row of {self.n_bits} scores for each data set")
        if not np.isfinite(scores).all():
            raise NonFinite("score", scores[~np.isfinite(scores)][:3], "every score has to be finite")
        largest_size = float(np.abs(scores).max(initial=0.0))
        if largest_size * EPS > RESOLVED * self.law.scale:
            words = f"noise of scale {self.law.scale:g} is lost in the rounding of such scores; centre them"
            raise InvalidArgument("score", largest_size, words)
        return scores

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        noisy = self.law.scores(self.noiseless(data), uniforms(seeds, self.n_bits))
        parts = np.split(noisy, np.cumsum(self.support.totals)[:-1], axis=1)
        return np.concatenate(
            [largest(part, kept) for part, kept in zip(parts, self.support.kept, strict=True)], axis=1
        )

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return layered_log_prob(self.law, self.noiseless(data), masks, self.support)
