"""Algebra: identities, signs by factorisation, polynomial steps by z3."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
import z3
from sympy.core.relational import Relational

from ..kernel.balls import NoEnclosure, enclosed, holds_at, precision
from ..kernel.defined import objection
from ..kernel.engine import Engine
from ..kernel.points import points_for
from ..kernel.polynomials import Translation, model_of, rational, shown, undefined
from ..kernel.signs import sign_of
from ..kernel.terms import exact, gap, ge, gt, is_equation, is_inequality, is_strict
from ..kernel.verdicts import Outcome, inconclusive, proved, refuted

CROSS_CHECKS = 8
TIMEOUT_MS = 20_000


@dataclass(frozen=True)
class Identity(Engine):
    """An equation that sympy reduces to 0 = 0, cross-checked in ball arithmetic at rational points.

    The same engine accepts a non-strict inequality between two sides that are equal.
    """

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if is_strict(claim) or isinstance(claim, sp.Ne):
            return inconclusive("a strict inequality is no identity")
        if claim.lhs == claim.rhs:
            return proved("both sides are one expression")
        difference, tested = gap(claim), 0
        if sp.expand(difference) == 0:  # plain algebra, with nothing forced: needs no second opinion
            return proved("the difference expands to 0")
        for point in points_for(claim, premises, CROSS_CHECKS):
            with precision(256):
                try:
                    value = enclosed(difference, {s: enclosed(exact(v), {}) for s, v in point.items()})
                except (NoEnclosure, ZeroDivisionError):
                    continue
            tested += 1
            if not value.contains(0):
                wrong = is_equation(claim) or value < 0
                return refuted("the sides differ", point) if wrong else inconclusive("the sides differ")
        if not _vanishes(difference, premises):
            return inconclusive("sympy does not reduce the difference to 0")
        if not tested:
            return inconclusive("no rational point could be cross-checked")
        return proved(f"the difference reduces to 0; {tested} points agree in ball arithmetic")


def _vanishes(difference: Any, premises: Sequence[Relational]) -> bool:
    safe = (
        sp.expand,
        lambda e: sp.expand(sp.together(e).as_numer_denom()[0]),
        sp.simplify,
        lambda e: sp.simplify(e.rewrite(sp.exp)),
    )
    forced = (
        lambda e: sp.simplify(sp.expand_log(e, force=True)),
        lambda e: sp.simplify(sp.powsimp(sp.expand_power_base(e, force=True), force=True)),
    )
    return _some(safe, difference) or (_some(forced, difference) and _may_be_forced(difference, premises))


def _some(ways: Sequence[Callable[[Any], Any]], difference: Any) -> bool:
    return any(way(difference) == 0 for way in ways)


def _may_be_forced(difference: Any, premises: Sequence[Relational]) -> bool:
    """Whether all factors below logarithms and roots are positive, so that they may be taken apart."""
    logs = {e.args[0] for e in difference.atoms(sp.log)}
    roots = {e.base for e in difference.atoms(sp.Pow) if not e.exp.is_integer}
    factors = {f.base if f.is_Pow else f for e in logs | roots for f in sp.Mul.make_args(e)}
    return all(shown(gt(f, 0), premises) for f in sorted(factors, key=str))


@dataclass(frozen=True)
class Sign(Engine):
    """The difference of the sides is a quotient of factors whose signs are known.

    Lower bounds among the premises (x >= a) are used by writing x = a + u with u >= 0; `shift`
    does so for bounds that are expressions: {x: y} uses x >= y, which has to follow by polynomials.
    """

    shift: Mapping[Any, Any] = field(default_factory=dict)

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if not is_inequality(claim):
            return inconclusive("signs decide inequalities only")
        difference, words = gap(claim), "every factor has a known sign"
        for x, start in {**_lower_bounds(claim, premises), **self.shift}.items():
            bound, strict = ge(x, start), gt(x, start)
            if any(p == strict or p == strict.reversed for p in premises):
                u = sp.Dummy(f"{x}_above", positive=True)
            elif Polynomial().decide(bound, premises).verdict.name == "PROVED":
                u = sp.Dummy(f"{x}_above", nonnegative=True)
            else:
                return inconclusive(f"{bound} does not follow from the premises")
            difference = difference.subs(x, exact(start) + u)
        sign = sign_of(sp.factor(sp.together(difference))) or sign_of(sp.expand(difference))
        if sign is not None and sign.at_least_zero and (sign.positive or not is_strict(claim)):
            return proved(words)
        return inconclusive("the sign of the difference is not seen from its factors")


def _lower_bounds(claim: Relational, premises: Sequence[Relational]) -> dict[Any, Any]:
    """x -> a for premises x >= a or x > a with a rational other than 0 (0 is an assumption's task)."""
    found: dict[Any, Any] = {}
    for p in premises:
        low, high = (p.rhs, p.lhs) if isinstance(p, (sp.Ge, sp.Gt)) else (p.lhs, p.rhs)
        known = isinstance(p, (sp.Ge, sp.Gt, sp.Le, sp.Lt)) and high.is_Symbol and low.is_Rational
        # a bound of 0 is lost on a symbol that does not carry it
        if known and high in claim.free_symbols and not (low == 0 and high.is_nonnegative):
            found[high] = max(found.get(high, low), low)
    return found


@dataclass(frozen=True)
class Polynomial(Engine):
    """z3 shows that premises and the claim's opposite contradict each other over the reals."""

    timeout_ms: int = TIMEOUT_MS

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        language = Translation()
        facts = language.facts(premises, [claim])
        opposite = z3.Not(language.relation(claim))
        model = model_of([*facts, *language.definitions, opposite], self.timeout_ms)
        if model is None:
            return proved("z3 finds no counterexample over the reals")
        if isinstance(model, str):
            return inconclusive(f"z3 answers {model}")
        return _witness(claim, premises, model, language)

    def covers(self, cases: Sequence[Sequence[Relational]], premises: Sequence[Relational]) -> Outcome:
        """At every point that meets the premises, all claims of at least one case hold."""
        language = Translation(whole=True)
        conditions = [p for case in cases for p in case]
        for condition in conditions:
            if reason := objection(condition) or undefined(condition, premises):
                return inconclusive(reason)
        facts = language.facts(premises, conditions)
        one = z3.Or([z3.And([language.relation(p) for p in case]) for case in cases])
        model = model_of([*facts, *language.definitions, z3.Not(one)], self.timeout_ms)
        return (
            proved("z3 finds no point outside the cases") if model is None else inconclusive("a gap is left")
        )


def _witness(claim: Relational, premises: Sequence[Relational], model: Any, language: Translation) -> Outcome:
    point: dict[Any, Fraction] = {}
    for term, variable in language.terms.items():
        if not getattr(term, "is_Symbol", False):
            return inconclusive("z3 has a counterexample for unknown values of what is no polynomial")
        value = rational(model.eval(variable, model_completion=True))
        if value is None:
            return inconclusive("z3 has a counterexample that is not rational")
        if term.is_integer and value.denominator != 1:
            return inconclusive("z3 has a counterexample only where a whole number is not whole")
        point[term] = value
    if holds_at(claim, point) is not False or not all(holds_at(p, point) for p in premises):
        return inconclusive("z3 has a counterexample only where a term is not defined")
    return refuted("z3 found a counterexample", point)
