"""The exact rung equals brute force, published values and closed forms."""

import time
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import (
    exact_line,
    exact_plane_cones,
    exact_shallow,
    free_pattern_constant,
    random_net,
    shallow,
)
from scipy.optimize import linprog
from test_lipschitz_reference import load

from robustlaw.errors import InvalidArgument
from robustlaw.lipschitz import bracket, check_tree
from robustlaw.lipschitz.exact.model import Model
from robustlaw.lipschitz.exact.shallow import search
from robustlaw.networks import Network

# The oracles are right to about this in float64; the rung's own tolerance is 1e-6.
ORACLE, TOLERANCE = 1e-9, 1.01e-6


def is_exactly(found, truth):
    return truth * (1 - ORACLE) <= found.upper <= truth * (1 + TOLERANCE) and (
        truth * (1 - TOLERANCE) <= found.lower <= truth * (1 + ORACLE)
    )


def exact_deep(net):
    """Two hidden layers, any outputs: a linear program for every pattern."""
    (w1, b1), (w2, b2), (w3, _) = net.layers
    best = 0.0
    for first in product((0.0, 1.0), repeat=len(w1)):
        s = np.array(first)
        top, shift = (w2 * s) @ w1, (w2 * s) @ b1 + b2
        if not _has_interior(w1, b1, s):
            continue
        for second in product((0.0, 1.0), repeat=len(w2)):
            t = np.array(second)
            norm = np.linalg.norm((w3 * t) @ top, 2)
            if norm > best and _has_interior(np.vstack([w1, top]), np.append(b1, shift), np.append(s, t)):
                best = norm
    return best


def _has_interior(w, b, on):
    size = np.linalg.norm(w, axis=1)
    keep = (size > 1e-12) | (np.abs(b) > 1e-12)
    sign, size = np.where(on, 1.0, -1.0)[keep], np.maximum(size[keep], 1e-9)
    rows = np.column_stack([-sign[:, None] * w[keep] / size[:, None], np.ones(len(sign))])
    done = linprog(
        [0.0] * w.shape[1] + [-1.0],
        A_ub=rows,
        b_ub=sign * b[keep] / size,
        bounds=[(None, None)] * w.shape[1] + [(None, 1.0)],
    )
    return done.status == 0 and -done.fun > 1e-9


how = {
    "seed": st.integers(0, 10**6),
    "activation": st.sampled_from(["relu", "leaky_relu"]),
    "density": st.sampled_from([0.5, 1.0]),
    "bias": st.sampled_from([0.0, 1.0]),
    "scale": st.sampled_from([1e-6, 1.0, 1e6]),
    "duplicate": st.booleans(),
}


@given(st.integers(1, 5), st.integers(1, 7), st.fixed_dictionaries(how))
@settings(max_examples=60)
def test_one_hidden_layer(d, h, how):
    net = random_net((d, h, 1), **how)
    found = bracket(net, "exact")
    assert is_exactly(found, exact_shallow(net, 0.01 if how["activation"] == "leaky_relu" else 0.0))
    tight = bracket(net)
    assert tight.lower <= found.lower <= found.upper <= tight.upper
    if found.certificate is not None and found.certificate.kind == "tree":
        assert check_tree(net, found)


@given(st.lists(st.integers(1, 6), min_size=1, max_size=3), st.fixed_dictionaries(how))
@settings(max_examples=40)
def test_one_input(hidden, how):
    net = random_net((1, *hidden, 1), **how)
    found = bracket(net, "exact")
    assert is_exactly(found, exact_line(net, 0.01 if how["activation"] == "leaky_relu" else 0.0))


@pytest.mark.parametrize("widths", [(2, 4, 3, 1), (2, 3, 4, 2), (3, 4, 3, 1), (4, 3, 4, 2)])
def test_two_hidden_layers(widths):
    for seed in range(6):
        net = random_net(widths, seed, bias=float(seed % 3 > 0), duplicate=seed % 2 == 1)
        found = bracket(net, "exact")
        assert is_exactly(found, exact_deep(net))
        assert found.certificate is not None
        assert found.certificate.kind != "tree" or check_tree(net, found)


def test_trap_13_cones_without_biases():
    for seed in range(10):
        net = random_net((2, 9, 1), seed, bias=0.0)
        assert is_exactly(bracket(net, "exact"), exact_plane_cones(net))
        # The same network in three dimensions goes to branch and bound.
        wide = Network.from_arrays(
            [(np.column_stack([net.weights[0], np.zeros(9)]), np.zeros(9)), (net.weights[1], [0.0])]
        )
        assert is_exactly(bracket(wide, "exact"), exact_plane_cones(net))


def test_trap_5_reachability_decides():
    assert is_exactly(bracket(shallow([[1], [-1]], [1, -1]), "exact"), 1.0)
    assert is_exactly(bracket(shallow([[1], [-1]], [1, -1], [1, 1]), "exact"), 2.0)
    three = [[1.0, 0.0, 0.0], [-1.0, 0.0, 0.0]]
    assert is_exactly(bracket(shallow(three, [1, -1]), "exact"), 1.0)
    assert is_exactly(bracket(shallow(three, [1, -1], [1, 1]), "exact"), 2.0)
    assert is_exactly(bracket(shallow([[1], [1], [1]], [1, -2, 1], [1, 0, -1]), "exact"), 1.0)
    assert is_exactly(bracket(shallow([[1], [-1]], [1, 1]), "exact"), 1.0)


@pytest.mark.parametrize("far", [1e3, 1e12])
def test_trap_12_far_and_unbounded_cells(far):
    for zeros in (0, 1, 2):
        row = [[1.0] + [0.0] * zeros]
        assert is_exactly(bracket(shallow(row, [1.0], [-far]), "exact"), 1.0)
    # Both units are on only in a cone that opens far out to the right.
    net = shallow([[1.0, 0.1], [1.0, -0.1], [-1.0, 0.0]], [1.0, 1.0, 0.5], [-far, -far, 0.0])
    assert is_exactly(bracket(net, "exact"), 2.0)


def test_trap_7_the_tolerance_is_not_lost():
    for seed in range(200):
        net = random_net((3, 12, 1), seed) if seed < 20 else random_net((12, 12, 1), seed)
        found = bracket(net, "exact", tolerance=1e-2)
        truth = exact_shallow(net) if seed < 20 else free_pattern_constant(*net.weights)
        assert found.lower <= truth * (1 + ORACLE)
        assert truth * (1 - ORACLE) <= found.upper <= found.lower * 1.0101


def test_trap_18_deep_leaves_are_attained():
    """Three hidden layers in the plane, and the same function with a third input."""
    for seed in range(4):
        net = random_net((2, 4, 4, 3, 1), seed)
        plane = bracket(net, "exact")
        first = np.column_stack([net.weights[0], np.zeros(4)])
        wide = Network.from_arrays(
            [(first, net.biases[0]), *zip(net.weights[1:], net.biases[1:], strict=True)]
        )
        deep = bracket(wide, "exact")
        assert "branch and bound" in deep.method
        assert deep.lower <= plane.upper * (1 + 1e-12)
        assert is_exactly(deep, plane.upper)
        assert check_tree(wide, deep)


def test_fact_4_non_negative_upper_layers():
    for seed in range(5):
        net = random_net((3, 6, 4, 1), seed)
        net = net.replace(weights=[net.weights[0], *(np.abs(w) for w in net.weights[1:])])
        truth = free_pattern_constant(net.weights[0], net.weights[2] @ net.weights[1])
        assert is_exactly(bracket(net, "exact"), truth)


def test_fact_3_without_feasibility():
    rng = np.random.default_rng(0)
    for seed in range(5):
        independent = random_net((14, 12, 1), seed)
        assert is_exactly(bracket(independent, "exact"), free_pattern_constant(*independent.weights))
        one_sign = random_net((3, 12, 1), seed)
        one_sign = one_sign.replace(weights=[one_sign.weights[0], 0.1 + rng.random((1, 12))])
        assert is_exactly(bracket(one_sign, "exact"), free_pattern_constant(*one_sign.weights))
    smooth = random_net((14, 12, 1), 1, "tanh")
    reach = free_pattern_constant(*smooth.weights)
    assert reach * (1 - ORACLE) <= bracket(smooth, "exact").upper <= reach * (1 + TOLERANCE)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("exlipbab_iris_4x6x6x3", 11.634355134114875),
        ("exlipbab_abalone_9x16x16x1", 11.121602332235268),
        ("exlipbab_wine_11x12x12x1", 1.7433699967107172),
    ],
)
def test_published_networks(name, exact):
    net = load(name)
    found = bracket(net, "exact", seconds=40.0)
    assert found.lower <= exact * (1 + 1e-12) <= found.upper * (1 + 2e-12)
    assert found.upper <= found.lower * (1 + TOLERANCE)
    assert check_tree(net, found)


@pytest.mark.parametrize(
    ("d", "h", "density"), [(10, 50, 0.3), (20, 100, 0.3), (100, 100, 0.1), (784, 100, 1.0)]
)
def test_free_patterns_of_a_hundred_units(d, h, density):
    """T3: a median below 1 s; 5 s leaves room for a busy machine and the type checks of the tests."""
    seconds = []
    for seed in range(3):
        rng = np.random.default_rng(seed)
        w, v = rng.standard_normal((h, d)) * (rng.random((h, d)) < density), rng.standard_normal((1, h))
        model = Model.of(shallow(w, v))
        begin = time.perf_counter()
        state, root = search(model, None, 0.0, 1e-6, time.monotonic() + 60.0)
        upper = state.upper(root)
        seconds.append(time.perf_counter() - begin)
        assert state.finished
        steepest = np.where(state.steepest > 0, 1.0, 0.0)
        reached = np.linalg.norm((v[0] * steepest) @ w)
        assert reached * (1 - ORACLE) <= upper <= reached * (1 + TOLERANCE)
    assert np.median(seconds) < 5.0


@given(st.lists(st.integers(1, 4), min_size=2, max_size=2), st.integers(1, 3), st.fixed_dictionaries(how))
@settings(max_examples=25)
def test_degenerate_networks_with_two_hidden_layers(hidden, outputs, how):
    """Scaled by c in every layer, biases with their layer, the constant is c^3 times as large."""
    plain = random_net((3, *hidden, outputs), **{**how, "activation": "relu", "scale": 1.0})
    c = 2.0 ** round(np.log2(how["scale"]))
    net = plain.replace(
        weights=[c * w for w in plain.weights], biases=[c ** (k + 1) * b for k, b in enumerate(plain.biases)]
    )
    found = bracket(net, "exact")
    truth = c**3 * exact_deep(plain)
    # A unit that is constantly 0 on the steepest cell may cost the lower end its witness.
    assert found.lower <= truth * (1 + ORACLE)
    assert truth * (1 - ORACLE) <= found.upper <= truth * (1 + TOLERANCE) + 1e-250
    if found.certificate is not None and found.certificate.kind == "tree":
        assert check_tree(net, found)


@pytest.mark.parametrize("widths", [(5, 60, 1), (8, 16, 16, 1), (2, 64, 64, 64, 1)])
def test_little_time_leaves_an_honest_bracket(widths):
    net = random_net(widths, 3)
    found, tight = bracket(net, "exact", seconds=0.1), bracket(net)
    assert tight.lower <= found.lower <= found.upper <= tight.upper
    assert found.upper > found.lower * (1 + TOLERANCE)
    x = np.random.default_rng(0).standard_normal((3000, widths[0])) * 3
    assert found.upper >= np.linalg.norm(net.gradients(x), axis=(1, 2)).max()


def test_budgets_are_checked():
    net = random_net((3, 4, 1), 0)
    for wrong in ({"seconds": -1.0}, {"tolerance": float("nan")}, {"seconds": float("inf")}):
        with pytest.raises(InvalidArgument):
            bracket(net, "exact", **wrong)
