"""Targets: what the labels are about, float64 values in [-1, 1]."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float64

from ..errors import InvalidArgument, LabelOutOfRange, ShapeMismatch
from ..seeds import generator
from .checks import finite, require_kind, require_number, require_positive, whole
from .isoperimetry import Points

Values = Float64[np.ndarray, " samples"]


class Target(ABC):
    """A function of the inputs with values in [-bound, bound]."""

    @abstractmethod
    def __call__(self, x: Points) -> Values: ...

    @property
    def bound(self) -> float:
        """sup |target|, or an upper bound on it."""
        return 1.0

    @property
    def constant(self) -> bool:
        """True if the target does not depend on the input."""
        return False


@dataclass(frozen=True)
class Zero(Target):
    """The target 0: labels are pure noise."""

    def __call__(self, x: Points) -> Values:
        return np.zeros(len(x))

    @property
    def bound(self) -> float:
        return 0.0

    @property
    def constant(self) -> bool:
        return True


@dataclass(frozen=True, eq=False)
class Linear(Target):
    """scale u.x, clipped to [-bound, bound] (inputs may be unbounded).

    scale     : the slope; u.x is of size 1/sqrt dim on inputs with E|x|^2 = 1
    seed      : of the unit vector u
    direction : u itself, of any length; replaces the seed
    """

    scale: float = 1.0
    seed: int = 0
    direction: np.ndarray | None = None
    bound: float = 1.0

    def __post_init__(self) -> None:
        require_positive("scale", self.scale)
        require_bound(self.bound)
        if self.direction is not None:
            u = finite("direction", self.direction, 1)
            if not np.any(u):
                raise InvalidArgument("direction", u, "it has to differ from 0")
            object.__setattr__(self, "direction", u / np.linalg.norm(u))

    def __call__(self, x: Points) -> Values:
        u = self._unit(x.shape[1])
        return np.asarray(np.clip(self.scale * (x @ u), -self.bound, self.bound))

    def _unit(self, dim: int) -> np.ndarray:
        if self.direction is None:
            u = generator("target", "linear", self.seed, dim).standard_normal(dim)
            return np.asarray(u / np.linalg.norm(u))
        if self.direction.shape != (dim,):
            raise ShapeMismatch("direction", self.direction.shape, f"inputs have {dim} entries")
        return self.direction


@dataclass(frozen=True)
class Teacher(Target):
    """A random ReLU network without biases, clipped to [-bound, bound].

    Weights are N(0, 1) in the first layer and N(0, 2/inputs) above it, so that on inputs with
    |x| = 1 the output has variance about scale^2 (before clipping).

    widths : (inputs, hidden ..., 1)
    """

    widths: tuple[int, ...]
    seed: int = 0
    scale: float = 0.5
    bound: float = 1.0

    def __post_init__(self) -> None:
        require_kind("widths", self.widths, Iterable, "give (inputs, hidden ..., 1)")
        object.__setattr__(self, "widths", tuple(whole("widths", width, 1) for width in self.widths))
        if len(self.widths) < 2 or self.widths[-1] != 1:
            raise InvalidArgument("widths", self.widths, "give (inputs, hidden ..., 1)")
        require_positive("scale", self.scale)
        require_bound(self.bound)

    @cached_property
    def weights(self) -> tuple[np.ndarray, ...]:
        """One (out, in) matrix a layer."""
        rng = generator("target", "teacher", self.seed, *self.widths)
        shapes = zip(self.widths[1:], self.widths, strict=False)
        drawn = [rng.standard_normal(shape) for shape in shapes]
        return (drawn[0], *(w * math.sqrt(2.0 / w.shape[1]) for w in drawn[1:]))

    def __call__(self, x: Points) -> Values:
        if x.shape[1] != self.widths[0]:
            raise ShapeMismatch("x", x.shape, f"the teacher takes {self.widths[0]} inputs")
        h = x
        for w in self.weights[:-1]:
            h = np.maximum(h @ w.T, 0.0)
        return np.asarray(np.clip(self.scale * (h @ self.weights[-1][0]), -self.bound, self.bound))


@dataclass(frozen=True, eq=False)
class Lookup(Target):
    """A value in [-1, 1] for each row of a table: for real data, whose target has no formula.

    Raises InvalidArgument where two equal rows have different values, and on an unknown input.
    """

    points: np.ndarray
    values: np.ndarray

    def __post_init__(self) -> None:
        object.__setattr__(self, "points", finite("points", self.points, 2))
        object.__setattr__(self, "values", finite("values", self.values, 1))
        if len(self.points) != len(self.values):
            raise ShapeMismatch("values", self.values.shape, f"there are {len(self.points)} points")
        require_labels("values", self.values)
        if np.any(self(self.points) != self.values):
            raise InvalidArgument("values", self.values, "equal rows have to have equal values")

    @cached_property
    def _table(self) -> dict[bytes, float]:
        return {_key(row): float(v) for row, v in zip(self.points, self.values, strict=True)}

    @property
    def bound(self) -> float:
        return float(np.abs(self.values).max())

    def __call__(self, x: Points) -> Values:
        try:
            return np.array([self._table[_key(row)] for row in x], dtype=np.float64)
        except KeyError as error:
            raise InvalidArgument("x", x, "an input is not a row of the table") from error


def _key(row: np.ndarray) -> bytes:
    return (row + 0.0).tobytes()  # -0.0 and 0.0 are one number


def require_bound(bound: float) -> None:
    require_number("bound", bound)
    if not 0.0 < bound <= 1.0:
        raise LabelOutOfRange("bound", bound, "a target is clipped to at most [-1, 1]")


def require_labels(argument: str, values: np.ndarray) -> None:
    """Raises LabelOutOfRange unless every value is in [-1, 1]."""
    out = np.abs(values) > 1.0
    if out.any():
        raise LabelOutOfRange(
            argument, values[out][:3], f"{int(out.sum())} values are outside [-1, 1]; rescale them"
        )
