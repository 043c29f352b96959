"""The information law: what a mask and weights know bounds the correlation they reach on average."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np

from ..accounting import Ledger
from ..constants import CHERNOFF, REACH, TAIL_CHANCE, TAIL_EXPONENT
from ..data import Dataset
from ..errors import InvalidArgument
from ..evidence import Bracket, Evidence, Hypothesis, round_up
from ..networks import Network
from .average import AverageLaw, Run, Values, runs_of
from .base import Provenance
from .concentration import noise_factor
from .hypotheses import isoperimetry, noise_known
from .measure import Measured


@dataclass(frozen=True)
class InformationLaw(AverageLaw):
    """E[C(f_W)/(Lip(f_W) sqrt v)] <= sqrt(2 rho U/n) for any U >= I(f_W;D|init).

    **An average over independent data sets.** v is B^2, or s2 = mean z^2 of the data set itself where
    the noise is independent of the inputs. A constant network has C = 0, and its ratio counts as 0.
    Proof: for a fixed f, X(f)/(Lip(f) sqrt v) has mean 0 and mgf proxy rho/n (given the noise if
    v = s2); by Donsker and Varadhan its mean at the learned f_W, given the init, is at most
    sqrt(2 (rho/n) I(f_W;D|init=r)), and the root is concave in the average over r. C <= X.
    Source: here; after Xu & Raginsky 2017, Lemma 1, applied to the normalised process.
    """

    provenance: ClassVar[Provenance] = Provenance.HERE
    quantity: ClassVar[str] = "mean of C/(Lip sqrt v)"

    def check(
        self, pairs: Sequence[tuple[Network, Dataset]], slopes: Sequence[Bracket] | None = None
    ) -> Evidence:
        """Evidence from independent (network, training data) pairs.

        slopes : certified brackets on the Lipschitz constants, if there are any already
        Raises ShapeMismatch, InvalidArgument or HeuristicInVerdict.
        """
        items = runs_of(pairs, 2, "give a list of (network, training data) pairs")
        given = [None] * len(items) if slopes is None else slopes
        if not isinstance(given, Sequence) or len(given) != len(items):
            raise InvalidArgument(
                "slopes", given, f"give a list of one bracket for each of {len(items)} pairs"
            )
        return self.weigh([Run.of(net, data, slope=s) for (net, data), s in zip(items, given, strict=True)])

    def conditions(self, runs: Sequence[Run]) -> list[Hypothesis]:
        noise = [noise_known(run.m) for run in runs]
        failed = [h for h in noise if h.holds is False]
        return [isoperimetry(runs[0].m), (failed or noise)[0]]

    def values(self, runs: Sequence[Run]) -> Values:
        reach, tail = ratio_range(runs[0].m)
        ends = np.array([clipped_ratio(run.m, reach) for run in runs])
        risk = math.fsum(run.m.correlation.risk for run in runs)
        return Values(ends[:, 0], ends[:, 1], -reach, reach, tail, risk)

    def bound(self, runs: Sequence[Run], ledger: Ledger) -> Bracket:
        m = runs[0].m
        assert m.data.problem is not None
        nats = ledger.p_eff
        charged = Bracket(nats.upper, nats.upper, nats.method, nats.unit, nats.assumptions)
        return (charged * float(CHERNOFF) * m.data.problem.proxy / float(m.n)).sqrt()

    def details(self, runs: Sequence[Run], ledger: Ledger) -> Mapping[str, float | str]:
        mean = math.fsum(run.m.correlation.value.middle for run in runs) / len(runs)
        return {**super().details(runs, ledger), "correlation": mean}


def clipped_ratio(m: Measured, reach: float) -> tuple[float, float]:
    """C/(Lip sqrt v), enclosed and clipped to [-reach, reach]."""
    slope, correlation = m.lipschitz, m.correlation.value
    if slope.upper == 0.0:
        return 0.0, 0.0
    if slope.lower <= 0.0:  # the ratio is as large as C's sign lets it be
        low = (Bracket.exact(correlation.lower) / (Bracket.exact(slope.upper) * noise_factor(m).sqrt())).lower
        ends = (low if correlation.lower >= 0.0 else -reach, reach if correlation.upper > 0.0 else 0.0)
    else:
        ratio = correlation / (slope * noise_factor(m).sqrt())
        ends = (ratio.lower, ratio.upper)
    return max(-reach, min(reach, ends[0])), max(-reach, min(reach, ends[1]))


def ratio_range(m: Measured) -> tuple[float, float]:
    """r and t such that clipping to [-r, r] moves E[X/(Lip sqrt v)] by at most t.

    |f(x) - E_l f| <= Lip (|x - mu_l| + E_l|x' - mu_l|), and E_l|x' - mu_l| <= sqrt(d rho) because every
    coordinate has variance at most rho. So |X|/(Lip sqrt v) <= A = (1/n) sum a_i (|x_i - mu_l| + sqrt(d rho))
    with a_i = |z_i|/sqrt v, mean a_i <= 1 and mean a_i^2 <= 1 (for v = B^2 put a_i = 1). |x - mu_l| is
    1-Lipschitz: A has mean at most 2 sqrt(d rho) and proxy rho/n above it, whence
    E(A - 2 sqrt(d rho) - s)_+ <= int_s^inf exp(-n u^2/(2 rho)) du <= (rho/(n s)) exp(-n s^2/(2 rho)).
    Of C <= X only values above r lose by clipping, and those below -r gain: the law bounds the
    clipped mean by the same number plus t. On |x| <= R the ratio is at most 2R, and t = 0.
    """
    problem = m.data.problem
    assert problem is not None
    rho = Bracket.exact(problem.proxy)
    # s^2 = 2 rho 30/n, so the tail is (s/60) exp(-30); exp(-30) < 1e-13
    deviation = (rho * float(CHERNOFF * TAIL_EXPONENT) / float(m.n)).sqrt()
    reach = ((rho * float(m.data.dim)).sqrt() * float(REACH) + deviation).upper
    if 2.0 * problem.distribution.radius <= reach:
        return round_up(2.0 * problem.distribution.radius), 0.0
    return reach, round_up(deviation.upper / (CHERNOFF * TAIL_EXPONENT) * float(TAIL_CHANCE))
