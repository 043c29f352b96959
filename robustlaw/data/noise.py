# ruff: noqa: ARG002 -- a contract names arguments that some members do not need
"""Label noise: how a label is drawn given the target's value."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
from scipy.special import gammainc, ndtr, ndtri

from ..errors import InvalidArgument, LabelOutOfRange, MissingCapability
from .checks import require_number, require_positive
from .targets import Target, Values, Zero


class LabelNoise(ABC):
    """The law of y given the target's value t, with g = E[y|x], z = y - g."""

    @abstractmethod
    def regression(self, t: Values) -> Values:
        """g = E[y|x]."""

    @abstractmethod
    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        """One label a sample."""

    @abstractmethod
    def bound(self, target: Target) -> float:
        """B = sup |z|."""

    @abstractmethod
    def sigma2(self, target: Target) -> float:
        """E Var[y|x], exact. Raises MissingCapability where it depends on more than is known."""

    @abstractmethod
    def independent_of_inputs(self, target: Target) -> bool:
        """True if z is independent of x."""

    @abstractmethod
    def require(self, target: Target) -> None:
        """Raises unless labels exist and lie in [-1, 1]."""

    @property
    def assumption(self) -> str | None:
        """What the bound rests on without proof; None where the law of the noise is known."""
        return None


@dataclass(frozen=True)
class RandomSigns(LabelNoise):
    """y = +-1 with P(y = 1|x) = (1 + t)/2, so that g = t; fair coins for the target 0."""

    def regression(self, t: Values) -> Values:
        return t

    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        return np.where(rng.random(len(t)) < 0.5 * (1.0 + t), 1.0, -1.0)

    def bound(self, target: Target) -> float:
        return 1.0 + target.bound

    def sigma2(self, target: Target) -> float:
        if not isinstance(target, Zero):
            raise MissingCapability(
                "sigma2 of RandomSigns is 1 - E g^2, and E g^2 is not known for this target; use "
                "target=Zero(), or BoundedUniform, TruncatedGaussian or Flips, whose sigma2 is exact"
            )
        return 1.0

    def independent_of_inputs(self, target: Target) -> bool:
        return target.constant

    def require(self, target: Target) -> None:
        if target.bound > 1.0:
            raise LabelOutOfRange("target", target.bound, "its values have to lie in [-1, 1]")


@dataclass(frozen=True)
class Flips(LabelNoise):
    """y = sign(t), flipped with probability q: g = (1 - 2q) sign(t), with sign(0) = 1.

    q : flipped share, between 0 and 1/2
    """

    q: float

    def __post_init__(self) -> None:
        require_number("q", self.q)
        if not 0.0 <= self.q <= 0.5:
            raise InvalidArgument("q", self.q, "the flipped share lies between 0 and 1/2")

    def regression(self, t: Values) -> Values:
        return (1.0 - 2.0 * self.q) * _signs(t)

    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        return np.where(rng.random(len(t)) < self.q, -_signs(t), _signs(t))

    def bound(self, target: Target) -> float:
        return 1.0 + (1.0 - 2.0 * self.q) if self.q > 0.0 else 0.0

    def sigma2(self, target: Target) -> float:
        return 4.0 * self.q * (1.0 - self.q)

    def independent_of_inputs(self, target: Target) -> bool:
        return self.q in (0.0, 0.5) or target.constant

    def require(self, target: Target) -> None:
        if isinstance(target, Zero):
            raise InvalidArgument("target", target, "it has no sign to flip; use RandomSigns()")


@dataclass(frozen=True)
class BoundedUniform(LabelNoise):
    """y = t + z, z uniform on [-half_width, half_width]."""

    half_width: float

    def __post_init__(self) -> None:
        require_positive("half_width", self.half_width)

    def regression(self, t: Values) -> Values:
        return t

    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        return _added(t, rng.uniform(-self.half_width, self.half_width, len(t)), self.half_width)

    def bound(self, target: Target) -> float:
        return self.half_width

    def sigma2(self, target: Target) -> float:
        return self.half_width**2 / 3.0

    def independent_of_inputs(self, target: Target) -> bool:
        return True

    def require(self, target: Target) -> None:
        _require_room("half_width", self.half_width, target)


@dataclass(frozen=True)
class TruncatedGaussian(LabelNoise):
    """y = t + z, z normal of standard deviation `scale` given |z| <= limit."""

    scale: float
    limit: float

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_positive("limit", self.limit)

    def regression(self, t: Values) -> Values:
        return t

    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        low = ndtr(-self.limit / self.scale)
        z = self.scale * ndtri(low + rng.random(len(t)) * (1.0 - 2.0 * low))
        return _added(t, z, self.limit)

    def bound(self, target: Target) -> float:
        return self.limit

    def sigma2(self, target: Target) -> float:
        """scale^2 P(3/2, u)/P(1/2, u), u = limit^2/(2 scale^2), P the regularised incomplete gamma."""
        u = 0.5 * (self.limit / self.scale) ** 2
        return float(self.scale**2 * gammainc(1.5, u) / gammainc(0.5, u))

    def independent_of_inputs(self, target: Target) -> bool:
        return True

    def require(self, target: Target) -> None:
        _require_room("limit", self.limit, target)


def _signs(t: np.ndarray) -> np.ndarray:
    return np.asarray(np.where(t < 0.0, -1.0, 1.0))


def _added(t: np.ndarray, z: np.ndarray, limit: float) -> np.ndarray:
    """t + z, moved one float towards t where rounding would make y - t leave [-limit, limit]."""
    y = t + np.clip(z, -limit, limit)
    return np.asarray(np.where(np.abs(y - t) > limit, np.nextafter(y, t), y))


def _require_room(argument: str, width: float, target: Target) -> None:
    if math.fsum((width, target.bound)) > 1.0:
        raise LabelOutOfRange(
            argument,
            width,
            f"the target reaches {target.bound:g}, so at most {1.0 - target.bound:g} is left; "
            "lower it, or the target's bound",
        )


@dataclass(frozen=True)
class StatedNoise(LabelNoise):
    """Noise of a user's own labels: mean 0 given the inputs and |z| <= limit, by the user's word.

    limit : B, at most 2
    """

    limit: float = 2.0

    def __post_init__(self) -> None:
        require_positive("limit", self.limit)
        if self.limit > 2.0:
            raise InvalidArgument("limit", self.limit, "labels and targets in [-1, 1] differ by at most 2")

    def regression(self, t: Values) -> Values:
        return t

    def labels(self, t: Values, rng: np.random.Generator) -> Values:
        raise MissingCapability("stated noise cannot be drawn; build the data set with Dataset.from_arrays")

    def bound(self, target: Target) -> float:
        return self.limit

    def sigma2(self, target: Target) -> float:
        raise MissingCapability("the level of stated noise is not known, only a bound on its size")

    def independent_of_inputs(self, target: Target) -> bool:
        return False

    def require(self, target: Target) -> None:
        return None

    @property
    def assumption(self) -> str | None:
        return f"the label noise has mean 0 given the inputs and size at most {self.limit:g}"
