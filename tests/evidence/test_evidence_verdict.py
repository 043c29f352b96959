"""Verdicts follow from the four ends alone, and survive the journey through JSON bit by bit."""

import json
import math
import struct
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.evidence import (
    Bracket,
    Certificate,
    Estimate,
    Evidence,
    Hypothesis,
    Verdict,
    compare,
    from_json,
    ratio_up,
    to_json,
)

numbers = st.floats(allow_nan=False)
words = st.text(max_size=8) | st.sampled_from(["inf", "-inf", "nan", "0.5", "float"])
intervals = st.tuples(numbers, numbers).map(sorted)
texts = st.lists(words, max_size=2).map(tuple)
points = st.lists(numbers, max_size=3).map(tuple)
units = st.sampled_from(["", "nats", "bits"])
certificates = st.none() | st.tuples(words, st.dictionaries(words, points, max_size=2))
brackets = st.tuples(intervals, words, units, texts, st.none() | points, certificates)
hypotheses = st.lists(st.tuples(words, st.none() | st.booleans(), words), max_size=2)
shares = st.floats(0.0, 1.0)


def bracket(ends, method, unit, assumptions, witness, certificate):
    proof = None if certificate is None else Certificate(*certificate)
    return Bracket(*ends, method, unit, assumptions, witness, proof)


def round_trip(value):
    text = to_json(value)
    json.loads(text, parse_constant=pytest.fail)  # no Infinity, no NaN: any reader understands it
    again = from_json(text)
    assert again == value
    assert type(again) is type(value)
    assert to_json(again) == text


@given(brackets)
def test_json_loses_nothing_of_a_bracket(parts):
    round_trip(bracket(*parts))


@given(numbers, words, words, st.none() | numbers)
def test_json_loses_nothing_of_an_estimate(value, method, unit, error):
    round_trip(Estimate(value, method, unit, error))


@given(
    st.sampled_from(Verdict),
    brackets,
    brackets,
    hypotheses,
    shares,
    shares,
    st.none() | st.booleans(),
    st.none() | numbers,
    st.dictionaries(words, numbers | words, max_size=3),
)
def test_json_loses_nothing_of_evidence(
    verdict, measured, theory, conditions, probability, shared, vacuous, slack, details
):
    checked = tuple(Hypothesis(*c) for c in conditions)
    round_trip(
        Evidence(
            "law",
            verdict,
            "size",
            bracket(*measured),
            bracket(*theory),
            checked,
            probability,
            shared,
            vacuous,
            slack,
            details,
        )
    )


@pytest.mark.parametrize("number", [-0.0, 5e-324, 0.1, math.inf, -math.inf, 1.7976931348623157e308])
def test_json_keeps_the_bits_of_every_float(number):
    again = from_json(to_json(Bracket(number, number, witness=(number,))))
    assert struct.pack("d", again.lower) == struct.pack("d", again.witness[0]) == struct.pack("d", number)


def test_words_that_look_like_numbers_stay_words():
    details = {"a": "inf", "b": math.inf, "c": "-inf", "d": -math.inf, "e": "0.5"}
    again = from_json(to_json(Evidence("law", Verdict.NOT_APPLICABLE, details=details)))
    assert dict(again.details) == details
    assert [type(v) for v in again.details.values()] == [str, float, str, float, str]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "3",
        '{"type": "Row"}',
        '{"type": ["Bracket"]}',
        to_json(Bracket(1.0, 2.0)).replace('"lower": 1.0', '"lower": "one"'),
        to_json(Bracket(1.0, 2.0)).replace('"lower": 1.0', '"lower": "nan"'),
        to_json(Evidence("law", Verdict.NOT_APPLICABLE)).replace("NOT_APPLICABLE", "PERHAPS"),
    ],
)
def test_other_text_is_refused_by_name(text):
    with pytest.raises(InvalidArgument):
        from_json(text)


@given(intervals, intervals)
def test_verdict_and_slack_are_sound(measured, theory):
    """HOLDS only if every pair of members satisfies it, VIOLATED only if none does."""
    m, t = Bracket(*measured), Bracket(*theory)
    satisfied = {x >= y for x in measured for y in theory}
    found = compare(m, t)
    if found is Verdict.INCONCLUSIVE:
        assert satisfied == {True, False}
    else:
        assert satisfied == {found is Verdict.HOLDS}
    slack = Evidence("law", found, measured=m, theory=t).slack
    if t.lower <= 0.0:
        assert slack == math.inf
    elif found is Verdict.VIOLATED:
        assert slack <= 1.0 + 2.0**-52
    elif found is Verdict.HOLDS and m.lower > 0.0:
        assert slack >= 1.0


@given(intervals, intervals)
def test_an_upper_bound_is_the_same_comparison_turned_round(measured, theory):
    m, t = Bracket(*measured), Bracket(*theory)
    assert compare(m, t, "<=") is compare(t, m)
    below = Evidence("law", compare(m, t, "<="), measured=m, theory=t, relation="<=")
    assert below.slack == Evidence("law", compare(t, m), measured=t, theory=m).slack
    assert " <= " in str(below)
    assert from_json(to_json(below)) == below


def test_there_are_two_relations():
    with pytest.raises((UnknownName, TypeError)):
        compare(Bracket.exact(1.0), Bracket.exact(1.0), "<")


def test_ties_hold():
    one = Bracket.exact(1.0)
    assert compare(one, one) is Verdict.HOLDS


@pytest.mark.parametrize(
    "sides", [(Estimate(3.0, "guess"), Bracket.exact(1.0)), (Bracket.exact(3.0), Estimate(1.0, "guess"))]
)
def test_only_brackets_enter_a_verdict(sides):
    # the type checks of the tests may speak before HeuristicInVerdict does; both are TypeErrors
    with pytest.raises(TypeError):
        compare(*sides)


@pytest.mark.parametrize("verdict", [Verdict.HOLDS, Verdict.VIOLATED, Verdict.INCONCLUSIVE])
def test_a_verdict_needs_both_sides(verdict):
    with pytest.raises(InvalidArgument, match="both a measured and a theoretical"):
        Evidence("law", verdict, measured=Bracket.exact(1.0))


def test_ratio_is_rounded_up_and_never_nan():
    assert ratio_up(1.0, 3.0) > 1.0 / 3.0
    for numerator in (0.0, -1.0, 1.0, math.inf):
        assert ratio_up(numerator, 0.0) == ratio_up(numerator, -1.0) == math.inf
    assert ratio_up(math.inf, math.inf) == math.inf


def test_sentences_say_what_is_assumed_and_what_failed():
    unchecked = Hypothesis("noise", None, "the noise is bounded")
    failed = Hypothesis("inputs", False, "the inputs are unbounded")
    sides = {"measured": Bracket(3.0, 4.0).assuming("slopes"), "theory": Bracket(1.0, 2.0).assuming("rho")}
    holds = Evidence("Law", Verdict.HOLDS, hypotheses=(unchecked,), vacuous=True, **sides)
    assert holds.assumptions == ("the noise is bounded", "slopes", "rho")
    for word in ("HOLDS", "vacuous", "slack 4", "assuming the noise is bounded", "assuming rho"):
        assert word in str(holds)
    away = Evidence("Law", Verdict.NOT_APPLICABLE, hypotheses=(unchecked, failed))
    assert str(away) == "Law: NOT_APPLICABLE (the inputs are unbounded)"
    assert away.slack is None
    assert "vacuous" not in str(replace(holds, vacuous=None))
    assert len({v.sentence for v in Verdict}) == 4
