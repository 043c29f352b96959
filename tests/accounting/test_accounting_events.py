"""Laws of every registered event, and what each one is charged."""

import math
from dataclasses import FrozenInstanceError, dataclass, fields

import mpmath
import numpy as np
import pytest
from accounting_events import BY_KIND, amounts, bracket, close, every_event, mask_events, sizes, upper
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.errors import (
    BrokenInvariant,
    HeuristicInVerdict,
    InvalidArgument,
    InvalidComposition,
    MixedUnits,
    UnknownEvent,
    WrongTarget,
)
from robustlaw.evidence import BITS, NATS, Bracket, Estimate
from robustlaw.information import Target

# beartype looks at a random entry of each tuple, also of tuples that a strategy builds
pytestmark = pytest.mark.filterwarnings("ignore:Do not use the `random` module inside strategies")

ACCOUNTANT = acc.Accountant()
MASK = acc.FixedSizeMask(30, 10)


def test_every_registered_event_is_tested_here():
    assert set(BY_KIND) == set(acc.EVENTS)


@given(every_event)
def test_charges_are_certified_nats_of_at_least_0(event):
    entry = event.charge()
    assert 0.0 <= entry.nats.lower <= entry.nats.upper
    assert entry.nats.unit == NATS
    assert 0.0 <= entry.risk <= 1.0
    assert entry.kind == event.kind
    assert entry.item
    assert entry.why


@given(every_event)
def test_events_are_values(event):
    assert event == event.__class__(**{f.name: getattr(event, f.name) for f in fields(event)})
    for field in fields(event):
        with pytest.raises(FrozenInstanceError):
            setattr(event, field.name, None)


@given(every_event, st.integers(1, 6))
def test_t_times_is_t_fold_composition(event, times):
    """As one event, and as a list where nothing forbids the list."""
    entry = acc.Repeated(event, times).charge()
    assert close(upper(entry), times * upper(event.charge()))
    assert entry.risk == pytest.approx(min(1.0, times * event.charge().risk), rel=1e-9)
    together = acc.Independent((event,) * times).charge()
    assert close(upper(together), upper(entry))
    if event.leaves is None or event.bears >= event.leaves:
        listed = ACCOUNTANT.ledger([event] * times)
        assert close(listed.p_eff.upper, upper(entry))
        assert listed.risk == pytest.approx(entry.risk, rel=1e-9)


@given(every_event, st.integers(1, 5), st.integers(0, 5))
def test_charges_grow_with_the_count(event, times, more):
    fewer, many = (acc.Repeated(event, t).charge() for t in (times, times + more))
    assert upper(fewer) <= upper(many)
    assert fewer.risk <= many.risk


@given(st.integers(0, 10**4), st.integers(0, 10**4), st.integers(1, 40))
def test_charges_grow_with_whatever_is_counted(a, b, c):
    few, many = sorted((a, b))
    for make in (
        lambda k: acc.TrainedWeights(k, c),
        lambda k: acc.TrainedWeights(c, k + 1),
        lambda k: acc.NetWeights(k, 1.0, 2.0, 0.5),
        lambda k: acc.PureDpScores(0.1 * c, k + 1),
        lambda k: acc.ZcdpScores(0.1 * c, k + 1),
        lambda k: acc.FixedSizeMask(k + c, c),
        lambda k: acc.PruningRound(k + c, c),
        lambda k: acc.LabelEntropy(acc.label_entropy_cap(k), True),
    ):
        assert upper(make(few).charge()) <= upper(make(many).charge())


@given(st.lists(every_event.filter(lambda e: e.counted), max_size=5), st.randoms())
def test_the_order_of_counted_events_does_not_matter(events, random):
    shuffled = list(events)
    random.shuffle(shuffled)
    one, two = ACCOUNTANT.ledger(events), ACCOUNTANT.ledger(shuffled)
    assert close(one.p_eff.upper, two.p_eff.upper)
    assert one.risk == pytest.approx(two.risk, rel=1e-9)


@given(st.lists(mask_events.filter(lambda e: e.charge().nats.lower == 0.0), min_size=1, max_size=4))
def test_the_best_of_several_bounds_is_charged_and_all_risks_are(events):
    entry = acc.either(*events).charge()
    charges = [e.charge() for e in events]
    assert upper(entry) == min(map(upper, charges))
    assert entry.risk == pytest.approx(min(1.0, math.fsum(c.risk for c in charges)), rel=1e-9)
    assert len(entry.losers) == len(events) - 1
    assert upper(acc.either(*events, events[0]).charge()) == upper(entry)
    assumed = {s for c in charges for s in c.nats.assumptions}
    assert assumed == set(entry.nats.assumptions)


@given(every_event, mask_events)
def test_one_more_event_never_costs_less(event, another):
    try:
        both = ACCOUNTANT.p_eff([event, another])
    except InvalidComposition:
        both = acc.Independent((event, another)).charge().nats if event.kind == "mask" else None
    if both is not None:
        assert both.upper >= max(upper(event.charge()), upper(another.charge()))


# What each event is charged, computed again.


@given(sizes)
def test_masks_of_known_size(size):
    total, kept = size
    truth = mpmath.log(math.comb(total, kept))
    for event in (acc.FixedSizeMask(total, kept), acc.PruningRound(total, kept)):
        nats = event.charge().nats
        assert nats.lower == 0.0
        assert truth <= nats.upper <= truth + 1e-12 * (1 + truth)


def test_rounds_of_pruning_cost_at_least_their_result():
    rounds = acc.pruning_rounds((100, 60, 30, 12))
    assert rounds == (acc.PruningRound(100, 60), acc.PruningRound(60, 30), acc.PruningRound(30, 12))
    total = ACCOUNTANT.p_eff(rounds).upper
    truth = sum(mpmath.log(math.comb(a, b)) for a, b in ((100, 60), (60, 30), (30, 12)))
    assert total == pytest.approx(float(truth), rel=1e-12)
    assert total >= upper(acc.FixedSizeMask(100, 12).charge())
    best = acc.either(acc.FixedSizeMask(100, 12), rounds).charge()
    assert upper(best) == upper(acc.FixedSizeMask(100, 12).charge())
    with pytest.raises(InvalidArgument):
        acc.pruning_rounds((100,))


@given(st.floats(1e-8, 300.0))
def test_pure_dp_is_its_formula(eps):
    e = mpmath.mpf(eps)
    with mpmath.workdps(60):
        u = e / (1 - mpmath.exp(-e))
        truth = u - 1 - mpmath.log(u)
        cap = acc.pure_dp_cap(eps)
        assert truth <= cap
        assert cap <= truth * (1 + mpmath.mpf("1e-6")) + mpmath.mpf("1e-13")
        assert cap <= e * e / 8 * (1 + mpmath.mpf("1e-15"))


@pytest.mark.parametrize(("eps", "cap"), [(0.5, 0.0311420923), (1.0, 0.1233015615)])
def test_pure_dp_reference_values(eps, cap):
    assert acc.pure_dp_cap(eps) == pytest.approx(cap, abs=1e-9)


@given(st.floats(0.05, 4.0), st.integers(0, 10**6))
def test_no_private_channel_tells_more_than_its_cap(eps, seed):
    """Random eps-DP tables p(m|d) of one example: I(m; d) is computed and stays below."""
    rng = np.random.default_rng(seed)
    top = rng.random((6, 5)) < rng.random((6, 1))
    base = np.where(top, math.exp(eps), 1.0) if seed % 2 else np.exp(eps * rng.random((6, 5)))
    low = base / base.sum(axis=1, keepdims=True)
    worst = max(float(np.log(low.max(axis=0) / low.min(axis=0)).max()), 1e-9)
    prior = rng.dirichlet(np.ones(6))
    q = prior @ low
    information = float(np.sum(prior[:, None] * low * np.log(low / q)))
    assert information <= acc.pure_dp_cap(worst) + 1e-12


def test_the_private_cap_is_approached_by_subset_selection():
    """d is one of K values, the mask one of the subsets of a size, likelier by e^eps if it holds d."""
    eps, k = 1.0, 4000
    u = eps / (1.0 - math.exp(-eps))
    share = (u - 1.0) / math.expm1(eps)  # 1 + b c = u, b the share of values at the upper end
    size = round(k * share)
    b = size / k
    odds = 1.0 + b * math.expm1(eps)
    information = b * math.exp(eps) * eps / odds - math.log(odds)
    assert information == pytest.approx(acc.pure_dp_cap(eps), rel=1e-4)


@given(st.integers(0, 10**5), st.integers(1, 64))
def test_trained_weights_cost_their_bits(kept, bits):
    nats = acc.TrainedWeights(kept, bits).charge().nats
    truth = kept * bits * mpmath.log(2)
    assert nats.lower <= truth <= nats.upper <= truth * (1 + 1e-13)


@given(st.integers(0, 10**5), st.floats(0.1, 100.0), st.floats(0.1, 100.0), st.floats(0.01, 1.0))
def test_weights_through_a_net_cost_the_printed_logarithm(kept, w, j, eps):
    nats = acc.NetWeights(kept, w, j, eps).charge().nats
    truth = kept * mpmath.log(1 + 60 * mpmath.mpf(w) * mpmath.mpf(j) / mpmath.mpf(eps))
    assert nats.lower <= truth <= nats.upper <= truth * (1 + 1e-12)


def test_the_mean_number_of_kept_weights_is_a_betting_interval():
    rng = np.random.default_rng(0)
    counts = rng.binomial(50, 0.3, 400)
    mean = acc.mean_kept(counts.tolist(), 50, 0.05)
    assert mean.value.contains(15.0)
    assert mean.value.width < 5.0
    entry = acc.TrainedWeights(mean, 1).charge()
    assert entry.risk == 0.05
    assert entry.nats.upper == pytest.approx(mean.value.upper * math.log(2.0))
    with pytest.raises(InvalidArgument, match="outside"):
        acc.mean_kept([51], 50, 0.05)


@given(amounts, amounts)
def test_more_dependence_never_lowers_the_charge(a, b):
    low, high = sorted((a, b))
    free = upper(acc.DataFreeMask().charge())
    for make in (
        lambda x: acc.MeasuredMask(bracket(0.0, x)),
        lambda x: acc.SubsetOfData(Bracket(0.0, x, unit=NATS)),
        lambda x: acc.LabelEntropy(Bracket(0.0, x, unit=NATS), True),
        lambda x: acc.PureDpScores(x, 7),
        lambda x: acc.ZcdpScores(x, 7),
    ):
        assert free == 0.0 <= upper(make(low).charge()) <= upper(make(high).charge())


# What is refused.


@pytest.mark.parametrize("target", [Target.LABELS, Target.LABELS_GIVEN_INIT])
def test_the_label_part_alone_may_not_be_charged(target):
    with pytest.raises(WrongTarget, match="labels_are_data"):
        acc.MeasuredMask(bracket(0.0, 3.0, target))
    entry = acc.MeasuredMask(bracket(0.0, 3.0, target), labels_are_data=True).charge()
    assert any("labels alone" in a for a in entry.nats.assumptions)
    with pytest.raises(WrongTarget):
        acc.LabelEntropy(Bracket(0.0, 3.0, unit=NATS))


def test_bits_are_refused_wherever_nats_are_charged():
    wrong = Bracket(0.0, 1.0, unit=BITS)
    for make in (
        lambda: acc.MeasuredMask(bracket(0.0, 1.0, unit=BITS)),
        lambda: acc.SubsetOfData(wrong),
        lambda: acc.SubsetOfData(Bracket(0.0, 1.0)),
        lambda: acc.LabelEntropy(wrong, True),
        lambda: acc.Ledger((acc.Entry("mask", "m", wrong, ""), MASK.charge())).p_eff,
    ):
        with pytest.raises(MixedUnits):
            make()


def test_heuristics_and_brackets_without_a_target_are_refused():
    with pytest.raises((HeuristicInVerdict, TypeError)):
        acc.SubsetOfData(Estimate(1.0, "guess", NATS))
    with pytest.raises((WrongTarget, TypeError)):
        acc.MeasuredMask(Bracket(0.0, 1.0, unit=NATS))


@dataclass(frozen=True)
class Novelty(acc.Event):
    """An event that nobody has taught the accountant."""

    def charge(self):
        return acc.Entry("mask", "novelty", Bracket.exact(1.0, unit=NATS), "new")


def test_unknown_events_are_refused_also_inside_others():
    for event in (Novelty(), acc.Repeated(Novelty(), 2), acc.either(MASK, [MASK, Novelty()])):
        with pytest.raises(UnknownEvent, match="Novelty"):
            ACCOUNTANT.ledger([event])
        assert acc.Accountant((*acc.EVENTS, Novelty)).p_eff([event]).upper > 0.0
    with pytest.raises((UnknownEvent, TypeError)):
        ACCOUNTANT.ledger([3])
    with pytest.raises((UnknownEvent, TypeError)):
        ACCOUNTANT.ledger(MASK)
    assert ACCOUNTANT.p_eff([]).upper == 0.0


@pytest.mark.parametrize(
    "events",
    [
        (MASK, acc.MeasuredMask(bracket(0.0, 1.0))),
        (acc.MeasuredMask(bracket(0.0, 1.0)),) * 2,
        (MASK, acc.PureDpScores(1.0, 5)),
        (acc.PureDpScores(1.0, 5), MASK, acc.ZcdpScores(1.0, 5)),
        (acc.either(MASK, acc.PureDpScores(1.0, 5)), acc.PureDpScores(1.0, 5)),
        (acc.PureDpScores(1.0, 5), acc.MeasuredMask(bracket(0.0, 1.0))),
    ],
)
def test_charges_for_fresh_data_come_first(events):
    with pytest.raises(InvalidComposition, match="Independent"):
        ACCOUNTANT.ledger(events)
    separate = ACCOUNTANT.ledger([acc.Independent(events)])
    assert close(separate.p_eff.upper, sum(upper(e.charge()) for e in events))
    assert any("independently of each other" in a for a in separate.p_eff.assumptions)


@pytest.mark.parametrize(
    "events",
    [
        (acc.MeasuredMask(bracket(0.0, 1.0)), MASK, acc.TrainedWeights(3)),
        (acc.PureDpScores(1.0, 5), acc.ZcdpScores(1.0, 5), MASK),
        (acc.DataFreeMask(), acc.FrozenWeights(5), acc.MeasuredMask(bracket(0.0, 1.0))),
        (MASK, acc.SubsetOfData(Bracket(0.0, 1.0, unit=NATS)), MASK),
    ],
)
def test_chains_whose_charges_hold_in_turn(events):
    ledger = ACCOUNTANT.ledger(events)
    assert not any("independently of each other" in a for a in ledger.p_eff.assumptions)
    assert len(ledger.entries) == len(events)


@pytest.mark.parametrize(
    "shown", [acc.DataFreeMask(), acc.FrozenWeights(5), acc.SubsetOfData(Bracket(0.0, 1.0, unit=NATS))]
)
def test_information_without_the_init_is_none_once_the_init_is_shown(shown):
    """m = init xor D tells nothing of D by itself, and everything beside the init."""
    hidden = acc.MeasuredMask(bracket(0.0, 1.0, Target.DATA))
    with pytest.raises(InvalidComposition, match="given the init"):
        ACCOUNTANT.ledger([hidden, shown])
    ACCOUNTANT.ledger([acc.MeasuredMask(bracket(0.0, 1.0)), shown])
    ACCOUNTANT.ledger([hidden, acc.TrainedWeights(3), acc.FrozenWeights(2, drawn=False)])


def test_why_the_order_matters():
    """D is n fair signs. x_1 shows D up to a flip, x_2 is a private sum of the signs that x_1 explains.

    For every x_1 the sum is eps-DP, and yet it tells nearly log 2 more, which is above n times the
    private cap: the charges would add up to less than I(x_1, x_2; D), which is nearly n log 2.
    """
    n, eps = 40, 0.25
    grid = np.linspace(-150.0, 150.0, 300_001)
    # given x_1 the sum is n/2 or -n/2, each as likely; one sign moves it by 1
    p = 0.5 * eps * np.exp(-eps * np.abs(grid - np.array([[0.5 * n], [-0.5 * n]])))
    told = float(np.sum(0.5 * p * np.log(p / p.mean(axis=0))) * (grid[1] - grid[0]))
    cap = upper(acc.PureDpScores(eps, n).charge())
    assert cap < 0.5 * told
    assert 0.97 * math.log(2.0) <= told <= math.log(2.0)


def test_bounds_of_one_quantity_are_of_one_kind():
    with pytest.raises(InvalidArgument, match="all for weights"):
        acc.either(MASK, acc.TrainedWeights(3))
    with pytest.raises((InvalidArgument, TypeError)):
        acc.either(MASK, 3)
    with pytest.raises((InvalidArgument, TypeError)):
        acc.Either(())


@pytest.mark.parametrize(
    "make",
    [
        lambda: acc.FixedSizeMask(3, 4),
        lambda: acc.FixedSizeMask(3, -1),
        lambda: acc.PureDpScores(-1.0, 5),
        lambda: acc.PureDpScores(math.inf, 5),
        lambda: acc.ZcdpScores(1.0, 0),
        lambda: acc.TrainedWeights(-1),
        lambda: acc.TrainedWeights(3, 0),
        lambda: acc.NetWeights(3, 0.0, 1.0, 1.0),
        lambda: acc.Repeated(MASK, 0),
        lambda: acc.SubsetOfData(Bracket(-2.0, -1.0, unit=NATS)),
    ],
)
def test_impossible_events_are_refused(make):
    with pytest.raises(InvalidArgument):
        make()


def test_bounds_that_contradict_each_other_are_a_defect():
    """A measured lower end above another bound's upper end cannot be right."""
    with pytest.raises(BrokenInvariant):
        acc.either(acc.MeasuredMask(bracket(5.0, 6.0)), acc.FixedSizeMask(3, 1)).charge()


def test_explain_shows_losers_and_risks():
    sampled = acc.MeasuredMask(bracket(0.5, 2.0, level=0.9))
    ledger = ACCOUNTANT.ledger([acc.either(sampled, MASK), acc.TrainedWeights(4, 2)])
    text = ledger.explain()
    lines = text.splitlines()
    assert "risk" in lines[0]
    assert lines[2].startswith("measured I(m;D|init)")
    assert "0.1" in lines[2]
    assert lines[3].startswith("  or mask of fixed size")
    assert "not charged" in lines[3]
    assert lines[-1].startswith("p_eff")
    assert len(lines) == 2 + 3 + 1
    assert ledger.risk == pytest.approx(0.1)
    assert ledger.p_eff.upper == pytest.approx(2.0 + 8.0 * math.log(2.0))
    assert ledger.p_eff.lower == pytest.approx(0.5 + 8.0 * math.log(2.0))
