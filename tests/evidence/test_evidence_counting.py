"""Logarithms of counts are enclosed, and tightly."""

import math

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument
from robustlaw.evidence import NATS, log_binomial, log_factorial, log_of_integer, sum_of

mpmath.mp.dps = 50


def log_of(value):
    return mpmath.log(mpmath.mpf(value))


@pytest.mark.parametrize("value", [1, 2, 3, 64, 10**30, 7**5000])
def test_log_of_a_whole_number(value):
    b = log_of_integer(value)
    assert b.lower <= log_of(value) <= b.upper
    assert b.width <= 1e-14 * max(1.0, b.upper)


def test_a_sum_of_nothing_is_nothing():
    assert sum_of([]).is_exact
    assert (sum_of([]).upper, sum_of([]).unit) == (0.0, NATS)


@given(st.integers(0, 10**7))
def test_log_factorial_encloses(n):
    b = log_factorial(n)
    truth = mpmath.loggamma(n + 1)
    assert b.lower <= truth <= b.upper
    # the first term of Stirling's series that is left out, and the rounding of the others
    assert b.width <= (1.0 / (1260.0 * n**5) if n >= 64 else 0.0) + 1e-14 * max(1.0, b.upper)


@pytest.mark.parametrize("n", [0, 1, 2, 63, 64, 65, 5000, 5001, 10**7, 2**53])
def test_log_factorial_at_the_seams(n):
    b = log_factorial(n)
    assert b.lower <= mpmath.loggamma(n + 1) <= b.upper


@given(st.integers(0, 10**7), st.floats(0.0, 1.0))
def test_log_binomial_encloses(n, share):
    k = int(share * n)
    b = log_binomial(n, k)
    truth = mpmath.loggamma(n + 1) - mpmath.loggamma(k + 1) - mpmath.loggamma(n - k + 1)
    noise = mpmath.mpf(10) ** -30  # of the difference of three logarithms with 50 digits
    assert b.lower <= truth + noise
    assert truth - noise <= b.upper
    assert b.lower >= 0.0
    assert b.width <= 1e-12 * max(1.0, float(mpmath.loggamma(n + 1)))


@given(st.integers(1, 4999), st.integers(0, 4999))
def test_log_binomial_is_the_log_of_the_integer(n, k):
    k = min(k, n)
    b = log_binomial(n, k)
    assert b.lower <= log_of(math.comb(n, k)) <= b.upper


@pytest.mark.parametrize(
    ("function", "arguments"),
    [(log_factorial, (-1,)), (log_binomial, (3, 4)), (log_binomial, (3, -1)), (log_of_integer, (0,))],
)
def test_impossible_counts_are_refused(function, arguments):
    with pytest.raises(InvalidArgument):
        function(*arguments)
