"""Masks that change while the networks train: the leaves, and who decides when and how."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..errors import InvalidArgument
from ..networks.entries import entries_of, parted
from ..networks.parametrise import Masked, Parametrisation
from .base import Session

Arrays = list[np.ndarray]


class Rule(ABC):
    """Decides the masks of a stack; everything it sees is float64 on the CPU, (nets, out, in)."""

    needs_gradients: bool = False

    @abstractmethod
    def due(self, step: int) -> bool:
        """Whether the masks change at this step."""

    @abstractmethod
    def update(self, step: int, weights: Arrays, gradients: Arrays, masks: Arrays) -> tuple[Arrays, Arrays]:
        """New masks of the maskable tensors, and the weights from which they cut.

        Where biases are maskable, they are the last column of their layer.
        gradients : dense, with respect to the effective weights; empty unless needed
        """

    def settled(self, steps: int) -> bool:
        """Whether a network may stop after so many steps."""
        del steps
        return True

    def carried(self) -> dict[str, Tensor]:
        """What changes in training beside the masks, networks along the first axis."""
        return {}

    def carry_on(self, carried: Mapping[str, Tensor]) -> None:  # noqa: B027 - most rules carry nothing
        """Go on with what the same networks `carried` elsewhere."""

    @abstractmethod
    def take(self, places: Sequence[int]) -> Rule:
        """The rule for the networks at `places`."""


class MovingMasks(Parametrisation):
    """Weights that are exactly 0 off masks which a rule moves; moments off the masks are forgotten.

    Rules on weights act before the forward pass. Rules on gradients act between backward pass and
    optimiser step, on the dense gradient of that pass, and the step moves what has just grown.
    """

    def __init__(self, session: Session, rule: Rule, masks: Sequence[Tensor]) -> None:
        for name in session.maskable:
            if name in session.recipe.frozen:
                raise InvalidArgument("frozen", name, "a mask that changes in training needs it trained")
        self._inner, self._rule = Masked(session.start.with_masks(masks), session.recipe), rule
        self._pairs = [(w, b if (b := f"b{w[1:]}") in session.biases else None) for w in session.maskable]
        self._step, self._moved = 0, False
        self.leaves, self.direct = self._inner.leaves, self._inner.direct

    def weights(self) -> list[Tensor]:
        return self._inner.weights()

    def biases(self) -> list[Tensor]:
        return self._inner.biases()

    def masks(self) -> list[Tensor]:
        return self._inner.masks()

    def before_step(self, number: int) -> None:
        self._step, self._moved = number, False
        if not self._rule.needs_gradients:
            self._move()

    def after_backward(self) -> None:
        if self._rule.needs_gradients:
            self._move()
        self._inner.after_backward()

    def forgotten(self) -> Mapping[str, Tensor]:
        if not self._moved:
            return {}
        masks, found = self._inner.masks(), {}
        for weights, biases in self._pairs:
            off = ~masks[int(weights[1:]) - 1]
            inputs = self.leaves[weights].shape[2]
            found[weights] = off[:, :, :inputs]
            if biases is not None:
                found[biases] = off[:, :, inputs]
        return found

    def after_step(self) -> None:
        self._inner.after_step()

    def may_stop(self, steps: int) -> bool:
        return self._rule.settled(steps)

    def carried(self) -> dict[str, Tensor]:
        """The masks as they are now, and what the rule keeps."""
        return {f"mask {i}": mask for i, mask in enumerate(self._inner.masks())} | self._rule.carried()

    def carry_on(self, carried: Mapping[str, Tensor]) -> None:
        self._inner.remask([carried[f"mask {i}"] for i in range(len(self._inner.masks()))])
        self._rule.carry_on(carried)

    @torch.no_grad()
    def _move(self) -> None:
        if not self._rule.due(self._step):
            return
        layers = [int(weights[1:]) - 1 for weights, _ in self._pairs]
        entries, before = self._entries(self.leaves), self._inner.masks()
        slopes = {n: leaf.grad for n, leaf in self.leaves.items() if leaf.grad is not None}
        gradients = self._entries(slopes) if self._rule.needs_gradients else []
        kept = [before[i][:, :, : e.shape[2]].cpu().numpy() for i, e in zip(layers, entries, strict=True)]
        masks, values = self._rule.update(self._step, entries, gradients, kept)
        after = [m.clone() for m in before]
        for layer, mask, value, names in zip(layers, masks, values, self._pairs, strict=True):
            after[layer][:, :, : mask.shape[2]] = torch.as_tensor(mask, device=after[layer].device)
            parts = parted(torch.as_tensor(value), self.leaves[names[0]].shape[2])
            for name, part in zip(names, parts, strict=True):
                if name is not None and part is not None:
                    self.leaves[name].copy_(part.to(self.leaves[name]))
        self._inner.remask(after)
        self._moved = True

    def _entries(self, tensors: Mapping[str, Tensor]) -> Arrays:
        """Of each maskable layer, the weights and what biases are maskable with them."""
        return [_wide(entries_of(tensors[w], None if b is None else tensors[b])) for w, b in self._pairs]

    def take(self, places: Sequence[int]) -> MovingMasks:
        rest: Any = object.__new__(MovingMasks)
        rest._inner, rest._rule = self._inner.take(places), self._rule.take(places)
        rest._pairs, rest._step, rest._moved = self._pairs, self._step, self._moved
        rest.leaves, rest.direct = rest._inner.leaves, rest._inner.direct
        return rest  # type: ignore[no-any-return]


def _wide(tensor: Tensor) -> np.ndarray:
    return tensor.detach().double().cpu().numpy().copy()
