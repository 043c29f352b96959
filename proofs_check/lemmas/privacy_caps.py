"""Stability caps: what pure differential privacy leaves of I(m;D), for each example or label."""

from __future__ import annotations

import sympy as sp

from ..engines import Concave, Expectation, Instance, Monotone, Polynomial, Sign
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, le, reals
from .entropy_basics import LOG_TANGENT, mean_of, means, t

epsilon, x = reals("epsilon x", positive=True)
spread = sp.exp(epsilon) - 1
u = epsilon * sp.exp(epsilon) / spread
CHORD = le(x * sp.log(x), u * (x - 1))
CHORD_LEMMA = Lemma(
    name="x log x below its chord on [1, e^epsilon]",
    source="here; convexity",
    says="For 1 <= x <= e^epsilon: x log x <= u (x - 1) with u = epsilon e^epsilon/(e^epsilon - 1).",
    statement=(CHORD,),
    hypotheses={"low": ge(x, 1), "high": le(x, sp.exp(epsilon))},
    steps=(
        Step(
            "e^epsilon is above 1",
            le(epsilon, spread),
            Instance(LOG_TANGENT, at={t: sp.exp(epsilon)}),
            uses=(),
        ),
        Step(
            "concave gap", CHORD, Concave(x, 1, sp.exp(epsilon)), "the second derivative of the gap is -1/x"
        ),
    ),
    mutants=(
        Mutant(
            "the chord loses 3 %",
            {epsilon: 1, x: sp.E},
            le(x * sp.log(x), exact("97/100") * u * (x - 1)),
        ),
        Mutant("beyond the interval", {epsilon: 1, x: 4}, without=("high",)),
    ),
    ranges={epsilon: ("1/10", 2), x: (1, 7)},
)


s, slope = reals("s u", positive=True)
product, mean_product = reals("xlogx"), mean_of("xlogx")
POINT = le(product, slope * (x - 1))
BEST = le(slope * (1 - 1 / s) - sp.log(s), slope - 1 - sp.log(slope))
SHARE = le(mean_product - s * sp.log(s), s * (slope - 1 - sp.log(slope)))
PURE_DP = Lemma(
    name="pure differential privacy",
    source="here",
    says=(
        "Fix the other examples and a mask m; its chance over values of the example is a x with 1 <= x <="
        " e^epsilon (a the least chance). The mask's part of I(m;D_j|D_-j) is a (E[x log x] - s log s), s"
        " = E x; by the chord E[x log x] <= u (s - 1), u = epsilon/(1 - e^-epsilon), and u (1 - 1/s) - "
        "log s <= u - 1 - log u, the best s being u. a s is the mask's mean chance; these add up to 1 "
        "over the masks: u - 1 - log u nats an example."
    ),
    statement=(BEST, SHARE),
    hypotheses={"chord": POINT},
    steps=(
        Step(
            "tangent", le(sp.log(slope) - sp.log(s), slope / s - 1), Instance(LOG_TANGENT, at={t: slope / s})
        ),
        Step("best share", BEST, Polynomial(), uses=("tangent",)),
        Step(
            "means",
            le(mean_product, slope * (s - 1)),
            Expectation(POINT, {product: mean_product, x: s}),
            uses=(),
        ),
        Step("a mask's part", SHARE, Polynomial(), uses=("means", "best share")),
    ),
    mutants=(
        Mutant(
            "the cap loses 3 %",
            {s: 2, slope: 2, x: 2, product: 2, **means(mean_product, 2)},
            le(BEST.lhs, exact("97/100") * BEST.rhs),
        ),
        Mutant(
            "the chord is dropped",
            {s: 2, slope: 2, x: 2, product: 9, **means(mean_product, 9)},
            of=1,
            without=("chord",),
        ),
    ),
)


ratio = reals("r", nonnegative=True)
LOSS = sp.log(2) + sp.exp(ratio) / (1 + sp.exp(ratio)) * ratio - sp.log(1 + sp.exp(ratio))
limit = reals("epsilon_0", nonnegative=True)
AT_LIMIT = LOSS.subs(ratio, limit)
LABEL_DP = Lemma(
    name="pure differential privacy of fair labels",
    source="here; randomised response, Warner 1965",
    says=(
        "A mask whose chances at the two values of a fair label have log-ratio r tells log 2 - h(1/(1 + "
        "e^r)) nats about it, which is log 2 + r e^r/(1+e^r) - log(1+e^r): even in r, 0 at 0 and rising "
        "for r >= 0, so at most its value at r = epsilon."
    ),
    statement=(le(LOSS, AT_LIMIT), ge(LOSS, 0)),
    hypotheses={"private": le(ratio, limit)},
    steps=(
        Step("rising", le(LOSS, AT_LIMIT), Monotone(ratio, limit, Sign(), falling=True)),
        Step("from 0 on", ge(LOSS, 0), Monotone(ratio, 0, Sign())),
    ),
    mutants=(
        Mutant(
            "the cap loses 3 %",
            {ratio: 1, limit: 1},
            le(LOSS, exact("97/100") * AT_LIMIT),
        ),
        Mutant("without privacy", {ratio: 2, limit: 1}, without=("private",)),
    ),
    ranges={ratio: (0, 4), limit: (0, 4)},
)

LEMMAS = (CHORD_LEMMA, PURE_DP, LABEL_DP)
