"""How many random weights a subset sum needs in a sparse source, by density.

A config is one seed: items uniform on [-1, 1], targets likewise; the items that each draw needs give the
count for every density at once.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data.checks import require_count, require_positive, whole
from ..errors import InvalidArgument
from ..pruning import counted_items, items_for, items_needed, nearest_subset, nearest_subset_milp
from ..pruning.selection import check_density
from ..seeds import generator
from .config import PlainConfig

NAME = "subset_sums"
VERSION = 1
chunk_size = 8
SOLVED, SIZE = 4, 10  # instances that both solvers get, and their items


@dataclass(frozen=True)
class SubsetSumConfig(PlainConfig):
    """One seed.

    draws, items : sequences of items, and their length, at which a draw without a subset is given up
    eps, level   : how near, and for which share of the draws
    reach        : targets are uniform on +-reach
    Raises InvalidArgument, InfeasibleDensity.
    """

    seed: int
    densities: tuple[float, ...]
    draws: int = 1000
    items: int = 22
    eps: float = 0.01
    level: float = 0.9
    reach: float = 1.0

    def __post_init__(self) -> None:
        whole("seed", self.seed)
        require_count("draws", self.draws)
        require_count("items", self.items)
        for name in ("eps", "level", "reach"):
            require_positive(name, getattr(self, name))
        for p in self.densities:
            check_density(p)
        if not self.densities:
            raise InvalidArgument("densities", self.densities, "give at least one")


def bucket(config: Mapping[str, Any]) -> Hashable:
    return int(config["draws"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(SubsetSumConfig.of(c)) for c in configs]


def _one(cell: SubsetSumConfig) -> dict[str, Any]:
    rng = generator("init", "subset sums", cell.seed)
    items = rng.uniform(-1.0, 1.0, (cell.draws, cell.items))
    targets = rng.uniform(-cell.reach, cell.reach, cell.draws)
    needed = items_needed(items, targets, cell.eps)
    apart = [_apart(row[:SIZE], float(t)) for row, t in zip(items[:SOLVED], targets, strict=False)]
    return {
        "counts": [items_for(needed, p, cell.level) for p in cell.densities],
        # the counting bound is for targets on [-1, 1]; on a shorter interval a sum serves more of them
        "counted": [counted_items(cell.eps / cell.reach, p, cell.level) for p in cell.densities],
        "given_up": int((needed > cell.items).sum()),
        "needed": np.bincount(needed, minlength=cell.items + 2).tolist(),
        "solvers": max(apart),
    }


def _apart(items: np.ndarray, target: float) -> float:
    """By how much two solvers' errors differ."""
    return abs(nearest_subset(items, target).error - nearest_subset_milp(items, target).error)
