"""Whether random layers reach all their inputs: counted draws beside the exact chance.

A config is one layer shape, density and stream of draws.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from ..constructions import coverage, least_units, needed_width
from ..constructions.containment_laws import covered_count
from ..constructions.coverage import covers
from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument
from .config import PlainConfig

NAME = "coverage"
VERSION = 1
chunk_size = 32


@dataclass(frozen=True)
class CoverageConfig(PlainConfig):
    """So many draws of a layer of `units` units and `inputs` inputs.

    delta : failure chance of the width that is told beside the counts
    Raises InvalidArgument.
    """

    density: float
    inputs: int
    units: int
    seed: int
    draws: int = 2000
    output_density: float = 1.0
    delta: float = 0.1

    def __post_init__(self) -> None:
        for name in ("density", "output_density", "delta"):
            require_number(name, getattr(self, name))
            if not 0.0 < getattr(self, name) <= 1.0 - (name == "delta") * 1e-9:
                raise InvalidArgument(name, getattr(self, name), "give a share above 0, at most 1")
        for name in ("inputs", "units", "draws"):
            require_count(name, getattr(self, name))
        whole("seed", self.seed)


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All layers come together: each is a few milliseconds."""
    return int(config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(CoverageConfig.of(c)) for c in configs]


def _one(cell: CoverageConfig) -> dict[str, Any]:
    shape = (cell.density, cell.inputs, cell.units)
    needed = needed_width(cell.density, cell.inputs, cell.delta)
    # a needed width that is a whole number, up to rounding, is enough itself
    below = max(0, math.ceil(needed * (1.0 - 1e-12)) - 1)
    single = least_units(cell.density, 1, cell.delta)
    return {
        "found": covered_count(*shape, cell.draws, cell.seed, cell.output_density),
        "exact": float(coverage(*shape, cell.output_density)),
        "needed": needed,
        # with all output weights kept: the last number below the needed width, one more, and the
        # width of a single input
        "below_covers": covers(cell.density, cell.inputs, below, cell.delta),
        "above_covers": covers(cell.density, cell.inputs, below + 1, cell.delta),
        "single_covers": covers(cell.density, cell.inputs, single, cell.delta),
    }
