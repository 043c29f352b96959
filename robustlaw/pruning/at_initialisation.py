"""Masks chosen before training: at random, by size, or by sensitivity to the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from torch import Tensor

from ..networks import Dependence
from ..seeds import generator
from .base import Pruner, Session
from .scores import magnitude, snip
from .selection import Scope, check_scope


@dataclass(frozen=True)
class Random(Pruner):
    """A uniform subset of all maskable entries with exactly the asked count."""

    dependence: ClassVar[Dependence] = Dependence.NONE

    def choose(self, session: Session) -> list[Tensor]:
        shapes = [session.start.arch.shapes[i] for i in session.layer_numbers]
        draws = [[generator("mask", key, i).random(s) for i, s in enumerate(shapes)] for key in session.keys]
        scores = [np.stack([d[i] for d in draws]) for i in range(len(shapes))]
        return session.masks_from(scores, "global")


@dataclass(frozen=True)
class MagnitudeAtInit(Pruner):
    """The largest initial weights. Global scope mostly ranks layers by their initial size."""

    scope: Scope = "layerwise"
    dependence: ClassVar[Dependence] = Dependence.NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)

    def choose(self, session: Session) -> list[Tensor]:
        scores = magnitude(session.start, session.layer_numbers)
        return session.masks_from(scores, self.scope)


@dataclass(frozen=True)
class Snip(Pruner):
    """The entries whose removal changes the initial loss most (Lee, Ajanthan, Torr 2019)."""

    scope: Scope = "global"
    dependence: ClassVar[Dependence] = Dependence.LABELS

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)

    def choose(self, session: Session) -> list[Tensor]:
        scores = snip(session.start, session.data, session.recipe, session.layer_numbers)
        return session.masks_from(scores, self.scope)
