"""Private scores: each example moves the law of the result by little, so n of them tell little.

For independent examples I(x; D) <= sum_j I(x; D_j | D_-j), and privacy between data sets that
differ in one replaced example bounds each term. A level for adding or removing one counts twice.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ...constants import PURE_DP
from ...data.checks import require_number, whole
from ...errors import InvalidArgument
from ...evidence import NATS, Bracket, round_up
from ..ledger import Entry
from .base import Event, Past, at_most

INDEPENDENT = "the examples are independent draws"


class PrivateEvent(Event):
    """What private events share: they add up among themselves, and come before all others."""

    examples: int

    @property
    def bears(self) -> Past:
        return Past.PRIVATE

    @property
    def leaves(self) -> Past:
        return Past.PRIVATE

    def entry(self, level: str, per_example: float) -> Entry:
        total = Bracket.exact(per_example, unit=NATS) * float(self.examples)
        why = f"{level}: {per_example:.3g} nats for each of {self.examples} examples"
        return Entry(self.kind, "private scores", at_most(total, level).assuming(INDEPENDENT), why)


@dataclass(frozen=True)
class PureDpScores(PrivateEvent):
    """epsilon-differentially private results of n examples: n (u - 1 - log u), u = eps/(1 - e^-eps)."""

    epsilon: float
    examples: int

    def __post_init__(self) -> None:
        _require_level("epsilon", self.epsilon, self.examples)

    def charge(self) -> Entry:
        return self.entry(f"{self.epsilon:g}-DP", pure_dp_cap(self.epsilon))


@dataclass(frozen=True)
class ZcdpScores(PrivateEvent):
    """rho-zCDP results of n examples: n rho, because KL <= rho between neighbours."""

    rho: float
    examples: int

    def __post_init__(self) -> None:
        _require_level("rho", self.rho, self.examples)

    def charge(self) -> Entry:
        return self.entry(f"{self.rho:g}-zCDP", float(self.rho))


def pure_dp_cap(epsilon: float) -> float:
    """Most that an epsilon-DP result tells of one example given the others, nats, rounded up.

    Fix a result x; its probabilities p_d given the example's value d lie in [a, a e^eps]. Then x
    contributes at most its probability times F(b) = eps b e^eps/(1 + b c) - log(1 + b c), c = e^eps - 1, b
    the share of values at the upper end (x log x is convex), and max_b F = u - 1 - log u.
    Never more than eps^2/8 (Hoeffding's lemma for the log ratio, whose range is eps).
    """
    square = round_up(epsilon * epsilon / float(1 / PURE_DP), 2)
    if epsilon == 0.0:
        return 0.0
    if epsilon < 1e-3:  # where u - 1 - log u has lost its digits, and eps^2/8 is right to a relative 1e-7
        return square
    excess = epsilon / -math.expm1(-epsilon) - 1.0  # u - 1, off by a few ulps of u
    direct = excess - math.log1p(excess)
    return min(square, round_up(direct + 8.0 * math.ulp(1.0 + excess)))


def _require_level(name: str, value: float, examples: int) -> None:
    require_number(name, value)
    if not 0.0 <= value < math.inf:
        raise InvalidArgument(name, value, "give a finite number, 0 or more")
    whole("examples", examples, 1)
