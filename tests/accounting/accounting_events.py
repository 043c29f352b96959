"""One strategy for every registered event, so that a law of events is tested on all of them."""

import math

from hypothesis import strategies as st

from robustlaw.accounting import (
    EVENTS,
    ChosenSubset,
    DataFreeMask,
    Either,
    FixedSizeMask,
    FrozenWeights,
    Independent,
    LabelEntropy,
    MaskInSource,
    MeanKept,
    MeasuredMask,
    NetWeights,
    PruningRound,
    PureDpScores,
    Repeated,
    SubsetOfData,
    TrainedWeights,
    ZcdpScores,
    either,
)
from robustlaw.evidence import NATS, Bracket
from robustlaw.information import InformationBracket, Target

sizes = st.integers(0, 60).flatmap(lambda n: st.tuples(st.just(n), st.integers(0, n)))
amounts = st.floats(0.0, 1e4)
positive = st.floats(1e-3, 1e3)
kept = st.integers(0, 10**6) | st.builds(
    lambda a, b, r: MeanKept(Bracket(min(a, b), max(a, b)), r), amounts, amounts, st.floats(1e-6, 0.2)
)


def bracket(low, high, target=Target.DATA_GIVEN_INIT, level=1.0, unit=NATS):
    return InformationBracket(low, high, "tested", unit, target=target, level=level)


measured = st.builds(
    lambda low, width, level, target: MeasuredMask(
        bracket(low, low + width, target, level), labels_are_data=target.of_labels
    ),
    st.just(0.0) | amounts,
    amounts,
    st.sampled_from([1.0, 0.95, 0.5]),
    st.sampled_from(list(Target)),
)
entropies = st.builds(lambda h: Bracket(0.0, h, unit=NATS), amounts)

SIMPLE = {
    DataFreeMask: st.builds(DataFreeMask),
    FixedSizeMask: sizes.map(lambda s: FixedSizeMask(*s)),
    MaskInSource: st.tuples(sizes, st.integers(0, 9)).map(
        lambda s: MaskInSource(s[0][0] + s[1], s[0][0], s[0][1])
    ),
    MeasuredMask: measured,
    PruningRound: sizes.map(lambda s: PruningRound(*s)),
    SubsetOfData: st.builds(SubsetOfData, entropies),
    ChosenSubset: st.builds(lambda s, k: ChosenSubset(s[1], s[0], k), sizes, st.integers(1, 50)),
    LabelEntropy: st.builds(LabelEntropy, entropies, st.just(True)),
    PureDpScores: st.builds(PureDpScores, st.floats(0.0, 50.0), st.integers(1, 10**5)),
    ZcdpScores: st.builds(ZcdpScores, st.floats(0.0, 5.0), st.integers(1, 10**5)),
    FrozenWeights: st.builds(FrozenWeights, st.integers(0, 10**6), st.booleans()),
    TrainedWeights: st.builds(TrainedWeights, kept, st.integers(1, 64)),
    NetWeights: st.builds(NetWeights, kept, positive, positive, positive),
}
MASKS = [k for k in SIMPLE if k not in (FrozenWeights, TrainedWeights, NetWeights)]
mask_events = st.one_of([SIMPLE[k] for k in MASKS])
COMPOSED = {
    Repeated: st.builds(Repeated, st.one_of(list(SIMPLE.values())), st.integers(1, 5)),
    Independent: st.lists(mask_events, min_size=1, max_size=4).map(lambda e: Independent(tuple(e))),
    # lower ends of 0: brackets drawn at random do not enclose one number
    Either: st.lists(mask_events.filter(lambda e: e.charge().nats.lower == 0.0), min_size=1, max_size=4).map(
        lambda e: either(*e)
    ),
}
BY_KIND = {**SIMPLE, **COMPOSED}
every_event = st.one_of([BY_KIND[kind] for kind in EVENTS])


def upper(entry):
    return entry.nats.upper


def close(a, b):
    """Equal but for outward rounding."""
    return math.isclose(a, b, rel_tol=1e-12, abs_tol=1e-300)
