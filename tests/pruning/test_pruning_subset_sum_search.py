"""Two solvers of subset sums, and how many items a sum needs, against enumeration and draws."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.pruning import (
    counted_items,
    items_for,
    items_needed,
    nearest_subset,
    nearest_subset_milp,
)


@settings(max_examples=25)
@given(st.integers(0, 12), st.integers(0, 10**6), st.floats(-2, 2))
def test_integer_programming_and_meeting_in_the_middle_agree(n, seed, target):
    items = np.random.default_rng(seed).uniform(-1.0, 1.0, n)
    one, other = nearest_subset_milp(items, target), nearest_subset(items, target)
    # the solver takes numbers within 1e-6 of a whole one for whole
    assert one.error == pytest.approx(other.error, abs=1e-6 * (n + 1))
    exact = abs(Fraction(target) - sum(map(Fraction, items[one.mask].tolist()), Fraction(0)))
    assert exact <= Fraction(one.error) <= exact * (1 + Fraction(1, 10**15))


@settings(max_examples=20)
@given(st.lists(st.integers(-500, 500), min_size=1, max_size=10), st.integers(-1500, 1500))
def test_whole_numbers_leave_no_room_for_tolerances(items, target):
    values = np.array(items, dtype=float)
    assert nearest_subset_milp(values, float(target)).error == nearest_subset(values, float(target)).error


def by_enumeration(items, target, eps):
    for m in range(len(items) + 1):
        for bits in itertools.product((0, 1), repeat=m):
            if abs(target - float(np.dot(items[:m], bits))) <= eps:
                return m
    return len(items) + 1


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 8), st.sampled_from([0.3, 0.1, 0.02]))
def test_needed_items_are_the_first_that_are_enough(seed, n, eps):
    rng = np.random.default_rng(seed)
    items, targets = rng.uniform(-1.0, 1.0, (5, n)), rng.uniform(-1.0, 1.0, 5)
    found = items_needed(items, targets, eps)
    assert found.tolist() == [by_enumeration(v, t, eps) for v, t in zip(items, targets, strict=True)]


@given(st.integers(0, 10**6), st.floats(0.05, 1.0), st.floats(0.1, 0.95))
def test_counts_for_a_sparse_source_are_the_fewest(seed, p, level):
    needed = np.random.default_rng(seed).integers(0, 9, 50)
    n = items_for(needed, p, level)

    def served(count):
        tails = [sum(math.comb(count, m) * p**m * (1.0 - p) ** (count - m) for m in range(t)) for t in needed]
        return 1.0 - float(np.mean(tails))

    assert served(n) >= level - 1e-9
    assert n == 0 or served(n - 1) < level + 1e-9


def test_draws_with_real_thinning_succeed_as_often_as_told():
    """Items are drawn, thinned and searched anew; the count was computed from other draws."""
    rng, p, eps, level, draws = np.random.default_rng(5), 0.3, 0.05, 0.8, 600
    needed = items_needed(rng.uniform(-1, 1, (4000, 20)), rng.uniform(-1, 1, 4000), eps)
    n = items_for(needed, p, level)
    hits = 0
    for _ in range(draws):
        kept = rng.uniform(-1, 1, n)[rng.random(n) < p][:24]
        hits += nearest_subset(kept, rng.uniform(-1, 1)).error <= eps
    # at n the share is between the level and one item's worth above it; three deviations of both draws
    slack = 3.0 * math.sqrt(level * (1.0 - level)) * (draws**-0.5 + 4000**-0.5)
    step = level - items_share(needed, p, n - 1)
    assert -slack <= hits / draws - level <= slack + step


def items_share(needed, p, n):
    return float(
        np.mean([sum(math.comb(n, m) * p**m * (1 - p) ** (n - m) for m in range(t, n + 1)) for t in needed])
    )


@given(st.floats(0.02, 1.0), st.sampled_from([0.1, 0.01, 1e-4]))
def test_counting_is_below_every_count(p, eps):
    rng = np.random.default_rng(0)
    needed = items_needed(rng.uniform(-1, 1, (60, 16)), rng.uniform(-1, 1, 60), eps)
    served = float(np.mean(needed <= 16))
    if served > 0.6:
        # 60 targets may be luckier than their law by three deviations
        lucky = 3.0 * math.sqrt(0.25 / 60)
        assert items_for(needed, p, 0.5) >= counted_items(eps, p, 0.5 - lucky)
    assert counted_items(eps, 1.0, 0.9) == math.ceil(math.log2(0.9 / eps))


def test_the_shape_is_1_over_p_and_not_the_recalled_one():
    rng = np.random.default_rng(1)
    needed = items_needed(rng.uniform(-1, 1, (1500, 22)), rng.uniform(-1, 1, 1500), 0.01)
    p = np.array([0.05, 0.2, 0.5, 0.9, 0.99])
    counts = np.array([items_for(needed, q, 0.9) for q in p.tolist()])
    flat, recalled = counts * p, counts * -np.log1p(-p)
    assert flat.max() / flat.min() < 1.35
    assert recalled[-1] > 3.0 * recalled[0]


def test_wrong_arguments_are_named():
    with pytest.raises(ShapeMismatch, match="targets"):
        items_needed(np.ones((3, 2)), np.ones(2), 0.1)
    with pytest.raises(InvalidArgument, match="items"):
        items_needed(np.ones((1, 40)), np.ones(1), 0.1)
    with pytest.raises(InvalidArgument, match="level"):
        items_for(np.array([1, 30]), 0.5, 1.5)
    assert nearest_subset_milp(np.zeros(0), -1.5).error == 1.5
