"""The memorisation converse: remembering labels takes description length."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from ..accounting import Ledger
from ..constants import FAIR
from ..evidence import LOG2, NATS, Bracket, Hypothesis
from .base import Provenance
from .coded import CodedLaw
from .hypotheses import fair_signs, writable
from .measure import Measured


@dataclass(frozen=True)
class MemorisationConverse(CodedLaw):
    """l(f) + log(1/delta) >= n (log 2 - h(e)), e the share of training labels f gets wrong, e <= 1/2.

    **Every coded network at once**, with probability 1 - delta, for n independent fair signs; h is the
    binary entropy in nats. No isoperimetry is needed: it tests the ledger alone.
    Proof: for a fixed f the wrong labels are Binomial(n, 1/2) and P(at most e n wrong) <=
    exp(-n (log 2 - h(e))) (Chernoff); give f the share delta exp(-l(f)) and add up with Kraft.
    In expectation this is Fano's n (log 2 - h(e)) <= I(f;Y|X,init) <= I(m;Y|X,init) + E (weights).
    Source: here; the average form after Kumar, Luo & Sellke, arXiv 2402.01089.
    """

    provenance: ClassVar[Provenance] = Provenance.HERE
    quantity: ClassVar[str] = "description length + log(1/delta), nats"

    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        return [fair_signs(m), writable(m, self.codes)]

    def measured(self, m: Measured, p_eff: Bracket) -> Bracket:  # noqa: ARG002
        return p_eff + self.confidence

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:  # noqa: ARG002
        """n (log 2 - h(e)), for the labels of the coded network."""
        return (LOG2 - binary_entropy(m.wrong_signs, m.n)) * float(m.n)

    def vacuous(self, m: Measured, bound: Bracket) -> bool | None:  # noqa: ARG002
        """A bound of at most log(1/delta) holds for any network, even an empty one."""
        return bound.upper <= self.confidence.upper

    def details(self, m: Measured, ledger: Ledger) -> Mapping[str, float | str]:
        return {**super().details(m, ledger), "wrong labels": float(m.wrong_signs)}


def binary_entropy(wrong: int, n: int) -> Bracket:
    """h(wrong/n) in nats for wrong <= n/2, and its largest value log 2 beyond."""
    if wrong >= FAIR * n:
        return LOG2
    if wrong == 0:
        return Bracket.exact(0.0, unit=NATS)
    e = Bracket.exact(float(wrong)) / float(n)
    right = Bracket.exact(float(n - wrong)) / float(n)
    return (1.0 / e).log() * e + (1.0 / right).log() * right
