"""Masks read off trained weights: once, or round by round (iterative magnitude pruning)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar, Literal

import numpy as np
from torch import Tensor

from ..data.checks import require_number, whole
from ..errors import InvalidArgument, UnknownName
from ..networks import Dependence, Stack
from .base import Pruner, ScorePruner, Session
from .scores import magnitude
from .selection import Scope, check_scope, layer_counts

Afterwards = Literal["fine_tune", "rewind", "stop"]


@dataclass(frozen=True)
class MagnitudeAfterTraining(ScorePruner):
    """Train dense, keep the largest weights.

    afterwards : "fine_tune" trains on from the kept weights, "rewind" puts them back to their
                 initial values and trains again, "stop" leaves them as they are
    """

    afterwards: Afterwards = "fine_tune"
    dependence: ClassVar[Dependence] = Dependence.TRAINING

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.afterwards not in ("fine_tune", "rewind", "stop"):
            raise UnknownName("afterwards", self.afterwards, ("fine_tune", "rewind", "stop"))

    def scores(self, session: Session) -> list[np.ndarray]:
        return magnitude(session.search(session.start), session.layer_numbers)

    def run(self, session: Session) -> Stack:
        trained = session.search(session.start)
        scores = magnitude(trained, session.layer_numbers)
        masks = session.masks_from(scores, self.scope, min_per_layer=self.min_per_layer)
        if self.afterwards == "rewind":
            return session.finish(session.start.with_masks(masks))
        pruned = trained.with_masks(masks)
        return session.measured(pruned) if self.afterwards == "stop" else session.finish(pruned)


@dataclass(frozen=True)
class IterativeMagnitude(Pruner):
    """Lottery tickets: train, drop the smallest `rate` of the survivors, rewind, repeat.

    rate      : share dropped a round (1/5 in Frankle & Carbin 2019); the last round drops as
                many as needed to end at the exact count
    rewind_to : step whose weights the survivors go back to; 0 is the initialisation. The
                learning-rate schedule resumes at that step
    """

    rate: float = 0.2
    rewind_to: int = 0
    scope: Scope = "global"
    min_per_layer: int = 0
    dependence: ClassVar[Dependence] = Dependence.TRAINING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)
        whole("min_per_layer", self.min_per_layer)
        require_number("rate", self.rate)
        if not 0.0 < self.rate < 1.0:
            raise InvalidArgument("rate", self.rate, "give a share between 0 and 1")
        whole("rewind_to", self.rewind_to)

    def choose(self, session: Session) -> list[Tensor]:
        return self._masks(session, self._origin(session))

    def run(self, session: Session) -> Stack:
        origin = self._origin(session)
        masks = self._masks(session, origin)
        return session.finish(origin.with_masks(masks), first_step=self.rewind_to)

    def _origin(self, session: Session) -> Stack:
        """The weights that survivors go back to."""
        if self.rewind_to >= session.recipe.steps:
            raise InvalidArgument("rewind_to", self.rewind_to, f"training has {session.recipe.steps} steps")
        return session.search(session.start, last_step=self.rewind_to) if self.rewind_to else session.start

    def schedule(self, total: int, count: int) -> list[int]:
        """Kept counts after rounds 1, 2, ..., ending at `count`."""
        counts: list[int] = []
        share = 1 - Fraction(repr(float(self.rate)))
        while (counts[-1] if counts else total) > count:
            before = counts[-1] if counts else total
            counts.append(max(count, min(before - 1, int(share * before))))
        return counts

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Layerwise rounds round their shares too: the counts are those of the last round."""
        if self.scope == "global":
            return None
        left = np.array([out * into for out, into in shapes])
        for kept in self.schedule(int(left.sum()), count):
            left = layer_counts(left, kept, self.min_per_layer)
        return tuple(left.tolist())

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        """Schedules agree until their last rounds, so one run of rounds serves every count."""
        plans = [self.schedule(session.maskable_total, count) for count in counts]
        deepest = max(plans, key=len, default=[])
        origin = self._origin(session)
        ticket, found = origin, {}
        for number, kept in enumerate(deepest):
            scores = magnitude(session.search(ticket, first_step=self.rewind_to), session.layer_numbers)
            due = {plan[-1] for plan in plans if len(plan) == number + 1}
            for count in due | {kept}:
                wanted = (count,) * len(session.keys)
                found[number, count] = session.masks_from(
                    scores, self.scope, wanted, ticket, self.min_per_layer
                )
            ticket = origin.with_masks(found[number, kept])
        full = list(origin.masks)
        return [found[len(plan) - 1, plan[-1]] if plan else full for plan in plans]

    def _masks(self, session: Session, origin: Stack) -> list[Tensor]:
        """Round by round; networks that have reached their count drop out of the training."""
        plans = [self.schedule(session.maskable_total, count) for count in session.counts]
        masks = [m.clone() for m in origin.masks]
        for number in range(max(map(len, plans), default=0)):
            open_places = [i for i, plan in enumerate(plans) if number < len(plan)]
            part = session.take(open_places)
            ticket = origin.take(open_places).with_masks([m[open_places] for m in masks])
            trained = part.search(ticket, first_step=self.rewind_to)
            wanted = [plans[i][number] for i in open_places]
            scores = magnitude(trained, part.layer_numbers)
            found = part.masks_from(scores, self.scope, wanted, ticket, self.min_per_layer)
            for layer, chosen in enumerate(found):
                masks[layer][open_places] = chosen
        return masks
