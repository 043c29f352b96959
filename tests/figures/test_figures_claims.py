"""Verdicts on claims: against binomial tails computed otherwise, and for what is missing."""

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from figures.claims import LEVEL, Claim, Exact, Missing, Paired, judge
from robustlaw.evidence import Verdict

HOLDS, VIOLATED = Verdict.HOLDS, Verdict.VIOLATED
OPEN, NONE = Verdict.INCONCLUSIVE, Verdict.NOT_APPLICABLE


def paired(differences, **more):
    return Paired("name", "a sentence", differences=differences, **more)


def verdict(claim, others=0):
    """Of one claim among as many other statistical ones."""
    return judge([claim, *[paired([1.0])] * others])[0].evidence.verdict


def tail(least, n):
    """P(at least `least` heads of n fair coins)."""
    return sum(math.comb(n, k) for k in range(max(least, 0), n + 1)) / 2**n


@given(n=st.integers(1, 40), share=st.floats(0.0, 1.0), others=st.integers(0, 11))
def test_a_verdict_is_a_two_sided_binomial_test_at_its_part_of_the_level(n, share, others):
    above = round(share * n)
    found = verdict(paired([1.0] * above + [-1.0] * (n - above)), others)
    risk = 0.5 * LEVEL / (1 + others)
    expected = HOLDS if tail(above, n) <= risk else VIOLATED if tail(n - above, n) <= risk else OPEN
    if min(abs(tail(above, n) - risk), abs(tail(n - above, n) - risk)) > 1e-9:
        assert found is expected


def test_eight_seeds_decide_six_claims_and_not_seven():
    assert verdict(paired([1.0] * 8), others=5) is HOLDS
    assert verdict(paired([1.0] * 8), others=6) is OPEN


def test_mutants_exact_claims_and_missing_ones_cost_no_level():
    free = [paired([1.0], mutant=True), Exact("e", "s", wrong=0, cases=1), Missing("m", "s")]
    one = judge([paired([1.0] * 6), *free * 20])[0]
    assert one.evidence.verdict is HOLDS
    assert one.evidence.probability == 1.0 - LEVEL


@given(values=st.lists(st.sampled_from([-1.0, 0.5, 2.0, math.nan]), min_size=1, max_size=20))
def test_nan_and_the_margin_itself_count_against_a_claim(values):
    plain = [1.0 if v > 0.5 else -1.0 for v in values]
    found, expected = (judge([paired(v, margin=m)])[0] for v, m in ((values, 0.5), (plain, 0.0)))
    assert found.evidence.verdict is expected.evidence.verdict
    assert (found.evidence.measured.lower, found.evidence.measured.upper) == (
        expected.evidence.measured.lower,
        expected.evidence.measured.upper,
    )
    assert found.seeds == len(values)


def test_the_effect_is_the_median_of_what_there_is():
    assert judge([paired([1.0, math.nan, 5.0, 2.0])])[0].effect == 2.0
    assert judge([paired([math.nan] * 9)])[0].effect is None
    assert verdict(paired([math.nan] * 9)) is VIOLATED


@pytest.mark.parametrize("kind", [list, tuple, np.array, pl.Series])
def test_differences_come_in_any_kind_of_sequence(kind):
    assert verdict(paired(kind([1.0] * 9))) is HOLDS


def test_an_exact_claim_falls_with_one_counterexample():
    cases = [Exact("e", "s", wrong=w, cases=c) for w, c in ((0, 5), (1, 10**6), (0, 0))]
    assert [j.evidence.verdict for j in judge(cases)] == [HOLDS, VIOLATED, OPEN]
    assert judge(cases[1:2])[0].seeds == 10**6


def test_what_was_not_computed_is_not_applicable_and_says_why():
    for claim in (Missing("m", "s", reason="no file"), paired([]), Claim("c", "s")):
        (found,) = judge([claim])
        assert found.evidence.verdict is NONE
        assert found.agrees is None
        assert found.seeds == 0
        (gap,) = found.evidence.hypotheses
        assert gap.holds is False
        assert gap.sentence
    assert judge([Missing("m", "s", reason="no file")])[0].evidence.hypotheses[0].sentence == "no file"


def test_a_mutant_agrees_by_being_violated():
    for values, mutant, agrees in (
        ([1.0] * 9, False, True),
        ([-1.0] * 9, False, False),
        ([-1.0] * 9, True, True),
        ([1.0] * 9, True, False),
        ([1.0], True, None),
    ):
        assert judge([paired(values, mutant=mutant)])[0].agrees is agrees


def test_judged_claims_are_plain():
    judged = judge([paired([1.0] * 9, whose="paper"), Exact("e", "s", cases=1), Missing("m", "s")])
    rows = [j.plain() for j in judged]
    assert json.loads(json.dumps(rows)) == rows
    assert rows[0]["whose"] == "paper"
    assert 0.5 < rows[0]["measured_lower"] < rows[0]["measured_upper"] == 1.0
    assert rows[2]["measured_lower"] is None
