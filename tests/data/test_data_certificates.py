"""Every certificate's number, and what cannot have one."""

import math
from fractions import Fraction

import numpy as np
import pytest
from data_families import ANISOTROPIC, BY_NAME
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import data
from robustlaw.data.checks import ceiling, largest_eigenvalue, row_norms, spectral_norm
from robustlaw.errors import InvalidArgument, MissingCapability, NonFinite, ShapeMismatch

RNG = np.random.default_rng


@pytest.mark.parametrize(**BY_NAME)
def test_the_proxy_is_the_theorem_s(known):
    # the largest rounding upwards is that of an eigenvalue: 8 d eps in the Frobenius norm
    assert known.law.proxy == pytest.approx(known.proxy, rel=1e-13)
    assert known.law.isoperimetry.proxy == known.law.proxy
    assert known.law.assumption is None
    assert known.law.isoperimetry.source in known.law.isoperimetry.statement


@pytest.mark.parametrize(**BY_NAME)
def test_no_linear_function_varies_more_than_the_proxy_allows(known):
    for place in range(known.law.components):
        x = known.law.component(place).sample(20_000, RNG(1))
        worst = np.linalg.eigvalsh(np.cov(x.T).reshape(x.shape[1], -1))[-1]
        # the top eigenvalue of 20,000 rows in at most 40 dimensions is high by (1 + sqrt(40/20000))^2
        # at most, up to fluctuations of 2 percent
        assert worst <= known.proxy * 1.11


@given(st.fractions(min_value=Fraction(1, 10**6), max_value=10**6))
def test_ceiling_is_the_smallest_float_above(value):
    up = ceiling(value)
    assert Fraction(up) >= value
    assert Fraction(math.nextafter(up, 0.0)) < value


def test_proxies_are_never_rounded_down():
    for dim in range(2, 60):
        assert Fraction(data.Gaussian(dim).proxy) >= Fraction(1, dim)
        assert Fraction(data.Sphere(dim + 1).proxy) >= Fraction(1, dim)
        assert Fraction(data.Ball(dim).proxy) >= Fraction(1, dim + 1)


@given(st.integers(1, 12), st.integers(0, 10**6))
def test_eigenvalues_and_norms_are_rounded_up(dim, seed):
    a = RNG(seed).integers(-9, 10, (dim, dim)).astype(float)
    # |A v| / |v| from exact integers bounds the norm from below
    top = np.linalg.svd(a)[2][0]
    v = [Fraction(float(t)) for t in top]
    image = [sum(Fraction(float(c)) * t for c, t in zip(row, v, strict=True)) for row in a]
    ratio = sum(t * t for t in image) / sum(t * t for t in v)
    assert Fraction(spectral_norm(a)) ** 2 >= ratio
    assert Fraction(largest_eigenvalue(a.T @ a)) >= ratio
    low, high = row_norms(a)
    exact = np.sum(a * a, axis=1)
    assert np.all(low**2 <= exact)
    assert np.all(high**2 >= exact)


@pytest.mark.parametrize(
    "law", [data.DiscreteCube(4), data.StudentT(4, 5.0), data.Empirical(np.ones((2, 2)))]
)
def test_controls_have_no_certificate(law):
    assert law.isoperimetry is None
    with pytest.raises(MissingCapability, match="Assumed"):
        _ = law.proxy
    assert data.Product((data.Gaussian(2), law)).isoperimetry is None
    assert data.Mixture((data.Gaussian(law.dim), law)).isoperimetry is None
    with pytest.raises(MissingCapability):
        _ = data.Product((data.Gaussian(2), law)).proxy


def test_a_slope_on_the_user_s_word_is_an_assumption():
    law = data.LipschitzImage(data.Gaussian(4), lambda x: 3.0 * x[:, :2], slope=3.0)
    assert law.dim == 2
    assert law.isoperimetry is None
    assert law.proxy == pytest.approx(9 / 4)
    assert law.assumption == "the map of the inputs has slope at most 3"


def test_images_take_the_square_of_the_slope():
    layer = data.RandomLayer(6, 9, seed=4)
    law = data.LipschitzImage(data.Gaussian(6), layer)
    assert law.dim == 9
    assert np.linalg.norm(layer.weights, 2) <= 1.0
    assert law.proxy == pytest.approx(layer.slope**2 / 6)
    x, y = RNG(0).standard_normal((2, 500, 6))
    moved = np.linalg.norm(layer(x) - layer(y), axis=1) / np.linalg.norm(x - y, axis=1)
    assert moved.max() <= layer.slope


class Stretch(data.LipschitzMap):
    slope = 3.0

    def __call__(self, x):
        return 3.0 * x + 1.0


def test_a_stretch_multiplies_the_proxy_by_its_square():
    law = data.LipschitzImage(data.Sphere(5), Stretch())
    assert law.isoperimetry.proxy == law.proxy == pytest.approx(9 / 4)
    assert law.proxy >= 9 / 4
    assert law.radius == pytest.approx(3.0 + 5**0.5)


def test_an_assumed_proxy_is_not_a_certificate():
    law = data.Assumed(np.eye(3), proxy=0.25, why="measured elsewhere")
    assert law.isoperimetry is None
    assert law.proxy == 0.25
    assert law.assumption == "rho = 0.25 (measured elsewhere)"
    product = data.Product((law, data.Gaussian(2)))
    assert product.assumption == law.assumption
    assert product.proxy == 0.5
    mixture = data.Mixture((data.Gaussian(3), data.Sphere(3)))
    assert data.Assumed(mixture, 0.7, "guess").component(1).assumption == "rho = 0.7 (guess)"
    assert data.Assumed(mixture, 0.7, "guess").components == 2


@pytest.mark.parametrize(
    ("make", "error", "says"),
    [
        (lambda: data.Sphere(1), InvalidArgument, "dim = 1"),
        (lambda: data.Sphere(3, -1.0), InvalidArgument, "radius = -1.0"),
        (lambda: data.Gaussian(0), InvalidArgument, "dim = 0"),
        (lambda: data.Gaussian(2, 0.0), InvalidArgument, "covariance = 0.0"),
        (lambda: data.Gaussian(2, np.ones(3)), ShapeMismatch, r"\(3,\)"),
        (lambda: data.Gaussian(2, np.array([1.0, -1.0])), InvalidArgument, "-1.0"),
        (lambda: data.Gaussian(2, np.array([[1.0, 2.0], [2.0, 1.0]])), InvalidArgument, "negative"),
        (lambda: data.Gaussian(2, np.array([[1.0, 0.5], [0.0, 1.0]])), InvalidArgument, "symmetric"),
        (lambda: data.Gaussian(2, np.array([1.0, np.nan])), NonFinite, "nan"),
        (lambda: data.Ball(2, math.inf), InvalidArgument, "radius = inf"),
        (lambda: data.Cube(2, 0.0), InvalidArgument, "half_width = 0.0"),
        (lambda: data.LogConcave(2, power=0.5), InvalidArgument, "power = 0.5"),
        (lambda: data.LogConcave(2, steepness=-1.0), InvalidArgument, "steepness = -1.0"),
        (lambda: data.LogConcave(2, steepness=100.0), InvalidArgument, "too slow"),
        (lambda: data.Stiefel(2, 1), InvalidArgument, "n = 2"),
        (lambda: data.Stiefel(4, 5), InvalidArgument, "k = 5"),
        (lambda: data.EmbeddedSphere(5, 4), InvalidArgument, "intrinsic = 5"),
        (lambda: data.EmbeddedSphere(1, 4), InvalidArgument, "dim = 1"),
        (lambda: data.StudentT(2, 2.0), InvalidArgument, "dof = 2.0"),
        (lambda: data.Product(()), InvalidArgument, "parts = 0"),
        (lambda: data.Mixture((data.Gaussian(2), data.Gaussian(3))), ShapeMismatch, "dimension"),
        (lambda: data.Mixture((data.Gaussian(2),), (0.5,)), InvalidArgument, "sum to 1"),
        (lambda: data.Mixture((data.Gaussian(2),), (0.5, 0.5)), ShapeMismatch, "1 parts"),
        (lambda: data.Product((data.Mixture((data.Gaussian(2),) * 2),)), InvalidArgument, "mix the results"),
        (lambda: data.Shifted(data.Gaussian(2), np.ones(3)), ShapeMismatch, "2 entries"),
        (lambda: data.LipschitzImage(data.Gaussian(2), np.tanh), InvalidArgument, "slope = nan"),
        (
            lambda: data.LipschitzImage(data.Gaussian(2), data.Tanh(), slope=0.5),
            InvalidArgument,
            "slope = 0.5",
        ),
        (lambda: data.LipschitzImage(data.Gaussian(2), data.Tanh(), dim=3), ShapeMismatch, "2 outputs"),
        (lambda: data.Assumed(np.eye(2), 0.0, "why"), InvalidArgument, "proxy = 0.0"),
        (lambda: data.Assumed(np.eye(2), 1.0), InvalidArgument, "why"),
        (lambda: data.Empirical(np.array([[np.nan]])), NonFinite, "points"),
        (lambda: data.Isoperimetry(-1.0, "nobody"), InvalidArgument, "proxy = -1.0"),
        (lambda: data.Sphere(3).component(1), InvalidArgument, "index = 1"),
        (lambda: data.Mixture((data.Gaussian(2),)).component(-1), InvalidArgument, "index = -1"),
        (lambda: data.Empirical(np.eye(2)).sample(3, RNG(0)), InvalidArgument, "n = 3"),
    ],
)
def test_wrong_laws_are_named(make, error, says):
    with pytest.raises(error, match=says):
        make()


def test_covariances_are_copied():
    given_matrix = ANISOTROPIC.copy()
    law = data.Gaussian(3, given_matrix)
    given_matrix[0, 0] = 100.0
    assert law.proxy < 1.0
