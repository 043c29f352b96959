"""Rules of calculus: from signs of derivatives to inequalities, and applying increasing functions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.engine import Engine, all_proved
from ..kernel.intervals import not_smooth, on_the_way, premises_without
from ..kernel.terms import eq, exact, gap, ge, gt, is_inequality, is_strict, le, lt
from ..kernel.verdicts import Outcome, inconclusive
from .algebra import Identity, Polynomial, Sign


@dataclass(frozen=True)
class Monotone(Engine):
    """gap >= 0 at `start`, and its derivative >= 0 from there on: gap >= 0 for variable >= start.

    With falling=True the variable is <= start and the derivative <= 0. The gap has to be continuous
    from `start` on and smooth strictly beyond, where the derivative is looked at; of the premises on
    the variable only those are used that hold all the way from `start` to it.
    A function without a formula is one that is differentiable there, and continuous at `start`.
    """

    variable: Any
    start: Any = 0
    slope: Engine = field(default_factory=Sign)
    at_start: Engine = field(default_factory=Identity)
    falling: bool = False

    def parts(self) -> Iterator[Engine]:
        yield from (self.slope, self.at_start)

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        x, start, difference = self.variable, exact(self.start), gap(claim)
        if not isinstance(claim, (sp.Le, sp.Ge)):
            return inconclusive("the rule proves inequalities that are not strict")
        beyond, reached = (lt, le) if self.falling else (gt, ge)
        around = premises_without(x, premises)
        ahead = [p for p in premises if on_the_way(p, x, self.falling)]
        far = [*around, *ahead, beyond(x, start)]
        ends = (None, start) if self.falling else (start, None)
        if reason := not_smooth(difference, x, ends, [*around, *ahead, reached(x, start)], far):
            return inconclusive(reason)
        rises = (le if self.falling else ge)(sp.diff(difference, x), 0)
        parts = [
            ("the variable is beyond its start", Polynomial().decide(reached(x, start), premises)),
            ("at the start", self.at_start.decide(ge(difference.subs(x, start), 0), around)),
            ("the derivative", self.slope.decide(rises, far)),
        ]
        return all_proved(parts, f"true at {x} = {start}, and the gap grows from there on")


@dataclass(frozen=True)
class Concave(Engine):
    """gap is concave in the variable on [low, high] and >= 0 at both ends."""

    variable: Any
    low: Any
    high: Any
    curvature: Engine = field(default_factory=Sign)
    ends: Engine = field(default_factory=Identity)

    def parts(self) -> Iterator[Engine]:
        yield from (self.curvature, self.ends)

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        x, low, high, difference = self.variable, exact(self.low), exact(self.high), gap(claim)
        if not isinstance(claim, (sp.Le, sp.Ge)):
            return inconclusive("the rule proves inequalities that are not strict")
        around = premises_without(x, premises)
        inside = [*around, gt(x, low), lt(x, high)]
        if reason := not_smooth(difference, x, (low, high), [*around, ge(x, low), le(x, high)], inside):
            return inconclusive(reason)
        parts = [
            ("above the low end", Polynomial().decide(ge(x, low), premises)),
            ("below the high end", Polynomial().decide(le(x, high), premises)),
            ("at the low end", self.ends.decide(ge(difference.subs(x, low), 0), around)),
            ("at the high end", self.ends.decide(ge(difference.subs(x, high), 0), around)),
            ("the second derivative", self.curvature.decide(le(sp.diff(difference, x, 2), 0), inside)),
        ]
        return all_proved(parts, f"concave in {x} and not negative at {low} and {high}")


@dataclass(frozen=True)
class Increasing(Engine):
    """From a <= b to g(a) <= g(b), for g = exp, log or sqrt.

    small, large : a and b; that a <= b is decided by `by` (by default it has to follow from the
    premises by polynomials). For log and sqrt, a > 0 and a >= 0 have to follow too.
    """

    function: Any
    small: Any
    large: Any
    by: Engine = field(default_factory=Polynomial)

    def parts(self) -> Iterator[Engine]:
        yield self.by

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if self.function not in (sp.exp, sp.log, sp.sqrt) or not is_inequality(claim):
            return inconclusive("the rule knows exp, log and sqrt, and inequalities")
        small, large = exact(self.small), exact(self.large)
        lower, upper = (claim.lhs, claim.rhs) if isinstance(claim, (sp.Le, sp.Lt)) else (claim.rhs, claim.lhs)
        order = lt(small, large) if is_strict(claim) else le(small, large)
        parts = [
            ("the arguments", self.by.decide(order, premises)),
            (
                "the smaller side",
                Identity().decide(eq(lower, self.function(small)), premises),
            ),
            (
                "the larger side",
                Identity().decide(eq(upper, self.function(large)), premises),
            ),
        ]
        if self.function is not sp.exp:
            floor = gt(small, 0) if self.function is sp.log else ge(small, 0)
            parts.append(("the domain", self.by.decide(floor, premises)))
        return all_proved(parts, f"{self.function.__name__} is increasing")


@dataclass(frozen=True)
class Cases(Engine):
    """The cases cover everything that the premises allow, and each has its own engine."""

    cases: tuple[tuple[tuple[Relational, ...], Engine], ...]

    def parts(self) -> Iterator[Engine]:
        yield from (engine for _, engine in self.cases)

    def undefined(self, claim: Relational, premises: Sequence[Any]) -> str | None:  # noqa: ARG002
        return None  # shown in every case

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        parts = [("the cases cover the domain", self._cover(premises))]
        for extra, engine in self.cases:
            parts.append((f"case {', '.join(map(str, extra))}", engine.decide(claim, [*premises, *extra])))
        return all_proved(parts, f"{len(self.cases)} cases, which cover the domain")

    def _cover(self, premises: Sequence[Relational]) -> Outcome:
        return Polynomial().covers([extra for extra, _ in self.cases], premises)


@dataclass(frozen=True)
class Chain(Engine):
    """a <= b <= c <= ...: every link has its engine, and the ends are those of the claim.

    middle  : the expressions between the smaller and the larger side, in rising order
    engines : one for each link
    """

    middle: tuple[Any, ...]
    engines: tuple[Engine, ...]

    def parts(self) -> Iterator[Engine]:
        yield from self.engines

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if not isinstance(claim, (sp.Le, sp.Ge)):
            return inconclusive("the rule chains inequalities that are not strict")
        lower, upper = (claim.lhs, claim.rhs) if isinstance(claim, sp.Le) else (claim.rhs, claim.lhs)
        rungs = [lower, *(exact(m) for m in self.middle), upper]
        if len(self.engines) != len(rungs) - 1:
            return inconclusive(f"{len(rungs) - 1} links need as many engines")
        links = zip(rungs, rungs[1:], self.engines, strict=False)
        parts = [(f"{a} <= {b}", engine.decide(le(a, b), premises)) for a, b, engine in links]
        return all_proved(parts, f"a chain of {len(parts)} inequalities")
