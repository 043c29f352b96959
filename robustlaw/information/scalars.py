"""Enclosures of scalar formulas of information, evaluated at high precision."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import Any

from mpmath import mp, mpf

from ..errors import BrokenInvariant
from ..evidence import NATS, Bracket, round_down, round_up

DIGITS = 40
_QUADRATURE = 30  # digits of the integrals
_AGREE = mpf(10) ** -20  # of two quadratures, relative


def enclosed(formula: Callable[[], Any], method: str, terms: int = 1, digits: int = DIGITS) -> Bracket:
    """A closed form evaluated at `digits` digits and again at 15 more.

    terms : additions in the formula. Their rounding, with cancellation, is what the second
            evaluation shows: the bracket is ten times the difference wide, and an ulp more.
    """
    with mp.workdps(digits):
        rough = mpf(formula())
    with mp.workdps(digits + 15):
        value = mpf(formula())
        slack = 10 * abs(value - rough) + mpf(10) ** (3 - digits) * (terms + abs(value))
        return _bracket(value, slack, method)


def integral(integrand: Callable[[Any], Any], points: Iterable[float], method: str) -> Bracket:
    """The integral of a smooth function over the pieces between `points`, by two rules.

    Raises BrokenInvariant if they do not agree to 20 digits.
    """
    with mp.workdps(_QUADRATURE):
        ends = [mpf(p) for p in points]
        fine = mp.quad(integrand, ends, method="gauss-legendre", maxdegree=8)
        other = mp.quad(integrand, ends, method="tanh-sinh", maxdegree=9)
        if abs(fine - other) > _AGREE * (1 + abs(fine)):
            raise BrokenInvariant(f"{method}: two quadratures differ, {fine} and {other}")
        return _bracket(fine, 10 * abs(fine - other) + mpf(10) ** -25, method)


def binary_entropy_bracket(p: float) -> Bracket:
    """h(p), enclosed."""
    return enclosed(lambda: entropy_of_bit(p), "binary entropy")


def entropy_of_bit(p: Any) -> Any:
    """h(p) at mpmath's working precision."""
    p = mpf(p)
    return sum((-q * mp.log(q) for q in (p, 1 - p) if q > 0), start=mpf(0))


def around(value: float, slack: float, method: str, *assumptions: str) -> Bracket:
    """value +- slack, in nats."""
    return Bracket(round_down(value - slack), round_up(value + slack), method, NATS, assumptions)


def _bracket(value: Any, slack: Any, method: str) -> Bracket:
    low, high = float(value - slack), float(value + slack)
    if math.isnan(low) or math.isnan(high):
        raise BrokenInvariant(f"{method}: the formula gave no number")
    return Bracket(round_down(low), round_up(high), method, NATS)
