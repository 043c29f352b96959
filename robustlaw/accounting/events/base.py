"""What an event is: one step that may tell about the data, and what it is charged.

What a run shows is bounded by the chain rule, I(x_1, ..., x_T; D | init) = sum_t I(x_t; D | x_<t, init).
A charge is a bound on its term, and bounds differ in how much they bear to have been shown before:
    ANYTHING  a bound on what the step can say at all, H(x_t) or the entropy of what it reads
    PRIVATE   a bound that needs independent examples; other private results may come first, because
              I(x_1..x_T; D) <= sum_j sum_t I(x_t; D_j | D_-j, x_<t) and privacy bounds each term for
              whatever law D_j has. After a result that is not private it fails: shown which of two
              complementary labellings it is up to a flip, a private sum tells the rest.
    NOTHING   a bound measured on fresh data: I(x_2; D | x_1) may exceed I(x_2; D), as x_2 = x_1 xor D shows
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import IntEnum

from ...errors import HeuristicInVerdict, InvalidArgument, MixedUnits
from ...evidence import NATS, Bracket
from ..ledger import Entry, Kind


class Past(IntEnum):
    """What has been shown of the data before an event; larger is more."""

    NOTHING = 0
    PRIVATE = 1
    ANYTHING = 2


class Event(ABC):
    """One step of an algorithm. Subclasses are frozen dataclasses with plain fields.

    The defaults are those of a bound on what the step can say at all, given the init.
    """

    @property
    def kind(self) -> Kind:
        """The column of the ledger."""
        return "mask"

    @property
    def bears(self) -> Past:
        """The most that may have been shown before, for the charge to bound the chain rule's term."""
        return Past.ANYTHING

    @property
    def leaves(self) -> Past | None:
        """What has been shown after it; None if it shows nothing of the data."""
        return Past.ANYTHING

    @property
    def counted(self) -> bool:
        """The charge bounds the entropy of the result, so it holds with or without the init."""
        return False

    @property
    def averages_init(self) -> bool:
        """The charge is for an init that nobody is shown."""
        return False

    @property
    def parts(self) -> tuple[Event, ...]:
        """Events inside this one."""
        return ()

    @abstractmethod
    def charge(self) -> Entry:
        """The charge in nats, with its reason and its risk."""


def at_most(cap: Bracket, method: str) -> Bracket:
    """[0, cap]: nothing is known of the information but that it is no more."""
    return Bracket(0.0, max(0.0, cap.upper), method, NATS, cap.assumptions)


def require_nats(argument: str, value: Bracket) -> None:
    """Raises HeuristicInVerdict, MixedUnits or InvalidArgument unless it is a certified charge in nats."""
    if not isinstance(value, Bracket):
        raise HeuristicInVerdict(f"{argument} is a {type(value).__name__}; only a Bracket can be charged")
    if value.unit != NATS:
        raise MixedUnits(
            argument, value.unit or "a plain number", "the ledger is in nats: 1 bit = log 2 nats"
        )
    if value.upper < 0.0:
        raise InvalidArgument(argument, value, "an information or entropy is not negative")
