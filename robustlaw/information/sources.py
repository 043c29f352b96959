"""Known laws of data that many channels share, and how a channel takes over what its data can do.

A source draws data sets and may hold labels, independent examples or a finite entropy. A channel
built on it has the same capabilities: `inherit` hands them over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Bool, Float, Int

from ..data.checks import require_number, whole
from ..errors import InvalidArgument
from ..evidence import LOG2, Bracket, log_binomial
from .channel import Data, LabelLaw, Places
from .scalars import binary_entropy_bracket

_HANDED_OVER = (
    "label_law",
    "labels_are_data",
    "labels",
    "replace_labels",
    "n_examples",
    "replace_examples",
    "data_entropy",
)

Labels = Int[np.ndarray, "runs labels"]


@runtime_checkable
class DataSource(Protocol):
    """A known law of data sets."""

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        """Independent data sets."""


def inherit(channel: object, source: DataSource) -> None:
    """Give the channel the capabilities of its data; to be called once, when it is made."""
    for name in _HANDED_OVER:
        if hasattr(source, name):
            object.__setattr__(channel, name, getattr(source, name))


@dataclass(frozen=True)
class BiasedLabels:
    """n independent labels, each 1 with probability `one`; they are all the data.

    Data sets are arrays (runs, n) of 0 and 1, of type int8.
    """

    n: int
    one: float

    labels_are_data = True

    def __post_init__(self) -> None:
        whole("n", self.n, 1)
        require_number("one", self.one)
        if not 0.0 <= self.one <= 1.0:
            raise InvalidArgument("one", self.one, "give a probability")

    @property
    def label_law(self) -> LabelLaw:
        return LabelLaw(np.tile([1.0 - self.one, self.one], (self.n, 1)))

    @property
    def n_examples(self) -> int:
        return self.n

    @property
    def data_entropy(self) -> Bracket:
        if self.one == 0.5:
            return LOG2 * float(self.n)
        return binary_entropy_bracket(self.one) * float(self.n)

    def sample_data(self, runs: int, rng: np.random.Generator) -> Labels:
        if self.one == 0.5:
            return rng.integers(0, 2, (runs, self.n), dtype=np.int8)
        return (rng.random((runs, self.n)) < self.one).astype(np.int8)

    def labels(self, data: Data) -> Labels:
        return np.asarray(data)

    def replace_labels(self, data: Data, places: Places, values: Places) -> Data:
        out = data.copy()
        out[np.arange(len(data)), places] = values
        return out

    def replace_examples(self, data: Data, places: Places, rng: np.random.Generator) -> Data:
        fresh = (rng.random(len(data)) < self.one).astype(np.int8)
        return self.replace_labels(data, places, fresh)


class FairLabels(BiasedLabels):
    """n fair labels."""

    def __init__(self, n: int) -> None:
        super().__init__(n, 0.5)

    def __repr__(self) -> str:
        return f"FairLabels(n={self.n})"


@dataclass(frozen=True)
class GaussianData:
    """n independent standard Gaussian numbers, an example each. Data sets are arrays (runs, n)."""

    n: int

    def __post_init__(self) -> None:
        whole("n", self.n, 1)

    @property
    def n_examples(self) -> int:
        return self.n

    def sample_data(self, runs: int, rng: np.random.Generator) -> Float[np.ndarray, "runs examples"]:
        return rng.standard_normal((runs, self.n))

    def replace_examples(self, data: Data, places: Places, rng: np.random.Generator) -> Data:
        out = data.copy()
        out[np.arange(len(data)), places] = rng.standard_normal(len(data))
        return out


@dataclass(frozen=True)
class BetaData:
    """One number theta with the Beta(a, b) law, one example. Data sets are arrays (runs, 1)."""

    a: float
    b: float

    n_examples = 1

    def __post_init__(self) -> None:
        for name in ("a", "b"):
            value = getattr(self, name)
            require_number(name, value)
            if not 0.0 < value < np.inf:
                raise InvalidArgument(name, value, "give a finite positive number")

    def sample_data(self, runs: int, rng: np.random.Generator) -> Float[np.ndarray, "runs 1"]:
        return rng.beta(self.a, self.b, (runs, 1))

    def replace_examples(self, data: Data, places: Places, rng: np.random.Generator) -> Data:
        del places  # there is one example
        return self.sample_data(len(data), rng)


@dataclass(frozen=True)
class UniformSubsets:
    """One uniform subset of `kept` out of `total`, one example. Data sets are masks."""

    total: int
    kept: int

    n_examples = 1

    def __post_init__(self) -> None:
        whole("total", self.total, 1)
        whole("kept", self.kept, 0)
        if self.kept > self.total:
            raise InvalidArgument("kept", self.kept, f"choose between 0 and {self.total}")

    @property
    def data_entropy(self) -> Bracket:
        return log_binomial(self.total, self.kept)

    def sample_data(self, runs: int, rng: np.random.Generator) -> Bool[np.ndarray, "runs bits"]:
        return largest(rng.random((runs, self.total)), self.kept)

    def replace_examples(self, data: Data, places: Places, rng: np.random.Generator) -> Data:
        del places  # there is one example
        return self.sample_data(len(data), rng)


def largest(scores: Float[np.ndarray, "runs bits"], kept: int) -> Bool[np.ndarray, "runs bits"]:
    """Masks of the `kept` largest scores of each row."""
    masks = np.zeros(scores.shape, dtype=bool)
    if kept == 0:
        return masks
    top = np.argpartition(-scores, kept - 1, axis=1)[:, :kept]
    np.put_along_axis(masks, top, True, axis=1)
    return masks


def uniforms(seeds: Int[np.ndarray, " runs"], count: int) -> Float[np.ndarray, "runs count"]:
    """Uniforms in (0, 1): row r depends on seeds[r] alone, and its entries on their place alone.

    So the same seed means the same noise, coordinate by coordinate, whatever the data are.
    """
    out = np.empty((len(seeds), count))
    for row, seed in zip(out, seeds, strict=True):  # a generator each
        np.random.Generator(np.random.Philox(key=int(seed))).random(out=row)
    return np.maximum(out, 2.0**-54)  # 0 has probability 2^-53 and no noise
