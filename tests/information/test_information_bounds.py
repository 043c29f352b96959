"""Every bound against channels that are written down: its mean, its validity, and mutants that fail."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.confidence import betting_upper
from robustlaw.errors import BrokenInvariant, InvalidArgument, MissingCapability
from robustlaw.information import (
    lower_candidates,
    upper_flips,
)
from robustlaw.information.bounds import Bound, combine
from robustlaw.information.finite import FiniteChannel
from robustlaw.information.mask_information import RUNGS, mask_information
from robustlaw.information.runs import Runs, sample
from robustlaw.information.targets import Target

LOG2 = math.log(2.0)


def rung(name):
    return next(r for r in RUNGS if r.name == name)


def bit_masks(count, bits=6, seed=0):
    numbers = np.random.default_rng(seed).permutation(2**bits)[:count]
    return ((numbers[:, None] >> np.arange(bits)) & 1).astype(bool)


def random_channel(seed, n=2, count=6, concentration=0.4):
    table = np.random.default_rng(seed).dirichlet(np.full(count, concentration), 2**n)
    return FiniteChannel(table, bit_masks(count, seed=seed))


def xor():
    table = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0], [1.0, 0.0]])
    return FiniteChannel(table, np.array([[False], [True]]))


def plain_information(joint):
    """I of a joint table by the definition."""
    rows, columns = joint.sum(1, keepdims=True), joint.sum(0, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.nansum(np.where(joint > 0, joint * np.log(joint / (rows * columns)), 0.0)))


def conditional_informations(channel):
    """I(m;Y_j|Y_-j) of each label."""
    p, n = channel.probabilities, channel.source.n
    found = []
    for j in range(n):
        rest = [i for i in range(2**n) if not (i >> j) & 1]
        found.append(np.mean([plain_information(p[[i, i | 1 << j]] / 2.0) for i in rest]))
    return found


def all_runs(channel):
    """Every labeling with every mask, and the probability of each pair."""
    prior, data, rows = channel.table()
    pairs = list(itertools.product(range(len(prior)), range(len(channel.masks))))
    masks = np.stack([rows[i][0][m] for i, m in pairs])
    weights = np.array([prior[i] * channel.probabilities[i, m] for i, m in pairs])
    return Runs(data[[i for i, _ in pairs]], masks, np.zeros(len(pairs), dtype=np.int64)), weights


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(2, 7))
@settings(max_examples=40, deadline=None)
def test_the_table_and_the_definition_agree(seed, n, count):
    channel = random_channel(seed, n, count)
    truth = plain_information(channel.probabilities / 2**n)
    found = mask_information(channel)
    assert found.lower - 1e-12 <= truth <= found.upper + 1e-12
    assert found.width < 1e-10
    assert found.level == 1.0


@given(st.integers(0, 10**6), st.integers(1, 3))
@settings(max_examples=25, deadline=None)
def test_the_flip_sum_is_unbiased_for_the_sum_of_conditional_informations(seed, n):
    channel = random_channel(seed, n)
    runs, weights = all_runs(channel)
    possible = weights > 0
    values = upper_flips.flip_values(channel, runs.take(possible), np.random.default_rng(0))
    truth = math.fsum(conditional_informations(channel))
    assert values @ weights[possible] == pytest.approx(truth, abs=1e-12)
    assert values.max() <= n * LOG2 + 1e-12


def test_synergy_makes_the_flip_sum_loose_and_label_recovery_blind():
    drawn = sample(xor(), 2000, 3)
    truth = mask_information(xor())
    assert truth.contains(LOG2) or abs(truth.middle - LOG2) < 1e-12
    flips = upper_flips.flip_sum(drawn, 0.01)
    assert flips.value == pytest.approx(2.0 * LOG2, rel=0.02)
    assert rung("error rate").compute(drawn, 0.01).value <= LOG2
    found = mask_information(xor(), exact=False)
    assert found.lower <= LOG2 <= found.upper


@given(st.integers(0, 10**6), st.integers(1, 3), st.sampled_from([0.1, 0.4, 2.0]))
@settings(max_examples=15, deadline=None)
def test_no_bound_crosses_the_truth(seed, n, concentration):
    """At a risk of 1e-5 a bound, not one of some 200 bounds may fail."""
    channel = random_channel(seed, n, 6, concentration)
    truth = mask_information(channel)
    drawn = sample(channel, 400, seed % 1000)
    for method in RUNGS:
        try:
            bound = method.compute(drawn, 1e-5)
        except MissingCapability:
            continue
        if bound.side == "lower":
            assert bound.value <= truth.upper + 1e-12, bound
        else:
            assert bound.value >= truth.lower - 1e-12, bound


def test_deterministic_channels_know_that_they_are():
    table = np.eye(4)
    channel = FiniteChannel(table, bit_masks(4))
    assert channel.deterministic
    drawn = sample(channel, 4000, 0)
    entropy, collisions = (rung(name).compute(drawn, 0.01) for name in ("entropy of the mask", "collisions"))
    assert 1.0 < entropy.value <= 2.0 * LOG2
    assert 1.0 < collisions.value <= 2.0 * LOG2
    noisy = random_channel(0)
    assert not noisy.deterministic
    with pytest.raises(MissingCapability, match="deterministic"):
        rung("collisions").compute(sample(noisy, 100), 0.01)


# Mutants: each breaks one rule, and the check that the real bound passes catches it.


def spread_channel():
    """One label that matters much, rarely: flips are mostly 0 and sometimes ln 2."""
    table = np.array([[0.9, 0.1, 0.0], [0.9, 0.0, 0.1]])
    return FiniteChannel(table, bit_masks(3))


def test_clipping_the_flip_sum_from_above_is_wrong():
    channel = spread_channel()
    truth = mask_information(channel).lower
    drawn = sample(channel, 3000, 1)
    assert upper_flips.flip_sum(drawn, 1e-3).value >= truth
    values = upper_flips.flip_values(channel, drawn.fresh, np.random.default_rng(0))
    low, high = -1.0, 0.05
    assert betting_upper(np.clip(values, low, high), low, high, 1e-3) < truth


def test_leaving_the_true_data_set_out_of_the_contrast_is_wrong():
    channel = FiniteChannel(np.eye(8), bit_masks(8))
    truth = 3.0 * LOG2
    drawn = sample(channel, 2000, 0)
    assert lower_candidates.contrastive(drawn, 1e-3).value <= truth
    own = channel.log_prob(drawn.fresh.masks, drawn.fresh.data)
    others = lower_candidates._decoy_log_probs(drawn, channel, 3)
    mutant = own - np.log(np.mean(np.exp(others), axis=0) + 1e-12)
    assert mutant.mean() > truth + 1.0


def test_fitting_and_judging_a_decoder_on_the_same_runs_is_wrong():
    from robustlaw.information.decoders import fit_logistic

    rng = np.random.default_rng(0)
    masks, labels = rng.random((80, 40)) < 0.5, rng.integers(0, 2, (80, 3))
    prior = np.full(3, 0.5)
    model = fit_logistic(masks, labels, prior, 0.02, False)
    fresh = rng.random((4000, 40)) < 0.5, rng.integers(0, 2, (4000, 3))
    assert model.gains(masks, labels).mean() > 0.3
    assert model.gains(*fresh).mean() < 0.0


def test_counting_every_label_as_a_trial_is_wrong():
    """Errors of one run depend on each other: the mask copies one fair coin into all labels or none."""
    from scipy.stats import beta

    n, runs, repeats = 50, 60, 300
    rng = np.random.default_rng(0)
    errors = np.where(rng.random((repeats, runs)) < 0.3, n, 0)  # all labels wrong, or none
    count = errors.sum(axis=1)
    mutant = beta.ppf(0.975, count + 1, n * runs - count)
    assert (mutant < 0.3).mean() > 0.2
    honest = np.array([betting_upper(e / n, 0.0, 1.0, 0.025) for e in errors])
    assert (honest < 0.3).mean() <= 0.05


def test_using_all_runs_as_pairs_of_collisions_is_wrong():
    """T pairs out of T runs are not independent, and counted as if, they claim too much."""
    right = lower_candidates.fano  # the other binomial bound of the room is exact as well
    assert right(0, 100, 16, 0.025, Target.DATA).value < math.log(16)
    from robustlaw.information.lower_entropy import collision_bound

    pairs = collision_bound(0, 400, 0.025, Target.DATA).value
    mutant = collision_bound(0, 800, 0.025, Target.DATA).value
    assert mutant - pairs == pytest.approx(LOG2, abs=0.01)
    assert pairs == pytest.approx(math.log(400 / 3.7), abs=0.02)


def test_a_label_bound_is_none_on_the_data_where_inputs_are_random():
    bound = Bound("flip sum", "upper", 1.0, Target.LABELS, 0.01)
    with pytest.raises(InvalidArgument, match="bound on"):
        combine(Target.DATA, [bound])
    assert combine(Target.LABELS, [bound]).upper == 1.0
    low = Bound("label recovery", "lower", 0.5, Target.LABELS, 0.01)
    assert combine(Target.DATA, [low]).lower == 0.5


def test_contradictions_raise():
    bounds = [Bound("a", "lower", 2.0, Target.DATA), Bound("b", "upper", 1.0, Target.DATA)]
    with pytest.raises(BrokenInvariant):
        combine(Target.DATA, bounds)


def test_a_sampled_end_stops_at_an_exact_bound():
    """It has met the chance it stated; the exact bound is no part of that chance."""
    low, high = Bound("a", "lower", 2.0, Target.DATA, 0.01), Bound("b", "upper", 1.0, Target.DATA)
    assert (combine(Target.DATA, [low, high]).lower, combine(Target.DATA, [low, high]).upper) == (1.0, 1.0)
    low, high = Bound("a", "lower", 2.0, Target.DATA), Bound("b", "upper", 1.0, Target.DATA, 0.01)
    assert (combine(Target.DATA, [low, high]).lower, combine(Target.DATA, [low, high]).upper) == (2.0, 2.0)
    both = [Bound("a", "lower", 2.0, Target.DATA, 0.01), Bound("b", "upper", 1.0, Target.DATA, 0.01)]
    with pytest.raises(BrokenInvariant):
        combine(Target.DATA, both)


def test_risks_add_up():
    bounds = [Bound("a", "lower", 0.1, Target.DATA, 0.02), Bound("b", "upper", 1.0, Target.DATA, 0.03)]
    found = combine(Target.DATA, bounds)
    assert found.level == pytest.approx(0.95)
    assert found.level <= 0.95
    assert any("probability" in a for a in found.assumptions)


@pytest.mark.parametrize("level", [0.0, 1.0, -1.0, 2.0, float("nan")])
def test_levels_outside_the_open_interval_are_refused(level):
    with pytest.raises(InvalidArgument, match="level"):
        mask_information(random_channel(0), level=level)


def test_too_few_runs_are_refused():
    with pytest.raises(InvalidArgument, match="too few"):
        mask_information(random_channel(0), runs=20, exact=False)


def test_masks_of_the_wrong_length_are_refused():
    channel = random_channel(0)
    channel.n_bits = 7
    channel.support = type(channel.support)(7)
    with pytest.raises(InvalidArgument, match="masks"):
        mask_information(channel, exact=False)


def test_labels_that_are_not_there_are_missed_by_name():
    class Opaque:
        n_bits, conditioned = 6, False
        support = random_channel(0).support

        def sample_data(self, runs, rng):
            return rng.random((runs, 1))

        def sample_masks(self, data, seeds):
            return np.repeat(data > 0.5, 6, axis=1)

    with pytest.raises(MissingCapability, match="labels"):
        mask_information(Opaque(), "I(m;Y|X)")
    found = mask_information(Opaque(), "I(m;D)")
    assert found.lower <= LOG2 <= found.upper < 6 * LOG2


def test_bounds_carry_over_in_one_direction_only():
    found = mask_information(random_channel(1), "I(m;Y|X)", exact=False)
    assert found.for_target(Target.DATA).upper == math.inf
    assert found.for_target(Target.DATA).lower == found.lower
    data = mask_information(random_channel(1), "I(m;D)", exact=False)
    assert data.for_target(Target.LABELS).lower == 0.0
    assert data.for_target(Target.LABELS).upper == data.upper
    with pytest.raises(InvalidArgument):
        mask_information(random_channel(1), "I(m;Y)")
