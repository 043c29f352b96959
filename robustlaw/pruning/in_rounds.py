"""Masks at initialisation, thinned out in many rounds of scoring: nothing is trained in between."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from ..data.checks import require_count, whole
from ..networks import Dependence, Stack
from .base import Pruner, Session
from .scores import magnitude, sensitivities, snip
from .selection import Scope, check_scope, layer_counts
from .synaptic_flow import flow_scores


def exponential_schedule(total: int, count: int, rounds: int) -> list[int]:
    """Kept counts after each round: the density falls by one factor a round, down to `count`."""
    ratio = count / total
    powers = [total * math.pow(ratio, t / rounds) for t in range(1, rounds)]
    return [max(count, min(total, math.floor(k + 0.5))) for k in powers] + [count]


@dataclass(frozen=True)
class InRounds(Pruner):
    """Scores, keeps the best, and scores again what is left of the initial network.

    rounds : how often; one round is the one-shot method
    """

    rounds: int = 100
    scope: Scope = "global"
    min_per_layer: int = 0
    nested: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)
        require_count("rounds", self.rounds)
        whole("min_per_layer", self.min_per_layer)

    @abstractmethod
    def scores(self, session: Session, masked: Stack, number: int) -> list[np.ndarray]:
        """Scores of the maskable tensors, given the networks as masked so far.

        number : of the round, from 0, for what is drawn anew in each
        """

    def choose(self, session: Session) -> list[Tensor]:
        total, masked = session.maskable_total, session.start
        plans = {k: exponential_schedule(total, k, self.rounds) for k in set(session.counts)}
        for number in range(self.rounds):
            wanted = [plans[k][number] for k in session.counts]
            scores, pool = self.scores(session, masked, number), masked if self.nested else session.start
            found = session.masks_from(scores, self.scope, wanted, pool, self.min_per_layer)
            masked = session.start.with_masks(found)
        return masked.entry_masks

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Layerwise nested rounds share out what the round before has left."""
        if self.scope == "global":
            return None
        left = sizes = np.array([out * into for out, into in shapes])
        for kept in exponential_schedule(int(sizes.sum()), count, self.rounds):
            left = layer_counts(left if self.nested else sizes, kept, self.min_per_layer)
        return tuple(left.tolist())


@dataclass(frozen=True)
class IterativeSnip(InRounds):
    """SNIP in rounds; what is removed stays removed (Verdenius et al. 2020, de Jorge et al. 2021)."""

    dependence: ClassVar[Dependence] = Dependence.LABELS

    def scores(self, session: Session, masked: Stack, number: int) -> list[np.ndarray]:
        del number
        return snip(masked, session.data, session.recipe, session.layer_numbers, session.biased)


@dataclass(frozen=True)
class Force(InRounds):
    """SNIP in rounds in which removed entries are scored too, and may return (de Jorge et al. 2021)."""

    rounds: int = 60
    nested: ClassVar[bool] = False
    dependence: ClassVar[Dependence] = Dependence.LABELS

    def scores(self, session: Session, masked: Stack, number: int) -> list[np.ndarray]:
        del number
        layers, biased = session.layer_numbers, session.biased
        return sensitivities(masked, session.start, session.data, session.recipe, layers, biased)


@dataclass(frozen=True)
class SynFlow(InRounds):
    """Keeps the entries that carry most of the flow; no data are looked at (Tanaka et al. 2020)."""

    dependence: ClassVar[Dependence] = Dependence.NONE

    def scores(self, session: Session, masked: Stack, number: int) -> list[np.ndarray]:
        del number
        sizes = magnitude(masked, list(range(masked.arch.layers)), session.biased)
        flows = flow_scores(sizes, masked.arch.widths[:-1])
        return [flows[i] for i in session.layer_numbers]
