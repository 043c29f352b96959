"""What a claim may consist of, and where its terms are defined.

A relation holds at a point only if both of its sides are defined there, as real numbers. So a claim
is proved only together with its duties (divisors are not 0, logarithms are taken of positive
numbers, ...), and a premise brings its own duties along as facts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.core.relational import Relational

from .signs import sign_of
from .terms import gap, ge, gt, is_strict, le, lt

KINDS = (sp.Le, sp.Lt, sp.Ge, sp.Gt, sp.Eq, sp.Ne)
TOTAL = (
    *(sp.exp, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.erf, sp.erfc),
    *(sp.Abs, sp.Max, sp.Min, sp.floor, sp.ceiling, sp.sign, sp.Add, sp.Mul),
)
_NO_NUMBERS = (sp.Float, sp.nan, sp.zoo, sp.oo, -sp.oo, sp.I)
_UNTRACKED = ("even", "odd", "prime", "composite", "zero", "irrational", "noninteger", "transcendental")


class UnknownDomain(ValueError):
    """A function of which the kernel does not know where it is defined."""


@lru_cache(maxsize=4096)
def objection(claim: Any) -> str | None:
    """Why a claim is none that the kernel takes, or None."""
    if not isinstance(claim, KINDS):
        return f"{claim} is no inequality and no equation"
    if bad := [str(number) for number in _NO_NUMBERS if claim.has(number)]:
        return f"{claim} holds {', '.join(bad)}, which is no exact real number"
    for s in sorted(claim.free_symbols, key=str):
        if reason := _symbol(s):
            return reason
    for f in claim.atoms(AppliedUndef):
        signs = (f.is_nonnegative, f.is_nonpositive, f.is_nonzero, f.is_integer)
        if any(signs) or f.is_real is False:
            return f"{f.func} carries assumptions: state them as hypotheses"
    return None


def _symbol(s: Any) -> str | None:
    if not isinstance(s, sp.Symbol) or not s.is_real:
        return f"{s} is not declared to be a real number"
    if known := [a for a in _UNTRACKED if getattr(s, f"is_{a}")]:
        return f"{s} is assumed to be {known[0]}: state that as a hypothesis"
    if (s.is_rational or s.is_algebraic) and not s.is_integer:
        return f"{s} is assumed to be rational or algebraic, which the kernel does not track"
    return None


def ambiguous(claims: Iterable[Any]) -> str | None:
    """The name of two different symbols, which a reader could not tell apart."""
    seen: dict[str, Any] = {}
    for s in {s for claim in claims for s in claim.free_symbols}:
        if seen.setdefault(str(s), s) != s:
            return str(s)
    return None


@lru_cache(maxsize=4096)
def duties(expression: Any) -> tuple[Relational, ...]:
    """What has to hold for the expression to be defined. Raises UnknownDomain."""
    if isinstance(expression, Relational):
        return tuple(dict.fromkeys((*duties(expression.lhs), *duties(expression.rhs))))
    if expression.is_Symbol or expression.is_Rational or expression.is_NumberSymbol:
        return ()
    if isinstance(expression, sp.Derivative) and isinstance(expression.expr, AppliedUndef):
        return ()  # who writes the derivative of an unknown function says that there is one
    inner = [d for part in expression.args for d in duties(part)]
    return tuple(dict.fromkeys((*inner, *_own(expression))))


def _own(e: Any) -> Iterator[Relational]:
    if isinstance(e, TOTAL) or isinstance(type(e), UndefinedFunction):
        return
    if isinstance(e, sp.Pow):
        yield from _power(e.base, e.exp)
    elif isinstance(e, (sp.log, sp.gamma, sp.loggamma)):
        yield gt(e.args[0], 0)
    elif isinstance(e, (sp.factorial, sp.binomial)):
        yield from (ge(part, 0) for part in e.args)
    elif isinstance(e, (sp.asin, sp.acos)):
        yield from (ge(e.args[0], -1), le(e.args[0], 1))
    elif isinstance(e, sp.atanh):
        yield from (gt(e.args[0], -1), lt(e.args[0], 1))
    else:
        raise UnknownDomain(f"it is not known where {e.func.__name__} is defined")


def _power(base: Any, exponent: Any) -> Iterator[Relational]:
    if base.is_number and base.is_positive:
        return
    if exponent.is_integer:
        if not exponent.is_nonnegative:
            yield sp.Ne(base, 0, evaluate=False)
    elif exponent.is_positive:
        yield ge(base, 0)
    else:
        yield gt(base, 0)


def certain(duty: Relational) -> bool:
    """Whether a duty holds for all values, by signs alone."""
    sign = sign_of(gap(duty) if not isinstance(duty, sp.Ne) else duty.lhs - duty.rhs)
    if sign is None:
        return False
    if isinstance(duty, sp.Ne):
        return sign.positive or sign.high < 0
    return sign.positive or (sign.at_least_zero and not is_strict(duty))


@lru_cache(maxsize=4096)
def brought(premise: Relational) -> tuple[Relational, ...]:
    """What a premise says about its own terms by holding, beyond what is certain anyway."""
    try:
        return tuple(d for d in duties(premise) if not certain(d))
    except UnknownDomain:
        return ()
