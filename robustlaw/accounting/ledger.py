"""A ledger: every charge of p_eff on its own line, with its reason."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Literal, get_args

from ..errors import InvalidArgument, UnknownName
from ..evidence import Bracket, bits, round_up, sum_of, table
from ..networks import Network

Kind = Literal["header", "mask", "weights"]


@dataclass(frozen=True)
class Entry:
    """One charge.

    nats   : the charge; a bracket from what is certainly known to what may have to be paid
    why    : a sentence for the reader
    risk   : chance, over sampled runs, that the charge is too small
    losers : other bounds on the same quantity, which would have charged more; their risks count
             in `risk`, because the smallest was chosen after the fact
    """

    kind: Kind
    item: str
    nats: Bracket
    why: str
    risk: float = 0.0
    losers: tuple[Entry, ...] = ()


@dataclass(frozen=True, eq=False)
class Ledger:
    """The effective parameter count, line by line.

    entries : the charges
    network : the network the charges are for, rounded if the code rounds; None for the charges of an
              algorithm, whatever network it gives
    omitted : kinds of charge left out on purpose; not empty means a wrong ledger
    """

    entries: tuple[Entry, ...]
    network: Network | None = None
    name: str = ""
    omitted: tuple[Kind, ...] = ()

    @property
    def p_eff(self) -> Bracket:
        """Sum of all charges, nats."""
        return sum_of([e.nats for e in self.entries]).at_least(0.0).named(self.name or "ledger")

    @property
    def risk(self) -> float:
        """Chance that any charge is too small, by the union bound."""
        return union_bound(e.risk for e in self.entries)

    def extend(self, *entries: Entry) -> Ledger:
        """The ledger with further charges."""
        return replace(self, entries=(*self.entries, *entries))

    def total(self, kind: Kind) -> Bracket:
        """Sum of the charges of one kind, nats."""
        return sum_of([e.nats for e in self.entries if e.kind == kind])

    def without(self, kind: Kind) -> Ledger:
        """A wrong ledger for falsification: it forgets every charge of this kind."""
        check_kinds((kind,))
        rest = tuple(e for e in self.entries if e.kind != kind)
        return replace(self, entries=rest, omitted=(*self.omitted, kind))

    def explain(self) -> str:
        """The ledger as a table: what is charged, nats, bits, the chance of charging too little, and why."""
        rows = [row for entry in self.entries for row in _rows(entry)]
        rows.append(_row("p_eff", self.p_eff, self.risk, self._verdict()))
        return table(("charge", "nats", "bits", "risk", "why"), rows)

    def _verdict(self) -> str:
        kept = "" if self.network is None else f"{self.network.kept} kept weights"
        if self.network is not None and self.network.bias_masks is not None:
            kept += " and biases"
        wrong = f"WRONG ON PURPOSE: no charge for {', '.join(self.omitted)}" if self.omitted else ""
        return "; ".join(part for part in (kept, wrong) if part) or "sum of the charges"


def union_bound(risks: Iterable[float]) -> float:
    """Sum of the risks, rounded up; at most 1."""
    total = 0.0
    for risk in risks:
        total = round_up(total + risk) if risk > 0.0 else total
    return min(1.0, total)


def check_kinds(kinds: object) -> None:
    """Raises InvalidArgument or UnknownName unless `kinds` is a tuple of kinds of charge."""
    if not isinstance(kinds, tuple):
        raise InvalidArgument("forget", kinds, "give a tuple, for example ('mask',)")
    for kind in kinds:
        if kind not in get_args(Kind):
            raise UnknownName("kind", kind, get_args(Kind))


def _rows(entry: Entry) -> list[tuple[str, ...]]:
    """The charge, and below it the bounds that it was chosen from."""
    losers = [_row("  or " + e.item, e.nats, e.risk, f"not charged: {e.why}") for e in entry.losers]
    return [_row(entry.item, entry.nats, entry.risk, entry.why), *losers]


def _row(item: str, nats: Bracket, risk: float, why: str) -> tuple[str, ...]:
    return item, _amount(nats), _amount_bits(nats), f"{risk:.3g}", why


def _amount(b: Bracket) -> str:
    return f"{b.upper:.1f}" if b.width <= 1e-6 * max(1.0, b.upper) else f"{b.lower:.1f} to {b.upper:.1f}"


def _amount_bits(b: Bracket) -> str:
    low, high = bits(b.lower), bits(b.upper)
    return f"{high:.1f}" if b.width <= 1e-6 * max(1.0, b.upper) else f"{low:.1f} to {high:.1f}"
