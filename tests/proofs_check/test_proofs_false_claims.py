"""Rules about the sign of a gap prove neither that sides differ nor anything beyond a pole."""

import pytest
import sympy as sp

from proofs_check.engines import (
    Ball,
    Chain,
    Concave,
    Expectation,
    Finite,
    Identity,
    Increasing,
    Monotone,
    Polynomial,
    Sign,
)
from proofs_check.kernel.terms import exact, ge, gt, le, lt, reals
from proofs_check.kernel.verdicts import Verdict

x = reals("x")
y = reals("y", nonnegative=True)
k = sp.Symbol("k", integer=True)


def unequal(a, b):
    return sp.Ne(exact(a), exact(b), evaluate=False)


FALSE = [
    (Identity(), unequal(x, x), []),
    (Identity(), unequal(x + x**2, x * (1 + x)), []),
    (Sign(), unequal(y, 0), []),
    (Ball({}), unequal(0, 0), []),
    (Ball({x: (0, 1)}), unequal(x**2, 0), [ge(x, 0), le(x, 1)]),
    (Monotone(y, 0), unequal(y, 0), []),
    (Concave(x, 0, 1), unequal(x * (1 - x), 0), [ge(x, 0), le(x, 1)]),
    (Increasing(sp.exp, x, x), unequal(sp.exp(x), sp.exp(x)), []),
    (Chain((x,), (Identity(), Identity())), unequal(x, x), []),
    (Expectation(unequal(x, 0), {x: 0}, (x,)), unequal(0, 0), [unequal(x, 0)]),
    (Polynomial(), unequal(x, x), []),
    (Finite({k: (0, 1)}), unequal(k, 0), [ge(k, 0), le(k, 1)]),
]


@pytest.mark.parametrize(("engine", "claim", "premises"), FALSE, ids=[type(e).__name__ for e, _, _ in FALSE])
def test_no_engine_proves_a_false_claim_that_sides_differ(engine, claim, premises):
    assert engine.decide(claim, premises).verdict is not Verdict.PROVED


@pytest.mark.parametrize(
    ("engine", "claim"),
    [
        (Monotone(y, 0), ge(sp.tan(y), 0)),  # y = 2
        (Sign(), ge(sp.gamma(x), 0)),  # x = -1/2
        (Monotone(y, 0, at_start=Ball({})), ge(sp.gamma(y - exact("1/2")) ** 3, -50)),
    ],
)
def test_no_rule_reaches_over_a_pole(engine, claim):
    assert engine.decide(claim, []).verdict is not Verdict.PROVED


def test_gamma_is_positive_where_its_argument_is():
    assert Sign().decide(ge(sp.gamma(y + 1), 0), []).verdict is Verdict.PROVED


def test_one_expression_equals_itself_and_is_not_below_itself():
    assert Identity().decide(le(sp.log(x), sp.log(x)), [gt(x, 0)]).verdict is Verdict.PROVED
    assert Identity().decide(lt(sp.log(x), sp.log(x)), []).verdict is not Verdict.PROVED


def test_polynomials_still_tell_sides_apart():
    assert Polynomial().decide(unequal(x, 0), [ge(x, 1)]).verdict is Verdict.PROVED
