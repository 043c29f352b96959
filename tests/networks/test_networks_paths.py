"""Networks whose masks leave no path from an input to an output are found, and are constant."""

import itertools

import numpy as np
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import robustlaw as rl
from robustlaw.networks import Mlp, Network, Recipe, Stack
from robustlaw.pruning import MagnitudeAtInit, Mask


def drawn_stack(widths, part, seed, nets=4):
    rng = np.random.default_rng(seed)
    arch = Mlp(tuple(widths))
    masks = tuple(torch.as_tensor(rng.random((nets, *s)) < part) for s in arch.shapes)
    weights = tuple(torch.as_tensor(rng.normal(size=m.shape)).masked_fill(~m, 0.0) for m in masks)
    biases = tuple(torch.as_tensor(rng.normal(size=(nets, s[0]))) for s in arch.shapes)
    return Stack(arch, weights, biases, masks)


@settings(max_examples=60)
@given(st.lists(st.integers(1, 4), min_size=2, max_size=5), st.floats(0, 1), st.integers(0, 10**6))
def test_collapse_is_the_absence_of_every_path(widths, part, seed):
    """All paths counted one by one by products of the masks."""
    stack = drawn_stack(widths, part, seed)
    found = stack.collapses()
    for place, net in enumerate(stack):
        counts = [m.astype(int) for m in net.masks]
        reach = list(itertools.accumulate(counts, lambda below, m: m @ below))
        assert (place in found) == (not reach[-1].any()) == (Mask.of(net).effective().nnz == 0)
        assert net.collapse == found.get(place)
        if place not in found:
            continue
        record = found[place]
        assert record.kept == Mask.of(net).layer_counts
        assert record.total == tuple(m.size for m in net.masks)
        assert record.layers == Mask.of(net).collapsed
        assert not reach[record.stop - 1].any()
        assert record.stop == 1 or reach[record.stop - 2].any()
        assert len(np.unique(net(np.random.default_rng(0).normal(size=(9, widths[0]))), axis=0)) == 1
        assert rl.lipschitz.bracket(net, "fast").upper == 0.0


def test_an_empty_layer_and_a_broken_chain():
    ones, left = np.ones((2, 2)), np.array([[True, True], [False, False]])
    layers = [(np.where(left, ones, 0.0), np.ones(2)), (np.array([[0.0, 1.0]]), np.zeros(1))]
    broken = Network.from_arrays(layers, masks=[left, np.array([[False, True]])]).collapse
    assert broken is not None
    assert (broken.layers, broken.stop, broken.nominal) == ((), 2, 3)
    empty = Network.from_arrays(
        [(ones * 0.0, np.ones(2)), (ones[:1], np.zeros(1))], masks=[ones * 0.0, ones[:1]]
    )
    assert empty.collapse is not None
    assert (empty.collapse.layers, empty.collapse.stop, empty.collapse.nominal) == (("W1",), 1, 2)
    # weights that happen to be 0 are kept all the same
    assert Network.from_arrays([(ones * 0.0, np.ones(2)), (ones[:1], np.zeros(1))]).collapse is None


def test_trained_stacks_tell_their_collapses():
    rng = np.random.default_rng(0)
    data = rl.Dataset.from_arrays(rng.normal(size=(20, 6)), rng.choice([-1.0, 1.0], 20))
    recipe = Recipe(steps=3)
    stack = rl.train(Mlp((6, 8, 1)), data, MagnitudeAtInit(0.05, scope="global"), range(30), recipe)
    found = stack.collapses()
    assert sorted(found) == [i for i, facts in enumerate(stack.facts) if facts["effective"] == 0]
    assert any(record.layers == ("W2",) for record in found.values())
    assert all(record.nominal == stack.facts[i]["kept"] == 3 for i, record in found.items())
    assert rl.train(Mlp((6, 8, 1)), data, None, range(3), recipe).collapses() == {}
