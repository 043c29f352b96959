"""The laws against adversaries who see the data, counted over thousands of data sets.

Every threshold comes from the package. A true law is violated on at most a delta fraction of the
data sets; the same law with a factor left out has to be caught, or the bench would have no teeth.
"""

import math

import numpy as np
import pytest
from scipy.special import ndtr

from robustlaw.confidence import clopper_pearson_lower
from robustlaw.data import BoundedUniform, Gaussian, Linear, Problem, RandomSigns, Sphere
from robustlaw.evidence import LOG2, NATS, Bracket
from robustlaw.laws import (
    DescriptionLength,
    Measured,
    MemorisationConverse,
    SparseSharp,
)
from robustlaw.laws.memorisation_converse import binary_entropy
from robustlaw.networks import Network

DRAWS = 3000
LEVEL = 0.999


def certainly_above(bad, delta):
    """The Clopper-Pearson lower end of the rate of bad data sets exceeds delta."""
    return clopper_pearson_lower(int(bad.sum()), len(bad), 1.0 - LEVEL) > delta


def slope_for_each(law, problem, n, nats):
    """The package's bound on Lip for a correlation of 1, for each length in nats."""
    data = problem.sample(n, 0)
    weight = np.sign(data.z @ data.x)[None, :]
    m = Measured(Network.from_arrays([(weight, np.zeros(1))]), data, Bracket.exact(1.0))
    bounds = [law.bound(m, Bracket.exact(float(p), unit=NATS)) / m.correlation.value for p in nats]
    return np.array([b.middle for b in bounds])


# Classes of 1-Lipschitz functions with their exact means; each takes inputs (draws, n, dim).


def coordinates(x):
    return x


def rotated(x):
    u = np.random.default_rng(7).normal(size=(24, x.shape[2]))
    return x @ (u / np.linalg.norm(u, axis=1, keepdims=True)).T


def folded(x):
    """|x_1 - c| for normal x_1 of deviation s: mean s sqrt(2/pi) exp(-c^2/2s^2) + c (1 - 2 Phi(-c/s))."""
    s = 1.0 / math.sqrt(x.shape[2])
    c = s * np.linspace(-2.5, 2.5, 16)
    mean = s * math.sqrt(2.0 / math.pi) * np.exp(-0.5 * (c / s) ** 2) + c * (1.0 - 2.0 * ndtr(-c / s))
    return np.abs(x[:, :, :1] - c) - mean


def zigzag(x):
    """Piecewise linear functions of one coordinate with slopes +-1: alternating sums of hinges."""
    s = 1.0 / math.sqrt(x.shape[2])
    c = s * np.linspace(-2.0, 2.0, 6)
    signs = np.random.default_rng(3).choice([-1.0, 1.0], (20, len(c) + 1))
    jumps = np.diff(signs, axis=1)  # the slope changes by these at the kinks
    hinge = np.maximum(x[:, :, :1] - c, 0.0)
    mean = s * (np.exp(-0.5 * (c / s) ** 2) / math.sqrt(2.0 * math.pi) - (c / s) * ndtr(-c / s))
    return x[:, :, :1] * signs[:, 0] + (hinge - mean) @ jumps.T


def inputs(problem, n, rng):
    law = problem.distribution
    return law.sample(DRAWS * n, rng).reshape(DRAWS, n, law.dim)


def independent_noise(problem, x, rng):
    if isinstance(problem.noise, BoundedUniform):
        return rng.uniform(-1.0, 1.0, x.shape[:2]) * problem.noise.half_width
    return rng.choice([-1.0, 1.0], x.shape[:2])


def dependent_noise(problem, x, rng):
    """Mean 0 given x and at most B in size, but large exactly where the first coordinate is."""
    size = np.where(np.abs(x[:, :, 0]) > np.median(np.abs(x[:, :, 0])), 1.0, 0.3)
    return problem.noise_bound * size * rng.choice([-1.0, 1.0], x.shape[:2])


GAUSS, BALL = Gaussian(64), Sphere(48)
BENCHES = {
    # problem, functions, noise, n
    "normal coordinates": (Problem(GAUSS), coordinates, independent_noise, 16),
    "coordinates of the sphere": (Problem(BALL), coordinates, independent_noise, 16),
    "random directions": (Problem(Gaussian(5)), rotated, independent_noise, 40),
    "folded lines": (Problem(Gaussian(2)), folded, independent_noise, 30),
    "zigzags": (Problem(Gaussian(2)), zigzag, independent_noise, 30),
    "noise that depends on x": (
        Problem(GAUSS, Linear(0.5, bound=0.5), RandomSigns()),
        coordinates,
        dependent_noise,
        16,
    ),
    "two samples": (Problem(GAUSS), coordinates, independent_noise, 2),
}


def correlations(bench, seed):
    problem, functions, noise, n = bench
    rng = np.random.default_rng(seed)
    x = inputs(problem, n, rng)
    z = noise(problem, x, rng)
    return np.einsum("dn,dnk->dk", z, functions(x)) / n


def lengths(count, weights):
    """Kraft lengths: equal shares, or shares that fall off geometrically."""
    if weights == "uniform":
        return np.full(count, math.log(count))
    share = 0.9 ** np.arange(count)
    return -np.log(share / share.sum())


@pytest.mark.parametrize("weights", ["uniform", "geometric"])
@pytest.mark.parametrize("delta", [0.02, 0.1, 0.5])
@pytest.mark.parametrize("name", BENCHES)
def test_description_length_law_on_a_finite_class(name, delta, weights):
    """A data set is bad if any function of the class violates: no selection can do worse."""
    problem, _, _, n = BENCHES[name]
    x = correlations(BENCHES[name], seed=1)
    needed = x * slope_for_each(DescriptionLength(delta), problem, n, lengths(x.shape[1], weights))
    assert not certainly_above((needed > 1.0).any(axis=1), delta)


def mutant_factor(mutant, nats, delta):
    """How much more a law demands that leaves out a factor or a term of nats + log(1/delta)."""
    confidence = math.log(1.0 / delta)
    kept = {"no log K": confidence, "no log 1/delta": nats}.get(mutant)
    return 2.0 if kept is None else np.sqrt((nats + confidence) / kept)


@pytest.mark.parametrize("mutant", ["v/4", "no log K", "no log 1/delta"])
@pytest.mark.parametrize("name", ["normal coordinates", "coordinates of the sphere"])
def test_a_wrong_description_length_law_is_caught(name, mutant):
    problem, _, _, n = BENCHES[name]
    delta = 0.02
    x = correlations(BENCHES[name], seed=2)
    nats = lengths(x.shape[1], "uniform")
    needed = x * slope_for_each(DescriptionLength(delta), problem, n, nats)
    assert certainly_above((needed * mutant_factor(mutant, nats, delta) > 1.0).any(axis=1), delta)


def test_dependent_noise_with_its_mean_square_for_v_is_caught():
    """With noise that is large where f is, s2 in place of B^2 would be wrong."""
    bench = BENCHES["noise that depends on x"]
    problem, n, delta = bench[0], 400, 0.02
    rng = np.random.default_rng(5)
    x = rng.normal(size=(2 * DRAWS, n)) / 8.0  # one coordinate of the normal law in R^64
    size = np.where(np.abs(x) > 2.0 / 8.0, 1.5, 0.0)
    z = size * rng.choice([-1.0, 1.0], x.shape)
    correlation, s2 = (z * x).mean(axis=1), (z**2).mean(axis=1)
    needed = correlation * slope_for_each(DescriptionLength(delta), problem, n, [0.0])
    assert not certainly_above(needed > 1.0, delta)
    wrong = needed * np.sqrt(problem.noise_bound**2 / s2)
    assert certainly_above(wrong > 1.0, delta)


@pytest.mark.parametrize("problem", [Problem(GAUSS), Problem(GAUSS, noise=BoundedUniform(0.5))])
def test_s2_of_the_sample_may_stand_for_v_where_noise_is_independent(problem):
    """v = s2 of the very data set, as the package has it: conditionally on the noise it is a constant."""
    n, delta = 3, 0.1
    rng = np.random.default_rng(8)
    x = inputs(problem, n, rng)
    z = independent_noise(problem, x, rng)
    s2 = (z**2).mean(axis=1)
    reference = slope_for_each(DescriptionLength(delta), Problem(GAUSS), n, [math.log(64.0)])
    needed = np.einsum("dn,dnk->dk", z, x).max(axis=1) / n * reference / np.sqrt(s2)
    assert not certainly_above(needed > 1.0, delta)
    assert certainly_above(2.0 * needed > 1.0, delta)


@pytest.mark.parametrize("delta", [0.05, 0.5])
@pytest.mark.parametrize("name", BENCHES)
def test_sharp_law_on_a_channel_that_picks_the_best_of_k(name, delta):
    """W = the function that repeats the noise most, so I(W; D) <= log K exactly."""
    problem, _, _, n = BENCHES[name]
    x = correlations(BENCHES[name], seed=3)
    needed = x.max(axis=1) * slope_for_each(SparseSharp(delta), problem, n, [math.log(x.shape[1])])
    assert not certainly_above(needed > 1.0, delta)


@pytest.mark.parametrize("mutant", ["v/4", "no information"])
def test_a_wrong_sharp_law_is_caught(mutant):
    """At delta = 1/2, where the change of measure has the least room."""
    problem, _, _, n = BENCHES["normal coordinates"]
    delta, u = 0.5, math.log(64.0)
    x = correlations(BENCHES["normal coordinates"], seed=4)
    needed = x.max(axis=1) * slope_for_each(SparseSharp(delta), problem, n, [u])
    factor = 2.0 if mutant == "v/4" else math.sqrt((u + math.log(2.0)) / math.log(2.0))
    assert certainly_above(factor * needed > 1.0, delta)


def converse_gap(law, n, nats):
    """measured - theory for every number of wrong labels 0..n: below 0 the law is violated."""
    data = Problem(Sphere(3)).sample(n, 0)
    m = Measured(Network.from_arrays([(np.ones((1, 3)), np.zeros(1))]), data, Bracket.exact(2.0))
    charged = law.measured(m, Bracket.exact(nats, unit=NATS)).upper
    return np.array([charged - ((LOG2 - binary_entropy(w, n)) * float(n)).lower for w in range(n + 1)])


def best_of(k, n, seed):
    """Fewest labels that any of K classifiers, fixed before, gets wrong."""
    rng = np.random.default_rng(seed)
    labels = rng.choice([-1, 1], (DRAWS, n)).astype(np.float32)
    classes = np.random.default_rng(99).choice([-1, 1], (n, k)).astype(np.float32)
    return ((n - (labels @ classes).max(axis=1)) / 2.0).round().astype(int)


@pytest.mark.parametrize("delta", [0.02, 0.1, 0.5])
@pytest.mark.parametrize(("k", "n"), [(1, 7), (16, 20), (64, 200), (512, 60)])
def test_memorisation_converse_on_the_best_of_k_classifiers(k, n, delta):
    gap = converse_gap(MemorisationConverse(delta), n, math.log(k))
    assert not certainly_above(gap[best_of(k, n, 0)] < 0.0, delta)


@pytest.mark.parametrize("mutant", ["no log K", "no log 1/delta", "half the bits"])
def test_a_wrong_memorisation_converse_is_caught(mutant):
    k, n, delta = 512, 200, 0.02
    charge = {"no log K": 0.0, "half the bits": 0.5 * math.log(k)}.get(mutant, math.log(k))
    gap = converse_gap(MemorisationConverse(delta), n, charge)
    if mutant == "no log 1/delta":
        gap = gap - math.log(1.0 / delta)
    assert certainly_above(gap[best_of(k, n, 1)] < 0.0, delta)
