"""The sign of an expression, read off its parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from typing import Any

import sympy as sp


@dataclass(frozen=True)
class KnownSign:
    """low <= sign <= high, with signs -1, 0, 1."""

    low: int
    high: int

    @property
    def positive(self) -> bool:
        return self.low > 0

    @property
    def at_least_zero(self) -> bool:
        return self.low >= 0

    def __neg__(self) -> KnownSign:
        return KnownSign(-self.high, -self.low)

    def times(self, other: KnownSign) -> KnownSign:
        ends = [a * b for a in (self.low, self.high) for b in (other.low, other.high)]
        return KnownSign(min(ends), max(ends))

    def plus(self, other: KnownSign) -> KnownSign | None:
        if self.low >= 0 and other.low >= 0:
            return KnownSign(max(self.low, other.low), max(self.high, other.high))
        if self.high <= 0 and other.high <= 0:
            return -((-self).plus(-other) or KnownSign(0, 0))
        return None


POSITIVE, NOT_NEGATIVE = KnownSign(1, 1), KnownSign(0, 1)


def sign_of(e: Any) -> KnownSign | None:
    """The sign of a real expression wherever it is defined, None if it is not seen."""
    if e.is_Rational or e in (sp.pi, sp.E):
        s = int(sp.sign(e))
        return KnownSign(s, s)
    if e.is_Symbol:
        return _assumed(e)
    if e.is_Add:
        return _sum(e)
    if e.is_Mul:
        return _product(e)
    if isinstance(e, sp.Pow):
        return _power(e)
    if isinstance(e, (sp.exp, sp.cosh)):
        return POSITIVE
    if isinstance(e, sp.gamma):
        return POSITIVE if _is_positive(e.args[0]) else None
    if isinstance(e, sp.Abs):
        return NOT_NEGATIVE
    if isinstance(e, (sp.sinh, sp.tanh, sp.atan, sp.erf)):
        return sign_of(e.args[0])
    if isinstance(e, sp.log):
        return sign_of(sp.factor(e.args[0] - 1)) if _is_positive(e.args[0]) else None
    return None


def _assumed(s: Any) -> KnownSign | None:
    if s.is_positive:
        return POSITIVE
    if s.is_nonnegative:
        return NOT_NEGATIVE
    if s.is_negative:
        return -POSITIVE
    return -NOT_NEGATIVE if s.is_nonpositive else None


def _is_positive(e: Any) -> bool:
    sign = sign_of(e)
    return sign is not None and sign.positive


def _sum(e: Any) -> KnownSign | None:
    constant, rest = e.as_coeff_Add()
    if isinstance(rest, sp.exp) and constant == -1:
        return sign_of(rest.args[0])  # exp(a) - 1 has the sign of a
    if isinstance(-rest, sp.exp) and constant == 1:
        below = sign_of((-rest).args[0])
        return None if below is None else -below
    if isinstance(rest, sp.cosh) and constant >= -1:
        return NOT_NEGATIVE
    total: KnownSign | None = KnownSign(0, 0)
    for part in e.args:
        sign = sign_of(part)
        if sign is None or total is None:
            return None
        total = total.plus(sign)
    return total


def _product(e: Any) -> KnownSign | None:
    signs = [sign_of(part) for part in e.args]
    known = [s for s in signs if s is not None]
    return reduce(KnownSign.times, known, POSITIVE) if len(known) == len(signs) else None


def _power(e: Any) -> KnownSign | None:
    if e.base is sp.E:
        return POSITIVE
    base = sign_of(e.base)
    even = e.exp.is_Integer and int(e.exp) % 2 == 0
    if e.exp.is_positive is not True and not (base is not None and (base.low > 0 or base.high < 0)):
        return None  # might divide by 0
    if even:
        nonzero = base is not None and (base.low > 0 or base.high < 0)
        return POSITIVE if nonzero else NOT_NEGATIVE
    if base is None or (base.low < 0 and not e.exp.is_Integer):
        return None
    return base
