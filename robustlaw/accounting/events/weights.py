"""Weights: frozen, trained with b bits each, and trained through a net over the weight set."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ...confidence import betting_interval
from ...constants import FLOAT32_BITS, NET
from ...data.checks import finite, require_positive, whole
from ...evidence import LOG2, NATS, Bracket
from ..ledger import Entry, Kind
from .base import Event


@dataclass(frozen=True)
class MeanKept:
    """E||m||_0 where the number of kept weights is random.

    value : enclosure of the mean, wrong with chance at most `risk`
    """

    value: Bracket
    risk: float

    def __str__(self) -> str:
        return f"{self.value} on average"


Kept = int | MeanKept


def mean_kept(counts: Sequence[int], total: int, risk: float) -> MeanKept:
    """E||m||_0 from the counts of independent runs, which lie in [0, total], by betting.

    Raises InvalidArgument for a count outside the range or a risk outside (0, 1).
    """
    values = finite("counts", np.asarray(counts), 1)
    # two one-sided ends may cross, with chance at most the risk: then one is wrong, and all between is kept
    low, high = sorted(betting_interval(values, 0.0, float(whole("total", total)), risk))
    return MeanKept(Bracket(low, high, f"betting on {len(values)} runs"), risk)


class WeightEvent(Event):
    """What weights share: they are charged in the ledger's column for weights."""

    @property
    def kind(self) -> Kind:
        return "weights"


@dataclass(frozen=True)
class FrozenWeights(WeightEvent):
    """Weights at values that the data never changed.

    drawn : False for constants such as zero biases, True for random initial values
    """

    count: int
    drawn: bool = True

    def __post_init__(self) -> None:
        whole("count", self.count)

    @property
    def leaves(self) -> None:
        return None

    @property
    def counted(self) -> bool:
        return not self.drawn

    def charge(self) -> Entry:
        free = Bracket.exact(0.0, "no data", NATS)
        return Entry(self.kind, f"{self.count} frozen weights", free, "the data never changed them")


@dataclass(frozen=True)
class TrainedWeights(WeightEvent):
    """b log 2 for each trained number: a program that writes b bits has 2^b values for it.

    kept : their number, or its mean where it is random
    """

    kept: Kept
    bits: int = FLOAT32_BITS

    def __post_init__(self) -> None:
        _require_kept(self.kept)
        whole("bits", self.bits, 1)

    @property
    def counted(self) -> bool:
        return True

    def charge(self) -> Entry:
        return _per_weight(self.kept, LOG2 * float(self.bits), f"{self.bits} bits each")


@dataclass(frozen=True)
class NetWeights(WeightEvent):
    """log(1 + 60 W J/eps) for each trained weight, as printed (arXiv 2402.01089v1, Theorem 4).

    kept        : their number, or its mean where it is random
    diameter    : W, of the weight set
    sensitivity : J, |f_w - f_w'| <= J |w - w'| on all inputs
    eps         : how far below the noise level the network fits
    """

    kept: Kept
    diameter: float
    sensitivity: float
    eps: float

    def __post_init__(self) -> None:
        _require_kept(self.kept)
        for name in ("diameter", "sensitivity", "eps"):
            require_positive(name, getattr(self, name))

    @property
    def counted(self) -> bool:
        return True

    @property
    def per_weight(self) -> Bracket:
        """log(1 + 60 W J/eps), nats."""
        return net_charge(self.diameter, Bracket.exact(self.sensitivity), self.eps)

    def charge(self) -> Entry:
        rate = self.per_weight
        return _per_weight(self.kept, rate, f"log(1 + 60 W J/eps) = {rate.upper:.3g} nats each")


def net_charge(diameter: float, sensitivity: Bracket, eps: float) -> Bracket:
    """log(1 + 60 W J/eps): nats for one weight of a net over the weight set."""
    return (sensitivity * float(NET) * diameter / eps + 1.0).log()


def _per_weight(kept: Kept, rate: Bracket, why: str) -> Entry:
    count, risk = (kept.value, kept.risk) if isinstance(kept, MeanKept) else (float(kept), 0.0)
    product = rate * count
    ends = (max(0.0, product.lower), product.upper) if kept != 0 else (0.0, 0.0)
    charge = Bracket(*ends, "weights", NATS, product.assumptions)
    return Entry("weights", f"{kept} trained weights", charge, why, risk)


def _require_kept(kept: Kept) -> None:
    if not isinstance(kept, MeanKept):
        whole("kept", kept)
