"""Induction proves what holds for all whole numbers, and nothing that fails at one of them."""

import sympy as sp

from proofs_check.engines import Instance, Monotone
from proofs_check.engines.induction import Induction
from proofs_check.kernel.terms import ForAll, eq, ge, le, reals
from proofs_check.kernel.verdicts import Verdict

n = sp.Symbol("n", integer=True, nonnegative=True)
x, t = reals("x t")
F = sp.Function("F")
STEP = ForAll((n,), eq(F(n + 1), F(n) + 2 * n + 1))
START = eq(F(0), 0)
BY_STEP = Induction(n, facts=((STEP.claim, Instance(STEP, {n: n})),))


def proved(engine, claim, *premises):
    return engine.decide(claim, list(premises)).verdict is Verdict.PROVED


def test_bernoullis_inequality():
    claim = ge((1 + x) ** n, 1 + n * x)
    assert proved(Induction(n), claim, ge(x, -1))
    assert not proved(Induction(n), claim)
    assert not proved(Induction(n), ge((1 + x) ** n, 1 + n * x + x), ge(x, -1))


def test_a_recursion_is_solved():
    assert proved(BY_STEP, eq(F(n), n**2), START, STEP)
    assert not proved(BY_STEP, eq(F(n), n**2 + n), START, STEP)
    assert not proved(BY_STEP, eq(F(n), n**2), START)
    assert not proved(BY_STEP, eq(F(n), n**2), STEP)


def test_premises_about_one_n_are_not_carried_to_the_next():
    assert not proved(Induction(n), ge(x, n), ge(x, n), ge(x, 0))
    assert not proved(Induction(n, 2), ge(x * n, 2 * x), ge(n, 2), ge(0, x))


def test_the_start_has_to_be_a_value_of_the_variable():
    claim = ge(n, 0)
    positive = sp.Symbol("k", integer=True, positive=True)
    assert not proved(Induction(n, -1), claim)
    assert not proved(Induction(n, 1), claim)
    assert not proved(Induction(positive, 0), ge(positive, 0))
    assert not proved(Induction(x), ge(x**2, 0))
    assert not proved(Induction(sp.Symbol("e", even=True), 0), ge(0, 0))


def test_powers_with_a_base_that_may_be_0():
    assert not proved(Induction(n, 1), eq(x ** (n - 1) * x, x**n + x), ge(n, 1))
    assert proved(Induction(n), le(n + 1, 2**n))
    assert proved(Induction(n), le(2 * n + 2, 2 ** (n + 1)))


def test_a_slope_that_is_a_hypothesis_for_all_values():
    slope = ForAll((t,), ge(1 - sp.Derivative(F(t), t), 0), (sp.Gt(t, 0),))
    rule = Monotone(t, 0, slope=Instance(slope, {t: t}), at_start=Induction(n).by)
    claim = le(F(t), t)
    assert proved(rule, claim, slope, eq(F(0), 0), ge(t, 0))
    assert not proved(rule, claim, slope, eq(F(0), 1), ge(t, 0))
    assert not proved(rule, claim, slope, eq(F(0), 0))
    assert not proved(rule, claim, eq(F(0), 0), ge(t, 0))
    assert not proved(rule, le(F(t), t / 2), slope, eq(F(0), 0), ge(t, 0))
