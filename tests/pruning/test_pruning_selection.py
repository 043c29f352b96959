"""Exact kept counts, exact selection, fair and reproducible ties."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from robustlaw.errors import InfeasibleDensity, NonFinite, ShapeMismatch
from robustlaw.pruning import kept_count, select
from robustlaw.pruning.selection import largest_remainder, layer_counts, select_masks

RNG = np.random.default_rng
BAD_DENSITIES = (0.0, -0.0, 1.5, -1.0, math.nan, math.inf, -math.inf, math.nextafter(1.0, 2.0))


@given(st.integers(1, 1000), st.integers(0, 4), st.integers(1, 10**7))
def test_count_is_floor_of_the_written_decimal_plus_a_half(digits, places, total):
    written = Fraction(digits, 10**places)
    if not 0 < written <= 1:
        return
    wanted = math.floor(written * total + Fraction(1, 2))
    if wanted == 0:
        with pytest.raises(InfeasibleDensity):
            kept_count(float(written), total)
    else:
        assert kept_count(float(written), total) == wanted


@pytest.mark.parametrize(
    ("density", "total", "count"),
    [
        (0.1, 5, 1),  # 0.5 goes up: no banker's rounding
        (0.1, 25, 3),  # 2.5 goes up
        (0.7, 5, 4),  # 3.5, though 0.7 * 5 < 3.5 in binary digits of 0.7
        (0.05, 10, 1),
        (0.05, 30, 2),
        (0.35, 10, 4),
        (0.15, 10, 2),
        (0.45, 10, 5),
        (1 - 0.9, 10, 1),  # int((1 - 0.9) * 10) is 0
        (0.29, 100, 29),  # int(0.29 * 100) is 28
        (1.0, 7, 7),
        (np.float64(0.1), 5, 1),  # a numpy scalar writes itself differently
        (0.2, 1322, 264),
    ],
)
def test_float_traps(density, total, count):
    assert kept_count(density, total) == count


@pytest.mark.parametrize("density", BAD_DENSITIES)
def test_densities_outside_the_unit_interval(density):
    with pytest.raises(InfeasibleDensity, match="density"):
        kept_count(density, 10)


@pytest.mark.parametrize(("density", "total"), [(0.04, 10), (1e-9, 1000), (0.5, 0), (1.0, 0)])
def test_keeping_nothing_is_refused(density, total):
    with pytest.raises(InfeasibleDensity, match="keeps none"):
        kept_count(density, total)


SCORES = {
    "all equal": lambda _, n: np.ones(n),
    "mostly zero": lambda rng, n: rng.random(n) * (rng.random(n) < 0.2),
    "infinite": lambda rng, n: rng.choice([-np.inf, 0.0, np.inf], n),
    "negative zeros": lambda rng, n: rng.choice([-0.0, 0.0], n),
    "distinct": lambda rng, n: rng.normal(size=n),
    "tiny": lambda rng, n: rng.normal(size=n) * 5e-324,
}


@given(st.integers(0, 40), st.sampled_from(sorted(SCORES)), st.integers(0, 10**6), st.booleans())
def test_exactly_k_of_the_best_candidates_for_every_k(n, kind, seed, everyone):
    rng = RNG(seed)
    scores = SCORES[kind](rng, n)
    candidates = None if everyone else rng.random(n) < 0.6
    pool = np.ones(n, dtype=bool) if candidates is None else candidates
    for count in range(int(pool.sum()) + 1):
        mask = select(scores, count, RNG(seed), candidates)
        assert mask.sum() == count
        assert not (mask & ~pool).any()
        if 0 < count < pool.sum():
            assert scores[mask].min() >= scores[pool & ~mask].max()
    with pytest.raises(InfeasibleDensity, match="count"):
        select(scores, int(pool.sum()) + 1, RNG(seed), candidates)
    with pytest.raises(InfeasibleDensity, match="count"):
        select(scores, -1, RNG(seed), candidates)


def test_a_score_that_is_no_number_is_refused_only_among_candidates():
    scores = np.array([1.0, math.nan, 3.0])
    with pytest.raises(NonFinite, match="scores"):
        select(scores, 1, RNG(0))
    mask = select(scores, 1, RNG(0), np.array([True, False, True]))
    assert mask.tolist() == [False, False, True]


def test_ties_are_fair_over_seeds_and_fixed_by_the_seed():
    scores, count, runs = np.array([2.0, *[1.0] * 9, 0.0]), 4, 4000
    kept = np.sum([select(scores, count, RNG(s)) for s in range(runs)], axis=0)
    assert kept[0] == runs
    assert kept[-1] == 0
    # 3 of the 9 tied entries; two-sided binomial test, one chance in 1e9 to fail a fair tie
    for k in kept[1:-1]:
        assert stats.binomtest(int(k), runs, 1.0 / 3.0).pvalue > 1e-9
    assert np.array_equal(select(scores, count, RNG(5)), select(scores, count, RNG(5)))


def test_ties_do_not_look_at_the_scores():
    # the order of tied entries is drawn before the scores are seen: any common value gives the same mask
    for value in (-3.0, 0.0, 7.5, np.inf):
        assert np.array_equal(select(np.full(20, value), 7, RNG(3)), select(np.ones(20), 7, RNG(3)))


@given(st.lists(st.integers(0, 50), min_size=1, max_size=6), st.floats(0, 1), st.integers(0, 10**6))
def test_largest_remainder_is_exact_within_caps_and_near_the_shares(sizes, part, seed):
    caps = np.array(sizes)
    total = round(part * int(caps.sum()))
    counts = layer_counts(caps, total)
    assert counts.sum() == total
    assert ((counts >= 0) & (counts <= caps)).all()
    if caps.sum():
        exact = [Fraction(int(c) * total, int(caps.sum())) for c in caps]
        assert all(abs(int(k) - e) < 1 for k, e in zip(counts, exact, strict=True))
    # any shares at all still give the right total
    wild = largest_remainder(RNG(seed).normal(size=len(caps)) * 30.0, caps, total)
    assert wild.sum() == total
    assert ((wild >= 0) & (wild <= caps)).all()


def test_largest_remainder_gives_to_the_largest_remainders():
    assert layer_counts(np.array([10, 10, 10]), 10).tolist() == [4, 3, 3]
    assert layer_counts(np.array([50, 10, 4]), 32).tolist() == [25, 5, 2]
    assert layer_counts(np.array([7, 2, 1]), 5).tolist() == [4, 1, 0]  # 3.5, 1, 0.5
    assert layer_counts(np.array([6, 3, 2]), 5).tolist() == [3, 1, 1]  # 2.73, 1.36, 0.91


def test_largest_remainder_errors():
    for total in (-1, 4):
        with pytest.raises(InfeasibleDensity, match="total"):
            largest_remainder(np.array([1.0, 1.0]), np.array([1, 2]), total)
    with pytest.raises(ShapeMismatch, match="caps"):
        largest_remainder(np.array([1.0]), np.array([1, 2]), 1)


@given(st.integers(0, 10**6), st.sampled_from(["global", "layerwise"]), st.floats(0, 1), st.booleans())
def test_select_masks_keeps_the_best_in_its_scope(seed, scope, part, nested):
    rng = RNG(seed)
    shapes = [(3, 3, 4), (3, 2, 3), (3, 1, 2)]
    scores = [np.round(rng.normal(size=s), 1) for s in shapes]  # with ties
    pool = [rng.random(s) < 0.8 for s in shapes] if nested else [np.ones(s, dtype=bool) for s in shapes]
    room = sum(p.reshape(3, -1).sum(axis=1) for p in pool)
    counts = np.round(part * room).astype(int).tolist()
    stacks = select_masks(scores, counts, scope, [seed, "a", seed], pool if nested else None)
    assert [m.shape for m in stacks] == shapes
    for net, count in enumerate(counts):
        masks, pools, values = ([a[net] for a in group] for group in (stacks, pool, scores))
        alone = select_masks(
            [s[None] for s in values], [count], scope, [[seed, "a"][net % 2]], [p[None] for p in pools]
        )
        assert all(np.array_equal(m, a[0]) for m, a in zip(masks, alone, strict=True))
        assert sum(int(m.sum()) for m in masks) == count
        assert not any((m & ~p).any() for m, p in zip(masks, pools, strict=True))
        groups = [(values, masks, pools)]
        if scope == "layerwise":
            groups = [([s], [m], [p]) for s, m, p in zip(values, masks, pools, strict=True)]
            caps = np.array([int(p.sum()) for p in pools])
            assert [int(m.sum()) for m in masks] == layer_counts(caps, count).tolist()
        for group in groups:
            s, m, p = (np.concatenate([a.ravel() for a in piece]) for piece in group)
            if m.any() and (p & ~m).any():
                assert s[m].min() >= s[p & ~m].max()


def test_networks_of_one_key_break_ties_alike():
    flat = [np.zeros((3, 4, 5))]
    (masks,) = select_masks(flat, [7, 7, 7], "global", [1, 1, 2])
    assert np.array_equal(masks[0], masks[1])
    assert not np.array_equal(masks[0], masks[2])


@pytest.mark.parametrize("value", [-np.inf, np.inf])
def test_infinite_scores_never_let_a_non_candidate_in(value):
    pool = np.array([[False, True, True, False]])
    masks = select_masks([np.full((1, 1, 4), value)], [2], "global", [0], [pool[None]])
    assert np.array_equal(masks[0][0], pool)


def test_select_masks_without_candidates_or_room():
    none = [np.zeros((1, 2, 2), dtype=bool)]
    for scope in ("global", "layerwise"):
        assert not select_masks([np.ones((1, 2, 2))], [0], scope, [0], none)[0].any()
        with pytest.raises(InfeasibleDensity):
            select_masks([np.ones((1, 2, 2))], [1], scope, [0], none)
