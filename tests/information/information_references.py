"""References at many digits, and small families of masks, shared by the tests of exact information."""

import itertools

import mpmath
import numpy as np

from robustlaw.evidence import NATS

NARROW = 1e-13


def log_mean(weights, terms):
    """sum w t / sum w at 50 digits."""
    return mpmath.fsum(w * t for w, t in zip(weights, terms, strict=True)) / mpmath.fsum(weights)


def assert_encloses(brackets, truths, narrow=NARROW):
    for bracket, truth in zip(brackets, truths, strict=True):
        assert bracket.lower <= truth + mpmath.mpf(10) ** -45  # digits of the reference itself
        assert bracket.upper >= truth - mpmath.mpf(10) ** -45
        assert bracket.width <= narrow
        assert bracket.unit == NATS


def subsets(n, k):
    """All masks of n bits with k ones."""
    return np.array([[i in chosen for i in range(n)] for chosen in itertools.combinations(range(n), k)])


def bits(n):
    return np.array(list(itertools.product([0, 1], repeat=n)))
