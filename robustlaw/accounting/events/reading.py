"""Steps that read only a part of the data: they cannot tell more than its entropy."""

from __future__ import annotations

from dataclasses import dataclass

from ...errors import WrongTarget
from ...evidence import Bracket
from ..ledger import Entry
from .base import Event, at_most, require_nats
from .masks import LABELS_ALONE


@dataclass(frozen=True)
class SubsetOfData(Event):
    """A step that reads some examples, at places fixed without the data: at most their entropy.

    entropy : bracket on the joint entropy of those examples, nats; infinite for continuous inputs
    what    : names them for the reader
    Raises MixedUnits or HeuristicInVerdict.
    """

    entropy: Bracket
    what: str = "some examples"

    def __post_init__(self) -> None:
        require_nats("entropy", self.entropy)

    def charge(self) -> Entry:
        cap = at_most(self.entropy, "entropy of the examples read")
        return Entry(self.kind, f"trained on {self.what}", cap, "no more than the examples read hold")


@dataclass(frozen=True)
class LabelEntropy(Event):
    """A step that reads labels alone: at most their entropy, n log 2 for n signs.

    entropy         : bracket on H(Y|X), nats; see `label_entropy_cap`
    labels_are_data : states that nothing but labels is read and that they are independent of the
                      inputs. Without it the cap is one on I(m;Y|X), which may not be charged
    Raises WrongTarget, MixedUnits or HeuristicInVerdict.
    """

    entropy: Bracket
    labels_are_data: bool = False

    def __post_init__(self) -> None:
        require_nats("entropy", self.entropy)
        if not self.labels_are_data:
            raise WrongTarget(
                "entropy", self.entropy, "it caps I(m;Y|X) only; state labels_are_data or cap I(m;D)"
            )

    def charge(self) -> Entry:
        cap = at_most(self.entropy, "entropy of the labels").assuming(LABELS_ALONE)
        return Entry(self.kind, "reads labels alone", cap, "no more than the labels hold")
