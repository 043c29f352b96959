"""Entropies of finite laws and histograms of masks are enclosed, and narrowly."""

import math
from collections import Counter

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from information_references import NARROW, assert_encloses, bits, log_mean

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.evidence import LOG2, Bracket
from robustlaw.information import (
    binary_entropy,
    binary_entropy_bracket,
    discrete,
    entropy,
    histogram_entropy,
    relative_entropy,
)


@pytest.fixture(autouse=True, scope="module")
def fifty_digits():
    """mpmath's precision is global, and other tests set their own."""
    with mpmath.workdps(50):
        yield


def test_the_library_of_logarithms():
    """The enclosures rest on log and exp being right to 4 ulp."""
    g = np.random.default_rng(0)
    near_one = 1.0 + g.normal(size=300) * 1e-3
    x = np.concatenate([g.random(300), 10.0 ** (-308.0 * g.random(300)), near_one, [5e-324, 1.0 - 2.0**-53]])
    for value, log in zip(x, np.log(x), strict=True):
        assert abs(mpmath.log(mpmath.mpf(value)) - log) <= 4 * math.ulp(log)
    y = -700.0 * g.random(500)
    for value, power in zip(y, np.exp(y), strict=True):
        assert abs(mpmath.exp(mpmath.mpf(value)) - power) <= 4 * math.ulp(power)


def test_golden_value_of_a_deterministic_algorithm():
    """Top 3 of |W + eta sum_j y_j X_j| for all 64 labelings."""
    i, j = np.arange(8), np.arange(6)[:, None]
    inputs = np.cos(1.7 * i * (j + 1) + 0.3 * j**2)
    scores = np.abs(np.sin(2.3 * i + 1) + 0.2 * (2 * bits(6) - 1) @ inputs)
    masks = np.zeros((64, 8), dtype=bool)
    np.put_along_axis(masks, np.argsort(-scores, axis=1)[:, :3], True, axis=1)
    h = histogram_entropy(masks)
    assert h.middle == pytest.approx(2.3682176933, abs=1e-9)
    assert h.width <= NARROW


@given(st.integers(1, 200), st.integers(1, 40), st.integers(0, 10**6))
def test_histograms(n_bits, runs, seed):
    g = np.random.default_rng(seed)
    masks = (g.random((5, n_bits)) < 0.5)[g.integers(0, 5, runs)]
    weights = g.dirichlet(np.ones(runs))
    mass = Counter()
    for mask, weight in zip(masks, weights, strict=True):
        mass[mask.tobytes()] += mpmath.mpf(weight)
    truth = log_mean(mass.values(), [-mpmath.log(x / mpmath.fsum(mass.values())) for x in mass.values()])
    assert_encloses([histogram_entropy(masks, weights)], [truth])


def test_histograms_are_of_distinct_masks():
    """Masks that agree in all but the last of many bits are different."""
    masks = np.zeros((4, 1000), dtype=bool)
    masks[[1, 3], -1] = True
    assert histogram_entropy(masks).contains(math.log(2.0))
    assert histogram_entropy(masks[:1]).contains(0.0)
    assert histogram_entropy(masks, np.array([1.0, 0.0, 0.0, 0.0])).upper <= NARROW


def test_equal_fingerprints_do_not_merge_masks(monkeypatch):
    masks = np.random.default_rng(0).random((50, 100)) < 0.5
    masks[10:20] = masks[:10]
    expected = histogram_entropy(masks)
    monkeypatch.setattr(discrete, "_fingerprints", lambda words: np.zeros(len(words), dtype=np.uint64))
    assert histogram_entropy(masks) == expected


@given(st.lists(st.integers(0, 50), min_size=1, max_size=30).filter(any))
def test_entropies(counts):
    p = np.array(counts) / sum(counts)
    exact = [mpmath.mpf(x) for x in p if x]
    truth = log_mean(exact, [-mpmath.log(x / mpmath.fsum(exact)) for x in exact])
    assert_encloses([entropy(p)], [truth])
    assert entropy(p).lower <= math.log(len(exact)) + NARROW


def test_a_sure_thing_has_no_entropy():
    assert entropy(np.array([0.0, 1.0])).upper <= 1e-15


@given(st.integers(0, 10**6), st.integers(1, 20))
def test_relative_entropies(seed, size):
    g = np.random.default_rng(seed)
    p, q = g.dirichlet(np.ones(size)), g.dirichlet(np.ones(size))
    sums = mpmath.fsum(map(mpmath.mpf, p)), mpmath.fsum(map(mpmath.mpf, q))
    logs = [
        mpmath.log(mpmath.mpf(a) / sums[0] / (mpmath.mpf(b) / sums[1])) for a, b in zip(p, q, strict=True)
    ]
    assert_encloses([relative_entropy(p, q)], [log_mean([mpmath.mpf(a) for a in p], logs)])
    assert relative_entropy(p, p).upper <= NARROW


def test_relative_entropy_is_infinite_off_the_support():
    assert relative_entropy(np.array([0.5, 0.5]), np.array([1.0, 0.0])).lower == math.inf
    assert relative_entropy(np.array([1.0, 0.0]), np.array([0.5, 0.5])).contains(math.log(2.0))


@given(st.floats(0.0, 1.0))
def test_binary_entropy(p):
    x = mpmath.mpf(p)
    truth = -(x * mpmath.log(x) + (1 - x) * mpmath.log1p(-x)) if 0 < p < 1 else mpmath.mpf(0)
    assert_encloses([binary_entropy_bracket(p)], [truth], 1e-14)
    assert binary_entropy(np.array([p]))[0] == pytest.approx(float(truth), rel=1e-13, abs=1e-300)


@given(st.lists(st.floats(0.0, 1.0), min_size=3, max_size=3).map(sorted))
def test_binary_entropy_over_a_range(ends):
    low, inside, high = ends
    wide = binary_entropy_bracket(Bracket(low, high))
    at = binary_entropy_bracket(inside)
    assert wide.lower <= at.upper
    assert at.lower <= wide.upper
    assert wide.upper <= LOG2.upper
    assert (low <= 0.5 <= high) <= (wide.upper >= LOG2.lower)


def test_refusals():
    with pytest.raises(InvalidArgument):
        entropy(np.array([0.2, 0.2]))
    with pytest.raises(InvalidArgument):
        binary_entropy_bracket(1.5)
    with pytest.raises(ShapeMismatch):
        histogram_entropy(np.zeros((0, 3), dtype=bool))
