"""The leaves of a parametrisation as parts of one tensor, so that one optimiser call moves them all."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from ..errors import InvalidArgument
from .recipe import Recipe


class Packed:
    """Leaves and their gradients become views of `values` and `values.grad`; the optimiser's state too.

    Each leaf is one block, networks along its first axis.
    """

    def __init__(self, leaves: Mapping[str, Tensor], recipe: Recipe) -> None:
        if not leaves:
            raise InvalidArgument("frozen", sorted(recipe.frozen), "leave at least one tensor to train")
        self._shapes = {name: leaf.shape for name, leaf in leaves.items()}
        self.values = torch.cat([leaf.detach().reshape(-1) for leaf in leaves.values()])
        self.values.grad = torch.zeros_like(self.values)
        self.gradients = self._views(self.values.grad)
        for name, view in self._views(self.values).items():
            leaves[name].data, leaves[name].grad = view, self.gradients[name]
        self.optimiser = _optimiser(recipe, self.values)

    def _views(self, flat: Tensor) -> dict[str, Tensor]:
        parts = torch.split(flat, [shape.numel() for shape in self._shapes.values()])
        return {
            name: part.view(shape) for (name, shape), part in zip(self._shapes.items(), parts, strict=True)
        }

    def clear_gradients(self) -> None:
        assert self.values.grad is not None
        self.values.grad.zero_()

    def step(self, rate: float) -> None:
        self.optimiser.param_groups[0]["lr"] = rate
        self.optimiser.step()

    @torch.no_grad()
    def forget(self, entries: Mapping[str, Tensor]) -> None:
        """Set the optimiser's moments of these entries of leaves back to 0."""
        if not entries:
            return
        for moment in self.optimiser.state[self.values].values():
            if isinstance(moment, Tensor) and moment.shape == self.values.shape:
                views = self._views(moment)
                for name, fresh in entries.items():
                    views[name].masked_fill_(fresh, 0.0)

    def state(self) -> dict[str, Tensor]:
        """Values and moments by name, networks along the first axis; "step" is the number of steps."""
        found = {f"value {name}": view for name, view in self._views(self.values).items()}
        for kind, moment in self.optimiser.state[self.values].items():
            if isinstance(moment, Tensor) and moment.shape == self.values.shape:
                found |= {f"{kind} {name}": view for name, view in self._views(moment).items()}
            elif isinstance(moment, Tensor):
                found[kind] = moment
        return found

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Go on from a `state`."""
        own: dict[str, Tensor] = {}
        for full, value in state.items():
            kind, _, name = full.partition(" ")
            if not name:
                own[kind] = value.clone()
                continue
            flat = self.values if kind == "value" else own.setdefault(kind, torch.zeros_like(self.values))
            self._views(flat)[name].copy_(value)
        self.optimiser.state[self.values].update(own)


def _optimiser(recipe: Recipe, values: Tensor) -> torch.optim.Optimizer:
    rate, decay = recipe.learning_rate, recipe.weight_decay
    if recipe.optimiser == "sgd":
        return torch.optim.SGD([values], lr=rate, weight_decay=decay, momentum=recipe.momentum, fused=True)
    kind = torch.optim.Adam if recipe.optimiser == "adam" else torch.optim.AdamW
    return kind([values], lr=rate, weight_decay=decay, fused=True)
