"""What comparing two certified numbers may conclude."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Literal, get_args

from ..errors import HeuristicInVerdict, InvalidArgument, MixedUnits, UnknownName
from .bracket import Bracket, round_up, union


class Verdict(StrEnum):
    """What a comparison of certified numbers concludes."""

    HOLDS = "HOLDS"
    VIOLATED = "VIOLATED"
    INCONCLUSIVE = "INCONCLUSIVE"
    NOT_APPLICABLE = "NOT_APPLICABLE"

    @property
    def sentence(self) -> str:
        return _SENTENCES[self]


_SENTENCES = {
    Verdict.HOLDS: "the whole enclosure of the measurement is on the law's side of the bound",
    Verdict.VIOLATED: "the whole enclosure of the measurement is on the wrong side of the bound",
    Verdict.INCONCLUSIVE: "the two certified enclosures overlap",
    Verdict.NOT_APPLICABLE: "a hypothesis of the law fails",
}


Relation = Literal[">=", "<="]


@dataclass(frozen=True)
class Hypothesis:
    """One condition of a law, and whether the problem at hand meets it.

    holds   : True, False, or None when it is assumed rather than checked
    sentence: says the condition with the numbers at hand
    """

    name: str
    holds: bool | None
    sentence: str


def compare(measured: Bracket, theory: Bracket, relation: Relation = ">=") -> Verdict:
    """Verdict on `measured >= theory`, or `<=`, between two enclosures. Ties hold.

    Raises HeuristicInVerdict unless both are certified brackets, MixedUnits if their units differ,
    UnknownName for another relation.
    """
    if relation not in get_args(Relation):
        raise UnknownName("relation", relation, get_args(Relation))
    for name, value in (("measured", measured), ("theory", theory)):
        if not isinstance(value, Bracket):
            raise HeuristicInVerdict(
                f"{name} is a {type(value).__name__}; only a Bracket can enter a verdict"
            )
    if measured.unit != theory.unit:
        units = (measured.unit, theory.unit)
        raise MixedUnits("unit", units, "the measurement and the bound have to be of one unit")
    large, small = (measured, theory) if relation == ">=" else (theory, measured)
    if large.lower >= small.upper:
        return Verdict.HOLDS
    if large.upper < small.lower:
        return Verdict.VIOLATED
    return Verdict.INCONCLUSIVE


@dataclass(frozen=True)
class Evidence:
    """A law checked on one object: what was measured, what the law asks, and the verdict.

    law         : name of the law; `quantity` is what both brackets enclose
    measured    : certified enclosure of the left side, or None if not applicable
    theory      : certified enclosure of the bound that `measured` has to keep to, or None
    relation    : which side of the bound the law puts the measurement on
    probability : the law speaks with this probability over the data; 1 for a sure statement
    shared      : the part of 1 - probability that all networks on the same data have in common:
                  delta for a law that speaks of all networks at once, 0 for a law of one network
    vacuous     : the bound is below what a trivial argument gives; None if not asked
    slack_at_lower_information : slack if the mask information were its certified lower end
    """

    law: str
    verdict: Verdict
    quantity: str = "Lipschitz constant"
    measured: Bracket | None = None
    theory: Bracket | None = None
    hypotheses: tuple[Hypothesis, ...] = ()
    probability: float = 1.0
    shared: float = 0.0
    vacuous: bool | None = None
    slack_at_lower_information: float | None = None
    details: Mapping[str, float | str] = field(default_factory=dict)
    relation: Relation = ">="

    def __post_init__(self) -> None:
        applicable = self.verdict is not Verdict.NOT_APPLICABLE
        if applicable and (self.measured is None or self.theory is None):
            raise InvalidArgument(
                "evidence", self.law, "a verdict needs both a measured and a theoretical bracket"
            )

    @property
    def slack(self) -> float | None:
        """The larger side over the smaller, certified from above; infinite if that may be 0 or less."""
        if self.measured is None or self.theory is None:
            return None
        if self.relation == "<=":
            return ratio_up(self.theory.upper, self.measured.lower)
        return ratio_up(self.measured.upper, self.theory.lower)

    @property
    def assumptions(self) -> tuple[str, ...]:
        """Everything the verdict rests on without a check."""
        unchecked = tuple(h.sentence for h in self.hypotheses if h.holds is None)
        sides = [b.assumptions for b in (self.measured, self.theory) if b is not None]
        return union(unchecked, *sides)

    def __str__(self) -> str:
        if self.verdict is Verdict.NOT_APPLICABLE:
            failed = "; ".join(h.sentence for h in self.hypotheses if h.holds is False)
            return f"{self.law}: NOT_APPLICABLE ({failed})"
        tail = "".join(f", assuming {a}" for a in self.assumptions)
        empty = ", vacuous" if self.vacuous else ""
        least = self.slack_at_lower_information
        known = "" if least is None else f", {least:.3g} if the mask knows only what is certified"
        return (
            f"{self.law}: {self.verdict} ({self.quantity} {self.measured} {self.relation} {self.theory}, "
            f"slack {self.slack:.3g}{known}{empty}){tail}"
        )


def ratio_up(numerator: float, denominator: float) -> float:
    """numerator / denominator rounded up, infinite where the denominator is not positive."""
    if denominator <= 0.0 or numerator == math.inf:
        return math.inf
    return round_up(numerator / denominator)
