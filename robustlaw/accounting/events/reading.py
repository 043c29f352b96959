"""Steps that read only a part of the data: they cannot tell more than its entropy."""

from __future__ import annotations

from dataclasses import dataclass

from ...data.checks import whole
from ...errors import InvalidArgument, WrongTarget
from ...evidence import Bracket, log_binomial, log_of_integer
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
class ChosenSubset(Event):
    """A step that reads some examples, at places chosen by looking at the data, such as the hardest.

    The places tell of examples that the step never reads: with S the places, I(S, D_S; D) = H(S, D_S) is at
    most log C(of, size) for S and size * log(alphabet) for what stands there, and never more than
    of * log(alphabet), all there is. A smaller entropy of the examples will not do: those that are chosen by
    looking are no typical ones, so their values are counted, not weighed.

    size, of : examples read, and in all
    alphabet : values an example can have; the number of classes where inputs are fixed by design
    Raises InvalidArgument.
    """

    size: int
    of: int
    alphabet: int
    what: str = "chosen examples"

    def __post_init__(self) -> None:
        whole("alphabet", self.alphabet, 1)
        if whole("size", self.size) > whole("of", self.of):
            raise InvalidArgument("size", self.size, f"choose between 0 and {self.of}")

    def charge(self) -> Entry:
        each = log_of_integer(self.alphabet)
        told, every = log_binomial(self.of, self.size) + each * float(self.size), each * float(self.of)
        least = told if told.upper <= every.upper else every
        cap = at_most(least, "places and values of the examples read")
        why = f"one of C({self.of}, {self.size}) choices, and what they hold"
        return Entry(self.kind, f"trained on {self.what}", cap, why)


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
