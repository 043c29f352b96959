"""A data set holds what was given, or names what is wrong with it."""

import numpy as np
import pytest

import robustlaw as rl
from robustlaw import data
from robustlaw.errors import InvalidArgument, RobustlawError, ShapeMismatch

X, Y = np.arange(6.0).reshape(3, 2) / 10.0, np.array([1.0, -1.0, 1.0])


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ({"x": X + 1j}, "x = (?s:.*)complex128"),
        ({"y": Y + 0j}, "y = (?s:.*)complex128"),
        ({"g": Y + 0j}, "g = (?s:.*)complex128"),
        ({"x": "abc"}, "x = abc"),
        ({"x": [["a", "b"]]}, "x = "),
        ({"x": [[1.0], [1.0, 2.0], [3.0]]}, "x = "),
        ({"y": None}, "y = None"),
        ({"x": None}, "x = None"),
        ({"x": np.zeros((3, 0))}, "x = "),
        ({"component": [0.7, 0.0, 0.0]}, "component = "),
        ({"component": [0, -1, 0]}, "component = "),
        ({"component": "abc"}, "component = abc"),
        ({"component": 0}, "component = "),
    ],
)
def test_what_is_no_real_array_is_named(arguments, says):
    with pytest.raises(InvalidArgument, match=says):
        rl.Dataset.from_arrays(**{"x": X, "y": Y, **arguments})


def test_noise_is_the_label_less_its_mean():
    places, g = np.zeros(3, dtype=np.int64), np.zeros(3)
    assert rl.Dataset(X, Y, g, Y - g, places).n == 3
    for z in (100.0 * Y, np.nextafter(Y, 2.0), Y * np.nan):
        with pytest.raises(InvalidArgument, match="y - g"):
            rl.Dataset(X, Y, g, z, places)
    with pytest.raises(ShapeMismatch):
        rl.Dataset(X[:, :0], Y, g, Y, places)


PROBLEMS = [
    rl.Problem(data.Gaussian(2)),
    rl.Problem(data.Gaussian(2), data.Linear(scale=0.3, bound=0.5), data.BoundedUniform(0.5)),
    rl.Problem(data.Gaussian(2), data.Teacher((2, 5, 1)), data.Flips(0.2)),
]


@pytest.mark.parametrize("problem", PROBLEMS, ids=lambda p: type(p.noise).__name__)
def test_the_mean_label_of_a_known_problem_is_its_own(problem):
    drawn = problem.sample(30, 0)
    for g in (None, drawn.g, np.nextafter(drawn.g, 0.0)):
        again = rl.Dataset.from_arrays(drawn.x, drawn.y, g, problem=problem)
        np.testing.assert_array_equal(again.g, problem.noise.regression(problem.target(drawn.x)))
        np.testing.assert_array_equal(again.z, drawn.y - again.g)
    assert rl.Dataset.from_arrays(drawn.x[:7], drawn.y[:7], drawn.g[:7], problem=problem).n == 7
    with pytest.raises(InvalidArgument, match="StatedNoise"):
        rl.Dataset.from_arrays(drawn.x, drawn.y, np.full(30, 0.1), problem=problem)
    stated = rl.Problem(problem.distribution, noise=data.StatedNoise())
    assert rl.Dataset.from_arrays(drawn.x, drawn.y, problem=stated).g is None
    assert rl.Dataset.from_arrays(drawn.x, drawn.y, np.full(30, 0.1), problem=stated).g[0] == 0.1


def test_lists_and_numpy_numbers_are_numbers():
    np.testing.assert_array_equal(data.Gaussian(3, np.array([1.0, 2.0, 3.0])).covariance, [1, 2, 3])
    assert data.Gaussian(3, float(np.float32(2))).proxy == 2.0


@pytest.mark.parametrize("seed", [-1])
def test_negative_seeds_are_refused(seed):
    with pytest.raises(RobustlawError, match="seed = -1"):
        PROBLEMS[0].sample(3, seed)
