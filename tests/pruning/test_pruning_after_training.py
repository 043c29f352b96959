"""Masks from trained weights: variants, schedules, nesting and exact rewinding."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pruning_runs import ARCH, QUICK, same_network, sample

import robustlaw as rl
from robustlaw.networks import Recipe, StraightThrough, batch, fit, initial_stack
from robustlaw.networks import training as room
from robustlaw.pruning import IterativeMagnitude, MagnitudeAfterTraining, base, kept_count
from robustlaw.pruning.selection import layer_counts

# A last training that cannot move a float32 weight: what it starts from can be read off the result.
STILL = Recipe(steps=1, learning_rate=1e-30, optimiser="sgd", frozen=frozenset({"b1", "b2"}))


def top_of(weights, masks, count):
    """Brute force: the `count` largest of the kept weights, over all layers."""
    sizes = np.concatenate(
        [np.where(m, np.abs(w), -1.0).ravel() for w, m in zip(weights, masks, strict=True)]
    )
    keep = np.zeros(sizes.size, dtype=bool)
    keep[np.argsort(-sizes)[:count]] = True
    ends = np.cumsum([w.size for w in weights])[:-1]
    return [k.reshape(w.shape) for k, w in zip(np.split(keep, ends), weights, strict=True)]


@pytest.fixture
def fits(monkeypatch):
    """Every training run of a pruner: its start, its recipe and steps, and its result."""
    calls = []

    def recorded(stack, data, recipe, parametrisation=None, **steps):
        result = fit(stack, data, recipe, parametrisation, **steps)
        calls.append((stack, recipe, steps, result))
        return result

    monkeypatch.setattr(base, "fit", recorded)
    return calls


@pytest.mark.parametrize("afterwards", ["fine_tune", "rewind", "stop"])
def test_magnitude_after_training(fits, afterwards):
    data, seeds = sample(), range(3)
    stack = rl.train(ARCH, data, MagnitudeAfterTraining(0.3, afterwards=afterwards), seeds, QUICK)
    dense = rl.train(ARCH, data, None, seeds, QUICK)
    for place, net in enumerate(stack):
        full = dense[place]
        wanted = top_of(full.weights, full.masks, kept_count(0.3, 56))
        assert all(np.array_equal(a, b) for a, b in zip(net.masks, wanted, strict=True))
        if afterwards == "stop":
            assert all(
                np.array_equal(a, np.where(m, b, 0.0))
                for a, b, m in zip(net.weights, full.weights, wanted, strict=True)
            )
            # the loss on record is that of the pruned network, not of the dense one
            mse = float(np.mean((net(data.x)[:, 0] - data.y) ** 2))
            assert net.origin.facts["loss"] == pytest.approx(mse, rel=1e-5)
            assert net.origin.facts["loss"] != full.origin.facts["loss"]
    if afterwards != "stop":
        start = fits[1][0]  # of the second training; fits[-1] is the dense run above
        source = dense if afterwards == "fine_tune" else fits[0][0]
        for w, b, m in zip(start.weights, source.weights, stack.masks, strict=True):
            assert torch.equal(w, b.masked_fill(~m, 0.0))


@given(st.integers(1, 3000), st.integers(1, 3000), st.sampled_from([0.2, 0.5, 0.1, 0.9, 0.05, 1 / 3]))
def test_schedules_fall_strictly_to_the_exact_count(total, count, rate):
    if count > total:
        return
    counts = IterativeMagnitude(0.5, rate=rate).schedule(total, count)
    levels = [total, *counts]
    assert all(a > b for a, b in pairwise(levels))
    assert levels[-1] == count
    for before, after in pairwise(levels):
        # at most the asked share is dropped, but for the floor and at least one
        assert before - after <= max(1.0, rate * before + 1.0)
    assert IterativeMagnitude(0.5, rate=rate).schedule(count, count) == []


def test_the_schedule_of_the_published_figure():
    counts = IterativeMagnitude(0.5).schedule(1322, 8)
    tail = [140, 112, 89, 71, 56, 44, 35, 28, 22, 17, 13, 10, 8]
    assert counts[-len(tail) :] == tail
    assert counts[:3] == [1057, 845, 676]
    assert IterativeMagnitude(0.5).schedule(10, 6) == [8, 6]
    # 0.9 of 10 is 9, though (1 - 0.1) * 10 might be 8.99...
    assert IterativeMagnitude(0.5, rate=0.1).schedule(10, 8) == [9, 8]
    assert IterativeMagnitude(0.5, rate=0.7).schedule(10, 1) == [3, 1]


def test_iterative_rounds_against_brute_force(fits):
    """Masks nested and largest among survivors; every round starts from the initial weights."""
    pruner = IterativeMagnitude(0.2, rate=0.4)
    stack = rl.train(ARCH, sample(), pruner, [0, 1], QUICK)
    counts = pruner.schedule(56, kept_count(0.2, 56))
    assert len(fits) == len(counts) + 1
    for place in range(2):
        masks = [np.ones(s, dtype=bool) for s in ARCH.shapes]
        for (start, recipe, steps, trained), count in zip(fits[:-1], counts, strict=True):
            net, ticket = trained[place], start[place]
            for w, m, name in zip(ticket.weights, masks, ("W1", "W2"), strict=True):
                assert np.array_equal(w, np.where(m, ticket.origin.initial[name], 0.0))
            assert np.array_equal(ticket.biases[0], ticket.origin.initial["b1"])
            assert recipe == QUICK
            assert steps == {"first_step": 0, "last_step": None}
            after = top_of(net.weights, masks, count)
            assert all(not (a & ~m).any() for a, m in zip(after, masks, strict=True))
            masks = after
        assert all(np.array_equal(a, b) for a, b in zip(stack[place].masks, masks, strict=True))
        last = fits[-1][0][place]
        for w, m, name in zip(last.weights, masks, ("W1", "W2"), strict=True):
            assert np.array_equal(w, np.where(m, last.origin.initial[name], 0.0))


def test_rewinding_restores_initial_weights_exactly():
    stack = rl.train(ARCH, sample(), IterativeMagnitude(0.3, rate=0.5), range(3), STILL)
    for net in stack:
        for i in range(2):
            start = net.origin.initial[f"W{i + 1}"]
            assert np.array_equal(net.weights[i], np.where(net.masks[i], start, 0.0))
        assert np.array_equal(net.biases[0], net.origin.initial["b1"])


@pytest.mark.parametrize("stop_at", [None, 100.0])
def test_rewinding_to_a_step_restores_its_weights_and_resumes_its_schedule(fits, stop_at):
    recipe = Recipe(steps=12, schedule="cosine", learning_rate=0.03, stop_at=stop_at, check_every=2)
    data = sample()
    rl.train(ARCH, data, IterativeMagnitude(0.3, rate=0.5, rewind_to=5), [0, 1], recipe)
    plain = replace(recipe, stop_at=None)
    dense = fits[0][0]
    origin = fit(dense, batch([data.x], [data.y]), plain, last_step=5)
    for number, (start, used, steps, _) in enumerate(fits):
        if number == 0:
            assert steps["last_step"] == 5
            continue
        assert steps["first_step"] == 5
        assert used == recipe
        for w, b, m in zip(start.weights, origin.weights, start.masks, strict=True):
            assert torch.equal(w, b.masked_fill(~m, 0.0))
        assert torch.equal(start.biases[0], origin.biases[0])
        # the initial values on record stay those before any training
        assert torch.equal(start.initial["W1"], dense.weights[0])


def test_searches_do_not_round_but_the_last_training_does(fits):
    recipe = replace(QUICK, straight_through=StraightThrough(1, "zero"))
    stack = rl.train(ARCH, sample(), IterativeMagnitude(0.5), [0], recipe)
    assert [r.straight_through for _, r, _, _ in fits] == [None] * (len(fits) - 1) + [recipe.straight_through]
    kept = stack.weights[0][0][stack.masks[0][0]]
    assert len(kept.abs().unique()) == 1


def test_networks_that_have_reached_their_count_train_no_further(fits):
    densities = [1.0, 0.5, 0.1]
    stack = rl.train(ARCH, sample(), IterativeMagnitude(0.5, rate=0.5), range(3), QUICK, densities=densities)
    assert [len(call[0]) for call in fits] == [2, 1, 1, 1, 3]
    for place, density in enumerate(densities):
        alone = rl.train(ARCH, sample(), IterativeMagnitude(density, rate=0.5), [place], QUICK)
        assert same_network(stack, place, alone, 0)


def test_survivors_come_from_the_survivors_even_where_their_weights_are_zero():
    start = initial_stack(ARCH, [0], QUICK.initialisation)
    data = sample()
    session = base.Session(start, batch([data.x], [data.y]), QUICK, (0,), (20,), ("W1", "W2"))
    half = start.with_masks([torch.arange(48).reshape(1, 8, 6) < 24, start.masks[1]])
    zeros = [np.zeros((1, 8, 6)), np.zeros((1, 1, 8))]
    masks = session.masks_from(zeros, "global", within=half)
    assert sum(int(m.sum()) for m in masks) == 20
    assert not (masks[0] & ~half.masks[0]).any()


def test_fit_in_the_session_is_the_one_of_the_room():
    assert base.fit is room.fit


@pytest.mark.parametrize("rewind_to", [0, 4])
def test_rewinding_the_schedule_alone_keeps_the_trained_weights(fits, rewind_to):
    recipe = Recipe(steps=12, schedule="cosine", learning_rate=0.03)
    pruner = IterativeMagnitude(0.3, rate=0.4, rewind="schedule", rewind_to=rewind_to)
    stack = rl.train(ARCH, sample(), pruner, [0, 1], recipe)
    counts = pruner.schedule(56, kept_count(0.3, 56))
    assert len(fits) == len(counts) + 1  # one dense training, and one after each round
    masks = [[np.ones(s, dtype=bool) for s in ARCH.shapes] for _ in range(2)]
    for number, (start, _, steps, _) in enumerate(fits):
        assert steps["first_step"] == (rewind_to if number else 0)
        assert steps.get("last_step") is None
        if number == 0:
            continue
        before = fits[number - 1][3]
        for place in range(2):
            masks[place] = top_of(before[place].weights, masks[place], counts[number - 1])
            for i in range(2):
                kept = np.where(masks[place][i], before[place].weights[i], 0.0)
                assert np.array_equal(start[place].weights[i], kept)
            assert np.array_equal(start[place].biases[0], before[place].biases[0])
    for place in range(2):
        assert all(np.array_equal(a, b) for a, b in zip(stack[place].masks, masks[place], strict=True))


def test_the_two_ways_of_rewinding_part_after_the_first_round():
    data, found = sample(), {}
    for density in (0.5, 0.25):
        for rewind in ("weights", "schedule"):
            pruner = IterativeMagnitude(density, rate=0.5, rewind=rewind)
            found[density, rewind] = rl.train(ARCH, data, pruner, range(6), QUICK).masks
    assert all(map(torch.equal, found[0.5, "weights"], found[0.5, "schedule"]))
    assert not all(map(torch.equal, found[0.25, "weights"], found[0.25, "schedule"]))


def test_layerwise_rounds_end_at_counts_of_their_own():
    """The one-shot share of a layer is not what rounds of rounding leave: both cannot be the cap."""
    pruner = IterativeMagnitude(0.15, scope="layerwise")
    assert pruner.fixed_counts(ARCH.shapes, 8) == (6, 2)
    assert layer_counts(np.array([48, 8]), 8).tolist() == [7, 1]
    stack = rl.train(ARCH, sample(), IterativeMagnitude(8 / 56, scope="layerwise"), range(2), QUICK)
    assert all([int(m.sum()) for m in net.masks] == [6, 2] for net in stack)
