"""Wrong types get a named error, in a process where nothing else checks them."""

import pytest
from unchecked import outcomes

SETUP = "x, y = np.zeros((3, 4)), np.zeros(3); P = rl.Problem(data.Gaussian(4))"
REFUSED = {
    "data.Gaussian(2.5)": "dim = 2.5",
    "data.Gaussian('3')": "dim = 3",
    "data.Gaussian(3, 'I')": "covariance = I",
    "data.Gaussian(3, True)": "covariance = True",
    "data.Gaussian(3, [1.0, 2.0])": "covariance = ",
    "data.Sphere(2.5)": "dim = 2.5",
    "data.Sphere('a')": "dim = a",
    "data.Cube(3, 'a')": "half_width = a",
    "data.Flips('a')": "q = a",
    "data.StatedNoise('a')": "limit = a",
    "data.StudentT(3, 'a')": "dof = a",
    "data.Teacher(3)": "widths = 3",
    "data.Teacher('abc')": "widths = a",
    "data.Linear(bound='a')": "bound = a",
    "rl.Problem('gauss')": "distribution = gauss",
    "rl.Problem(data.Gaussian(3), target=data.Zero)": "target = ",
    "rl.Problem(data.Gaussian(3), noise='signs')": "noise = signs",
    "rl.Dataset.from_arrays(x, y, problem=data.Gaussian(4))": "problem = ",
    "rl.Dataset.from_arrays(x, y, problem='gauss')": "problem = gauss",
    "rl.Dataset(x.tolist(), y, None, None, None)": "x = ",
    "rl.Dataset(x, y, None, None, None)": "component = None",
    "data.Assumed(x, 'a', 'w')": "proxy = a",
    "data.Assumed(x, 0.1, None)": "why = None",
    "data.Assumed(None, 0.1, 'w')": "points = None",
    "P.sample(2.5, 0)": "n = 2.5",
    "P.sample('5', 0)": "n = 5",
    "P.sample(3, -1)": "seed = -1",
    "P.sample(3, 0.5)": "seed = 0.5",
    "P.sample(3, 'a')": "seed = a",
    "P.sample(3, None)": "seed = None",
}
ACCEPTED = [
    "data.Gaussian(np.int64(3)).proxy",
    "data.Gaussian(3, [1.0, 2.0, 3.0]).proxy",
    "data.Gaussian(3, np.float32(2)).proxy",
    "data.Gaussian(3, np.int64(2)).sample(2, np.random.default_rng(0))",
    "P.sample(np.int64(3), np.int64(5))",
    "data.Teacher(np.array([4, 3, 1]))(x)",
]


@pytest.fixture(scope="module")
def found():
    return outcomes(SETUP, [*REFUSED, *ACCEPTED])


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_wrong_types_are_named(found, text, says):
    assert not found[text].startswith(("raw", "fine"))
    assert says in found[text]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_means_the_same_is_accepted(found, text):
    assert found[text] == "fine"
