"""A mask in a random coset of a linear code over the two-element field."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int

from ...errors import InvalidArgument, ShapeMismatch
from ...evidence import LOG2, Bracket
from ..channel import Data, Masks, Nats, Seeds
from ..sources import FairLabels, uniforms
from ..supports import AnyMask, Support
from .base import ZooChannel

Bits = Bool[np.ndarray, "rows columns"]


@dataclass(frozen=True, eq=False)
class Coset(ZooChannel):
    """m = G y + V u over GF(2), y fair labels, u fair bits of noise. I = (rank [G|V] - rank V) log 2.

    Every subset of few bits and labels can be independent while all together are not.
    labels_in : G, (bits, labels)
    noise_in  : V, (bits, noise bits)
    """

    labels_in: Bool[np.ndarray, "bits labels"] = field(repr=False)
    noise_in: Bool[np.ndarray, "bits noise"] = field(repr=False)

    def check(self) -> None:
        for name in ("labels_in", "noise_in"):
            matrix = getattr(self, name)
            if matrix.ndim != 2 or matrix.dtype != bool:
                raise InvalidArgument(name, matrix.dtype, "give a matrix of bool")
        if len(self.labels_in) != len(self.noise_in) or 0 in self.labels_in.shape:
            raise ShapeMismatch("noise_in", self.noise_in.shape, f"labels_in is {self.labels_in.shape}")

    @property
    def source(self) -> FairLabels:
        return FairLabels(self.labels_in.shape[1])

    @property
    def support(self) -> Support:
        return AnyMask(len(self.labels_in))

    @cached_property
    def _noise_rank(self) -> int:
        return rank(self.noise_in)

    @cached_property
    def _checks(self) -> Int[np.ndarray, "checks bits"]:
        """Rows span the parity checks of V: H v = 0 exactly for v in the span of V."""
        return null_space(self.noise_in.T).astype(np.int64)

    def closed_form(self) -> Bracket:
        both = rank(np.concatenate([self.labels_in, self.noise_in], axis=1))
        return LOG2 * float(both - self._noise_rank)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        noise = uniforms(seeds, self.noise_in.shape[1]) < 0.5
        return np.asarray(_times(data, self.labels_in) ^ _times(noise, self.noise_in))

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        return self._level(self._syndromes(masks, data).sum(axis=1) == 0)

    def flipped_log_prob(self, masks: Masks, data: Data) -> np.ndarray:
        """A flip of label j adds column j of H G to the syndrome, which has to become 0."""
        syndromes = self._syndromes(masks, data)
        columns = self._checks @ self.labels_in.astype(np.int64) % 2
        differ = syndromes.sum(axis=1)[:, None] + columns.sum(axis=0) - 2 * syndromes @ columns
        return self._level(differ == 0)

    def _syndromes(self, masks: Masks, data: Data) -> Int[np.ndarray, "runs checks"]:
        return np.asarray((masks ^ _times(data, self.labels_in)).astype(np.int64) @ self._checks.T % 2)

    def _level(self, inside: np.ndarray) -> np.ndarray:
        return np.where(inside, -self._noise_rank * np.log(2.0), -np.inf)


def _times(vectors: np.ndarray, matrix: Bits) -> Masks:
    """Rows of `vectors` through the matrix, over GF(2)."""
    return np.asarray(vectors.astype(np.int64) @ matrix.T.astype(np.int64) % 2 == 1)


def rank(matrix: Bits) -> int:
    """Rank over GF(2)."""
    return len(_reduced(matrix)[1])


def null_space(matrix: Bits) -> Bool[np.ndarray, "free columns"]:
    """Rows that span the vectors x with matrix x = 0 over GF(2)."""
    reduced, pivots = _reduced(matrix)
    free = np.setdiff1d(np.arange(matrix.shape[1]), pivots)
    out = np.zeros((len(free), matrix.shape[1]), dtype=bool)
    out[np.arange(len(free)), free] = True
    out[:, pivots] = reduced[: len(pivots), free].T
    return out


def _reduced(matrix: Bits) -> tuple[Bits, list[int]]:
    """Reduced row echelon form over GF(2) and its pivot columns."""
    m = matrix.copy()
    pivots: list[int] = []
    for column in range(m.shape[1]):
        row = len(pivots)
        below = np.flatnonzero(m[row:, column])
        if not len(below):
            continue
        m[[row, row + below[0]]] = m[[row + below[0], row]]
        others = m[:, column].copy()
        others[row] = False
        m[others] ^= m[row]
        pivots.append(column)
    return m, pivots
