"""Dynamic sparse training: as many entries as at the start, but not the same ones.

Every so often each layer drops its smallest weights and grows as many new ones, at random (SET,
Mocanu et al. 2018) or where the dense gradient is largest (RigL, Evci et al. 2020). New weights
start at 0 with fresh optimiser moments.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
from torch import Tensor

from ..data.checks import require_count, require_number
from ..errors import InvalidArgument, UnknownName
from ..networks import Dependence, Stack
from ..seeds import generator
from .base import Key, Pruner, Session
from .densities import erdos_renyi, random_places, uniform
from .moving_masks import Arrays, MovingMasks, Rule
from .selection import drawn, select_layers

Layers = Literal["erdos_renyi", "uniform"]


@dataclass(frozen=True)
class SparseTraining(Pruner):
    """What SET and RigL share.

    every          : steps between two changes of the mask
    until          : share of the recipe's steps after which the mask stays
    fraction       : share of a layer's kept entries that is exchanged
    layers         : how the kept entries are shared out over the layers
    regrow_dropped : whether an entry that is dropped may grow back at once; it then keeps its
                     value and its moments, as if it had stayed
    """

    every: int = 100
    until: float = 0.75
    fraction: float = 0.3
    layers: Layers = "erdos_renyi"
    regrow_dropped: bool = False
    dependence: ClassVar[Dependence] = Dependence.TRAINING
    by_gradient: ClassVar[bool] = False

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("every", self.every)
        for name, share in (("until", self.until), ("fraction", self.fraction)):
            require_number(name, share)
            if not 0.0 < share <= 1.0:
                raise InvalidArgument(name, share, "give a share above 0 and at most 1")
        if self.layers not in get_args(Layers):
            raise UnknownName("layers", self.layers, get_args(Layers))

    def exchanged(self, step: int, end: float) -> float:
        """Share of the kept entries that is exchanged at a step."""
        del step, end
        return self.fraction

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...]:
        rule = erdos_renyi if self.layers == "erdos_renyi" else uniform
        return tuple(rule(shapes, count).tolist())

    def choose(self, session: Session) -> list[Tensor]:
        return self.run(session).entry_masks

    def run(self, session: Session) -> Stack:
        """Train with moving masks. Raises InvalidArgument if no change fits into the training."""
        end = self.until * session.recipe.steps
        if self.every >= end:
            raise InvalidArgument("every", self.every, f"the mask changes only before step {end:g}; lower it")
        of_total = {k: self.fixed_counts(session.shapes, k) for k in set(session.counts)}
        counts = np.array([of_total[k] for k in session.counts])
        masks = random_places(session, counts, self.name)
        return session.finish_with(session.start, MovingMasks(session, _Exchange(self, session, end), masks))


@dataclass(frozen=True)
class Set(SparseTraining):
    """Sparse evolutionary training: new places at random (Mocanu et al. 2018)."""


@dataclass(frozen=True)
class RigL(SparseTraining):
    """New places where the dense gradient is largest; fewer and fewer exchanges (Evci et al. 2020)."""

    regrow_dropped: bool = True
    by_gradient: ClassVar[bool] = True

    def exchanged(self, step: int, end: float) -> float:
        return 0.5 * self.fraction * (1.0 + math.cos(math.pi * step / end))


class _Exchange(Rule):
    def __init__(self, pruner: SparseTraining, session: Session, end: float) -> None:
        self._pruner, self._end = pruner, end
        self._keys, self._names = session.keys, session.maskable
        self.needs_gradients = pruner.by_gradient

    def due(self, step: int) -> bool:
        return 0 < step < self._end and step % self._pruner.every == 0

    def update(self, step: int, weights: Arrays, gradients: Arrays, masks: Arrays) -> tuple[Arrays, Arrays]:
        kept = np.stack([m.reshape(len(m), -1).sum(axis=1) for m in masks], axis=1)
        leaving = np.floor(self._pruner.exchanged(step, self._end) * kept).astype(np.int64)
        if not self._pruner.regrow_dropped:
            sizes = np.array([m[0].size for m in masks])
            leaving = np.minimum(leaving, sizes - kept)  # no more than there is room for elsewhere
        staying = select_layers([np.abs(w) for w in weights], kept - leaving, self._keys, masks)
        taken = staying if self._pruner.regrow_dropped else masks
        scores = [np.abs(g) for g in gradients] if gradients else self._random(step, weights)
        grown = select_layers(scores, leaving, self._keys, [~m for m in taken])
        return [s | g for s, g in zip(staying, grown, strict=True)], weights

    def _random(self, step: int, weights: Arrays) -> Arrays:
        named = zip(self._names, weights, strict=True)
        return [_draws(self._keys, self._pruner.name, step, name, w.shape[1:]) for name, w in named]

    def take(self, places: Sequence[int]) -> _Exchange:
        rest: _Exchange = object.__new__(_Exchange)
        rest._pruner, rest._end, rest._names = self._pruner, self._end, self._names
        rest._keys = tuple(self._keys[i] for i in places)
        rest.needs_gradients = self.needs_gradients
        return rest


def _draws(keys: Sequence[Key], purpose: str, step: int, name: str, shape: tuple[int, ...]) -> np.ndarray:
    return drawn(keys, lambda key: generator("mask", key, purpose, "grown", step, name).random(shape))
