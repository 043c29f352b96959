"""The VC analogue: d + I(m;D) in the place of the VC dimension."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..accounting import Ledger, trained_count
from ..constants import VC_SUPREMUM
from ..data.checks import whole
from ..evidence import LOG2, NATS, Bracket, Hypothesis
from ..networks import Network
from .average import Run
from .generalisation import GeneralisationLaw, information_part, with_class
from .losses import Loss, loss_named


@dataclass(frozen=True)
class VcAnalogue(GeneralisationLaw):
    """E|R(f) - R_D(f)| <= sqrt(2 (d log(e n/d) + log 2)/n) + sqrt(I(m;D|init)/(2n)), zero-one loss.

    **An average over independent data sets**, for any way to pick f from a class H_m of VC dimension
    at most d <= n that the mask m names (d = 0, a single classifier: d log(e n/d) counts as 0).
    Proof. Let G_m = sup over H_m of |R - R_D|.
    (1) Symmetrisation: E G_m <= 2 E sup |(1/n) sum_i s_i (loss_i - 1/2)| with fair signs s_i. A sample
        allows at most (e n/d)^d vectors of losses (Sauer), each of norm sqrt(n)/2; with their
        negatives, for the absolute value, twice as many. Massart's finite class lemma then gives
        E G_m <= 2 (1/2) sqrt(2 log(2 (e n/d)^d)/n).
    (2) Replacing one example moves G_m by at most 1/n, so G_m - E G_m has mgf proxy n (1/n)^2/4 = 1/(4n).
    (3) By Donsker and Varadhan, as for a fixed m the data are independent of it, E G_m(D) at the
        mask found from D is at most max_m E G_m + sqrt(2 I(m;D|init)/(4n)).
    Source: here; after Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 5, with every constant.

    dimension : d, at most, for every mask; by default it is known for linear networks (their trained
                and kept numbers) and for networks with no trained weights (0)
    ledger    : its charges for masks are I(m;D|init); the class is charged d log(e n/d) here
    """

    dimension: int | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.dimension is not None:
            whole("dimension", self.dimension)

    @property
    def measured_loss(self) -> Loss:
        return loss_named("zero-one")

    def class_conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:
        known = [self._dimension(run.m.net) for run in runs]
        if any(d is None for d in known):
            return [Hypothesis("VC dimension", False, "unknown beyond linear networks: state `dimension`")]
        largest, n = max(d for d in known if d is not None), runs[0].m.n
        fits = largest <= n
        stated = f"VC dimension {largest} {'<=' if fits else '>'} n = {n}"
        return [Hypothesis("VC dimension", _checked(fits, self.dimension is None), stated)]

    def charged(self, run: Run) -> Ledger:
        d = self._dimension(run.m.net) or 0
        nats, why = growth(d, run.m.n), f"d log(e n/d), n = {run.m.n}"
        return with_class(super().charged(run), f"VC dimension {d}", nats, why, "I(m;D|init) + VC dimension")

    def bound(self, runs: Sequence[Run], ledger: Ledger) -> Bracket:
        n = runs[0].m.n
        return mean_supremum(ledger.total("weights"), n) + information_part(ledger, n)

    def _dimension(self, net: Network) -> int | None:
        return known_dimension(net) if self.dimension is None else self.dimension


def known_dimension(net: Network) -> int | None:
    """VC dimension of the signs of all networks with these masks and frozen numbers, at most.

    Signs of f_0 + V for a vector space V of functions have VC dimension dim V (Wenocur & Dudley 1981).
    """
    trained = trained_count(net)
    return trained if net.arch.layers == 1 or trained == 0 else None


def growth(d: int, n: int) -> Bracket:
    """d log(e n/d) >= log of the number of labellings of n points, d <= n; 0 for d = 0. Nats."""
    if d == 0:
        return Bracket.exact(0.0, unit=NATS)
    return ((Bracket.exact(float(n)) / float(d)).log() + Bracket.exact(1.0, unit=NATS)) * float(d)


def mean_supremum(class_nats: Bracket, n: int) -> Bracket:
    """sqrt(2 (log of the class on n points + log 2)/n) >= E sup |R - R_D|."""
    return ((class_nats + LOG2) * float(VC_SUPREMUM) / float(n)).sqrt()


def _checked(fits: bool, derived: bool) -> bool | None:
    """A dimension that somebody states is assumed."""
    return None if fits and not derived else fits
