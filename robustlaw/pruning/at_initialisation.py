"""Masks chosen before training: at random, by size, or by sensitivity to the labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..networks import Dependence
from ..seeds import generator
from .base import ScorePruner, Session
from .scores import magnitude, snip
from .selection import Scope


@dataclass(frozen=True)
class Random(ScorePruner):
    """A uniform subset of all maskable entries, or of each layer's, with exactly the asked count."""

    dependence: ClassVar[Dependence] = Dependence.NONE

    def scores(self, session: Session) -> list[np.ndarray]:
        shapes = [session.start.arch.shapes[i] for i in session.layer_numbers]
        draws = [[generator("mask", key, i).random(s) for i, s in enumerate(shapes)] for key in session.keys]
        return [np.stack([d[i] for d in draws]) for i in range(len(shapes))]


@dataclass(frozen=True)
class MagnitudeAtInit(ScorePruner):
    """The largest initial weights. Global scope mostly ranks layers by their initial size."""

    scope: Scope = "layerwise"
    dependence: ClassVar[Dependence] = Dependence.NONE

    def scores(self, session: Session) -> list[np.ndarray]:
        return magnitude(session.start, session.layer_numbers)


@dataclass(frozen=True)
class Snip(ScorePruner):
    """The entries whose removal changes the initial loss most (Lee, Ajanthan, Torr 2019)."""

    dependence: ClassVar[Dependence] = Dependence.LABELS

    def scores(self, session: Session) -> list[np.ndarray]:
        return snip(session.start, session.data, session.recipe, session.layer_numbers)
