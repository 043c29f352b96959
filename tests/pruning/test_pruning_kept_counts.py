"""Published roundings, entries that can matter, repaired flow, and collapse put on record."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, QUICK, sample

import robustlaw as rl
from robustlaw.errors import InvalidArgument
from robustlaw.networks import Mlp, Recipe, batch, initial_stack
from robustlaw.pruning import (
    IterativeMagnitude,
    MagnitudeAtInit,
    Mask,
    Random,
    Repaired,
    Session,
    Snip,
    SynFlow,
    geometric_counts,
)
from robustlaw.pruning.kept_counts import effective
from robustlaw.pruning.repair import added, moved


def test_the_four_count_policies_of_the_published_figure():
    """Kept counts of 1322 maskable entries, a 10-30-30-2 network with its biases, four fifths a level."""
    assert Mlp((10, 30, 30, 2)).parameter_count == 1322
    rounds = IterativeMagnitude(0.5).schedule(1322, 8)
    assert rounds[9:] == [140, 112, 89, 71, 56, 44, 35, 28, 22, 17, 13, 10, 8]
    assert geometric_counts(1322, 0.8, 13, "floor")[9:] == [141, 113, 90, 72]
    random = geometric_counts(1322, 0.8, 22, "ceil")
    assert random[9:11] == [142, 114]
    assert random[-1] == 10
    assert geometric_counts(1322, 0.8, 22, "floor")[9:12] != random[9:12] != rounds[9:12]


@given(st.integers(1, 10**6), st.sampled_from([0.8, 0.9, 0.5, 0.1, 1 / 3]), st.integers(1, 40))
def test_geometric_counts_are_exact(total, share, levels):
    exact = [Fraction(repr(share)) ** j * total for j in range(1, levels + 1)]
    found = {name: geometric_counts(total, share, levels, name) for name in ("floor", "nearest", "ceil")}
    for place, k in enumerate(exact):
        low, near, high = (found[name][place] for name in ("floor", "nearest", "ceil"))
        assert low <= k < low + 1
        assert high - 1 < k <= high
        assert near - Fraction(1, 2) <= k < near + Fraction(1, 2)
    with pytest.raises(InvalidArgument, match="share"):
        geometric_counts(total, 1.0, levels)


def expected_share(d, density):
    """Of the kept entries of a (d, h, 1) network, both layers at random, those on a path."""
    return (density * d + 1.0 - (1.0 - density) ** d) / (d + 1.0)


def test_expected_effective_share_exactly():
    """All masks of a small network, weighted by their probability: E effective / E kept."""
    d, h = 3, 2
    for density in (Fraction(3, 10), Fraction(1, 2)):
        kept = useful = Fraction(0)
        for bits in itertools.product((False, True), repeat=h * d + h):
            weight = density ** sum(bits) * (1 - density) ** (len(bits) - sum(bits))
            mask = Mask((np.array(bits[: h * d]).reshape(h, d), np.array(bits[h * d :]).reshape(1, h)))
            kept += weight * mask.nnz
            useful += weight * mask.effective().nnz
        wanted = (density * d + 1 - (1 - density) ** d) / (d + 1)
        assert useful / kept == wanted
    published = {0.3: 0.323, 0.15: 0.177, 0.1: 0.128, 0.05: 0.074}
    for density, share in published.items():
        assert expected_share(30, density) == pytest.approx(share, abs=5e-4)


def test_the_share_of_random_masks_is_the_expected_one():
    """4000 masks of exact counts; their mean stays within six standard errors."""
    runs, d, h, density = 4000, 30, 20, 0.2
    masks = torch.as_tensor(np.random.default_rng(0).random((runs, h, d)) < density)
    outer = torch.as_tensor(np.random.default_rng(1).random((runs, 1, h)) < density)
    alive = effective([masks, outer])
    useful = sum(m.flatten(1).sum(1) for m in alive).double() / (density * (h * d + h))
    error = float(useful.std()) / math.sqrt(runs)
    assert abs(float(useful.mean()) - expected_share(d, density)) < 6.0 * error


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=2, max_size=5), st.floats(0, 1), st.integers(0, 10**6))
def test_effective_entries_of_a_stack_are_those_of_its_masks(widths, part, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random((3, b, a)) < part for a, b in itertools.pairwise(widths)]
    alive = effective([torch.as_tensor(m) for m in masks])
    for net in range(3):
        mask = Mask(tuple(m[net] for m in masks))
        assert all(np.array_equal(a[net], b) for a, b in zip(alive, mask.effective().layers, strict=True))
        sizes = [m[net].astype(float) for m in masks]
        for layer, dead in enumerate(mask.dead_units()):
            for unit, gone in enumerate(dead):
                # a unit is alive if some path of kept entries runs through it
                before = np.ones(widths[0])
                for m in sizes[: layer + 1]:
                    before = m @ before
                after = np.eye(widths[layer + 1])[:, unit]
                for m in sizes[layer + 1 :]:
                    after = m @ after
                assert gone == (before[unit] * after.sum() == 0.0)


def test_collapse_is_on_record_and_the_network_is_a_constant():
    data = sample()
    stack = rl.train(ARCH, data, MagnitudeAtInit(0.05, scope="global"), range(30), QUICK)
    collapsed = [net for net in stack if Mask.of(net).layer_counts[1] == 0]
    assert collapsed
    for net in stack:
        facts, mask = net.origin.facts, Mask.of(net)
        assert facts["kept"] == mask.nnz
        assert facts["effective"] == mask.effective().nnz
        assert facts["dead_units"] == sum(int(d.sum()) for d in mask.dead_units())
        assert facts["collapsed"] == ",".join(mask.collapsed)
    for net in collapsed:
        assert net.origin.facts["collapsed"] == "W2"
        assert net.origin.facts["effective"] == 0
        assert len(np.unique(net(data.x))) == 1
    part = rl.train(ARCH, data, Random(0.5), [0], QUICK, maskable=frozenset({"W1"}))[0]
    assert part.origin.facts["kept"] == int(part.masks[0].sum())


@settings(max_examples=40)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.floats(0, 0.6), st.integers(0, 10**6))
def test_repair_by_adding_connects_every_unit(widths, part, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random((3, b, a)) < part for a, b in itertools.pairwise(widths)]
    mended = added(masks, (0, 1, "a"), range(len(masks)))
    for net in range(3):
        before, after = (Mask(tuple(m[net] for m in group)) for group in (masks, mended))
        assert before.issubset(after)
        assert after.effective() == after
        assert not any(d.any() for d in after.dead_units())
        # no more than one edge an empty row, and one for what is then an empty column
        rows = sum(int((~m.any(axis=1)).sum()) for m in before.layers)
        columns = sum(int((~m.any(axis=0)).sum()) for m in before.layers[1:])
        assert after.nnz - before.nnz <= rows + columns
        if before.effective() == before and rows + columns == 0:
            assert after == before


@settings(max_examples=60)
@given(st.lists(st.integers(1, 6), min_size=2, max_size=5), st.floats(0, 1), st.integers(0, 10**6))
def test_repair_by_moving_keeps_the_counts_and_connects_what_it_can(widths, part, seed):
    rng = np.random.default_rng(seed)
    masks = [rng.random((3, b, a)) < part for a, b in itertools.pairwise(widths)]
    mended = moved(masks, (0, 1, "a"), range(len(masks)))
    for net in range(3):
        for layer, (before, after) in enumerate(zip(masks, mended, strict=True)):
            old, new = before[net], after[net]
            assert old.sum() == new.sum()
            rows, columns = new.sum(axis=1), new.sum(axis=0)
            assert rows.min() > 0 or rows.max() <= 1
            assert layer == 0 or columns.min() > 0 or columns.max() <= 1
            if old.any(axis=1).all() and (layer == 0 or old.any(axis=0).all()):
                assert np.array_equal(old, new)
        if all(m[net].sum() >= max(m.shape[1:]) for m in masks):
            mask = Mask(tuple(m[net] for m in mended))
            assert mask.effective() == mask


def test_what_repair_changed_is_on_record_and_charged():
    data = sample()
    plain = rl.train(ARCH, data, Random(0.12), range(6), QUICK)
    for how, name in (("add", "edges_added"), ("move", "edges_moved")):
        stack = rl.train(ARCH, data, Repaired(Random(0.12), how), range(6), QUICK)
        assert stack.dependence is Random.dependence
        changes = 0
        for net, old in zip(stack, plain, strict=True):
            new = sum(int((a & ~b).sum()) for a, b in zip(net.masks, old.masks, strict=True))
            assert net.origin.facts[name] == new
            assert Mask.of(net).nnz == Mask.of(old).nnz + (new if how == "add" else 0)
            assert net.origin.facts["kept"] == Mask.of(net).nnz
            changes += new
        assert changes > 0
        alone = rl.train(ARCH, data, Repaired(Random(0.12), how), [4], QUICK)
        assert all(torch.equal(a[4], b[0]) for a, b in zip(stack.masks, alone.masks, strict=True))
    assert Repaired(Random(0.12), "move").exact
    assert not Repaired(Random(0.12)).exact


def test_repair_leaves_tensors_alone_that_are_not_maskable():
    keys, data = (0, 1, 2), sample()
    start = initial_stack(ARCH, list(keys), QUICK.initialisation)
    session = Session(start, batch([data.x], [data.y]), QUICK, keys, (5,) * 3, ("W1",))
    masks = Repaired(Snip(5 / 48)).choose(session)
    assert masks[1].all()
    assert masks[0].any(dim=2).all()


def test_iterated_flow_does_not_collapse_where_one_shot_magnitude_does():
    arch = Mlp((12, 12, 12, 1))
    for pruner, fine in ((MagnitudeAtInit(0.03, scope="global"), False), (SynFlow(0.03), True)):
        stack = rl.train(arch, sample(dim=12), pruner, range(6), Recipe(steps=1))
        assert all(facts["effective"] > 0 for facts in stack.facts) == fine
