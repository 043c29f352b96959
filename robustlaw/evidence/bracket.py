"""Certified enclosures, and the heuristic values that must not be mistaken for them.

Arithmetic on brackets rounds outward, so a bracket computed from brackets encloses the
true result. Information is in nats inside the package; `bits` is for display.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import SupportsFloat

from ..errors import BrokenInvariant, HeuristicInVerdict, InvalidArgument, MixedUnits

NATS, BITS = "nats", "bits"


def bits(nats: float) -> float:
    """Nats to bits, for display."""
    return nats / math.log(2.0)


def round_down(x: float, ulps: int = 1) -> float:
    """The float `ulps` steps below x."""
    for _ in range(ulps):
        x = math.nextafter(x, -math.inf)
    return x


def round_up(x: float, ulps: int = 1) -> float:
    """The float `ulps` steps above x."""
    return -round_down(-x, ulps)


# The C library's log and exp are off by less than one ulp on every platform that CPython
# supports with IEEE doubles; two steps outward leave room.
LIBM_ULPS = 2


@dataclass(frozen=True)
class Certificate:
    """What a stranger needs to check one end of a bracket again, in plain numbers.

    kind    : names the checker, for example "multipliers" or "tree"
    numbers : flat arrays of float64, by name
    """

    kind: str
    numbers: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class Bracket:
    """A certified enclosure lower <= truth <= upper.

    method      : how both ends were found
    unit        : "nats", "bits" or "" for a plain number
    assumptions : sentences the ends rest on beyond arithmetic; empty if none
    witness     : a point that attains `lower`, where there is one
    certificate : multipliers and the like that prove `upper`, where there are any
    Raises BrokenInvariant if lower > upper, InvalidArgument on NaN.
    """

    lower: float
    upper: float
    method: str = "exact"
    unit: str = ""
    assumptions: tuple[str, ...] = ()
    witness: tuple[float, ...] | None = field(default=None, repr=False)
    certificate: Certificate | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        for name in ("lower", "upper"):
            value = getattr(self, name)
            # the plain case first: looking for a protocol is slow
            if not isinstance(value, float) and (
                isinstance(value, str) or not isinstance(value, SupportsFloat)
            ):
                raise InvalidArgument(name, value, "an end of a bracket is a number")
            object.__setattr__(self, name, float(value))
        if math.isnan(self.lower) or math.isnan(self.upper):
            raise InvalidArgument(
                "bracket", (self.lower, self.upper), "both ends have to be numbers, not NaN"
            )
        if self.lower > self.upper:
            raise BrokenInvariant(f"{self.method}: lower end {self.lower!r} above upper end {self.upper!r}")

    @classmethod
    def exact(cls, value: float, method: str = "exact", unit: str = "") -> Bracket:
        """The bracket of a number that is known exactly."""
        return cls(value, value, method, unit)

    @property
    def is_exact(self) -> bool:
        return self.lower == self.upper

    @property
    def width(self) -> float:
        return self.upper - self.lower

    @property
    def middle(self) -> float:
        """A point inside, for plots; 0 for the whole line."""
        if self.is_exact:
            return self.lower
        if math.isinf(self.lower) and math.isinf(self.upper):
            return 0.0
        return min(max(0.5 * self.lower + 0.5 * self.upper, self.lower), self.upper)

    def contains(self, value: float) -> bool:
        return self.lower <= value <= self.upper

    def intersect(self, other: Bracket) -> Bracket:
        """Both enclose the same number: keep the better end of each, with its proof."""
        low = self if self.lower >= other.lower else other
        high = self if self.upper <= other.upper else other
        method = low.method if low.method == high.method else f"lower: {low.method}; upper: {high.method}"
        return Bracket(
            low.lower,
            high.upper,
            method,
            _same_unit(self, other),
            union(low.assumptions, high.assumptions),
            low.witness,
            high.certificate,
        )

    def widen(self, relative: float) -> Bracket:
        """Both ends moved outward by at least `relative` times their size."""
        if not relative >= 0.0:
            raise InvalidArgument("relative", relative, "a bracket can be widened, not narrowed: give >= 0")
        reach = [round_up(_times(relative, abs(end))) for end in (self.lower, self.upper)]
        return replace(self, lower=round_down(self.lower - reach[0]), upper=round_up(self.upper + reach[1]))

    def named(self, method: str) -> Bracket:
        return replace(self, method=method)

    def assuming(self, *sentences: str) -> Bracket:
        return replace(self, assumptions=union(self.assumptions, sentences))

    def __neg__(self) -> Bracket:
        return self._derived(-self.upper, -self.lower, self.unit)

    def __add__(self, other: Bracket | float) -> Bracket:
        b = _bracket(other, self.unit)
        low, high = self.lower + b.lower, self.upper + b.upper
        if self.is_exact and b.is_exact and _sum_is_exact(self.lower, b.lower, low):
            return self._derived(low, high, _same_unit(self, b), b)
        return self._derived(round_down(low), round_up(high), _same_unit(self, b), b)

    def __sub__(self, other: Bracket | float) -> Bracket:
        return self + (-_bracket(other, self.unit))

    def __mul__(self, other: Bracket | float) -> Bracket:
        b = _bracket(other, "")
        products = [_times(x, y) for x in (self.lower, self.upper) for y in (b.lower, b.upper)]
        unit = self.unit if not b.unit else b.unit if not self.unit else ""
        return self._derived(round_down(min(products)), round_up(max(products)), unit, b)

    def __truediv__(self, other: Bracket | float) -> Bracket:
        b = _bracket(other, "")
        if b.lower <= 0.0 <= b.upper:
            raise InvalidArgument("divisor", (b.lower, b.upper), "a bracket that contains 0 cannot divide")
        inverse = Bracket(round_down(1.0 / b.upper), round_up(1.0 / b.lower), b.method, "", b.assumptions)
        return replace(self * inverse, unit="" if self.unit == b.unit else self.unit)

    def __rtruediv__(self, other: float) -> Bracket:
        return Bracket.exact(other) / self

    __radd__ = __add__
    __rmul__ = __mul__

    def sqrt(self) -> Bracket:
        """Square root of a non-negative quantity (a lower end below 0 by rounding counts as 0)."""
        if self.upper < 0.0:
            raise InvalidArgument("bracket", (self.lower, self.upper), "no square root below 0")
        low = max(0.0, round_down(math.sqrt(max(self.lower, 0.0))))
        return self._derived(low, round_up(math.sqrt(self.upper)), "")

    def log(self) -> Bracket:
        """Natural logarithm of a positive quantity, in nats."""
        if self.lower <= 0.0:
            raise InvalidArgument(
                "bracket", (self.lower, self.upper), "the logarithm needs a positive lower end"
            )
        return self._derived(
            round_down(math.log(self.lower), LIBM_ULPS), round_up(math.log(self.upper), LIBM_ULPS), NATS
        )

    def at_least(self, floor: float) -> Bracket:
        """The truth is known to be at least `floor`. Raises BrokenInvariant if the upper end says no."""
        return replace(self, lower=max(self.lower, floor))

    def _derived(self, low: float, high: float, unit: str, other: Bracket | None = None) -> Bracket:
        assumptions = self.assumptions if other is None else union(self.assumptions, other.assumptions)
        return Bracket(low, high, self.method, unit, assumptions)

    def __str__(self) -> str:
        suffix = f" {self.unit}" if self.unit else ""
        return (
            f"{self.lower:.6g}{suffix}" if self.is_exact else f"[{self.lower:.6g}, {self.upper:.6g}]{suffix}"
        )


@dataclass(frozen=True)
class Estimate:
    """A heuristic value: displayed, never part of a verdict."""

    value: float
    method: str
    unit: str = ""
    standard_error: float | None = None


def _bracket(value: Bracket | float, unit: str) -> Bracket:
    if isinstance(value, Estimate):
        raise HeuristicInVerdict("an Estimate cannot be combined with a certified bracket")
    return value if isinstance(value, Bracket) else Bracket.exact(float(value), unit=unit)


def _same_unit(a: Bracket, b: Bracket) -> str:
    if a.unit != b.unit:
        raise MixedUnits("unit", (a.unit, b.unit), "convert to one unit before combining brackets")
    return a.unit


def _sum_is_exact(x: float, y: float, total: float) -> bool:
    """Knuth's two-sum: the rounding error of x + y, which is itself a float, is zero."""
    if not math.isfinite(total):
        return False
    back = total - x
    return (x - (total - back)) + (y - back) == 0.0


def _times(x: float, y: float) -> float:
    """A product in which 0 beats infinity, as it does for the ends of enclosures."""
    return 0.0 if x == 0.0 or y == 0.0 else x * y


def union(*groups: Sequence[str]) -> tuple[str, ...]:
    """Sentences of all groups in order, each once."""
    return tuple(dict.fromkeys(sentence for group in groups for sentence in group))
