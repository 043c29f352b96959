"""Small channels written down: every data set with the probability of every mask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product
from typing import Any

import numpy as np
from jaxtyping import Bool, Float

from ...errors import InvalidArgument, MissingCapability
from ..channel import Data, HasDensity, HasLabels, MaskChannel, Masks, Nats, Seeds
from ..sources import UniformSubsets
from ..supports import Support

LARGEST = 2**22  # entries of a table


@dataclass(frozen=True, eq=False)
class Tabulated:
    """A channel with a density and finitely many data sets, as a table.

    channel : labels have to be all its data, or a uniform subset
    Raises MissingCapability, or InvalidArgument for a table of more than 2^22 entries.
    """

    channel: Any

    def __post_init__(self) -> None:
        channel = self.channel
        if not (isinstance(channel, MaskChannel) and isinstance(channel, HasDensity)):
            raise MissingCapability(f"a table needs the density log_prob; {channel!r} has none")
        labelled = isinstance(channel, HasLabels) and channel.labels_are_data
        if not labelled and not isinstance(getattr(channel, "source", None), UniformSubsets):
            raise MissingCapability(f"the data sets of {channel!r} cannot be listed")
        sets = channel.label_law.probabilities.size * 0.5 if labelled else channel.n_bits  # type: ignore[attr-defined]
        if 2.0 ** (sets + channel.n_bits) > LARGEST:
            raise InvalidArgument("channel", channel, "too large a table")

    @property
    def n_bits(self) -> int:
        return int(self.channel.n_bits)

    @property
    def support(self) -> Support:
        found: Support = self.channel.support
        return found

    @property
    def conditioned(self) -> bool:
        return bool(self.channel.conditioned)

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        return np.asarray(self.channel.sample_data(runs, rng))

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        return np.asarray(self.channel.sample_masks(data, seeds))

    def table(self) -> tuple[Float[np.ndarray, " data"], Data, Sequence[tuple[Masks, Nats]]]:
        """Probabilities of all data sets, the data sets, and for each its masks with log probabilities."""
        masks = all_masks(self.n_bits)
        masks = masks[self.support.contains(masks)]
        weights, data = self._data_sets()
        logs = self.channel.log_prob(np.tile(masks, (len(data), 1)), np.repeat(data, len(masks), axis=0))
        rows = logs.reshape(len(data), len(masks))
        return weights, data, [(masks[row > -np.inf], row[row > -np.inf]) for row in rows]

    def _data_sets(self) -> tuple[Float[np.ndarray, " data"], Data]:
        if not isinstance(self.channel, HasLabels):
            subsets = all_masks(self.n_bits)
            subsets = subsets[subsets.sum(axis=1) == self.channel.source.kept]
            return np.full(len(subsets), 1.0 / len(subsets)), subsets
        law = self.channel.label_law.probabilities
        labels = np.array(list(product(range(law.shape[1]), repeat=len(law))), dtype=np.int8)
        return law[np.arange(len(law)), labels].prod(axis=1), labels


def all_masks(bits: int) -> Bool[np.ndarray, "masks bits"]:
    """All 2^bits masks."""
    return np.asarray((np.arange(2**bits)[:, None] >> np.arange(bits)) & 1 == 1)
