"""Minibatch descent of many normalised networks at once, each on samples and in an order of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from ..data.checks import require_count, require_positive
from ..errors import InvalidArgument, ShapeMismatch
from ..seeds import generator
from .initialise import Key
from .normalised import NormalisedGradients, NormalisedStack

# Networks that step together at most, and what their number is filled up to a multiple of, by repeating the
# last. With hidden widths that are multiples of 8 and batches of 16 a network's bits then do not depend on
# its companions or its place; other sizes are rounded as their place in vector registers has it.
TOGETHER, LANES = 32, 8


@dataclass(frozen=True)
class Descent:
    """Stochastic gradient descent with momentum, at a rate that falls in a line from the first step to 0.

    steps : length of the whole schedule; a training may begin or end inside it
    Raises InvalidArgument.
    """

    steps: int = 500
    batch_size: int = 80
    learning_rate: float = 0.05
    momentum: float = 0.9

    def __post_init__(self) -> None:
        require_count("steps", self.steps, 0)
        require_count("batch_size", self.batch_size)
        require_positive("learning_rate", self.learning_rate)
        if not 0.0 <= self.momentum < 1.0:
            raise InvalidArgument("momentum", self.momentum, "give a number in [0, 1)")

    def rate(self, step: int) -> float:
        """Learning rate of a step, the first being 0."""
        return self.learning_rate * (1.0 - step / self.steps)


@dataclass(frozen=True, eq=False)
class Pool:
    """Data sets of equal size that networks read from.

    rows   : (sets, samples, inputs)
    labels : (sets, samples), classes 0, 1, ...
    """

    rows: Float[Tensor, "sets samples inputs"]
    labels: Float[Tensor, "sets samples"]

    def columns(self, chosen: Sequence[int]) -> Float[Tensor, "chosen inputs samples"]:
        """Samples in columns of some of the sets."""
        return self.rows[list(chosen)].transpose(1, 2)


@dataclass(frozen=True, eq=False)
class Reading:
    """What a network reads: a set of the pool, places in it, and the key of the order.

    places : rows of the set that it knows; None for all
    """

    data: int
    order: Key
    places: Int[np.ndarray, " places"] | None = None

    def sequence(self, samples: int, length: int) -> np.ndarray:
        """The first `length` rows it reads: all it knows in random order, then anew."""
        known = np.arange(samples) if self.places is None else self.places
        turns = -(-length // len(known))
        order = generator("order", self.order).permuted(np.tile(known, (turns, 1)), axis=1)
        return np.asarray(order.ravel()[:length])


def descend(
    start: NormalisedStack,
    pool: Pool,
    readings: Sequence[Reading],
    plan: Descent,
    masks: Bool[Tensor, "nets weights"] | None = None,
    first: int = 0,
    last: int | None = None,
) -> NormalisedStack:
    """The networks after the steps first, ..., last - 1 of the schedule (by default, to its end).

    Momentum starts at 0, and the order of reading at its beginning. What is masked is 0 throughout.
    Batches are always full: one that an epoch ends in goes on into the next.
    Raises ShapeMismatch or InvalidArgument.
    """
    steps = range(first, plan.steps if last is None else last)
    if not 0 <= first <= steps.stop <= plan.steps:
        raise InvalidArgument("first, last", (first, last), f"the schedule has {plan.steps} steps")
    if len(readings) != len(start):
        raise ShapeMismatch("readings", len(readings), f"give one for each of {len(start)} networks")
    kept = torch.ones_like(start.weights, dtype=torch.bool) if masks is None else masks
    if kept.shape != start.weights.shape:
        raise ShapeMismatch("masks", tuple(kept.shape), f"give {tuple(start.weights.shape)}")
    found = [
        _chunk(start, pool, readings, plan, kept, list(range(at, min(at + TOGETHER, len(start)))), steps)
        for at in range(0, len(start), TOGETHER)
    ]
    return replace(start, values=torch.cat(found) if found else start.values)


def _chunk(
    start: NormalisedStack,
    pool: Pool,
    readings: Sequence[Reading],
    plan: Descent,
    kept: Tensor,
    places: list[int],
    steps: range,
) -> Tensor:
    filled = places + places[-1:] * (-len(places) % LANES)
    samples, length = pool.rows.shape[1], len(steps) * plan.batch_size
    order = {i: readings[i].sequence(samples, length) for i in places}
    index = torch.as_tensor(np.stack([order[i] for i in filled]))
    index = index.view(len(filled), len(steps), plan.batch_size)
    data = torch.tensor([readings[i].data for i in filled])[:, None]
    values = start.values[filled].clone()
    hidden = ~kept[filled]
    some = bool(hidden.any())
    values[:, : kept.shape[1]].masked_fill_(hidden, 0.0)
    gradients = NormalisedGradients(start.arch, plan.batch_size, values)
    speed = torch.zeros_like(values)
    for number, step in enumerate(steps):
        rows = index[:, number]
        found = gradients(values, pool.rows[data, rows].transpose(1, 2), pool.labels[data, rows])
        if some:
            found[:, : kept.shape[1]].masked_fill_(hidden, 0.0)
        speed.mul_(plan.momentum).add_(found)
        values.sub_(speed, alpha=plan.rate(step))
    return values[: len(places)]
