"""Concentration for bounded noise: X(f)/Lip(f) has mgf proxy B^2 rho/n."""

from __future__ import annotations

import sympy as sp

from ..engines import Concave, Increasing, Monotone
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, le, reals

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

LEMMAS = (CHORD, COSH)
