"""Events made of events: several times, the best of several bounds, independent of each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from ...data.checks import whole
from ...errors import InvalidArgument, InvalidComposition
from ...evidence import Bracket, sum_of
from ..ledger import Entry, Kind, union_bound
from .base import Event, Past

SEPARATE = "the results are drawn independently of each other given the data, each with its own randomness"


@dataclass(frozen=True)
class Repeated(Event):
    """An event `times` times over, charged as often.

    Of a measured mask these are masks drawn independently given the data, never one from the other.
    """

    event: Event
    times: int

    def __post_init__(self) -> None:
        _require_events((self.event,))
        whole("times", self.times, 1)

    @property
    def kind(self) -> Kind:
        return self.event.kind

    @property
    def bears(self) -> Past:
        return self.event.bears

    @property
    def leaves(self) -> Past | None:
        return self.event.leaves

    @property
    def counted(self) -> bool:
        return self.event.counted

    @property
    def averages_init(self) -> bool:
        return self.event.averages_init

    @property
    def parts(self) -> tuple[Event, ...]:
        return (self.event,)

    def charge(self) -> Entry:
        if self.times > 1 and self.bears is Past.NOTHING:
            return replace(_independent([self.event.charge()] * self.times), item=self._item)
        return replace(_in_turn([self.event.charge()] * self.times), item=self._item)

    @property
    def _item(self) -> str:
        return f"{self.times} x {self.event.charge().item}"


@dataclass(frozen=True)
class Independent(Event):
    """Results that are independent given the data: their information adds up whatever the bounds are.

    H(x_1, x_2 | D) = H(x_1 | D) + H(x_2 | D) gives I(x_1, x_2; D) <= I(x_1; D) + I(x_2; D).
    """

    events: tuple[Event, ...]

    def __post_init__(self) -> None:
        _require_events(self.events)
        _one_kind(self.events)

    @property
    def kind(self) -> Kind:
        return self.events[0].kind

    @property
    def bears(self) -> Past:
        return min(e.bears for e in self.events)

    @property
    def averages_init(self) -> bool:
        return any(e.averages_init for e in self.events)

    @property
    def counted(self) -> bool:
        return all(e.counted for e in self.events)

    @property
    def parts(self) -> tuple[Event, ...]:
        return self.events

    def charge(self) -> Entry:
        join = _in_turn if self.bears is Past.ANYTHING else _independent
        return join([e.charge() for e in self.events])


@dataclass(frozen=True)
class Either(Event):
    """Several bounds on one quantity: the smallest is charged, and the risks of all count.

    alternatives : each a chain of events that accounts for the whole quantity
    """

    alternatives: tuple[tuple[Event, ...], ...]

    def __post_init__(self) -> None:
        if not isinstance(self.alternatives, tuple) or not self.alternatives:
            raise InvalidArgument("alternatives", self.alternatives, "give at least one")
        for chain in self.alternatives:
            _require_events(chain)
            require_order(chain)
        _one_kind(self.parts)

    @property
    def kind(self) -> Kind:
        return self.parts[0].kind

    @property
    def bears(self) -> Past:
        return min(e.bears for e in self.parts)

    @property
    def leaves(self) -> Past | None:
        left = {e.leaves for e in self.parts}
        return left.pop() if len(left) == 1 else Past.ANYTHING

    @property
    def counted(self) -> bool:
        return all(e.counted for e in self.parts)

    @property
    def averages_init(self) -> bool:
        return any(e.averages_init for e in self.parts)

    @property
    def parts(self) -> tuple[Event, ...]:
        return tuple(e for chain in self.alternatives for e in chain)

    def charge(self) -> Entry:
        entries = [_in_turn([e.charge() for e in chain]) for chain in self.alternatives]
        best = min(entries, key=lambda e: e.nats.upper)
        # a lower end of any alternative is one of the quantity itself
        low = max(e.nats.lower for e in entries)
        assumed = [s for e in entries for s in e.nats.assumptions]
        nats = Bracket(low, best.nats.upper, best.nats.method, best.nats.unit).assuming(*assumed)
        losers = tuple(e for e in entries if e is not best)
        return replace(best, nats=nats, risk=union_bound(e.risk for e in entries), losers=losers)


def either(*alternatives: Event | Sequence[Event]) -> Either:
    """The best of several bounds on one quantity; an alternative is an event or a chain of them."""
    chains = [(a,) if isinstance(a, Event) else a for a in alternatives]
    if not all(isinstance(c, Sequence) for c in chains):
        raise InvalidArgument("alternatives", alternatives, "each one is an event or a sequence of events")
    return Either(tuple(tuple(c) for c in chains))


def require_order(events: Sequence[Event]) -> None:
    """Raises InvalidComposition unless every charge holds after what the events before it have shown."""
    shown, before = Past.NOTHING, ""
    for event in events:
        if event.leaves is None:
            continue
        item = event.charge().item
        if shown > event.bears:
            raise InvalidComposition(
                "events",
                f"{item} after {before}",
                "its charge needs data that nothing has been shown of: put it first, or state that the "
                "results are Independent given the data",
            )
        shown, before = max(shown, event.leaves), item
    if len(events) > 1 and any(e.averages_init for e in events):
        _require_counted(events)


def _require_counted(events: Sequence[Event]) -> None:
    """I(m;D) without the init bounds nothing once the init is shown: m = init xor D."""
    others = [e.charge().item for e in events if not (e.averages_init or e.counted)]
    if others:
        raise InvalidComposition(
            "events", others[0], "beside it an information has to be given the init: bracket I(m;D|init)"
        )


def _in_turn(entries: Sequence[Entry]) -> Entry:
    """One entry for a chain of events. Its lower ends add up: at most one is above 0 or they are counts."""
    if len(entries) == 1:
        return entries[0]
    total = sum_of([e.nats for e in entries]).at_least(0.0)
    return replace(_joined(entries), nats=total.named(entries[0].nats.method))


def _independent(entries: Sequence[Entry]) -> Entry:
    """One entry for independent results: upper ends add up, and all tell at least what one tells."""
    total = sum_of([e.nats for e in entries])
    low = max(e.nats.lower for e in entries)
    nats = Bracket(low, total.upper, entries[0].nats.method, total.unit, total.assumptions)
    return replace(_joined(entries), nats=nats.assuming(SEPARATE))


def _joined(entries: Sequence[Entry]) -> Entry:
    first = entries[0]
    items = list(dict.fromkeys(e.item for e in entries))
    why = first.why if len({e.why for e in entries}) == 1 else f"{len(entries)} charges in a row"
    losers = tuple(loser for e in entries for loser in e.losers)
    return replace(
        first, item=" + ".join(items), why=why, risk=union_bound(e.risk for e in entries), losers=losers
    )


def _require_events(events: object) -> None:
    if not isinstance(events, tuple) or not events or not all(isinstance(e, Event) for e in events):
        raise InvalidArgument("events", events, "give a tuple of events, at least one")


def _one_kind(events: Sequence[Event]) -> None:
    kinds = sorted({e.kind for e in events})
    if len(kinds) > 1:
        raise InvalidArgument("events", kinds, "bounds of one quantity are all for masks or all for weights")
