"""Edge-popup: frozen weights, exactly K of them, and scores that learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, same_network, sample

import robustlaw as rl
from robustlaw.errors import InfeasibleDensity
from robustlaw.networks import Mlp, Recipe, SignedConstant, StraightThrough, batch, initial_stack
from robustlaw.pruning import EdgePopup, Mask, Random, kept_count
from robustlaw.pruning.base import Session
from robustlaw.pruning.densities import erdos_renyi
from robustlaw.pruning.selection import layer_counts
from robustlaw.pruning.supermask import _Popup

SOURCE = Recipe(
    steps=60, learning_rate=0.05, initialisation=SignedConstant(1.5), frozen=frozenset({"b1", "b2"})
)


@pytest.mark.parametrize("optimiser", ["sgd", "adam", "adamw"])
@pytest.mark.parametrize("maskable", [None, frozenset({"W1"})])
def test_weights_are_the_initial_ones_on_the_mask_and_zero_elsewhere(optimiser, maskable):
    recipe = replace(SOURCE, optimiser=optimiser, weight_decay=0.1, straight_through=StraightThrough(1))
    stack = rl.train(ARCH, sample(), EdgePopup(0.4), range(3), recipe, maskable=maskable)
    names = maskable or frozenset({"W1", "W2"})
    assert stack.frozen == names | {"b1", "b2"}
    for net in stack:
        for name, w, m in zip(("W1", "W2"), net.weights, net.masks, strict=True):
            if name in names:
                assert np.array_equal(w, np.where(m, net.origin.initial[name], 0.0))
                assert not np.signbit(w[~m]).any()
            else:
                assert m.all()
                assert not np.array_equal(w, net.origin.initial[name])  # trained, and so charged
        assert np.array_equal(net.biases[0], net.origin.initial["b1"])


def test_biases_are_trained_unless_they_are_frozen():
    stack = rl.train(ARCH, sample(), EdgePopup(0.4), [0], replace(SOURCE, frozen=frozenset({"b2"})))
    assert stack.frozen == {"W1", "W2", "b2"}
    assert not np.array_equal(stack[0].biases[0], stack[0].origin.initial["b1"])


@settings(max_examples=20)
@given(st.integers(1, 7), st.integers(1, 7), st.sampled_from([0.1, 0.3, 0.5, 0.95, 1.0]))
def test_layer_counts_are_fixed_beforehand(d, h, density):
    arch = Mlp((d, h, 1))
    count = int(density * arch.weight_count + 0.5)
    if count == 0:
        return
    recipe = replace(SOURCE, steps=3)
    stack = rl.train(arch, sample(dim=d), EdgePopup(density), range(2), recipe)
    wanted = layer_counts(np.array([d * h, h]), count).tolist()
    for net in stack:
        assert [int(m.sum()) for m in net.masks] == wanted


def test_the_scores_learn():
    data = sample(n=24)
    learned = rl.train(ARCH, data, EdgePopup(0.5), range(8), replace(SOURCE, steps=200))
    # the same source with random masks: nothing but b2 trained, at a rate that leaves it alone
    idle = replace(SOURCE, steps=1, learning_rate=1e-30, frozen=frozenset({"b1"}))
    random = rl.train(ARCH, data, Random(0.5), range(8), idle, maskable=frozenset({"W1", "W2"}))
    fixed = []
    for net in random:
        weights = [np.where(m, net.origin.initial[f"W{i + 1}"], 0.0) for i, m in enumerate(net.masks)]
        fixed.append(float(np.mean((net.replace(weights)(data.x)[:, 0] - data.y) ** 2)))
    assert all(fact["loss"] < 0.8 * loss for fact, loss in zip(learned.facts, fixed, strict=True))


def popup(seed=0, density_counts=(20, 9), dtype=torch.float64):
    arch = Mlp((5, 6, 1))
    keys = tuple(range(len(density_counts)))
    start = initial_stack(arch, list(keys), SignedConstant(1.5), dtype=dtype)
    data = sample(seed, n=10, dim=5)
    session = Session(
        start, batch([data.x], [data.y], dtype=dtype), SOURCE, keys, density_counts, ("W1", "W2")
    )
    return start, _Popup(session, EdgePopup(0.5))


def test_forward_uses_the_largest_scores_whatever_their_sign():
    start, model = popup()
    for leaf in model.leaves.values():
        leaf.data *= torch.where(torch.rand_like(leaf) < 0.5, -1.0, 1.0)
    counts = [layer_counts(np.array([30, 6]), k) for k in (20, 9)]
    for layer, (w, m) in enumerate(zip(model.weights(), model.masks(), strict=True)):
        scores = model.leaves[f"W{layer + 1}"].detach()
        for net in range(2):
            kept, flat = m[net].flatten(), scores[net].abs().flatten()
            assert int(kept.sum()) == counts[net][layer]
            assert float(flat[kept].min()) > float(flat[~kept].max())
            assert torch.equal(w[net], start.weights[layer][net].masked_fill(~m[net], 0.0))


def test_ties_among_scores_still_give_the_exact_count():
    _, model = popup()
    for value in (0.0, -1.0, 1e30):
        for leaf in model.leaves.values():
            leaf.data.fill_(value)
        assert [sum(int(m[net].sum()) for m in model.masks()) for net in range(2)] == [20, 9]


def test_ties_are_broken_in_a_seeded_order():
    _, model = popup(density_counts=(20,) * 40)
    for leaf in model.leaves.values():
        leaf.data.fill_(1.0)
    share = model.masks()[0].flatten(1).double().mean(0)
    # 17 of 30 are kept; over 40 networks an entry's share has deviation .08
    assert float(share.min()) > 0.2
    assert float(share.max()) < 0.95


def test_the_gradient_reaches_every_score_as_if_the_mask_were_the_identity():
    start, model = popup()
    weights = model.weights()
    with torch.no_grad():
        model.leaves["W1"] *= -1.0
    weights = model.weights()
    upstream = [torch.as_tensor(np.random.default_rng(i).normal(size=w.shape)) for i, w in enumerate(weights)]
    sum((w * u).sum() for w, u in zip(weights, upstream, strict=True)).backward()
    for layer, u in enumerate(upstream):
        # d|s| = g * theta, on kept and removed entries alike
        leaf = model.leaves[f"W{layer + 1}"]
        wanted = u * start.weights[layer] * torch.sign(leaf.detach())
        assert torch.allclose(leaf.grad, wanted, rtol=1e-14, atol=0.0)


def test_scores_depend_on_the_seed_alone():
    _, one = popup()
    arch = Mlp((5, 6, 1))
    start = initial_stack(arch, [1], SignedConstant(1.5), dtype=torch.float64)
    data = sample(3, n=10, dim=5)
    session = Session(
        start, batch([data.x], [data.y], dtype=torch.float64), SOURCE, (1,), (12,), ("W1", "W2")
    )
    alone = _Popup(session, EdgePopup(0.5))
    assert torch.equal(one.leaves["W1"][1], alone.leaves["W1"][0])
    assert not torch.equal(one.leaves["W1"][0], one.leaves["W1"][1])
    taken = one.take([1, 1])
    assert torch.equal(taken.leaves["W1"][0], one.leaves["W1"][1])
    assert all(torch.equal(a[0], b[1]) for a, b in zip(taken.masks(), one.masks(), strict=True))


def test_inside_a_sparse_source_only_its_entries_are_kept():
    recipe = replace(SOURCE, steps=30)
    pruner = EdgePopup(0.2, source=0.5)
    data = sample()
    densities = [0.2, 0.05, 0.5] * 3
    stack = rl.train(ARCH, data, pruner, range(9), recipe, densities=densities)
    # the source at its own count: with all candidates kept nothing is left to learn
    sources = rl.train(ARCH, data, EdgePopup(0.5, source=0.5), range(9), recipe)
    wanted = erdos_renyi(ARCH.shapes, 28)
    for place, (net, source) in enumerate(zip(stack, sources, strict=True)):
        assert [int(m.sum()) for m in source.masks] == wanted.tolist()
        assert Mask.of(net).issubset(Mask.of(source))
        assert [int(m.sum()) for m in net.masks] == layer_counts(
            wanted, kept_count(densities[place], 56)
        ).tolist()
        alone = rl.train(ARCH, data, pruner, [place], recipe, densities=[densities[place]])
        assert same_network(stack, place, alone, 0)
    assert pruner.fixed_counts(ARCH.shapes, 11) == tuple(layer_counts(wanted, 11).tolist())
    with pytest.raises(InfeasibleDensity, match="source"):
        rl.train(ARCH, data, EdgePopup(0.6, source=0.5), [0], recipe)
    with pytest.raises(InfeasibleDensity, match="density"):
        EdgePopup(0.5, source=0.0)
