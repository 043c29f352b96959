"""Sparse training from random masks against tickets found in random sources, at equal kept counts.

A config is one arm on one data set: x ~ N(0, Id), classes by the largest output of a random teacher.
Random masks are trained as they are; tickets come from iterative pruning of a random source. Rows say
what is really kept, in all and layer by layer, and what the mask may know of the data at most. Next to every
ticket stands its control: the same layer counts in uniform places.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..accounting import Accountant, DataFreeMask, MaskInSource
from ..data.checks import require_count, require_number, require_positive
from ..errors import InvalidArgument, UnknownName
from ..networks import He, Mlp, Recipe, Stack
from ..networks.initialise import initial_stack
from ..networks.losses import batch
from ..pruning import PRUNERS, IterativeInSource, RigL, Set
from ..pruning.base import Session
from ..pruning.kept_counts import effective
from ..pruning.selection import kept_count
from ..seeds import generator
from .config import PlainConfig
from .noise_correlation import shuffled

NAME = "random_sources"
VERSION = 1
chunk_size = 16
TICKET = "IterativeInSource"
MOVING = {"Set": Set, "RigL": RigL}
EXCHANGES = 10  # of moving masks: one every so many of the steps
RULES = ("Random", "ErdosRenyi", "Balanced", "Pyramidal")
ARMS = (*RULES, *MOVING, TICKET)


@dataclass(frozen=True)
class SourceConfig(PlainConfig):
    """One arm.

    arm    : a rule of layer densities with uniform places, a way to move masks while training, or
             "IterativeInSource"
    source : kept fraction of the source of tickets, 1 for dense networks
    counts : kept weights, falling
    teacher: widths of the network that names the classes
    Raises InvalidArgument, UnknownName, InfeasibleDensity.
    """

    arm: str
    seed: int
    source: float = 1.0
    counts: tuple[int, ...] = (544, 272)
    widths: tuple[int, ...] = (16, 64, 64, 5)
    teacher: tuple[int, ...] = (16, 8, 5)
    n: int = 640
    test: int = 8000
    steps: int = 150
    learning_rate: float = 0.02
    rate: float = 0.35

    def __post_init__(self) -> None:
        if self.arm not in ARMS:
            raise UnknownName("arm", self.arm, ARMS)
        for name in ("n", "test", "steps"):
            require_count(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate)
        require_number("source", self.source)
        IterativeInSource(1.0, self.rate, source=float(self.source))
        total = Mlp(self.widths).weight_count
        room = kept_count(self.source, total) if self.arm == TICKET else total
        falling = all(a > b for a, b in zip(self.counts, self.counts[1:], strict=False))
        if not self.counts or not falling or not 0 < self.counts[-1] <= self.counts[0] <= room:
            raise InvalidArgument("counts", self.counts, f"give falling kept counts from 1 to {room}")
        ends = (self.teacher[0], self.teacher[-1])
        if Mlp(self.teacher).widths and ends != (self.widths[0], self.widths[-1]):
            raise InvalidArgument("teacher", self.teacher, "its inputs and outputs are those of `widths`")

    @property
    def recipe(self) -> Recipe:
        return Recipe(
            initialisation=He(),
            loss="softmax",
            learning_rate=self.learning_rate,
            steps=self.steps,
            stop_at=None,
        )


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the seed."""
    return tuple(sorted((name, str(v)) for name, v in config.items() if name != "seed"))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [SourceConfig.of(c) for c in configs]
    first, keys = cells[0], tuple(f"random sources {c.seed}" for c in cells)
    drawn = [problem(first, key) for key in keys]
    data = batch([x[: first.n] for x, _ in drawn], [y[: first.n] for _, y in drawn])
    arch = Mlp(first.widths)
    start = initial_stack(arch, keys, first.recipe.initialisation)
    names = tuple(f"W{i + 1}" for i in range(arch.layers))
    session = Session(start, data, first.recipe, keys, (first.counts[0],) * len(keys), names)
    levels = [_weighed(first, stack, drawn) for stack in _trained(first, session)]
    if first.arm == TICKET:
        for number, level in enumerate(levels):
            masks = _shuffled(level.pop("masks"), [c.seed for c in cells], number)
            control = _weighed(first, session.finish(session.start.with_masks(masks)), drawn)
            level["control"] = control["accuracy"]
    for level in levels:
        level.pop("masks", None)
    charges = [budget(first, count) for count in first.counts]
    return [
        {
            "kept": list(first.counts),
            "nats": charges,
            **{name: [level[name][i] for level in levels] for name in levels[0]},
        }
        for i in range(len(cells))
    ]


def problem(cell: SourceConfig, key: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and classes, the training samples first; classes are about equally frequent."""
    rng = generator("data", key)
    x = rng.standard_normal((cell.n + cell.test, cell.widths[0]))
    teacher = initial_stack(Mlp(cell.teacher), [f"teacher {key}"], He(), dtype=torch.float64)
    outputs = teacher.forward(torch.as_tensor(x)[None])[0].numpy()
    # outputs of a ReLU network differ in mean: without this most samples are of one class
    centred = (outputs - outputs.mean(axis=0)) / outputs.std(axis=0)
    return x, centred.argmax(axis=1).astype(np.float64)


def budget(cell: SourceConfig, count: int) -> float:
    """The most that a mask of the arm may know of the data, nats: log of the number of masks it may be.

    Masks that move while they are trained may be any of that size.
    """
    total = Mlp(cell.widths).weight_count
    if cell.arm in RULES:
        return Accountant().p_eff([DataFreeMask()]).upper
    source = kept_count(cell.source, total) if cell.arm == TICKET else total
    return Accountant().p_eff([MaskInSource(total, source, count)]).upper


def _trained(cell: SourceConfig, session: Session) -> list[Stack]:
    """The trained networks at each kept count; the rounds of tickets serve all counts."""
    if cell.arm in MOVING:
        pruner = MOVING[cell.arm](1.0, every=max(1, cell.steps // EXCHANGES))
        return [pruner.run(replace(session, counts=(k,) * len(session.keys))) for k in cell.counts]
    if cell.arm in RULES:
        masks = PRUNERS[cell.arm](1.0).choose_at(session, cell.counts)
    else:
        masks = IterativeInSource(1.0, cell.rate, source=cell.source).choose_at(session, cell.counts)
    return [session.finish(session.start.with_masks(m)) for m in masks]


def _shuffled(masks: Sequence[torch.Tensor], seeds: Sequence[int], level: int) -> list[torch.Tensor]:
    each = [shuffled([m[i : i + 1] for m in masks], seed, level) for i, seed in enumerate(seeds)]
    return [torch.cat(parts) for parts in zip(*each, strict=True)]


def _weighed(
    cell: SourceConfig, stack: Stack, drawn: Sequence[tuple[np.ndarray, np.ndarray]]
) -> dict[str, list[Any]]:
    x = torch.as_tensor(np.stack([x for x, _ in drawn]), dtype=torch.float32)
    classes = torch.as_tensor(np.stack([y for _, y in drawn]))
    right = (stack.forward(x).argmax(dim=2) == classes).double()
    counts = torch.stack([m.flatten(1).sum(1) for m in stack.masks], dim=1)
    alive = torch.stack([m.flatten(1).sum(1) for m in effective(stack.masks)]).sum(0)
    return {
        "masks": list(stack.masks),
        "realised": counts.sum(1).tolist(),
        "layers": counts.tolist(),
        "effective": alive.tolist(),
        "train": right[:, : cell.n].mean(1).tolist(),
        "accuracy": right[:, cell.n :].mean(1).tolist(),
    }
