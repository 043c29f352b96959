"""Laws of averages: an upper bound on a mean over independent data sets, checked on many runs.

The law is a sure statement about the mean; what is uncertain is the mean itself, known from T runs
by a betting interval. So `delta` here is the chance that this interval misses, and
    HOLDS     the upper confidence end of the mean is at most the bound
    VIOLATED  its lower confidence end is above the bound.
A range for the values has to be proved; where they have none they are clipped, and the mean of
what is clipped away is bounded by `tail`, which moves both ends outward.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float

from ..accounting import Entry, Ledger, information_ledger
from ..confidence import betting_lower, betting_upper
from ..data import Dataset
from ..data.checks import require_kind, require_number
from ..errors import InvalidArgument
from ..evidence import Bracket, Evidence, Hypothesis, Verdict, compare, ratio_up, round_down, round_up
from ..networks import Network
from .base import SAME, Provenance, certified, require_ledger
from .measure import Measured

Ends = Float[np.ndarray, " runs"]

# Sizes that a sentence names
SHOWN = 4


@dataclass(frozen=True, eq=False)
class Run:
    """One network on its training data, and on fresh data where the law needs them."""

    m: Measured
    fresh: Measured | None = None

    @classmethod
    def of(
        cls, net: Network, data: Dataset, fresh: Dataset | None = None, slope: Bracket | None = None
    ) -> Run:
        return cls(Measured(net, data, slope), None if fresh is None else Measured(net, fresh))

    @property
    def sets(self) -> list[Dataset]:
        """Data sets that no other run may share."""
        return [m.data for m in (self.m, self.fresh) if m is not None]


@dataclass(frozen=True, eq=False)
class Values:
    """One number a run: lower[i] <= value_i <= upper[i], every end clipped to [low, high].

    tail : what the clipping can change the mean by
    risk : chance that some end is wrong, for example of a sampled mean
    """

    lower: Ends
    upper: Ends
    low: float
    high: float
    tail: float = 0.0
    risk: float = 0.0

    def mean(self, delta: float) -> Bracket:
        """The mean of the law the values are drawn from, wrong with chance at most `delta`."""
        # two one-sided ends may cross, with chance at most delta: then one is wrong, and all between is kept
        lower, upper = sorted(
            (
                betting_lower(self.lower, self.low, self.high, delta / 2.0),
                betting_upper(self.upper, self.low, self.high, delta / 2.0),
            )
        )
        method = f"betting on {len(self.lower)} runs"
        return Bracket(round_down(lower - self.tail), round_up(upper + self.tail), method)


@dataclass(frozen=True)
class AverageLaw(ABC):
    """An upper bound on a mean over independent data sets.

    delta  : chance that the confidence interval of the mean misses it
    ledger : an accountant's bound on I(f_W;D|init) for the algorithm; by default it is read off the
             networks, whose charges then have to agree
    """

    delta: float = 0.05
    ledger: Ledger | None = None

    provenance: ClassVar[Provenance] = Provenance.STATED
    quantity: ClassVar[str] = "mean"

    def __post_init__(self) -> None:
        require_number("delta", self.delta)
        if not 0.0 < self.delta < 1.0:
            raise InvalidArgument("delta", self.delta, "give a probability between 0 and 1")
        require_ledger(self.ledger)

    @property
    def name(self) -> str:
        return type(self).__name__

    @abstractmethod
    def conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:
        """What the law needs beyond independent runs of equal charge."""

    @abstractmethod
    def values(self, runs: Sequence[Run]) -> Values:
        """What is averaged, with its proved range."""

    @abstractmethod
    def bound(self, runs: Sequence[Run], ledger: Ledger) -> Bracket:
        """What the mean cannot exceed."""

    def charged(self, run: Run) -> Ledger:
        """p_eff of one run."""
        return information_ledger(run.m.net) if self.ledger is None else self.ledger

    def weigh(self, runs: Sequence[Run]) -> Evidence:
        """Evidence from many runs. A failed hypothesis is NOT_APPLICABLE, never an error."""
        if not runs:
            raise InvalidArgument("runs", runs, "give at least one run")
        hypotheses = tuple(self._hypotheses(runs))
        if any(h.holds is False for h in hypotheses):
            return Evidence(
                self.name, Verdict.NOT_APPLICABLE, self.quantity, hypotheses=hypotheses, relation="<="
            )
        ledger, values = self.charged(runs[0]), self.values(runs)
        mean = values.mean(self.delta)
        bound = certified("bound", self.bound(runs, ledger)).assuming(*_stated(runs, ledger))
        return Evidence(
            self.name,
            compare(mean, bound, "<="),
            self.quantity,
            mean,
            bound,
            hypotheses,
            max(0.0, round_down(1.0 - self.delta - values.risk - ledger.risk)),
            vacuous=bound.lower >= values.high,
            slack_at_lower_information=self._least_slack(runs, ledger, mean),
            details=self.details(runs, ledger),
            relation="<=",
        )

    def details(self, runs: Sequence[Run], ledger: Ledger) -> Mapping[str, float | str]:
        """Numbers behind the bound, for tables and figures."""
        return {
            "runs": float(len(runs)),
            "p_eff": ledger.p_eff.upper,
            "p_eff known": ledger.p_eff.lower,
            "ledger": ledger.name,
            "mask nats": ledger.total("mask").upper,
        }

    def _hypotheses(self, runs: Sequence[Run]) -> list[Hypothesis]:
        shared = [independent_runs(runs), one_problem(runs)]
        own = [] if any(h.holds is False for h in shared) else self.conditions(runs)
        if any(h.holds is False for h in own):
            return [*shared, *own]
        return [*shared, *own, self._one_charge(runs)]

    def _one_charge(self, runs: Sequence[Run]) -> Hypothesis:
        """The bound is one number for the algorithm, not one for each network it happens to give."""
        ledgers = [self.charged(run) for run in runs]
        low, high = (end(ledger.p_eff.upper for ledger in ledgers) for end in (min, max))
        if len({(ledger.total("mask").upper, ledger.total("weights").upper) for ledger in ledgers}) == 1:
            stated = None if self.ledger is None else True  # what other runs would be charged is not seen
            return Hypothesis("charge", stated, f"every run of the algorithm is charged {high:.6g} nats")
        words = f"the runs are charged {low:.6g} to {high:.6g} nats: give the ledger of the algorithm"
        return Hypothesis("charge", False, words)

    def _least_slack(self, runs: Sequence[Run], ledger: Ledger, mean: Bracket) -> float | None:
        known, charged = ledger.p_eff.lower, ledger.p_eff.upper
        if not 0.0 < known < charged * (1.0 - SAME):
            return None
        entries = tuple(_at_lower(e) for e in ledger.entries)
        return ratio_up(self.bound(runs, replace(ledger, entries=entries)).upper, mean.lower)


def independent_runs(runs: Sequence[Run]) -> Hypothesis:
    """No two runs share data, and no network saw its fresh data."""
    name, sets = "independent runs", [data for run in runs for data in run.sets]
    seeds = [data.seed for data in sets if data.seed is not None]
    if len({id(d) for d in sets}) < len(sets) or len(set(seeds)) < len(seeds):
        return Hypothesis(name, False, "two runs share data: draw a set with a seed of its own for each")
    if len(sets) > 1 and not all(_drawn_afresh(data) for data in sets):
        return Hypothesis(name, False, "the data sets share the rows of one table")
    words = f"{len(sets)} data sets are independent draws, and each network was trained on its own alone"
    recorded = len(seeds) == len(sets) and all(run.m.net.origin.recorded for run in runs)
    return Hypothesis(name, True if recorded else None, words)


def one_problem(runs: Sequence[Run]) -> Hypothesis:
    """All data sets come from one law and have one size (fresh ones may be of another size)."""
    name, first = "one problem", runs[0].m.data
    same = all(data.problem == first.problem for run in runs for data in run.sets)
    if not same:
        return Hypothesis(name, False, "the runs are from different problems: sample all from one Problem")
    sizes = sorted({run.m.n for run in runs})
    if len(sizes) > 1:
        return Hypothesis(name, False, f"the runs have different numbers of samples: {sizes[:SHOWN]}")
    words = f"all data sets have one law, those for training {sizes[0]} samples"
    return Hypothesis(name, None if first.problem is None else True, words)


def runs_of(items: object, size: int, remedy: str) -> list[tuple[Any, ...]]:
    """The items as tuples of one size. Raises InvalidArgument."""
    require_kind("runs", items, Sequence, remedy)
    assert isinstance(items, Sequence)
    for item in items:
        if not isinstance(item, tuple) or len(item) != size:
            raise InvalidArgument("runs", item, remedy)
    return list(items)


def _drawn_afresh(data: Dataset) -> bool:
    """The law of the inputs gives new independent ones for every data set, as far as it is known."""
    if data.problem is None:
        return True
    law = data.problem.distribution
    return all(law.component(i).samples_afresh for i in range(law.components))


def _at_lower(entry: Entry) -> Entry:
    return replace(entry, nats=Bracket.exact(entry.nats.lower, unit=entry.nats.unit))


def _stated(runs: Sequence[Run], ledger: Ledger) -> list[str]:
    """What the bound rests on by somebody's word."""
    problem = runs[0].m.data.problem
    words = [] if problem is None else [problem.distribution.assumption, problem.noise.assumption]
    words += [run.m.net.origin.assumption for run in runs]
    return [*(w for w in dict.fromkeys(words) if w), *ledger.p_eff.assumptions]
