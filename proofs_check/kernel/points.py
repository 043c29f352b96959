"""Rational points that meet the premises: for cross-checks and the search for witnesses."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .balls import holds_at
from .terms import assumed, symbols_of

TRIES = 60
HOPELESS = 300
_SIZES = [Fraction(1, 100), Fraction(1, 7), Fraction(1, 3), Fraction(1), Fraction(3), Fraction(20)]
Ranges = Mapping[Any, tuple[Any, Any]]


def points_for(
    claim: Relational, premises: Sequence[Relational], count: int, ranges: Ranges | None = None, seed: int = 0
) -> Iterator[dict[Any, Any]]:
    """Up to `count` pseudo-random points at which every premise holds.

    Coordinates are rational, but for symbols that an equation among the premises defines.
    """
    symbols = sorted(symbols_of([claim, *premises]), key=str)
    if not symbols:
        yield {}
        return
    needed, rng, found = [*assumed(symbols), *premises], random.Random(seed), 0
    given = definitions(premises)
    needed = [p for p in needed if not any(p is d for d in given.values())]
    free = [s for s in symbols if s not in given]
    bounds = {**bounds_of(needed), **(ranges or {})}
    for tried in range(TRIES * count):
        point: dict[Any, Any] = {s: _value(s, bounds.get(s, (None, None)), rng) for s in free}
        point = put_defined(point, given)
        if all(holds_at(p, point) for p in needed):
            found += 1
            yield point
        if found == count or (found == 0 and tried == HOPELESS):
            return


def definitions(premises: Sequence[Relational]) -> dict[Any, Relational]:
    """s -> the equation s = e among the premises, where e holds no symbol that is defined itself."""
    found: dict[Any, Relational] = {}
    held: set[Any] = set()
    for p in premises:
        for s, e in ((p.lhs, p.rhs), (p.rhs, p.lhs)) if isinstance(p, sp.Eq) else ():
            fresh = s.is_Symbol and not s.is_integer and s not in held and s not in found
            if fresh and s not in e.free_symbols and not e.free_symbols & set(found):
                found[s], held = p, held | e.free_symbols
                break
    return found


def put_defined(point: Mapping[Any, Any], given: Mapping[Any, Relational]) -> dict[Any, Any]:
    """The point with the symbols that equations define."""
    return {**point, **{s: _defined(s, equation, point) for s, equation in given.items()}}


def _defined(s: Any, equation: Relational, point: Mapping[Any, Any]) -> Any:
    e = equation.rhs if equation.lhs == s else equation.lhs
    values = {k: sp.Rational(v.numerator, v.denominator) for k, v in point.items()}
    return e.subs(values, simultaneous=True)


def _value(s: Any, ends: tuple[Any, Any], rng: random.Random) -> Fraction:
    low, high = (None if e is None else Fraction(str(e)) for e in ends)
    size = rng.choice(_SIZES) * Fraction(rng.randint(0, 100), 100)
    if low is not None and high is not None:
        value = low + (high - low) * Fraction(rng.randint(0, 64), 64)
    elif low is not None:
        value = low + size
    elif high is not None:
        value = high - size
    else:
        value = size * rng.choice((-1, 1))
    return Fraction(round(value)) if s.is_integer else value


def bounds_of(premises: Sequence[Relational]) -> dict[Any, tuple[Any, Any]]:
    """Constant bounds of symbols among the premises."""
    found: dict[Any, tuple[Any, Any]] = {}
    for p in premises:
        if not isinstance(p, (sp.Ge, sp.Gt, sp.Le, sp.Lt)):
            continue
        low, high = (p.rhs, p.lhs) if isinstance(p, (sp.Ge, sp.Gt)) else (p.lhs, p.rhs)
        if high.is_Symbol and low.is_Rational:
            a, b = found.get(high, (None, None))
            found[high] = (low if a is None else max(a, low), b)
        if low.is_Symbol and high.is_Rational:
            a, b = found.get(low, (None, None))
            found[low] = (a, high if b is None else min(b, high))
    return found
