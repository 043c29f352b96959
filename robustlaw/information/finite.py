"""A channel that is written down: n fair labels in, one of a list of masks out."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Bool, Float

from ..data.checks import finite
from ..errors import InvalidArgument, ShapeMismatch
from .channel import Data, Masks, Nats, Seeds
from .sources import FairLabels, inherit, uniforms
from .supports import AnyMask, Support

SUM_TOLERANCE = 1e-12


class FiniteChannel:
    """p(mask | labels) as a table.

    table : (2^n, masks), rows sum to 1; row number i holds the labeling whose label j is bit j of i
    masks : (masks, N), all different
    Knows its exact information, densities, divergences and everything its labels offer.
    Raises ShapeMismatch or InvalidArgument.
    """

    conditioned = False
    density_error = 1e-15  # a logarithm of a given number

    def __init__(
        self,
        table: Float[np.ndarray, "labelings masks"],
        masks: Bool[np.ndarray, "masks bits"],
        support: Support | None = None,
    ) -> None:
        self.probabilities = finite("table", table, 2)
        rows = len(self.probabilities)
        if rows < 2 or rows & (rows - 1) or self.probabilities.shape[1] != len(masks):
            raise ShapeMismatch("table", self.probabilities.shape, f"give (2^n, {len(masks)}) with n >= 1")
        sums = self.probabilities.sum(axis=1)
        if (self.probabilities < 0.0).any() or np.abs(sums - 1.0).max() > SUM_TOLERANCE:
            raise InvalidArgument("table", sums, "each row is a law: it sums to 1")
        if len(np.unique(masks, axis=0)) != len(masks):
            raise InvalidArgument("masks", masks.shape, "each mask is listed once")
        self.masks, self.n_bits = np.array(masks, dtype=bool), masks.shape[1]
        self.support = support or AnyMask(self.n_bits)
        self.support.check(self.masks)
        self.source = FairLabels(rows.bit_length() - 1)
        inherit(self, self.source)
        self.deterministic = bool((self.probabilities.max(axis=1) == 1.0).all())
        self._place = {row.tobytes(): i for i, row in enumerate(np.packbits(self.masks, axis=1))}
        with np.errstate(divide="ignore"):
            self._logs = np.log(self.probabilities)
        self.largest_divergence = float(self._divergences().max())

    def sample_data(self, runs: int, rng: np.random.Generator) -> Data:
        return self.source.sample_data(runs, rng)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        """Inverse transform of one uniform a run, so that equal seeds are coupled."""
        ends = np.cumsum(self.probabilities, axis=1)
        ends[:, -1] = 1.0
        place = (uniforms(seeds, 1) > ends[self._rows(data)]).sum(axis=1)
        return np.asarray(self.masks[place])

    def log_prob(self, masks: Masks, data: Data) -> Nats:
        place = np.array([self._place.get(row.tobytes(), -1) for row in np.packbits(masks, axis=1)])
        return np.where(place < 0, -np.inf, self._logs[self._rows(data), place])

    def divergence(self, data: Data, other: Data) -> Nats:
        return np.asarray(self._divergences()[self._rows(data), self._rows(other)])

    def table(self) -> tuple[np.ndarray, Data, Sequence[tuple[Masks, Nats]]]:
        rows = len(self.probabilities)
        data = (np.arange(rows)[:, None] >> np.arange(self.source.n)) & 1
        return np.full(rows, 1.0 / rows), data.astype(np.int8), [(self.masks, row) for row in self._logs]

    def _rows(self, data: Data) -> np.ndarray:
        return np.asarray(data.astype(np.int64) @ (1 << np.arange(self.source.n)))

    def _divergences(self) -> Float[np.ndarray, "labelings labelings"]:
        """KL(p_i||p_j) for all pairs of labelings."""
        with np.errstate(invalid="ignore"):
            own = np.where(self.probabilities > 0.0, self.probabilities * self._logs, 0.0).sum(axis=1)
            cross = self.probabilities[:, None, :] * self._logs[None]
        cross = np.where(self.probabilities[:, None, :] > 0.0, cross, 0.0).sum(axis=2)
        return np.asarray(np.maximum(own[:, None] - cross, 0.0))
