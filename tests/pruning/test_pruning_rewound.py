"""Tickets from a rewind point and how far their masks agree."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks import Mlp
from robustlaw.networks.normalised import initial_normalised
from robustlaw.networks.normalised_training import Descent, Pool, Reading, descend
from robustlaw.pruning.overlap import chance_overlap, overlap, single_entry_information
from robustlaw.pruning.rewound import fifths, rewound_levels, survivors

ARCH = Mlp((5, 8, 3))
PLAN = Descent(30, 16, 0.2)


def setting(nets=3):
    rng = np.random.default_rng(0)
    x, y = rng.standard_normal((2, 64, 5)), rng.integers(0, 3, (2, 64))
    pool = Pool(torch.as_tensor(x).float(), torch.as_tensor(y).float())
    keys = [f"net {i}" for i in range(nets)]
    return initial_normalised(ARCH, keys), pool, [Reading(i % 2, keys[i]) for i in range(nets)], keys


def test_levels_are_nested_and_keep_four_fifths():
    start, pool, readings, keys = setting()
    levels = list(rewound_levels(start, pool, readings, PLAN, 4, keys, step=10))
    assert [level.kept for level in levels] == fifths(ARCH.weight_count, 4) == [64, 51, 40, 32, 25]
    assert bool(levels[0].masks.all())
    for before, after in pairwise(levels):
        assert bool((after.masks <= before.masks).all())
        assert (after.masks.sum(1) == after.kept).all()
        assert bool((after.trained.weights[~after.masks] == 0.0).all())


def test_each_level_goes_back_to_the_rewind_point_and_keeps_the_largest():
    start, pool, readings, keys = setting()
    levels = list(rewound_levels(start, pool, readings, PLAN, 2, keys, step=10))
    for level, after in zip(levels, [*levels[1:], None], strict=True):
        again = descend(start, pool, readings, PLAN, level.masks, first=10)
        assert torch.equal(again.values, level.trained.values)
        if after is None:
            continue
        size = level.trained.weights.abs().masked_fill(~level.masks, -1.0)
        for net in range(len(start)):
            largest = size[net].argsort(descending=True)[: after.kept]
            assert set(largest.tolist()) == set(after.masks[net].nonzero()[:, 0].tolist())


def test_ties_are_broken_by_the_key_alone():
    start, _, _, _ = setting(2)
    start.values.fill_(1.0)
    every = torch.ones(2, ARCH.weight_count, dtype=torch.bool)
    one, two = (survivors(start, every, 20, keys) for keys in (["a", "b"], ["a", "c"]))
    assert torch.equal(one[0], two[0])
    assert not torch.equal(one[1], two[1])


def masks_of(total, kept, count, seed):
    rng = np.random.default_rng(seed)
    return torch.as_tensor(rng.random((count, total)).argsort(axis=1) < kept)


def test_independent_masks_agree_as_much_as_chance():
    total, kept, count = 60, 18, 4000
    found = overlap(masks_of(total, kept, count, 0), masks_of(total, kept, count, 1))
    # hypergeometric: deviation of the overlap of one pair, five deviations of the mean
    density = kept / total
    spread = np.sqrt(density * (1 - density) * (total - kept) / (total - 1) / kept)
    assert abs(float(found.mean()) - chance_overlap(total, kept)) < 5.0 * spread / np.sqrt(count)
    assert chance_overlap(total, kept) == density


@given(st.integers(1, 30), st.integers(0, 30), st.integers(0, 99))
def test_overlaps_are_shares_symmetric_and_1_for_equal_masks(kept, spare, seed):
    first, second = (masks_of(kept + spare, kept, 4, s) for s in (seed, seed + 1))
    found = overlap(first, second)
    assert torch.equal(found, overlap(second, first))
    assert bool(((found >= max(0.0, (kept - spare) / kept) - 1e-12) & (found <= 1.0)).all())
    assert torch.equal(overlap(first, first), torch.ones(4).double())
    order = np.random.default_rng(seed).permutation(kept + spare)
    assert torch.equal(found, overlap(first[:, order], second[:, order]))


@given(st.lists(st.floats(0.02, 0.98), min_size=2, max_size=6), st.integers(0, 10))
def test_single_entries_tell_at_least_what_the_overlaps_say(chances, seed):
    """Exact, for a fair bit D and masks of two data sets whose entries are drawn one by one."""
    p = np.array(chances)
    other = np.random.default_rng(seed).permutation(p)  # as many entries on average
    mean, size = (p + other) / 2.0, p.sum()
    same, fresh = (p**2 + other**2).sum() / 2.0 / size, (mean**2).sum() / size

    def h(q):
        return -(q * np.log(q) + (1 - q) * np.log(1 - q))

    exact = float((h(mean) - 0.5 * (h(p) + h(other))).sum())
    told = 2.0 * size * (same - fresh)
    assert told <= exact + 1e-12
    whole = single_entry_information(float(same), float(fresh), 10)
    assert whole.value == pytest.approx(max(0.0, 20.0 * (same - fresh)))


def test_a_smaller_overlap_of_the_same_data_says_nothing():
    assert single_entry_information(0.2, 0.3, 10).value == 0.0


def test_wrong_use_is_refused():
    a, b = masks_of(10, 4, 2, 0), masks_of(10, 5, 2, 0)
    with pytest.raises(InvalidArgument, match="equally many"):
        overlap(a, b)
    with pytest.raises(ShapeMismatch):
        overlap(a, b[:1])
    with pytest.raises(InvalidArgument, match="kept"):
        chance_overlap(3, 4)
    start, pool, readings, keys = setting()
    with pytest.raises(ShapeMismatch, match="keys"):
        list(rewound_levels(start, pool, readings, PLAN, 1, keys[:1]))
