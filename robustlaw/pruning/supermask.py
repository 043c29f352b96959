"""Supermasks: weights frozen at their random values, only the mask is learned.

Edge-popup (Ramanujan et al. 2020): every entry has a score s; the forward pass uses the K
largest |s| of each layer; the gradient reaches |s| as if the mask were the identity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
import torch
from torch import Tensor

from ..errors import InfeasibleDensity
from ..networks import Dependence, Stack
from ..networks.parametrise import Parametrisation, check_frozen
from ..seeds import generator
from .base import Pruner, Session
from .densities import erdos_renyi, random_places
from .selection import check_density, kept_count, layer_counts


@dataclass(frozen=True)
class EdgePopup(Pruner):
    """Learn which of the frozen weights to keep; the kept count of each layer is fixed beforehand.

    source : density of an Erdos-Renyi random mask, drawn before, that the kept entries lie in;
             1 leaves all weights to choose from
    The recipe trains the scores; its frozen tensors and penalty mean what they always mean,
    and its rounding does not apply: frozen weights are not coded.
    """

    source: float = 1.0
    dependence: ClassVar[Dependence] = Dependence.TRAINING
    why_no_biases: ClassVar[str] = "it masks what is frozen at random values, and the biases are trained"

    def __post_init__(self) -> None:
        super().__post_init__()
        check_density(self.source)

    def choose(self, session: Session) -> list[Tensor]:
        return self.run(session).entry_masks

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...]:
        return tuple(layer_counts(self.candidates(shapes), count).tolist())

    def candidates(self, shapes: Sequence[tuple[int, int]]) -> np.ndarray:
        """Entries of each layer that may be kept."""
        total = sum(out * into for out, into in shapes)
        return erdos_renyi(shapes, kept_count(self.source, total))

    def run(self, session: Session) -> Stack:
        plain = replace(session, recipe=replace(session.recipe, straight_through=None))
        trained = plain.finish_with(session.start, _Popup(plain, self))
        return replace(trained, frozen=trained.frozen | frozenset(session.maskable))


class _Popup(Parametrisation):
    """Scores of the maskable tensors are the leaves; everything else of the recipe stays trainable."""

    def __init__(self, session: Session, pruner: EdgePopup) -> None:
        check_frozen(session.start, session.recipe)
        self._stack = session.start
        self._layers = session.layer_numbers
        shapes = [session.start.arch.shapes[i] for i in self._layers]
        caps = np.array([a * b for a, b in shapes])
        room = pruner.candidates(shapes)
        if max(session.counts) > room.sum():
            raise InfeasibleDensity(
                "source", pruner.source, f"it has no room for {max(session.counts)} entries"
            )
        counts = [layer_counts(room, k) for k in session.counts]
        self._counts = torch.as_tensor(np.stack(counts), device=session.start.weights[0].device)
        source = random_places(session, np.stack([room] * len(counts)), "source")
        self._candidates = [source[layer] for layer in self._layers]
        self._shuffles = [
            torch.as_tensor(np.stack([generator("tie", k, name).permutation(n) for k in session.keys])).to(
                self._counts.device
            )
            for name, n in zip(session.maskable, caps, strict=True)
        ]
        trained = {k: v for k, v in session.start.tensors.items() if k not in session.recipe.frozen}
        draws = {
            name: np.stack([generator("scores", key, name).uniform(0.0, 1.0, s) for key in session.keys])
            / np.sqrt(s[1])
            for name, s in zip(session.maskable, shapes, strict=True)
        }
        self.leaves = {k: v.detach().clone() for k, v in trained.items() if k not in draws}
        self.leaves |= {k: torch.as_tensor(v).to(session.start.weights[0]) for k, v in draws.items()}
        for leaf in self.leaves.values():
            leaf.requires_grad_()

    def _mask(self, place: int) -> Tensor:
        """Exactly the top K of |score| in each network; ties are broken in the seeded order."""
        scores = self.leaves[f"W{self._layers[place] + 1}"].detach()
        shuffle = self._shuffles[place]
        sizes = scores.abs().masked_fill(~self._candidates[place], -1.0)
        order = sizes.flatten(1).gather(1, shuffle).argsort(dim=1, descending=True, stable=True)
        rank = torch.empty_like(order)
        places = torch.arange(order.shape[1], device=order.device).expand_as(order)
        rank.scatter_(1, shuffle.gather(1, order), places)
        return (rank < self._counts[:, place, None]).view_as(scores)

    def weights(self) -> list[Tensor]:
        values = [self.leaves.get(f"W{i + 1}", w) for i, w in enumerate(self._stack.weights)]
        for place, layer in enumerate(self._layers):
            frozen = self._stack.weights[layer]
            scores = self.leaves[f"W{layer + 1}"]
            through = frozen * scores.abs()
            masked = frozen.masked_fill(~self._mask(place), 0.0)
            values[layer] = masked + (through - through.detach())
        return values

    def biases(self) -> list[Tensor]:
        return [self.leaves.get(f"b{i + 1}", b) for i, b in enumerate(self._stack.biases)]

    def masks(self) -> list[Tensor]:
        masks = list(self._stack.masks)
        for place, layer in enumerate(self._layers):
            masks[layer] = self._mask(place)
        return masks

    def take(self, places: Sequence[int]) -> _Popup:
        rest: Any = object.__new__(_Popup)
        index = torch.as_tensor(places, dtype=torch.long, device=self._counts.device)
        rest._stack, rest._layers = self._stack.take(places), self._layers
        rest._counts = self._counts[index]
        rest._shuffles = [s[index] for s in self._shuffles]
        rest._candidates = [c[index] for c in self._candidates]
        rest.leaves = {k: v.detach()[index].clone().requires_grad_() for k, v in self.leaves.items()}
        return rest  # type: ignore[no-any-return]
