"""Taking what is known: citations, instances of lemmas and hypotheses, expectations of inequalities."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.engine import Engine, all_proved
from ..kernel.terms import ForAll, NotWhole, carried, eq, exact, is_equation, is_strict, replaced, same
from ..kernel.verdicts import Outcome, Verdict, inconclusive, proved, refuted
from .algebra import Identity, Polynomial

if TYPE_CHECKING:
    from ..kernel.lemma import Lemma


@dataclass(frozen=True)
class Cited(Engine):
    """Taken from the literature, not checked.

    source : author, work, and the theorem's number
    """

    source: str

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:  # noqa: ARG002
        return Outcome(Verdict.CITED, f"cited: {self.source}", modulo=(self.source,))


@dataclass(frozen=True)
class Instance(Engine):
    """The claim is a lemma, or a hypothesis for all values, at given values of its symbols.

    of    : the lemma or ForAll; `part` counts the lemma's claims from 0
    at    : value of every symbol (a lemma's symbols left out stand for themselves)
    by    : engine for the conditions, which have to follow from the premises
    A lemma's own verdict is added up by whoever uses it.
    """

    of: Lemma | ForAll
    at: Mapping[Any, Any] = field(default_factory=dict)
    part: int = 0
    by: Engine = field(default_factory=Polynomial)

    def parts(self) -> Iterator[Engine]:
        yield self.by

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        try:
            found, conditions, label = self._instance()
        except NotWhole as error:
            return inconclusive(str(error))
        if isinstance(self.of, ForAll) and not any(p == self.of for p in premises):
            return inconclusive("the statement for all values is not among the premises")
        checks = [(f"condition {c}", self._met(c, premises)) for c in conditions]
        if not same(found, claim):
            checks.append(("the instance is the claim", _equivalent(found, claim, premises)))
        return all_proved(checks, f"instance of the {label}")

    def _instance(self) -> tuple[Relational, tuple[Any, ...], str]:
        if isinstance(self.of, ForAll):
            return (*self.of.at(self.at), "hypothesis")
        table = {s: exact(v) for s, v in self.at.items()}
        conditions = (*(self._condition(h, table) for h in self.of.conditions()), *carried(table))
        return replaced(self.of.statement[self.part], table), conditions, f"lemma {self.of.name}"

    @staticmethod
    def _condition(h: Any, table: Mapping[Any, Any]) -> Any:
        return h if isinstance(h, ForAll) else replaced(h, table)

    def _met(self, condition: Any, premises: Sequence[Any]) -> Outcome:
        if any(p == condition for p in premises):
            return proved("a premise")
        if isinstance(condition, ForAll):
            return inconclusive("a statement for all values is not among the premises")
        plain = [p for p in premises if not isinstance(p, ForAll)]
        return self.by.decide(condition, plain)


def _equivalent(found: Relational, claim: Relational, premises: Sequence[Any]) -> Outcome:
    """The same relation between sides that are identically equal, or multiples by a positive rational."""
    plain = [p for p in premises if not isinstance(p, ForAll)]
    turned = claim if isinstance(claim, type(found)) else claim.reversed
    if not isinstance(turned, type(found)):
        return inconclusive(f"{found} is another kind of relation than {claim}")
    sides = [
        ("left side", Identity().decide(eq(found.lhs, turned.lhs), plain)),
        ("right side", Identity().decide(eq(found.rhs, turned.rhs), plain)),
    ]
    return all_proved(sides, "both sides agree")


@dataclass(frozen=True)
class Expectation(Engine):
    """Taking means of an inequality that holds at every outcome.

    pointwise : the inequality, which has to be among the premises (an earlier step)
    means     : random term -> the symbol of its mean, or its mean where that is known to be exact
    Both sides have to be affine in the random terms, with coefficients that are not random. Uses
    that the mean is linear and keeps order, and that all means exist.
    """

    pointwise: Relational
    means: Mapping[Any, Any]
    random: tuple[Any, ...] = ()

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if not any(same(p, self.pointwise) for p in premises if not isinstance(p, ForAll)):
            return inconclusive("the pointwise inequality is not among the premises")
        if is_strict(claim) != is_strict(self.pointwise) or is_equation(claim) != is_equation(self.pointwise):
            return inconclusive("the claim is another kind of relation")
        dummies = {term: sp.Dummy(f"r{i}") for i, term in enumerate(self.means)}
        sides = []
        for side in (self.pointwise.lhs, self.pointwise.rhs):
            flat = sp.expand(side).subs(dummies, simultaneous=True)
            if any(flat.has(r) for r in self.random):
                return inconclusive("a random quantity is left outside the random terms")
            if not all(sp.diff(flat, a, b) == 0 for a in dummies.values() for b in dummies.values()):
                return inconclusive("a side is not affine in the random terms")
            sides.append(flat.subs({d: exact(self.means[t]) for t, d in dummies.items()}, simultaneous=True))
        averaged = type(self.pointwise)(*sides, evaluate=False)
        return _equivalent(averaged, claim, [p for p in premises if not isinstance(p, ForAll)])


@dataclass(frozen=True)
class Exhaustive(Engine):
    """Every case of a finite family, compared in exact arithmetic.

    cases : gives (what the case is, left side, right side) with rationals; the relation between
            them is that of the claim, whose words say what the family is
    """

    cases: Callable[[], Iterator[tuple[str, Fraction, Fraction]]]

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:  # noqa: ARG002
        count = 0
        for what, left, right in self.cases():
            if not bool(type(claim)(exact(left), exact(right))):
                return refuted("false in one case", {"case": what, "left": left, "right": right})
            count += 1
        return proved(f"all {count} cases of the family") if count else inconclusive("no case was given")
