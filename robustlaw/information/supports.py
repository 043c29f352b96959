"""Which masks can come out of a channel, and how many they are."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool

from ..data.checks import whole
from ..errors import InvalidArgument, ShapeMismatch
from ..evidence import LOG2, Bracket, log_binomial, log_of_integer, sum_of


class Support(ABC):
    """A set of masks of n_bits bits."""

    n_bits: int

    @property
    @abstractmethod
    def log_size(self) -> Bracket:
        """log of the number of masks, nats."""

    @abstractmethod
    def contains(self, masks: Bool[np.ndarray, "runs bits"]) -> Bool[np.ndarray, " runs"]:
        """Which rows belong to the set. Raises ShapeMismatch for another length."""

    def check(self, masks: Bool[np.ndarray, "runs bits"]) -> None:
        """Raises ShapeMismatch or InvalidArgument unless every mask belongs to the set."""
        if masks.ndim != 2 or masks.shape[1] != self.n_bits:
            raise ShapeMismatch("masks", masks.shape, f"the channel declares masks of {self.n_bits} bits")
        if masks.dtype != bool:
            raise InvalidArgument("masks", masks.dtype, "masks are arrays of bool")
        inside = self.contains(masks)
        if not inside.all():
            bad = int(masks[~inside][0].sum())
            raise InvalidArgument("masks", f"{bad} kept entries", f"outside the declared support {self}")


@dataclass(frozen=True)
class AnyMask(Support):
    """All 2^N masks."""

    n_bits: int

    def __post_init__(self) -> None:
        whole("n_bits", self.n_bits)

    @property
    def log_size(self) -> Bracket:
        return LOG2 * float(self.n_bits)

    def contains(self, masks: Bool[np.ndarray, "runs bits"]) -> Bool[np.ndarray, " runs"]:
        return np.ones(len(masks), dtype=bool)


@dataclass(frozen=True)
class LayerSizes(Support):
    """Exactly kept[l] of the totals[l] entries of layer l; layers lie one after another."""

    totals: tuple[int, ...]
    kept: tuple[int, ...]

    def __post_init__(self) -> None:
        if len(self.totals) != len(self.kept) or not self.totals:
            raise ShapeMismatch("kept", self.kept, f"give one count for each of {len(self.totals)} layers")
        for total, kept in zip(self.totals, self.kept, strict=True):
            if whole("kept", kept) > whole("totals", total):
                raise InvalidArgument("kept", kept, f"choose between 0 and {total}")

    @property
    def n_bits(self) -> int:  # type: ignore[override]
        return sum(self.totals)

    @property
    def log_size(self) -> Bracket:
        return sum_of([log_binomial(n, k) for n, k in zip(self.totals, self.kept, strict=True)])

    def contains(self, masks: Bool[np.ndarray, "runs bits"]) -> Bool[np.ndarray, " runs"]:
        parts = np.split(masks, np.cumsum(self.totals)[:-1], axis=1)
        right = [part.sum(axis=1) == k for part, k in zip(parts, self.kept, strict=True)]
        return np.asarray(np.logical_and.reduce(right))


def fixed_size(n_bits: int, kept: int) -> LayerSizes:
    """Exactly `kept` of `n_bits` entries."""
    return LayerSizes((n_bits,), (kept,))


@dataclass(frozen=True)
class AllowedSizes(Support):
    """All masks whose number of kept entries is one of `sizes`."""

    n_bits: int
    sizes: tuple[int, ...]

    def __post_init__(self) -> None:
        if not self.sizes or len(set(self.sizes)) != len(self.sizes):
            raise InvalidArgument("sizes", self.sizes, "give each allowed number of kept entries once")
        if max(whole("sizes", size) for size in self.sizes) > whole("n_bits", self.n_bits):
            raise InvalidArgument("sizes", self.sizes, f"choose between 0 and {self.n_bits}")

    @property
    def log_size(self) -> Bracket:
        return log_of_integer(sum(math.comb(self.n_bits, size) for size in self.sizes))

    def contains(self, masks: Bool[np.ndarray, "runs bits"]) -> Bool[np.ndarray, " runs"]:
        return np.isin(masks.sum(axis=1), self.sizes)
