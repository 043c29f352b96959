"""Samples have the law that the certificate speaks of."""

import math

import numpy as np
import pytest
from data_families import ANISOTROPIC, BY_NAME
from scipy import stats
from scipy.integrate import quad

from robustlaw import data
from robustlaw.errors import MissingCapability, ShapeMismatch

RNG = np.random.default_rng
SIGMAS = 6.0  # a fixed seed passes or fails for good; a true mean is off by 6 errors with p = 2e-9


@pytest.mark.parametrize(**BY_NAME)
def test_shape_norm_and_determinism(known):
    x, place = known.law.draw(20_000, RNG(3))
    assert x.shape == (20_000, known.law.dim)
    assert x.dtype == np.float64
    assert np.array_equal(x, known.law.sample(20_000, RNG(3)))
    assert place.min() >= 0
    assert place.max() == known.law.components - 1
    squares = np.sum(x * x, axis=1)
    assert squares.max() <= known.law.radius**2 * (1 + 1e-12)
    if math.isfinite(known.square):
        error = squares.std() / math.sqrt(len(x)) + 1e-12
        assert abs(squares.mean() - known.square) <= SIGMAS * error


@pytest.mark.parametrize(**BY_NAME)
def test_means_are_exact(known):
    for index in range(known.law.components):
        law = known.law.component(index)
        if isinstance(law, data.LipschitzImage):
            with pytest.raises(MissingCapability):
                _ = law.mean
            continue
        x = law.sample(20_000, RNG(5))
        assert np.all(np.abs(x.mean(axis=0) - law.mean) <= SIGMAS * x.std(axis=0) / math.sqrt(len(x)) + 1e-12)


def log_concave_cdf(law):
    def density(u):
        return math.exp(-0.5 * u * u - law.steepness * abs(u) ** law.power)

    total = quad(density, -12, 12)[0]
    grid = np.linspace(-6, 6, 241)
    values = [quad(density, -12, g)[0] / total for g in grid]
    return lambda x: np.interp(x * math.sqrt(law.kappa), grid, values)


def sphere_cdf(dim):
    return stats.beta(0.5 * (dim - 1), 0.5 * (dim - 1), loc=-1, scale=2).cdf


LOG_CONCAVE = data.LogConcave(4, curvature=2.0, steepness=0.7, power=3.0)


@pytest.mark.parametrize(
    ("law", "column", "cdf"),
    [
        (data.Gaussian(4), 1, stats.norm(scale=0.5).cdf),
        (data.Sphere(5), 0, sphere_cdf(5)),
        (data.Ball(5), 4, sphere_cdf(7)),
        (data.Cube(3), 2, stats.uniform(-1, 2).cdf),
        (LOG_CONCAVE, 0, log_concave_cdf(LOG_CONCAVE)),
        (data.Stiefel(6, 2), 0, sphere_cdf(6)),
        (data.Stiefel(6, 2), 11, sphere_cdf(6)),
        (data.Stiefel(4, 4), 15, sphere_cdf(4)),
        (data.StudentT(3, 4.0), 1, stats.t(4.0, scale=math.sqrt(2 / 12)).cdf),
    ],
    ids=lambda v: repr(v)[:30],
)
def test_one_coordinate_has_its_law(law, column, cdf):
    x = law.sample(20_000, RNG(11))[:, column]
    assert stats.kstest(x, cdf).pvalue > 1e-3


def test_gaussian_covariance():
    x = data.Gaussian(3, ANISOTROPIC).sample(100_000, RNG(0))
    # entries of a sample covariance have variance (s_ii s_jj + s_ij^2)/n
    sd = np.sqrt((np.outer(np.diag(ANISOTROPIC), np.diag(ANISOTROPIC)) + ANISOTROPIC**2) / len(x))
    assert np.all(np.abs(np.cov(x.T) - ANISOTROPIC) <= SIGMAS * sd)


def test_scalar_vector_and_matrix_covariance_agree():
    laws = [data.Gaussian(3, 0.25), data.Gaussian(3, np.full(3, 0.25))]
    assert np.array_equal(*(law.sample(7, RNG(1)) for law in laws))
    assert {law.proxy for law in laws} == {0.25}
    assert data.Gaussian(3, 0.25 * np.eye(3)).proxy == pytest.approx(0.25)


def test_frames_are_orthonormal_and_rotations_rotate():
    law = data.Stiefel(5, 3)
    frames = law.sample(200, RNG(0)).reshape(200, 3, 5)  # columns after each other
    assert np.abs(frames @ frames.transpose(0, 2, 1) - np.eye(3)).max() < 1e-13
    rotations = data.Stiefel(4, 4).sample(200, RNG(0)).reshape(200, 4, 4)
    assert np.linalg.det(rotations) == pytest.approx(np.ones(200))


def test_the_embedded_sphere_spans_its_intrinsic_dimension():
    law = data.EmbeddedSphere(4, 30, seed=2)
    x = law.sample(300, RNG(0))
    assert np.linalg.matrix_rank(x) == 4
    assert np.abs(x - x @ law.frame @ law.frame.T).max() < 1e-14
    assert np.linalg.norm(x, axis=1) == pytest.approx(np.ones(300))
    assert not np.allclose(law.frame, data.EmbeddedSphere(4, 30, seed=3).frame)


def test_corners():
    x = data.DiscreteCube(9).sample(4000, RNG(0))
    assert set(np.unique(x)) == {-1 / 3, 1 / 3}
    assert len(np.unique(x, axis=0)) > 450  # of 512


def test_mixtures_remember_the_component():
    centres = np.array([[3.0, 0.0], [0.0, -3.0], [-2.0, 2.0]])
    law = data.Mixture([data.Shifted(data.Gaussian(2), c) for c in centres], (0.2, 0.3, 0.5))
    x, place = law.draw(30_000, RNG(1))
    for index, (centre, weight) in enumerate(zip(centres, (0.2, 0.3, 0.5), strict=True)):
        mine = x[place == index]
        assert abs(len(mine) / len(x) - weight) <= SIGMAS * math.sqrt(weight * (1 - weight) / len(x))
        assert np.all(np.abs(mine.mean(axis=0) - centre) <= SIGMAS * math.sqrt(0.5 / len(mine)))
        assert np.array_equal(law.component(index).mean, centre)
    with pytest.raises(MissingCapability, match="component"):
        _ = law.mean


def test_products_keep_their_parts_apart():
    law = data.Product((data.Sphere(3), data.Cube(2, 5.0), data.Shifted(data.Sphere(2), np.ones(2))))
    x = law.sample(1000, RNG(0))
    assert np.linalg.norm(x[:, :3], axis=1) == pytest.approx(np.ones(1000))
    assert 4.5 < np.abs(x[:, 3:5]).max() <= 5.0
    assert np.linalg.norm(x[:, 5:] - 1.0, axis=1) == pytest.approx(np.ones(1000))
    assert np.array_equal(law.mean, [0, 0, 0, 0, 0, 1, 1])


def test_tables_are_drawn_without_replacement():
    table = np.arange(10.0)[:, None]
    x = data.Empirical(table).sample(10, RNG(0))
    assert sorted(x[:, 0]) == list(range(10))
    assert not np.array_equal(x, table)


def test_a_map_that_changes_its_mind_is_named():
    law = data.LipschitzImage(data.Gaussian(2), lambda x: x[:, : len(x)], slope=1.0, dim=1)
    with pytest.raises(ShapeMismatch, match="map"):
        law.sample(2, RNG(0))
