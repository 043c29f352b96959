"""Branch and bound in ball arithmetic, and exact finite enumeration."""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.balls import NoEnclosure, ball, enclosed, holds_at, interval, precision
from ..kernel.defined import UnknownDomain, duties
from ..kernel.engine import Engine
from ..kernel.polynomials import shown
from ..kernel.terms import assumed, exact, gap, ge, is_equation, is_inequality, is_strict, le, symbols_of
from ..kernel.verdicts import Outcome, Verdict, inconclusive, proved, refuted
from .algebra import Polynomial

Box = dict[Any, tuple[Fraction, Fraction]]
MOST_BOXES = 100_000
MOST_CASES = 2_000_000
BITS = 128


@dataclass(frozen=True)
class Ball(Engine):
    """The gap is positive on every box of a bisection of the domain (Arb, mean-value forms).

    box : symbol -> (low, high), exact; that the premises keep to it is shown first, and boxes on
          which a premise is certainly false are dropped, so the boxes cover the domain
    A gap that touches 0 cannot be closed this way: such ends belong to another step.
    """

    box: Mapping[Any, tuple[Any, Any]]
    most: int = MOST_BOXES

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if not is_inequality(claim):
            return inconclusive("boxes decide inequalities only")
        if not claim.free_symbols:
            return proved("constants") if holds_at(claim, {}) else inconclusive("not seen from the constants")
        whole: Box = {
            s: (Fraction(str(exact(low))), Fraction(str(exact(high)))) for s, (low, high) in self.box.items()
        }
        if missing := symbols_of([claim]) - set(whole):
            return inconclusive(f"no bounds for {sorted(map(str, missing))}")
        for s, (low, high) in whole.items():
            for bound in (ge(s, low), le(s, high)):
                if Polynomial().decide(bound, premises).verdict is not Verdict.PROVED:
                    return inconclusive(f"{bound} does not follow: the box may not cover the domain")
        return self._branch(claim, premises, whole)

    def undefined(self, claim: Relational, premises: Sequence[Any]) -> str | None:
        """What the kernel does not see to be defined may be seen on boxes."""
        try:
            missing = [d for d in duties(claim) if not shown(d, premises)]
        except UnknownDomain as error:
            return str(error)
        for duty in missing:
            if not is_inequality(duty) or self.decide(duty, premises).verdict is not Verdict.PROVED:
                return f"not shown to be defined: {duty}"
        return None

    def _branch(self, claim: Relational, premises: Sequence[Relational], whole: Box) -> Outcome:
        with precision(BITS):
            return self._boxes(claim, premises, whole)

    def _boxes(self, claim: Relational, premises: Sequence[Relational], whole: Box) -> Outcome:
        form, order = _MeanValue(gap(claim)), itertools.count()
        heap = [(Fraction(0), next(order), whole)]
        done = 0
        while heap:
            _, _, box = heapq.heappop(heap)
            done += 1
            if done > self.most:
                return inconclusive(f"{self.most} boxes did not decide it; the last: {_show(box)}")
            lower = form.lower(box)
            if lower is not None and (lower > 0 or (lower >= 0 and not is_strict(claim))):
                continue
            if any(_surely_false(p, box) for p in premises):
                continue
            centre = {s: (low + high) / 2 for s, (low, high) in box.items()}
            if holds_at(claim, centre) is False and all(holds_at(p, centre) for p in premises):
                return refuted("false at the centre of a box", centre)
            if not box:
                return inconclusive("not decided, and there is nothing to bisect")
            for half in _halves(box):
                heapq.heappush(heap, (-_width(half), next(order), half))
        return proved(f"{done} boxes")


class _MeanValue:
    """f(c) + f'(box) (x - c), and the plain enclosure where that is sharper."""

    def __init__(self, expression: Any) -> None:
        self.expression = expression
        smooth = not expression.has(sp.Abs, sp.Max, sp.Min)
        symbols = sorted(expression.free_symbols, key=str)
        self.slopes = {s: sp.diff(expression, s) for s in symbols} if smooth else {}

    def lower(self, box: Box) -> Any:
        """A lower end over the box, None if it cannot be enclosed."""
        balls = {s: interval(low, high) for s, (low, high) in box.items()}
        ends = [e for e in (self._plain(balls), self._mean_value(box, balls)) if e is not None]
        return max(ends, key=lambda e: e.mid(), default=None)

    def _plain(self, balls: Mapping[Any, Any]) -> Any:
        try:
            value = enclosed(self.expression, balls)
        except (NoEnclosure, ZeroDivisionError):
            return None
        return value.lower() if value.is_finite() else None

    def _mean_value(self, box: Box, balls: Mapping[Any, Any]) -> Any:
        if not self.slopes:
            return None
        centre = {s: (low + high) / 2 for s, (low, high) in box.items()}
        try:
            value = enclosed(self.expression, {s: ball(c) for s, c in centre.items()})
            for s, slope in self.slopes.items():
                value = value + enclosed(slope, balls) * (balls[s] - ball(centre[s]))
        except (NoEnclosure, ZeroDivisionError):
            return None
        return value.lower() if value.is_finite() else None


def _surely_false(p: Relational, box: Box) -> bool:
    try:
        value = enclosed(gap(p), {s: interval(low, high) for s, (low, high) in box.items()})
    except (NoEnclosure, ZeroDivisionError, KeyError):
        return False
    if isinstance(p, sp.Ne):
        return False
    if is_equation(p):
        return not value.contains(0)
    return bool(value <= 0) if is_strict(p) else bool(value < 0)


def _halves(box: Box) -> Iterable[Box]:
    widest = max(box, key=lambda s: _relative(box[s]))
    low, high = box[widest]
    middle = (low + high) / 2
    return ({**box, widest: (low, middle)}, {**box, widest: (middle, high)})


def _relative(ends: tuple[Fraction, Fraction]) -> Fraction:
    low, high = ends
    return (high - low) / (1 + min(abs(low), abs(high)))


def _width(box: Box) -> Fraction:
    return max(_relative(ends) for ends in box.values())


def _show(box: Box) -> str:
    return ", ".join(f"{s} in [{float(low):.4g}, {float(high):.4g}]" for s, (low, high) in box.items())


@dataclass(frozen=True)
class Finite(Engine):
    """The claim at every whole point of the ranges that meets the premises.

    ranges : integer symbol -> (first, last); that the premises keep to them is shown first, so what
             is left out by a finite range belongs to another case
    """

    ranges: Mapping[Any, tuple[int, int]]

    def undefined(self, claim: Relational, premises: Sequence[Any]) -> str | None:  # noqa: ARG002
        return None  # every case is evaluated

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if missing := symbols_of([claim]) - set(self.ranges):
            return inconclusive(f"no range for {sorted(map(str, missing))}")
        for s, (first, last) in self.ranges.items():
            if not s.is_integer:
                return inconclusive(f"{s} is not declared an integer")
            for bound in (ge(s, first), le(s, last)):
                if Polynomial().decide(bound, premises).verdict is not Verdict.PROVED:
                    return inconclusive(f"{bound} does not follow from the premises")
        size = math.prod(last - first + 1 for first, last in self.ranges.values())
        return inconclusive(f"{size} cases are too many") if size > MOST_CASES else self._all(claim, premises)

    def _all(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        tried, needed = 0, [*premises, *assumed(self.ranges)]
        spans = [range(first, last + 1) for first, last in self.ranges.values()]
        for values in itertools.product(*spans):
            point = dict(zip(self.ranges, map(Fraction, values), strict=True))
            met = [holds_at(p, point) for p in needed]
            if any(m is False for m in met):
                continue
            found = holds_at(claim, point)
            if found is False and all(met):
                return refuted("false at one of the cases", point)
            if not found:
                return inconclusive(f"undecided at {point}")
            tried += 1
        return proved(f"all {tried} cases")
