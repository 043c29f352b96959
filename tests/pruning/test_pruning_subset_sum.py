"""Subset sums against brute force, and supermasks whose error bound holds on real inputs."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import ShapeMismatch
from robustlaw.pruning import nearest_subset, supermask_of
from robustlaw.pruning.subset_sum import _greedy


def exact_gap(items, mask, target):
    return abs(Fraction(target) - sum(map(Fraction, items[mask].tolist()), Fraction(0)))


@settings(max_examples=60)
@given(st.integers(0, 12), st.integers(0, 10**6), st.floats(-3, 3), st.booleans())
def test_no_subset_comes_nearer(n, seed, target, coarse):
    rng = np.random.default_rng(seed)
    items = rng.uniform(-1.0, 1.0, n)
    items = np.round(items, 1) if coarse else items
    found = nearest_subset(items, target)
    nearest = min(
        exact_gap(items, np.array(bits, dtype=bool), target) for bits in itertools.product((0, 1), repeat=n)
    )
    gap = exact_gap(items, found.mask, target)
    assert float(gap - nearest) <= 1e-14
    assert Fraction(found.error) >= gap
    assert found.error <= float(gap) * (1.0 + 1e-15)


def test_the_largest_searched_size_finds_a_planted_subset():
    rng = np.random.default_rng(0)
    items = rng.integers(1, 2**40, 30).astype(float)
    planted = rng.random(30) < 0.5
    found = nearest_subset(items, float(items[planted].sum()))
    assert found.error == 0.0


@given(st.integers(31, 80), st.integers(0, 10**6), st.floats(-2, 2))
@settings(max_examples=15)
def test_many_items_come_near_and_improve_on_greed(n, seed, target):
    rng = np.random.default_rng(seed)
    items = rng.uniform(-1.0, 1.0, n)
    found = nearest_subset(items, target)
    gap = exact_gap(items, found.mask, target)
    assert Fraction(found.error) >= gap
    assert gap <= exact_gap(items, _greedy(items, target), target)
    # 2^24 sums of a window lie within a few units: neighbours are about 1e-6 apart
    assert found.error < 1e-4


def test_out_of_reach_takes_everything_that_helps():
    items = np.array([0.5, -0.25, 0.125])
    assert nearest_subset(items, 10.0).mask.tolist() == [True, False, True]
    assert nearest_subset(items, -10.0).mask.tolist() == [False, True, False]
    many = np.concatenate([np.full(20, 0.5), np.full(20, -0.5)])
    assert nearest_subset(many, 100.0).mask.tolist() == [True] * 20 + [False] * 20
    assert nearest_subset(np.zeros(0), 1.5).error == 1.5


@pytest.mark.parametrize("density", [1.0, 0.6])
def test_a_supermask_stands_in_for_a_layer_within_its_bound(density):
    rng = np.random.default_rng(1)
    target = rng.uniform(-0.5, 0.5, (3, 4))
    units = round(48 / density)  # about 24 to choose from on either side
    inner, outer = rng.uniform(-1, 1, (4, units)), rng.uniform(-1, 1, (3, 4, units))
    source = rng.random(outer.shape) < density
    made = supermask_of(target, inner, outer, source)
    assert not (made.mask & ~source).any()
    x = rng.uniform(-2.0, 2.0, (500, 4))
    hidden = np.maximum(inner[None] * x[:, :, None], 0.0)
    values = np.einsum("kju,nju->nk", np.where(made.mask, outer, 0.0), hidden)
    away = np.abs(values - x @ target.T).max(axis=0)
    gap = made.gap(2.0)
    assert (away <= gap + 1e-12).all()
    assert (gap < 1e-2).all()
    # the bound is reached where every input has its worse sign
    worst = np.where(made.errors[..., 0] > made.errors[..., 1], 2.0, -2.0)
    for k in range(3):
        h = np.maximum(inner * worst[k][:, None], 0.0)
        parts = np.abs((np.where(made.mask[k], outer[k], 0.0) * h).sum(axis=1) - target[k] * worst[k])
        assert parts.sum() == pytest.approx(gap[k], rel=1e-6)


def test_more_items_mean_smaller_errors():
    rng = np.random.default_rng(2)
    mean = {}
    for n in (6, 12, 24):
        runs = [nearest_subset(rng.uniform(-1, 1, n), rng.uniform(-0.5, 0.5)).error for _ in range(40)]
        mean[n] = np.median(runs)
    assert mean[6] > 8.0 * mean[12] > 64.0 * mean[24]


def test_shapes():
    with pytest.raises(ShapeMismatch, match="outer"):
        supermask_of(np.ones((2, 3)), np.ones((3, 5)), np.ones((2, 3, 4)))
    with pytest.raises(ShapeMismatch, match="outer"):
        supermask_of(np.ones((2, 3)), np.ones((2, 5)), np.ones((2, 3, 5)))
    with pytest.raises(ShapeMismatch, match="kept"):
        supermask_of(np.ones((2, 3)), np.ones((3, 5)), np.ones((2, 3, 5)), np.ones((2, 3, 4), dtype=bool))
