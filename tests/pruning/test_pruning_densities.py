"""Layer densities: exact totals, the rules' own proportions, uniform places, and floors."""

from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import ARCH, QUICK, relabelled, same_masks, sample
from scipy import stats

import robustlaw as rl
from robustlaw.accounting.describe import trained_count
from robustlaw.errors import InfeasibleDensity, InvalidArgument
from robustlaw.information import LayerSizes
from robustlaw.information.enumeration import label_information
from robustlaw.information.pruner_channels import MaskMaker
from robustlaw.networks import Mlp
from robustlaw.pruning import Balanced, ErdosRenyi, MagnitudeAtInit, Pyramidal, Repaired, matched_random
from robustlaw.pruning.densities import (
    balanced,
    erdos_renyi,
    erdos_renyi_shares,
    pyramidal,
    uniform,
    water_filled,
)
from robustlaw.pruning.selection import select_masks, with_floor

RULES = {"uniform": uniform, "erdos_renyi": erdos_renyi, "balanced": balanced, "pyramidal": pyramidal}
RAW = {
    "uniform": lambda _: Fraction(1),
    "erdos_renyi": lambda shape: Fraction(sum(shape), shape[0] * shape[1]),
    "balanced": lambda shape: Fraction(1, shape[0] * shape[1]),
}
WIDTHS = st.lists(st.integers(1, 40), min_size=2, max_size=6)


def sizes_of(shapes):
    return np.array([out * into for out, into in shapes])


@given(WIDTHS, st.floats(0, 1), st.sampled_from(sorted(RULES)))
def test_totals_are_exact_and_no_layer_is_overfull(widths, part, rule):
    shapes = Mlp(tuple(widths)).shapes
    sizes = sizes_of(shapes)
    total = round(part * int(sizes.sum()))
    counts = RULES[rule](shapes, total)
    assert counts.sum() == total
    assert ((counts >= 0) & (counts <= sizes)).all()


@given(WIDTHS, st.floats(0, 1), st.sampled_from(sorted(RAW)))
def test_densities_are_in_proportion_wherever_they_are_not_full(widths, part, rule):
    """The defining equation rho_l = min(1, eps raw_l), within the rounding of one entry."""
    shapes = Mlp(tuple(widths)).shapes
    sizes = sizes_of(shapes)
    total = round(part * int(sizes.sum()))
    raw = [RAW[rule](shape) for shape in shapes]
    shares = water_filled(raw, sizes, total)
    assert sum(shares) == total
    open_eps = {s / (r * int(n)) for s, r, n in zip(shares, raw, sizes, strict=True) if s < n}
    assert len(open_eps) <= 1
    for eps in open_eps:
        assert all(eps * r >= 1 for s, r, n in zip(shares, raw, sizes, strict=True) if s == n)
    counts = RULES[rule](shapes, total)
    assert all(abs(int(k) - s) <= 1 for k, s in zip(counts, shares, strict=True))


@given(WIDTHS, st.floats(0, 1))
def test_pyramidal_densities_fall_geometrically(widths, part):
    shapes = Mlp(tuple(widths)).shapes
    sizes = sizes_of(shapes)
    total = round(part * int(sizes.sum()))
    counts = pyramidal(shapes, total)
    roots = np.roots([*sizes[::-1], -total]) if total else np.zeros(1)
    (s,) = {round(float(r.real), 12) for r in roots if abs(r.imag) < 1e-7 and 0 <= r.real <= 1 + 1e-9} or {
        0.0
    }
    assert all(
        abs(k - n * s ** (i + 1)) < 1.0 + 1e-6 * n for i, (k, n) in enumerate(zip(counts, sizes, strict=True))
    )


def test_worked_examples():
    # 100-20-1: raw .06 and 21/20; at 200 of 2020 the output layer is full, the rest is 180 of 2000
    assert erdos_renyi([(20, 100), (1, 20)], 200).tolist() == [180, 20]
    # once clamped and not refilled, as in public code, 6 entries would be missing
    eps = 200 / (0.06 * 2000 + 1.05 * 20)
    assert round(eps * 0.06 * 2000) + min(20, round(eps * 1.05 * 20)) == 190
    assert balanced([(20, 100), (1, 20)], 200).tolist() == [180, 20]
    assert balanced([(5, 10), (5, 5), (1, 5)], 30).tolist() == [13, 12, 5]
    assert uniform([(5, 10), (5, 5), (1, 5)], 16).tolist() == [10, 5, 1]
    # sizes 4, 4: 4 s + 4 s^2 = 3 at s = 1/2
    assert pyramidal([(2, 2), (2, 2)], 3).tolist() == [2, 1]


@given(WIDTHS, st.floats(0, 1), st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.5]))
def test_densities_follow_the_power_wherever_they_are_not_full(widths, part, power):
    shapes = Mlp(tuple(widths)).shapes
    sizes = sizes_of(shapes)
    total = round(part * int(sizes.sum()))
    counts = erdos_renyi(shapes, total, power)
    assert counts.sum() == total
    assert ((counts >= 0) & (counts <= sizes)).all()
    raw = np.array([float(RAW["erdos_renyi"](shape)) ** power for shape in shapes])
    # within one entry of min(1, eps raw) for a common eps: the intervals of eps that fit each layer meet
    low = max((k - 1) / (r * n) for k, r, n in zip(counts, raw, sizes, strict=True))
    high = min((k + 1) / (r * n) if k < n else np.inf for k, r, n in zip(counts, raw, sizes, strict=True))
    assert low <= high * (1.0 + 1e-12)
    if power == 0.0:
        assert np.abs(counts - uniform(shapes, total)).max() <= 1


@given(WIDTHS, st.floats(0, 1), st.sampled_from([0.0, 1.0, 2.0]))
def test_clamped_once_the_rule_keeps_fewer_than_asked(widths, part, power):
    """Against the public code's own way: eps (in + out) entries a layer, no more than it has."""
    shapes = Mlp(tuple(widths)).shapes
    sizes = sizes_of(shapes)
    total = round(part * int(sizes.sum()))
    counts = erdos_renyi(shapes, total, power, redistribute=False)
    raw = np.array([(sum(s) / (s[0] * s[1])) ** power for s in shapes])
    wanted = np.minimum(sizes, total * raw * sizes / (raw * sizes).sum())
    assert counts.sum() <= total
    assert abs(counts.sum() - wanted.sum()) <= 0.5 + 1e-9
    assert np.abs(counts - wanted).max() <= 1.0 + 1e-9
    if (total * raw * sizes / (raw * sizes).sum() <= sizes * (1.0 - 1e-12)).all():
        assert np.array_equal(counts, erdos_renyi(shapes, total, power))


def test_powers_by_hand():
    # raw 3/2 and 2, hence 9 to 16 under the square
    shapes = [(2, 1), (1, 1)]
    assert erdos_renyi_shares(shapes, 2.0) == [Fraction(9, 16), 1]
    assert erdos_renyi([(20, 100), (1, 20)], 200, redistribute=False).tolist() == [170, 20]
    assert erdos_renyi([(20, 100), (1, 20)], 200, 0.0, redistribute=False).tolist() == [198, 2]
    # (.06/1.05)^2 of 2000 entries are 6.53, next to 20: 20 entries are shared 4.92 to 15.08
    assert erdos_renyi([(20, 100), (1, 20)], 20, 2.0).tolist() == [5, 15]


def clamped_kept(arch):
    points = np.random.default_rng(0).normal(size=(3, arch.widths[0]))
    (found,) = label_information(arch, points, ErdosRenyi(20 / 21, redistribute=False), QUICK)
    return found.kept


def test_what_a_clamped_rule_keeps_is_what_is_reported_and_charged():
    arch, data = Mlp((100, 20, 1)), sample(n=8, dim=100)
    clamped, filled = ErdosRenyi(200 / 2020, redistribute=False), ErdosRenyi(200 / 2020)
    one, two = (rl.train(arch, data, pruner, [0, 1], QUICK) for pruner in (clamped, filled))
    assert (one.method, two.method) == ("ErdosRenyi(clamped)", "ErdosRenyi")
    for few, many in zip(one, two, strict=True):
        assert few.origin.facts["kept"] == few.kept == 190
        assert many.origin.facts["kept"] == many.kept == 200
        assert trained_count(few) == 190 + 21
        assert trained_count(many) == 200 + 21
        assert all((a <= b).all() for a, b in zip(few.masks, many.masks, strict=True))
    assert not clamped.exact
    assert MaskMaker(arch, clamped, QUICK).support == LayerSizes((2000, 20), (170, 20))
    small = Mlp((6, 3, 1))
    assert clamped_kept(small) == erdos_renyi(small.shapes, 20, redistribute=False).sum() < 20
    moved = Repaired(clamped, "move")
    assert not moved.exact
    assert moved.fixed_counts(arch.shapes, 200) == (170, 20)
    with pytest.raises(InvalidArgument, match=r"ErdosRenyi\(clamped\)"):
        matched_random(clamped)
    with pytest.raises(InvalidArgument, match="total"):
        matched_random(Repaired(filled))


def test_powers_that_mean_nothing():
    for power in (-1.0, float("nan"), float("inf")):
        with pytest.raises(InvalidArgument, match="power"):
            ErdosRenyi(0.5, power=power)
    with pytest.raises(InvalidArgument, match="underflows"):
        rl.train(Mlp((100, 20, 1)), sample(dim=100), ErdosRenyi(0.5, power=1e4), [0], QUICK)
    assert ErdosRenyi(0.5, power=2.0, redistribute=False).name == "ErdosRenyi(power 2, clamped)"


@pytest.mark.parametrize("kind", [ErdosRenyi, Balanced, Pyramidal])
def test_masks_have_the_allocated_counts_and_see_no_labels(kind):
    arch = Mlp((6, 9, 5, 1))
    data = sample()
    one = rl.train(arch, data, kind(0.3), range(4), QUICK)
    two = rl.train(arch, relabelled(data), kind(0.3), range(4), QUICK)
    assert same_masks(one, two)
    wanted = kind(0.3).allocate(arch.shapes, 31).tolist()  # 0.3 of 104
    for net in one:
        assert [int(m.sum()) for m in net.masks] == wanted


def test_places_are_uniform_and_rules_do_not_share_streams():
    runs = 800
    stack = rl.train(Mlp((3, 2, 1)), sample(dim=3), ErdosRenyi(0.5), range(runs), QUICK)
    counts = erdos_renyi([(2, 3), (1, 2)], 4)
    for m, k, n in zip(stack.masks, counts, (6, 2), strict=True):
        flat = m.flatten(1)
        assert (flat.sum(1) == int(k)).all()
        for kept in flat.sum(0):
            assert stats.binomtest(int(kept), runs, int(k) / n).pvalue > 1e-9
    # one layer: the same counts, and yet other places
    line, data = Mlp((30, 1)), sample(dim=30)
    one, two = (rl.train(line, data, kind(0.5), [0], QUICK) for kind in (ErdosRenyi, Balanced))
    assert not torch.equal(one.masks[0], two.masks[0])


@given(st.lists(st.integers(0, 30), min_size=1, max_size=5), st.floats(0, 1), st.integers(0, 4))
def test_floors_keep_the_total(sizes, part, floor):
    caps = np.array(sizes)
    counts = np.minimum(caps, (caps * part).astype(int))
    low = np.minimum(caps, floor)
    if low.sum() > counts.sum():
        with pytest.raises(InfeasibleDensity, match="min_per_layer"):
            with_floor(counts, caps, floor)
        return
    raised = with_floor(counts, caps, floor)
    assert raised.sum() == counts.sum()
    assert (raised >= low).all()
    assert (raised <= caps).all()
    if (counts >= low).all():
        assert np.array_equal(raised, counts)


@given(st.integers(0, 10**6), st.integers(0, 3), st.integers(9, 30), st.booleans())
def test_a_floor_in_global_selection_keeps_the_best_of_every_tensor(seed, floor, count, inside):
    rng = np.random.default_rng(seed)
    scores = [
        rng.normal(size=(2, 5, 5)),
        rng.normal(size=(2, 1, 5)) - 100.0,
        rng.normal(size=(2, 1, 1)) - 200.0,
    ]
    pool = [rng.random(s.shape) < 0.9 for s in scores] if inside else [np.ones(s.shape, bool) for s in scores]
    room = np.stack([p.reshape(2, -1).sum(1) for p in pool])
    count = min(count, int(room.sum(0).min()))
    masks = select_masks(scores, [count] * 2, "global", [0, 1], pool, floor)
    for net in range(2):
        values = np.concatenate([s[net].ravel() for s in scores])
        kept = np.concatenate([m[net].ravel() for m in masks])
        allowed = np.concatenate([p[net].ravel() for p in pool])
        assert kept.sum() == count
        assert not (kept & ~allowed).any()
        for place, (m, p) in enumerate(zip(masks, pool, strict=True)):
            assert m[net].sum() >= min(floor, room[place, net])
            if m[net].any() and (p[net] & ~m[net]).any():
                s = scores[place][net]
                assert s[m[net]].min() >= s[p[net] & ~m[net]].max()
        if floor == 0:
            assert values[kept].min() >= values[allowed & ~kept].max() if (allowed & ~kept).any() else True


def test_a_floor_prevents_the_collapse_of_a_layer():
    """Global magnitude empties a layer whose initial weights are small; a floor leaves one entry."""
    scores = [np.full((1, 3, 3), 1.0), np.full((1, 1, 3), 1e-3)]
    assert [int(m.sum()) for m in select_masks(scores, [4], "global", [0])] == [4, 0]
    assert [int(m.sum()) for m in select_masks(scores, [4], "global", [0], min_per_layer=1)] == [3, 1]
    with pytest.raises(InfeasibleDensity, match="min_per_layer"):
        select_masks(scores, [1], "global", [0], min_per_layer=1)
    stack = rl.train(ARCH, sample(), MagnitudeAtInit(0.1, scope="global", min_per_layer=2), range(5), QUICK)
    assert all(min(int(m.sum()) for m in net.masks) >= 2 for net in stack)
    assert all(sum(int(m.sum()) for m in net.masks) == 6 for net in stack)
