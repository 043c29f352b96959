"""The sparse law with constants that its ingredients really give."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..accounting import Ledger, information_ledger
from ..evidence import LOG2, Bracket, Hypothesis
from .base import Law, Provenance, require_ledger
from .concentration import robust_bound
from .hypotheses import isoperimetry, noise_known
from .measure import Measured


@dataclass(frozen=True)
class SparseSharp(Law):
    """Lip(f_W) >= C(f_W) sqrt(n delta/(2 v rho (U + log 2))) for any U >= I(f_W;D|init).

    **One trained network**, with probability 1 - delta. U = I(m;D|init) + 32 ln 2 E||m||_0: a
    float32 program's output is a finite class, so no net over the weights is needed (64 for
    float64). A U read off the network itself, as the cap of the mask's information is where
    the kept count depends on the data, is allowed because it is the length of a prefix code:
    the description-length law then asks for no more, as l + log(1/delta) <= (l + log 2)/delta.
    Proof: under independent copies {X(f_W) >= a Lip(f_W)} has probability
    P0 <= exp(-n a^2/(2 v rho)); binary data processing gives P <= (U + log 2)/log(1/P0); choose
    a^2 = 2 v rho (U + log 2)/(n delta). Every correlation C used here is at most X.
    Source: here; change of measure after Bassily et al. 2018.

    ledger : an accountant's bound U on I(f_W;D|init), with measured information for example; by
             default the mask's cap and the network's machine words
    """

    ledger: Ledger | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        require_ledger(self.ledger)

    provenance: ClassVar[Provenance] = Provenance.HERE
    simultaneous: ClassVar[bool] = False

    def hypotheses(self, m: Measured) -> list[Hypothesis]:
        return [isoperimetry(m), noise_known(m)]

    def ledgers(self, m: Measured) -> Iterable[Ledger]:
        return [information_ledger(m.net) if self.ledger is None else self.ledger]

    def risk(self, m: Measured) -> float:
        return m.correlation.risk

    def bound(self, m: Measured, p_eff: Bracket) -> Bracket:
        return robust_bound(m, p_eff + LOG2) * Bracket.exact(self.delta).sqrt()
