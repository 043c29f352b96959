# ruff: noqa: ARG002 -- a contract names arguments that some members do not need
"""Mixtures with a known component for each input."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from ..errors import InvalidArgument, MissingCapability, ShapeMismatch
from .checks import finite, require_count
from .images import require_single
from .isoperimetry import (
    Distribution,
    Isoperimetry,
    Offsets,
    Places,
    Points,
    Rows,
    Vector,
    joined_assumptions,
    worst_certificate,
)


@dataclass(frozen=True, eq=False)
class Mixture(Distribution):
    """x comes from parts[l] with probability weights[l]; the draw remembers l.

    Certificate: the largest rho of the parts, for each component by itself, never for the whole.

    parts   : laws of one dimension; centres are made by Shifted(base, offset)
    weights : positive, summing to 1; equal if not given
    """

    parts: Sequence[Distribution]
    weights: Sequence[float] | np.ndarray | None = None
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        require_count("number of parts", len(self.parts))
        for part in self.parts:
            require_single("part", part)
        object.__setattr__(self, "dim", self.parts[0].dim)
        if any(part.dim != self.dim for part in self.parts):
            raise ShapeMismatch("parts", tuple(p.dim for p in self.parts), "they need one dimension")
        object.__setattr__(self, "weights", self._checked_weights())

    def _checked_weights(self) -> np.ndarray:
        k = len(self.parts)
        weights = np.full(k, 1.0 / k) if self.weights is None else finite("weights", self.weights, 1)
        if weights.shape != (k,):
            raise ShapeMismatch("weights", weights.shape, f"give one for each of the {k} parts")
        # k roundings of numbers below 1
        if np.any(weights <= 0.0) or abs(weights.sum() - 1.0) > k * 2.0**-50:
            raise InvalidArgument("weights", weights, "they have to be positive and sum to 1")
        return np.asarray(weights / weights.sum())

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return worst_certificate(self.parts, "of each component")

    @property
    def proxy(self) -> float:
        return max(part.proxy for part in self.parts)

    @property
    def assumption(self) -> str | None:
        return joined_assumptions(self.parts)

    @property
    def radius(self) -> float:
        return max(part.radius for part in self.parts)

    @property
    def components(self) -> int:
        return len(self.parts)

    def component(self, index: int) -> Distribution:
        if not 0 <= index < self.components:
            raise InvalidArgument("index", index, f"components are numbered 0 to {self.components - 1}")
        return self.parts[index]

    def draw(self, n: int, rng: np.random.Generator) -> tuple[Points, Places]:
        place = rng.choice(self.components, size=n, p=self.weights).astype(np.int64)
        x = np.empty((n, self.dim))
        for index, part in enumerate(self.parts):
            mine = place == index
            x[mine] = part.sample(int(mine.sum()), rng)
        return x, place

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return self.draw(n, rng)[0]

    @property
    def mean(self) -> Vector:
        raise MissingCapability("a mixture is centred component by component: ask .component(l).mean")

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        raise MissingCapability("a mixture is centred component by component: ask .component(l).relu_mean")
