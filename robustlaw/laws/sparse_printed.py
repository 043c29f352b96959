"""The sparse law of robustness, as printed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..accounting import Ledger
from ..constants import SPARSE, TAIL_LOG, TAIL_SHARE
from ..evidence import Bracket
from .base import Provenance
from .measure import Measured
from .printed_chain import PrintedLaw, sparse_parameters


@dataclass(frozen=True)
class SparsePrinted(PrintedLaw):
    """Lip(f_W) >= eps/(96 a_1 sqrt(2c)) sqrt(n d delta/(p_eff + (delta/2) log(4/delta))), a_1 = sqrt 72.

    **One trained network**, with probability 1 - delta, if MSE <= sigma^2 - eps and
    512 k log(8k/delta) <= n eps^2;  p_eff = I(m;D) + E||m||_0 log(1 + 60 W J/eps).
    Source: Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 4. Its printed proof rounds in
    the wrong direction; SparseRepaired is the statement that the same argument proves.
    """

    provenance: ClassVar[Provenance] = Provenance.PRINTED
    simultaneous: ClassVar[bool] = False

    @property
    def shrink(self) -> Bracket:
        return Bracket.exact(1.0)

    def parameters(self, m: Measured) -> Ledger:
        return sparse_parameters(self, m)

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        return sparse_bound(self, m, p_eff)


def sparse_bound(law: PrintedLaw, m: Measured, p_eff: Bracket) -> Bracket:
    """(eps/1152) sqrt(n delta/(rho (p_eff + (delta/2) log(4/delta))))."""
    delta = Bracket.exact(law.delta_for(m))
    total = p_eff + (float(TAIL_LOG) / delta).log() * delta * float(TAIL_SHARE)
    return law.net_bound(m, SPARSE, delta / total)
