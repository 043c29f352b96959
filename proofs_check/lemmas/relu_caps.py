"""A ReLU network of width 2n that fits n labels of +-1 on the unit sphere."""

from __future__ import annotations

import sympy as sp

from ..engines import Chain, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .tails_and_variances import SCALED, factor, large, small

s = reals("s", positive=True)
c1, c2, r, most = reals("c1 c2 r r_max")
HALF_ANGLE = le(sp.sqrt((1 + most) / 2), 1 - s)
DISJOINT = Lemma(
    name="caps are disjoint",
    source="here; after Shmalo 2026",
    says=(
        "phi_i(x) = (relu(<x_i, x> - (1 - s)) - relu(<x_i, x> - 1))/s lives on the cap <x_i, x> > 1 - s. "
        "With c1, c2 the inner products of x with two centres, c1 + c2 <= |x_i + x_j| = sqrt(2 + 2r), r = "
        "<x_i, x_j> <= r_max. If sqrt((1 + r_max)/2) <= 1 - s, no x is inside two caps, and r <= 1 - s: "
        "every other bump is 0 at a centre."
    ),
    hypotheses={
        "s": le(s, 1),
        "r": ge(r, -1),
        "r_max": le(r, most),
        "half the angle": HALF_ANGLE,
        "Cauchy-Schwarz": le(c1 + c2, sp.sqrt(2 + 2 * r)),
        "r_max <= 1": le(most, 1),
    },
    statement=(le(sp.Min(c1, c2), 1 - s), le(r, 1 - s)),
    steps=(
        Step("squared", le((1 + most) / 2, (1 - s) ** 2), Polynomial()),
        Step("the sum", le(c1 + c2, 2 * (1 - s)), Polynomial()),
        Step("not both", le(sp.Min(c1, c2), 1 - s), Polynomial(), uses=("the sum",)),
        Step("other centres", le(r, 1 - s), Polynomial(), uses=("squared",)),
    ),
    mutants=(
        Mutant(
            "caps 3 % too wide",
            {most: "28/100", r: "28/100", s: "22/100", c1: "8/10", c2: "8/10"},
            changed={"half the angle": le(sp.sqrt((1 + most) / 2), exact("103/100") * (1 - s))},
        ),
        Mutant(
            "centres nearer than r_max", {most: "28/100", r: 1, s: "2/10", c1: 1, c2: 1}, without=("r_max",)
        ),
        Mutant(
            "other centres, r_max for its root",
            {most: "28/100", r: "28/100", s: "8/10", c1: 0, c2: 0},
            changed={"half the angle": le(most, exact("14/10") * (1 - s))},
            of=1,
        ),
    ),
    ranges={most: (0, "1/4"), r: (-1, 0), s: ("1/10", "1/5"), c1: (-1, 0), c2: (-1, 1)},
)

k = reals("k", nonnegative=True)
P, Q = sp.sqrt(1 - c1**2), sp.sqrt(1 - c2**2)
CHORD2 = 2 - 2 * (c1 * c2 + P * Q)
WITHIN = le((c1 - c2) ** 2, (1 - k**2) * CHORD2)
ONE_CAP = Lemma(
    name="slope within a cap",
    source="here",
    says=(
        "Two points of one cap have inner products c1, c2 in [k, 1] with its centre, k = 1 - s >= 0. On the "
        "unit sphere their squared distance is at least 2 - 2(c1 c2 + sqrt(1 - c1^2) sqrt(1 - c2^2)), so "
        "|phi(x) - phi(x')| = |c1 - c2|/s <= sqrt(1 - k^2)/s |x - x'|, and sqrt(1 - k^2)/s = sqrt((2 - "
        "s)/s)."
    ),
    hypotheses={"low 1": ge(c1, k), "low 2": ge(c2, k), "high 1": le(c1, 1), "high 2": le(c2, 1)},
    statement=(WITHIN, eq((1 - (1 - s) ** 2) / s**2, (2 - s) / s)),
    steps=(
        Step("the distance", eq(CHORD2, (c1 - c2) ** 2 + (P - Q) ** 2), Polynomial(), uses=()),
        Step("heights", eq((P - Q) * (P + Q), (c2 - c1) * (c2 + c1)), Polynomial(), uses=()),
        Step("heights are small", le((P + Q) ** 2, 4 * (1 - k**2)), Polynomial(), uses=()),
        Step("inner products are large", ge((c1 + c2) ** 2, 4 * k**2), Polynomial(), uses=()),
        Step("k <= 1", ge(1 - k**2, 0), Polynomial(), uses=()),
        Step(
            "times k^2",
            le(k**2 * (P + Q) ** 2, 4 * k**2 * (1 - k**2)),
            Instance(SCALED, {factor: k**2, small: (P + Q) ** 2, large: 4 * (1 - k**2)}),
            uses=("heights are small",),
        ),
        Step(
            "times 1 - k^2",
            le((1 - k**2) * (4 * k**2), (1 - k**2) * (c1 + c2) ** 2),
            Instance(SCALED, {factor: 1 - k**2, small: 4 * k**2, large: (c1 + c2) ** 2}),
            uses=("inner products are large", "k <= 1"),
        ),
        Step(
            "low",
            le(k**2 * (P + Q) ** 2, (1 - k**2) * (c1 + c2) ** 2),
            Chain((4 * k**2 * (1 - k**2),), (Polynomial(), Polynomial())),
            uses=("times k^2", "times 1 - k^2"),
        ),
        Step(
            "across",
            le((k * (c1 - c2)) ** 2, (1 - k**2) * (P - Q) ** 2),
            Polynomial(),
            uses=("heights", "low"),
        ),
        Step("within", WITHIN, Polynomial(), uses=("the distance", "across")),
        Step("the constant", eq((1 - (1 - s) ** 2) / s**2, (2 - s) / s), Identity(), uses=()),
    ),
    mutants=(
        Mutant(
            "a constant 3 % smaller, near the rim",
            {k: "6/10", c1: "6/10", c2: "61/100", s: 1},
            le((c1 - c2) ** 2, exact("97/100") * (1 - k**2) * CHORD2),
        ),
        Mutant(
            "a point outside the cap", {k: "9/10", c1: "1/10", c2: "2/10", s: 1}, without=("low 1", "low 2")
        ),
        Mutant(
            "(2 - s)/s^2", {k: 0, c1: 0, c2: 0, s: "1/2"}, eq((1 - (1 - s) ** 2) / s**2, (2 - s) / s**2), of=1
        ),
    ),
    ranges={k: (0, "1/2"), c1: ("1/2", 1), c2: ("1/2", 1)},
)

T, A, B = reals("T A B", nonnegative=True)
RISE = (sp.cos(T - A) - sp.cos(T)) + (sp.cos(T - B) - sp.cos(T))
CHORD = 2 * sp.sin((A + B) / 2)
BETWEEN = le(RISE, sp.sin(T) * CHORD)
SPARE = 2 * sp.sin(T) * sp.sin((A + B) / 2) * (1 - sp.cos((A - B) / 2)) + sp.cos(T) * (
    2 - sp.cos(A) - sp.cos(B)
)
TWO_CAPS = Lemma(
    name="slope between caps",
    source="here",
    says=(
        "Caps of angle T <= pi/2 (cos T = 1 - s) that are disjoint; x is an angle A inside the rim of one, "
        "x' an angle B inside the rim of another, so they are at least the angle A + B apart, at a distance "
        "of at least 2 sin((A + B)/2). Bumps of opposite labels differ by (cos(T - A) - cos T + cos(T - B) - "
        "cos T)/s, at most (sin T)/s = sqrt((2 - s)/s) times the distance; B = 0 covers an x' outside of all "
        "caps. Angles are in [0, pi/2]."
    ),
    hypotheses={
        "cos T": ge(sp.cos(T), 0),
        "sin T": ge(sp.sin(T), 0),
        "A + B at most pi": ge(sp.sin((A + B) / 2), 0),
    },
    statement=(BETWEEN,),
    steps=(
        Step("what is to spare", eq(sp.sin(T) * CHORD - RISE, SPARE), Identity(), uses=()),
        *(
            Step(f"cos {name} <= 1", eq(1 - sp.cos(angle), 2 * sp.sin(angle / 2) ** 2), Identity(), uses=())
            for name, angle in (("A", A), ("B", B), ("(A - B)/2", (A - B) / 2))
        ),
        Step("between", BETWEEN, Polynomial()),
    ),
    mutants=(
        Mutant(
            "sin T loses 3 %, on the rims",
            {T: 1, A: "1/100", B: "1/100"},
            le(RISE, exact("97/100") * sp.sin(T) * CHORD),
        ),
        Mutant(
            "the distance of one point only",
            {T: 1, A: "1/2", B: "1/2"},
            le(RISE, sp.sin(T) * 2 * sp.sin(A / 2)),
        ),
        Mutant("caps beyond the equator", {T: 3, A: 1, B: 1}, without=("cos T",)),
    ),
    ranges={T: (0, "3/2"), A: (0, "3/2"), B: (0, "3/2")},
)

LEMMAS = (DISJOINT, ONE_CAP, TWO_CAPS)
