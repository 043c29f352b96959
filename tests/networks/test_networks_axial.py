"""Subspaces and a quadratic well: the counts against brute force, the closed form where it is exact."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks.axial import (
    axial_dimensions,
    informed_order,
    larsen_threshold,
    random_directions,
    random_subspace_dimensions,
)

radii_of = st.integers(1, 8).flatmap(lambda d: arrays(float, d, elements=st.floats(0.05, 5.0)))


def drawn(dims, draws, distance, seed=0):
    rng = np.random.default_rng(seed)
    return random_directions(dims, distance, draws, rng), rng.standard_normal((draws, dims, dims))


@given(radii_of, st.floats(0.5, 20.0), st.integers(0, 100))
@settings(max_examples=40)
def test_the_least_dimension_is_what_least_squares_says_one_by_one(r, distance, seed):
    centres, frames = drawn(len(r), 3, distance, seed)
    found = random_subspace_dimensions(r, centres, frames)
    for centre, frame, k in zip(centres, frames, found, strict=True):
        rests = []
        for count in range(len(r) + 1):
            a, y = frame[:, :count] / r[:, None], centre / r
            coefficients = np.linalg.lstsq(a, y, rcond=None)[0] if count else np.zeros(0)
            rests.append(np.sum((y - a @ coefficients) ** 2))
        if min(abs(rest - 1.0) for rest in rests) > 1e-6:
            assert k == next(i for i, rest in enumerate(rests) if rest <= 1.0)


@given(radii_of, st.floats(0.5, 20.0), st.integers(0, 100))
@settings(max_examples=40)
def test_coordinates_are_counted_as_a_plain_loop_counts_them(r, distance, seed):
    centres, _ = drawn(len(r), 4, distance, seed)
    order = np.random.default_rng(seed).permuted(np.tile(np.arange(len(r)), (4, 1)), axis=1)
    for centre, own, k in zip(centres, order, axial_dimensions(r, centres, order), strict=True):
        lost = [float(np.sum((centre / r)[own[count:]] ** 2)) for count in range(len(r) + 1)]
        if min(abs(v - 1.0) for v in lost) > 1e-9:
            assert k == next(i for i, v in enumerate(lost) if v <= 1.0)


@given(radii_of, st.floats(0.5, 20.0), st.integers(0, 100))
def test_no_order_needs_fewer_coordinates_than_the_informed_one(r, distance, seed):
    centres, _ = drawn(len(r), 6, distance, seed)
    any_order = np.random.default_rng(seed).permuted(np.tile(np.arange(len(r)), (6, 1)), axis=1)
    informed = axial_dimensions(r, centres, informed_order(r, centres))
    assert (informed <= axial_dimensions(r, centres, any_order)).all()


@given(st.integers(1, 30), st.floats(0.1, 50.0), st.floats(0.1, 5.0))
def test_equal_radii_have_a_plain_threshold(dims, distance, r):
    wanted = 1.0 - r**2 / (distance**2 + r**2)
    assert larsen_threshold(np.full(dims, r), distance) == pytest.approx(wanted, rel=1e-12)


@given(radii_of, st.floats(0.1, 50.0), st.floats(1.1, 5.0), st.randoms())
def test_the_threshold_is_a_share_and_has_the_right_slopes(r, distance, factor, random):
    value = larsen_threshold(r, distance)
    assert 0.0 <= value < 1.0
    assert larsen_threshold(r, factor * distance) > value
    assert larsen_threshold(factor * r, distance) < value
    assert larsen_threshold(factor * r, factor * distance) == pytest.approx(value, rel=1e-9)
    mixed = list(r)
    random.shuffle(mixed)
    assert larsen_threshold(np.array(mixed), distance) == pytest.approx(value, rel=1e-12)


def test_a_ball_is_met_from_1_minus_r_over_r_squared_on():
    """Exact as the dimension grows; the closed form, with R^2 + r^2 below, is not."""
    centres, frames = drawn(400, 12, 2.0)
    share = np.median(random_subspace_dimensions(np.ones(400), centres, frames)) / 400
    assert share == pytest.approx(0.75, abs=0.015)  # its deviation at 400 dimensions is near .012/sqrt(12)
    assert larsen_threshold(np.ones(400), 2.0) == pytest.approx(0.8)


def test_a_centre_inside_the_well_needs_no_dimension():
    centres, frames = drawn(10, 5, 0.9)
    assert (random_subspace_dimensions(np.ones(10), centres, frames) == 0).all()
    assert (axial_dimensions(np.ones(10), centres, np.tile(np.arange(10), (5, 1))) == 0).all()


def test_directions_have_the_distance_and_no_favourite():
    found = random_directions(20, 3.0, 4000, np.random.default_rng(0))
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 3.0)
    assert np.abs(found.mean(0)).max() < 5.0 * 3.0 / np.sqrt(20 * 4000)  # five deviations
    np.testing.assert_allclose((found**2).mean(0), 9.0 / 20, rtol=0.15)


def test_wrong_use_is_refused():
    centres, frames = drawn(4, 2, 1.0)
    for wrong in (np.zeros(3), np.array([-1.0]), np.zeros(0)):
        with pytest.raises(InvalidArgument, match="radii"):
            larsen_threshold(wrong, 1.0)
    with pytest.raises(InvalidArgument, match="distance"):
        larsen_threshold(np.ones(3), 0.0)
    with pytest.raises(ShapeMismatch):
        random_subspace_dimensions(np.ones(5), centres, frames)
