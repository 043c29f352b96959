"""How much pruned networks remember: fair labels on few points, one row a method and seed.

A config is one method on one data set and one initialisation, at several kept counts. Sizes and
losses follow Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1a: a point is memorised when its
cross-entropy is below (log 2)/10. A row also says what is left on a grid fixed before the data,
b bits a number, which is what the memorisation converse speaks of.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from ..data.checks import require_count, require_positive, whole
from ..errors import InvalidArgument, UnknownName
from ..networks import Mlp, Recipe, Stack
from ..networks.grid import level_index, level_value
from ..networks.initialise import SignedConstant, initial_stack
from ..networks.losses import Batch, batch
from ..networks.recipe import Optimiser
from ..pruning.after_training import MagnitudeAfterTraining
from ..pruning.at_initialisation import Grasp, Random, Snip
from ..pruning.base import Session
from ..pruning.in_rounds import SynFlow
from ..pruning.kept_counts import effective
from ..pruning.scores import magnitude
from ..pruning.supermask import EdgePopup
from ..seeds import generator
from .config import PlainConfig
from .recipes import INITIALISATIONS

NAME = "memorisation"
VERSION = 1
chunk_size = 25
METHODS = ("IterativeMagnitude", "SynFlow", "Grasp", "Snip", "MagnitudeAfterTraining", "Random", "EdgePopup")
OPTIMISERS: dict[str, Optimiser] = {"adam": "adam", "sgd": "sgd"}
MEMORISED = math.log(2.0) / 10.0
BITS = (1, 2, 3, 4, 6, 8)
# Weights +-scale/sqrt(fan_in), large enough for outputs that are sure of a label.
SUPERMASK_SCALE = 8.0
# The grid of b bits spans +-2^LARGEST: no trained number of these networks is larger by much.
LARGEST = 2


@dataclass(frozen=True)
class MemorisationConfig(PlainConfig):
    """One method on n fair labels.

    counts  : kept weights of the networks that are weighed, falling; iterative pruning trains at
              each of `rounds` on its way, which include them
    spread  : standard deviation of the inputs' coordinates
    rewind  : whether iterative pruning goes back to the initial weights
    synflow_rounds, grasp_temperature : of those methods
    Raises InvalidArgument, UnknownName.
    """

    method: str
    seed: int
    counts: tuple[int, ...]
    rounds: tuple[int, ...] = ()
    widths: tuple[int, ...] = (10, 30, 30, 2)
    n: int = 30
    steps: int = 1000
    learning_rate: float = 0.01
    optimiser: str = "adam"
    initialisation: str = "he"
    spread: float = 1.0
    rewind: bool = True
    synflow_rounds: int = 100
    grasp_temperature: float = 200.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("method", self.method, METHODS)
        if self.initialisation not in INITIALISATIONS:
            raise UnknownName("initialisation", self.initialisation, INITIALISATIONS)
        if self.optimiser not in OPTIMISERS:
            raise UnknownName("optimiser", self.optimiser, OPTIMISERS)
        require_count("n", self.n)
        require_positive("spread", self.spread)
        total = Mlp(self.widths).weight_count
        falling = all(a > b for a, b in zip(self.counts, self.counts[1:], strict=False))
        if not self.counts or not falling or not 0 < self.counts[-1] <= self.counts[0] <= total:
            raise InvalidArgument("counts", self.counts, f"give falling kept counts from 1 to {total}")
        if self.method == "IterativeMagnitude" and not set(self.counts) <= {*self.rounds, total}:
            raise InvalidArgument("rounds", self.rounds, "the rounds have to pass through every count")

    @property
    def recipe(self) -> Recipe:
        """Supermasks keep their random weights and zero biases; all others train every number."""
        popup = self.method == "EdgePopup"
        start = SignedConstant(SUPERMASK_SCALE) if popup else INITIALISATIONS[self.initialisation]
        biases = frozenset(f"b{i + 1}" for i in range(len(self.widths) - 1))
        return Recipe(
            loss="cross_entropy",
            initialisation=start,
            frozen=biases if popup else frozenset(),
            optimiser=OPTIMISERS[self.optimiser],
            learning_rate=self.learning_rate,
            steps=self.steps,
            stop_at=None,
        )


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the seed."""
    return tuple(sorted((name, str(v)) for name, v in config.items() if name != "seed"))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [MemorisationConfig.of(c) for c in configs]
    first, seeds = cells[0], [cell.seed for cell in cells]
    data = problems(first, seeds)
    arch = Mlp(first.widths)
    names = tuple(f"memorisation {seed}" for seed in seeds)
    start = initial_stack(arch, names, first.recipe.initialisation)
    maskable = tuple(f"W{i + 1}" for i in range(arch.layers))
    counts = (first.counts[0],) * len(seeds)
    session = Session(start, data, first.recipe, names, counts, maskable)
    levels = dict(_trained(first, session))
    found = [_weighed(levels[count], data, first.n) for count in first.counts]
    return [
        {"kept": list(first.counts), **{name: [level[name][i] for level in found] for name in found[0]}}
        for i in range(len(seeds))
    ]


def problems(cell: MemorisationConfig, seeds: Sequence[int]) -> Batch:
    """A data set a seed: normal inputs, fair labels, nothing of it shared between methods but the seed."""
    drawn = [generator("data", f"memorisation {seed}") for seed in seeds]
    x = [cell.spread * rng.standard_normal((cell.n, cell.widths[0])) for rng in drawn]
    return batch(x, [np.where(rng.random(cell.n) < 0.5, -1.0, 1.0) for rng in drawn])


def _trained(cell: MemorisationConfig, session: Session) -> list[tuple[int, Stack]]:
    """The trained networks at each kept count."""
    if cell.method == "IterativeMagnitude":
        return _iterated(cell, session)
    pruner = {
        "SynFlow": SynFlow(1.0, rounds=cell.synflow_rounds),
        "Grasp": Grasp(1.0, temperature=cell.grasp_temperature),
        "Snip": Snip(1.0),
        "MagnitudeAfterTraining": MagnitudeAfterTraining(1.0, afterwards="rewind"),
        "Random": Random(1.0),
        "EdgePopup": EdgePopup(1.0),
    }[cell.method]
    if isinstance(pruner, EdgePopup):
        return [(k, pruner.run(replace(session, counts=(k,) * len(session.keys)))) for k in cell.counts]
    chosen = pruner.choose_at(session, cell.counts)
    return [
        (count, session.finish(session.start.with_masks(masks)))
        for count, masks in zip(cell.counts, chosen, strict=True)
    ]


def _iterated(cell: MemorisationConfig, session: Session) -> list[tuple[int, Stack]]:
    """Train, keep the largest weights of those left, rewind: the training at each count serves the next."""
    trained = session.finish(session.start)
    levels = [(session.maskable_total, trained)]
    for count in cell.rounds:
        scores = magnitude(trained, session.layer_numbers)
        masks = session.masks_from(scores, "global", (count,) * len(session.keys), trained)
        trained = session.finish((session.start if cell.rewind else trained).with_masks(masks))
        levels.append((count, trained))
    return levels


def _weighed(stack: Stack, data: Batch, n: int) -> dict[str, list[Any]]:
    """What each trained network remembers, as trained and on grids of a few bits."""
    alive = torch.stack([m.flatten(1).sum(1) for m in effective(stack.masks)]).sum(0)
    told = _remembered(stack, data, n)
    for bits in BITS:
        coarse = _remembered(_rounded(stack, bits), data, n)
        told |= {f"{name}_{bits}": values for name, values in coarse.items()}
    return {**told, "effective": alive.tolist(), "numbers": needed_numbers(stack.masks).tolist()}


def needed_numbers(masks: Sequence[torch.Tensor]) -> torch.Tensor:
    """Numbers that the outputs can depend on: weights and biases with a kept path to an output, (nets,).

    A unit without inputs still hands on its bias.
    """
    heard = torch.ones_like(masks[-1][:, :, 0])
    total = torch.zeros(len(masks[0]), dtype=torch.long)
    for mask in reversed(masks):
        used = mask & heard[:, :, None]
        total += used.flatten(1).sum(1) + heard.sum(1)
        heard = used.any(dim=1)
    return total


def _remembered(stack: Stack, data: Batch, n: int) -> dict[str, list[int]]:
    """Points with loss below the mark, points as surely wrong, and points with the wrong sign or none."""
    double = replace(
        stack,
        weights=tuple(w.double() for w in stack.weights),
        biases=tuple(b.double() for b in stack.biases),
    )
    x = data.columns[:, :, :n].transpose(1, 2).double()
    outputs = double.forward(x)
    margin = (outputs[..., 1] - outputs[..., 0]) * data.labels[:, :n].double()
    sure = -math.log(math.expm1(MEMORISED))  # log(1 + exp(-margin)) = (log 2)/10
    return {
        "memorised": (margin > sure).sum(1).tolist(),
        "wrong": (margin < -sure).sum(1).tolist(),
        "errors": (margin <= 0.0).sum(1).tolist(),
    }


def _rounded(stack: Stack, bits: int) -> Stack:
    """Every kept weight and bias on the grid of `bits` bits over +-2^LARGEST, fixed before the data."""
    scale = torch.tensor(2.0 ** (LARGEST + 1 - bits), dtype=stack.weights[0].dtype)

    def on_grid(values: torch.Tensor) -> torch.Tensor:
        return level_value(level_index(values, scale, bits), scale, bits)

    weights = [on_grid(w).masked_fill(~m, 0.0) for w, m in zip(stack.weights, stack.masks, strict=True)]
    return replace(stack, weights=tuple(weights), biases=tuple(on_grid(b) for b in stack.biases))


def iterates(total: int, share_numerator: int, share_denominator: int, smallest: int) -> tuple[int, ...]:
    """floor(share * K) again and again from `total`, down to `smallest`."""
    whole("smallest", smallest, 1)
    counts = [total]
    while (following := counts[-1] * share_numerator // share_denominator) >= smallest:
        counts.append(following)
    return tuple(counts[1:])
