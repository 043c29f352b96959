"""Scores blurred by noise before the largest are kept: a dial for how much a mask can know."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from ..data.checks import require_kind, require_number
from ..errors import InvalidArgument
from ..seeds import generator
from .base import ScorePruner, Session


@dataclass(frozen=True, init=False)
class NoisyTopK(ScorePruner):
    """Another pruner's scores plus independent normal noise of deviation `scale`.

    pruner : any pruner that keeps the entries of highest score; density and scope are its
    scale  : in units of the scores; 0 is the pruner itself, infinity would be Random
    Given the scores, the law of the mask is known exactly, which no other pruner offers.
    """

    pruner: ScorePruner = field(init=False)
    scale: float = field(init=False)

    def __init__(self, pruner: ScorePruner, scale: float) -> None:
        require_kind("pruner", pruner, ScorePruner, "give a pruner that ranks scores, such as Snip(0.5)")
        require_number("scale", scale)
        if not 0.0 <= scale < math.inf:
            raise InvalidArgument("scale", scale, "give a finite standard deviation of at least 0")
        inherited = ("density", "include_biases", "scope", "min_per_layer", "dependence")
        values = {name: getattr(pruner, name) for name in inherited}
        for name, value in {**values, "pruner": pruner, "scale": float(scale)}.items():
            object.__setattr__(self, name, value)

    @property
    def name(self) -> str:
        return f"NoisyTopK({self.pruner.name}, {self.scale:g})"

    def scores(self, session: Session) -> list[np.ndarray]:
        clean = self.pruner.scores(session)
        if self.scale == 0.0:
            return clean
        blurred = []
        for tensor, values in zip(session.maskable, clean, strict=True):
            shape = values.shape[1:]
            noise = [generator("noise", key, tensor).standard_normal(shape) for key in session.keys]
            blurred.append(values + self.scale * np.stack(noise))
        return blurred
