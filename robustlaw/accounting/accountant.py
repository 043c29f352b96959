"""The accountant: from a list of events to a ledger."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..errors import InvalidArgument, UnknownEvent
from ..evidence import Bracket
from ..networks import Network
from .events import EVENTS, Event
from .events.compose import require_order
from .ledger import Ledger


@dataclass(frozen=True)
class Accountant:
    """Adds up charges by the chain rule: I(everything shown; D | init) <= p_eff.

    known : the kinds of event it has charges for; give (*EVENTS, YourEvent) to teach it another
    """

    known: tuple[type[Event], ...] = EVENTS

    def __post_init__(self) -> None:
        if not isinstance(self.known, tuple) or not all(isinstance(k, type) for k in self.known):
            raise InvalidArgument("known", self.known, "give a tuple of kinds of event, as EVENTS is")

    def ledger(self, events: Iterable[Event], network: Network | None = None, name: str = "") -> Ledger:
        """One line for each event, in order.

        network : the network the events made, if the ledger is for one
        Raises UnknownEvent, or InvalidComposition if a charge does not hold in its place.
        """
        chain = self._checked(events)
        require_order(chain)
        return Ledger(tuple(e.charge() for e in chain), network, name or "sum of events")

    def p_eff(self, events: Iterable[Event]) -> Bracket:
        """What all events together may tell about the data, nats."""
        return self.ledger(events).p_eff

    def _checked(self, events: Iterable[Event]) -> Sequence[Event]:
        remedy = f"choose one of {', '.join(k.__name__ for k in self.known)}, or teach the accountant"
        if isinstance(events, Event) or not isinstance(events, Iterable):
            raise UnknownEvent("events", events, "give a list of events")
        chain = tuple(events)
        waiting = list(chain)
        while waiting:
            event = waiting.pop()
            if type(event) not in self.known:
                raise UnknownEvent("event", event, remedy)
            waiting.extend(event.parts)
        return chain
