"""How many dimensions a subspace needs to reach a quadratic well: random ones, and those of masks.

A row is one seed and spectrum: for every distance the closed form, and medians over draws of the exact counts
for random subspaces, for coordinates kept in a random order, and for those kept by looking at the well.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.checks import require_count, require_positive
from ..errors import InvalidArgument, UnknownName
from ..evidence import log_binomial
from ..networks.axial import (
    axial_dimensions,
    informed_order,
    larsen_threshold,
    random_directions,
    random_subspace_dimensions,
)
from ..seeds import generator
from .config import PlainConfig

NAME = "axial_subspaces"
VERSION = 1
chunk_size = 8
SPECTRA = ("equal", "power law", "two sizes")


@dataclass(frozen=True)
class AxialConfig(PlainConfig):
    """One seed and spectrum.

    spectrum  : radii all 1; (i/D)^(1/2); or 1 for every fifth direction and 0.1 for the others
    distances : of the well's centre, in units of the largest radius, which is 1
    Raises InvalidArgument or UnknownName.
    """

    seed: int
    spectrum: str
    distances: tuple[float, ...] = (2.0, 5.0, 10.0, 20.0, 50.0)
    dims: int = 150
    draws: int = 40

    def __post_init__(self) -> None:
        if self.spectrum not in SPECTRA:
            raise UnknownName("spectrum", self.spectrum, SPECTRA)
        require_count("dims", self.dims)
        require_count("draws", self.draws)
        if not self.distances:
            raise InvalidArgument("distances", self.distances, "give at least one")
        for distance in self.distances:
            require_positive("distances", distance)


def radii(spectrum: str, dims: int) -> np.ndarray:
    """Radii of the well, the largest of them 1."""
    place = np.arange(dims)
    if spectrum == "equal":
        return np.ones(dims)
    if spectrum == "power law":
        return np.asarray(np.sqrt((place + 1.0) / dims))
    return np.where(place % 5 == 0, 1.0, 0.1)


def bucket(config: Mapping[str, Any]) -> Hashable:
    """A seed has enough draws to fill a call."""
    return config["seed"], config["spectrum"]


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(AxialConfig.of(c)) for c in configs]


def _one(cell: AxialConfig) -> dict[str, Any]:
    key = (f"axial {cell.spectrum}", cell.seed)
    r, rng = radii(cell.spectrum, cell.dims), generator("target", *key)
    # one set of draws for all distances: the thresholds of a seed differ by the distance alone
    ways = random_directions(cell.dims, 1.0, cell.draws, rng)
    frames = rng.standard_normal((cell.draws, cell.dims, cell.dims))
    mixed = generator("mask", *key).permuted(np.tile(np.arange(cell.dims), (cell.draws, 1)), axis=1)
    told = []
    for distance in cell.distances:
        centres = distance * ways
        informed = axial_dimensions(r, centres, informed_order(r, centres))
        uninformed = axial_dimensions(r, centres, mixed)
        told.append(
            {
                "distance": distance,
                "closed": larsen_threshold(r, distance),
                "random": float(np.median(random_subspace_dimensions(r, centres, frames))) / cell.dims,
                "axial": float(np.median(uninformed)) / cell.dims,
                "informed": float(np.median(informed)) / cell.dims,
                "worse": int((informed > uninformed).sum()),
                "cap": log_binomial(cell.dims, int(np.median(informed))).upper,
            }
        )
    return {"distances": told}
