"""Confidence bounds miss the mean no more often than they say, at finite numbers of runs."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.stats import binom, norm

from robustlaw import confidence as c
from robustlaw.confidence import (
    betting_interval,
    betting_lower,
    betting_lowers,
    betting_upper,
    betting_uppers,
    clopper_pearson_lower,
    clopper_pearson_upper,
    empirical_bernstein_lower,
    empirical_bernstein_upper,
    hoeffding_lower,
    hoeffding_upper,
)
from robustlaw.errors import InvalidArgument, NonFinite

RISK = 0.025
REPEATS = 1000
ALLOWED = int(binom.ppf(1.0 - 1e-4, REPEATS, RISK))  # 45
SERIES = np.array([((37 * i) % 101) / 100 for i in range(1, 201)])
ONE_SIDED = [
    (betting_lower, betting_upper),
    (empirical_bernstein_lower, empirical_bernstein_upper),
    (hoeffding_lower, hoeffding_upper),
]
unit_values = arrays(np.float64, st.integers(2, 40), elements=st.floats(0.0, 1.0))


@pytest.fixture(autouse=True, scope="module")
def forty_digits():
    """mpmath's precision is global, and other tests set their own."""
    with mpmath.workdps(40):
        yield


def laws(runs):
    """Name, mean and sampler of the laws on [0, 1] that are hard for confidence bounds."""
    for p in (0.5, 0.1, 0.9, 1 / runs, 3 / runs, 1 - 1 / runs, 1 - 3 / runs):
        yield f"Bernoulli({p:.4g})", p, lambda g, n, p=p: (g.random((n, runs)) < p).astype(float)
    yield "Beta(.3,3)", 0.3 / 3.3, lambda g, n: g.beta(0.3, 3.0, (n, runs))
    yield "Beta(20,1)", 20 / 21, lambda g, n: g.beta(20.0, 1.0, (n, runs))
    for value in (0.0, 0.3, 1.0):
        yield f"constant {value}", value, lambda _, n, value=value: np.full((n, runs), value)


CASES = [pytest.param(t, *law, id=f"{law[0]}, T={t}") for t in (50, 300) for law in laws(t)]


def draws(sampler, seed):
    return sampler(np.random.default_rng(seed), REPEATS)


def clt_lowers(x):
    """The textbook interval: not certified, and here to be caught."""
    return x.mean(axis=1) - norm.isf(RISK) * x.std(axis=1, ddof=1) / math.sqrt(x.shape[1])


def test_the_number_of_misses_allowed():
    assert ALLOWED == 45


@pytest.mark.parametrize(("runs", "name", "mean", "sampler"), CASES)
def test_betting_covers(runs, name, mean, sampler):
    x = draws(sampler, runs)
    assert (betting_lowers(x, 0.0, 1.0, RISK) > mean).sum() <= ALLOWED
    assert (betting_uppers(x, 0.0, 1.0, RISK) < mean).sum() <= ALLOWED


@pytest.mark.parametrize("risk", [0.3, 0.001])
def test_betting_covers_at_other_risks(risk):
    x = draws(lambda g, n: (g.random((n, 200)) < 0.9).astype(float), 3)
    allowed = binom.ppf(1.0 - 1e-4, REPEATS, risk)
    assert (betting_lowers(x, 0.0, 1.0, risk) > 0.9).sum() <= allowed
    assert (betting_uppers(x, 0.0, 1.0, risk) < 0.9).sum() <= allowed


@pytest.mark.parametrize(("lower", "upper"), ONE_SIDED[1:])
def test_fallbacks_cover(lower, upper):
    for name, mean, sampler in laws(50):
        x = draws(sampler, 50)[:200]
        allowed = binom.ppf(1.0 - 1e-4, len(x), RISK)
        assert sum(lower(row, 0.0, 1.0, RISK) > mean for row in x) <= allowed, name
        assert sum(upper(row, 0.0, 1.0, RISK) < mean for row in x) <= allowed, name


def test_the_coverage_test_catches_the_normal_approximation():
    x = draws(lambda g, n: (g.random((n, 50)) < 0.98).astype(float), 50)
    assert 330 <= (clt_lowers(x) > 0.98).sum() <= 410  # 36.4 of 100 samples are all ones
    assert (betting_lowers(x, 0.0, 1.0, RISK) > 0.98).sum() <= ALLOWED


def test_the_coverage_test_catches_bets_that_see_the_present(monkeypatch):
    """A bet that knows the value it bets on wins at the true mean."""

    def peeking(z, risk):
        return np.where(z > z.mean(), 2.0, 0.0)

    x = draws(lambda g, n: g.random((n, 50)), 1)
    monkeypatch.setattr(c, "_bets", peeking)
    assert (betting_lowers(x, 0.0, 1.0, RISK) > 0.5).sum() > ALLOWED


def test_golden_series():
    assert betting_lower(SERIES, 0.0, 1.0, RISK) == pytest.approx(0.4474097, abs=1e-7)
    assert betting_upper(SERIES, 0.0, 1.0, RISK) == pytest.approx(0.5578889, abs=1e-7)


def test_golden_proportion():
    assert clopper_pearson_lower(5, 100, RISK) == pytest.approx(0.0164318791, abs=1e-9)
    assert clopper_pearson_upper(5, 100, RISK) == pytest.approx(0.1128349111, abs=1e-9)


def reference_lower(x, risk):
    """The betting bound as it is defined, one value at a time, at 40 digits."""
    bets, mean, square = [], mpmath.mpf(1) / 2, mpmath.mpf(1) / 4
    total, variance = mpmath.mpf(1) / 2, mpmath.mpf(1) / 4
    log = -mpmath.log(mpmath.mpf(risk))
    for i, z in enumerate(map(mpmath.mpf, x), start=1):
        bets.append(mpmath.sqrt(2 * log / (len(x) * variance)))
        total += z
        mean = total / (i + 1)
        square += (z - mean) ** 2
        variance = square / (i + 1)

    def rejects(m):
        wealth = mpmath.mpf(0)
        for z, bet in zip(x, bets, strict=True):
            wealth += mpmath.log1p(min(bet, mpmath.mpf(3) / 4 / m) * (mpmath.mpf(z) - m))
            if wealth >= log:
                return True
        return False

    low, high = mpmath.mpf(0), mpmath.mpf(1)
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if rejects(middle) else (low, middle)
    return low


@pytest.mark.parametrize("seed", range(4))
def test_rounding_stays_below_the_exact_bound(seed):
    x = np.random.default_rng(seed).beta(0.5 + seed, 1.0, 60)
    exact = reference_lower(x, RISK)
    bound = betting_lower(x, 0.0, 1.0, RISK)
    assert bound <= exact
    assert exact - bound <= 1e-12


def test_it_is_not_vacuous():
    """At 2000 runs within a tenth of the normal approximation; the fallbacks are wider, in this order."""
    x = np.random.default_rng(5).beta(20.0, 1.0, 2000)
    normal = x.mean() - clt_lowers(x[None])[0]
    gaps = [x.mean() - lower(x, 0.0, 1.0, RISK) for lower, _ in ONE_SIDED]
    assert normal < gaps[0] < 1.5 * normal
    assert gaps[0] < gaps[1] < gaps[2]


@pytest.mark.parametrize(("lower", "upper"), ONE_SIDED)
@given(x=unit_values, low=st.floats(-100.0, 100.0), width=st.floats(1e-3, 100.0))
def test_bounds_stay_in_the_range_and_move_with_it(lower, upper, x, low, width):
    moved = np.clip(low + width * x, low, low + width)
    ends = lower(moved, low, low + width, RISK), upper(moved, low, low + width, RISK)
    assert low <= ends[0] <= moved.mean() + 1e-12 * (abs(low) + width)
    assert moved.mean() - 1e-12 * (abs(low) + width) <= ends[1] <= low + width
    unit = lower(x, 0.0, 1.0, RISK)
    assert ends[0] == pytest.approx(low + width * unit, abs=1e-8 * (abs(low) + width))


@pytest.mark.parametrize(("lower", "upper"), ONE_SIDED)
@given(x=unit_values)
def test_reflection_swaps_the_ends(lower, upper, x):
    assert upper(-x, -1.0, 0.0, RISK) == -lower(x, 0.0, 1.0, RISK)


@given(x=unit_values, risk=st.floats(1e-6, 0.4))
def test_less_risk_is_wider(x, risk):
    assert hoeffding_lower(x, 0.0, 1.0, risk / 2) <= hoeffding_lower(x, 0.0, 1.0, risk)
    low, high = betting_interval(x, 0.0, 1.0, risk)
    assert low == betting_lower(x, 0.0, 1.0, risk / 2)
    assert high == betting_upper(x, 0.0, 1.0, risk / 2)


@given(x=arrays(np.float64, st.tuples(st.integers(1, 5), st.integers(1, 30)), elements=st.floats(0.0, 1.0)))
def test_many_sets_are_one_by_one(x):
    rows = [betting_lower(row, 0.0, 1.0, RISK) for row in x]
    assert betting_lowers(x, 0.0, 1.0, RISK) == pytest.approx(rows, abs=1e-11)


def test_sets_beyond_one_block(monkeypatch):
    x = np.random.default_rng(0).random((7, 30))
    whole = betting_lowers(x, 0.0, 1.0, RISK)
    monkeypatch.setattr(c, "BLOCK", 60)
    assert (betting_lowers(x, 0.0, 1.0, RISK) == whole).all()


def test_a_point_range():
    x = np.full(5, 0.1)
    for lower, upper in ONE_SIDED:
        assert lower(x, 0.1, 0.1, RISK) == 0.1 == upper(x, 0.1, 0.1, RISK)


@pytest.mark.parametrize("bound", [f for pair in ONE_SIDED for f in pair])
def test_refusals(bound):
    fine = np.array([0.0, 0.5, 1.0])
    for bad in (np.array([0.0, 1.0 + 1e-15]), np.array([-1e-300, 0.5])):
        with pytest.raises(InvalidArgument, match="outside the proved range"):
            bound(bad, 0.0, 1.0, RISK)
    for risk in (0.0, 1.0, -0.1, math.nan):
        with pytest.raises(InvalidArgument, match="risk"):
            bound(fine, 0.0, 1.0, risk)
    with pytest.raises(NonFinite):
        bound(np.array([0.0, math.nan]), 0.0, 1.0, RISK)
    with pytest.raises(NonFinite, match="clip"):
        bound(fine, -math.inf, 1.0, RISK)
    with pytest.raises(InvalidArgument, match="low <= high"):
        bound(fine, 1.0, 0.0, RISK)
    with pytest.raises(InvalidArgument, match="too few"):
        bound(np.array([]), 0.0, 1.0, RISK)


def test_a_sample_variance_needs_two_values():
    with pytest.raises(InvalidArgument, match="at least 2"):
        empirical_bernstein_lower(np.array([0.5]), 0.0, 1.0, RISK)


def tail(count, trials, p):
    """Chance of `count` or more successes, at 40 digits."""
    p = mpmath.mpf(p)
    terms = (mpmath.binomial(trials, k) * p**k * (1 - p) ** (trials - k) for k in range(count, trials + 1))
    return mpmath.fsum(terms)


@given(st.data(), st.integers(1, 300), st.sampled_from([0.5, 0.05, 0.025, 1e-4, 1e-9]))
def test_a_proportion_at_its_ends(data, trials, risk):
    count = data.draw(st.integers(0, trials))
    low, high = clopper_pearson_lower(count, trials, risk), clopper_pearson_upper(count, trials, risk)
    assert 0.0 <= low <= high <= 1.0
    if count > 0:
        assert risk * (1 - 1e-6) <= tail(count, trials, low) <= risk
    if count < trials:
        assert risk * (1 - 1e-6) <= tail(trials - count, trials, 1 - mpmath.mpf(high)) <= risk


def test_a_proportion_covers_by_enumeration():
    """Exact chance of a miss, summed over all counts."""
    trials, counts = 30, np.arange(31)
    ends = np.array([clopper_pearson_lower(int(k), trials, RISK) for k in counts])
    for p in np.linspace(0.01, 0.99, 99):
        assert binom.pmf(counts[ends > p], trials, p).sum() <= RISK


def test_a_proportion_without_successes_or_failures():
    assert clopper_pearson_lower(0, 10, RISK) == 0.0
    assert clopper_pearson_upper(10, 10, RISK) == 1.0
    assert clopper_pearson_upper(0, 10, RISK) == pytest.approx(1 - RISK**0.1, abs=1e-9)


@pytest.mark.parametrize(("count", "trials"), [(-1, 5), (6, 5), (0, 0)])
def test_a_proportion_of_what_is_none(count, trials):
    for bound in (clopper_pearson_lower, clopper_pearson_upper):
        with pytest.raises(InvalidArgument):
            bound(count, trials, RISK)
