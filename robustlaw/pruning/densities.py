"""Random masks whose layers differ in density: which layer keeps how many, then uniform places.

A rule gives real shares; `largest_remainder` makes them whole numbers with the exact total of the shares.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import ClassVar

import numpy as np
from torch import Tensor

from ..data.checks import require_number, whole
from ..errors import InvalidArgument
from ..networks import Dependence
from ..seeds import generator
from .base import Pruner, Session
from .selection import drawn, largest_remainder, layer_counts, select_layers, with_floor

Shapes = Sequence[tuple[int, int]]


def uniform(shapes: Shapes, count: int) -> np.ndarray:
    """The same density in every layer."""
    return layer_counts(_sizes(shapes), count)


def erdos_renyi(shapes: Shapes, count: int, power: float = 1.0, redistribute: bool = True) -> np.ndarray:
    """Density in proportion to ((in + out)/(in out))^power (Mocanu et al. 2018), full layers filled first.

    For matrices the Erdos-Renyi-kernel rule of Evci et al. 2020 is the same.

    redistribute : without it what full layers cannot take is lost, and fewer than `count` are kept
    """
    raw, sizes = erdos_renyi_shares(shapes, power), _sizes(shapes)
    if redistribute:
        return _rounded(water_filled(raw, sizes, count), shapes, count)
    eps = count / sum((r * int(n) for r, n in zip(raw, sizes, strict=True)), Fraction(0))
    shares = [min(Fraction(1), eps * r) * int(n) for r, n in zip(raw, sizes, strict=True)]
    return _rounded(shares, shapes, math.floor(sum(shares) + Fraction(1, 2)))


def erdos_renyi_shares(shapes: Shapes, power: float) -> list[Fraction]:
    """What the densities are proportional to, the largest being 1.

    Raises InvalidArgument if the power is negative or so large that a share is no float.
    """
    require_number("power", power)
    raw = [Fraction(out + into, out * into) for out, into in shapes]
    parts = [r / max(raw) for r in raw]
    if not 0.0 <= power < math.inf:
        raise InvalidArgument("power", power, "give a finite number of at least 0")
    if power == 1.0:  # exact
        return parts
    shares = [Fraction(float(part) ** power) for part in parts]
    if not all(shares):
        raise InvalidArgument("power", power, "the share of a layer underflows; lower it")
    return shares


def balanced(shapes: Shapes, count: int) -> np.ndarray:
    """The same number in every layer, as far as the layers have room."""
    raw = [Fraction(1, out * into) for out, into in shapes]
    return _rounded(water_filled(raw, _sizes(shapes), count), shapes, count)


def pyramidal(shapes: Shapes, count: int) -> np.ndarray:
    """Densities s, s^2, s^3, ... from the first layer on, s such that the total is right."""
    sizes = _sizes(shapes)
    depth = np.arange(1, len(sizes) + 1)
    low, high = 0.0, 1.0
    while low < (middle := 0.5 * (low + high)) < high:
        too_many = float((sizes * middle**depth).sum()) > count
        low, high = (low, middle) if too_many else (middle, high)
    return largest_remainder(sizes * high**depth, sizes, count)


def water_filled(raw: Sequence[Fraction], sizes: np.ndarray, count: int) -> list[Fraction]:
    """Shares of `count` with densities min(1, eps raw): what full layers cannot take, the others get."""
    full: set[int] = set()
    while True:
        rest = [i for i in range(len(raw)) if i not in full]
        left = count - sum(int(sizes[i]) for i in full)
        eps = left / sum((raw[i] * int(sizes[i]) for i in rest), Fraction(0)) if rest else Fraction(0)
        over = {i for i in rest if eps * raw[i] > 1}
        if not over:
            return [Fraction(int(n)) if i in full else eps * raw[i] * int(n) for i, n in enumerate(sizes)]
        full |= over


def _rounded(shares: Sequence[Fraction], shapes: Shapes, count: int) -> np.ndarray:
    return largest_remainder(np.array([float(s) for s in shares]), _sizes(shapes), count)


def _sizes(shapes: Shapes) -> np.ndarray:
    return np.array([out * into for out, into in shapes], dtype=np.int64)


@dataclass(frozen=True)
class Allocated(Pruner):
    """A uniform subset of each layer, of a size that only the shapes decide.

    min_per_layer : kept entries that every layer is left with, taken from the largest
    """

    min_per_layer: int = 0
    dependence: ClassVar[Dependence] = Dependence.NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("min_per_layer", self.min_per_layer)

    @abstractmethod
    def allocate(self, shapes: Shapes, count: int) -> np.ndarray:
        """Kept entries of each layer, `count` in total where the pruner is exact."""

    def fixed_counts(self, shapes: Shapes, count: int) -> tuple[int, ...]:
        counts = self.allocate(shapes, count)
        return tuple(with_floor(counts, _sizes(shapes), self.min_per_layer).tolist())

    def choose(self, session: Session) -> list[Tensor]:
        of_total = {k: self.fixed_counts(session.shapes, k) for k in set(session.counts)}
        counts = np.array([of_total[k] for k in session.counts])
        return random_places(session, counts, type(self).__name__)


def random_places(session: Session, counts: np.ndarray, purpose: str) -> list[Tensor]:
    """Uniform subsets with `counts` (nets, layers) entries, from streams of their own."""
    named = zip(session.maskable, session.shapes, strict=True)
    scores = [_uniform_scores(session, purpose, name, shape) for name, shape in named]
    return session.of_all_layers(select_layers(scores, counts, session.keys))


def _uniform_scores(session: Session, purpose: str, name: str, shape: tuple[int, int]) -> np.ndarray:
    return drawn(session.keys, lambda key: generator("mask", key, purpose, name).random(shape))


@dataclass(frozen=True)
class ErdosRenyi(Allocated):
    """Sparse random graphs: narrow layers are kept denser (Mocanu et al. 2018, Evci et al. 2020).

    power        : of the factor (in + out)/(in out); 0 is the same density everywhere
    redistribute : give the others what full layers cannot take. Public code that scales once and
                   clamps does not, and keeps fewer than asked; what counts is what is kept
    """

    power: float = 1.0
    redistribute: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        erdos_renyi_shares([(1, 1)], self.power)

    @property
    def name(self) -> str:
        power = "" if self.power == 1.0 else f"power {self.power:g}"
        told = [part for part in (power, "" if self.redistribute else "clamped") if part]
        return f"ErdosRenyi({', '.join(told)})" if told else "ErdosRenyi"

    @property
    def exact(self) -> bool:
        return self.redistribute

    def allocate(self, shapes: Shapes, count: int) -> np.ndarray:
        return erdos_renyi(shapes, count, self.power, self.redistribute)


@dataclass(frozen=True)
class Balanced(Allocated):
    """The same number of entries in every layer."""

    def allocate(self, shapes: Shapes, count: int) -> np.ndarray:
        return balanced(shapes, count)


@dataclass(frozen=True)
class Pyramidal(Allocated):
    """Densities that fall geometrically with depth."""

    def allocate(self, shapes: Shapes, count: int) -> np.ndarray:
        return pyramidal(shapes, count)
