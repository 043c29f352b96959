"""Taking what is known: citations, instances of lemmas and hypotheses, expectations of inequalities."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.balls import holds_at
from ..kernel.engine import Engine, all_proved
from ..kernel.polynomials import undefined
from ..kernel.terms import Captured, ForAll, NotWhole, carried, eq, exact, replaced, same
from ..kernel.verdicts import Outcome, Verdict, inconclusive, proved, refuted
from .algebra import Identity, Polynomial
from .meanings import abs_name, is_name, misused

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

    general: ClassVar[bool] = True
    of: Lemma | ForAll
    at: Mapping[Any, Any] = field(default_factory=dict)
    part: int = 0
    by: Engine = field(default_factory=Polynomial)

    def parts(self) -> Iterator[Engine]:
        yield self.by

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if strange := [str(s) for s in self.at if not isinstance(s, sp.Symbol)]:
            return inconclusive(f"{strange[0]} is no symbol: only symbols take values")
        if not isinstance(self.of, ForAll) and (reason := misused(self.of, self.at)):
            return inconclusive(reason)
        if isinstance(self.of, ForAll) and (missing := set(self.of.symbols) - set(self.at)):
            return inconclusive(f"no value for {sorted(map(str, missing))}")
        try:
            found, conditions, label = self._instance()
        except (NotWhole, Captured) as error:
            return inconclusive(str(error))
        if isinstance(self.of, ForAll) and not any(p == self.of for p in premises):
            return inconclusive("the statement for all values is not among the premises")
        for s, value in self.at.items():
            if reason := undefined(eq(s, value), premises):
                return inconclusive(f"the value of {s}: {reason}")
        checks = [(f"condition {c}", self._met(c, premises)) for c in conditions]
        if not same(found, claim):
            checks.append(("the instance is the claim", _equivalent(found, claim, premises)))
        return all_proved(checks, f"instance of the {label}")

    def undefined(self, claim: Relational, premises: Sequence[Any]) -> str | None:  # noqa: ARG002
        return None  # a lemma, or a hypothesis, holds only where it is defined

    def _instance(self) -> tuple[Relational, tuple[Any, ...], str]:
        if isinstance(self.of, ForAll):
            return (*self.of.at(self.at), "hypothesis")
        table = {s: exact(v) for s, v in self.at.items()}
        conditions = (*(self._condition(h, table) for h in self.of.conditions()), *carried(table))
        return replaced(self.of.statement[self.part], table), conditions, f"lemma {self.of.name}"

    @staticmethod
    def _condition(h: Any, table: Mapping[Any, Any]) -> Any:
        return h.put(table) if isinstance(h, ForAll) else replaced(h, table)

    def _met(self, condition: Any, premises: Sequence[Any]) -> Outcome:
        if any(p == condition for p in premises):
            return proved("a premise")
        if isinstance(condition, ForAll):
            return inconclusive("a statement for all values is not among the premises")
        return self.by.decide(condition, premises)


def _equivalent(found: Relational, claim: Relational, premises: Sequence[Any]) -> Outcome:
    """The same relation between sides that are identically equal."""
    turned = claim if isinstance(claim, type(found)) else claim.reversed
    if not isinstance(turned, type(found)):
        return inconclusive(f"{found} is another kind of relation than {claim}")
    sides = [
        ("left side", Identity().decide(eq(found.lhs, turned.lhs), premises)),
        ("right side", Identity().decide(eq(found.rhs, turned.rhs), premises)),
    ]
    return all_proved(sides, "both sides agree")


@dataclass(frozen=True)
class Expectation(Engine):
    """Taking means of an inequality that holds at every outcome.

    pointwise : the inequality, which has to be among the premises (an earlier step)
    means     : random term -> the symbol of its mean; any other value is a claim about that mean, which
                nothing here proves, so that it is listed among what the proof takes for granted
    random    : symbols that are random, besides the terms that are symbols themselves
    Both sides have to be affine in the random terms, with coefficients that are not random. Uses
    that the mean is linear and keeps order, and that all means exist.
    """

    pointwise: Relational
    means: Mapping[Any, Any]
    random: tuple[Any, ...] = ()

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        if not any(same(p, self.pointwise) for p in premises if not isinstance(p, ForAll)):
            return inconclusive("the pointwise inequality is not among the premises")
        if isinstance(claim, sp.Ne):
            return inconclusive("means need not differ where values do")
        random = {*self.random, *(term for term in self.means if term.is_Symbol)}
        if vague := [str(term) for term in self.means if not any(term.has(r) for r in random)]:
            return inconclusive(f"say in `random` what makes {vague[0]} random")
        dummies = {term: sp.Dummy(f"r{i}") for i, term in enumerate(self.means)}
        sides = []
        for side in (self.pointwise.lhs, self.pointwise.rhs):
            flat = sp.expand(side).subs(dummies, simultaneous=True)
            if any(flat.has(r) for r in random):
                return inconclusive("a random quantity is left outside the random terms")
            if not all(sp.diff(flat, a, b) == 0 for a in dummies.values() for b in dummies.values()):
                return inconclusive("a side is not affine in the random terms")
            sides.append(flat.subs({d: exact(self.means[t]) for t, d in dummies.items()}, simultaneous=True))
        averaged = type(self.pointwise)(*sides, evaluate=False)
        found = _equivalent(averaged, claim, premises)
        named = Counter(abs_name(m) for m in self.means.values())
        granted = tuple(
            f"the mean of {t} is {m}"
            for t, m in self.means.items()
            if not is_name(abs_name(m)) or named[abs_name(m)] > 1
        )
        if granted and found.verdict is Verdict.PROVED:
            return Outcome(Verdict.CITED, found.words, modulo=granted)
        return found


@dataclass(frozen=True)
class Exhaustive(Engine):
    """Every case of a finite family, compared in exact arithmetic.

    cases : gives (what the case is, left side, right side) with rationals; the relation between
            them is that of the claim, whose words say what the family is
    A side of the claim is a name, which stands for that side in every case, or a number.
    """

    cases: Callable[[], Iterator[tuple[str, Fraction, Fraction]]]

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:  # noqa: ARG002
        count, sides = 0, (claim.lhs, claim.rhs)
        if not all(is_name(side) or side.is_Rational for side in sides) or claim.lhs == claim.rhs:
            return inconclusive("a side is neither a number nor a name that stands for it")
        for what, left, right in self.cases():
            if any(s.is_Rational and s != exact(v) for s, v in zip(sides, (left, right), strict=True)):
                return inconclusive(f"in the case {what} a side is not the number that the claim names")
            if reason := _not_carried(dict(zip(sides, (left, right), strict=True))):
                return inconclusive(f"in the case {what}: {reason}")
            if not bool(type(claim)(exact(left), exact(right))):
                return refuted("false in one case", {"case": what, "left": left, "right": right})
            count += 1
        return proved(f"all {count} cases of the family") if count else inconclusive("no case was given")


def _not_carried(table: Mapping[Any, Any]) -> str | None:
    """What a symbol is assumed to be and its value in a case is not."""
    try:
        claims = carried({s: exact(v) for s, v in table.items() if s.is_Symbol})
    except NotWhole as error:
        return str(error)
    return next((str(c) for c in claims if not holds_at(c, {})), None)
