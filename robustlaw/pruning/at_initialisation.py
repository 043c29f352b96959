"""Masks chosen before training: at random, by size, by sensitivity or by gradient flow."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..data.checks import require_positive
from ..networks import Dependence
from ..seeds import generator
from .base import ScorePruner, Session
from .scores import gradient_flow, magnitude, snip
from .selection import Scope, drawn


@dataclass(frozen=True)
class Random(ScorePruner):
    """A uniform subset of all maskable entries, or of each layer's, with exactly the asked count."""

    dependence: ClassVar[Dependence] = Dependence.NONE

    def scores(self, session: Session) -> list[np.ndarray]:
        return [_uniform_scores(session, i, shape) for i, shape in enumerate(session.shapes)]


def _uniform_scores(session: Session, place: int, shape: tuple[int, int]) -> np.ndarray:
    return drawn(session.keys, lambda key: generator("mask", key, place).random(shape))


@dataclass(frozen=True)
class MagnitudeAtInit(ScorePruner):
    """The largest initial values. Global scope mostly ranks layers by their initial size."""

    scope: Scope = "layerwise"
    dependence: ClassVar[Dependence] = Dependence.NONE

    def scores(self, session: Session) -> list[np.ndarray]:
        return magnitude(session.start, session.layer_numbers, session.biased)


@dataclass(frozen=True)
class Snip(ScorePruner):
    """The entries whose removal changes the initial loss most (Lee, Ajanthan, Torr 2019)."""

    dependence: ClassVar[Dependence] = Dependence.LABELS

    def scores(self, session: Session) -> list[np.ndarray]:
        return snip(session.start, session.data, session.recipe, session.layer_numbers, session.biased)


@dataclass(frozen=True)
class Grasp(ScorePruner):
    """Keeps the gradient norm large: removes what raises it most (Wang, Zhang, Grosse 2020).

    temperature : under either cross-entropy the outputs are divided by it, as the authors do; the
                  squared loss takes them as they are
    """

    temperature: float = 200.0
    dependence: ClassVar[Dependence] = Dependence.LABELS

    def __post_init__(self) -> None:
        super().__post_init__()
        require_positive("temperature", self.temperature)

    def scores(self, session: Session) -> list[np.ndarray]:
        recipe = session.recipe
        divisor = 1.0 if recipe.loss == "mse" else self.temperature
        layers, biased = session.layer_numbers, session.biased
        return gradient_flow(session.start, session.data, recipe, layers, divisor, biased)
