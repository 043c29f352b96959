"""One side of a bracket on mutual information, and the bracket that many such sides make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

from ..errors import InvalidArgument, MixedUnits, UnknownName
from ..evidence import BITS, LOG2, NATS, Bracket, Estimate, bits, round_down, round_up, table, union
from .targets import Target

Side = Literal["lower", "upper"]


@dataclass(frozen=True)
class Bound:
    """A certified one-sided bound on a mutual information, in nats.

    name        : the method, for example "label recovery"
    value       : the bound, `slack` already taken off (lower) or added (upper)
    target      : the quantity it bounds
    risk        : chance that it is wrong over the sampled runs; 0 for what is proved without sampling
    runs        : sampled runs it rests on
    slack       : allowance for rounding and quadrature inside `value`, nats
    assumptions : what it rests on beyond the channel's own code
    note        : a sentence for the reader
    """

    name: str
    side: Side
    value: float
    target: Target
    risk: float = 0.0
    runs: int = 0
    slack: float = 0.0
    assumptions: tuple[str, ...] = ()
    note: str = ""

    def __post_init__(self) -> None:
        if self.side not in get_args(Side):
            raise UnknownName("side", self.side, get_args(Side))
        if math.isnan(self.value):
            raise InvalidArgument("value", self.value, f"{self.name} gave no number")
        if not 0.0 <= self.risk < 1.0:
            raise InvalidArgument("risk", self.risk, "give the chance of being wrong, in [0, 1)")

    @property
    def kind(self) -> str:
        return "certified" if self.risk > 0.0 else "exact"

    def holds_for(self, target: Target) -> bool:
        """The bound is one for `target` as well."""
        return self.target.at_most(target) if self.side == "lower" else target.at_most(self.target)


@dataclass(frozen=True)
class InformationBracket(Bracket):
    """lower <= I <= upper for one target, in nats, with every bound that was tried.

    level : the bracket holds with at least this probability over the sampled runs; 1 if nothing
            was sampled
    tried : all bounds, losers included
    considered : what the methods that were not run in full gave on pilot runs
    """

    target: Target = Target.DATA
    level: float = 1.0
    tried: tuple[Bound, ...] = field(default=(), repr=False)
    considered: tuple[Estimate, ...] = field(default=(), repr=False)

    @property
    def risk(self) -> float:
        return 1.0 - self.level

    def for_target(self, target: Target) -> InformationBracket:
        """What is known of another target: the lower end if that is larger, the upper if smaller.

        Raises InvalidArgument where neither end carries over.
        """
        up, down = self.target.at_most(target), target.at_most(self.target)
        if not (up or down):
            raise InvalidArgument("target", target, f"no bound on {self.target} says anything about it")
        low, high = (self.lower if up else 0.0), (self.upper if down else math.inf)
        return InformationBracket(
            low,
            high,
            self.method,
            self.unit,
            self.assumptions,
            target=target,
            level=self.level,
            tried=self.tried,
        )

    def in_unit(self, unit: str) -> InformationBracket:
        """The ends in "nats" or "bits", rounded outward; the bounds in `tried` stay in nats.

        Raises UnknownName, or MixedUnits for a way back from bits.
        """
        if unit not in (NATS, BITS):
            raise UnknownName("unit", unit, (NATS, BITS))
        if unit == self.unit:
            return self
        if unit == NATS:
            raise MixedUnits("unit", unit, "this bracket is in bits already; keep the one in nats")
        ends = Bracket(self.lower, self.upper) / Bracket(LOG2.lower, LOG2.upper)
        upper = ends.upper if self.upper > 0.0 else 0.0
        return replace(self, lower=max(0.0, ends.lower), upper=upper, unit=BITS)

    def explain(self) -> str:
        """Every bound that was tried, one a line: side, method, nats, bits, risk, runs, note."""
        header = ("side", "method", "nats", "bits", "risk", "runs", "note")
        rows = [
            (b.side, b.name, f"{b.value:.4f}", f"{bits(b.value):.4f}", f"{b.risk:.3g}", str(b.runs), b.note)
            for b in sorted(self.tried, key=lambda b: (b.side, -b.value if b.side == "lower" else b.value))
        ]
        return f"{self.target}: {self} at level {self.level:g}\n{table(header, rows)}"


def exact_bracket(value: Bracket, target: Target, method: str, *assumptions: str) -> InformationBracket:
    """The bracket of a quantity that was computed, not sampled."""
    sides: tuple[tuple[Side, float], ...] = (("lower", value.lower), ("upper", value.upper))
    tried = tuple(Bound(method, side, end, target, assumptions=assumptions) for side, end in sides)
    return InformationBracket(
        max(0.0, value.lower), max(0.0, value.upper), method, NATS, assumptions, target=target, tried=tried
    )


def combine(target: Target, bounds: Sequence[Bound]) -> InformationBracket:
    """The best of many bounds whose risks add up to the bracket's.

    Lower ends below 0 count as 0. A sampled end beyond an exact bound of the other side has met the
    chance it stated, and stops there. Raises InvalidArgument for a bound on another target that does
    not carry over, BrokenInvariant if the ends contradict each other otherwise: an assumption is
    violated, or there is a defect, and no average would mend it.
    """
    for b in bounds:
        if not b.holds_for(target):
            raise InvalidArgument("bounds", b.name, f"a {b.side} bound on {b.target} is none on {target}")
    low = max((b for b in bounds if b.side == "lower"), key=lambda b: b.value, default=None)
    high = min((b for b in bounds if b.side == "upper"), key=lambda b: b.value, default=None)
    lower = max(0.0, low.value) if low else 0.0
    upper = max(0.0, high.value) if high else math.inf
    if lower > upper and low is not None and high is not None and (low.risk > 0.0) != (high.risk > 0.0):
        lower, upper = (upper, upper) if low.risk > 0.0 else (lower, lower)
    level = 1.0
    chance: tuple[str, ...] = ()
    if any(b.risk > 0.0 for b in bounds):  # travels with the number into every verdict
        level = max(0.0, round_down(1.0 - round_up(math.fsum(b.risk for b in bounds))))
        chance = (f"the information lies in its bracket, probability at least {level:g} over sampled runs",)
    return InformationBracket(
        lower,
        upper,
        f"lower: {low.name if low and low.value > 0.0 else 'information is not negative'}; "
        f"upper: {high.name if high else 'nothing'}",
        NATS,
        union(*(b.assumptions for b in (low, high) if b is not None), chance),
        target=target,
        level=level,
        tried=tuple(bounds),
    )
