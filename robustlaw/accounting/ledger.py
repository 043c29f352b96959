"""A ledger: every charge of p_eff on its own line, with its reason."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

from ..errors import InvalidArgument, UnknownName
from ..evidence import Bracket, bits, sum_of, table
from ..networks import Network

Kind = Literal["header", "mask", "weights"]


@dataclass(frozen=True)
class Entry:
    """One charge.

    nats : the charge; a bracket from what is certainly known to what may have to be paid
    why  : a sentence for the reader
    """

    kind: Kind
    item: str
    nats: Bracket
    why: str


@dataclass(frozen=True, eq=False)
class Ledger:
    """The effective parameter count of one network, line by line.

    entries : the charges
    network : the network the charges are for; rounded, if the code rounds
    omitted : kinds of charge left out on purpose; not empty means a wrong ledger
    """

    entries: tuple[Entry, ...]
    network: Network
    name: str = ""
    omitted: tuple[Kind, ...] = ()

    @property
    def p_eff(self) -> Bracket:
        """Sum of all charges, nats."""
        return sum_of([e.nats for e in self.entries]).named(self.name or "ledger")

    def total(self, kind: Kind) -> Bracket:
        """Sum of the charges of one kind, nats."""
        return sum_of([e.nats for e in self.entries if e.kind == kind])

    def without(self, kind: Kind) -> Ledger:
        """A wrong ledger for falsification: it forgets every charge of this kind."""
        check_kinds((kind,))
        rest = tuple(e for e in self.entries if e.kind != kind)
        return replace(self, entries=rest, omitted=(*self.omitted, kind))

    def explain(self) -> str:
        """The ledger as a table: what is charged, nats, bits, and why."""
        rows = [(e.item, _amount(e.nats), _amount_bits(e.nats), e.why) for e in self.entries]
        rows.append(("p_eff", _amount(self.p_eff), _amount_bits(self.p_eff), self._verdict()))
        return table(("charge", "nats", "bits", "why"), rows)

    def _verdict(self) -> str:
        kept = f"{self.network.kept} kept weights"
        if self.omitted:
            return f"{kept}; WRONG ON PURPOSE: no charge for {', '.join(self.omitted)}"
        return kept


def check_kinds(kinds: object) -> None:
    """Raises InvalidArgument or UnknownName unless `kinds` is a tuple of kinds of charge."""
    if not isinstance(kinds, tuple):
        raise InvalidArgument("forget", kinds, "give a tuple, for example ('mask',)")
    for kind in kinds:
        if kind not in get_args(Kind):
            raise UnknownName("kind", kind, get_args(Kind))


def _amount(b: Bracket) -> str:
    return f"{b.upper:.1f}" if b.width <= 1e-6 * max(1.0, b.upper) else f"{b.lower:.1f} to {b.upper:.1f}"


def _amount_bits(b: Bracket) -> str:
    low, high = bits(b.lower), bits(b.upper)
    return f"{high:.1f}" if b.width <= 1e-6 * max(1.0, b.upper) else f"{low:.1f} to {high:.1f}"
