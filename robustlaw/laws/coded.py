"""What laws of coded networks share: a family of codes, and every ledger that it gives."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar

from ..accounting import DEFAULT_CODES, Code, Ledger, usable_codes
from ..accounting.describe import checked_family
from ..accounting.ledger import Kind, check_kinds
from ..evidence import Bracket
from .base import Law
from .measure import Measured


@dataclass(frozen=True)
class CodedLaw(Law):
    """A law of every coded network at once, by Kraft's inequality.

    codes  : the family agreed on beforehand; its size is charged
    forget : kinds of charge to leave out. The ledger is then wrong on purpose: a law that is
             VIOLATED with it shows that the charge is needed
    """

    codes: tuple[Code, ...] = DEFAULT_CODES
    forget: tuple[Kind, ...] = ()

    simultaneous: ClassVar[bool] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        checked_family(self.codes)
        check_kinds(self.forget)

    @property
    def name(self) -> str:
        return type(self).__name__ + "".join(f" without {kind}" for kind in self.forget)

    @property
    def confidence(self) -> Bracket:
        """log(1/delta), nats."""
        return (1.0 / Bracket.exact(self.delta)).log()

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
