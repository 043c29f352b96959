"""What the optimiser moves, and the weights it stands for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import MissingCapability, UnknownName
from .grid import round_to_grid
from .recipe import Recipe, StraightThrough
from .stack import Stack


class Parametrisation(ABC):
    """Leaves of a stack, batched over networks along their first axis."""

    leaves: dict[str, Tensor]

    @abstractmethod
    def weights(self) -> list[Tensor]:
        """Effective weights, differentiable in the leaves."""

    @abstractmethod
    def biases(self) -> list[Tensor]:
        """Effective biases, differentiable in the leaves."""

    @abstractmethod
    def masks(self) -> list[Tensor]:
        """Kept entries at this moment."""

    def before_step(self, number: int) -> None:  # noqa: B027 - most leaves need nothing here
        """Called before the forward pass of step `number`."""

    def after_backward(self) -> None:  # noqa: B027
        """Called between backward pass and optimiser step."""

    def after_step(self) -> None:  # noqa: B027
        """Called after every optimiser step."""

    def forgotten(self) -> Mapping[str, Tensor]:
        """Entries of leaves, True where the optimiser starts anew: asked once a step, before it moves."""
        return {}

    def may_stop(self, steps: int) -> bool:
        """False after `steps` steps if the masks are not yet what they have to be."""
        del steps
        return True

    @abstractmethod
    def take(self, places: Sequence[int]) -> Parametrisation:
        """The networks at `places`, with fresh leaves of the same values."""


def check_frozen(stack: Stack, recipe: Recipe) -> None:
    """Raises UnknownName if the recipe freezes a tensor that does not exist."""
    for name in recipe.frozen - stack.tensors.keys():
        raise UnknownName("frozen", name, stack.tensors)


class Masked(Parametrisation):
    """Weights under fixed masks, optionally rounded straight-through; off-mask entries stay +0."""

    def __init__(self, stack: Stack, recipe: Recipe) -> None:
        names = stack.tensors
        check_frozen(stack, recipe)
        if recipe.straight_through and recipe.straight_through.start == "initial" and stack.initial is None:
            raise MissingCapability(
                "rounding the change since initialisation needs the initial values, which the stack does "
                "not carry; use Stack.starting_here or StraightThrough(start='zero')"
            )
        self._stack, self._recipe = stack, recipe
        self.leaves = {
            k: v.detach().clone().requires_grad_() for k, v in names.items() if k not in recipe.frozen
        }

    def _value(self, name: str) -> Tensor:
        return self.leaves[name] if name in self.leaves else self._stack.tensors[name]

    def weights(self) -> list[Tensor]:
        names = [f"W{i + 1}" for i in range(self._stack.arch.layers)]
        values = [self._value(n) for n in names]
        rounding = self._recipe.straight_through
        if rounding is None:
            return values
        return [
            self._rounded(n, w, m, rounding) if n in self.leaves else w
            for n, w, m in zip(names, values, self._stack.masks, strict=True)
        ]

    def _rounded(self, name: str, weight: Tensor, mask: Tensor, rounding: StraightThrough) -> Tensor:
        if rounding.start == "zero":
            return round_to_grid(weight, mask, rounding.bits)
        assert self._stack.initial is not None
        origin = self._stack.initial[name].masked_fill(~mask, 0.0)
        return origin + round_to_grid(weight - origin, mask, rounding.bits)

    def biases(self) -> list[Tensor]:
        return [self._value(f"b{i + 1}") for i in range(self._stack.arch.layers)]

    def masks(self) -> list[Tensor]:
        return list(self._stack.masks)

    def after_backward(self) -> None:
        self._clear([leaf.grad for leaf in self._masked_leaves() if leaf.grad is not None])

    def after_step(self) -> None:
        with torch.no_grad():
            self._clear(self._masked_leaves())

    def _masked_leaves(self) -> list[Tensor]:
        return [leaf for name, leaf in self.leaves.items() if name[0] == "W"]

    def _clear(self, tensors: Sequence[Tensor]) -> None:
        kept = [self._stack.masks[int(name[1:]) - 1] for name in self.leaves if name[0] == "W"]
        for tensor, mask in zip(tensors, kept, strict=True):
            tensor.masked_fill_(~mask, 0.0)

    def remask(self, masks: Sequence[Tensor]) -> None:
        """Other masks from now on; what falls off them becomes exactly 0."""
        self._stack = self._stack.with_masks(masks)
        self.after_step()

    def take(self, places: Sequence[int]) -> Masked:
        rest = Masked(self._stack.take(places), self._recipe)
        index = torch.as_tensor(places, dtype=torch.long, device=self._stack.weights[0].device)
        rest.leaves = {k: v.detach()[index].clone().requires_grad_() for k, v in self.leaves.items()}
        return rest
