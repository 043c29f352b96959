"""What the optimiser moves, and the weights it stands for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from ..errors import InvalidArgument, MissingCapability, UnknownName
from .grid import round_to_grid
from .recipe import Recipe, StraightThrough
from .stack import Stack


class Parametrisation(ABC):
    """Leaves of a stack, batched over networks along their first axis."""

    leaves: dict[str, Tensor]
    # True where weights() are leaves or constants as they are, so that gradients need no recording.
    direct: bool = False

    @abstractmethod
    def weights(self) -> list[Tensor]:
        """Effective weights, differentiable in the leaves."""

    @abstractmethod
    def biases(self) -> list[Tensor]:
        """Effective biases, differentiable in the leaves."""

    @abstractmethod
    def masks(self) -> list[Tensor]:
        """Kept entries at this moment, as `Stack.entry_masks` has them."""

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

    def carried(self) -> dict[str, Tensor]:
        """What besides the leaves changes in training, networks along the first axis."""
        return {}

    def carry_on(self, carried: Mapping[str, Tensor]) -> None:  # noqa: B027
        """Go on with what the same networks `carried` elsewhere; the leaves are set already."""

    def project(self, radius: float) -> None:
        """Bring every network back to the ball of that norm. Raises MissingCapability."""
        raise MissingCapability(
            f"{type(self).__name__} has leaves that are not the weights, so radius={radius} has no meaning "
            "for it; use radius=None"
        )

    @abstractmethod
    def take(self, places: Sequence[int]) -> Parametrisation:
        """The networks at `places`, with fresh leaves of the same values."""


def check_frozen(stack: Stack, recipe: Recipe) -> None:
    """Raises UnknownName if the recipe freezes a tensor that does not exist."""
    for name in recipe.frozen - stack.tensors.keys():
        raise UnknownName("frozen", name, stack.tensors)


class Masked(Parametrisation):
    """Weights and biases under fixed masks, optionally rounded straight-through; off-mask entries stay +0."""

    def __init__(self, stack: Stack, recipe: Recipe) -> None:
        names = stack.tensors
        check_frozen(stack, recipe)
        if recipe.straight_through and recipe.straight_through.start == "initial" and stack.initial is None:
            raise MissingCapability(
                "rounding the change since initialisation needs the initial values, which the stack does "
                "not carry; use Stack.starting_here or StraightThrough(start='zero')"
            )
        self._stack, self._recipe = stack, recipe
        self.direct = recipe.straight_through is None
        self._kept = self._mask_bits()
        self.leaves = {
            k: v.detach().clone().requires_grad_() for k, v in names.items() if k not in recipe.frozen
        }
        if recipe.radius is not None:
            self._limit = self._room(recipe.radius)

    def _mask_bits(self) -> dict[str, Tensor]:
        """What clears entries off the masks, for tensors with any."""
        named = {f"W{i + 1}": m for i, m in enumerate(self._stack.masks)}
        named |= {f"b{i + 1}": m for i, m in enumerate(self._stack.bias_masks or ())}
        dtype = self._stack.weights[0].dtype
        return {name: _bits(m, dtype) for name, m in named.items() if not bool(m.all())}

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
        return self._stack.entry_masks

    def after_backward(self) -> None:
        self._clear({name: leaf.grad for name, leaf in self.leaves.items() if leaf.grad is not None})

    def after_step(self) -> None:
        self._clear(self.leaves)

    @torch.no_grad()
    def _clear(self, tensors: Mapping[str, Tensor]) -> None:
        """Make entries off the mask +0, whatever they are: NaN and -0 as well."""
        for name, bits in self._kept.items():
            if name in tensors:
                tensors[name].view(bits.dtype).bitwise_and_(bits)

    def _room(self, radius: float) -> Tensor:
        """Norm that the leaves may have beside the frozen tensors."""
        if not self.direct:
            super().project(radius)
        still = [v for k, v in self._stack.tensors.items() if k not in self.leaves]
        room = radius**2 - _squares(still, self._stack.weights[0])
        if not bool((room > 0.0).all()):
            raise InvalidArgument("radius", radius, "the frozen tensors alone are as large as that")
        # Four units for rounding the factor and the product, and one of float64 for each square summed.
        rounding = 4.0 * torch.finfo(self._stack.weights[0].dtype).eps
        rounding += self._stack.arch.parameter_count * torch.finfo(torch.float64).eps
        return room.sqrt() * (1.0 - rounding)

    @torch.no_grad()
    def project(self, radius: float) -> None:
        del radius  # known since the start
        leaves = list(self.leaves.values())
        norm = _squares(leaves, leaves[0]).sqrt()
        factor = torch.where(norm > self._limit, self._limit / norm, 1.0).to(leaves[0].dtype)
        for leaf in leaves:
            leaf *= factor.view(-1, *[1] * (leaf.dim() - 1))

    def remask(self, masks: Sequence[Tensor]) -> None:
        """Other masks from now on; what falls off them becomes exactly 0."""
        self._stack = self._stack.with_masks(masks)
        self._kept = self._mask_bits()
        self.after_step()

    def take(self, places: Sequence[int]) -> Masked:
        rest = Masked(self._stack.take(places), self._recipe)
        index = torch.as_tensor(places, dtype=torch.long, device=self._stack.weights[0].device)
        rest.leaves = {k: v.detach()[index].clone().requires_grad_() for k, v in self.leaves.items()}
        return rest


def _bits(mask: Tensor, dtype: torch.dtype) -> Tensor:
    """All bits of a kept entry and none of the others, as integers of the size of `dtype`."""
    kind = {2: torch.int16, 4: torch.int32, 8: torch.int64}[dtype.itemsize]
    return mask.to(kind).neg_()


def _squares(tensors: Sequence[Tensor], like: Tensor) -> Tensor:
    """Sum of squares of each network, in float64."""
    total = torch.zeros(like.shape[0], dtype=torch.float64, device=like.device)
    for tensor in tensors:
        total += tensor.double().square().flatten(1).sum(1)
    return total
