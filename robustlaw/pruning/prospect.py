"""ProsPr (Alizadeh et al. 2022): the entries that matter for the loss after the first few steps.

Training starts as theta_0 = m theta, theta_{i+1} = theta_i - a grad L(theta_i), so that the mask enters
before the first step alone, and an entry's score is |dL(theta_M)/dm| at m = 1. With H_i the Hessian
at theta_i, dL(theta_M)/d theta_0 = (1 - a H_0) ... (1 - a H_{M-1}) grad L(theta_M): one Hessian product
a step, on the way back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, Literal

import numpy as np
import torch

from ..data.checks import require_positive, whole
from ..errors import UnknownName
from ..networks import Batch, Dependence
from ..networks.derivatives import Derivatives, Tensors, derivatives, in_chunks
from .base import ScorePruner, Session
from .scores import by_layer, empty_scores

Order = Literal["second", "first"]


@dataclass(frozen=True)
class ProsPr(ScorePruner):
    """The entries whose removal now changes the loss after some steps of gradient descent most.

    steps         : M; 0 is SNIP
    learning_rate : a, of these steps; each takes all samples, and moves what the recipe trains
    order         : "second" differentiates through the steps, "first" takes d theta_M / d theta_0 to be
                    the identity
    Three steps at rate 0.1 are what the authors' own program does by default.
    """

    steps: int = 3
    learning_rate: float = 0.1
    order: Order = "second"
    dependence: ClassVar[Dependence] = Dependence.TRAINING

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("steps", self.steps)
        require_positive("learning_rate", self.learning_rate)
        if self.order not in ("second", "first"):
            raise UnknownName("order", self.order, ("second", "first"))

    def scores(self, session: Session) -> list[np.ndarray]:
        stack, recipe = session.start, session.recipe
        found = empty_scores(stack, session.layer_numbers, session.biased)
        trained = frozenset(stack.tensors) - recipe.frozen
        asked = [name for name in stack.tensors if name in trained or name in found]
        visits = [derivatives(stack.arch, recipe.loss, asked) for _ in range(self.steps + 1)]
        for part, values, points in in_chunks(stack, session.data, recipe):
            slopes = self._slopes(visits, values, points, trained)
            for name, scores in found.items():
                scores[part] = (values[name] * slopes[name]).abs()[: part.stop - part.start]
        return by_layer(found, session.layer_numbers)

    def _slopes(
        self, visits: Sequence[Derivatives], values: Tensors, points: Batch, trained: frozenset[str]
    ) -> Tensors:
        """dL(theta_M)/d theta_0; each visit stays at the point it has come to."""
        slopes = visits[0].gradient(values, points)
        for visit in visits[1:]:
            values = values | {name: values[name] - self.learning_rate * slopes[name] for name in trained}
            slopes = visit.gradient(values, points)
        if self.order == "first":
            return slopes
        for visit in visits[-2::-1]:
            # a frozen tensor feels the others move, and does not move itself
            moving = {k: v if k in trained else torch.zeros_like(v) for k, v in slopes.items()}
            turned = visit.curved(moving)
            slopes = {name: slope - self.learning_rate * turned[name] for name, slope in slopes.items()}
        return slopes
