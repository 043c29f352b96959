"""Cap networks and supermasks on the sphere, and the law that all constructions keep to."""

import math

import numpy as np
import pytest
from construction_points import on_sphere, pairs, rotation, steepest, unit
from hypothesis import assume, given, settings

from robustlaw import Problem, errors, lipschitz
from robustlaw.constructions import (
    bumps,
    projected_bumps,
    random_frame,
    relu_caps,
    rounded_bumps,
    supermask_caps,
    upper_side,
)
from robustlaw.data import Gaussian, Sphere
from robustlaw.evidence import Verdict
from robustlaw.laws import DescriptionLength


def share_of(f) -> float:
    return 1.0 + f.network.biases[0][0]


@given(on_sphere())
def test_caps_interpolate_and_no_slope_on_the_sphere_exceeds_the_bracket(points):
    x, y, rng = points
    f = relu_caps(x, y)
    assert np.abs(f(x) - y).max() <= f.error + 1e-14
    assert all(check.holds for check in f.checks)
    assert steepest(f, *pairs(f, rng, sphere=True)) <= f.lipschitz.upper
    s = share_of(f)
    assert f.lipschitz.contains(math.sqrt((2 - s) / s))
    assert f.lipschitz.upper <= f.lipschitz.lower * (1 + 1e-10)


@given(on_sphere())
def test_the_slope_is_attained_at_the_rim_of_a_cap(points):
    x, y, rng = points
    f = relu_caps(x, y)
    way = rng.standard_normal(x.shape[1])
    way -= (way @ x[0]) * x[0]
    way /= np.linalg.norm(way)
    rim = math.acos(1.0 - share_of(f))
    ends = [math.cos(a) * x[0] + math.sin(a) * way for a in (rim, rim * (1 - 1e-4))]
    assert steepest(f, *(unit(e[None]) for e in ends)) >= f.lipschitz.lower * (1 - 1e-3)


@given(on_sphere())
def test_caps_are_the_widest_that_are_disjoint(points):
    """cos of half the least angle between centres, from the angles themselves."""
    x, y, _ = points
    f = relu_caps(x, y)
    if len(x) > 1:
        angles = [math.acos(np.clip(a @ b, -1, 1)) for i, a in enumerate(x) for b in x[:i]]
        widest = 1 - math.cos(min(angles) / 2)
        assert share_of(f) == pytest.approx(widest, abs=2e-6)
        assert share_of(f) <= widest
        with pytest.raises(errors.InfeasibleConstruction, match="disjoint"):
            relu_caps(x, y, min(widest + 1e-6, 0.999999))
    half = relu_caps(x, y, share_of(f) / 2)
    assert half.lipschitz.lower > f.lipschitz.upper


@given(on_sphere())
def test_turning_the_sphere_changes_nothing(points):
    x, y, rng = points
    turned = unit(x @ rotation(x.shape[1], rng))
    assert relu_caps(turned, y).lipschitz.lower == pytest.approx(relu_caps(x, y).lipschitz.lower, rel=1e-7)


@settings(max_examples=15)
@given(on_sphere(most=6))
def test_the_constant_on_all_of_space_is_another_and_not_smaller(points):
    x, y, _ = points
    f = relu_caps(x, y)
    everywhere = lipschitz.bracket(f.network, "fast")
    # a single unit's slope |x_i|/s is attained far from the others' slabs or not, but sphere <= space
    assert everywhere.upper >= f.lipschitz.lower


def test_the_largest_share_for_orthogonal_points():
    f = relu_caps(np.eye(12), np.tile([1.0, -1.0], 6), 0.25)
    assert f.lipschitz.contains(math.sqrt(7.0))
    # opposite labels: a slope 1/s along each of the 6 + 6 directions at once, off the sphere
    assert lipschitz.bracket(f.network, "tight").contains(4.0 * math.sqrt(12.0))


@settings(max_examples=12)
@given(on_sphere(most=5, most_dim=8))
def test_supermasks_stay_as_near_to_the_caps_as_they_say(points):
    x, y, rng = points
    share = 0.5 * share_of(relu_caps(x, y))
    assume(share > 0.02)
    caps, made = relu_caps(x, y, share), supermask_caps(x, y, share, units=20)
    f = made.interpolant
    first, second = pairs(f, rng, sphere=True)
    assert np.abs(f(first) - caps(first)).max() <= made.distance
    assert np.abs(f(x) - y).max() <= f.error <= made.distance + 1e-9
    assert steepest(f, first, second) <= f.lipschitz.upper
    assert f.lipschitz.lower > 0.9 * caps.lipschitz.lower
    assert f.numbers == 0


def test_all_of_a_supermask_is_in_its_mask():
    x, y = np.eye(6), np.array([1.0, -1.0, 1.0, 1.0, -1.0, -1.0])
    made = supermask_caps(x, y, 0.2, units=24)
    net = made.interpolant.network
    assert net.origin.frozen == {"W1", "b1", "W2", "b2", "W3", "b3"}
    for name, tensor in (("W1", net.weights[0]), ("b2", net.biases[1]), ("W3", net.weights[2])):
        assert np.array_equal(net.origin.initial[name], tensor)
    assert np.array_equal(net.weights[1], np.where(net.masks[1], net.origin.initial["W2"], 0.0))
    other = supermask_caps(x, -y, 0.2, units=24).interpolant.network
    assert np.array_equal(other.origin.initial["W2"], net.origin.initial["W2"])
    assert {e.kind for e in made.interpolant.ledger.entries} == {"header", "mask"}
    assert made.interpolant.ledger.p_eff.upper <= 6 * (1 + 6 * 48) * math.log(2.0) + 60.0
    coarse = supermask_caps(x, y, 0.2, units=10)
    assert coarse.distance > made.distance


@pytest.mark.parametrize("seed", range(3))
def test_every_construction_keeps_to_the_law(seed):
    data = Problem(Sphere(200)).sample(40, seed)
    found = [
        bumps(data.x, data.y),
        projected_bumps(data.x, data.y, random_frame(60, 200, seed)),
        rounded_bumps(data.x, data.y, 4),
        relu_caps(data.x, data.y),
    ]
    for f in found:
        side = upper_side(f, data)
        assert side.evidence.verdict is Verdict.HOLDS
        assert 1.0 < side.ratio < 60.0
        c = float(np.sum(data.y**2) - abs(data.y.sum())) / 40
        assert side.correlation.widen(1e-9).contains(c)
        nats = f.ledger.p_eff.upper + math.log(20.0)
        bound = c * math.sqrt(40 / (2 * data.problem.proxy * nats))
        assert side.evidence.theory.widen(1e-9).contains(bound)


def test_the_law_of_networks_holds_for_the_cap_network():
    data = Problem(Sphere(60)).sample(16, 0)
    net = relu_caps(data.x, data.y).network
    assert DescriptionLength().check(net, data).verdict is Verdict.HOLDS


def test_wrong_use_has_a_name():
    x, y = np.eye(4), np.array([1.0, -1.0, 1.0, -1.0])
    gaussian = Problem(Gaussian(4)).sample(4, 0)
    sphere = Problem(Sphere(4)).sample(4, 0)
    unit_rows = unit(gaussian.x)
    cases = [
        (lambda: relu_caps(2 * x, y), errors.InvalidArgument, "unit"),
        (lambda: relu_caps([[1.0], [-1.0]], y[:2]), errors.InvalidArgument, "two inputs"),
        (lambda: relu_caps(x[[0, 0, 1, 2]], y), errors.InfeasibleConstruction, "too near"),
        (lambda: relu_caps(x, y, 1.0), errors.InvalidArgument, "share"),
        (lambda: supermask_caps(x, 0.5 * y, 0.1), errors.InvalidArgument, "signs"),
        (lambda: supermask_caps(x, y, 0.29, units=4), errors.InfeasibleConstruction, "units"),
        (lambda: upper_side(bumps(x, y), sphere), errors.InvalidArgument, "interpolates"),
        (lambda: upper_side(relu_caps(unit_rows, gaussian.y), gaussian), errors.InvalidArgument, "data"),
    ]
    for call, error, words in cases:
        with pytest.raises(error, match=words):
            call()
    assert upper_side(bumps(gaussian.x, gaussian.y), gaussian).evidence.verdict is not Verdict.VIOLATED
