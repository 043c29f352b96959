"""Engines against exact points: what is false somewhere is never PROVED, and what is refuted is false."""

from fractions import Fraction

import mpmath
import pytest
import sympy as sp
from hypothesis import assume, given
from hypothesis import strategies as st

from proofs_check.engines import (
    Ball,
    Cases,
    Chain,
    Concave,
    Expectation,
    Finite,
    Identity,
    Monotone,
    Polynomial,
    Shannon,
    Sign,
    entropies,
    entropy,
)
from proofs_check.kernel.balls import NoEnclosure, ball, enclosed, holds_at, interval, precision
from proofs_check.kernel.defined import UnknownDomain, duties
from proofs_check.kernel.signs import sign_of
from proofs_check.kernel.terms import eq, ge, gt, le, lt, reals
from proofs_check.kernel.verdicts import Verdict

x, y = reals("x y")
k = sp.Symbol("k", integer=True)
small = st.fractions(-3, 3, max_denominator=8)
units = st.fractions(0, 1, max_denominator=16)
polynomials = st.lists(
    st.tuples(st.integers(-4, 4), st.integers(0, 3), st.integers(0, 2)), min_size=1, max_size=4
)
relations = st.sampled_from([le, lt, ge, gt])


def rational(value):
    return sp.Rational(value.numerator, value.denominator)


def polynomial(terms):
    return sum((c * x**i * y**j for c, i, j in terms), sp.Integer(0))


UNIT_BOX = [ge(x, 0), le(x, 1), ge(y, 0), le(y, 1)]


@given(polynomials, relations, small, small)
def test_polynomials_are_proved_only_where_they_hold(terms, relation, a, b):
    claim = relation(polynomial(terms), 1)
    outcome = Polynomial(timeout_ms=500).decide(claim, [])
    if outcome.verdict is Verdict.PROVED:
        assert holds_at(claim, {x: a, y: b}) is True
    if outcome.verdict is Verdict.REFUTED:
        point = {s: Fraction(outcome.witness.get(str(s), "0")) for s in (x, y)}
        assert holds_at(claim, point) is False


@given(polynomials, relations, units, units)
@pytest.mark.parametrize("engine", [Sign(), Ball({x: (0, 1), y: (0, 1)}, most=60)], ids=["sign", "ball"])
def test_signs_and_boxes_prove_only_what_holds(engine, terms, relation, a, b):
    claim = relation(polynomial(terms), 1)
    outcome = engine.decide(claim, UNIT_BOX)
    if outcome.verdict is Verdict.PROVED:
        assert holds_at(claim, {x: a, y: b}) is True
    if outcome.verdict is Verdict.REFUTED:
        assert holds_at(claim, {s: Fraction(outcome.witness[str(s)]) for s in (x, y)}) is False


@given(polynomials, relations, units)
@pytest.mark.parametrize(
    "rule",
    [
        Monotone(x, 0, slope=Polynomial(timeout_ms=500), at_start=Polynomial(timeout_ms=500)),
        Monotone(x, 1, slope=Polynomial(timeout_ms=500), at_start=Polynomial(timeout_ms=500), falling=True),
        Concave(x, 0, 1, curvature=Polynomial(timeout_ms=500), ends=Polynomial(timeout_ms=500)),
        Cases((((ge(x, Fraction(1, 2)),), Sign()), ((le(x, Fraction(1, 2)),), Polynomial(timeout_ms=500)))),
        Chain((x,), (Polynomial(timeout_ms=500), Sign())),
    ],
    ids=["monotone", "falling", "concave", "cases", "chain"],
)
def test_rules_prove_only_what_holds(rule, terms, relation, a):
    claim = relation(polynomial(terms).subs(y, 1), Fraction(1, 2))
    if rule.decide(claim, [ge(x, 0), le(x, 1)]).verdict is Verdict.PROVED:
        assert holds_at(claim, {x: a}) is True


@given(polynomials, polynomials, small, small)
def test_identities_hold_everywhere(left, right, a, b):
    claim = eq(polynomial(left), polynomial(right))
    outcome = Identity().decide(claim, [])
    assert (outcome.verdict is Verdict.PROVED) is (sp.expand(claim.lhs - claim.rhs) == 0)
    if outcome.verdict is Verdict.PROVED:
        assert holds_at(claim, {x: a, y: b}) is True


@given(polynomials, relations)
def test_finite_enumeration_is_exact(terms, relation):
    claim = relation(polynomial(terms).subs({x: k, y: 1}), 2)
    outcome = Finite({k: (-3, 3)}).decide(claim, [ge(k, -3), le(k, 3)])
    truth = all(holds_at(claim, {k: Fraction(i)}) for i in range(-3, 4))
    assert outcome.verdict is (Verdict.PROVED if truth else Verdict.REFUTED)


FUNCTIONS = {
    sp.exp: mpmath.exp,
    sp.log: mpmath.log,
    sp.cosh: mpmath.cosh,
    sp.sinh: mpmath.sinh,
    sp.tanh: mpmath.tanh,
    sp.cos: mpmath.cos,
    sp.sin: mpmath.sin,
    sp.asin: mpmath.asin,
    sp.acos: mpmath.acos,
    sp.atan: mpmath.atan,
    sp.Abs: abs,
    sp.erf: mpmath.erf,
    sp.erfc: mpmath.erfc,
    sp.gamma: mpmath.gamma,
    sp.loggamma: mpmath.loggamma,
    sp.factorial: mpmath.factorial,
    sp.sqrt: mpmath.sqrt,
}


def number(fraction):
    return mpmath.mpf(fraction.numerator) / fraction.denominator


def inside(enclosure, value):
    """Up to the rounding of mpmath's own 60 digits."""
    slack = mpmath.mpf(10) ** -50 * (1 + abs(value))
    low, high = (mpmath.mpf(str(end.str(70, radius=False))) for end in (enclosure.lower(), enclosure.upper()))
    return low - slack <= value <= high + slack


@given(small, small, units)
@pytest.mark.parametrize("function", FUNCTIONS, ids=lambda f: f.__name__)
def test_balls_enclose_what_mpmath_says(function, a, b, share):
    low, high = min(a, b), max(a, b)
    with mpmath.workdps(60), precision(256):
        try:
            over = enclosed(function(x), {x: interval(low, high)})
        except NoEnclosure:
            assume(False)
        assume(over.is_finite())
        at = low + share * (high - low)
        try:
            value = FUNCTIONS[function](number(at))
        except ValueError:  # a pole of mpmath's gamma
            assume(False)
        # where the function is not real it is not defined here, and a duty of every claim says so
        assume(mpmath.im(value) == 0)
        assert inside(over, value)


@given(small, small, small, st.integers(0, 5))
def test_balls_of_powers_and_extremes(a, b, c, power):
    low, high = min(a, b), max(a, b)
    assume(low <= c <= high)
    with precision(128):
        over = {x: interval(low, high), y: ball(b)}
        for expression, value in (
            (x**power, c**power),
            (sp.Max(x, y), max(c, b)),
            (sp.Min(x, y), min(c, b)),
            (sp.Abs(x) * y, abs(c) * b),
        ):
            assert enclosed(expression, over).contains(ball(value))


EXPRESSIONS = st.recursive(
    st.sampled_from([x, y, sp.Integer(1), sp.Integer(-2), sp.Rational(1, 3)]),
    lambda parts: st.one_of(
        st.tuples(parts, parts).map(lambda p: p[0] + p[1]),
        st.tuples(parts, parts).map(lambda p: p[0] * p[1]),
        st.tuples(st.sampled_from([sp.exp, sp.log, sp.sqrt, sp.cosh, sp.gamma, sp.tanh, sp.Abs]), parts).map(
            lambda p: p[0](p[1])
        ),
        st.tuples(parts, st.sampled_from([-2, -1, 2, 3])).map(lambda p: p[0] ** p[1]),
    ),
    max_leaves=6,
)


@given(EXPRESSIONS, small, small)
def test_where_all_duties_are_met_the_value_is_real(expression, a, b):
    assume(not expression.has(sp.zoo, sp.nan, sp.oo, sp.I))
    try:
        owed = duties(expression)
    except UnknownDomain:
        assume(False)
    point = {x: a, y: b}
    value = expression.subs({s: rational(v) for s, v in point.items()}, simultaneous=True)
    if all(holds_at(d, point) for d in owed):
        assert not value.has(sp.zoo, sp.nan, sp.I)
        assert value.is_real is not False


@given(EXPRESSIONS, small, small)
def test_signs_are_those_at_points(expression, a, b):
    assume(not expression.has(sp.zoo, sp.nan, sp.oo, sp.I))
    positive = {x: reals("p", positive=True), y: reals("q", nonnegative=True)}
    moved = expression.subs(positive, simultaneous=True)
    sign = sign_of(moved)
    assume(sign is not None)
    point = {positive[x]: abs(a) + 1, positive[y]: abs(b)}
    if sign.positive:
        assert holds_at(gt(moved, 0), point) is not False
    if sign.low >= 0:
        assert holds_at(ge(moved, 0), point) is not False
    if sign.high < 0:
        assert holds_at(lt(moved, 0), point) is not False


tables = st.lists(st.integers(0, 4), min_size=8, max_size=8).filter(any)
terms = st.lists(
    st.tuples(st.integers(-2, 2), st.sampled_from(["A", "B", "C", "A B", "A C", "B C", "A B C"])), max_size=4
)


@given(tables, terms)
def test_shannon_proves_only_what_tables_meet(weights, parts):
    claim = ge(sum((c * entropy(names) for c, names in parts), sp.Integer(0)), 0)
    assume(claim.lhs.free_symbols)
    if Shannon().decide(claim, []).verdict is Verdict.PROVED:
        outcomes = [(i >> 2, i >> 1 & 1, i & 1) for i in range(8)]
        table = {o: Fraction(w, sum(weights)) for o, w in zip(outcomes, weights, strict=True)}
        point = entropies(("A", "B", "C"), table)
        assert holds_at(claim, point) is not False


@given(st.lists(st.tuples(small, st.integers(1, 5)), min_size=1, max_size=4), st.integers(-2, 2), small)
def test_means_of_what_holds_at_every_outcome(outcomes, slope, offset):
    mean, square = reals("m m2")
    pointwise = ge(x**2 + slope * x, offset)
    claim = ge(square + slope * mean, offset)
    rule = Expectation(pointwise, {x: mean, x**2: square})
    assert rule.decide(claim, [pointwise]).verdict is Verdict.PROVED
    total = sum(w for _, w in outcomes)
    if all(holds_at(pointwise, {x: v}) for v, _ in outcomes):
        means = {
            mean: sum(w * v for v, w in outcomes) / total,
            square: sum(w * v**2 for v, w in outcomes) / total,
        }
        assert holds_at(claim, means) is True
    assert rule.decide(gt(square + slope * mean, offset + 1), [pointwise]).verdict is not Verdict.PROVED
