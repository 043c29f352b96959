"""Exact terms: symbols, rationals, relations. A float never enters a proof.

A claim is an unevaluated sympy relation between exact expressions. A hypothesis is a claim, or a
ForAll: a claim for every value of some symbols, of which proofs take instances.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, TypeAlias

import sympy as sp
from sympy.core.relational import Relational

Point = Mapping[sp.Symbol, Any]  # symbol -> exact constant: a rational, or an expression such as log(2)


class InexactNumber(TypeError):
    """A float in a proof: write an integer, a Fraction, or a string such as "13/15"."""


def exact(value: Any) -> Any:
    """The value as a sympy expression without floats. Raises InexactNumber."""
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    if isinstance(value, str):
        return sp.Rational(value)
    if isinstance(value, float) or (isinstance(value, sp.Basic) and value.has(sp.Float)):
        raise InexactNumber(f"{value!r} is a float: write an integer, a Fraction or a string such as '13/15'")
    return sp.sympify(value)


def reals(names: str, **assumptions: bool) -> Any:
    """Real symbols; further assumptions are hypotheses like any other (positive=True is x > 0)."""
    return sp.symbols(names, real=True, **assumptions)


def le(small: Any, large: Any) -> Relational:
    return sp.Le(exact(small), exact(large), evaluate=False)


def ge(large: Any, small: Any) -> Relational:
    return sp.Ge(exact(large), exact(small), evaluate=False)


def lt(small: Any, large: Any) -> Relational:
    return sp.Lt(exact(small), exact(large), evaluate=False)


def gt(large: Any, small: Any) -> Relational:
    return sp.Gt(exact(large), exact(small), evaluate=False)


def eq(left: Any, right: Any) -> Relational:
    return sp.Eq(exact(left), exact(right), evaluate=False)


@dataclass(frozen=True)
class ForAll:
    """The claim holds for every value of the symbols that meets `where`."""

    symbols: tuple[sp.Symbol, ...]
    claim: Relational
    where: tuple[Relational, ...] = ()

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        """Symbols that the statement does not bind."""
        every = set().union(*(c.free_symbols for c in (self.claim, *self.where)))
        return every - set(self.symbols)

    def at(self, values: Mapping[Any, Any]) -> tuple[Relational, tuple[Relational, ...]]:
        """The claim and its conditions for these values of all the symbols.

        Raises NotWhole if an integer symbol is given what is no integer.
        """
        table = {s: exact(values[s]) for s in self.symbols}
        return replaced(self.claim, table), (*(replaced(c, table) for c in self.where), *carried(table))

    def put(self, values: Mapping[Any, Any]) -> ForAll:
        """The statement with values in place of free symbols. Raises Captured."""
        table = {s: exact(v) for s, v in values.items() if s in self.free_symbols}
        if caught := set(self.symbols) & {s for v in table.values() for s in v.free_symbols}:
            raise Captured(f"{sorted(map(str, caught))} would be bound by a statement for all values")
        claims = [replaced(c, table) for c in (self.claim, *self.where)] if table else None
        return self if claims is None else ForAll(self.symbols, claims[0], tuple(claims[1:]))


Hypothesis: TypeAlias = Relational | ForAll


def gap(claim: Relational) -> Any:
    """larger - smaller: the claim says that it is >= 0 (> 0 if strict, = 0 for an equation, not 0 for Ne)."""
    if isinstance(claim, (sp.Le, sp.Lt)):
        return claim.rhs - claim.lhs
    return claim.lhs - claim.rhs


def is_inequality(claim: Relational) -> bool:
    return isinstance(claim, (sp.Le, sp.Lt, sp.Ge, sp.Gt))


def is_strict(claim: Relational) -> bool:
    return isinstance(claim, (sp.Lt, sp.Gt))


def is_equation(claim: Relational) -> bool:
    return isinstance(claim, sp.Eq)


def replaced(claim: Relational, table: Mapping[Any, Any]) -> Relational:
    """The relation with symbols replaced all at once, still unevaluated."""
    lhs, rhs = (side.subs(dict(table), simultaneous=True) for side in (claim.lhs, claim.rhs))
    return type(claim)(lhs, rhs, evaluate=False)


def negated(claim: Relational) -> Relational:
    """The strict opposite of an inequality."""
    opposite = {sp.Le: sp.Gt, sp.Lt: sp.Ge, sp.Ge: sp.Lt, sp.Gt: sp.Le, sp.Eq: sp.Ne}
    return opposite[type(claim)](claim.lhs, claim.rhs, evaluate=False)


def assumed(symbols: Iterable[sp.Symbol]) -> list[Relational]:
    """The sign assumptions that symbols carry, as claims."""
    found = []
    for s in sorted(symbols, key=str):
        if s.is_positive:
            found.append(gt(s, 0))
        elif s.is_nonnegative:
            found.append(ge(s, 0))
        elif s.is_negative:
            found.append(lt(s, 0))
        elif s.is_nonpositive:
            found.append(le(s, 0))
        if s.is_nonzero and not (s.is_positive or s.is_negative):
            found.append(sp.Ne(s, 0, evaluate=False))
    return found


class NotWhole(ValueError):
    """An integer symbol is given a value that sympy does not know to be an integer."""


class Captured(ValueError):
    """A value that would be put into a statement for all values holds a symbol that it binds."""


def carried(table: Mapping[Any, Any]) -> list[Relational]:
    """The assumptions that symbols carry, as claims about the values that take their place."""
    for s, value in table.items():
        if s.is_integer and not value.is_integer:
            raise NotWhole(f"{s} is an integer, {value} is not known to be one")
    return [replaced(claim, table) for claim in assumed(table)]


def symbols_of(claims: Sequence[Hypothesis]) -> set[sp.Symbol]:
    """The free symbols of claims."""
    found: set[sp.Symbol] = set()
    for claim in claims:
        found |= claim.free_symbols
    return found


def same(a: Relational, b: Relational) -> bool:
    """Structurally the same claim, up to writing it from the other side."""
    if type(a) is type(b) and a.lhs == b.lhs and a.rhs == b.rhs:
        return True
    turned = b.reversed
    return bool(type(a) is type(turned) and a.lhs == turned.lhs and a.rhs == turned.rhs)
