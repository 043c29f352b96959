"""Smooth activations on one or two inputs: subdivision of the projective plane, and its checker."""

import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lipschitz_oracles import random_net, shallow
from scipy.optimize import minimize_scalar

from robustlaw.evidence import Certificate
from robustlaw.lipschitz import Answer, bracket, check, decide
from robustlaw.lipschitz.certificate_slopes import BEND, DIP, PEAK
from robustlaw.lipschitz.exact.model import Model
from robustlaw.lipschitz.exact.slopes import SHAPES, chord, slope_range
from robustlaw.lipschitz.exact.smooth import Plane, Subdivision
from robustlaw.networks import activation

SMOOTH = sorted(SHAPES)
TOLERANCE = 1.01e-6

names = st.sampled_from(SMOOTH)
numbers = st.integers(-3, 3).map(float) | st.floats(-60.0, 60.0)


def steepest(net, seed=0, points=40_000):
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((points, net.arch.widths[0])) * 10.0 ** rng.uniform(-2, 4, (points, 1))
    return float(np.linalg.norm(net.gradients(x), axis=(1, 2)).max())


def changed(found, **numbers):
    return replace(found, certificate=Certificate("triangles", {**found.certificate.numbers, **numbers}))


@given(names, numbers, numbers)
def test_slopes_stay_in_their_range_and_near_the_chord(name, first, second):
    act, low, high = activation(name), np.array([min(first, second)]), np.array([max(first, second)])
    z = np.linspace(low[0], high[0], 20_001)
    least, largest = slope_range(act, low, high)
    assert least[0] <= act.slope(z).min()
    assert act.slope(z).max() <= largest[0]
    assert largest[0] - least[0] <= act.slope(z).max() - act.slope(z).min() + 1e-4  # and no wider
    value, rise, error = chord(act, low, high)
    assert np.abs(act.slope(z) - value - rise * (z - low)).max() <= error[0]


@pytest.mark.parametrize("name", SMOOTH)
def test_slopes_on_half_lines(name):
    act, ends = activation(name), np.array([-3.0, -1.0, 0.0, 1.0, 3.0])
    for z in ends:
        below = slope_range(act, np.array([-np.inf]), np.array([z]))
        above = slope_range(act, np.array([z]), np.array([np.inf]))
        for (least, largest), x in (
            (below, z - np.logspace(-6, 4, 200)),
            (above, z + np.logspace(-6, 4, 200)),
        ):
            assert least[0] <= act.slope(x).min() <= act.slope(x).max() <= largest[0]


@pytest.mark.parametrize("name", SMOOTH)
def test_constants_of_the_shapes(name):
    """Third differences of the slope, and the places where it turns, found by another method."""
    act, shape, step = activation(name), SHAPES[name], 1e-3
    z = np.arange(-12.0, 12.0, 1e-3)
    z = z[np.abs(z) > 2 * step] if name == "elu" else z
    second = (act.slope(z + step) - 2 * act.slope(z) + act.slope(z - step)) / step**2
    assert 0.99 * shape.bend <= np.abs(second).max() <= shape.bend * (1.0 + 1e-5)
    for turn in shape.turns:
        sign = -1.0 if turn >= 0.0 else 1.0
        found = minimize_scalar(
            lambda x, s=sign: s * float(act.slope(np.array(x))),
            bounds=(turn - 1.0, turn + 1.0),
            method="bounded",
        )
        assert abs(found.x - turn) < 5e-4
    assert BEND[name] == shape.bend
    assert {PEAK.get(name), DIP.get(name)} - {None} == set(shape.turns)


@given(
    names,
    st.integers(1, 2),
    st.integers(1, 9),
    st.integers(0, 10**6),
    st.sampled_from([0.5, 1.0]),
    st.sampled_from([0.0, 1.0, 20.0]),
    st.booleans(),
)
def test_the_bracket_closes_and_checks(name, d, h, seed, density, bias, duplicate):
    net = random_net((d, h, 1), seed, name, density=density, bias=bias, duplicate=duplicate)
    found = bracket(net, "exact", seconds=20.0)
    assert steepest(net) <= found.upper
    assert check(net, found).ok
    loose = 20.0 if name == "elu" else 1.0  # a kink in the slope: the bound is right to first order only
    assert found.upper <= found.lower * (1.0 + loose * TOLERANCE)
    if found.lower > 0.0:
        assert not check(net, replace(found, lower=0.0, upper=found.lower * (1.0 - 1e-9))).ok
        assert not check(net, replace(found, lower=found.upper * (1.0 + 1e-9), upper=np.inf)).ok


@pytest.mark.parametrize("name", SMOOTH)
def test_one_unit_has_its_steepest_slope(name):
    act = activation(name)
    largest = max(abs(act.slope_low), abs(act.slope_high))
    found = bracket(shallow([[3.0, 4.0]], [2.0], [1.0], name), "exact")
    assert found.upper == pytest.approx(10.0 * largest, rel=1e-8)
    assert found.lower == pytest.approx(10.0 * largest, rel=2e-5)  # infinitely far away for some


def test_suprema_at_infinity_need_no_box():
    """softplus(x) + softplus(y) climbs to sqrt 2 for ever; parallel units climb along a strip."""
    corner = shallow([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0], activation="softplus")
    assert bracket(corner, "exact").upper == pytest.approx(2.0**0.5, rel=TOLERANCE)
    # tanh(u) - tanh(u - 1) is steepest at a finite u, v tends to 0 only where softplus is off
    strip = shallow([[1.0, 1.0], [1.0, 1.0], [1.0, -1.0]], [1.0, -1.0, 0.1], [0.0, -1.0, 0.0], "softplus")
    u = np.linspace(-20.0, 20.0, 400_001)
    slope = activation("softplus").slope
    along = (slope(u) - slope(u - 1.0)).max()
    found = bracket(strip, "exact")
    assert found.upper == pytest.approx(np.sqrt(2.0) * np.hypot(along, 0.1), rel=1e-6)
    assert found.lower >= found.upper * (1.0 - TOLERANCE)


def test_units_with_parallel_rows_are_bundled():
    """In the x direction tanh differences never reach the sum of their slopes."""
    w = [[1.0, 0.0], [-2.0, 0.0], [0.5, 0.0], [0.0, 1.0], [0.0, 3.0]]
    net = shallow(w, [1.0, 1.0, -1.0, 1.0, -0.5], [0.0, 1.0, -2.0, 0.5, 0.0], "tanh")
    plane = Plane.of(Model.of(net))
    assert len(plane.bundles.rays) == 2
    one = shallow([r[:1] for r in w[:3]], [1.0, 1.0, -1.0], [0.0, 1.0, -2.0], "tanh")
    other = shallow([r[1:] for r in w[3:]], [1.0, -0.5], [0.5, 0.0], "tanh")
    parts = [bracket(x, "exact") for x in (one, other)]
    found = bracket(net, "exact")
    assert found.upper == pytest.approx(np.hypot(*(b.upper for b in parts)), rel=TOLERANCE)
    assert check(net, found).ok


def test_changed_proofs_are_rejected():
    net = random_net((2, 7, 1), 3, "tanh", duplicate=True)
    found = bracket(net, "exact", tolerance=1e-4)
    sides, ranges = (found.certificate.numbers[k] for k in ("sides", "ranges"))
    assert check(net, found).ok
    for wrong in (sides[:-1], (*sides, -1.0), (3.0, *sides[1:]), (0.5, *sides[1:]), (-1.0,) * 4):
        assert check(net, changed(found, sides=wrong)).upper
    for place, value in enumerate(ranges):
        if abs(value) < 1e-6:
            continue  # 0 up to rounding: tanh is never flatter than that, and nowhere that flat
        narrower = [*ranges[:place], 0.999 * value, *ranges[place + 1 :]]
        assert check(net, changed(found, ranges=tuple(narrower))).upper
    assert check(net, changed(found, ranges=ranges[:-1])).upper
    for unit in (0.0, -1.0, 3.0, 2.0**200):
        assert check(net, changed(found, unit=(unit,))).upper
    steeper = net.replace(weights=[1.001 * net.weights[0], net.weights[1]])
    assert check(steeper, found).upper


def test_other_networks_are_left_to_other_methods():
    for net in (
        random_net((3, 4, 1), 0, "tanh"),
        random_net((2, 4, 1), 0),
        random_net((2, 4, 3, 1), 0, "tanh"),
    ):
        assert Plane.of(Model.of(net)) is None
        found = replace(bracket(net, "fast"), certificate=Certificate("triangles", {}))
        assert "smooth layer on two inputs" in check(net, found).upper
    wide = random_net((5, 4, 1), 0, "gelu")
    narrow = wide.replace(weights=[wide.weights[0] * [0.0, 1.0, 0.0, 0.0, 1.0], wide.weights[1]])
    found = bracket(narrow, "exact")  # only two of the five inputs matter
    assert found.upper <= found.lower * (1.0 + TOLERANCE)
    assert check(narrow, found).ok


def test_time_that_is_up_leaves_an_honest_end():
    net = random_net((2, 40, 1), 1, "gelu")
    state = Subdivision(Plane.of(Model.of(net)), 0.0, 0.0, time.monotonic() - 1.0)
    assert not state.run()
    found = replace(bracket(net, "fast"), upper=state.upper(), certificate=state.certificate())
    assert check(net, found).upper == ""
    assert steepest(net) <= found.upper


def test_thresholds_are_decided_without_closing():
    for name in SMOOTH:
        net = random_net((2, 12, 1), 5, name)
        value = bracket(net, "exact")
        below, above = decide(net, 0.999 * value.lower), decide(net, 1.001 * value.upper)
        assert (below.answer, above.answer) == (Answer.PROVED, Answer.REFUTED)
        assert check(net, above.lipschitz).ok
