"""Changes of a network that leave its Lipschitz constant alone, or scale it."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import random_net

from robustlaw.lipschitz import bracket
from robustlaw.networks import Network

shapes = st.sampled_from([(3, 5, 1), (6, 4, 1), (3, 5, 4, 1), (2, 3, 4, 2)])
efforts = st.sampled_from(["fast", "tight"])


def same_upper(net, other, effort, factor=1.0, rel=1e-7):
    before, after = bracket(net, effort), bracket(other, effort)
    assert after.upper == pytest.approx(factor * before.upper, rel=rel)
    # Certified ends of one number: whatever found them, they may not contradict each other.
    assert after.lower <= factor * before.upper * (1 + 1e-12)
    assert factor * before.lower <= after.upper * (1 + 1e-12)


@given(shapes, st.integers(0, 999), efforts)
@settings(max_examples=15)
def test_permuting_units(widths, seed, effort):
    net = random_net(widths, seed)
    order = np.random.default_rng(seed).permutation(widths[1])
    layers = list(net.layers)
    layers[0] = (layers[0][0][order], layers[0][1][order])
    layers[1] = (layers[1][0][:, order], layers[1][1])
    same_upper(net, Network.from_arrays(layers), effort)


@given(shapes, st.integers(0, 999), efforts)
@settings(max_examples=15)
def test_rotating_inputs(widths, seed, effort):
    net = random_net(widths, seed)
    rotation = np.linalg.qr(np.random.default_rng(seed).standard_normal((widths[0],) * 2))[0]
    layers = list(net.layers)
    layers[0] = (layers[0][0] @ rotation, layers[0][1])
    same_upper(net, Network.from_arrays(layers), effort)


@given(shapes, st.integers(0, 999), st.sampled_from([1e-6, 1e-3, 2.0**13, 1e6]), efforts)
@settings(max_examples=15)
def test_scaling_one_layer_scales_the_bound(widths, seed, factor, effort):
    net = random_net(widths, seed)
    last = len(widths) - 2
    scaled = net.replace(weights=[w * factor if i == last else w for i, w in enumerate(net.weights)])
    same_upper(net, scaled, effort, factor, rel=1e-10)
    assert bracket(scaled, effort).lower == pytest.approx(factor * bracket(net, effort).lower, rel=1e-3)


@given(st.integers(0, 999), efforts)
@settings(max_examples=15)
def test_rescaling_units_of_one_hidden_layer(seed, effort):
    """Per unit only the semidefinite bound is invariant; powers of two per layer, all are."""
    net = random_net((4, 6, 1), seed)
    w, v, b = *net.weights, net.biases[0]
    powers = 2.0 ** np.random.default_rng(seed).integers(-8, 9, 6)
    layer = Network.from_arrays([(w * 8.0, b * 8.0), (v / 8.0, net.biases[1])])
    same_upper(net, layer, effort, rel=1e-12)
    units = Network.from_arrays([(w * powers[:, None], b * powers), (v / powers, net.biases[1])])
    if effort == "tight":
        same_upper(net, units, effort)


def test_components_add_in_squares():
    first, second = random_net((3, 4, 1), 0), random_net((5, 4, 1), 1)
    w = np.zeros((8, 8))
    w[:4, :3], w[4:, 3:] = first.weights[0], second.weights[0]
    v = np.concatenate([first.weights[1], second.weights[1]], axis=1)
    both = Network.from_arrays([(w, np.concatenate([first.biases[0], second.biases[0]])), (v, np.zeros(1))])
    parts = np.hypot(bracket(first).upper, bracket(second).upper)
    assert bracket(both).upper == pytest.approx(parts, rel=1e-6)


@given(shapes, st.integers(0, 999))
@settings(max_examples=15)
def test_a_mask_is_explicit_zeros(widths, seed):
    net = random_net(widths, seed, density=0.6)
    masked = Network.from_arrays(list(net.layers), masks=[w != 0.0 for w in net.weights])
    assert bracket(net) == bracket(masked)


def test_the_seed_decides():
    net = random_net((4, 8, 8, 1), 0)
    assert bracket(net, seed=3) == bracket(net, seed=3)
    assert bracket(net, seed=3).witness != bracket(net, seed=4).witness
