"""Gradual magnitude pruning (Zhu & Gupta 2018): fewer and fewer weights in one training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument
from ..networks import Dependence, Stack
from .base import Key, Pruner, Session
from .moving_masks import Arrays, MovingMasks, Rule
from .selection import Scope, check_scope, layer_counts, select_masks


@dataclass(frozen=True)
class GradualMagnitude(Pruner):
    """Drops the smallest weights at times spread evenly over training, by a cubic schedule.

    prunings   : how often
    start, end : when, as shares of the recipe's steps; the first pruning comes one interval after
                 `start`, the last at `end`. No network stops before that
    returning  : what is removed keeps its value out of sight and is weighed again at the next
                 pruning; by default it is gone, and the masks are nested
    """

    prunings: int = 10
    start: float = 0.1
    end: float = 0.7
    returning: bool = False
    scope: Scope = "global"
    min_per_layer: int = 0
    dependence: ClassVar[Dependence] = Dependence.TRAINING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)
        require_count("prunings", self.prunings)
        whole("min_per_layer", self.min_per_layer)
        for name, share in (("start", self.start), ("end", self.end)):
            require_number(name, share)
            if not 0.0 <= share < 1.0:
                raise InvalidArgument(name, share, "give a share of training, at least 0 and below 1")
        if self.start > self.end:
            raise InvalidArgument("start, end", (self.start, self.end), "pruning ends after it starts")

    def times(self, steps: int) -> dict[int, Fraction]:
        """Step -> how much of the way to the final count is left after its pruning: (1 - i/q)^3."""
        first, last = (Fraction(repr(float(s))) * steps for s in (self.start, self.end))
        gone = [Fraction(i, self.prunings) for i in range(1, self.prunings + 1)]
        return {int(first + (last - first) * share): (1 - share) ** 3 for share in gone}

    def schedule(self, total: int, count: int, steps: int) -> dict[int, int]:
        """Step -> kept entries from that step on."""
        extra = {t: (total - count) * left for t, left in self.times(steps).items()}
        return {t: count + (2 * more + 1) // 2 for t, more in extra.items()}

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Layerwise masks that may return share out the whole layers, at every pruning."""
        if self.scope == "global" or not self.returning:
            return None
        sizes = np.array([out * into for out, into in shapes])
        return tuple(layer_counts(sizes, count, self.min_per_layer).tolist())

    def choose(self, session: Session) -> list[Tensor]:
        return list(self.run(session).masks)

    def run(self, session: Session) -> Stack:
        rule = _Gradual(self, session)
        return session.finish_with(session.start, MovingMasks(session, rule, session.start.masks))


class _Gradual(Rule):
    """`hidden` holds the values of removed weights that may return."""

    def __init__(self, pruner: GradualMagnitude, session: Session) -> None:
        steps, total = session.recipe.steps, session.maskable_total
        self._pruner, self._keys = pruner, session.keys
        plans = {count: pruner.schedule(total, count, steps) for count in set(session.counts)}
        self._plans = [plans[count] for count in session.counts]
        self._times = pruner.times(steps)
        self._hidden: Arrays | None = None

    def due(self, step: int) -> bool:
        return step in self._times

    def settled(self, steps: int) -> bool:
        return steps > max(self._times)

    def update(self, step: int, weights: Arrays, gradients: Arrays, masks: Arrays) -> tuple[Arrays, Arrays]:
        del gradients
        pruner, counts = self._pruner, [plan[step] for plan in self._plans]
        pool: Arrays | None = masks
        if pruner.returning:
            pool, hidden = None, self._hidden or [np.zeros_like(w) for w in weights]
            weights = [np.where(m, w, h) for m, w, h in zip(masks, weights, hidden, strict=True)]
            self._hidden = weights
        sizes = [np.abs(w) for w in weights]
        chosen = select_masks(sizes, counts, pruner.scope, self._keys, pool, pruner.min_per_layer)
        return chosen, weights

    def carried(self) -> dict[str, Tensor]:
        return {f"hidden {i}": torch.as_tensor(h) for i, h in enumerate(self._hidden or [])}

    def carry_on(self, carried: Mapping[str, Tensor]) -> None:
        layers = sum(name.startswith("hidden ") for name in carried)
        self._hidden = [carried[f"hidden {i}"].numpy() for i in range(layers)] or None

    def take(self, places: Sequence[int]) -> _Gradual:
        rest: _Gradual = object.__new__(_Gradual)
        keys: tuple[Key, ...] = tuple(self._keys[i] for i in places)
        rest._pruner, rest._keys, rest._times = self._pruner, keys, self._times
        rest._plans = [self._plans[i] for i in places]
        rest._hidden = None if self._hidden is None else [h[list(places)] for h in self._hidden]
        return rest
