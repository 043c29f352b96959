"""The description-length law: the one that speaks of a single given network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..accounting import DEFAULT_CODES, Code, Ledger, usable_codes
from ..accounting.describe import checked_family
from ..accounting.ledger import Kind, check_kinds
from ..evidence import Bracket, Hypothesis
from .base import Law, Provenance
from .concentration import robust_bound
from .hypotheses import isoperimetry, noise_known, writable
from .measure import Measured


@dataclass(frozen=True)
class DescriptionLength(Law):
    """Lip(f) >= C(f) sqrt(n/(2 v rho (l(f) + log(1/delta)))).

    **Every coded network at once**, with probability 1 - delta; l(f) is the length in nats of f in a
    prefix code fixed before the data (it may use everything drawn without them).
    Proof: a fixed f has P(X(f) > a Lip(f)) <= exp(-n a^2/(2 v rho)) (Chernoff); give f the share
    delta exp(-l(f)) of the failure probability and add up with Kraft's inequality.
    Everything is measured on the rounded network, so C and Lip are those of the coded object.
    Source: here; Occam bounds go back to Blumer et al. 1987.

    codes  : the family agreed on beforehand; its size is charged
    forget : kinds of charge to leave out. The ledger is then wrong on purpose: a law that is
             VIOLATED with it shows that the charge is needed
    """

    codes: tuple[Code, ...] = DEFAULT_CODES
    forget: tuple[Kind, ...] = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_family(self.codes)
        check_kinds(self.forget)

    provenance: ClassVar[Provenance] = Provenance.HERE
    simultaneous: ClassVar[bool] = True

    @property
    def name(self) -> str:
        return type(self).__name__ + "".join(f" without {kind}" for kind in self.forget)

    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        return [isoperimetry(m), noise_known(m), writable(m, self.codes)]

    def ledgers(self, m: Measured) -> Iterable[Ledger]:
        """The shortest ledger for every distinct rounding; members differ in the mask's code only."""
        best: dict[tuple[int, str], Ledger] = {}
        for code in usable_codes(m.net, self.codes):
            ledger = m.described(code, self.codes)
            for kind in self.forget:
                ledger = ledger.without(kind)
            key = (code.bits, code.start)
            if key not in best or ledger.p_eff.upper < best[key].p_eff.upper:
                best[key] = ledger
        return best.values()

    def risk(self, m: Measured) -> float:
        return m.correlation.risk

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        return robust_bound(m, p_eff + self.confidence)

    @property
    def confidence(self) -> Bracket:
        """log(1/delta), nats."""
        return (1.0 / Bracket.exact(self.delta)).log()
