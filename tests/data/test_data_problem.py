"""Problems, data sets and the bundled digits."""

import importlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import robustlaw as rl
from robustlaw import data
from robustlaw.errors import InvalidArgument, LabelOutOfRange, MissingCapability, NonFinite, ShapeMismatch

FIELDS = ("x", "y", "g", "z", "component")
CENTRED = data.Mixture((data.Shifted(data.Gaussian(4), np.ones(4)), data.Sphere(4)))
PROBLEMS = [
    rl.Problem(data.Sphere(5)),
    rl.Problem(CENTRED, data.Linear(bound=0.5), data.BoundedUniform(0.25)),
    rl.Problem(data.LogConcave(4), data.Teacher((4, 3, 1)), data.Flips(0.1)),
    rl.Problem(data.EmbeddedSphere(3, 6), data.Linear(bound=0.2), data.TruncatedGaussian(0.3, 0.8)),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: type(p.distribution).__name__)
@given(n=st.integers(1, 40), seed=st.integers(0, 2**40))
def test_one_seed_gives_the_same_bits_and_consistent_fields(problem, n, seed):
    a, b, other = problem.sample(n, seed), problem.sample(n, seed), problem.sample(n, seed + 1)
    for field in FIELDS:
        assert np.array_equal(getattr(a, field), getattr(b, field))
    assert not np.array_equal(a.x, other.x)
    assert (a.n, a.dim, len(a)) == (n, problem.dim, n)
    assert np.array_equal(a.z, a.y - a.g)
    assert np.abs(a.z).max() <= problem.noise_bound
    assert np.abs(a.y).max() <= 1.0
    assert a.component.dtype == np.int64
    assert a.component.max() < problem.distribution.components
    assert a.problem is problem
    assert a.seed == seed


def test_inputs_and_labels_have_streams_of_their_own():
    signs = rl.Problem(data.Sphere(5)).sample(50, 3)
    uniform = rl.Problem(data.Sphere(5), noise=data.BoundedUniform(1.0)).sample(50, 3)
    assert np.array_equal(signs.x, uniform.x)
    elsewhere = rl.Problem(data.Gaussian(2)).sample(50, 3)
    assert np.array_equal(signs.y, elsewhere.y)


def test_a_problem_knows_its_quantities():
    problem = rl.Problem(data.Sphere(5), target=data.Zero(), noise=data.RandomSigns())
    assert (problem.dim, problem.proxy, problem.sigma2, problem.noise_bound) == (5, 0.25, 1.0, 1.0)
    assert problem.independent_noise
    assert problem.assumption is None
    assert not rl.Problem(data.Sphere(5), data.Linear()).independent_noise
    assert rl.Problem(data.Sphere(5), data.Linear()).noise_bound == 2.0
    with pytest.raises(MissingCapability):
        _ = rl.Problem(data.StudentT(2, 3.0)).proxy
    assumed = rl.Problem(data.Assumed(data.StudentT(2, 3.0), 0.3, "for the sake of argument"))
    assert assumed.proxy == 0.3
    assert assumed.assumption == "rho = 0.3 (for the sake of argument)"


def test_impossible_labels_are_refused_at_once():
    with pytest.raises(LabelOutOfRange, match=r"half_width = 0\.5: the target reaches 1"):
        rl.Problem(data.Gaussian(3), data.Linear(), data.BoundedUniform(0.5))
    with pytest.raises(InvalidArgument, match="n = 0"):
        rl.Problem(data.Gaussian(3)).sample(0, 0)


class Loud(data.Target):
    def __call__(self, x):
        return 3.0 * np.ones(len(x))


def test_a_target_that_breaks_its_promise_is_caught():
    with pytest.raises(LabelOutOfRange, match="target"):
        rl.Problem(data.Gaussian(3), Loud()).sample(5, 0)


def test_users_build_their_own():
    x, y = [[0, 1], [2, 3], [4, 5]], [1, -1, 0]
    bare = rl.Dataset.from_arrays(x, y)
    assert bare.x.dtype == bare.y.dtype == np.float64
    assert bare.g is None
    assert bare.z is None
    assert bare.problem is None
    stated = rl.Problem(data.Gaussian(2), noise=data.StatedNoise())
    full = rl.Dataset.from_arrays(x, y, [0.5, -0.5, 0.0], problem=stated)
    assert np.array_equal(full.z, [0.5, -0.5, 0.0])
    assert full.problem.proxy == 0.5
    table = np.zeros((3, 2))
    copied = rl.Dataset.from_arrays(table, y)
    table[0] = 7.0
    assert copied.x[0, 0] == 0.0


@pytest.mark.parametrize(
    ("arguments", "error", "says"),
    [
        ({"y": [0.0, 1.5]}, LabelOutOfRange, "y = "),
        ({"g": [0.0, -1.5]}, LabelOutOfRange, "g = "),
        ({"x": [[0.0], [np.nan]]}, NonFinite, "x = "),
        ({"y": [np.inf, 0.0]}, NonFinite, "y = "),
        ({"y": [0.0]}, ShapeMismatch, "y = "),
        ({"g": [0.0]}, ShapeMismatch, "g = "),
        ({"x": [0.0, 1.0]}, ShapeMismatch, "x = "),
        ({"x": np.zeros((0, 2)), "y": []}, InvalidArgument, "at least one"),
        ({"problem": rl.Problem(data.Gaussian(3))}, ShapeMismatch, "3 entries"),
        (
            {"problem": rl.Problem(data.Gaussian(1)), "component": [0, 1]},
            InvalidArgument,
            "components 0 to 0",
        ),
    ],
)
def test_wrong_arrays_are_named(arguments, error, says):
    with pytest.raises(error, match=says):
        rl.Dataset.from_arrays(**{"x": [[0.0], [1.0]], "y": [0.0, 1.0], **arguments})


def test_digits():
    problem = data.digits_problem(flip=0.1)
    sample = problem.sample(1797, 0)
    assert sample.x.shape == (1797, 64)
    assert np.abs(sample.x.mean(axis=0)).max() < 1e-12
    assert sample.x.max() - sample.x.min() <= 2.0
    assert problem.proxy == pytest.approx(np.linalg.eigvalsh(np.cov(sample.x.T))[-1])
    assert "normal with their sample covariance" in problem.assumption
    assert set(np.unique(sample.g)) == {-0.8, 0.8}
    assert abs(np.mean(sample.y != np.sign(sample.g)) - 0.1) < 0.05
    assert problem.sigma2 == pytest.approx(0.36)
    assert len(np.unique(sample.x, axis=0)) == 1797


def test_digits_are_labelled_by_parity():
    bundle = importlib.import_module("sklearn.datasets").load_digits()
    table = bundle.data / 16.0
    sample = data.digits(200, seed=5, flip=0.0)
    where = [np.argmin(np.abs(table - table.mean(axis=0) - x).sum(axis=1)) for x in sample.x]
    assert np.array_equal(sample.y, np.where(bundle.target[where] % 2 == 1, 1.0, -1.0))


def test_digits_with_a_given_proxy_and_too_many_rows(monkeypatch):
    assert data.digits(10, 0, proxy=0.5).problem.assumption == "rho = 0.5 (given by the user)"
    assert np.array_equal(data.digits(10, 0).x, data.digits(10, 0).x)
    with pytest.raises(InvalidArgument, match="1797"):
        data.digits(1798, 0)

    def absent(name):
        raise ModuleNotFoundError(name)

    data.digits_problem.cache_clear()
    monkeypatch.setattr("robustlaw.data.handwriting.import_module", absent)
    with pytest.raises(MissingCapability, match=r"pip install robustlaw\[data\]"):
        data.digits(10, 0)
