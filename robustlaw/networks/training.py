"""Full-batch training of a stack: each network stops on its own, and ignores its neighbours.

The stack is padded to a multiple of recipe.lanes networks with copies of its last member, so
that every batched kernel sees full registers and a network's result is the same bits whatever
its companions are (a property of the torch build; the tests check it).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch
from ..seeds import generator
from .losses import Batch, check_loss, stack_loss
from .parametrise import Masked, Parametrisation
from .penalty import FreePatternPenalty
from .recipe import Recipe
from .stack import Stack, forward


def fit(
    stack: Stack,
    data: Batch,
    recipe: Recipe,
    parametrisation: Parametrisation | None = None,
    *,
    first_step: int = 0,
    last_step: int | None = None,
) -> Stack:
    """Train every network of the stack on its data.

    data            : shared, or one data set a network
    parametrisation : what is trained; by default the weights under the stack's masks
    first_step      : where the schedule starts; last_step: where it ends, by default the recipe's
    Returns the trained stack; `facts` gains steps, loss and converged for each network. A
    network that misses `stop_at` is a result like any other (converged False).
    Raises ShapeMismatch, UnknownName (a frozen tensor that does not exist), InvalidArgument (no
    step or nothing to train, labels the loss is not for) or MissingCapability (the penalty, or
    rounding from initial values that are not there).
    """
    if data.copies not in (1, len(stack)):
        raise ShapeMismatch(
            "data", data.copies, f"give one data set, or one for each of {len(stack)} networks"
        )
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    steps = range(first_step, recipe.steps if last_step is None else last_step)
    if first_step < 0 or not steps:
        raise InvalidArgument("first_step", (first_step, steps.stop), "the schedule has no step to train")
    nets = len(stack)
    padded = lanes_filled(range(nets), recipe.lanes)
    model = (parametrisation or Masked(stack, recipe)).take(padded)
    run = _Run(stack.take(padded), data.take(padded), recipe, model)
    return run.over(steps, nets, stack)


def lanes_filled(places: Sequence[int], lanes: int) -> list[int]:
    """`places`, the last one repeated up to a multiple of `lanes`."""
    return [*places, *[places[-1]] * (-len(places) % lanes)]


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
    return value.masked_fill(~stack.masks[int(name[1:]) - 1], 0.0) if name[0] == "W" else value


class _Run:
    """One training run; `alive` are the places of the padded stack still in training."""

    def __init__(self, stack: Stack, data: Batch, recipe: Recipe, model: Parametrisation) -> None:
        self.arch, self.data, self.recipe, self.model = stack.arch, data, recipe, model
        self.alive = list(range(len(stack)))
        self.optimiser = _optimiser(recipe, list(model.leaves.values()))
        start = generator("probe", "fgl").normal(size=(1, stack.arch.widths[0]))
        direction = torch.as_tensor(start).to(stack.weights[0]).expand(len(stack), -1)
        self.penalty = (
            None if recipe.penalty is None else FreePatternPenalty(self.arch, recipe.penalty, direction)
        )
        self.saved: dict[int, tuple[list[Tensor], list[Tensor], list[Tensor], int, float]] = {}

    def loss(self, weights: Sequence[Tensor]) -> Tensor:
        outputs = forward(self.arch, weights, self.model.biases(), self.data.columns)
        return stack_loss(self.recipe.loss, outputs, self.data)

    def step(self, number: int) -> None:
        for group in self.optimiser.param_groups:
            group["lr"] = self.recipe.rate(number)
        self.optimiser.zero_grad(set_to_none=True)
        self.model.before_step(number)
        weights = self.model.weights()
        loss = self.loss(weights)
        if self.penalty is not None:
            loss = loss + self.penalty(weights)
        loss.sum().backward()  # type: ignore[no-untyped-call]
        self.model.after_backward()
        self.forget(self.model.forgotten())
        self.optimiser.step()
        self.model.after_step()

    @torch.no_grad()
    def forget(self, entries: Mapping[str, Tensor]) -> None:
        """Set the optimiser's moments of these entries back to 0."""
        for name, fresh in entries.items():
            for moment in self.optimiser.state[self.model.leaves[name]].values():
                if isinstance(moment, Tensor) and moment.dim() > 0:
                    moment.masked_fill_(fresh, 0.0)

    def over(self, steps: range, nets: int, stack: Stack) -> Stack:
        for number in steps:
            self.step(number)
            last = number + 1 == steps.stop
            due = self.recipe.stop_at is not None and (number + 1) % self.recipe.check_every == 0
            due = due and self.model.may_stop(number + 1)
            if (last or due) and self.save_finished(number + 1, last):
                break
        return self.collect(nets, stack)

    @torch.no_grad()
    def save_finished(self, steps: int, last: bool) -> bool:
        """Snapshot what is done, drop it if that halves the work; True when nothing is left."""
        losses = self.loss(self.model.weights()).cpu().numpy()
        target = -np.inf if self.recipe.stop_at is None else self.recipe.stop_at
        weights, biases, masks = self.model.weights(), self.model.biases(), self.model.masks()
        for here, place in enumerate(self.alive):
            if place not in self.saved and (last or losses[here] <= target):
                parts = [[t[here].detach().clone() for t in group] for group in (weights, biases, masks)]
                self.saved[place] = (parts[0], parts[1], parts[2], steps, float(losses[here]))
        open_places = [i for i, place in enumerate(self.alive) if place not in self.saved]
        if open_places and 2 * len(open_places) <= len(self.alive) - self.recipe.lanes:
            self.compact(open_places)
        return not open_places

    def compact(self, keep: list[int]) -> None:
        """Go on with the networks at `keep` (padded), optimiser moments included."""
        places = lanes_filled(keep, self.recipe.lanes)
        state = self.optimiser.state_dict()
        old = list(self.model.leaves.values())
        self.model = self.model.take(places)
        index = torch.as_tensor(places, dtype=torch.long, device=old[0].device)
        for moments in state["state"].values():
            for name, value in moments.items():
                if isinstance(value, Tensor) and value.dim() > 0:
                    moments[name] = value[index].clone()
        self.optimiser = _optimiser(self.recipe, list(self.model.leaves.values()))
        self.optimiser.load_state_dict(state)
        self.data = self.data.take(places)
        if self.penalty is not None:
            self.penalty.take(places)
        self.alive = [self.alive[i] for i in places]

    def collect(self, nets: int, stack: Stack) -> Stack:
        done = [self.saved[place] for place in range(nets)]
        layers = range(self.arch.layers)
        target = -np.inf if self.recipe.stop_at is None else self.recipe.stop_at
        old = stack.facts or ({},) * nets
        facts = tuple(
            {**before, "steps": steps, "loss": loss, "converged": bool(loss <= target)}
            for before, (_, _, _, steps, loss) in zip(old, done, strict=True)
        )
        return replace(
            stack,
            weights=tuple(torch.stack([d[0][i] for d in done]) for i in layers),
            biases=tuple(torch.stack([d[1][i] for d in done]) for i in layers),
            masks=tuple(torch.stack([d[2][i] for d in done]) for i in layers),
            frozen=_never_trained(stack, self.recipe),
            facts=facts,
        )


def _optimiser(recipe: Recipe, leaves: list[Tensor]) -> torch.optim.Optimizer:
    if not leaves:
        raise InvalidArgument("frozen", sorted(recipe.frozen), "leave at least one tensor to train")
    if recipe.optimiser == "sgd":
        return torch.optim.SGD(leaves, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
    kind = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW
    return kind(leaves, lr=recipe.learning_rate, weight_decay=recipe.weight_decay, fused=True)
