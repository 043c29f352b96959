"""Targets and label noise: the promised moments, bounds and independence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.integrate import quad

from robustlaw import data
from robustlaw.data.noise import _added
from robustlaw.errors import InvalidArgument, LabelOutOfRange, MissingCapability, NonFinite, ShapeMismatch

RNG = np.random.default_rng
N = 40_000
RARE = 1e-9  # chance that a right sampler fails a test of this file


def hoeffding(span):
    """What the mean of N variables of this span exceeds with probability RARE."""
    return span * math.sqrt(math.log(2.0 / RARE) / (2.0 * N))


X = data.Gaussian(6).sample(N, RNG(0))
SMALL = data.Linear(scale=3.0, seed=1, bound=0.5)
PAIRS = [
    (data.Zero(), data.RandomSigns()),
    (data.Linear(scale=4.0), data.RandomSigns()),
    (data.Teacher((6, 9, 1)), data.RandomSigns()),
    (data.Linear(), data.Flips(0.2)),
    (data.Linear(), data.Flips(0.5)),
    (data.Linear(), data.Flips(0.0)),
    (SMALL, data.BoundedUniform(0.5)),
    (data.Zero(), data.BoundedUniform(1.0)),
    (SMALL, data.TruncatedGaussian(0.3, 0.5)),
    (data.Zero(), data.TruncatedGaussian(0.01, 1.0)),
    (data.Zero(), data.TruncatedGaussian(50.0, 0.7)),
]
IDS = [f"{type(t).__name__}-{n!r}" for t, n in PAIRS]


@pytest.mark.parametrize(("target", "noise"), PAIRS, ids=IDS)
def test_noise_is_centred_bounded_and_of_the_promised_size(target, noise):
    t = target(X)
    g, y = noise.regression(t), noise.labels(t, RNG(1))
    z, bound = y - g, noise.bound(target)
    assert np.abs(y).max() <= 1.0
    assert np.abs(z).max() <= bound
    assert np.abs(t).max() <= target.bound
    low = t < np.median(t)
    for half in (low, ~low):  # E[z|x] = 0, not only E z = 0
        assert abs(np.sum(z * half)) / N <= hoeffding(2.0 * bound)
    try:
        sigma2 = noise.sigma2(target)
    except MissingCapability:
        assert isinstance(noise, data.RandomSigns)
        sigma2 = 1.0 - float(np.mean(g * g))
    assert abs(float(np.mean(z * z)) - sigma2) <= hoeffding(bound**2)


@pytest.mark.parametrize(("target", "noise"), PAIRS, ids=IDS)
def test_independence_is_claimed_where_it_holds(target, noise):
    """Dependence of these families shows in the third moment of z within halves of the target."""
    t = target(X)
    z = noise.labels(t, RNG(2)) - noise.regression(t)
    low = t < np.median(t)
    cube = z**3
    gap = abs(float(np.mean(cube[low]) - np.mean(cube[~low]))) if low.any() else 0.0
    error = 12.0 * cube.std() / math.sqrt(N) + 1e-12
    assert noise.independent_of_inputs(target) == (gap <= error)


def test_bounds_are_attained():
    t = np.full(N, 0.25)
    assert np.abs(data.RandomSigns().labels(t, RNG(0)) - t).max() == 1.25
    flips = data.Flips(0.2)
    assert (
        np.abs(flips.labels(t, RNG(0)) - flips.regression(t)).max()
        == flips.bound(SMALL)
        == pytest.approx(1.6)
    )
    assert data.Flips(0.0).bound(SMALL) == 0.0
    uniform = data.BoundedUniform(0.5)
    assert np.abs(uniform.labels(t, RNG(0)) - t).max() > 0.4999


@given(st.floats(1e-3, 1e3), st.floats(1e-3, 1.0))
def test_truncated_variance_against_quadrature(scale, limit):
    alpha = limit / scale
    end = min(alpha, 40.0)  # nothing beyond
    top = quad(lambda u: u * u * math.exp(-0.5 * u * u), 0, end, epsabs=0, limit=200)[0]
    total = quad(lambda u: math.exp(-0.5 * u * u), 0, end, epsabs=0, limit=200)[0]
    assert data.TruncatedGaussian(scale, limit).sigma2(data.Zero()) == pytest.approx(
        scale**2 * top / total, rel=1e-8
    )


def test_truncated_noise_has_its_law():
    z = data.TruncatedGaussian(0.4, 0.6).labels(np.zeros(N), RNG(0))
    assert stats.kstest(z, stats.truncnorm(-1.5, 1.5, scale=0.4).cdf).pvalue > 1e-3
    narrow = data.TruncatedGaussian(0.01, 1.0).labels(np.zeros(N), RNG(0))
    assert stats.kstest(narrow, stats.norm(scale=0.01).cdf).pvalue > 1e-3


@given(st.floats(-0.5, 0.5), st.floats(1e-3, 0.5))
def test_rounding_never_breaks_the_bound(t, limit):
    values, edge = np.full(2, t), np.array([-limit, limit])
    y = _added(values, edge, limit)
    assert np.abs(y - values).max() <= limit
    assert y == pytest.approx(values + edge, abs=2.0**-51)


def test_flips_flip_the_known_share():
    t = np.where(RNG(3).random(N) < 0.5, -0.2, 0.7)
    y = data.Flips(0.2).labels(t, RNG(4))
    assert set(np.unique(y)) == {-1.0, 1.0}
    assert abs(np.mean(y != np.sign(t)) - 0.2) <= hoeffding(1.0)
    assert data.Flips(0.2).regression(np.zeros(1))[0] == pytest.approx(0.6)  # sign(0) = 1


@given(st.floats(0.01, 1.0), st.floats(0.01, 1.0))
def test_labels_that_could_leave_the_range_are_refused(bound, width):
    target = data.Linear(scale=9.0, bound=bound)
    for noise in (data.BoundedUniform(width), data.TruncatedGaussian(1.0, width)):
        if bound + width > 1.0:
            with pytest.raises(LabelOutOfRange, match="lower it"):
                noise.require(target)
        else:
            noise.require(target)
            assert np.abs(noise.labels(target(X[:500]), RNG(0))).max() <= 1.0


def test_linear_targets():
    u = np.array([0.0, 2.0, 0.0, 0.0, 0.0, 0.0])
    values = data.Linear(scale=0.5, direction=u)(X)
    assert values == pytest.approx(np.clip(0.5 * X[:, 1], -1, 1))
    seeded = data.Linear(scale=1.0, seed=3)
    assert np.array_equal(seeded(X), data.Linear(scale=1.0, seed=3)(X))
    assert not np.array_equal(seeded(X), data.Linear(scale=1.0, seed=4)(X))
    assert np.abs(data.Linear(scale=50.0, bound=0.3)(X)).max() == 0.3


def test_teachers():
    teacher = data.Teacher((6, 5, 4, 1), seed=2)
    h = np.maximum(X @ teacher.weights[0].T, 0)
    h = np.maximum(h @ teacher.weights[1].T, 0)
    assert teacher(X) == pytest.approx(np.clip(0.5 * (h @ teacher.weights[2].T)[:, 0], -1, 1))
    assert np.array_equal(teacher(X), data.Teacher((6, 5, 4, 1), seed=2)(X))
    assert not np.array_equal(teacher(X), data.Teacher((6, 5, 4, 1), seed=3)(X))
    wide = data.Teacher((6, 4000, 1), scale=0.2)(data.Sphere(6).sample(2000, RNG(0)))
    assert 0.1 < wide.std() < 0.4 or 0.1 < math.sqrt(np.mean(wide**2)) < 0.4


def test_lookups():
    table, values = np.array([[0.0, 1.0], [2.0, 3.0]]), np.array([-1.0, 0.5])
    target = data.Lookup(table, values)
    assert np.array_equal(target(np.array([[2.0, 3.0], [-0.0, 1.0]])), [0.5, -1.0])
    assert target.bound == 1.0
    with pytest.raises(InvalidArgument, match="not a row"):
        target(np.array([[9.0, 9.0]]))


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: data.Flips(0.6), InvalidArgument, "q = 0.6"),
        (lambda: data.Flips(0.1).require(data.Zero()), InvalidArgument, "RandomSigns"),
        (lambda: data.BoundedUniform(0.0), InvalidArgument, "half_width = 0.0"),
        (lambda: data.TruncatedGaussian(0.0, 1.0), InvalidArgument, "scale = 0.0"),
        (lambda: data.Linear(scale=-1.0), InvalidArgument, "scale = -1.0"),
        (lambda: data.Linear(bound=1.5), LabelOutOfRange, "bound = 1.5"),
        (lambda: data.Linear(direction=np.zeros(3)), InvalidArgument, "direction"),
        (lambda: data.Linear(direction=np.array([np.nan])), NonFinite, "direction"),
        (lambda: data.Linear(direction=np.ones(3))(X), ShapeMismatch, "6 entries"),
        (lambda: data.Teacher((6, 2)), InvalidArgument, "widths"),
        (lambda: data.Teacher((5, 2, 1))(X), ShapeMismatch, "5 inputs"),
        (lambda: data.Lookup(np.eye(2), np.array([0.0, 2.0])), LabelOutOfRange, "values"),
        (lambda: data.Lookup(np.ones((2, 2)), np.array([0.0, 1.0])), InvalidArgument, "equal rows"),
        (lambda: data.Lookup(np.eye(2), np.zeros(3)), ShapeMismatch, "2 points"),
        (lambda: data.RandomSigns().sigma2(data.Linear()), MissingCapability, "E g"),
    ],
)
def test_wrong_labels_are_named(make, error, says):
    with pytest.raises(error, match=says):
        make()
