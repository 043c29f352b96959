"""Verdicts on claims: against binomial tails computed otherwise, and for what is missing."""

import json
import math

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom

from figures.claims import LEVEL, Claim, Exact, Frequency, MeanOf, Missing, Paired, Ranked, judge
from robustlaw.errors import RobustlawError
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


@given(n=st.integers(1, 60), share=st.floats(0.0, 1.0), bound=st.floats(0.05, 0.95))
def test_a_frequency_is_a_binomial_test_against_its_bound(n, share, bound):
    successes = round(share * n)
    found = verdict(Frequency("name", "s", successes=successes, trials=n, bound=bound))
    above = binom.sf(successes - 1, n, bound)  # P(at least as many, were the bound the truth)
    below = binom.cdf(successes, n, bound)
    expected = HOLDS if above <= 0.5 * LEVEL else VIOLATED if below <= 0.5 * LEVEL else OPEN
    if min(abs(above - 0.5 * LEVEL), abs(below - 0.5 * LEVEL)) > 1e-9:
        assert found is expected


@pytest.mark.parametrize(("relation", "expected"), [(">=", HOLDS), ("<=", VIOLATED)])
def test_a_relation_turns_the_verdict(relation, expected):
    assert verdict(Frequency("f", "s", successes=95, trials=100, relation=relation)) is expected
    mean = MeanOf("m", "s", values=[2.9] * 40, support=(0.0, 3.0), bound=2.0, relation=relation)
    assert verdict(mean) is expected


def test_the_interval_of_a_mean_covers_it():
    rng, missed = np.random.default_rng(0), 0
    for _ in range(200):
        values = 4.0 * rng.beta(0.3, 0.5, 30) - 1.0
        told = judge([MeanOf("m", "s", values=values, support=(-1.0, 3.0), bound=0.5)])[0].evidence
        missed += not told.measured.lower <= 4.0 * 0.375 - 1.0 <= told.measured.upper
    assert missed <= 0.05 * 200 + 3 * math.sqrt(200 * 0.05 * 0.95)


def test_values_outside_the_support_are_refused():
    with pytest.raises(RobustlawError):
        judge([MeanOf("m", "s", values=[0.5, 1.5], support=(0.0, 1.0), bound=0.5)])


@pytest.mark.parametrize(
    ("larger", "smaller", "expected"),
    [(range(10, 20), range(8), HOLDS), (range(8), range(10, 20), VIOLATED), ((1, 3), (2, 4), OPEN)],
)
def test_ranks_of_two_samples(larger, smaller, expected):
    assert verdict(Ranked("r", "s", larger=list(larger), smaller=list(smaller))) is expected


def test_ranks_of_five_against_five_have_a_known_p():
    told = judge([Ranked("r", "s", larger=[6, 7, 8, 9, 10], smaller=[1, 2, 3, 4, 5])])[0].evidence
    assert told.measured.upper == pytest.approx(1 / math.comb(10, 5))


@pytest.mark.parametrize("claim", [Frequency("f", "s"), MeanOf("m", "s"), Ranked("r", "s", larger=[1.0])])
def test_a_claim_without_draws_is_not_applicable(claim):
    assert verdict(claim) is NONE


def test_every_statistical_claim_shares_the_level():
    others = [Frequency("f", "s", successes=1, trials=2), Ranked("r", "s", larger=[1.0], smaller=[2.0])]
    told = judge([paired([1.0] * 9), *others, MeanOf("m", "s", values=[0.5])])
    assert {j.evidence.probability for j in told} == {1.0 - LEVEL / 4}
