"""Observed counts, and what every entropy estimator asks of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float, Shaped

from ...data.checks import finite, require_count
from ...errors import InvalidArgument, MissingCapability
from ...evidence import NATS, Estimate

Cells = Float[np.ndarray, " cells"]
Given = Shaped[np.ndarray, " cells"]


@dataclass(frozen=True, eq=False)
class Counts:
    """Positive counts, grouped: `sizes` holds each count once, `cells` how many cells have it."""

    sizes: Cells
    cells: Cells

    @cached_property
    def total(self) -> float:
        """Number of samples n."""
        return float(self.sizes @ self.cells)

    @cached_property
    def observed(self) -> int:
        """Number of cells with a sample."""
        return int(self.cells.sum())

    def with_size(self, size: int) -> float:
        """Number of cells with exactly `size` samples."""
        return float(self.cells[self.sizes == size].sum())

    def mean(self, values: Cells) -> float:
        """sum over cells of (c / n) values(c), with one value for each of `sizes`."""
        return float(self.cells @ (self.sizes * values)) / self.total


def grouped(counts: Given) -> Counts:
    """Counts ready for use, empty cells dropped.

    Raises InvalidArgument for counts that are negative, fractional or all zero.
    """
    c = finite("counts", counts, 1)
    if (c < 0.0).any() or (c != np.floor(c)).any():
        raise InvalidArgument("counts", c[(c < 0.0) | (c != np.floor(c))][:3], "counts are 0, 1, 2, ...")
    if not c.sum() > 0.0:
        raise InvalidArgument("counts", counts, "no sample at all; an entropy needs at least one")
    sizes, cells = np.unique(c[c > 0.0], return_counts=True)
    return Counts(sizes, cells.astype(np.float64))


def require_alphabet(counts: Counts, alphabet: int | None) -> int:
    """The number of cells there are, observed or not. Raises if it is missing or too small."""
    if alphabet is None:
        raise MissingCapability("this estimator needs `alphabet`, the number of cells, empty ones included")
    check_alphabet(counts, alphabet)
    return int(alphabet)


def check_alphabet(counts: Counts, alphabet: int | None) -> None:
    """Raises InvalidArgument for an alphabet smaller than the number of observed cells."""
    if alphabet is None:
        return
    require_count("alphabet", alphabet)
    if alphabet < counts.observed:
        raise InvalidArgument("alphabet", alphabet, f"{counts.observed} cells were observed")


def estimate(value: float, method: str, standard_error: float | None = None) -> Estimate:
    """A heuristic entropy in nats."""
    return Estimate(value, method, NATS, standard_error)
