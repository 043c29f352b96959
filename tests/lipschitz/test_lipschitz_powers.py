"""Lipschitz constants of powers of ReLUs on a ball: truth where it is known, and sampled slopes elsewhere."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import errors
from robustlaw.lipschitz.powers import bracket_powers, gradient_sizes, power_ends, upper_factor

SEED = st.integers(0, 2**31)


def function(rows, signs, power, x):
    return np.maximum(x @ rows.T, 0.0) ** power @ signs


def gradient(rows, signs, power, x):
    return power * (signs * np.maximum(x @ rows.T, 0.0) ** (power - 1)) @ rows


def drawn(seed, size=1.0):
    rng = np.random.default_rng(seed)
    count, inputs, power = rng.integers(1, 9), rng.integers(1, 12), int(rng.integers(2, 6))
    rows = size * rng.standard_normal((count, inputs)) * (rng.random((count, inputs)) < 0.7)
    return rng, rows, rng.choice([-1.0, 1.0], size=count), power, float(rng.uniform(0.1, 5.0))


def in_ball(rng, count, inputs, radius):
    x = rng.standard_normal((count, inputs))
    return radius * x / np.linalg.norm(x, axis=1)[:, None] * rng.random((count, 1)) ** (1.0 / inputs)


@given(SEED)
def test_no_sampled_slope_is_above_the_bracket(seed):
    rng, rows, signs, power, radius = drawn(seed)
    found = bracket_powers(rows, signs, power, radius)
    x, near = (in_ball(rng, 200, rows.shape[1], radius) for _ in range(2))
    slopes = np.linalg.norm(gradient(rows, signs, power, x), axis=1)
    rises = np.abs(function(rows, signs, power, x) - function(rows, signs, power, near))
    distance = np.linalg.norm(x - near, axis=1)
    assert slopes.max() <= found.upper * (1.0 + 1e-12)
    assert (rises / distance).max() <= found.upper * (1.0 + 1e-9)
    assert found.lower <= found.upper


@given(SEED)
def test_the_lower_end_is_attained_at_a_point_of_the_ball(seed):
    _, rows, signs, power, radius = drawn(seed)
    found = bracket_powers(rows, signs, power, radius)
    if not rows.any():
        assert found.upper == 0.0
        return
    point = np.array(found.witness)
    assert np.linalg.norm(point) <= radius
    slope = float(np.linalg.norm(gradient(rows, signs, power, point[None])))
    assert found.lower <= slope * (1.0 + 1e-13)
    assert found.lower >= slope * (1.0 - 1e-9) - 1e-300


@given(SEED)
def test_orthogonal_rows_are_exact(seed):
    """The steepest point is along the longest row: q r^(q-1) |v|^q."""
    rng, _, _, power, radius = drawn(seed)
    lengths = rng.uniform(0.1, 3.0, size=4)
    rows = lengths[:, None] * np.linalg.qr(rng.standard_normal((6, 6)))[0][:4]
    found = bracket_powers(rows, rng.choice([-1.0, 1.0], size=4), power, radius)
    truth = power * radius ** (power - 1) * lengths.max() ** power
    assert found.lower <= truth * (1.0 + 1e-12)
    assert found.upper >= truth * (1.0 - 1e-12)
    assert found.upper - found.lower <= 1e-6 * truth


def test_a_grid_in_the_plane_finds_the_truth():
    rng = np.random.default_rng(4)
    rows, signs = rng.standard_normal((5, 2)), np.array([1.0, -1.0, 1.0, 1.0, -1.0])
    angles = np.linspace(0.0, 2.0 * math.pi, 20_000)
    circle = 1.7 * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    truth = np.linalg.norm(gradient(rows, signs, 3, circle), axis=1).max()
    found = bracket_powers(rows, signs, 3, 1.7)
    assert found.lower == pytest.approx(truth, rel=1e-4)
    assert found.upper >= truth


@given(SEED, st.integers(-30, 30))
def test_scaling_rotating_and_turning_signs(seed, exponent):
    rng, rows, signs, power, radius = drawn(seed)
    found, scale = bracket_powers(rows, signs, power, radius), 2.0**exponent
    scaled = bracket_powers(scale * rows, signs, power, radius)
    for end in ("lower", "upper"):
        assert getattr(scaled, end) == pytest.approx(getattr(found, end) * scale**power, rel=1e-9)
    wider = bracket_powers(rows, signs, power, 2.0 * radius)
    assert wider.upper == pytest.approx(found.upper * 2.0 ** (power - 1), rel=1e-9)
    turned = bracket_powers(rows, -signs, power, radius)
    assert turned.upper == found.upper
    assert turned.lower == pytest.approx(found.lower, rel=1e-9)
    frame = np.linalg.qr(rng.standard_normal((rows.shape[1],) * 2))[0]
    rotated = bracket_powers(rows @ frame, signs, power, radius)
    assert rotated.upper == pytest.approx(found.upper, rel=1e-9)


@given(SEED)
def test_ends_of_powers_and_gradients_hold_in_extended_precision(seed):
    rng, rows, signs, power, radius = drawn(seed)
    x = in_ball(rng, 20, rows.shape[1], radius)
    exact = np.maximum(x.astype(np.longdouble) @ rows.astype(np.longdouble).T, 0.0) ** power
    low, high = power_ends(rows, x, power)
    assert (low <= exact).all()
    assert (exact <= high).all()
    slopes = gradient(*(v.astype(np.longdouble) for v in (rows, signs)), power, x.astype(np.longdouble))
    assert (gradient_sizes(rows, signs, power, x) <= np.sqrt((slopes**2).sum(axis=1))).all()


def test_a_bound_with_one_exponent_less_would_be_wrong():
    """Mutant: rows weighted by |v|^((q-3)/2) instead of |v|^((q-2)/2) fall below the truth of long rows."""
    rows, power = np.array([[3.0, 0.0], [0.0, 1.0]]), 4
    lengths = np.linalg.norm(rows, axis=1)
    weak = np.linalg.norm(lengths[:, None] ** (0.5 * (power - 3)) * rows, 2) ** 2 * power
    truth = power * 3.0**power
    assert upper_factor(rows, power) >= truth > weak


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"signs": np.array([1.0, 0.5])}, errors.ShapeMismatch),
        ({"power": 1}, errors.InvalidArgument),
        ({"radius": 0.0}, errors.InvalidArgument),
        ({"radius": math.inf}, errors.InvalidArgument),
        ({"rows": np.full((2, 2), np.nan)}, errors.NonFinite),
    ],
)
def test_wrong_use_is_refused(change, error):
    with pytest.raises(error):
        bracket_powers(**({"rows": np.eye(2), "signs": np.ones(2), "power": 3, "radius": 1.0} | change))
