"""What a pruning pipeline can know because of what it reads: pre-training, mask search, last training.

Everything a pipeline shows is a function of what its steps read, of the initialisation and of its own
randomness: I(mask, weights; D | init) <= H(what was read). Several steps that read one subset are charged for
it once. Against that stands counting: log C(N, K) for the mask and the bits of every trained number. Both are
caps on one quantity, so the smaller may be charged, whatever the data are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..constants import FLOAT32_BITS
from ..data.checks import require_kind, whole
from ..errors import InvalidArgument
from ..evidence import log_of_integer
from .accountant import Accountant
from .events import ChosenSubset, Event, FixedSizeMask, SubsetOfData, TrainedWeights, either
from .ledger import Ledger

FIXED_INPUTS = "the inputs are fixed by design, so that the data are the labels"


@dataclass(frozen=True)
class Access:
    """A part of the data that steps of a pipeline read.

    name     : of the part; two steps with equal accesses read the same examples
    size, of : examples in it, and in all
    alphabet : values an example can have: classes where inputs are fixed by design, or the size of a finite
               pool that whole examples are drawn from
    by_data  : the part was chosen by looking at the data (easiest, hardest), not fixed or drawn without them
    Raises InvalidArgument.
    """

    name: str
    size: int
    of: int
    alphabet: int
    by_data: bool = False

    def __post_init__(self) -> None:
        whole("alphabet", self.alphabet, 1)
        if whole("size", self.size) > whole("of", self.of):
            raise InvalidArgument("size", self.size, f"choose between 0 and {self.of}")

    @property
    def event(self) -> Event:
        """The charge for reading it: more where the choice itself tells."""
        if self.by_data and self.size < self.of:
            return ChosenSubset(self.size, self.of, self.alphabet, self.name)
        entropy = log_of_integer(self.alphabet) * float(self.size)
        return SubsetOfData(entropy.assuming(FIXED_INPUTS), self.name)


def reading_events(accesses: Sequence[Access]) -> tuple[Event, ...]:
    """Charges for all that is read: each part once, and everything alone where everything is read.

    Raises InvalidArgument if the parts are not of one data set.
    """
    for access in accesses:
        require_kind("accesses", access, Access, "give a list of Access")
    if not accesses or len({(a.of, a.alphabet) for a in accesses}) > 1:
        raise InvalidArgument("accesses", list(accesses), "give parts of one data set, at least one")
    whole_data = [a for a in accesses if a.size == a.of]
    return tuple(a.event for a in (whole_data[:1] or list(dict.fromkeys(accesses))))


def pipeline_ledgers(
    search: Sequence[Access],
    training: Sequence[Access],
    total: int,
    kept: int,
    trained: int,
    bits: int = FLOAT32_BITS,
) -> tuple[Ledger, Ledger]:
    """Two right ledgers for one pipeline, by counting and by reading.

    search   : what the rewind point and the mask search read
    training : what the last training reads
    total, kept : maskable weights, and those a mask keeps
    trained  : numbers in the end that the data moved, kept weights among them; `bits` each
    Counting charges for the mask the smaller of log C(total, kept) and what its search reads.
    """
    mask = either(FixedSizeMask(total, kept), reading_events(search))
    counted = Accountant().ledger([mask, TrainedWeights(trained, bits)], name="mask and trained numbers")
    read = Accountant().ledger(reading_events([*search, *training]), name="examples read")
    return counted, read


def cheapest(ledgers: Sequence[Ledger]) -> Ledger:
    """The ledger of the smallest p_eff; nothing in it may be sampled, or its choice would cost risk.

    Raises InvalidArgument.
    """
    if not ledgers or any(ledger.risk > 0.0 for ledger in ledgers):
        raise InvalidArgument("ledgers", [ledger.risk for ledger in ledgers], "give ledgers without risk")
    return min(ledgers, key=lambda ledger: ledger.p_eff.upper)
