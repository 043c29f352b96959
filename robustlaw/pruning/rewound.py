"""Iterative magnitude pruning of normalised networks from a common rewind point (Frankle et al. 2020).

Each level trains what is kept from the rewind point on, keeps the whole part of four fifths of it by final
magnitude over all layers together, and goes back: weights, gains, shifts, momentum, schedule and order.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Bool
from torch import Tensor

from ..data.checks import whole
from ..errors import ShapeMismatch
from ..networks.initialise import Key
from ..networks.normalised import NormalisedStack
from ..networks.normalised_training import Descent, Pool, Reading, descend
from ..seeds import generator
from .selection import drawn, select_rows


@dataclass(frozen=True, eq=False)
class Level:
    """A level of iterative pruning: masks, how many weights each keeps, the networks trained under them."""

    number: int
    kept: int
    masks: Bool[Tensor, "nets weights"]
    trained: NormalisedStack


def fifths(total: int, levels: int) -> list[int]:
    """Kept counts of the levels 0, 1, ...: each keeps the whole part of four fifths of the last."""
    counts = [whole("total", total, 1)]
    for _ in range(whole("levels", levels)):
        counts.append(counts[-1] * 4 // 5)
    return counts


def rewound_levels(
    point: NormalisedStack,
    pool: Pool,
    readings: Sequence[Reading],
    plan: Descent,
    levels: int,
    keys: Sequence[Key],
    step: int = 0,
) -> Iterator[Level]:
    """Levels 0 (dense), ..., `levels`, one after the other: the last training of each is its ticket.

    step : the step of the schedule that `point` stands at
    keys : name each network's order of ties
    """
    if len(keys) != len(point):
        raise ShapeMismatch("keys", len(keys), f"give one for each of {len(point)} networks")
    masks = torch.ones_like(point.weights, dtype=torch.bool)
    counts = fifths(point.arch.weight_count, levels)
    for number, kept in enumerate(counts):
        trained = descend(point, pool, readings, plan, masks, step)
        yield Level(number, kept, masks, trained)
        if number < levels:
            masks = survivors(trained, masks, counts[number + 1], keys)


def survivors(
    trained: NormalisedStack, masks: Bool[Tensor, "nets weights"], kept: int, keys: Sequence[Key]
) -> Bool[Tensor, "nets weights"]:
    """The `kept` largest weights among those that are left, over all layers."""
    size = trained.weights.abs().double().numpy()

    def orders() -> np.ndarray:
        return drawn(keys, lambda key: generator("tie", key).permutation(size.shape[1]))

    return torch.as_tensor(select_rows(size, np.full(len(size), kept), orders, masks.numpy()))
