"""False or undefined claims that a careless kernel would prove, one for each way to be careless."""

from fractions import Fraction

import pytest
import sympy as sp

from proofs_check.engines import (
    Ball,
    Cases,
    Chain,
    Cited,
    Concave,
    Exhaustive,
    Expectation,
    Identity,
    Increasing,
    Instance,
    Monotone,
    Polynomial,
    Shannon,
    Sign,
    entropy,
    information,
)
from proofs_check.kernel.inspect import IllFormed
from proofs_check.kernel.lemma import Lemma, Mutant, Step, check
from proofs_check.kernel.mutants import attack, refute
from proofs_check.kernel.terms import ForAll, InexactNumber, eq, exact, ge, gt, le, lt, reals
from proofs_check.kernel.verdicts import Verdict

x, y, z, rho, s = reals("x y z rho s")
positive = sp.Symbol("x", positive=True)
falling = reals("w", nonpositive=True)
whole = sp.Symbol("k", integer=True)
M = sp.Function("M")
TRUSTED = (Verdict.PROVED, Verdict.CITED)


def lemma(claim, engine, name="a lemma", **more):
    return Lemma(name, "here", "a test", (claim,), (Step("step", claim, engine),), **more)


HOLES = {
    "gamma is negative between -1 and 0": (Sign(), ge(sp.gamma(x), 0), ()),
    "a pole of tan": (Monotone(x, 0), ge(sp.tan(x), 0), (ge(x, 0),)),
    "a pole that the derivative forgets": (
        Monotone(x, -1, at_start=Sign()),
        ge(-sp.atan(1 / x), 0),
        (ge(x, -1),),
    ),
    "a premise that holds beyond the start only": (
        Monotone(x, 0, slope=Polynomial()),
        ge(x**3 - 3 * x, 0),
        (ge(x, 1),),
    ),
    "a sign that the variable has beyond the start only": (
        Monotone(positive, -1, at_start=Polynomial()),
        ge(positive**2, exact("1/2")),
        (),
    ),
    "a sign that the variable has on a part only": (
        Concave(positive, -1, 1, curvature=Sign(), ends=Polynomial()),
        ge(positive**3 - positive, 0),
        (le(positive, 1),),
    ),
    "a jump at the start": (
        Monotone(positive, 0, at_start=Polynomial()),
        ge(2, positive ** (1 / sp.log(positive))),
        (lt(positive, 1),),
    ),
    "whole numbers in between are no reals": (Monotone(whole, 0), ge(whole**2, whole), (ge(whole, 0),)),
    "a kink": (Monotone(x, 0), ge(sp.Abs(x - 1) - 1, 0), (ge(x, 0),)),
    "a kink below a root": (Monotone(x, 0), ge(sp.sqrt(x**2 - 2 * x + 1) - 1, 0), (ge(x, 0),)),
    "two symbols of one name": (Polynomial(), ge(x, 0), (ge(positive, 0),)),
    "a symbol called like a term": (
        Polynomial(),
        ge(sp.Symbol("t1", real=True), 0),
        (ge(reals("a"), 0), ge(sp.exp(x), 0)),
    ),
    "a symbol called like a shift": (
        Sign(),
        ge(x - sp.Symbol("x_above", nonnegative=True), 0),
        (ge(x, 1),),
    ),
    "unequal is no identity": (Identity(), sp.Ne(x, x, evaluate=False), ()),
    "unequal is no sign": (Sign(), sp.Ne(positive**2, 0 * y, evaluate=False), ()),
    "unequal is no box": (Ball({x: (0, 1)}), sp.Ne(x, 0, evaluate=False), (ge(x, 0), le(x, 1))),
    "unequal is no monotone gap": (Monotone(x, 0), sp.Ne(x, 0, evaluate=False), (ge(x, 0),)),
    "logarithms of negative numbers": (Identity(), eq(sp.log(x**2), 2 * sp.log(x)), ()),
    "squares of logarithms of negative numbers": (Polynomial(), ge(sp.log(x) ** 2, 0), ()),
    "roots taken apart": (
        Identity(),
        eq(sp.sqrt(x * y) * sp.sqrt(x * z), x * sp.sqrt(y * z)),
        (ge(x * y, 0), ge(x * z, 0), ge(y * z, 0)),
    ),
    "roots of negative numbers on a box": (
        Ball({x: (-1, 1)}),
        gt(sp.sqrt(x) + 1, 0),
        (ge(x, -1), le(x, 1)),
    ),
    "division by 0 on both sides": (Sign(), ge(1 / x + 1, 1 / x), ()),
    "division by 0 on both sides, as polynomials": (Polynomial(), ge(1 / x + 1, 1 / x), ()),
    "division by 0 on both sides, on a box": (
        Ball({x: (-1, 1)}),
        ge(1 / x + 1, 1 / x),
        (ge(x, -1), le(x, 1)),
    ),
    "a common factor that may be 0": (Sign(), ge((x**2 - 1) / (x - 1), 0), (ge(x, 0),)),
    "a rung that is not defined": (
        Chain((1 / x,), (Polynomial(), Polynomial())),
        le(1 / x - 1, 1 / x + 1),
        (),
    ),
    "imaginary numbers": (Polynomial(), ge((1 + sp.I) ** 2, 0), ()),
    "complex symbols": (Polynomial(), ge(sp.Symbol("c") ** 2, 0), ()),
    "infinity": (Polynomial(), ge(sp.oo, x), ()),
    "cases with a hole": (
        Cases((((gt(1 / x, 0),), Cited("a")), ((le(1 / x, 0),), Cited("b")))),
        gt(x**2, 0),
        (),
    ),
    "logarithm at 0": (Increasing(sp.log, x, x + 1), le(sp.log(x), sp.log(x + 1)), (ge(x, 0),)),
    "a root that is not defined": (Increasing(sp.sqrt, x, x + 1), le(sp.sqrt(x), sp.sqrt(x + 1)), ()),
    "numbers that the cases do not have": (Exhaustive(lambda: iter([("a", 0, 1)])), le(1, 0), ()),
    "terms that the cases do not speak of": (Exhaustive(lambda: iter([("a", 0, 1)])), le(x + 1, x), ()),
    "a random symbol that is kept": (Expectation(le(x**2, x), {x**2: y}), le(y, x), (le(x**2, x),)),
    "a random coefficient": (
        Expectation(le(x * y, z), {x: s}, random=(y,)),
        le(s * y, z),
        (le(x * y, z),),
    ),
    "means that differ": (
        Expectation(sp.Ne(x, y, evaluate=False), {x: s, y: z}),
        sp.Ne(s, z, evaluate=False),
        (sp.Ne(x, y, evaluate=False),),
    ),
    "an instance below the domain": (
        Instance(lemma(le(falling, 0), Polynomial()), at={falling: x}),
        le(x, 0),
        (),
    ),
    "an instance at a value that is not defined": (
        Instance(lemma(ge(x**2, 0), Polynomial()), at={x: sp.log(y)}),
        ge(sp.log(y) ** 2, 0),
        (),
    ),
    "a hypothesis for all values that changes with the instance": (
        Instance(
            lemma(
                le(M(1), rho),
                Instance(ForAll((s,), le(M(s), rho)), at={s: 1}),
                hypotheses={"h": ForAll((s,), le(M(s), rho))},
            ),
            at={rho: rho - 1},
        ),
        le(M(1), rho - 1),
        (ForAll((s,), le(M(s), rho)),),
    ),
    "a value that would be bound": (
        Instance(
            lemma(
                le(M(1), rho),
                Instance(ForAll((s,), le(M(s), rho)), at={s: 1}),
                hypotheses={"h": ForAll((s,), le(M(s), rho))},
            ),
            at={rho: s},
        ),
        le(M(1), s),
        (ForAll((s,), le(M(s), s)),),
    ),
    "a value for the mean of something else": (
        Instance(
            lemma(
                le(y, 1),
                Expectation(le(x, 1), {x: y}),
                hypotheses={"h": le(x, 1), "y is a mean": le(M(1), 0)},
            ),
            at={x: 0, y: 7},
        ),
        le(7, 1),
        (le(M(1), 0),),
    ),
    "numbers in the place of entropies": (
        Instance(
            lemma(ge(information("X", "Y"), 0), Shannon()),
            at={entropy("X"): 1, entropy("Y"): 1, entropy("X", "Y"): 5},
        ),
        ge(2, 5),
        (),
    ),
    "entropies of other variables in one place only": (
        Instance(lemma(ge(information("X", "Y"), 0), Shannon()), at={entropy("X"): entropy("Z")}),
        ge(entropy("Z") + entropy("Y"), entropy("X", "Y")),
        (),
    ),
    "a value for a side of a family": (
        Instance(lemma(le(x, 1), Exhaustive(lambda: iter([("a", 0, 1)]))), at={x: 2}),
        le(2, 1),
        (),
    ),
    "a whole number that is none": (
        Instance(lemma(le(whole, whole**2), Cited("everybody")), at={whole: exact("1/2")}),
        le(exact("1/2"), exact("1/4")),
        (),
    ),
    "a condition of the hypothesis that is not met": (
        Instance(ForAll((s,), le(M(s), 0), (gt(s, 0),)), at={s: x}),
        le(M(x), 0),
        (ForAll((s,), le(M(s), 0), (gt(s, 0),)), ge(x, 0)),
    ),
}


@pytest.mark.parametrize("name", HOLES)
def test_no_engine_proves_it(name):
    engine, claim, premises = HOLES[name]
    assert engine.decide(claim, list(premises)).verdict not in TRUSTED


def test_a_value_for_a_mean_is_taken_for_granted_aloud():
    outcome = Expectation(ge(x, 1), {x: 0}).decide(ge(0, 1), [ge(x, 1)])
    assert outcome.verdict is not Verdict.PROVED
    assert "the mean of x is 0" in outcome.modulo


def test_entropies_may_be_renamed_together():
    model = lemma(ge(information("X", "Y"), 0), Shannon())
    names = {("X",): ("A",), ("Y",): ("B", "C"), ("X", "Y"): ("A", "B", "C")}
    rule = Instance(model, at={entropy(*old): entropy(*new) for old, new in names.items()})
    assert rule.decide(ge(information("A", "B C"), 0), []).verdict is Verdict.PROVED


def test_a_mean_of_one_thing_is_no_mean_of_another_in_a_used_lemma():
    below = lemma(le(s, 1), Expectation(le(x, 1), {x: s}), hypotheses={"h": le(x, 1)})
    steps = (Step("used", le(s, 1), Instance(below)), Step("own", ge(s, 2), Expectation(ge(y, 2), {y: s})))
    with pytest.raises(IllFormed, match="mean of"):
        Lemma("both", "here", "", (ge(1, 2),), steps, {"x": le(x, 1), "y": ge(y, 2)})


def test_a_step_knows_earlier_steps_only():
    first, second = Step("first", le(x, y), Polynomial()), Step("second", le(x - 1, y), Polynomial())
    assert check(Lemma("l", "here", "", (le(x - 1, y),), (second, first))).verdict is Verdict.REFUTED
    circle = (Step("a", le(x, M(1)), Polynomial()), Step("b", le(x, M(1)), Polynomial()))
    assert check(Lemma("l", "here", "", (le(x, M(1)),), circle)).verdict is Verdict.INCONCLUSIVE


def test_two_lemmas_of_one_name_are_both_checked():
    false, true = (lemma(ge(M(x), bound), engine, "A") for bound, engine in ((x, Sign()), (M(x), Identity())))
    uses = (
        Step("1", ge(M(y), y), Instance(false, {x: y})),
        Step("2", ge(M(y), M(y)), Instance(true, {x: y})),
    )
    user = Lemma("B", "here", "", (ge(M(y), y),), uses)
    assert check(user).verdict is Verdict.INCONCLUSIVE
    assert check(user, {"A": check(true)}).verdict is Verdict.INCONCLUSIVE


def test_a_false_lemma_below_makes_nothing_false():
    false = lemma(ge(x, 0), Sign(), "false")
    user = lemma(ge(y**2, 0), Instance(false, {x: y**2}), "true")
    assert check(false).verdict is Verdict.REFUTED
    assert check(user).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    ("claim", "hypotheses", "witness"),
    [
        (ge(whole**2, whole), {}, {whole: "1/2"}),
        (ge(x**2, 0), {}, {x: sp.I}),
        (le(x, 0), {"no function is given": ForAll((s,), le(M(s), 0))}, {x: 1}),
        (le(x, 0), {"fails": ForAll((s,), le(M(s), 5))}, {x: 1, M: sp.Lambda(s, s**2)}),
        (le(x, 0), {"undefined at the witness": ge(1 / y + 1, 1 / y)}, {x: 1, y: 0}),
        (le(positive, 0), {"positive > 0": le(0, 1)}, {positive: -1}),
        (gt(falling, 1), {}, {falling: 1}),
        (ge(x, 0), {}, {x: y}),
        (ge(1 / x + 1, 1 / x + 2), {}, {x: 0}),
    ],
)
def test_a_witness_has_to_meet_everything(claim, hypotheses, witness):
    assert refute(claim, hypotheses, witness).verdict is Verdict.INCONCLUSIVE


def test_a_mutant_is_not_tried_where_it_is_true():
    model = lemma(ge(x**2, 0), Polynomial())
    assert attack(model, Mutant("still true", {x: 1}, ge(x**2, -1))).verdict is Verdict.INCONCLUSIVE
    assert attack(model, Mutant("now false", {x: 1}, ge(x**2, 2))).verdict is Verdict.REFUTED


def test_ill_formed_lemmas_are_refused():
    step = Step("s", ge(x**2, 0), Polynomial())
    other = Step("t", ge(x**2, 0), Polynomial(), uses=("u",))
    twice = Expectation(le(x, y), {x: s, y: s})
    for bad in (
        {"statement": (), "steps": (step,)},
        {"statement": (step.claim,), "steps": ()},
        {"statement": (step.claim,), "steps": (step, step)},
        {"statement": (step.claim,), "steps": (step, other)},
        {"statement": (ge(x, positive),), "steps": (step,)},
        {"statement": (ge(x, sp.Symbol("e", even=True)),), "steps": (step,)},
        {"statement": (ge(sp.Function("N", positive=True)(x), 0),), "steps": (step,)},
        {"statement": (step.claim,), "steps": (step, Step("m", le(s, s), twice))},
    ):
        with pytest.raises(IllFormed):
            Lemma("bad", "here", "", **bad)
    with pytest.raises(InexactNumber):
        lemma(sp.Ge(x, 0.5, evaluate=False), Polynomial())
    with pytest.raises(InexactNumber):
        lemma(ge(x**2, 0), Polynomial(), hypotheses={"h": ForAll((s,), le(s, 1), (sp.Le(s, 0.5),))})


def test_what_the_guards_must_not_lose():
    a, b = reals("a b", positive=True)
    unit = [gt(x, 0), lt(x, 1)]
    assert Polynomial().decide(ge(sp.log(x) ** 2, 0), unit).verdict is Verdict.PROVED
    assert (
        Identity().decide(eq(sp.log(x**2 * (1 - x)), 2 * sp.log(x) + sp.log(1 - x)), unit).verdict in TRUSTED
    )
    assert Sign().decide(ge(1 / x + 1, 1 / x), unit).verdict is Verdict.PROVED
    assert Polynomial().decide(gt(x, 0), [ge(sp.log(x), y)]).verdict is Verdict.PROVED
    assert Monotone(x, 1).decide(le(sp.log(x), x - 1), [ge(x, 1)]).verdict is Verdict.PROVED
    falling_log = Monotone(x, 1, falling=True, slope=Polynomial())
    assert falling_log.decide(le(sp.log(x), x - 1), [gt(x, 0), le(x, 1)]).verdict is Verdict.PROVED
    wide = Ball({x: (-3, 3)})
    assert wide.decide(gt(sp.log(2 + sp.sin(x)), -1), [ge(x, -3), le(x, 3)]).verdict is Verdict.PROVED
    assert Ball({}).decide(lt(sp.pi**2, 10), []).verdict is Verdict.PROVED
    assert Sign().decide(ge(sp.gamma(a + b), 0), []).verdict is Verdict.PROVED
    assert Sign().decide(ge(1 / (sp.exp(a) - 1) + 1 / sp.cosh(x), 0), []).verdict is Verdict.PROVED
    assert Sign().decide(ge(sp.cosh(x) - 1, 0), []).verdict is Verdict.PROVED
    assert Identity().decide(eq(a**b * a, a ** (b + 1)), []).verdict is Verdict.PROVED
    assert check(lemma(le(x, Fraction(1, 2)), Polynomial(), hypotheses={"h": le(x, 0)})).verdict in TRUSTED
