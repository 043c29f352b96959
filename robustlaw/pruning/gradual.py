"""Gradual magnitude pruning (Zhu & Gupta 2018): fewer and fewer weights in one training."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
import torch
from jaxtyping import Int
from torch import Tensor

from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument
from ..networks import Dependence, Stack
from .base import Key, Pruner, Session
from .moving_masks import Arrays, MovingMasks, Rule
from .selection import Scope, check_scope, layer_counts, select_layers, select_masks


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

    def times(self, steps: int) -> dict[int, int]:
        """Step -> number of its pruning; of several that fall on one step the last."""
        first, last = (Fraction(repr(float(s))) * steps for s in (self.start, self.end))
        return {int(first + (last - first) * i / self.prunings): i for i in range(1, self.prunings + 1)}

    def totals(self, total: int, count: int) -> list[int]:
        """Kept entries after each pruning: (1 - i/q)^3 of what goes in the end is still there."""
        left = [Fraction(self.prunings - i, self.prunings) ** 3 for i in range(1, self.prunings + 1)]
        return [count + (2 * (total - count) * share + 1) // 2 for share in left]

    def schedule(self, total: int, count: int, steps: int) -> dict[int, int]:
        """Step -> kept entries from that step on."""
        totals = self.totals(total, count)
        return {t: totals[number - 1] for t, number in self.times(steps).items()}

    def layer_schedule(self, sizes: Int[np.ndarray, " layers"], count: int) -> list[list[int]]:
        """Layerwise kept entries after each pruning: shares of what the one before has left.

        Masks whose entries may return share out the whole layers each time. Nothing but sizes, counts
        and the number of prunings enters, so neither data nor the length of training do.
        """
        left, shares = sizes, []
        for kept in self.totals(int(sizes.sum()), count):
            left = layer_counts(sizes if self.returning else left, kept, self.min_per_layer)
            shares.append(left.tolist())
        return shares

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Layerwise, those of the last pruning: every network comes that far."""
        if self.scope == "global":
            return None
        return tuple(self.layer_schedule(np.array([out * into for out, into in shapes]), count)[-1])

    def choose(self, session: Session) -> list[Tensor]:
        return self.run(session).entry_masks

    def run(self, session: Session) -> Stack:
        rule = _Gradual(self, session)
        return session.finish_with(session.start, MovingMasks(session, rule, session.start.masks))


class _Gradual(Rule):
    """`hidden` holds the values of removed weights that may return."""

    def __init__(self, pruner: GradualMagnitude, session: Session) -> None:
        self._pruner, self._keys = pruner, session.keys
        self._sizes = np.array([out * into for out, into in session.shapes])
        self._counts = session.counts
        self._times = pruner.times(session.recipe.steps)
        self._hidden: Arrays | None = None

    def due(self, step: int) -> bool:
        return step in self._times

    def settled(self, steps: int) -> bool:
        return steps > max(self._times)

    def update(self, step: int, weights: Arrays, gradients: Arrays, masks: Arrays) -> tuple[Arrays, Arrays]:
        del gradients
        pruner, number = self._pruner, self._times[step]
        pool: Arrays | None = masks
        if pruner.returning:
            pool, hidden = None, self._hidden or [np.zeros_like(w) for w in weights]
            weights = [np.where(m, w, h) for m, w, h in zip(masks, weights, hidden, strict=True)]
            self._hidden = weights
        sizes = [np.abs(w) for w in weights]
        if pruner.scope == "layerwise":
            of_layers = {k: pruner.layer_schedule(self._sizes, k)[number - 1] for k in set(self._counts)}
            wanted = np.array([of_layers[k] for k in self._counts])
            return select_layers(sizes, wanted, self._keys, pool), weights
        in_all = {k: pruner.totals(int(self._sizes.sum()), k)[number - 1] for k in set(self._counts)}
        counts = [in_all[k] for k in self._counts]
        return select_masks(sizes, counts, "global", self._keys, pool, pruner.min_per_layer), weights

    def carried(self) -> dict[str, Tensor]:
        return {f"hidden {i}": torch.as_tensor(h) for i, h in enumerate(self._hidden or [])}

    def carry_on(self, carried: Mapping[str, Tensor]) -> None:
        layers = sum(name.startswith("hidden ") for name in carried)
        self._hidden = [carried[f"hidden {i}"].numpy() for i in range(layers)] or None

    def take(self, places: Sequence[int]) -> _Gradual:
        rest: _Gradual = object.__new__(_Gradual)
        keys: tuple[Key, ...] = tuple(self._keys[i] for i in places)
        rest._pruner, rest._keys, rest._times = self._pruner, keys, self._times
        rest._sizes, rest._counts = self._sizes, tuple(self._counts[i] for i in places)
        rest._hidden = None if self._hidden is None else [h[list(places)] for h in self._hidden]
        return rest
