"""Entropy estimators reproduce published values and their definitions, and stay out of verdicts."""

import itertools
import math
from functools import cache

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import beta as beta_law
from unchecked import outcomes

from robustlaw.errors import InvalidArgument, MissingCapability, NonFinite
from robustlaw.evidence import NATS, Estimate
from robustlaw.information import ESTIMATORS, plug_in_information
from robustlaw.information.estimators import nemenman
from robustlaw.information.estimators.counts import grouped
from robustlaw.information.estimators.coverage import _power_tail
from robustlaw.information.estimators.shrinkage import james_stein_share

A = np.array([1, 2, 3, 2, 1])
B = np.array([4, 12, 4, 5, 3, 1, 5, 1, 2, 2, 2, 2, 11, 3, 4, 12, 12, 1, 2])
NEEDS_ALPHABET = ["James-Stein", "Jeffreys", "Laplace", "Perks", "minimax", "NSB"]
# With 5 cells for the first column and 100 for the second. All but Grassberger 2003, the jackknife and
# NSB are the values in the tests of DiscreteEntropy.jl for the first; NSB was computed at 40 digits.
GOLDEN = {
    "maximum likelihood": (1.522955, 2.635444),
    "Miller-Madow": (1.745177, 2.737717),
    "Grassberger 1988": (1.876292, 2.717202),
    "Grassberger 2003": (1.912032, 2.733853),
    "Chao-Shen": (1.876548, 2.761664),
    "Chao-Wang-Jost": (1.847870, 2.752811),
    "Zhang": (1.773413, 2.744683),
    "jackknife": (1.886844, 2.765877),
    "James-Stein": (1.609438, 3.178878),
    "Jeffreys": (1.556911, 3.798020),
    "Laplace": (1.574097, 4.134192),
    "Perks": (1.539698, 2.704640),
    "minimax": (1.561237, 3.058127),
    "NSB": (1.509006, 2.806097),
}
NSB_GOLDEN = [
    (A, 5, 1.509006, 0.096245),
    (B, 100, 2.806097, 0.119477),
    (np.array([2, 1]), 2, 0.588944, 0.134436),
    (A, 100, 2.217192, 0.504779),
]
some_counts = st.lists(st.integers(0, 30), min_size=1, max_size=12).filter(any)


@pytest.fixture(autouse=True, scope="module")
def forty_digits():
    """mpmath's precision is global, and other tests set their own."""
    with mpmath.workdps(40):
        yield


@pytest.mark.parametrize("name", GOLDEN)
def test_golden_values(name):
    for counts, alphabet, value in zip((A, B), (5, 100), GOLDEN[name], strict=True):
        found = ESTIMATORS[name](counts, alphabet)
        assert found.value == pytest.approx(value, abs=1e-6)
        assert found.unit == NATS


def test_every_estimator_has_golden_values():
    assert set(GOLDEN) == set(ESTIMATORS)


def test_golden_share_of_the_uniform_law():
    assert james_stein_share(grouped(A), 5) == 1.0
    assert james_stein_share(grouped(B), 100) == pytest.approx(0.131895, abs=1e-6)


@pytest.mark.parametrize(("counts", "alphabet", "value", "deviation"), NSB_GOLDEN)
def test_golden_nsb(counts, alphabet, value, deviation):
    found = ESTIMATORS["NSB"](counts, alphabet)
    assert found.value == pytest.approx(value, abs=1e-6)
    assert found.standard_error == pytest.approx(deviation, abs=1e-6)


# Definitions, word for word.


def xlogx(x):
    return x * math.log(x) if x > 0 else 0.0


def plug_in(counts):
    n = sum(counts)
    return -sum(xlogx(c / n) for c in counts)


def jackknife(c):
    n = sum(c)
    smaller = [plug_in([x - (i == j) for j, x in enumerate(c)]) for i in range(len(c))]
    return n * plug_in(c) - (n - 1) / n * sum(x * h for x, h in zip(c, smaller, strict=True))


def zhang(c):
    n, total = sum(c), 0.0
    for x in c:
        for v in range(1, n - x + 1):
            product = math.prod(1 - (x - 1) / (n - k) for k in range(1, v + 1))
            total += x / n * product / v
    return total


def chao_shen(c):
    n, singles = sum(c), c.count(1)
    cover = 1 - (n - 1 if singles == n else singles) / n
    q = [cover * x / n for x in c]
    return -sum(xlogx(x) / (1 - (1 - x) ** n) for x in q)


@mpmath.workdps(60)
def chao_wang_jost(c):
    n, f1, f2 = sum(c), c.count(1), c.count(2)
    value = mpmath.fsum(mpmath.mpf(x) / n * (mpmath.psi(0, n) - mpmath.psi(0, x)) for x in c)
    if f1 == 0:
        return float(value)
    a = mpmath.mpf(2 * f2) / ((n - 1) * f1 + 2 * f2) if f2 else mpmath.mpf(2) / ((n - 1) * (f1 - 1) + 2)
    if a == 1:
        return float(value)
    tail = -mpmath.log(a) - mpmath.fsum((1 - a) ** r / r for r in range(1, n))
    return float(value + mpmath.mpf(f1) / n * (1 - a) ** (1 - n) * tail)


def grassberger(c):
    n = sum(c)
    return sum(x / n * (math.log(n) - float(mpmath.psi(0, x)) - (-1) ** x / (x + 1)) for x in c)


DEFINITIONS = {
    "maximum likelihood": plug_in,
    "jackknife": jackknife,
    "Zhang": zhang,
    "Chao-Shen": chao_shen,
    "Chao-Wang-Jost": chao_wang_jost,
    "Grassberger 1988": grassberger,
}


@pytest.mark.parametrize("name", DEFINITIONS)
@given(counts=some_counts.filter(lambda c: sum(c) > 1))
def test_definitions(name, counts):
    seen = [c for c in counts if c]
    assert ESTIMATORS[name](np.array(counts)).value == pytest.approx(DEFINITIONS[name](seen), abs=1e-9)


@given(counts=some_counts, spare=st.integers(0, 20))
def test_shrunken_frequencies(counts, spare):
    """James-Stein and Dirichlet as entropies of full vectors."""
    alphabet = len(counts) + spare
    c = np.array(counts + [0] * spare)
    n, p, k = c.sum(), c / c.sum(), alphabet
    below = (n - 1) * ((1 / k - p) ** 2).sum()
    share = min(1.0, max(0.0, (1 - (p**2).sum()) / below)) if below > 1e-15 else 1.0
    full = {"James-Stein": share / k + (1 - share) * p}
    for name, a in (("Jeffreys", 0.5), ("Laplace", 1.0), ("Perks", 1 / k), ("minimax", math.sqrt(n) / k)):
        full[name] = (c + a) / (n + k * a)
    for name, law in full.items():
        found = ESTIMATORS[name](np.array(counts), alphabet).value
        assert found == pytest.approx(-sum(map(xlogx, law)), abs=1e-10)


@pytest.mark.parametrize(("x", "n"), [(0.999999, 1000), (0.9, 11), (0.5, 200), (0.999, 1000), (0.0, 1)])
@mpmath.workdps(80)
def test_tail_of_the_logarithm(x, n):
    truth = mpmath.nsum(lambda k: mpmath.mpf(x) ** (k + 1) / (n + k), [0, mpmath.inf]) if x < 0.99 else None
    if truth is None:
        y = mpmath.mpf(x)
        truth = y ** (1 - n) * (-mpmath.log(1 - y) - mpmath.fsum(y**r / r for r in range(1, n)))
    assert _power_tail(x, n) == pytest.approx(float(truth), rel=1e-9)


# NSB at 40 digits, by an adaptive rule in another variable range.


def nsb_by_quadrature(counts, alphabet):
    cells = [(c, counts.count(c)) for c in sorted(set(counts))] + [(0, alphabet - len(counts))]
    n = sum(counts)

    @cache
    def at(u):
        b = mpmath.exp(u)
        total = n + alphabet * b
        evidence = mpmath.loggamma(alphabet * b) - mpmath.loggamma(total)
        evidence += sum(m * (mpmath.loggamma(c + b) - mpmath.loggamma(b)) for c, m in cells if c)
        prior = alphabet * mpmath.psi(1, alphabet * b + 1) - mpmath.psi(1, b + 1)
        inner = mpmath.fsum(m * (c + b) / total * mpmath.psi(0, c + b + 1) for c, m in cells)
        return mpmath.exp(evidence) * prior * b, mpmath.psi(0, total + 1) - inner

    stops = [-50, -20, -8, -3, 0, 3, 8, 20, 50]
    mass = mpmath.quad(lambda u: at(u)[0], stops)
    return mpmath.quad(lambda u: at(u)[0] * at(u)[1], stops) / mass


@pytest.mark.parametrize(("counts", "alphabet"), [([2, 1], 2), ([1, 2, 3, 2, 1], 100)])
def test_nsb_at_40_digits(counts, alphabet):
    truth = float(nsb_by_quadrature(counts, alphabet))
    assert ESTIMATORS["NSB"](np.array(counts), alphabet).value == pytest.approx(truth, abs=1e-11)


@pytest.mark.parametrize("b", [1e-3, 0.4, 1.0, 30.0])
def test_moments_of_the_entropy_of_two_cells(b):
    """Against integrals over the Beta posterior."""
    mean, square = nemenman._moments(grouped(np.array([3, 1])), 2, np.array([b]))

    def moment(power):
        def integrand(p):
            return (-xlogx(p) - xlogx(1 - p)) ** power * beta_law.pdf(p, 3 + b, 1 + b)

        return quad(integrand, 0.0, 1.0, epsabs=1e-12, epsrel=1e-12, limit=200)[0]

    assert mean[0] == pytest.approx(moment(1), abs=1e-9)
    assert square[0] == pytest.approx(moment(2), abs=1e-9)


def test_the_prior_of_nsb_is_flat_in_the_entropy():
    """The integral of dxi/db is log K, and expansion and formula meet where they change over."""
    for alphabet in (2, 5, 1000):
        u = np.linspace(-40.0, 40.0, 20001)
        b = np.exp(u)
        total = float((b * nemenman._prior(alphabet, b)).sum() * (u[1] - u[0]))
        assert total == pytest.approx(math.log(alphabet), rel=1e-10)
        near = nemenman._prior(alphabet, nemenman.LARGE * np.array([1 - 1e-9, 1 + 1e-9]))
        assert near[0] == pytest.approx(near[1], rel=1e-7)


@pytest.mark.parametrize("n", [1.0, 7.0, 1e3, 1e6])
def test_rising_factorials(n):
    x = np.array([1e-13, 1e-3, 0.5, 9.99, 10.0, 123.4, 1e6, 1e15])
    truth = [float(mpmath.loggamma(mpmath.mpf(v) + n) - mpmath.loggamma(v)) for v in x]
    assert nemenman._log_rising(x, n) == pytest.approx(np.array(truth), rel=1e-13, abs=1e-15 * n + 1e-12)


def test_a_sharp_posterior_is_resolved(monkeypatch):
    """Thousands of cells pin the prior's parameter: more nodes change nothing."""
    counts = np.random.default_rng(0).integers(1, 50, 20000)
    found = ESTIMATORS["NSB"](counts, 20000)
    monkeypatch.setattr(nemenman, "NODES", 20001)
    monkeypatch.setattr(nemenman, "ENOUGH", 2000)
    fine = ESTIMATORS["NSB"](counts, 20000)
    assert found.value == pytest.approx(fine.value, abs=1e-10)
    assert found.standard_error == pytest.approx(fine.standard_error, rel=1e-6)


# Laws.


@pytest.mark.parametrize("name", ESTIMATORS)
@given(data=st.data())
def test_order_and_empty_cells_do_not_matter(name, data):
    counts = data.draw(some_counts)
    shuffled = data.draw(st.permutations([*counts, 0, 0]))
    alphabet = len(counts) + 2
    first, second = (ESTIMATORS[name](np.array(c), alphabet) for c in (counts, shuffled))
    assert first.value == second.value
    assert isinstance(first, Estimate)


@given(counts=some_counts)
def test_entropies_of_laws_are_in_range(counts):
    alphabet = len(counts) + 3
    for name in ("maximum likelihood", *NEEDS_ALPHABET):
        value = ESTIMATORS[name](np.array(counts), alphabet).value
        assert -1e-12 <= value <= math.log(alphabet) + 1e-12


@pytest.mark.parametrize("name", ESTIMATORS)
def test_many_samples_agree(name):
    """All of them come to the truth; the alphabet is small and well sampled."""
    p = np.array([0.4, 0.3, 0.2, 0.1])
    counts = np.random.default_rng(1).multinomial(10**6, p)
    assert ESTIMATORS[name](counts, 4).value == pytest.approx(plug_in(list(p)), abs=5e-3)


def test_the_bias_that_is_mended():
    """50 samples of a uniform law on 20 cells: all corrections come closer than the plug-in."""
    g = np.random.default_rng(2)
    draws = g.multinomial(50, np.full(20, 0.05), 200)

    def bias(name):
        return abs(np.mean([ESTIMATORS[name](c, 20).value for c in draws]) - math.log(20))

    worst = bias("maximum likelihood")
    assert worst > 0.15
    for name in (
        "Miller-Madow",
        "jackknife",
        "Grassberger 2003",
        "Chao-Shen",
        "Chao-Wang-Jost",
        "Zhang",
        "NSB",
    ):
        assert bias(name) < 0.6 * worst, name


@pytest.mark.parametrize("name", ESTIMATORS)
def test_one_sample(name):
    assert math.isfinite(ESTIMATORS[name](np.array([1]), 3).value)
    assert ESTIMATORS[name](np.array([7]), 1).value == pytest.approx(0.0, abs=0.2)


@pytest.mark.parametrize("name", ESTIMATORS)
def test_refusals(name):
    call = ESTIMATORS[name]
    for counts in (np.array([0, 0]), np.array([], dtype=int), np.array([2, -1]), np.array([1.5, 2.0])):
        with pytest.raises(InvalidArgument):
            call(counts, 10)
    with pytest.raises(NonFinite):
        call(np.array([1.0, np.nan]), 10)
    with pytest.raises(InvalidArgument, match="3 cells were observed"):
        call(np.array([1, 1, 1]), 2)
    if name in NEEDS_ALPHABET:
        with pytest.raises(MissingCapability, match="alphabet"):
            call(np.array([1, 2]))
    else:
        assert call(np.array([1, 2])) == call(np.array([1, 2]), 50)


# Mutual information from samples.


def test_plug_in_information_is_that_of_the_empirical_law():
    pairs = np.array(list(itertools.product([0, 5], [-2, 9])))[[0, 0, 1, 3, 3, 3]]
    joint = np.array([[2, 1], [0, 3]]) / 6
    truth = sum(xlogx(x) for x in joint.ravel())
    truth -= sum(xlogx(x) for x in joint.sum(axis=0)) + sum(xlogx(x) for x in joint.sum(axis=1))
    assert plug_in_information(pairs[:, 0], pairs[:, 1]).value == pytest.approx(truth, abs=1e-14)


def test_canary_independent_variables_seem_to_share_five_nats():
    g = np.random.default_rng(0)
    found = plug_in_information(g.integers(0, 1000, 5000), g.integers(0, 1000, 5000))
    assert found.value == pytest.approx(5.09, abs=0.02)
    assert isinstance(found, Estimate)
    setup = (
        "from robustlaw.evidence import *; from robustlaw.information import *\n"
        "guess, one = plug_in_information(np.arange(9), np.arange(9)), Bracket.exact(1.0, unit=NATS)"
    )
    uses = ["compare(guess, one)", "compare(one, guess)", "one + guess", "one - guess"]
    odd = ["plug_in_information(np.arange(3), np.arange(4))"]
    errors = {text: answer.split(":")[0] for text, answer in outcomes(setup, uses + odd).items()}
    assert errors == dict.fromkeys(uses, "HeuristicInVerdict") | dict.fromkeys(odd, "ShapeMismatch")
