"""Expressions in ball arithmetic (Arb through python-flint): every value is an enclosure.

At a rational point the precision is raised until a relation is decided; over a box the
enclosure holds for every point of the box.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb, ctx, fmpq
from sympy.core.relational import Relational

from .terms import Point, exact, gap, is_equation, is_strict, replaced

PRECISIONS = (64, 256, 1024)
MOST_ROOTS = 2


class NoEnclosure(ValueError):
    """An expression that ball arithmetic cannot evaluate here."""


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Working precision of ball arithmetic, set back afterwards."""
    before = ctx.prec
    ctx.prec = bits
    try:
        yield
    finally:
        ctx.prec = before


def ball(value: Fraction | int) -> Any:
    """A ball around a rational."""
    fraction = Fraction(value)
    return arb(fmpq(fraction.numerator, fraction.denominator))


def interval(low: Fraction, high: Fraction) -> Any:
    """A ball that contains every point between two rationals."""
    return ball(low).union(ball(high))


_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    sp.exp: lambda x: x.exp(),
    sp.log: lambda x: _positive(x).log(),
    sp.cosh: lambda x: x.cosh(),
    sp.sinh: lambda x: x.sinh(),
    sp.tanh: lambda x: x.tanh(),
    sp.cos: lambda x: x.cos(),
    sp.sin: lambda x: x.sin(),
    sp.asin: lambda x: x.asin(),
    sp.acos: lambda x: x.acos(),
    sp.atan: lambda x: x.atan(),
    sp.Abs: abs,
    sp.erf: lambda x: x.erf(),
    sp.erfc: lambda x: x.erfc(),
    sp.gamma: lambda x: _positive(x).gamma(),
    sp.loggamma: lambda x: _positive(x).lgamma(),
    sp.factorial: lambda x: (x + 1).gamma(),
    sp.Max: lambda *xs: _fold(lambda a, b: a.max(b), xs),
    sp.Min: lambda *xs: _fold(lambda a, b: a.min(b), xs),
    sp.binomial: lambda n, k: (n + 1).gamma() / ((k + 1).gamma() * (n - k + 1).gamma()),
}


def enclosed(expression: Any, values: Mapping[Any, Any]) -> Any:
    """A ball that contains the expression for all values in the given balls. Raises NoEnclosure."""
    if expression in values:
        return values[expression]
    if expression.is_Rational:
        return ball(Fraction(int(expression.p), int(expression.q)))
    if expression is sp.pi:
        return arb.pi()
    if expression is sp.E:
        return arb(1).exp()
    parts = expression.args
    if expression.is_Add:
        return _fold(lambda a, b: a + b, [enclosed(a, values) for a in parts])
    if expression.is_Mul:
        return _fold(lambda a, b: a * b, [enclosed(a, values) for a in parts])
    if isinstance(expression, sp.Pow):
        return _power(expression.base, expression.exp, values)
    function = _FUNCTIONS.get(expression.func)
    if function is None:
        raise NoEnclosure(f"no ball arithmetic for {expression.func}")
    return function(*(enclosed(a, values) for a in parts))


def _sign(value: Any) -> int | None:
    """-1, 0 or 1 for a constant, or None if no precision decides."""
    if value.is_Rational:
        return int(sp.sign(value))
    for found in _enclosures(value):
        if found > 0:
            return 1
        if found < 0:
            return -1
    return 0 if is_zero(value) else None


def _enclosures(value: Any) -> Iterator[Any]:
    """Finite balls around a constant, of rising precision."""
    for bits in PRECISIONS:
        with precision(bits):
            try:
                found = enclosed(value, {})
            except (NoEnclosure, ZeroDivisionError):
                continue
            if found.is_finite():
                yield found


def _is_real(value: Any) -> bool:
    """Whether ball arithmetic gives a constant a finite real value."""
    return bool(value.is_Rational) or next(_enclosures(value), None) is not None


def is_zero(value: Any) -> bool:
    """Whether sympy shows that a constant is 0: logarithms are taken apart into those of primes."""
    logs = {e: sp.expand_log(e, factor=True, force=True) for e in value.atoms(sp.log)}
    if sp.expand(value.xreplace(logs)) == 0 or sp.expand(sp.together(value).as_numer_denom()[0]) == 0:
        return True
    roots = [e for e in value.atoms(sp.Pow) if e.exp.is_Rational and not e.exp.is_Integer]
    # minimal polynomials of sums of many roots take for ever
    return len(roots) <= MOST_ROOTS and bool(sp.simplify(value) == 0)


def holds_at(claim: Relational, point: Point) -> bool | None:
    """Whether a relation holds at an exact point; None if undecided or undefined there."""
    here = replaced(claim, {s: exact(v) for s, v in point.items()})
    # the difference may be defined where the sides are not
    if not (_is_real(here.lhs) and _is_real(here.rhs)):
        return None
    sign = _sign(gap(here))
    if sign is None:
        return None
    if isinstance(claim, (sp.Eq, sp.Ne)):
        return (sign == 0) is is_equation(claim)
    return sign > 0 if is_strict(claim) else sign >= 0


def _power(base: Any, exponent: Any, values: Mapping[Any, Any]) -> Any:
    if base is sp.E:
        return enclosed(exponent, values).exp()
    below = enclosed(base, values)
    if exponent.is_Integer:
        power = int(exponent)
        raised = _whole_power(below, abs(power))
        if power >= 0:
            return raised
        if raised.contains(0):
            raise NoEnclosure("division by a ball that contains 0")
        return 1 / raised
    if exponent.is_Rational:
        if abs(exponent.q) == 2:
            root = _root(below)
            return _power(sp.Symbol("_root"), sp.Integer(exponent.p), {sp.Symbol("_root"): root})
        return (_positive(below).log() * enclosed(exponent, values)).exp()
    return (_positive(below).log() * enclosed(exponent, values)).exp()


def _whole_power(x: Any, power: int) -> Any:
    """x^power by repeated products; an even power of a ball around 0 is not negative."""
    around_zero = power > 0 and power % 2 == 0 and x.contains(0)
    raised, factor = arb(1), x.abs_upper() if around_zero else x
    for _ in range(power):
        raised = raised * factor
    return ball(0).union(raised) if around_zero else raised


def _positive(x: Any) -> Any:
    if not x > 0:
        raise NoEnclosure("a logarithm or power needs a positive ball")
    return x


def _root(x: Any) -> Any:
    if x < 0:
        raise NoEnclosure("square root of a negative ball")
    # encloses the root wherever it is defined; that it is defined is a duty of the claim
    return x.sqrt() if x > 0 else x.nonnegative_part().sqrt()


def _fold(join: Callable[[Any, Any], Any], parts: Any) -> Any:
    items = list(parts)
    total = items[0]
    for item in items[1:]:
        total = join(total, item)
    return total
