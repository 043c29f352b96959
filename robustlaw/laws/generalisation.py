"""What the generalisation analogues share: the gap between the risk and the training risk.

The risk R(f) is estimated on fresh data, without bias for a network that never saw them, so the
mean of (fresh risk - training risk) over runs is E[R(f) - R_D(f)]. Both laws bound its absolute value;
checked is the signed mean, which is the smaller one, so VIOLATED refutes the law, and HOLDS
says that the mean gap keeps to the bound.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..accounting import Entry, Ledger
from ..constants import CHERNOFF, GAP_PROXY
from ..data import Dataset
from ..evidence import NATS, Bracket, Evidence, Hypothesis
from ..networks import Network
from .average import AverageLaw, Run, Values, runs_of
from .base import Provenance
from .losses import Loss

RUN = ("network", "training data", "fresh data")


@dataclass(frozen=True)
class GeneralisationLaw(AverageLaw):
    """|E[R(f) - R_D(f)]| <= bound, for examples that are independent draws from one law."""

    provenance: ClassVar[Provenance] = Provenance.HERE
    quantity: ClassVar[str] = "mean gap between risk and training risk"

    @property
    @abstractmethod
    def measured_loss(self) -> Loss:
        """The loss, with its range."""

    def check(self, runs: Sequence[tuple[Network, Dataset, Dataset]]) -> Evidence:
        """Evidence from independent (network, training data, fresh data) runs.

        Raises ShapeMismatch or InvalidArgument.
        """
        items = runs_of(runs, len(RUN), f"give a list of ({', '.join(RUN)})")
        return self.weigh([Run.of(net, data, fresh) for net, data, fresh in items])

    def conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:
        return [*self.label_conditions(runs), *self.class_conditions(runs)]

    def class_conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:  # noqa: ARG002
        """What the law needs of the class of networks with one mask."""
        return []

    def label_conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:
        """The loss is what its range says."""
        loss = self.measured_loss
        if not loss.signs_only:
            return [Hypothesis("loss", True, f"{loss.name} loss in [0, {loss.limit:g}]")]
        signs = all(bool((np.abs(data.y) == 1.0).all()) for run in runs for data in run.sets)
        words = "every label is +1 or -1" if signs else "zero-one loss needs labels +1 or -1"
        return [Hypothesis("loss", signs, words)]

    def values(self, runs: Sequence[Run]) -> Values:
        gaps = [_gap(run, self.measured_loss) for run in runs]
        limit = self.measured_loss.limit
        ends = np.clip(np.array([(g.lower, g.upper) for g in gaps]), -limit, limit)
        return Values(ends[:, 0], ends[:, 1], -limit, limit)

    def details(self, runs: Sequence[Run], ledger: Ledger) -> Mapping[str, float | str]:
        training = [self.measured_loss.risk(run.m).middle for run in runs]
        return {
            **super().details(runs, ledger),
            "training risk": math.fsum(training) / len(runs),
            "loss": self.measured_loss.name,
        }


def mask_part(ledger: Ledger) -> Bracket:
    """What the masks are charged, nats."""
    nats = ledger.total("mask")
    return Bracket(nats.upper, nats.upper, nats.method, NATS, nats.assumptions)


def with_class(ledger: Ledger, item: str, nats: Bracket, why: str, name: str) -> Ledger:
    """The charges for the mask, and one for the class of networks with that mask."""
    masks = tuple(e for e in ledger.entries if e.kind == "mask")
    charge = Bracket(nats.lower, nats.upper, "class", NATS)
    return Ledger((*masks, Entry("weights", item, charge, why)), ledger.network, name, ledger.omitted)


def information_part(ledger: Ledger, n: int) -> Bracket:
    """sqrt(I(m;D)/(2n)): what choosing the class by its mask adds, for a loss in [0, 1]."""
    return (mask_part(ledger) / float(n / (CHERNOFF * GAP_PROXY))).sqrt()


def _gap(run: Run, loss: Loss) -> Bracket:
    assert run.fresh is not None
    return loss.risk(run.fresh) - loss.risk(run.m)
