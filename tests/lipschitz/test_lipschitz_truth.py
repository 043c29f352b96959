"""The bracket contains the truth, for networks whose truth can be enumerated."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import (
    EFFORTS,
    exact_line,
    exact_plane_cones,
    exact_shallow,
    free_pattern_constant,
    random_net,
    shallow,
)

from robustlaw.lipschitz import bracket, bracket_stack
from robustlaw.networks import ACTIVATIONS, activation

# The oracles work in plain float64 and are right to about this, relative.
ORACLE = 1e-9


def encloses(found, truth):
    return found.lower <= truth * (1 + ORACLE) and found.upper >= truth * (1 - ORACLE)


shapes = {
    "seed": st.integers(0, 10**6),
    "activation": st.sampled_from(["relu", "leaky_relu"]),
    "density": st.sampled_from([0.3, 0.7, 1.0]),
    "bias": st.sampled_from([0.0, 1.0]),
    "scale": st.sampled_from([1e-6, 1.0, 1e6]),
    "duplicate": st.booleans(),
}


@given(st.integers(1, 4), st.integers(1, 6), st.fixed_dictionaries(shapes))
@settings(max_examples=50)
def test_one_hidden_layer(d, h, how):
    net = random_net((d, h, 1), **how)
    low, high = activation(net.arch.activation).slope_low, 1.0
    truth = exact_shallow(net, low, high)
    fast, tight = (bracket(net, effort) for effort in EFFORTS)
    assert encloses(fast, truth)
    assert encloses(tight, truth)
    assert fast.lower <= tight.lower
    assert tight.upper <= fast.upper
    reach = free_pattern_constant(net.weights[0], net.weights[1], low, high)
    assert tight.upper >= reach * (1 - ORACLE)
    assert tight.upper <= 1.2534 * reach * (1 + 1e-6) + 1e-300  # Nesterov's sqrt(pi / 2)


@given(st.lists(st.integers(1, 4), min_size=2, max_size=3), st.fixed_dictionaries(shapes))
def test_one_input_and_several_layers(hidden, how):
    net = random_net((1, *hidden, 1), **how)
    truth = exact_line(net, activation(net.arch.activation).slope_low)
    for effort in EFFORTS:
        assert encloses(bracket(net, effort), truth)


@given(
    st.sampled_from(sorted(ACTIVATIONS)),
    st.lists(st.integers(1, 5), min_size=2, max_size=4),
    st.integers(1, 3),
    st.integers(0, 10**6),
    st.sampled_from([1e-3, 1.0, 30.0]),
)
def test_no_gradient_is_above_the_upper_end(name, widths, outputs, seed, scale):
    net = random_net((*widths, outputs), seed, name, scale=scale)
    x = (
        np.random.default_rng(seed).standard_normal((300, widths[0]))
        * np.repeat([0.01, 1.0, 100.0], 100)[:, None]
    )
    with np.errstate(over="ignore", under="ignore"):
        steepest = np.linalg.norm(net.gradients(x), ord=2, axis=(1, 2)).max()
    for effort in EFFORTS:
        found = bracket(net, effort, points=x)
        assert found.upper >= steepest * (1 - ORACLE)
    assert found.lower >= 0.0


@pytest.mark.parametrize("seed", range(5))
def test_given_points_are_tried(seed):
    net = random_net((6, 5, 5, 2), seed)
    x = np.random.default_rng(seed).standard_normal((50, 6)) * 3
    steepest = np.linalg.norm(net.gradients(x), ord=2, axis=(1, 2)).max()
    assert bracket(net, "fast", points=x).lower >= 0.9 * steepest
    one = random_net((3, 4, 1), seed)
    gradient = np.linalg.norm(one.gradients(x[:, :3]), axis=(1, 2)).max()
    assert bracket(one, "fast", points=x[:, :3]).lower >= gradient * (1 - 1e-12)


def test_zero_bias_in_the_plane_is_found_exactly():
    nets = [random_net((2, 9, 1), seed, bias=0.0) for seed in range(20)]
    for net, found in zip(nets, bracket_stack(nets), strict=True):
        truth = exact_plane_cones(net)
        assert encloses(found, truth)
        assert found.lower >= truth * (1 - 1e-9)


def test_independent_rows_give_the_free_pattern_constant():
    nets = [random_net((14, 10, 1), seed, bias=bias) for seed in range(8) for bias in (0.0, 1.0)]
    for net, found in zip(nets, bracket_stack(nets), strict=True):
        reach = free_pattern_constant(*net.weights)
        assert found.lower == pytest.approx(reach, rel=1e-12)
        assert reach <= found.upper <= 1.05 * reach


def test_one_sign_of_output_weights_is_attained_far_out():
    """Fact 3(b): all v_i of one sign and more units than inputs."""
    rng = np.random.default_rng(3)
    for seed in range(5):
        net = random_net((3, 9, 1), seed)
        net = net.replace(weights=[net.weights[0], np.abs(net.weights[1]) + 0.1 * rng.random((1, 9))])
        assert bracket(net).lower == pytest.approx(free_pattern_constant(*net.weights), rel=1e-9)


def test_linear_models_are_exact():
    rng = np.random.default_rng(0)
    for shape in ((1, 7), (4, 3), (3, 50)):
        net = random_net((shape[1], shape[0]), int(rng.integers(99)))
        for effort in EFFORTS:
            found = bracket(net, effort)
            truth = np.linalg.norm(net.weights[0], 2)
            assert encloses(found, truth)
            assert found.width <= 1e-11 * truth


def test_a_deep_linear_network_is_its_product():
    net = random_net((5, 6, 4, 2), 1, "identity")
    found = bracket(net, "fast")
    truth = np.linalg.norm(net.weights[2] @ net.weights[1] @ net.weights[0], 2)
    assert encloses(found, truth)
    assert found.width <= 1e-11 * truth


def test_non_negative_upper_layers_reduce_to_one_layer():
    """Fact 4: the constant of a deep network, from a one-layer enumeration."""
    for seed in range(6):
        net = random_net((3, 6, 4, 1), seed)
        net = net.replace(weights=[net.weights[0], *(np.abs(w) for w in net.weights[1:])])
        truth = free_pattern_constant(net.weights[0], net.weights[2] @ net.weights[1])
        for effort in EFFORTS:
            assert encloses(bracket(net, effort), truth)
        assert bracket(net).lower >= 0.9 * truth


def test_a_wide_input_makes_the_bracket_nearly_exact():
    """64-16-1 with output weights +-1/4 and no biases: only the relaxation's own gap is left."""
    nets = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        w, v = rng.standard_normal((16, 64)) / 8, rng.choice([-0.25, 0.25], (1, 16))
        nets.append(shallow(w, v))
    ratios = [found.upper / found.lower for found in bracket_stack(nets)]
    assert max(ratios) < 1.03
    assert np.median(ratios) < 1.005


def test_tight_lower_ends_are_close_to_the_truth():
    """Fewer inputs than units: line scans and realised patterns, against linear programs."""
    nets = [random_net((d, 8, 1), seed, bias=float(seed % 2)) for d in (2, 4, 6) for seed in range(6)]
    shares = [found.lower / exact_shallow(net) for net, found in zip(nets, bracket_stack(nets), strict=True)]
    assert min(shares) > 0.9
    assert np.mean(shares) > 0.99


@pytest.mark.parametrize("name", ["relu", "tanh"])
def test_the_line_search_improves_on_samples(name):
    nets = [random_net((8, 12, 12, 2), seed, name) for seed in range(8)]
    fast, tight = (bracket_stack(nets, effort) for effort in EFFORTS)
    assert np.mean([t.lower / f.lower for t, f in zip(tight, fast, strict=True)]) > 1.03
