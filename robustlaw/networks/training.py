"""Training of a stack: each network stops on its own, and ignores its neighbours.

The stack is padded to a multiple of recipe.lanes networks with copies of its last member, so
that every batched kernel sees full registers and a network's result is the same bits whatever
its companions are (a property of the builds of torch and numpy; the tests check it). It is
trained in chunks, check by check, so that what a chunk needs stays in the processor's cache.
On an accelerator all networks go at once and only the random streams are independent by
construction: companions may change roundings, which a hundred float32 steps keep below 1e-4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor

from ..errors import InvalidArgument, MissingCapability, ShapeMismatch
from .chunk import Chunk, chunk_size
from .entries import parted_layers
from .homotopy import check_homotopy, fit_homotopy
from .losses import Batch, check_loss, stack_loss
from .parametrise import Masked, Parametrisation
from .recipe import Recipe
from .stack import Stack, forward
from .streams import Key


def fit(
    stack: Stack,
    data: Batch,
    recipe: Recipe,
    parametrisation: Parametrisation | None = None,
    *,
    first_step: int = 0,
    last_step: int | None = None,
    keys: Sequence[Key] | None = None,
) -> Stack:
    """Train every network of the stack on its data.

    data            : shared, or one data set a network
    parametrisation : what is trained; by default the weights under the stack's masks
    first_step      : where the schedule starts; last_step: where it ends, by default the recipe's
    keys            : name the random streams of training, by default the "seed" of the stack's facts
    Returns the trained stack; `facts` gains trainer, steps, loss and converged for each network. A
    network that misses `stop_at` and settles on no plateau is a result like any other (converged False).
    Raises ShapeMismatch, UnknownName (a frozen tensor that does not exist), InvalidArgument (no
    step or nothing to train, labels the loss is not for) or MissingCapability (the penalty, rounding
    from initial values that are not there, or random training of networks without a key).
    """
    if data.copies not in (1, len(stack)):
        raise ShapeMismatch(
            "data", data.copies, f"give one data set, or one for each of {len(stack)} networks"
        )
    if recipe.homotopy is not None:
        check_homotopy((first_step, last_step), parametrisation is not None)
        trained = fit_homotopy(stack, data, recipe)
        return replace(trained, frozen=_never_trained(stack, recipe))
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    steps = range(first_step, recipe.steps if last_step is None else last_step)
    if first_step < 0 or not steps:
        raise InvalidArgument("first_step", (first_step, steps.stop), "the schedule has no step to train")
    _require_full_precision(stack)
    model = parametrisation or Masked(stack, recipe)
    names = _keys(stack, keys) if recipe.draws else (0,) * len(stack)
    return _Run(stack, data, recipe, model, names).over(steps)


def _require_full_precision(stack: Stack) -> None:
    """Raises InvalidArgument where an accelerator was told to round the factors of products."""
    if stack.weights[0].device.type != "cpu" and torch.get_float32_matmul_precision() != "highest":
        raise InvalidArgument(
            "torch.get_float32_matmul_precision()",
            torch.get_float32_matmul_precision(),
            'call torch.set_float32_matmul_precision("highest"); TF32 products have 10 bits',
        )


def lanes_filled(places: Sequence[int], lanes: int) -> list[int]:
    """`places`, the last one repeated up to a multiple of `lanes`."""
    return [*places, *[places[-1]] * (-len(places) % lanes)]


def _keys(stack: Stack, keys: Sequence[Key] | None) -> tuple[Key, ...]:
    if keys is not None:
        if len(keys) != len(stack):
            raise ShapeMismatch("keys", len(keys), f"give one for each of {len(stack)} networks")
        return tuple(keys)
    seeds = tuple(fact["seed"] for fact in stack.facts if isinstance(fact.get("seed"), (int, str)))
    if len(seeds) != len(stack):
        raise MissingCapability(
            "batches and gradient noise are drawn from a key for each network, and these networks have no "
            "seed in their facts; give keys="
        )
    return seeds  # type: ignore[return-value]


def losses_of(stack: Stack, data: Batch, recipe: Recipe) -> list[float]:
    """The loss of each network as it is."""
    padded = lanes_filled(range(len(stack)), recipe.lanes)
    full, batch = stack.take(padded), data.take(padded)
    with torch.no_grad():
        losses = stack_loss(recipe.loss, forward(full.arch, full.weights, full.biases, batch.columns), batch)
    return [float(v) for v in losses[: len(stack)]]


def _never_trained(stack: Stack, recipe: Recipe) -> frozenset[str]:
    """Frozen tensors that training before this one has not moved either."""
    known = {
        name
        for name in recipe.frozen
        if stack.initial is not None and torch.equal(stack.tensors[name], _start(stack, name))
    }
    return (stack.frozen & recipe.frozen) | known


def _start(stack: Stack, name: str) -> Tensor:
    assert stack.initial is not None
    value = stack.initial[name]
    masks = stack.masks if name[0] == "W" else stack.bias_masks
    return value if masks is None else value.masked_fill(~masks[int(name[1:]) - 1], 0.0)


@dataclass(frozen=True)
class Calm:
    """A reading of a loss, and how many in a row have been close to the one before."""

    loss: float
    steps: int
    times: int = 0

    @classmethod
    def after(cls, before: Calm | None, loss: float, steps: int, change: float) -> Calm:
        quiet = before is not None and abs(loss - before.loss) < change
        return cls(loss, steps, before.times + 1 if before is not None and quiet else 0)


class _Run:
    """One training run; networks are known by their place in the stack."""

    def __init__(
        self, stack: Stack, data: Batch, recipe: Recipe, model: Parametrisation, keys: Sequence[Key]
    ) -> None:
        self.stack, self.data, self.recipe, self.model, self.keys = stack, data, recipe, model, keys
        self.target = -np.inf if recipe.stop_at is None else recipe.stop_at
        self.size = chunk_size(stack.arch, data, recipe)
        self.chunks = [self.chunk(places) for places in self.split(range(len(stack)))]
        self.saved: dict[int, tuple[list[list[Tensor]], int, float, bool]] = {}
        self.calm: dict[int, Calm] = {}

    def split(self, places: Sequence[int]) -> list[list[int]]:
        padded = lanes_filled(places, self.recipe.lanes)
        return [padded[i : i + self.size] for i in range(0, len(padded), self.size)]

    def chunk(self, places: list[int]) -> Chunk:
        keys = [self.keys[i] for i in places]
        return Chunk(
            places, self.stack.arch, self.model.take(places), self.data.take(places), self.recipe, keys
        )

    def over(self, steps: range) -> Stack:
        watched = self.recipe.stop_at is not None or self.recipe.plateau is not None
        every = self.recipe.check_every if watched else self.recipe.steps
        first = steps.start
        while first < steps.stop and self.chunks:
            last = min((first // every + 1) * every, steps.stop)
            for chunk in self.chunks:
                for number in range(first, last):
                    chunk.step(number)
            if last == steps.stop or watched:
                self.check(last, last == steps.stop)
            first = last
        return self.collect()

    def check(self, steps: int, last: bool) -> None:
        """Snapshot what is done, and go on with fewer chunks if that drops a quarter of the work."""
        for chunk in self.chunks:
            losses, tensors = chunk.read()
            for here, place in enumerate(chunk.places):
                if place in self.saved:
                    continue
                done = losses[here] <= self.target or self.settled(place, losses[here], steps)
                if last or (done and chunk.model.may_stop(steps)):
                    parts = [[t[here].detach().clone() for t in group] for group in tensors]
                    self.saved[place] = (parts, steps, losses[here], done)
        active = [(c, i) for c in self.chunks for i, place in enumerate(c.places) if place not in self.saved]
        first_of = {chunk.places[i]: (chunk, i) for chunk, i in reversed(active)}
        groups = self.split(sorted(first_of)) if first_of else []
        if 4 * sum(map(len, groups)) <= 3 * sum(len(c.places) for c in self.chunks):
            self.chunks = [self.regrouped(places, first_of) for places in groups]

    def settled(self, place: int, loss: float, steps: int) -> bool:
        """Whether the loss has come to the recipe's plateau; a padded network may ask twice."""
        if self.recipe.plateau is None:
            return False
        before = self.calm.get(place)
        if before is None or before.steps != steps:
            self.calm[place] = Calm.after(before, loss, steps, self.recipe.plateau.change)
        return self.calm[place].times >= self.recipe.plateau.times

    def regrouped(self, places: list[int], source: Mapping[int, tuple[Chunk, int]]) -> Chunk:
        """The networks at `places` in one chunk, as far as their chunks have come."""
        chunk = self.chunk(places)
        chunk.load([source[place][0].state_of(source[place][1]) for place in places])
        return chunk

    def collect(self) -> Stack:
        stack = self.stack
        done = [self.saved[place] for place in range(len(stack))]
        old = stack.facts or ({},) * len(stack)
        trainer = self.recipe.optimiser
        facts = tuple(
            {
                **before,
                "trainer": trainer,
                "steps": n,
                "loss": loss,
                "converged": converged,
            }
            for before, (_, n, loss, converged) in zip(old, done, strict=True)
        )
        weights, biases, masks = (
            tuple(torch.stack([d[0][group][i] for d in done]) for i in range(stack.arch.layers))
            for group in range(3)
        )
        frozen = _never_trained(stack, self.recipe)
        masks, bias_masks = parted_layers(masks, stack.arch.widths[:-1])
        return replace(
            stack,
            weights=weights,
            biases=biases,
            masks=masks,
            bias_masks=bias_masks or stack.bias_masks,
            frozen=frozen,
            facts=facts,
        )
