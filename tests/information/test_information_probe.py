"""The positive part of the probe: never above the information, and far above the plain probe on few runs."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.optimize import minimize_scalar

from robustlaw.errors import InvalidArgument
from robustlaw.information import (
    Target,
    positive_information,
    positive_probe_bound,
    probe_bound,
    probe_statistic,
)
from robustlaw.information.enumeration import entropy_of_counts, labelings

MEANS = st.floats(0.0, 30.0)
PROXIES = st.floats(0.05, 20.0)


@given(
    n=st.integers(2, 8),
    masks=st.integers(1, 40),
    greedy=st.floats(0.0, 1.0),
    seed=st.integers(0, 2**31),
)
def test_never_above_the_information_of_a_mask_that_follows_the_noise(n, masks, greedy, seed):
    """Masks stand for their outputs; with chance `greedy` the one with the largest T is chosen."""
    rng = np.random.default_rng(seed)
    outputs = rng.standard_normal((masks, n))
    z = 2.0 * labelings(n, 0, 2**n) - 1.0
    t = np.stack([probe_statistic(np.tile(a, (len(z), 1)), z) for a in outputs], axis=1)
    chosen = np.where(rng.random(len(z)) < greedy, t.argmax(axis=1), rng.integers(0, masks, len(z)))
    truth = entropy_of_counts(np.unique(chosen, return_counts=True)[1].tolist()).upper
    values = t[np.arange(len(z)), chosen]
    assert positive_information(float(np.maximum(values, 0.0).mean()), 1.0) <= truth + 1e-12
    assert 0.5 * values.mean() ** 2 <= truth + 1e-12


@given(mean=MEANS, proxy=PROXIES)
def test_it_is_the_best_exponent_and_costs_at_most_log_two(mean, proxy):
    found = positive_information(mean, proxy)

    def negative(s):
        return np.logaddexp(0.0, 0.5 * s * s * proxy) - s * mean

    if mean > 0.0:
        best = minimize_scalar(negative, bounds=(0.0, 3.0 * mean / proxy), method="bounded")
        assert found <= max(0.0, -best.fun) + 1e-6 * (1.0 + mean**2 / proxy)
    assert found >= mean * mean / (2.0 * proxy) - math.log(2.0) - 1e-9
    assert found <= mean * mean / (2.0 * proxy)


@given(mean=MEANS, proxy=PROXIES, factor=st.floats(0.1, 10.0))
def test_it_does_not_depend_on_the_scale_of_the_statistic(mean, proxy, factor):
    other = positive_information(factor * mean, factor**2 * proxy)
    assert other == pytest.approx(positive_information(mean, proxy), rel=1e-9, abs=1e-9)


@given(low=MEANS, high=MEANS)
def test_it_grows_with_the_mean(low, high):
    low, high = sorted((low, high))
    assert positive_information(low, 1.0) <= positive_information(high, 1.0) + 1e-12


def test_a_normal_statistic_without_information_certifies_none():
    """E max(T, 0) = 1/sqrt(2 pi) for a standard normal T."""
    mean = quad(lambda u: u * math.exp(-u * u / 2.0) / math.sqrt(2.0 * math.pi), 0.0, 12.0)[0]
    assert positive_information(mean, 1.0) == 0.0


def test_few_runs_certify_through_the_positive_part_what_the_plain_probe_cannot():
    rng = np.random.default_rng(0)
    reach, values = math.sqrt(1000.0), 15.0 + rng.normal(size=25)
    found = positive_probe_bound(values, 1.0, reach, 0.001)
    assert 40.0 < found.value < 0.5 * 15.0**2
    assert probe_bound(values, 1.0, reach, 0.001).value < 1.0
    assert (found.target, found.risk, found.runs) == (Target.LABELS_GIVEN_INIT, 0.001, 25)


def test_it_misses_no_more_often_than_it_says():
    """A statistic that is 0 but for rare 20s: few of 400 bounds are above what its true mean gives."""
    rng = np.random.default_rng(1)
    values = np.where(rng.random((400, 40)) < 0.2, 20.0, 0.0)
    truth = positive_information(4.0, 1.0)
    missed = sum(positive_probe_bound(v, 1.0, 32.0, 0.1).value > truth for v in values)
    assert missed <= 62  # of 400 at rate .1, but for chance 1e-3


def test_wrong_values_are_refused():
    with pytest.raises(InvalidArgument, match="proxy"):
        positive_probe_bound(np.ones(30), 0.0, 3.0, 0.05)
    with pytest.raises(InvalidArgument, match="risk"):
        positive_probe_bound(np.ones(30), 1.0, 3.0, 0.0)
