"""Enclosures of E relu(w.x + b) against quadrature and arbitrary precision."""

import math
from fractions import Fraction

import mpmath
import numpy as np
import pytest
from data_families import ANISOTROPIC
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from robustlaw import data
from robustlaw.data.relu_moments import gaussian_excess, sphere_excess
from robustlaw.errors import MissingCapability, NonFinite, ShapeMismatch

RNG = np.random.default_rng
# Widths relative to the value at a moderate threshold; the slacks derived in relu_moments are below.
WIDTH = 1e-9


def gaussian_truth(s, c):
    """E relu(s N - c) with enough digits for the cancellation, which takes t^2 of them."""
    with mpmath.workdps(40 + int((c / s) ** 2)):
        s, c = mpmath.mpf(s), mpmath.mpf(c)
        t = c / s
        return +(s * mpmath.npdf(t) - c * mpmath.erfc(t / mpmath.sqrt(2)) / 2)


def sphere_truth(dim, s, c):
    with mpmath.workdps(60 + dim // 4):
        s, tau, a = mpmath.mpf(s), mpmath.mpf(c) / mpmath.mpf(s), mpmath.mpf(dim - 3) / 2
        q = 1 - tau**2
        peak = mpmath.gamma(a + mpmath.mpf(3) / 2) / mpmath.sqrt(mpmath.pi) / mpmath.gamma(a + 1)
        first = peak * q ** (a + 1) / (2 * (a + 1))
        return +(s * (first - tau * peak / 2 * mpmath.betainc(a + 1, mpmath.mpf(1) / 2, 0, q)))


@given(st.floats(1e-6, 1e3), st.floats(0.0, 40.0))
def test_gaussian_excess_contains_the_truth(s, t):
    c = s * t
    low, high = (float(v[0]) for v in gaussian_excess(np.array([s]), np.array([c])))
    truth = gaussian_truth(s, c)
    assert low <= truth <= high
    if t <= 36.0:
        assert high - low <= WIDTH * truth


@pytest.mark.parametrize("dim", [2, 3, 4, 5, 20, 51, 400])
@pytest.mark.parametrize("tau", [0.0, 1e-9, 0.01, 0.2, 0.6, 0.97, 1 - 1e-9])
def test_sphere_excess_contains_the_truth(dim, tau):
    s, c = 1.7, 1.7 * tau
    low, high = (float(v[0]) for v in sphere_excess(dim)(np.array([s]), np.array([c])))
    truth = sphere_truth(dim, s, c)
    assert low <= truth <= high
    if truth > 1e-280:
        assert high - low <= WIDTH * truth


@pytest.mark.parametrize("dim", [3, 6, 30])
@pytest.mark.parametrize("b", [-2.0, -0.7, -0.1, 0.0, 0.3, 1.5])
def test_sphere_and_ball_against_quadrature_of_their_own_density(dim, b):
    w = RNG(dim).standard_normal((1, dim))
    s = np.linalg.norm(w)
    for law, power in ((data.Sphere(dim), (dim - 3) / 2), (data.Ball(dim), (dim - 1) / 2)):
        kink = min(1.0, max(-1.0, -b / s))
        top = quad(lambda t, p=power: (s * t + b) * (1 - t * t) ** p, kink, 1, epsabs=1e-13)[0]
        truth = top / quad(lambda t, p=power: (1 - t * t) ** p, -1, 1, epsabs=1e-13)[0]
        low, high = law.relu_mean(w, np.array([b]))
        assert low[0] - 1e-10 <= truth <= high[0] + 1e-10  # quadrature's own error


def test_the_printed_value_on_the_unit_sphere():
    w = np.array([[3.0, 4.0] + [0.0] * 8])
    printed = 5 * math.gamma(5) / (2 * math.sqrt(math.pi) * math.gamma(5.5))
    low, high = data.Sphere(10).relu_mean(w, np.zeros(1))
    assert low[0] <= printed * (1 + 1e-15)
    assert printed * (1 - 1e-15) <= high[0]
    assert high[0] - low[0] < 1e-11


LAWS = [
    data.Gaussian(3),
    data.Gaussian(3, np.array([0.5, 0.0, 2.0])),
    data.Gaussian(3, ANISOTROPIC),
    data.Sphere(3, 0.7),
    data.Ball(3),
    data.EmbeddedSphere(2, 3),
    data.Shifted(data.Gaussian(3, ANISOTROPIC), np.array([0.3, -2.0, 1.0])),
    data.Assumed(data.Sphere(3), 0.5, "known"),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
def test_samples_agree(law):
    w, b = RNG(1).standard_normal((40, 3)), RNG(2).standard_normal(40)
    low, high = law.relu_mean(w, b)
    values = np.maximum(law.sample(20_000, RNG(3)) @ w.T + b, 0.0)
    error = 6.0 * values.std(axis=0) / math.sqrt(len(values)) + 1e-12
    often = np.sum(values > 0.0, axis=0) > 400  # else the mean is far from normal
    assert often.sum() > 20
    assert np.all((low - error <= values.mean(axis=0))[often])
    assert np.all((values.mean(axis=0) <= high + error)[often])
    assert np.all(high - low <= WIDTH * (1.0 + np.abs(b)))


@pytest.mark.parametrize("law", LAWS, ids=lambda law: type(law).__name__)
@given(w=st.lists(st.floats(-50, 50), min_size=3, max_size=3), b=st.floats(-50, 50))
def test_laws_of_the_relu(law, w, b):
    """relu(v) - relu(-v) = v in the mean; relu is convex; it grows with b."""
    rows, offset = np.array([w]), np.array([b])
    low, high = (float(v[0]) for v in law.relu_mean(rows, offset))
    back_low, back_high = (float(v[0]) for v in law.relu_mean(-rows, -offset))
    middle = b + float(rows[0] @ law.mean)
    rounding = 1e-13 * (1.0 + abs(b) + np.abs(rows).sum() * 3.0)
    assert low - back_high <= middle + rounding
    assert middle - rounding <= high - back_low
    assert high >= max(middle, 0.0) - rounding
    assert law.relu_mean(rows, offset + 1.0)[1][0] >= low


def test_the_frame_s_rounding_is_inside_the_enclosure():
    """Weights across the embedded sphere: what is left of them there is rounding error alone."""
    law = data.EmbeddedSphere(3, 40)
    across = np.linalg.svd(law.frame)[0][:, 3:].T
    low, high = law.relu_mean(across, np.zeros(len(across)))
    peak = 1 / mpmath.mpf(4)  # E relu of a coordinate of the sphere of R^3
    for w, below, above in zip(across, low, high, strict=True):
        exact = [Fraction(float(v)) for v in w]
        rests = [sum(a * Fraction(float(c)) for a, c in zip(exact, u, strict=True)) for u in law.frame.T]
        square = sum(r * r for r in rests)
        truth = peak * mpmath.sqrt(mpmath.mpf(square.numerator) / square.denominator)
        assert below <= truth <= above < 1e-12


def test_zero_weights_are_exact():
    for law in (data.Gaussian(2), data.Sphere(2), data.Ball(2)):
        low, high = law.relu_mean(np.zeros((3, 2)), np.array([-1.0, 0.0, 2.5]))
        assert np.array_equal(low, [0.0, 0.0, 2.5])
        assert np.array_equal(high, [0.0, 0.0, 2.5])


def test_thresholds_out_of_reach():
    w = np.array([[0.6, 0.8]])
    low, high = data.Sphere(2).relu_mean(w, np.array([-1.5]))
    assert low[0] == 0.0
    assert high[0] <= 1e-300
    low, high = data.Sphere(2).relu_mean(w, np.array([1.5]))
    assert low[0] == 1.5
    assert high[0] <= 1.5 * (1 + 1e-15)
    low, high = data.Gaussian(2, 1.0).relu_mean(w, np.array([-60.0]))
    assert low[0] == 0.0
    assert 0.0 < high[0] < 1e-290


def test_wide_spheres_do_not_underflow_into_a_lie():
    dim, s, c = 3000, 1.0, 0.7
    low, high = (float(v[0]) for v in sphere_excess(dim)(np.array([s]), np.array([c])))
    assert low <= sphere_truth(dim, s, c) <= high
    assert high <= 1e-280


def test_what_has_no_closed_form_says_so():
    w, b = np.ones((1, 3)), np.ones(1)
    for law in (data.Cube(3), data.LogConcave(3), data.Mixture((data.Gaussian(3),)), data.Stiefel(3, 1)):
        with pytest.raises(MissingCapability):
            law.relu_mean(w, b)


def test_wrong_rows_are_named():
    with pytest.raises(ShapeMismatch, match="w = "):
        data.Gaussian(3).relu_mean(np.ones((2, 4)), np.ones(2))
    with pytest.raises(NonFinite, match="b = "):
        data.Gaussian(3).relu_mean(np.ones((2, 3)), np.array([1.0, np.inf]))
