"""Masks read off trained weights: once, or round by round (iterative magnitude pruning)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import ClassVar, Literal, get_args

import numpy as np
from torch import Tensor

from ..data.checks import require_number, whole
from ..errors import InfeasibleDensity, InvalidArgument, UnknownName
from ..networks import Dependence, Stack
from .base import Pruner, ScorePruner, Session
from .densities import random_places, uniform
from .scores import magnitude
from .selection import Scope, check_density, check_scope, kept_count, layer_counts

Afterwards = Literal["fine_tune", "rewind", "stop"]
Rewind = Literal["weights", "schedule"]


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
        return magnitude(session.search(session.start), session.layer_numbers, session.biased)

    def run(self, session: Session) -> Stack:
        trained = session.search(session.start)
        scores = magnitude(trained, session.layer_numbers, session.biased)
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
    rewind_to : step that the learning-rate schedule goes back to, 0 being the start
    rewind    : "weights" go back to that step as well (to the initialisation for step 0);
                "schedule" leaves the survivors as trained (Renda, Frankle, Carbin 2020)
    """

    rate: float = 0.2
    rewind_to: int = 0
    scope: Scope = "global"
    min_per_layer: int = 0
    rewind: Rewind = "weights"
    dependence: ClassVar[Dependence] = Dependence.TRAINING

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)
        whole("min_per_layer", self.min_per_layer)
        require_number("rate", self.rate)
        if not 0.0 < self.rate < 1.0:
            raise InvalidArgument("rate", self.rate, "give a share between 0 and 1")
        whole("rewind_to", self.rewind_to)
        if self.rewind not in get_args(Rewind):
            raise UnknownName("rewind", self.rewind, get_args(Rewind))

    def choose(self, session: Session) -> list[Tensor]:
        return self._ticket(session).entry_masks

    def run(self, session: Session) -> Stack:
        return session.finish(self._ticket(session), first_step=self.rewind_to)

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
        rooms = set(_rooms(session))
        if len(rooms) > 1:  # sources of several sizes: no round is common to all networks
            return super().choose_at(session, counts)
        plans = [self.schedule(min(rooms), count) for count in counts]
        deepest = max(plans, key=len, default=[])
        origin = self._origin(session)
        ticket, found = origin, {}
        for number, kept in enumerate(deepest):
            trained = self._trained(session, ticket, number)
            due = {plan[-1] for plan in plans if len(plan) == number + 1}
            for count in due | {kept}:
                found[number, count] = self._survivors(session, trained, (count,) * len(session.keys))
            ticket = self._rewound(origin, trained).with_masks(found[number, kept])
        full = origin.entry_masks
        return [found[len(plan) - 1, plan[-1]] if plan else full for plan in plans]

    def _ticket(self, session: Session) -> Stack:
        """The networks as the last training finds them: round by round, each for as long as it needs."""
        rooms = _rooms(session)
        plans = [self.schedule(room, count) for room, count in zip(rooms, session.counts, strict=True)]
        ticket = origin = self._origin(session)
        for number in range(max(map(len, plans), default=0)):
            open_places = [i for i, plan in enumerate(plans) if number < len(plan)]
            part = session.take(open_places)
            trained = self._trained(part, ticket.take(open_places), number)
            masks = self._survivors(part, trained, [plans[i][number] for i in open_places])
            after = self._rewound(origin.take(open_places), trained).with_masks(masks)
            ticket = ticket.put(open_places, after)
        return ticket

    def _origin(self, session: Session) -> Stack:
        """What the first round starts from: the weights to go back to, or the trained dense network."""
        if self.rewind_to >= session.recipe.steps:
            raise InvalidArgument("rewind_to", self.rewind_to, f"training has {session.recipe.steps} steps")
        if self.rewind == "schedule":
            return session.search(session.start)
        return session.search(session.start, last_step=self.rewind_to) if self.rewind_to else session.start

    def _trained(self, session: Session, ticket: Stack, number: int) -> Stack:
        if self.rewind == "schedule" and number == 0:
            return ticket
        return session.search(ticket, first_step=self.rewind_to)

    def _rewound(self, origin: Stack, trained: Stack) -> Stack:
        return origin if self.rewind == "weights" else trained

    def _survivors(self, session: Session, trained: Stack, counts: Sequence[int]) -> list[Tensor]:
        scores = magnitude(trained, session.layer_numbers, session.biased)
        return session.masks_from(scores, self.scope, counts, trained, self.min_per_layer)


def _rooms(session: Session) -> list[int]:
    """Entries that each network starts with: all maskable ones, or those of a source."""
    kept = session.kept_entries(session.start)
    return [int(k) for k in np.sum([m.reshape(len(m), -1).sum(axis=1) for m in kept], axis=0)]


@dataclass(frozen=True)
class IterativeInSource(IterativeMagnitude):
    """Lottery tickets inside a random sparse source, drawn before and without the data.

    source : kept fraction of the source, in every layer the same; 1 is IterativeMagnitude
    The networks' initial values are those of the source, 0 off it: so a mask costs log C(K0, K) and no
    more (accounting.MaskInSource, the code "support"). After Gadhikar, Mukherjee & Burkholz, arXiv
    2210.02412. Raises InfeasibleDensity where the source is too small.
    """

    source: float = 1.0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_density(self.source)

    def choose(self, session: Session) -> list[Tensor]:
        return super().choose(self.sourced(session))

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        return super().choose_at(self.sourced(session), counts)

    def run(self, session: Session) -> Stack:
        return super().run(self.sourced(session))

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        if self.scope == "global":
            return None
        left = uniform(shapes, kept_count(self.source, sum(out * into for out, into in shapes)))
        for kept in self.schedule(int(left.sum()), count):
            left = layer_counts(left, kept, self.min_per_layer)
        return tuple(left.tolist())

    def sourced(self, session: Session) -> Session:
        """The same session, its networks masked by their sources."""
        room = uniform(session.shapes, kept_count(self.source, session.maskable_total))
        if max(session.counts) > room.sum():
            raise InfeasibleDensity(
                "source", self.source, f"it has no room for {max(session.counts)} entries"
            )
        masks = random_places(session, np.stack([room] * len(session.keys)), "source")
        return replace(session, start=session.start.with_masks(masks).starting_here())
