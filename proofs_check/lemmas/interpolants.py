"""Explicit networks that fit any labels in [-1, 1]: their Lipschitz constants, from above."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity, Instance, Polynomial, Sign
from ..engines.induction import Induction
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

S, r = reals("S r", positive=True)
u, v, dist, apart = reals("u v dist apart", nonnegative=True)
f, g = reals("f g")

ACROSS = le(sp.Abs(f - g), S / r * dist)
BUMPS = Lemma(
    name="bumps with disjoint supports",
    source="Bubeck & Sellke 2021, remark 1.1",
    says=(
        "f = sum_i y_i psi(|x - x_i|/r) with |y_i| <= 1, psi of slope at most S, psi(1) = 0 and support [0, "
        "1]. x is u from x_i, x' is v from x_j, f and g their values, so |f| <= (S/r)(r - u) inside a ball; "
        "centres are at least 2r apart. Then |f(x) - f(x')| <= (S/r)|x - x'|: Lip(f) <= S/r. The only other "
        "case, one bump, has | |x - x_i| - |x' - x_i| | <= |x - x'|."
    ),
    hypotheses={
        "inside i": le(u, r),
        "inside j": le(v, r),
        "value": le(sp.Abs(f), S / r * (r - u)),
        "value at x'": le(sp.Abs(g), S / r * (r - v)),
        "separation": ge(apart, 2 * r),
        "triangle": le(apart, u + dist + v),
    },
    statement=(ACROSS,),
    steps=(
        Step("the way between the balls", le((r - u) + (r - v), dist), Polynomial()),
        Step("the values", le(sp.Abs(f - g), S / r * ((r - u) + (r - v))), Polynomial(), uses=()),
        Step(
            "scaled",
            le(S / r * ((r - u) + (r - v)), S / r * dist),
            Polynomial(),
            uses=("the way between the balls",),
        ),
        Step("Lipschitz", ACROSS, Polynomial(), uses=("the values", "scaled")),
    ),
    mutants=(
        Mutant(
            "centres may be 1.9 r apart",
            {S: 1, r: 1, u: 0, v: 0, f: 1, g: -1, dist: "19/10", apart: "19/10"},
            changed={"separation": ge(apart, exact("19/10") * r)},
        ),
        Mutant(
            "S/r loses 2 %",
            {S: 1, r: 1, u: 0, v: 0, f: 1, g: -1, dist: 2, apart: 2},
            le(sp.Abs(f - g), exact("98/100") * S / r * dist),
        ),
        Mutant(
            "psi(1) = 1/10",
            {S: 1, r: 1, u: 1, v: 1, f: "1/10", g: "-1/10", dist: 0, apart: 2},
            changed={
                "value": le(sp.Abs(f), S / r * (r - u) + exact("1/10")),
                "value at x'": le(sp.Abs(g), S / r * (r - v) + exact("1/10")),
            },
        ),
    ),
    ranges={
        S: (1, 4),
        r: (2, 3),
        u: (1, 2),
        v: (1, 2),
        f: (0, "1/9"),
        g: (0, "1/9"),
        apart: (6, 7),
        dist: (5, 9),
    },
)

d, D, n, keep, slope = reals("d D n kappa S", positive=True)
PROJECTED = Lemma(
    name="projected bumps follow the law",
    source="Bubeck & Sellke 2021, remark 1.1; here",
    says=(
        "Bumps after an orthogonal projection to D >= 1 dimensions have p = n (D + 1) parameters (centre and "
        "label). If it keeps distances up to kappa sqrt(D/d), the bumps have radius kappa r sqrt(D/d) and "
        "Lip <= (S/(kappa r)) sqrt(d/D), which is at most sqrt 2 times (S/(kappa r)) sqrt(n d/p): the law's "
        "rate."
    ),
    hypotheses={"D": ge(D, 1)},
    statement=(
        eq((slope / (keep * r)) ** 2 * (d / D), (slope / (keep * r * sp.sqrt(D / d))) ** 2),
        le(d / D, 2 * (n * d / (n * (D + 1)))),
        ge(d / D, n * d / (n * (D + 1))),
    ),
    steps=(
        Step(
            "the Lipschitz constant, squared",
            eq((slope / (keep * r)) ** 2 * (d / D), (slope / (keep * r * sp.sqrt(D / d))) ** 2),
            Identity(),
        ),
        Step("within a factor 2", le(d / D, 2 * (n * d / (n * (D + 1)))), Sign()),
        Step("never below", ge(d / D, n * d / (n * (D + 1))), Sign()),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.95",
            {D: 1, d: 1, n: 1, slope: 1, keep: 1, r: 1},
            le(d / D, exact("195/100") * (n * d / (n * (D + 1)))),
            of=1,
        ),
        Mutant(
            "D may be 1/2",
            {D: "1/2", d: 1, n: 1, slope: 1, keep: 1, r: 1},
            changed={"D": ge(D, exact("1/2"))},
            of=1,
        ),
        Mutant(
            "p = n (D - 1/2)",
            {D: 1, d: 1, n: 1, slope: 1, keep: 1, r: 1},
            ge(d / D, n * d / (n * (D - exact("1/2")))),
            of=2,
        ),
    ),
)

goal, got, x, err, radius = reals("W s x err radius")
left, right = reals("s_minus s_plus")
RELU = eq(x, sp.Max(x, 0) - sp.Max(-x, 0))
PIECE = le(sp.Abs(goal * x - (right * sp.Max(x, 0) - left * sp.Max(-x, 0))), err * radius)
WEIGHT = Lemma(
    name="a weight from two subset sums",
    source="Pensia et al. 2020, lemma 1; here",
    says=(
        "W is a target weight; kept frozen weights give the slope s_plus on positive inputs and s_minus on "
        "negative ones, each within err of W. On |x| <= radius the output is within err radius of W x; "
        "errors of the inputs of one unit add up."
    ),
    hypotheses={
        "plus": le(sp.Abs(goal - right), err),
        "minus": le(sp.Abs(goal - left), err),
        "input": le(sp.Abs(x), radius),
    },
    statement=(RELU, PIECE),
    steps=(
        Step("two half lines", RELU, Polynomial(), uses=()),
        Step("the error", PIECE, Polynomial(), uses=()),
    ),
    mutants=(
        Mutant(
            "0.97 err",
            {goal: 1, right: 0, left: 1, x: 1, err: 1, radius: 1},
            le(
                sp.Abs(goal * x - (right * sp.Max(x, 0) - left * sp.Max(-x, 0))),
                exact("97/100") * err * radius,
            ),
            of=1,
        ),
        Mutant(
            "negative inputs are forgotten",
            {goal: 1, right: 1, left: 5, x: -1, err: 0, radius: 1},
            without=("minus",),
            of=1,
        ),
        Mutant(
            "one relu for a line", {x: -1, goal: 0, right: 0, left: 0, err: 0, radius: 1}, eq(x, sp.Max(x, 0))
        ),
    ),
    ranges={goal: (0, 1), right: (0, 1), left: (0, 1), err: (1, 2), x: (-1, 1), radius: (1, 2)},
)

L = sp.Symbol("L", integer=True, nonnegative=True)
E = sp.Function("E")
w, gap = reals("w gap", positive=True)
GROWS = ForAll((L,), le(E(L + 1), w * E(L) + gap))
TOTAL = le(E(L) * (w - 1), gap * (w**L - 1))
LAYERS = Lemma(
    name="errors of a supermask through layers",
    source="Pensia et al. 2020, theorem 1; here",
    says=(
        "Layer by layer, |N(z) - W z| <= gap for the kept subnetwork N of a layer, and W moves outputs by at "
        "most w >= 1 times its input; relu is 1-Lipschitz. So the error obeys E(L + 1) <= w E(L) + gap, E(0) "
        "= 0, and is at most gap (w^L - 1)/(w - 1). All of p_eff is then in the mask."
    ),
    hypotheses={"w": ge(w, 1), "start": le(E(0), 0), "a layer": GROWS},
    statement=(TOTAL,),
    steps=(Step("by induction", TOTAL, Induction(L, 0, facts=((GROWS.claim, Instance(GROWS, {L: L})),))),),
    mutants=(
        Mutant(
            "w^L - 1 becomes w^L - 1.1",
            {w: 2, gap: 1, L: 1, E: sp.Lambda(L, 2**L - 1)},
            le(E(L) * (w - 1), gap * (w**L - exact("11/10"))),
        ),
        Mutant(
            "errors only add up",
            {w: 2, gap: 1, L: 2, E: sp.Lambda(L, 2**L - 1)},
            le(E(L) * (w - 1), gap * L * (w - 1)),
        ),
        Mutant(
            "an error at the start",
            {w: 2, gap: 1, L: 1, E: sp.Lambda(L, 2 ** (L + 1) - 1)},
            without=("start",),
        ),
    ),
)

LEMMAS = (BUMPS, PROJECTED, WEIGHT, LAYERS)
