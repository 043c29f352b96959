"""Images of a law under Lipschitz maps, shifts, and products of laws."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from jaxtyping import Float64

from ..errors import InvalidArgument, ShapeMismatch
from ..seeds import generator
from .checks import finite, require_count, require_positive, rows_and_offsets, spectral_norm
from .isoperimetry import (
    Distribution,
    Isoperimetry,
    Offsets,
    Points,
    Rows,
    Vector,
    joined_assumptions,
    worst_certificate,
)

Images = Float64[np.ndarray, "samples outputs"]


class LipschitzMap(ABC):
    """A map of inputs whose slope is certified."""

    @property
    @abstractmethod
    def slope(self) -> float:
        """Certified upper bound on the Lipschitz constant."""

    @abstractmethod
    def __call__(self, x: Points) -> Images: ...


@dataclass(frozen=True)
class Tanh(LipschitzMap):
    """Coordinatewise tanh(gain x)/gain: slope 1, close to the identity for a small gain."""

    gain: float = 1.0

    def __post_init__(self) -> None:
        require_positive("gain", self.gain)

    @property
    def slope(self) -> float:
        return 1.0

    def __call__(self, x: Points) -> Points:
        return np.asarray(np.tanh(self.gain * x) / self.gain)


@dataclass(frozen=True)
class RandomLayer(LipschitzMap):
    """x -> tanh(W x), W random with its spectral norm scaled to 1."""

    inputs: int
    outputs: int
    seed: int = 0

    @cached_property
    def weights(self) -> np.ndarray:
        """W, (outputs, inputs)."""
        rng = generator("data", "layer", self.seed, self.outputs, self.inputs)
        w = rng.standard_normal((self.outputs, self.inputs))
        return np.asarray(w / spectral_norm(w))

    @property
    def slope(self) -> float:
        return spectral_norm(self.weights)

    def __call__(self, x: Points) -> Images:
        return np.asarray(np.tanh(x @ self.weights.T))


@dataclass(frozen=True)
class LipschitzImage(Distribution):
    """The law of map(x), x from the base.

    Certificate: rho = slope^2 rho(base). UPPER.

    map   : a LipschitzMap, whose slope is certified, or any function on (n, dim) arrays
    slope : needed for a plain function; it then shows up as an assumption
    dim   : number of outputs; found by one call if not given
    """

    base: Distribution
    map: Callable[[np.ndarray], np.ndarray]
    slope: float = field(default=math.nan)
    dim: int = 0

    def __post_init__(self) -> None:
        require_single("base", self.base)
        if math.isnan(self.slope) and isinstance(self.map, LipschitzMap):
            object.__setattr__(self, "slope", self.map.slope)
        require_positive("slope", self.slope)
        if isinstance(self.map, LipschitzMap) and self.slope < self.map.slope:
            raise InvalidArgument("slope", self.slope, f"the map's own slope is {self.map.slope}")
        outputs = self._origin_image.shape[0]
        if self.dim not in (0, outputs):
            raise ShapeMismatch("dim", self.dim, f"the map has {outputs} outputs")
        object.__setattr__(self, "dim", outputs)

    @cached_property
    def _origin_image(self) -> np.ndarray:
        return np.asarray(finite("map(0)", self.map(np.zeros((1, self.base.dim))), 2)[0])

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        """None where the base has none, or where the slope is only the user's word."""
        if self.base.isoperimetry is None or not isinstance(self.map, LipschitzMap):
            return None
        proxy = self.slope * self.slope * self.base.isoperimetry.proxy * (1.0 + 2.0**-50)
        return Isoperimetry(proxy, f"Lipschitz image; {self.base.isoperimetry.source}")

    @property
    def proxy(self) -> float:
        if self.isoperimetry is not None:
            return self.isoperimetry.proxy
        return self.slope * self.slope * self.base.proxy * (1.0 + 2.0**-50)

    @property
    def assumption(self) -> str | None:
        claimed = (
            None
            if isinstance(self.map, LipschitzMap)
            else f"the map of the inputs has slope at most {self.slope:g}"
        )
        return " and ".join(s for s in (self.base.assumption, claimed) if s) or None

    @property
    def radius(self) -> float:
        return float(np.linalg.norm(self._origin_image) + self.slope * self.base.radius) * (1.0 + 2.0**-40)

    @property
    def samples_afresh(self) -> bool:
        return self.base.samples_afresh

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        images = np.asarray(self.map(self.base.sample(n, rng)), dtype=np.float64)
        if images.shape != (n, self.dim):
            raise ShapeMismatch("map(x)", images.shape, f"it has to be {(n, self.dim)}")
        return images


@dataclass(frozen=True, eq=False)
class Shifted(Distribution):
    """The law of x + offset, x from the base: the same rho. Centres of mixtures are made of it."""

    base: Distribution
    offset: np.ndarray
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        require_single("base", self.base)
        object.__setattr__(self, "offset", finite("offset", self.offset, 1))
        if self.offset.shape != (self.base.dim,):
            raise ShapeMismatch("offset", self.offset.shape, f"inputs have {self.base.dim} entries")
        object.__setattr__(self, "dim", self.base.dim)

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return self.base.isoperimetry

    @property
    def proxy(self) -> float:
        return self.base.proxy

    @property
    def assumption(self) -> str | None:
        return self.base.assumption

    @property
    def radius(self) -> float:
        return float(self.base.radius + np.linalg.norm(self.offset)) * (1.0 + 2.0**-40)

    @property
    def mean(self) -> Vector:
        return np.asarray(self.base.mean + self.offset)

    @property
    def samples_afresh(self) -> bool:
        return self.base.samples_afresh

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return np.asarray(self.base.sample(n, rng) + self.offset)

    def relu_mean(self, w: Rows, b: Offsets) -> tuple[Offsets, Offsets]:
        """The mean grows with the offset b + w.offset, so the ends of that give the ends of the mean."""
        rows, offsets = rows_and_offsets(w, b, self.dim)
        moved = offsets + rows @ self.offset
        size = np.abs(offsets) + np.abs(rows) @ np.abs(self.offset)
        error = (self.dim + 4) * 2.0**-52 * size  # a sum of dim + 1 rounded terms
        return self.base.relu_mean(rows, moved - error)[0], self.base.relu_mean(rows, moved + error)[1]


@dataclass(frozen=True)
class Product(Distribution):
    """Independent parts side by side; E|x|^2 is the sum over the parts, so scale them.

    Certificate: the largest rho of the parts (log-Sobolev inequalities tensorise). As TIGHT as
    that part.
    """

    parts: tuple[Distribution, ...]
    dim: int = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "parts", tuple(self.parts))
        require_count("number of parts", len(self.parts))
        for part in self.parts:
            require_single("part", part)
        object.__setattr__(self, "dim", sum(part.dim for part in self.parts))

    @property
    def isoperimetry(self) -> Isoperimetry | None:
        return worst_certificate(self.parts, "tensorised")

    @property
    def proxy(self) -> float:
        return max(part.proxy for part in self.parts)

    @property
    def assumption(self) -> str | None:
        return joined_assumptions(self.parts)

    @property
    def radius(self) -> float:
        return math.hypot(*(part.radius for part in self.parts)) * (1.0 + 2.0**-40)

    @property
    def mean(self) -> Vector:
        return np.concatenate([part.mean for part in self.parts])

    @property
    def samples_afresh(self) -> bool:
        return all(part.samples_afresh for part in self.parts)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        return np.concatenate([part.sample(n, rng) for part in self.parts], axis=1)


def require_single(argument: str, law: Distribution) -> None:
    """A mixture's certificate speaks of its components, so it cannot be transformed as a whole."""
    if law.components != 1:
        raise InvalidArgument(argument, law, "transform the components and mix the results")
