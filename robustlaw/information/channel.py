"""What a mask channel is: data in, mask out, and what else it can tell about itself.

A channel is any object with the four members of MaskChannel. Everything else is a capability: a
protocol that the object satisfies or not. More capabilities open tighter bounds. Data sets are
arrays whose first axis counts runs; what a row means is the channel's own business. All sampling
is vectorised over runs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from ..evidence import Bracket
from .supports import Support
from .targets import Target

Data = np.ndarray  # first axis: runs
Masks = Bool[np.ndarray, "runs bits"]
Seeds = Int[np.ndarray, " runs"]
Places = Int[np.ndarray, " runs"]
Nats = Float[np.ndarray, " runs"]


@runtime_checkable
class MaskChannel(Protocol):
    """A known law of data and an algorithm that turns data into a mask.

    n_bits      : length N of the mask
    support     : which masks can come out at all
    conditioned : True if the initialisation is fixed, so that every statement is given it
    """

    n_bits: int
    support: Support
    conditioned: bool

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        """Independent data sets from the known law."""

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        """m ~ p(.|data). The same seed means the same randomness, coordinate by coordinate."""


@runtime_checkable
class HasDensity(Protocol):
    """The law of the mask given the data can be evaluated."""

    density_error: float  # bound on the error of each log density, nats

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        """ln p(mask | data), row by row; -inf for a mask that cannot come out."""


@dataclass(frozen=True)
class LabelLaw:
    """Labels that are independent given the inputs.

    probabilities : (labels, alphabet), each row sums to 1; value v of label j has probability [j, v]
    """

    probabilities: Float[np.ndarray, "labels alphabet"]

    @property
    def is_fair(self) -> bool:
        """Every label is a fair coin."""
        return self.probabilities.shape[1] == 2 and bool((self.probabilities == 0.5).all())


@runtime_checkable
class HasDivergence(Protocol):
    """KL(p(.|data)||p(.|other)), row by row, and a number it never exceeds."""

    largest_divergence: float

    def divergence(self, data: Data, other: Data) -> Nats:
        """Nats."""


@runtime_checkable
class HasLabels(Protocol):
    """The data hold labels, coded 0, 1, ..., that are drawn independently given the inputs.

    labels_are_data : nothing but the labels is random, so I(m;D) = I(m;Y|X) for the fixed inputs
    """

    label_law: LabelLaw
    labels_are_data: bool

    def labels(self, data: Data) -> Int[np.ndarray, "runs labels"]:
        """The labels of each data set."""

    def replace_labels(self, data: Data, places: Places, values: Places) -> Data:
        """A copy in which label places[r] of run r is values[r] and nothing else has changed."""


@runtime_checkable
class HasLabelBits(Protocol):
    """Bits of the mask that each label acts on most: a hint for decoders, which cannot make a bound wrong."""

    label_bits: Int[np.ndarray, "labels copies"]


@runtime_checkable
class HasFlipDensities(Protocol):
    """ln p(mask | data with one label changed) for all labels at once, cheaper than one by one."""

    def flipped_log_prob(self, masks: Masks, data: Data) -> Float[np.ndarray, "runs labels"]:
        """Entry [r, j]: label j of run r is flipped (fair binary labels)."""


@runtime_checkable
class HasExamples(Protocol):
    """The data are independent examples that can be redrawn one at a time."""

    n_examples: int

    def replace_examples(self, data: Data, places: Places, rng: np.random.Generator) -> Data:
        """A copy in which example places[r] of run r is a fresh draw."""


@runtime_checkable
class IsDeterministic(Protocol):
    """The mask is a function of the data (and of the fixed initialisation): `deterministic` is True."""

    deterministic: bool


@runtime_checkable
class HasDataEntropy(Protocol):
    """The data take finitely or countably many values: H(D) in nats caps every target."""

    data_entropy: Bracket


@runtime_checkable
class HasAccessEntropy(Protocol):
    """The mask reads some of the examples only, at places that do not depend on the data."""

    access_entropy: Bracket  # entropy of those examples, nats


@runtime_checkable
class HasProbe(Protocol):
    """A statistic that is sub-Gaussian for every mask that does not know the labels.

    probe_proxy : variance proxy v of T given the inputs and any fixed mask
    probe_range : T never leaves [-probe_range, probe_range]
    """

    probe_proxy: float
    probe_range: float

    def probe(self, masks: Masks, data: Data, seeds: Seeds) -> Float[np.ndarray, " runs"]:
        """T of each run."""


@runtime_checkable
class HasExactInformation(Protocol):
    """A closed form."""

    def exact_information(self, target: Target) -> Bracket | None:
        """I in nats, rounding enclosed; None where there is no form for this target."""


@runtime_checkable
class HasTable(Protocol):
    """Small enough to be written down."""

    def table(self) -> tuple[Float[np.ndarray, " data"], Data, Sequence[tuple[Masks, Nats]]]:
        """Probabilities of all data sets, the data sets, and for each its masks with log probabilities."""


@runtime_checkable
class HasStability(Protocol):
    """A proved privacy or noise level (see stability.py)."""

    stability: object
