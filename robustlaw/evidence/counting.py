"""Logarithms of counts, in nats, enclosed: factorials, binomial coefficients, whole numbers."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache

from ..errors import InvalidArgument
from .bracket import NATS, Bracket

LOG2 = Bracket.exact(2.0).log()
_EXACT_FACTORIALS = 64


@lru_cache(maxsize=4096)
def log_factorial(n: int) -> Bracket:
    """log n!, enclosed. Beyond small n by Stirling's series, whose partial sums alternate around it."""
    if n < 0:
        raise InvalidArgument("n", n, "a factorial needs n >= 0")
    if n < _EXACT_FACTORIALS:
        return log_of_integer(math.factorial(n))
    x = Bracket.exact(float(n))
    tau = (Bracket(math.pi, math.nextafter(math.pi, 4.0)) * 2.0 * x).log() * 0.5
    main = x.log() * float(n) - Bracket.exact(float(n), unit=NATS) + tau
    cube = x * x * x
    first = _nats(Bracket.exact(1.0) / (x * 12.0))
    second = _nats(Bracket.exact(1.0) / (cube * 360.0))
    third = _nats(Bracket.exact(1.0) / (cube * x * x * 1260.0))
    low = main + first - second
    high = low + third
    return Bracket(low.lower, high.upper, "Stirling's alternating series", NATS)


def log_binomial(n: int, k: int) -> Bracket:
    """log C(n, k), enclosed."""
    if not 0 <= k <= n:
        raise InvalidArgument("k", k, f"choose between 0 and {n}")
    if k in (0, n):
        return Bracket.exact(0.0, unit=NATS)
    if n <= 5000:
        return log_of_integer(math.comb(n, k))
    return (log_factorial(n) - log_factorial(k) - log_factorial(n - k)).at_least(0.0)


def sum_of(brackets: Sequence[Bracket]) -> Bracket:
    """Their sum; 0 nats if there are none."""
    return sum(brackets, start=Bracket.exact(0.0, unit=NATS))


def log_of_integer(value: int) -> Bracket:
    """log of a positive whole number of any size, enclosed."""
    if value < 1:
        raise InvalidArgument("value", value, "the logarithm needs a whole number of at least 1")
    if value == 1:
        return Bracket.exact(0.0, unit=NATS)
    # math.log of an int is log of its leading 53 bits plus a multiple of log 2: three roundings.
    log = math.log(value)
    slack = 4.0 * math.ulp(log)
    return Bracket(log - slack, log + slack, "logarithm of an integer", NATS)


def _nats(value: Bracket) -> Bracket:
    return Bracket(value.lower, value.upper, value.method, NATS)
