"""Masks: without data, of a known size, measured, and found in rounds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from ...data.checks import whole
from ...errors import InvalidArgument, WrongTarget
from ...evidence import NATS, Bracket, log_binomial
from ...information import InformationBracket
from ..ledger import Entry
from .base import Event, Past, at_most, require_nats

LABELS_ALONE = "the mask reads labels alone, and they are independent of the inputs"


@dataclass(frozen=True)
class DataFreeMask(Event):
    """A mask that is a function of the initialisation and the seed."""

    @property
    def leaves(self) -> None:
        return None

    def charge(self) -> Entry:
        free = Bracket.exact(0.0, "no data", NATS)
        return Entry(self.kind, "data-free mask", free, "the mask does not depend on the data")


@dataclass(frozen=True)
class FixedSizeMask(Event):
    """Exactly `kept` of `total` entries, whatever the data: at most log C(total, kept)."""

    total: int
    kept: int

    def __post_init__(self) -> None:
        _require_kept(self.total, self.kept)

    @property
    def counted(self) -> bool:
        return True

    def charge(self) -> Entry:
        cap = at_most(log_binomial(self.total, self.kept), "log of the number of masks")
        return Entry(self.kind, "mask of fixed size", cap, f"one of C({self.total}, {self.kept}) masks")


@dataclass(frozen=True)
class MaskInSource(Event):
    """Exactly `kept` entries inside a source of `source` entries: at most log C(source, kept).

    The source is drawn without the data and is known to the receiver, like the initialisation; that a
    mask of all `total` entries would be charged log C(total, kept) is what it saves.
    """

    total: int
    source: int
    kept: int

    def __post_init__(self) -> None:
        _require_kept(self.source, self.kept)
        if whole("source", self.source) > whole("total", self.total):
            raise InvalidArgument("source", self.source, f"choose between 0 and {self.total}")

    @property
    def saved(self) -> Bracket:
        """What the source saves against a mask of all entries, nats."""
        here = log_binomial(self.source, self.kept)
        return (log_binomial(self.total, self.kept) - here).at_least(0.0)

    def charge(self) -> Entry:
        cap = at_most(log_binomial(self.source, self.kept), "log of the number of masks in the source")
        why = f"one of C({self.source}, {self.kept}) masks inside a data-free source of {self.total} entries"
        return Entry(self.kind, "mask inside a source", cap, why)


@dataclass(frozen=True)
class PruningRound(Event):
    """One round of iterative pruning keeps `after` of the `before` entries: log C(before, after)."""

    before: int
    after: int

    def __post_init__(self) -> None:
        _require_kept(self.before, self.after)

    @property
    def counted(self) -> bool:
        return True

    def charge(self) -> Entry:
        cap = at_most(log_binomial(self.before, self.after), "log of the number of masks")
        return Entry(self.kind, "pruning round", cap, f"keeps {self.after} of {self.before}")


def pruning_rounds(sizes: Sequence[int]) -> tuple[PruningRound, ...]:
    """The rounds of iterative pruning from sizes[0] entries down to sizes[-1]."""
    if not isinstance(sizes, Sequence) or len(sizes) < 2:
        raise InvalidArgument("sizes", sizes, "give the number of entries before and after each round")
    return tuple(PruningRound(a, b) for a, b in pairwise(sizes))


@dataclass(frozen=True)
class MeasuredMask(Event):
    """A mask whose information was bracketed: its upper end is charged, its risk carried along.

    information : on I(m;D) or I(m;D|init). A bracket on the label part, I(m;Y|X) or I(m;Y|X,init), says
                  nothing about the inputs' part and may be charged only if the data of its channel
                  are the labels alone
    labels_are_data : states just that, as an assumption of everything the ledger supports
    Raises WrongTarget, MixedUnits or HeuristicInVerdict.
    """

    information: InformationBracket
    labels_are_data: bool = False

    def __post_init__(self) -> None:
        require_nats("information", self.information)
        if not isinstance(self.information, InformationBracket):
            raise WrongTarget("information", self.information, "give an InformationBracket: it says of what")
        if self.information.target.of_labels and not self.labels_are_data:
            raise WrongTarget(
                "information",
                str(self.information.target),
                "the inputs may tell more; bound I(m;D) or I(m;D|init), or state labels_are_data",
            )

    @property
    def bears(self) -> Past:
        return Past.NOTHING

    @property
    def averages_init(self) -> bool:
        return not self.information.target.given_init

    def charge(self) -> Entry:
        known = self.information
        stated = (LABELS_ALONE,) if known.target.of_labels else ()
        nats = Bracket(known.lower, known.upper, known.method, NATS, known.assumptions).assuming(*stated)
        return Entry(self.kind, f"measured {known.target}", nats, known.method, known.risk)


def _require_kept(total: int, kept: int) -> None:
    if whole("kept", kept) > whole("total", total):
        raise InvalidArgument("kept", kept, f"choose between 0 and {total}")
