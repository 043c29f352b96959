"""What all channels of the zoo share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from functools import cached_property
from typing import Any

import numpy as np

from ...data.checks import require_number
from ...errors import InvalidArgument
from ...evidence import Bracket
from ..channel import Data, HasLabels, Masks, Nats, Seeds
from ..sources import DataSource, inherit
from ..supports import Support
from ..targets import Target


class ZooChannel(ABC):
    """A channel with a closed form of its information, and no initialisation.

    Finals are frozen dataclasses: they check their numbers in `check` and draw their data from
    `source`, whose capabilities (labels, examples, entropy) become theirs.
    """

    conditioned = False
    density_error = 1e-9  # covers rounding up to a million bits; most are far better

    def __post_init__(self) -> None:
        self.check()
        inherit(self, self.source)

    @abstractmethod
    def check(self) -> None:
        """Raises InvalidArgument for numbers that make no channel."""

    @property
    @abstractmethod
    def source(self) -> DataSource:
        """The law of the data."""

    @property
    @abstractmethod
    def support(self) -> Support:
        """The masks that can come out."""

    @property
    def n_bits(self) -> int:
        return self.support.n_bits

    @cached_property
    def exact(self) -> Bracket:
        """I(m;D) in nats."""
        return self.closed_form().at_least(0.0)

    @abstractmethod
    def closed_form(self) -> Bracket:
        """I(m;D) in nats, rounding enclosed."""

    def exact_information(self, target: Target) -> Bracket | None:
        """I in nats: the same for all targets if labels are all the data, else for those of the data."""
        return None if target.of_labels and not isinstance(self, HasLabels) else self.exact

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        return self.source.sample_data(runs, rng)

    @abstractmethod
    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        """m ~ p(.|data), noise by coordinate from the seeds."""

    @abstractmethod
    def log_prob(self, masks: Masks, data: Data) -> Nats:
        """log p(mask | data), row by row."""


def require_probability(name: str, value: Any) -> None:
    """Raises InvalidArgument unless 0 <= value <= 1."""
    require_number(name, value)
    if not 0.0 <= value <= 1.0:
        raise InvalidArgument(name, value, "give a probability")


def require_strict_probability(name: str, value: Any) -> None:
    """Raises InvalidArgument unless 0 < value < 1."""
    require_probability(name, value)
    if value in (0.0, 1.0):
        raise InvalidArgument(name, value, "give a probability strictly between 0 and 1")


def require_finite(name: str, value: Any) -> None:
    """Raises InvalidArgument unless `value` is a finite number."""
    require_number(name, value)
    if not np.isfinite(value):
        raise InvalidArgument(name, value, "give a finite number")
