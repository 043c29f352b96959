"""The zoo as channels: densities, samples, coupled noise, labels, tables, declared privacy."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats
from zoo_oracles import SMALL, information

from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.information import (
    AllowedSizes,
    FairLabels,
    GaussianData,
    HasDataEntropy,
    HasDensity,
    HasExamples,
    HasFlipDensities,
    HasLabels,
    HasStability,
    HasTable,
    IsDeterministic,
    PureDP,
    UniformSubsets,
    draw_runs,
)
from robustlaw.information.zoo import (
    FlippedLabels,
    GaussianTopK,
    GibbsSubset,
    OneNumber,
    Tabulated,
    all_masks,
)

EVERY = pytest.mark.parametrize("name", sorted(SMALL))
LABELLED = sorted(name for name, (channel, _) in SMALL.items() if isinstance(channel, HasLabels))
PRIVATE = [n for n in LABELLED if isinstance(getattr(SMALL[n][0], "stability", None), PureDP)]
LISTED = sorted({*LABELLED, "Z2", "Z3", "Z4"})

PROTOCOLS = (
    HasDensity,
    HasLabels,
    HasFlipDensities,
    HasExamples,
    HasDataEntropy,
    HasStability,
    IsDeterministic,
)


def capabilities(channel) -> set[str]:
    protocols = (
        HasDensity,
        HasLabels,
        HasFlipDensities,
        HasExamples,
        HasDataEntropy,
        HasStability,
        IsDeterministic,
    )
    return {p.__name__ for p in protocols if isinstance(channel, p)}


@EVERY
def test_capabilities(name):
    common = {"HasDensity", "HasExamples"}
    labels = {"HasLabels", "HasFlipDensities", "HasDataEntropy"}
    special = {
        "Z2": {"HasDataEntropy", "IsDeterministic"},
        "Z3": {"HasDataEntropy"},
        "Z4": {"HasDataEntropy"},
        "Z7": labels,
        "Z8": set(),
        "Z9": set(),
        "Z15": labels,
    }
    assert capabilities(SMALL[name][0]) == common | special.get(name, labels | {"HasStability"})


@EVERY
def test_same_seed_same_mask_inside_the_support(name):
    channel, _ = SMALL[name]
    runs = draw_runs(channel, 200, name, 3)
    assert channel.support.contains(runs.masks).all()
    np.testing.assert_array_equal(channel.sample_masks(runs.data, runs.seeds), runs.masks)
    # a run does not depend on its neighbours
    np.testing.assert_array_equal(
        channel.sample_masks(runs.data[50:60], runs.seeds[50:60]), runs.masks[50:60]
    )
    assert (channel.log_prob(runs.masks, runs.data) > -np.inf).all()
    again = channel.sample_masks(runs.data, runs.seeds + 1)
    assert (again == runs.masks).all() == (name == "Z2")


@EVERY
def test_density_is_normalised(name):
    channel, _ = SMALL[name]
    masks, data = all_masks(channel.n_bits), channel.sample_data(5, np.random.default_rng(1))
    for row in data:
        total = np.exp(channel.log_prob(masks, np.tile(row, (len(masks), 1)))).sum()
        assert total == pytest.approx(1.0, abs=1e-10)


@EVERY
def test_frequencies_agree_with_the_density(name):
    """Chi-square over the masks of one data set; cells expected fewer than 5 times are pooled."""
    channel, _ = SMALL[name]
    runs, masks = 6000, all_masks(channel.n_bits)
    data = channel.sample_data(1, np.random.default_rng(4))
    drawn = channel.sample_masks(np.tile(data, (runs, 1)), np.arange(runs))
    codes = drawn @ (1 << np.arange(channel.n_bits))
    seen = np.bincount(codes, minlength=len(masks))
    expected = runs * np.exp(channel.log_prob(masks, np.tile(data, (len(masks), 1))))
    assert seen[expected == 0.0].sum() == 0
    rare = expected < 5.0
    cells = [(seen[~rare], expected[~rare])] + (
        [(seen[rare].sum(), expected[rare].sum())] if rare.any() else []
    )
    observed, hoped = (np.concatenate([np.atleast_1d(c[i]) for c in cells]) for i in (0, 1))
    keep = hoped > 1e-6
    if keep.sum() > 1:
        assert stats.chisquare(observed[keep], hoped[keep] * runs / hoped[keep].sum()).pvalue > 1e-4


@pytest.mark.parametrize("name", LABELLED)
def test_flips_in_one_call_are_the_flips_one_by_one(name):
    channel, _ = SMALL[name]
    runs = draw_runs(channel, 60, name, 5)
    together = channel.flipped_log_prob(runs.masks, runs.data)
    assert together.shape == channel.labels(runs.data).shape
    for j in range(together.shape[1]):
        places = np.full(60, j)
        flipped = channel.replace_labels(runs.data, places, 1 - channel.labels(runs.data)[:, j])
        changed = channel.labels(flipped) != channel.labels(runs.data)
        assert (changed.sum(axis=1) == 1).all()
        assert changed[:, j].all()
        np.testing.assert_allclose(together[:, j], channel.log_prob(runs.masks, flipped), atol=1e-9)


@pytest.mark.parametrize("name", ["Z5", "Z6", "Z10", "Z13", "Z14", "Z15", "Z16"])
def test_a_flip_does_not_shift_the_noise(name):
    """Own-bit channels: a flip moves the bits of its label only. Top k: it moves at most one pair."""
    channel, _ = SMALL[name]
    runs = draw_runs(channel, 300, name, 6)
    labels = channel.labels(runs.data)
    flipped = channel.replace_labels(runs.data, np.zeros(300, dtype=np.int64), 1 - labels[:, 0])
    changed = channel.sample_masks(flipped, runs.seeds) != runs.masks
    assert changed.any()
    if name in ("Z13", "Z14"):
        assert (changed.sum(axis=1) <= 2).all()
        assert changed[changed.any(axis=1), 0].all()
    elif name == "Z15":
        assert (changed == channel.labels_in[:, 0]).all()
    else:
        assert not changed[:, channel.n_bits // labels.shape[1] :].any()


@pytest.mark.parametrize("name", LISTED)
def test_tables(name):
    channel, value = SMALL[name]
    table = Tabulated(channel)
    assert isinstance(table, HasTable)
    weights, data, rows = table.table()
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert len(data) == len(rows) == len(weights)
    laws = [
        {tuple(m): math.exp(p) for m, p in zip(masks.tolist(), logs, strict=True)} for masks, logs in rows
    ]
    assert information(list(zip(weights, laws, strict=True))) == pytest.approx(value, rel=1e-9, abs=1e-10)


def test_tables_refuse():
    with pytest.raises(MissingCapability, match="listed"):
        Tabulated(OneNumber(4, 1.0, 1.0))
    with pytest.raises(InvalidArgument, match="large"):
        Tabulated(FlippedLabels(30, 0.1))


@pytest.mark.parametrize(
    "name", [n for n in LABELLED if isinstance(getattr(SMALL[n][0], "stability", None), PureDP)]
)
def test_declared_privacy_holds(name):
    """Over all neighbours and masks; and the level is not absurd."""
    channel, _ = SMALL[name]
    _, data, rows = Tabulated(channel).table()
    laws = {
        tuple(d): dict(zip(map(tuple, m), p, strict=True))
        for d, (m, p) in zip(data.tolist(), rows, strict=True)
    }
    worst = max(
        abs(laws[d][m] - laws[e][m])
        for d, e in itertools.combinations(laws, 2)
        if sum(a != b for a, b in zip(d, e, strict=True)) == 1
        for m in laws[d]
    )
    assert worst <= channel.stability.epsilon + 1e-9
    assert channel.stability.epsilon <= 4.0 * worst + 1e-9


def test_examples_are_redrawn_one_at_a_time():
    rng = np.random.default_rng(8)
    for source, same in ((FairLabels(7), 0.5), (GaussianData(7), 0.0)):
        data = source.sample_data(400, rng)
        places = rng.integers(0, 7, 400)
        fresh = source.replace_examples(data, places, rng)
        changed = fresh != data
        assert (changed.sum(axis=1) <= 1).all()
        assert not changed[np.arange(7) != places[:, None]].any()
        assert abs((~changed[np.arange(400), places]).mean() - same) < 0.13  # 5 standard errors
    subsets = UniformSubsets(9, 4)
    drawn = subsets.sample_data(5000, rng)
    assert (drawn.sum(axis=1) == 4).all()
    assert abs(drawn.mean(axis=0) - 4 / 9).max() < 0.036


def test_biased_labels_have_their_law():
    channel = GibbsSubset(6, 2, 1.0, 0.3)
    np.testing.assert_allclose(channel.label_law.probabilities, [[0.7, 0.3]] * 6)
    assert not channel.label_law.is_fair
    assert GibbsSubset(6, 2, 1.0).label_law.is_fair
    assert channel.data_entropy.contains(float(6.0 * stats.entropy([0.3, 0.7])))
    labels = channel.sample_data(20_000, np.random.default_rng(0))
    assert abs(labels.mean() - 0.3) < 5.0 * math.sqrt(0.21 / labels.size)


def test_allowed_sizes():
    support = AllowedSizes(6, (0, 2))
    assert support.log_size.contains(math.log(16.0))
    assert support.contains(all_masks(6)).sum() == 16
    with pytest.raises(InvalidArgument, match="sizes"):
        AllowedSizes(6, (0, 7))


def test_masks_outside_the_support_are_impossible():
    channel = GaussianTopK(6, 2, 0.5)
    masks, data = np.ones((3, 6), dtype=bool), channel.sample_data(3, np.random.default_rng(0))
    assert (channel.log_prob(masks, data) == -np.inf).all()
    assert (channel.flipped_log_prob(masks, data) == -np.inf).all()


def test_large_instance_with_all_flips():
    """N = 10^4: all flips of 50 masks, and their mean bounds the information from above."""
    channel = GaussianTopK(10_000, 1000, 0.5)
    runs = draw_runs(channel, 50, "large", 0)
    change = (
        channel.flipped_log_prob(runs.masks, runs.data) - channel.log_prob(runs.masks, runs.data)[:, None]
    )
    flip_sum = (math.log(2.0) - np.logaddexp(0.0, change)).sum(axis=1)
    spread = flip_sum.std() / math.sqrt(50)
    assert channel.exact.lower <= flip_sum.mean() + 5.0 * spread
    assert flip_sum.mean() - 5.0 * spread <= 1.1 * channel.exact.upper


@pytest.mark.parametrize("name", ["Z5", "Z10", "Z11", "Z12", "Z13", "Z14"])
def test_permuting_bits_with_their_labels_changes_no_density(name):
    channel, _ = SMALL[name]
    runs = draw_runs(channel, 50, name, 7)
    order = np.random.default_rng(2).permutation(channel.n_bits)
    np.testing.assert_allclose(
        channel.log_prob(runs.masks[:, order], runs.data[:, order]),
        channel.log_prob(runs.masks, runs.data),
        atol=1e-12,
    )
