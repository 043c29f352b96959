"""Duplicate units: joined where that is exact and nowhere else, proved by a checker that repeats it."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import exact_line, random_net, shallow

from robustlaw.evidence import Bracket, Certificate, from_json, to_json
from robustlaw.lipschitz import CHECKERS as PROVERS
from robustlaw.lipschitz import bracket, bracket_stack, check
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.merging import merge
from robustlaw.networks import Network

shapes = st.sampled_from([(3, 4, 1), (6, 3, 1), (3, 4, 3, 1), (2, 3, 4, 2)])


def short(net):
    """Weights of 24 bits, so that quarters of them add up exactly."""
    layers = [(w.astype(np.float32).astype(float), b.astype(np.float32).astype(float)) for w, b in net.layers]
    return Network.from_arrays(layers, net.arch.activation)


def split(net, layer, unit, power, share=0.75):
    """The same function with a unit of the layer shared between itself and a copy, 2^power as large."""
    layers = [[w.copy(), b.copy()] for w, b in net.layers]
    (w, b), (onward, _) = layers[layer], layers[layer + 1]
    layers[layer] = [np.vstack([w, w[unit] * 2.0**power]), np.append(b, b[unit] * 2.0**power)]
    column = onward[:, [unit]]
    layers[layer + 1][0] = np.hstack([onward, column * (1 - share) * 2.0**-power])
    layers[layer + 1][0][:, unit] *= share
    return Network.from_arrays([tuple(pair) for pair in layers], net.arch.activation)


@given(
    shapes,
    st.integers(0, 999),
    st.sampled_from(["relu", "leaky_relu", "tanh", "gelu"]),
    st.integers(-3, 3),
    st.booleans(),
    st.sampled_from(["fast", "tight"]),
)
@settings(max_examples=40)
def test_splitting_a_unit_changes_no_upper_end(widths, seed, name, power, last, effort):
    net = short(random_net(widths, seed, name))
    layer = len(widths) - 3 if last else 0
    power = power if name.endswith("relu") else 0
    twins = split(net, layer, seed % widths[layer + 1], power)
    before, after = bracket(net, effort), bracket(twins, effort)
    assert after.upper == pytest.approx(before.upper, rel=1e-9)
    assert after.certificate.kind == "merged multipliers"
    stored = from_json(to_json(after))
    assert check(twins, stored).reasons == ()
    lowered = replace(stored, upper=max(stored.lower, stored.upper * (1 - 1e-6)))
    assert lowered.upper == stored.lower or not check(twins, lowered).ok


@given(shapes, st.integers(0, 999), st.integers(-3, 3))
@settings(max_examples=25)
def test_the_merged_network_is_the_same_function(widths, seed, power):
    twins = split(split(short(random_net(widths, seed)), 0, 0, power), 0, 1, -power)
    batch = Batch.of([twins])
    merged = merge(batch)
    assert len(merged.joined[0]) == 6
    weights = [w[0] for w in merged.batch.weights]
    assert sum(int(a.sum()) for a in merged.batch.alive) == sum(int(a.sum()) for a in batch.alive) - 2
    other = Network.from_arrays(list(zip(weights, twins.biases, strict=True)))
    x = np.random.default_rng(seed).standard_normal((50, widths[0]))
    np.testing.assert_allclose(other(x), twins(x), rtol=1e-12, atol=1e-12)


def test_merging_lowers_the_bound_to_the_truth():
    """One unit twice, with weights of both signs: free patterns of all three units reach 3/2."""
    net = shallow([[1.0], [2.0], [-1.0]], [1.0, -0.25, 1.0], [0.5, 1.0, 0.25])
    found = bracket(net)
    assert found.upper == pytest.approx(exact_line(net), rel=1e-9) == 1.0
    for claim in (
        (),
        (0, 2, 0),
        (0, 1, 2),
        (0, 1, 1),
        (0, -2, 0),
        (0, 1, -3),
        (1, 0, 0),
        (-2, 1, 0),
        (0, 5, 0),
    ):
        numbers = {**found.certificate.numbers, "joined": tuple(map(float, claim))}
        assert not check(net, replace(found, certificate=Certificate("merged multipliers", numbers))).ok
    numbers = {k: v for k, v in found.certificate.numbers.items() if k != "joined"}
    assert not check(net, replace(found, certificate=Certificate("multipliers", numbers))).ok
    moved = net.replace(biases=[net.biases[0] * np.array([1.0, 1.0 + 1e-15, 1.0]), net.biases[1]])
    assert not check(moved, found).ok


def test_no_path_is_left_where_twins_cancel():
    net = shallow([[1.0, 2.0], [0.5, 1.0]], [1.0, -2.0], [3.0, 1.5])
    found = bracket(net)
    assert found.upper == found.lower == 0.0
    assert check(net, found).ok
    assert not check(net, Bracket(0.0, 0.0, certificate=Certificate("multipliers"))).ok
    other = net.replace(weights=[net.weights[0], net.weights[1] * np.array([[1.0, 1.0 + 1e-15]])])
    assert not check(other, found).ok
    mixed = bracket_stack([net, random_net((2, 2, 1), 0), other])
    assert mixed[0].upper == 0.0
    assert mixed[1].upper == pytest.approx(bracket(random_net((2, 2, 1), 0)).upper, rel=1e-9)
    assert 0.0 < mixed[2].upper < 1e-14


def test_merged_layers_make_later_units_equal():
    """Twins below, whose readers agree only in the sum of two weights."""
    first = (np.array([[1.0, 2.0], [2.0, 4.0], [3.0, -1.0]]), np.array([1.0, 2.0, 0.0]))
    second = (np.array([[1.0, 1.0, 4.0], [2.0, 0.5, 4.0], [3.0, 0.0, 4.0]]), np.zeros(3))
    net = Network.from_arrays([first, second, (np.array([[1.0, -3.0, 1.5]]), np.zeros(1))])
    assert merge(Batch.of([net])).joined == ((0.0, 1.0, 0.0, 1.0, 1.0, 0.0, 1.0, 2.0, 0.0),)
    found = bracket(net, "fast")
    assert check(net, found).ok
    joined = found.certificate.numbers["joined"]
    for claim in (joined[3:], joined[3:] + joined[:3], joined[3:6] + joined[:3] + joined[6:]):
        numbers = {**found.certificate.numbers, "joined": claim}
        assert not check(net, replace(found, certificate=Certificate("merged multipliers", numbers))).ok


@pytest.mark.parametrize(
    ("w", "v", "b", "name", "why"),
    [
        ([[1, 2], [1, np.nextafter(2, 3)]], [1, 1], [1, 1], "relu", "no multiple"),
        ([[1, 2], [2, 4]], [1, 1], [1, np.nextafter(2, 3)], "relu", "no multiple"),
        ([[1, 2], [2, 4]], [1, 1], [1, 2], "tanh", "not homogeneous"),
        ([[1, 2], [-1, -2]], [1, 1], [1, -1], "relu", "no multiple"),
        ([[1, 2], [1, 2]], [1, 2**-60], [1, 1], "relu", "not a column of floats"),
        ([[1, 2], [1, 2]], [1e308, 1e308], [1, 1], "relu", "Overflow"),
        ([[1, 2], [2**60, 2**61]], [1, 3 * 2.0**-1060], [1, 2**60], "leaky_relu", "not a column of floats"),
    ],
)
def test_what_is_not_exactly_the_same_stays_apart(w, v, b, name, why):
    net = shallow(w, v, b, name)
    assert merge(Batch.of([net])).joined == ((),)
    with pytest.raises((ValueError, OverflowError)) as refusal:
        PROVERS["merged multipliers"](net, 1e9, {"joined": (0.0, 1.0, 0.0)})
    assert why in repr(refusal.value)
    claim = Bracket(0.0, 1e9, certificate=Certificate("merged multipliers", {"joined": (0.0, 1.0, 0.0)}))
    assert check(net, claim).upper


def test_three_units_share_one_place():
    net = shallow([[1.0, -2.0]] * 3 + [[0.5, 1.0]], [1.0, 2.0, -1.5, 1.0], [1.0, 1.0, 1.0, 0.0])
    assert merge(Batch.of([net])).joined == ((0.0, 1.0, 0.0, 0.0, 2.0, 0.0),)
    small = shallow([[1.0, -2.0], [0.5, 1.0]], [1.5, 1.0], [1.0, 0.0])
    assert bracket(net).upper == pytest.approx(bracket(small).upper, rel=1e-9)
    assert check(net, bracket(net)).ok
