"""A law is refuted only where chance cannot explain the violations."""

from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from robustlaw.evidence import Bracket, Evidence, Verdict
from robustlaw.laws import tally
from robustlaw.laws.tally import LEVEL

DELTA = 0.05


def evidence(verdict, shared=DELTA, risk=0.0):
    side = Bracket.exact(1.0)
    if verdict is Verdict.NOT_APPLICABLE:
        return Evidence("law", verdict, probability=1.0 - DELTA, shared=shared)
    return Evidence("law", verdict, measured=side, theory=side, probability=1.0 - DELTA - risk, shared=shared)


def of(counts, shared=DELTA, risk=0.0):
    """One data set for each item of `counts`, a list of (verdicts, how many such data sets)."""
    keys = iter(range(10**6))
    found = []
    for verdicts, times in counts:
        for _ in range(times):
            key = next(keys)
            found += [(key, "one arm", evidence(v, shared, risk)) for v in verdicts]
    return tally("law", found)


@given(st.integers(0, 60), st.integers(0, 60))
def test_violated_only_where_the_interval_excludes_delta(bad, good):
    result = of([([Verdict.VIOLATED], bad), ([Verdict.HOLDS], good)])
    excluded = bad + good > 0 and bool(
        binomtest(bad, bad + good, DELTA, "greater").pvalue < (1.0 - LEVEL) * (1.0 - 1e-9)
    )
    if excluded:
        assert result.verdict is Verdict.VIOLATED
    elif bad:
        assert result.verdict is Verdict.INCONCLUSIVE
    else:
        assert result.verdict is (Verdict.HOLDS if good else Verdict.NOT_APPLICABLE)
    assert (result.bad, result.datasets) == (bad, bad + good)


def test_networks_on_one_data_set_share_its_luck():
    many = [Verdict.VIOLATED] * 50
    assert of([(many, 1), ([Verdict.HOLDS] * 50, 9)]).verdict is Verdict.INCONCLUSIVE
    assert of([(many, 5), ([Verdict.HOLDS] * 50, 5)]).verdict is Verdict.VIOLATED
    assert of([(many, 1)]).counts == {Verdict.VIOLATED: 50}


def test_a_law_of_one_network_may_fail_on_each_of_them():
    """Ten networks on a data set, each with its own 5 %: half of the data sets may well be bad."""
    ten = [Verdict.VIOLATED] + [Verdict.HOLDS] * 9
    counts = [(ten, 5), ([Verdict.HOLDS] * 10, 7)]
    assert of(counts, shared=DELTA).verdict is Verdict.VIOLATED
    assert of(counts, shared=0.0).verdict is Verdict.INCONCLUSIVE
    one = [([Verdict.VIOLATED], 5), ([Verdict.HOLDS], 7)]
    assert of(one, shared=0.0).verdict is Verdict.VIOLATED


def test_the_risk_of_sampled_means_adds_up_over_networks():
    ten = [Verdict.VIOLATED] + [Verdict.HOLDS] * 9
    counts = [(ten, 5), ([Verdict.HOLDS] * 10, 7)]
    assert of(counts, risk=0.001).verdict is Verdict.VIOLATED
    assert of(counts, risk=0.05).verdict is Verdict.INCONCLUSIVE


def test_data_sets_without_an_applicable_network_count_as_good():
    """Whether a hypothesis holds depends on the data: the rate among the rest is not bounded by delta."""
    few = [([Verdict.VIOLATED], 4), ([Verdict.HOLDS], 4)]
    assert of(few).verdict is Verdict.VIOLATED
    assert of([*few, ([Verdict.NOT_APPLICABLE], 72)]).verdict is Verdict.INCONCLUSIVE
    assert of([([Verdict.NOT_APPLICABLE], 3)]).verdict is Verdict.NOT_APPLICABLE
    assert of([]).verdict is Verdict.NOT_APPLICABLE


def test_an_open_comparison_leaves_the_law_open():
    assert of([([Verdict.HOLDS], 9), ([Verdict.INCONCLUSIVE], 1)]).verdict is Verdict.INCONCLUSIVE
    assert of([([Verdict.HOLDS, Verdict.NOT_APPLICABLE], 9)]).verdict is Verdict.HOLDS


def in_arms(violated, arms=20, datasets=6):
    """A law of one network in many arms; `violated` says of (data set, arm) whether it is."""
    return tally(
        "law",
        [
            (d, a, evidence(Verdict.VIOLATED if violated(d, a) else Verdict.HOLDS, shared=0.0))
            for d in range(datasets)
            for a in range(arms)
        ],
    )


def test_an_arm_that_always_fails_refutes_a_law_of_one_network():
    """Pooled over twenty arms nothing is certain any more; the arm by itself is."""
    assert in_arms(lambda _, a: a == 3).verdict is Verdict.VIOLATED
    assert in_arms(lambda d, a: a == d).verdict is Verdict.INCONCLUSIVE
    assert in_arms(lambda _, a: a < 0).verdict is Verdict.HOLDS


def test_looking_at_many_arms_is_paid_for():
    """Two bad data sets of six refute one arm looked at alone, and not the worst of forty."""
    assert in_arms(lambda d, a: d < 2 and a == 0, arms=1).verdict is Verdict.VIOLATED
    assert in_arms(lambda d, a: d < 2 and a == 0, arms=40).verdict is Verdict.INCONCLUSIVE
