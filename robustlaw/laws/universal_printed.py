"""The universal law of robustness, as printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..accounting import Entry, Ledger
from ..constants import TAIL_LOG, UNIVERSAL
from ..evidence import Bracket
from .base import Provenance
from .measure import Measured
from .printed_chain import PrintedLaw


@dataclass(frozen=True)
class UniversalPrinted(PrintedLaw):
    """Lip(f) >= eps/(2^9 sqrt c) sqrt(n d/(p log(60 W J/eps) + log(4/delta))).

    **All networks of a class of p parameters at once**, with probability 1 - delta, whenever
    MSE <= sigma^2 - eps. p counts every parameter that could have been trained: the class
    does not know which weights a mask will keep. A net has (1 + 60 W J/eps)^p points, so the
    charge here is log(1 + 60 W J/eps): the printed logarithm is at most eps/(60 W J) smaller.
    Source: Bubeck & Sellke, arXiv 2105.12806, Theorem 3; sample size as in the sparse law.
    """

    provenance: ClassVar[Provenance] = Provenance.PRINTED
    simultaneous: ClassVar[bool] = True

    @property
    def shrink(self) -> Bracket:
        return Bracket.exact(1.0)

    def parameters(self, m: Measured) -> Ledger:
        charge = self.net_charge(m)
        p = sum(w.size + b.size for w, b in m.net.layers)
        entry = Entry("weights", f"{p} parameters", charge * float(p), "every parameter of the architecture")
        return Ledger((entry,), m.net, "p log(1 + 60 W J/eps)")

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        total = p_eff + (float(TAIL_LOG) / Bracket.exact(self.delta_for(m))).log()
        return self.net_bound(m, UNIVERSAL, 1.0 / total)
