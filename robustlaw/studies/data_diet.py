"""Loss barriers of children of one rewind point, by how long and on what the point was trained.

A dense network is trained for some steps on all data, on a part of them, or on all data with half of the
labels wrong; children go on from there on all data, in different orders. Whether they are connected tells
the rewind points that iterative pruning works from (Frankle et al. 2020; Paul et al. 2022).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.checks import whole
from ..errors import InvalidArgument, UnknownName
from ..networks.landscape import Losses, along, excess, highest_excess, normalised_losses
from ..networks.normalised import NormalisedStack, outputs
from ..networks.normalised_training import Pool, Reading, descend
from ..networks.softmax import log_losses
from ..networks.subsets import chosen
from .diet_toy import ARMS, DietToy, data_sets, early_errors, half_wrong, initial_points, pool_of

NAME = "data_diet"
VERSION = 1
chunk_size = 4
PLACES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True)
class DataDietConfig(DietToy):
    """One seed.

    arms     : what each rewind point is trained on, one of ARMS
    points   : and for how many steps
    children : of every point; barriers are means over their pairs
    Raises InvalidArgument or UnknownName.
    """

    arms: tuple[str, ...] = ("all", "all")
    points: tuple[int, ...] = (0, 100)
    children: int = 3

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("children", self.children, 2)
        if len(self.arms) != len(self.points) or not self.arms:
            raise InvalidArgument("arms, points", (self.arms, self.points), "give as many steps as arms")
        for arm, step in zip(self.arms, self.points, strict=True):
            if arm not in ARMS:
                raise UnknownName("arm", arm, ARMS)
            if whole("points", step) >= self.steps:
                raise InvalidArgument("points", (arm, step), f"the schedule has {self.steps} steps")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Seeds of one setting are trained together."""
    return tuple(sorted((name, str(v)) for name, v in config.items() if name != "seed"))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """For every rewind point the barriers of its children, means over samples."""
    cells = [DataDietConfig.of(c) for c in configs]
    x, y = map(np.concatenate, zip(*(_own_sets(cell) for cell in cells), strict=True))
    pool = pool_of(x, y)
    scores = early_errors(cells, pool, [3 * i for i in range(len(cells))]) if _scored(cells[0]) else None
    rows: list[dict[str, Any]] = [{"points": []} for _ in cells]
    start = initial_points(cells)
    for arm, step in zip(cells[0].arms, cells[0].points, strict=True):
        readings = [
            _reading(cell, i, arm, None if scores is None else scores[i]) for i, cell in enumerate(cells)
        ]
        point = descend(start, pool, readings, cells[0].plan, last=step)
        for i, told in enumerate(_children(cells, point, pool, step)):
            rows[i]["points"].append({"arm": arm, "step": step, **told})
    return rows


def _own_sets(cell: DataDietConfig) -> tuple[np.ndarray, np.ndarray]:
    """Training data, the same with half of the labels wrong, and test data."""
    x, y = data_sets(cell, ("train", "test"))
    return x[[0, 0, 1]], np.stack([y[0], half_wrong(cell, y[0]), y[1]])


def _scored(cell: DataDietConfig) -> bool:
    return any(arm in ("easiest", "hardest") for arm in cell.arms)


def _reading(cell: DataDietConfig, place: int, arm: str, scores: np.ndarray | None) -> Reading:
    """What the rewind point is trained on."""
    order = f"{cell.key} before {arm}"
    if arm in ("all", "half wrong labels"):
        return Reading(3 * place + (arm != "all"), order)
    places = chosen(cell.n, cell.size, arm, scores, cell.seed)  # type: ignore[arg-type]
    return Reading(3 * place, order, places)


def _children(
    cells: list[DataDietConfig], point: NormalisedStack, pool: Pool, step: int
) -> list[dict[str, float]]:
    """Children of every point, trained on all data, and the lines between all pairs of them."""
    first = cells[0]
    born = NormalisedStack(first.arch, point.values.repeat_interleave(first.children, 0))
    readings = [
        Reading(3 * i, f"{cell.key} child {child}")
        for i, cell in enumerate(cells)
        for child in range(first.children)
    ]
    grown = torch.split(descend(born, pool, readings, first.plan, first=step).values, first.children)
    return [_lines(first, own, pool, 3 * i) for i, own in enumerate(grown)]


def _lines(cell: DataDietConfig, children: Tensor, pool: Pool, own: int) -> dict[str, float]:
    """Means over pairs of children, on the data they are trained on (set `own`) and on others."""
    pairs = list(combinations(range(len(children)), 2))
    one, two = (children[[pair[end] for pair in pairs]] for end in (0, 1))
    train, test = pool.columns([own]), pool.columns([own + 2])
    seen = along(normalised_losses(cell.arch, train, pool.labels[[own]]), one, two, PLACES).double()
    both = along(_both(cell, test, pool.labels[[own + 2]], train), one, two, PLACES).double()
    unseen, mistakes = both[:, :, : cell.n], both[:, :, cell.n :]
    middle = excess(seen, PLACES)[len(PLACES) // 2]
    return {
        "barrier": float(middle.mean()),
        "raised": float((middle > 0.0).double().mean()),
        "largest": float(middle.amax(dim=1).mean()),
        "highest": float(highest_excess(seen, PLACES).mean()),
        "test_barrier": float(excess(unseen, PLACES)[len(PLACES) // 2].mean()),
        "error_barrier": float(excess(mistakes, PLACES)[len(PLACES) // 2].mean()),
        "train_loss": float(seen[[0, -1]].mean()),
        "test_error": float(mistakes[[0, -1]].mean()),
    }


def _both(cell: DataDietConfig, columns: Tensor, labels: Tensor, reference: Tensor) -> Losses:
    """Losses, and behind them the errors: outputs are computed once."""

    def found(values: Tensor) -> Tensor:
        f = outputs(NormalisedStack(cell.arch, values), columns, reference)
        return torch.cat([log_losses(f, labels), (f.argmax(1) != labels).to(f.dtype)], dim=1)

    return found
