"""What a law is: hypotheses, an effective parameter count, a bound; `check` is written once."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar

from ..accounting import Ledger
from ..data import Dataset
from ..data.checks import require_kind, require_number
from ..errors import HeuristicInVerdict, InvalidArgument
from ..evidence import NATS, Bracket, Evidence, Hypothesis, Verdict, compare, ratio_up
from ..networks import Network
from .measure import Measured

# Two charges closer than this, relatively, are shown as one number.
SAME = 1e-6

DRAWN = "the samples are independent draws from the stated problem"


class Provenance(StrEnum):
    """Where a statement comes from."""

    PRINTED = "as printed"
    REPAIRED = "printed, repaired here"
    HERE = "proved here"
    STATED = "stated by its author"


@dataclass(frozen=True)
class Law(ABC):
    """A lower bound that holds with probability at least 1 - delta over the data.

    delta        : chance that the statement fails, in (0, 1)
    simultaneous : True for a statement about all networks at once, False for one trained network
    """

    delta: float = 0.05

    provenance: ClassVar[Provenance] = Provenance.STATED
    simultaneous: ClassVar[bool] = False
    quantity: ClassVar[str] = "Lipschitz constant"

    def __post_init__(self) -> None:
        require_number("delta", self.delta)
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
        return bound.upper <= max(0.0, m.steepest_pair)

    def check(self, net: Network, data: Dataset, slope: Bracket | None = None) -> Evidence:
        """Evidence for one network.

        slope : a certified bracket on its Lipschitz constant, if there is one already; laws of coded
                networks bracket those anew
        Raises ShapeMismatch, InvalidArgument or HeuristicInVerdict; a failed hypothesis is
        NOT_APPLICABLE, never an error.
        """
        return self.weigh(Measured(net, data, slope))

    def weigh(self, m: Measured) -> Evidence:
        """The same, on numbers that several laws share."""
        hypotheses = tuple(self.hypotheses(m))
        if any(h.holds is False for h in hypotheses):
            return Evidence(
                self.name,
                Verdict.NOT_APPLICABLE,
                self.quantity,
                hypotheses=hypotheses,
                probability=1.0 - self.delta,
                shared=self.shared,
            )
        weighed = [self._weigh(m.of(ledger.network or m.net), ledger) for ledger in self.ledgers(m)]
        if not weighed:
            raise InvalidArgument("ledgers", (), f"{self.name} has to speak of at least one network")
        # the telling one is chosen after the fact, so the risks of all of them count
        risk = math.fsum(self.risk(w.m) + w.ledger.risk for w in weighed)
        return min(weighed, key=_Weighed.order).evidence(self, hypotheses, risk)

    @property
    def shared(self) -> float:
        """The part of the failure probability that all networks on one data set have in common."""
        return self.delta if self.simultaneous else 0.0

    def _weigh(self, m: Measured, ledger: Ledger) -> _Weighed:
        charged = Bracket.exact(ledger.p_eff.upper, unit=ledger.p_eff.unit)
        bound = certified("bound", self.bound(m, charged))
        return _Weighed(m, ledger, certified("measured", self.measured(m, charged)), _assuming(bound, m))

    def slack_at(self, m: Measured, nats: float) -> float:
        """Slack if the effective parameter count were `nats`."""
        p_eff = Bracket.exact(nats, unit=NATS)
        return ratio_up(self.measured(m, p_eff).upper, self.bound(m, p_eff).lower)

    def details(self, m: Measured, ledger: Ledger) -> Mapping[str, float | str]:
        """Numbers behind the bound, for tables and figures."""
        known = {} if m.data.z is None else {"correlation": m.correlation.value.middle}
        return {
            **known,
            "p_eff": ledger.p_eff.upper,
            "p_eff known": ledger.p_eff.lower,
            "ledger": ledger.name,
            "mask nats": ledger.total("mask").upper,
            "kept": float(m.net.kept),
            "mse": m.mse.middle,
        }


@dataclass(frozen=True)
class _Weighed:
    """One network of those the law speaks of at once, before it is known to be the telling one."""

    m: Measured
    ledger: Ledger
    measured: Bracket
    theory: Bracket

    def order(self) -> tuple[bool, float]:
        """A violation first, then the smallest slack."""
        violated = compare(self.measured, self.theory) is Verdict.VIOLATED
        return (not violated, ratio_up(self.measured.upper, self.theory.lower))

    def evidence(self, law: Law, hypotheses: tuple[Hypothesis, ...], risk: float) -> Evidence:
        known, charged = self.ledger.p_eff.lower, self.ledger.p_eff.upper
        return Evidence(
            law.name,
            compare(self.measured, self.theory),
            law.quantity,
            self.measured,
            self.theory,
            hypotheses,
            max(0.0, 1.0 - law.delta - risk),
            law.shared,
            law.vacuous(self.m, self.theory),
            law.slack_at(self.m, known) if 0.0 < known < charged * (1.0 - SAME) else None,
            law.details(self.m, self.ledger),
        )


def require_ledger(ledger: object) -> None:
    """Raises InvalidArgument unless it is a ledger or None."""
    require_kind("ledger", ledger, Ledger | None, "give a Ledger, for example Accountant().ledger(events)")


def certified(name: str, value: Bracket) -> Bracket:
    """The value itself. Raises HeuristicInVerdict unless it is a bracket."""
    if not isinstance(value, Bracket):
        raise HeuristicInVerdict(f"{name} is a {type(value).__name__}; only a Bracket can enter a verdict")
    return value


def _assuming(bound: Bracket, m: Measured) -> Bracket:
    """The bound with everything that it rests on by somebody's word."""
    problem = m.data.problem
    if problem is None:
        return bound
    drawn = None if m.data.seed is not None else DRAWN
    stated = (problem.distribution.assumption, problem.noise.assumption, drawn, m.net.origin.assumption)
    return bound.assuming(*(s for s in stated if s))
