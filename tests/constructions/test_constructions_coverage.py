"""Exact chances against enumeration, rationals and draws; widths at which they cross a level."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.constructions import (
    NeededWidth,
    coverage,
    exact_coverage,
    least_units,
    needed_width,
    uncovered,
)
from robustlaw.constructions.containment_laws import covered_count
from robustlaw.constructions.coverage import covers, enclosed_coverage
from robustlaw.errors import InvalidArgument
from robustlaw.evidence import Verdict

chances = st.floats(0.01, 0.99)


def by_enumeration(p, d, n, p2):
    """Every mask of both layers."""
    total = Fraction(0)
    p, p2 = Fraction(p), Fraction(p2)
    for bits in itertools.product((0, 1), repeat=n * d):
        first = np.array(bits, dtype=bool).reshape(n, d)
        for last in itertools.product((0, 1), repeat=n):
            if all(first[np.array(last, dtype=bool)].any(axis=0)):
                ones, read = sum(bits), sum(last)
                total += p**ones * (1 - p) ** (n * d - ones) * p2**read * (1 - p2) ** (n - read)
    return total


@settings(max_examples=15)
@given(chances, chances, st.sampled_from([(1, 1), (2, 2), (3, 2), (2, 3), (1, 4), (4, 1)]))
def test_the_formula_counts_every_mask(p, p2, shape):
    d, n = shape
    assert exact_coverage(p, d, n, p2) == by_enumeration(p, d, n, p2)
    assert exact_coverage(p, d, n) == by_enumeration(p, d, n, 1)


@given(chances, chances | st.just(1.0), st.integers(1, 12), st.integers(0, 30))
def test_floats_keep_relative_precision_at_both_ends(p, p2, d, n):
    exact = exact_coverage(p, d, n, p2)
    assert float(coverage(p, d, n, p2)) == pytest.approx(float(exact), rel=1e-11, abs=0.0)
    assert float(uncovered(p, d, n, p2)) == pytest.approx(float(1 - exact), rel=1e-11, abs=0.0)
    assert enclosed_coverage(p, d, n, p2).lower <= exact <= enclosed_coverage(p, d, n, p2).upper


def test_nothing_cancels_where_chances_are_extreme():
    assert float(uncovered(0.5, 3, 200)) == pytest.approx(3.0 * 2.0**-200, rel=1e-12)
    assert float(coverage(1e-12, 2, 3)) == pytest.approx(9e-24, rel=1e-10)
    assert float(coverage(1.0, 5, 1)) == 1.0
    assert float(coverage(0.0, 5, 9)) == 0.0
    assert float(coverage(1.0, 5, 2, 0.5)) == pytest.approx(0.75, rel=1e-14)


@given(st.lists(chances, min_size=1, max_size=4), st.integers(1, 9), st.integers(0, 40))
def test_many_at_once_are_one_by_one(p, d, n):
    many = coverage(np.array(p), d, np.array([[n], [n + 1]]))
    assert many.shape == (2, len(p))
    assert many[1, -1] == float(coverage(p[-1], d, n + 1))
    masked = coverage(np.array(p), d, np.array([[n], [n + 1]]), 0.3)
    assert masked[1, 0] == pytest.approx(float(coverage(p[0], d, n + 1, 0.3)), rel=1e-12)


@given(chances, chances, st.integers(1, 20), st.integers(1, 40))
def test_more_units_and_denser_masks_cover_more_and_more_inputs_less(p, p2, d, n):
    here = float(coverage(p, d, n, p2))
    slack = 1e-12 * here
    assert float(coverage(p, d, n + 1, p2)) >= here - slack
    assert float(coverage(min(1.0, p + 0.05), d, n, p2)) >= here - slack
    assert float(coverage(p, d, n, min(1.0, p2 + 0.05))) >= here - slack
    assert float(coverage(p, d + 1, n, p2)) <= here + slack
    assert float(coverage(p, d, n, p2)) <= float(coverage(p, d, n)) + slack


@settings(max_examples=20)
@given(chances, chances | st.just(1.0), st.integers(1, 8), st.integers(1, 25), st.integers(0, 10**6))
def test_draws_agree_within_three_deviations(p, p2, d, n, seed):
    draws = 1000
    exact = float(coverage(p, d, n, p2))
    found = covered_count(p, d, n, draws, seed, p2)
    # one success more or less is below the resolution of a count
    assert abs(found - draws * exact) <= 3.0 * math.sqrt(draws * exact * (1.0 - exact)) + 1.0


@given(chances, st.integers(1, 50), st.floats(0.001, 0.9))
def test_the_least_width_is_the_ceiling_of_the_formula(p, d, delta):
    least = least_units(p, d, delta)
    assert exact_coverage(p, d, least) >= 1 - Fraction(delta)
    assert exact_coverage(p, d, least - 1) < 1 - Fraction(delta)
    assert least - 1 - 1e-9 <= needed_width(p, d, delta) <= least + 1e-9


@settings(max_examples=20)
@given(st.floats(0.2, 0.9), st.floats(0.2, 0.9), st.integers(1, 6), st.floats(0.02, 0.5))
def test_a_masked_output_layer_needs_more(p, p2, d, delta):
    least = least_units(p, d, delta, p2)
    assert least >= least_units(p, d, delta)
    assert exact_coverage(p, d, least, p2) >= 1 - Fraction(delta)
    assert exact_coverage(p, d, least - 1, p2) < 1 - Fraction(delta)


def test_a_tie_is_decided_by_rationals():
    # (1 - 2^-3)^2 = 49/64 exactly: 3 units are enough for delta = 15/64 and not for a float below it
    assert covers(0.5, 2, 3, 15 / 64)
    assert not covers(0.5, 2, 3, math.nextafter(15 / 64, 0.0))
    assert least_units(0.5, 2, 15 / 64) == 3
    assert least_units(0.5, 2, math.nextafter(15 / 64, 0.0)) == 4


def test_the_law_of_the_needed_width():
    law = NeededWidth(0.1)
    least = least_units(0.2, 10, 0.1)
    below = law.check(0.2, 10, least // 2, seed=1)
    assert below.verdict is Verdict.HOLDS
    assert below.measured.contains(float(below.details["exact"]))
    assert law.check(0.2, 10, least).verdict is Verdict.NOT_APPLICABLE
    masked = law.check(0.2, 10, least, seed=2, output_density=0.3)
    assert masked.verdict is Verdict.HOLDS


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ((1.5, 3, 4), "density"),
        ((0.5, 0, 4), "inputs"),
        ((0.5, 3, 4.5), "units"),
        ((0.5, 3, 4, -0.1), "output_density"),
        ((math.nan, 3, 4), "density"),
    ],
)
def test_wrong_arguments_are_named(arguments, name):
    with pytest.raises(InvalidArgument, match=name):
        coverage(*arguments)


def test_no_width_covers_at_density_0():
    with pytest.raises(InvalidArgument, match="density"):
        least_units(0.0, 3, 0.1)
    with pytest.raises(InvalidArgument, match="delta"):
        least_units(0.5, 3, 1.0)
    assert needed_width(0.0, 3, 0.1) == math.inf
