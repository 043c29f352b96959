"""The description-length law: the one that speaks of a single given network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..evidence import Bracket, Hypothesis
from .base import Provenance
from .coded import CodedLaw
from .concentration import robust_bound
from .hypotheses import isoperimetry, noise_known, writable
from .measure import Measured


@dataclass(frozen=True)
class DescriptionLength(CodedLaw):
    """Lip(f) >= C(f) sqrt(n/(2 v rho (l(f) + log(1/delta)))).

    **Every coded network at once**, with probability 1 - delta; l(f) is the length in nats of f in a
    prefix code fixed before the data (it may use everything drawn without them).
    Proof: a fixed f has P(X(f) > a Lip(f)) <= exp(-n a^2/(2 v rho)) (Chernoff); give f the share
    delta exp(-l(f)) of the failure probability and add up with Kraft's inequality.
    Everything is measured on the rounded network, so C and Lip are those of the coded object.
    Source: here; Occam bounds go back to Blumer et al. 1987.
    """

    provenance: ClassVar[Provenance] = Provenance.HERE

    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        return [isoperimetry(m), noise_known(m), writable(m, self.codes)]

    def risk(self, m: Measured) -> float:
        return m.correlation.risk

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        return robust_bound(m, p_eff + self.confidence)
