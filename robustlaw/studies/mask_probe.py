"""What masks alone know of label noise, measured on weights that never saw the data.

A config is one seed: x ~ N(0, Id), y = teacher(x) + z with fair signs z. Masks of several methods are
found from (x, y) at the kept counts of iterative pruning that drops a fifth a round, put on the initial
weights, and weighed by T = sum a_i z_i/|a|, with a the outputs less their mean. One dense training
serves magnitude pruning at all counts and the first round of iterative pruning.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ..data.checks import require_count, require_positive, whole
from ..errors import InvalidArgument
from ..information import probe_statistic
from ..networks import Mlp, Recipe, Stack
from ..networks.initialise import TorchDefault, initial_stack
from ..networks.losses import batch
from ..networks.stack import forward
from ..pruning.at_initialisation import Grasp, MagnitudeAtInit, Random, Snip
from ..pruning.base import ScorePruner, Session
from ..pruning.scores import magnitude
from ..seeds import generator
from .config import PlainConfig
from .noise_correlation import shuffled

NAME = "mask_probe"
VERSION = 1
chunk_size = 1
BEFORE_TRAINING: dict[str, ScorePruner] = {
    "Grasp": Grasp(1.0),
    "Snip": Snip(1.0),
    "Random": Random(1.0),
    "MagnitudeAtInit": MagnitudeAtInit(1.0),
}
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Shuffled", *BEFORE_TRAINING)


@dataclass(frozen=True)
class ProbeConfig(PlainConfig):
    """One seed.

    levels    : rounds after which masks are looked at, rising; other methods keep as many weights
    iterative : the last round of iterative pruning; at deeper levels it has no mask
    epochs    : full-batch steps of every training
    Raises InvalidArgument.
    """

    seed: int
    levels: tuple[int, ...] = (1, 2, 3, 4, 5)
    iterative: int = 5
    n: int = 1000
    widths: tuple[int, ...] = (50, 100, 100, 100, 100, 1)
    teacher: tuple[int, ...] = (50, 50, 50, 1)
    epochs: int = 100
    learning_rate: float = 1e-3

    def __post_init__(self) -> None:
        for name in ("iterative", "n", "epochs"):
            require_count(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate)
        for level in self.levels:
            whole("levels", level, 1)
        if not self.levels or list(self.levels) != sorted(set(self.levels)):
            raise InvalidArgument("levels", self.levels, "give rising round numbers, at least one")
        for name in ("widths", "teacher"):
            widths = Mlp(getattr(self, name)).widths
            if widths[0] != self.widths[0] or widths[-1] != 1:
                raise InvalidArgument(name, widths, f"give {self.widths[0]} inputs and one output")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Every seed is trained alone: such networks fill the processor by themselves."""
    return int(config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(ProbeConfig.of(c)) for c in configs]


def counts(total: int, levels: Sequence[int]) -> list[int]:
    """Kept weights after these rounds, each of which drops the whole part of a fifth."""
    left = [total]
    for _ in range(max(levels)):
        left.append(left[-1] - left[-1] // 5)
    return [left[level] for level in levels]


def _one(cell: ProbeConfig) -> dict[str, Any]:
    key, arch = f"mask probe {cell.seed}", Mlp(cell.widths)
    rng = generator("data", key)
    x = rng.standard_normal((cell.n, cell.widths[0]))
    teacher = initial_stack(Mlp(cell.teacher), [f"teacher {key}"], TorchDefault(), dtype=torch.float64)
    z = np.where(generator("noise", key).random(cell.n) < 0.5, -1.0, 1.0)
    y = teacher.forward(torch.as_tensor(x)[None])[0, :, 0].numpy() + z
    recipe = Recipe(
        initialisation=TorchDefault(),
        learning_rate=cell.learning_rate,
        steps=cell.epochs,
        stop_at=None,
        lanes=1,
    )
    start = initial_stack(arch, (key,), recipe.initialisation)
    maskable = tuple(f"W{i + 1}" for i in range(arch.layers))
    session = Session(start, batch([x], [y]), recipe, (key,), (arch.weight_count,), maskable)
    found = list(_masks(cell, session))
    outputs = masked_outputs(start, [masks for _, _, masks in found], x)
    statistic = probe_statistic(outputs, np.tile(z, (len(found), 1)))
    sizes = np.linalg.norm(outputs - outputs.mean(axis=1, keepdims=True), axis=1)
    arms = [
        {"method": method, "level": level, "kept": int(sum(int(m.sum()) for m in masks))}
        for method, level, masks in found
    ]
    measured = zip(arms, statistic.tolist(), sizes.tolist(), strict=True)
    return {
        "weights": arch.weight_count,
        "arms": [{**arm, "t": t, "x": t * size / cell.n} for arm, t, size in measured],
    }


def _masks(cell: ProbeConfig, session: Session) -> Iterator[tuple[str, int, Sequence[torch.Tensor]]]:
    """(method, level, masks of a single network), one after the other."""
    kept = counts(session.maskable_total, cell.levels)
    dense = session.search(session.start)
    largest = magnitude(dense, session.layer_numbers)
    for level, count in zip(cell.levels, kept, strict=True):
        yield "MagnitudeAfterTraining", level, session.masks_from(largest, "global", (count,))
    for method, pruner in BEFORE_TRAINING.items():
        for level, masks in zip(cell.levels, pruner.choose_at(session, kept), strict=True):
            yield method, level, masks
    for level, masks in _rounds(cell, session, dense):
        if level in cell.levels:
            yield "IterativeMagnitude", level, masks
            yield "Shuffled", level, shuffled(masks, cell.seed, level)


def _rounds(cell: ProbeConfig, session: Session, dense: Stack) -> Iterator[tuple[int, list[torch.Tensor]]]:
    """Masks of iterative pruning with rewinding, round after round."""
    last = min(cell.iterative, cell.levels[-1])
    trained, plan = dense, counts(session.maskable_total, range(1, last + 1))
    for number, count in enumerate(plan, 1):
        scores = magnitude(trained, session.layer_numbers)
        masks = session.masks_from(scores, "global", (count,), trained)
        yield number, masks
        if number < last:
            trained = session.search(session.start.with_masks(masks))


def masked_outputs(start: Stack, masks: Sequence[Sequence[torch.Tensor]], x: np.ndarray) -> np.ndarray:
    """Outputs (masks, samples) of one initial network under many masks, in float64."""
    layers = range(start.arch.layers)
    stacked = [torch.cat([one[i] for one in masks]) for i in layers]
    weights = [start.weights[i].double() * stacked[i] for i in layers]
    biases = [b.double().expand(len(masks), -1) for b in start.biases]
    columns = torch.as_tensor(x.T.copy())[None]
    return np.asarray(forward(start.arch, weights, biases, columns)[:, 0].numpy())
