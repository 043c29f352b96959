"""Masks of iterative pruning from one rewind point: how far they agree, and whether levels are connected.

The rewind point is trained on data D for some steps. Runs "a", "b" and "f" find masks on D, each in its own
order, runs "c" and "e" on fresh data. Runs "c", "d" and "e" are a trial of a bound on I(m;D|point): of two
data sets that the point has not seen, which was the mask of "c" found on? "d" reads the same set as "c",
"e" the other one.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from torch import Tensor

from ..data.checks import whole
from ..errors import InvalidArgument, UnknownName
from ..networks.landscape import along, normalised_errors
from ..networks.normalised import NormalisedStack
from ..networks.normalised_training import Pool, Reading, descend
from ..pruning.overlap import overlap
from ..pruning.rewound import Level, rewound_levels
from .diet_toy import DietToy, data_sets, initial_points, pool_of

NAME = "ticket_overlap"
VERSION = 1
chunk_size = 4
# the data set that each run reads; the rewind point reads set 0
RUNS = {"a": 0, "b": 0, "f": 0, "c": 1, "d": 1, "e": 2}
NAMES = ("own", "one", "two", "test")
SETS, TEST = len(NAMES), NAMES.index("test")
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class TicketConfig(DietToy):
    """One seed and rewind point.

    step   : of the schedule, at which the point stands; at 0 it has seen no data
    levels : of iterative pruning, a fifth of the weights dropped in each
    runs   : names of RUNS
    linked : look at the lines between networks of successive levels, of the first run
    Raises InvalidArgument or UnknownName.
    """

    step: int = 100
    levels: int = 10
    runs: tuple[str, ...] = ("a", "b", "c")
    linked: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("levels", self.levels, 1)
        if not 0 <= whole("step", self.step) < self.steps:
            raise InvalidArgument("step", self.step, f"the schedule has {self.steps} steps")
        for name in self.runs:
            if name not in RUNS:
                raise UnknownName("run", name, RUNS)
        if len(set(self.runs)) != len(self.runs) or not self.runs:
            raise InvalidArgument("runs", self.runs, "name each run once, at least one")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Seeds of one setting are trained together."""
    return tuple(sorted((name, str(v)) for name, v in config.items() if name != "seed"))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Level by level: kept weights, overlaps of all pairs of runs, test error of the first, its line."""
    cells = [TicketConfig.of(c) for c in configs]
    x, y = map(np.concatenate, zip(*(data_sets(cell, NAMES) for cell in cells), strict=True))
    pool, first = pool_of(x, y), cells[0]
    before = [Reading(SETS * i, f"{cell.key} before all") for i, cell in enumerate(cells)]
    point = descend(initial_points(cells), pool, before, first.plan, last=first.step)
    start = NormalisedStack(first.arch, point.values.repeat_interleave(len(first.runs), 0))
    named = [(i, f"{cell.key} run {name}", name) for i, cell in enumerate(cells) for name in cell.runs]
    readings = [Reading(SETS * i + RUNS[name], key) for i, key, name in named]
    rows: list[dict[str, Any]] = [{"weights": first.arch.weight_count, "levels": []} for _ in cells]
    last: Level | None = None
    keys = [key for _, key, _ in named]
    for level in rewound_levels(start, pool, readings, first.plan, first.levels, keys, first.step):
        agree = _overlaps(first.runs, level)
        for i, row in enumerate(rows):
            own = {pair: float(values[i]) for pair, values in agree.items()}
            line = _line(first, last if first.linked else None, level, pool, i)
            row["levels"].append({"kept": level.kept, "error": line[-1], "line": line, **own})
        last = level
    return rows


def _overlaps(names: Sequence[str], level: Level) -> dict[str, Tensor]:
    """Overlaps of every pair of runs, such as "ab", one number a seed."""
    masks = level.masks.view(-1, len(names), level.masks.shape[1])
    pairs = combinations(range(len(names)), 2)
    return {names[i] + names[j]: overlap(masks[:, i], masks[:, j]) for i, j in pairs}


def _line(cell: TicketConfig, last: Level | None, level: Level, pool: Pool, place: int) -> list[float]:
    """Test errors from the network of the last level to that of this one, or of this one alone."""
    row, here = place * len(cell.runs), SETS * place
    wrong = normalised_errors(
        cell.arch, pool.columns([here + TEST]), pool.labels[[here + TEST]], pool.columns([here])
    )
    end = level.trained.values[[row]]
    found = wrong(end)[None] if last is None else along(wrong, last.trained.values[[row]], end, PLACES)
    return [float(v) for v in found.double().mean(dim=(1, 2))]
