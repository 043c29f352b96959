"""Bumps: they interpolate, their Lipschitz constant is exact, and they move with the points."""

import math

import hypothesis.strategies as st
import numpy as np
import pytest
from construction_points import PROFILES, labelled, pairs, rotation, steepest
from hypothesis import given

from robustlaw import errors
from robustlaw.constructions import (
    HAT,
    SMOOTH,
    bumps,
    plateau,
    projected_bumps,
    random_frame,
    rounded_bumps,
    smallest_distance,
    steepest_pair,
)


def slow_distances(x: np.ndarray) -> list[float]:
    return [math.dist(a, b) for i, a in enumerate(x.tolist()) for b in x.tolist()[:i]]


@given(labelled(), st.sampled_from(PROFILES))
def test_bumps_interpolate_and_no_sampled_slope_exceeds_the_bracket(points, profile):
    x, y, rng = points
    f = bumps(x, y, profile=profile)
    assert np.array_equal(f(x), y)
    assert f.error == 0.0
    assert all(check.holds for check in f.checks)
    assert steepest(f, *pairs(f, rng, sphere=False)) <= f.lipschitz.upper
    assert np.abs(f(pairs(f, rng, sphere=False)[0])).max() <= np.abs(y).max()


@given(labelled(), st.sampled_from(PROFILES))
def test_the_bracket_holds_the_closed_form_and_a_radial_slope_attains_it(points, profile):
    x, y, rng = points
    f = bumps(x, y, profile=profile)
    radius = f.function.radius
    closed = float(np.abs(y).max()) * profile.slope.middle / radius
    assert f.lipschitz.widen(1e-15).contains(closed)
    assert f.lipschitz.upper <= f.lipschitz.lower * (1 + 1e-14)
    if len(x) > 1:
        assert radius == pytest.approx(min(slow_distances(x)) / 2, rel=1e-12)
    top = np.argmax(np.abs(y))
    way = rng.standard_normal(x.shape[1])
    way /= np.linalg.norm(way)
    middle = 0.5 * (1 + profile.flat)
    ends = [x[top] + (middle + h) * radius * way for h in (-1e-4, 1e-4)]
    assert steepest(f, ends[0][None], ends[1][None]) >= f.lipschitz.lower * (1 - 1e-5)


@given(labelled(), st.integers(-20, 20))
def test_scaling_the_points_divides_the_constant(points, power):
    x, y, _ = points
    if len(x) > 1:
        f, g = bumps(x, y), bumps(x * 2.0**power, y)
        assert g.lipschitz.lower * 2.0**power == pytest.approx(f.lipschitz.lower, rel=1e-14)


@given(labelled())
def test_rotating_the_points_rotates_the_function(points):
    x, y, rng = points
    turn = rotation(x.shape[1], rng)
    f, g = bumps(x, y), bumps(x @ turn, y)
    probe = rng.standard_normal((50, x.shape[1]))
    if len(x) > 1:
        assert g.lipschitz.lower == pytest.approx(f.lipschitz.lower, rel=1e-11)
        assert np.allclose(f(probe), g(probe @ turn), rtol=0, atol=1e-9 * (1 + f.lipschitz.upper))


@given(labelled(most=8))
def test_the_hat_is_the_best_interpolant_where_the_nearest_pair_disagrees(points):
    x, _, _ = points
    if len(x) > 1:
        places = min((math.dist(a, b), i, j) for i, a in enumerate(x) for j, b in enumerate(x[:i]))[1:]
        signs = np.where(np.arange(len(x)) == places[0], -1.0, 1.0)
        least, own = steepest_pair(x, signs), bumps(x, signs).lipschitz
        assert least.lower <= own.upper
        assert own.lower <= least.upper * (1 + 1e-12)


@given(labelled(least_dim=3), st.integers(0, 99), st.sampled_from(PROFILES))
def test_projected_bumps_interpolate_with_fewer_numbers(points, seed, profile):
    x, y, rng = points
    kept = int(rng.integers(1, x.shape[1] + 1))
    frame = random_frame(kept, x.shape[1], seed)
    f = projected_bumps(x, y, frame, profile=profile)
    assert f.numbers == len(x) * (kept + 1)
    assert np.abs(f(x) - y).max() <= f.error + 1e-12
    if f.error <= 1e-9:
        assert f.checks[0].holds
    closed = float(np.abs(y).max()) * profile.slope.middle / f.function.radius
    assert f.lipschitz.widen(1e-15).contains(closed)
    assert steepest(f, *pairs(f, rng, sphere=False)) <= f.lipschitz.upper
    full = projected_bumps(x, y, np.eye(x.shape[1]), profile=profile)
    assert full.lipschitz.lower == pytest.approx(bumps(x, y, profile=profile).lipschitz.lower, rel=1e-12)


@given(labelled(), st.integers(8, 16))
def test_rounded_bumps_meet_the_labels_exactly_and_cost_their_bits(points, bits):
    x, y, rng = points
    try:
        f = rounded_bumps(x, y, bits)
    except errors.InfeasibleConstruction:
        return  # some points are too near each other for this grid
    assert np.array_equal(f(x), y)
    assert steepest(f, *pairs(f, rng, sphere=False)) <= f.lipschitz.upper
    centres = next(e for e in f.ledger.entries if e.item == "centres")
    assert centres.nats.contains(x.size * bits * math.log(2.0))
    assert f.ledger.p_eff.upper < bumps(x, y).ledger.p_eff.upper + 40.0
    exponent = int(next(e for e in f.ledger.entries if e.item == "grid").why.split("(")[1].split("/")[0])
    index = f.function.centres / 2.0 ** (exponent / 8) - 0.5
    assert np.allclose(index, np.round(index), rtol=0, atol=1e-6)
    assert -(2 ** (bits - 1)) <= np.round(index).min() <= np.round(index).max() < 2 ** (bits - 1)


def test_a_few_bits_are_enough_in_high_dimension():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((30, 400)) / 20.0
    y = rng.choice([-1.0, 1.0], 30)
    f, full = rounded_bumps(x, y, 4), bumps(x, y)
    assert f.ledger.p_eff.upper < full.ledger.p_eff.lower / 15
    assert full.lipschitz.upper < f.lipschitz.upper < 1.5 * full.lipschitz.upper


@given(labelled(most=12))
def test_distances_enclose_those_of_a_slow_search(points):
    x, y, _ = points
    if len(x) > 1:
        found = slow_distances(x)
        assert smallest_distance(x).widen(1e-14).contains(min(found))
        rise = [abs(a - b) for i, a in enumerate(y) for b in y[:i]]
        assert (
            steepest_pair(x, y)
            .widen(1e-13)
            .contains(float(max(r / d for r, d in zip(rise, found, strict=True))))
        )


@pytest.mark.parametrize("offset", [0.0, 1e3, 1e9])
def test_distances_far_from_the_origin_keep_their_digits(offset):
    """The Gram matrix loses them; pairs that may be nearest are measured again."""
    x = np.random.default_rng(1).integers(0, 64, (40, 5)) / 64.0 + offset
    assert smallest_distance(x).widen(1e-14).contains(min(slow_distances(x)))
    assert smallest_distance(x).width <= 1e-13


def test_what_is_infeasible_has_a_name():
    x, y = np.array([[0.0, 0.0], [1.0, 0.0], [5.0, 5.0]]), np.array([1.0, -1.0, 1.0])
    assert bumps(x, y).lipschitz.widen(1e-14).contains(2.0)
    assert bumps(x, y, radius=0.25).spare == pytest.approx(0.5)
    cases = [
        (lambda: bumps(x, y, radius=0.51), errors.InfeasibleConstruction, "disjoint up to"),
        (lambda: bumps(x[[0, 0, 1]], y), errors.InfeasibleConstruction, "equal"),
        (lambda: bumps(x, 0 * y), errors.InfeasibleConstruction, "zero function"),
        (lambda: rounded_bumps(x, y, 1), errors.InfeasibleConstruction, "bits"),
        (lambda: projected_bumps(x, y, [[0.0, 1.0]]), errors.InfeasibleConstruction, "equal"),
        (lambda: projected_bumps(x, y, [[1.0, 1.0]]), errors.InvalidArgument, "orthonormal"),
        (lambda: projected_bumps(x, y, np.eye(3)), errors.ShapeMismatch, "frame"),
        (lambda: bumps(x, 2 * y), errors.LabelOutOfRange, "y"),
        (lambda: bumps(x, y[:2]), errors.ShapeMismatch, "y"),
        (lambda: bumps(1e200 * x, y), errors.NonFinite, "rescale"),
        (lambda: bumps(x, y)(x[:, :1]), errors.ShapeMismatch, "x"),
        (lambda: plateau(1.0), errors.InvalidArgument, "flat"),
        (lambda: random_frame(3, 2, 0), errors.InvalidArgument, "kept"),
        (lambda: bumps(x, y, radius=-1.0), errors.InvalidArgument, "radius"),
    ]
    for call, error, words in cases:
        with pytest.raises(error, match=words):
            call()


def test_profiles_have_the_slopes_they_say():
    t = np.linspace(0, 1, 20001)
    for profile in (HAT, SMOOTH, plateau(0.5)):
        slopes = np.abs(np.diff(profile(t)) / np.diff(t))
        assert slopes.max() == pytest.approx(profile.slope.middle, rel=1e-6)
        assert slopes.max() <= profile.slope.upper * (1 + 1e-9)
        assert profile(np.array([0.0, 1.0, 2.0])).tolist() == [1.0, 0.0, 0.0]
