"""Algebra: identities, signs by factorisation, polynomial steps by z3."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
import z3
from sympy.core.relational import Relational

from ..kernel.balls import NoEnclosure, ball, enclosed, precision
from ..kernel.engine import Engine
from ..kernel.points import points_for
from ..kernel.polynomials import Translation, rational
from ..kernel.signs import sign_of
from ..kernel.terms import assumed, exact, gap, is_equation, is_strict, symbols_of
from ..kernel.verdicts import Outcome, inconclusive, proved, refuted

CROSS_CHECKS = 8
TIMEOUT_MS = 20_000


@dataclass(frozen=True)
class Identity(Engine):
    """An equation that sympy reduces to 0 = 0, cross-checked in ball arithmetic at rational points.

    The same engine accepts a non-strict inequality between two sides that are equal.
    """

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if is_strict(claim):
            return inconclusive("a strict inequality is no identity")
        difference, tested = gap(claim), 0
        if sp.expand(difference) == 0:  # plain algebra, with nothing forced: needs no second opinion
            return proved("the difference expands to 0")
        for point in points_for(claim, premises, CROSS_CHECKS):
            with precision(256):
                try:
                    value = enclosed(difference, {s: ball(v) for s, v in point.items()})
                except (NoEnclosure, ZeroDivisionError):
                    continue
            tested += 1
            if not value.contains(0):
                wrong = is_equation(claim) or value < 0
                return refuted("the sides differ", point) if wrong else inconclusive("the sides differ")
        if not _vanishes(difference):
            return inconclusive("sympy does not reduce the difference to 0")
        if not tested:
            return inconclusive("no rational point could be cross-checked")
        return proved(f"the difference reduces to 0; {tested} points agree in ball arithmetic")


def _vanishes(difference: Any) -> bool:
    ways = (
        sp.expand,
        lambda e: sp.expand(sp.together(e).as_numer_denom()[0]),
        sp.simplify,
        lambda e: sp.simplify(e.rewrite(sp.exp)),
        lambda e: sp.simplify(sp.expand_log(e, force=True)),
        lambda e: sp.simplify(sp.powsimp(sp.expand_power_base(e, force=True), force=True)),
    )
    return any(way(difference) == 0 for way in ways)


@dataclass(frozen=True)
class Sign(Engine):
    """The difference of the sides is a quotient of factors whose signs are known.

    Lower bounds among the premises (x >= a) are used by writing x = a + u with u >= 0; `shift`
    does so for bounds that are expressions: {x: y} uses x >= y, which has to follow by polynomials.
    """

    shift: Mapping[Any, Any] = field(default_factory=dict)

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if is_equation(claim):
            return inconclusive("signs decide no equation")
        difference, words = gap(claim), "every factor has a known sign"
        for x, start in {**_lower_bounds(claim, premises), **self.shift}.items():
            bound = sp.Ge(x, exact(start), evaluate=False)
            strict = sp.Gt(x, exact(start), evaluate=False)
            if any(p == strict or p == strict.reversed for p in premises):
                u = sp.Symbol(f"{x}_above", positive=True)
            elif Polynomial().decide(bound, premises).verdict.name == "PROVED":
                u = sp.Symbol(f"{x}_above", nonnegative=True)
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
        known = [*premises, *assumed(symbols_of([claim, *premises]))]
        facts = [language.relation(p) for p in known]
        opposite = z3.Not(language.relation(claim))
        base = [*facts, *language.definitions]
        for duty in language.duties:
            if self._model(base, z3.Not(duty)) is not None:
                return inconclusive(f"not shown to be defined: {duty}")
        model = self._model(base, opposite)
        if model is None:
            return proved("z3 finds no counterexample over the reals")
        if isinstance(model, str):
            return inconclusive(f"z3 answers {model}")
        return self._witness(model, language)

    def covers(self, cases: Sequence[Sequence[Relational]], premises: Sequence[Relational]) -> Outcome:
        """At every point that meets the premises, all claims of at least one case hold."""
        language = Translation(whole=True)
        everything = [*premises, *(p for case in cases for p in case)]
        facts = [language.relation(p) for p in [*premises, *assumed(symbols_of(everything))]]
        one = z3.Or([z3.And([language.relation(p) for p in case]) for case in cases])
        model = self._model([*facts, *language.definitions], z3.Not(one))
        return (
            proved("z3 finds no point outside the cases") if model is None else inconclusive("a gap is left")
        )

    def _model(self, facts: Sequence[Any], extra: Any) -> Any:
        """None if unsatisfiable, a model if satisfiable, otherwise the reason."""
        solver = z3.Solver()
        solver.set("timeout", self.timeout_ms)
        solver.add(*facts, extra)
        answer = solver.check()
        if answer == z3.unsat:
            return None
        return solver.model() if answer == z3.sat else f"unknown ({solver.reason_unknown()})"

    def _witness(self, model: Any, language: Translation) -> Outcome:
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
        return refuted("z3 found a counterexample", point)
