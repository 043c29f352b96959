"""The sparse law of robustness with its proof repaired."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from ..accounting import Ledger
from ..constants import SHRINK
from ..evidence import Bracket
from .base import Provenance
from .measure import Measured
from .printed_chain import PrintedLaw, rational, sparse_parameters
from .sparse_printed import sparse_bound


@dataclass(frozen=True)
class SparseRepaired(PrintedLaw):
    """The printed sparse law with eps replaced by 13 eps/15 in the bound and in the condition.

    **One trained network**, with probability 1 - delta. Moving a network to the nearest point of
    a net of radius eps/(30 J) changes its MSE by at most 4 eps/30, so MSE <= sigma^2 - eps
    leaves sigma^2 - 13 eps/15; the net's size, and with it p_eff, stays as printed. The net is one
    of the networks with the same mask and Lip at most the bound, so that moving to it makes no
    network steeper than that, and only weights are exchanged.
    Source: here, after Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 4 and Appendix B.
    """

    provenance: ClassVar[Provenance] = Provenance.REPAIRED
    simultaneous: ClassVar[bool] = False

    @property
    def shrink(self) -> Bracket:
        return rational(SHRINK)

    def parameters(self, m: Measured) -> Ledger:
        return sparse_parameters(self, m)

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        return sparse_bound(self, m, p_eff)
