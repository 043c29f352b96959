"""What a law is: hypotheses, an effective parameter count, a bound; `check` is written once."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ..accounting import Ledger
from ..data import Dataset
from ..errors import InvalidArgument
from ..evidence import Bracket, Evidence, Hypothesis, Verdict, compare, ratio_up
from ..networks import Network
from .measure import Measured


class Provenance(StrEnum):
    """Where a statement comes from."""

    PRINTED = "as printed"
    REPAIRED = "printed, repaired here"
    HERE = "proved here"


@dataclass(frozen=True)
class Law(ABC):
    """A lower bound that holds with probability at least 1 - delta over the data.

    delta : chance that the statement fails, in (0, 1)
    """

    delta: float = 0.05

    provenance: ClassVar[Provenance]
    quantity: ClassVar[str] = "Lipschitz constant"

    def __post_init__(self) -> None:
        if not 0.0 < self.delta < 1.0:
            raise InvalidArgument("delta", self.delta, "give a probability between 0 and 1")

    @property
    def name(self) -> str:
        return type(self).__name__

    @abstractmethod
    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        """The conditions, each with a sentence in the numbers at hand."""

    @abstractmethod
    def ledgers(self, m: Measured) -> Iterable[Ledger]:
        """p_eff of every network the law speaks of at once (the given one, or its coded versions)."""

    @abstractmethod
    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        """What the measured quantity has to reach, given the effective parameter count in nats."""

    def measured(self, m: Measured, p_eff: Bracket) -> Bracket:  # noqa: ARG002 - some laws measure p_eff itself
        """The left side."""
        return m.lipschitz

    def risk(self, m: Measured) -> float:  # noqa: ARG002
        """Chance of failure beyond delta, for example of a sampled mean."""
        return 0.0

    def vacuous(self, m: Measured, bound: Bracket) -> bool | None:
        """True if a trivial argument gives as much as the bound."""
        return bound.upper <= m.steepest_pair

    def check(self, net: Network, data: Dataset, slope: Bracket | None = None) -> Evidence:
        """Evidence for one network.

        slope : a certified bracket on its Lipschitz constant, if there is one already
        Raises ShapeMismatch; a failed hypothesis is NOT_APPLICABLE, never an error.
        """
        return self.weigh(Measured(net, data, slope))

    def weigh(self, m: Measured) -> Evidence:
        """The same, on numbers that several laws share."""
        hypotheses = tuple(self.hypotheses(m))
        if any(h.holds is False for h in hypotheses):
            return Evidence(self.name, Verdict.NOT_APPLICABLE, self.quantity, hypotheses=hypotheses)
        weighed = [self._evidence(m.of(ledger.network), ledger, hypotheses) for ledger in self.ledgers(m)]
        return min(weighed, key=_most_telling)

    def _evidence(self, m: Measured, ledger: Ledger, hypotheses: tuple[Hypothesis, ...]) -> Evidence:
        p_eff = ledger.p_eff
        charged, known = (
            Bracket.exact(p_eff.upper, unit=p_eff.unit),
            Bracket.exact(p_eff.lower, unit=p_eff.unit),
        )
        measured, theory = self.measured(m, charged), _with_assumption(self.bound(m, charged), m)
        least = None
        if p_eff.width > 1e-6 * p_eff.upper and p_eff.lower > 0.0:
            least = ratio_up(self.measured(m, known).upper, self.bound(m, known).lower)
        return Evidence(
            self.name,
            compare(measured, theory),
            self.quantity,
            measured,
            theory,
            hypotheses,
            1.0 - self.delta - self.risk(m),
            self.vacuous(m, theory),
            least,
            self.details(m, ledger),
        )

    def details(self, m: Measured, ledger: Ledger) -> Mapping[str, float | str]:
        """Numbers behind the bound, for tables and figures."""
        return {
            "p_eff": ledger.p_eff.upper,
            "p_eff known": ledger.p_eff.lower,
            "ledger": ledger.name,
            "mask nats": ledger.total("mask").upper,
            "kept": float(ledger.network.kept),
            "mse": m.mse.middle,
        }


def _most_telling(e: Evidence) -> tuple[int, float]:
    """A violation first, then the smallest slack."""
    slack = e.slack
    return (0 if e.verdict is Verdict.VIOLATED else 1, float("inf") if slack is None else slack)


def _with_assumption(bound: Bracket, m: Measured) -> Bracket:
    problem = m.data.problem
    assumption = None if problem is None else problem.assumption
    return bound if assumption is None else bound.assuming(assumption)
