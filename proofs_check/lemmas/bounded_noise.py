"""Concentration for bounded noise: z (f(x) - E f) has variance proxy B^2 rho Lip(f)^2."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..engines import Concave, Expectation, Identity, Increasing, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

u = reals("u")
v = reals("v", nonnegative=True)
share = reals("lambda")

BELOW_CHORD = le(sp.exp(share * u), sp.cosh(u) + share * sp.sinh(u))
LOWER_CHORD = le(sp.exp(share * u), sp.cosh(u) + exact("97/100") * share * sp.sinh(u))
CHORD = Lemma(
    name="chord of the exponential",
    source="here; convexity",
    says="For |lambda| <= 1 and real u, exp(lambda u) lies below the chord through exp(-u) and exp(u).",
    hypotheses={"low": ge(share, -1), "high": le(share, 1)},
    statement=(BELOW_CHORD,),
    steps=(
        Step(
            "concave in lambda",
            BELOW_CHORD,
            Concave(share, -1, 1),
            "the second derivative of the gap is -u^2 exp(lambda u), and both ends are equalities",
        ),
    ),
    mutants=(
        Mutant("the upper bound on lambda is dropped", {share: 2, u: 1}, without=("high",)),
        Mutant(
            "sinh loses 3 %",
            {share: 1, u: 1},
            LOWER_CHORD,
        ),
    ),
    ranges={u: (-4, 4)},
)

LOG_COSH = le(sp.log(sp.cosh(v)), v**2 / 2)
COSH = Lemma(
    name="cosh below a Gaussian",
    source="here; Hoeffding 1963, the symmetric case",
    says="cosh v <= exp(v^2/2) for v >= 0 (and so for all v, both sides being even).",
    statement=(le(sp.cosh(v), sp.exp(v**2 / 2)),),
    steps=(
        Step(
            "in logarithms",
            LOG_COSH,
            Monotone(v, 0, slope=Monotone(v, 0)),
            "the second derivative of the gap is tanh^2 v",
        ),
        Step(
            "exponentials",
            le(sp.cosh(v), sp.exp(v**2 / 2)),
            Increasing(sp.exp, sp.log(sp.cosh(v)), v**2 / 2),
            "exp is increasing",
            uses=("in logarithms",),
        ),
    ),
    mutants=(
        Mutant("1/2 becomes 0.48", {v: "1/5"}, le(sp.cosh(v), sp.exp(v**2 * exact("48/100")))),
        Mutant("reversed", {v: 1}, ge(sp.cosh(v), sp.exp(v**2 / 2))),
    ),
    ranges={v: (0, 6)},
)

t = reals("t")
h = reals("h")
bound, proxy, slope = reals("B rho L", positive=True)
given, joint, certificate = sp.Function("G"), sp.Function("K"), sp.Function("M")
turned = t * bound * h


def gaussian(size: Any) -> Any:
    """exp(size^2 rho L^2/2)."""
    return sp.exp(size**2 * proxy * slope**2 / 2)


SIZES = ForAll((t,), le(certificate(t), gaussian(t)))
POINTWISE = le(sp.exp(share * turned), sp.cosh(turned) + share * sp.sinh(turned))
GIVEN_X = le(given(h), sp.cosh(turned))
HALVES = eq(sp.cosh(turned), sp.exp(turned) / 2 + sp.exp(-turned) / 2)
OVER_X = le(joint(t), certificate(t * bound) / 2 + certificate(-t * bound) / 2)


def one_sample(squared: Any) -> Relational:
    return le(joint(t), sp.exp(t**2 * squared * proxy * slope**2 / 2))


# z = B and -B with chances 1/2 whatever x is, and h normal of variance rho L^2
FAIR = {
    certificate: sp.Lambda(t, sp.exp(t**2 / 2)),
    joint: sp.Lambda(t, sp.exp(t**2 * 2)),
    given: sp.Lambda(h, sp.cosh(2 * h)),
    bound: 2,
    proxy: 1,
    slope: 1,
    share: 1,
    h: 1,
    t: 1,
}
ONE_SAMPLE = Lemma(
    name="bounded noise times a Lipschitz function",
    source="here",
    says="z = lambda B has mean 0 given x and |lambda| <= 1; h = f(x) - E f has mgf M(s) <= exp(s^2 rho "
    "L^2/2) for all s, L = Lip(f). G(h) = E[exp(t z h)|x], whose mean over x is K(t) = E exp(t z h). "
    "Then G(h) <= cosh(t B h) and K(t) <= exp(t^2 B^2 rho L^2/2): v = B^2.",
    hypotheses={"low": ge(share, -1), "high": le(share, 1), "certificate": SIZES},
    statement=(GIVEN_X, one_sample(bound**2)),
    steps=(
        Step("chord", POINTWISE, Instance(CHORD, {u: turned}), uses=()),
        Step(
            "mean given x",
            GIVEN_X,
            Expectation(POINTWISE, {sp.exp(share * turned): given(h), share: 0}, (share,)),
            "of lambda is 0",
            uses=("chord",),
        ),
        Step("two exponentials", HALVES, Identity(), uses=()),
        Step(
            "mean over x",
            OVER_X,
            Expectation(GIVEN_X, {given(h): joint(t), sp.cosh(turned): OVER_X.rhs}, (h,)),
            "by the two exponentials",
            uses=("mean given x",),
        ),
        Step(
            "at t B",
            le(certificate(t * bound), gaussian(t * bound)),
            Instance(SIZES, {t: t * bound}),
            uses=(),
        ),
        Step(
            "at -t B",
            le(certificate(-t * bound), gaussian(t * bound)),
            Instance(SIZES, {t: -t * bound}),
            uses=(),
        ),
        Step("together", one_sample(bound**2), Polynomial(), uses=("mean over x", "at t B", "at -t B")),
    ),
    mutants=(
        Mutant("B^2 loses 3 %", FAIR, one_sample(bound**2 * exact("97/100")), of=1),
        Mutant(
            "no certificate",
            {**FAIR, certificate: sp.Lambda(t, sp.exp(t**2)), joint: sp.Lambda(t, sp.exp(t**2 * 4))},
            of=1,
            without=("certificate",),
        ),
        Mutant("noise beyond B", {**FAIR, share: 2, given: sp.Lambda(h, sp.cosh(4 * h))}, without=("high",)),
    ),
)

LEMMAS = (CHORD, COSH, ONE_SAMPLE)
