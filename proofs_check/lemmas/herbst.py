"""From a log-Sobolev inequality to a variance proxy, and what keeps a variance proxy."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, gt, le, reals

rho = reals("rho", nonnegative=True)
t, Z, L = reals("t Z L", positive=True)
s, ZP, grad, ent, k = reals("s Z' G Ent k")
Q, M = sp.Function("Q"), sp.Function("M")

SURPLUS = t * ZP - Z * sp.log(Z)
SLOPE = le((t * ZP / Z - sp.log(Z)) / t**2, rho / 2)
HALF = sp.exp(sp.Rational(1, 2))
ENTROPY = Lemma(
    name="the slope in Herbst's argument",
    source="Herbst; Ledoux 1999, section 2.3",
    says=(
        "Z(t) = E exp(t h) for a 1-Lipschitz h, with entropy Ent(exp(t h)) = t Z' - Z log Z. A log-Sobolev "
        "inequality Ent(f^2) <= 2 rho E|grad f|^2, taken at f = exp(t h/2), whose gradient is (t/2) exp(t "
        "h/2) grad h, gives d/dt (log Z(t)/t) <= rho/2. G = E |grad h|^2 exp(t h)."
    ),
    hypotheses={"log-Sobolev": le(SURPLUS, 2 * rho * (t / 2) ** 2 * grad), "1-Lipschitz": le(grad, Z)},
    statement=(SLOPE,),
    steps=(
        Step("the entropy is small", le(SURPLUS, rho * t**2 / 2 * Z), Polynomial(), "|grad h|^2 <= 1"),
        Step("divided by t^2 Z", le(SURPLUS / (t**2 * Z), rho / 2), Polynomial()),
        Step(
            "the derivative of log Z(t)/t",
            eq((t * ZP / Z - sp.log(Z)) / t**2, SURPLUS / (t**2 * Z)),
            Identity(),
            uses=(),
        ),
        Step("the slope", SLOPE, Polynomial(), uses=("divided by t^2 Z", "the derivative of log Z(t)/t")),
    ),
    mutants=(
        Mutant(
            "1/2 becomes 0.49, for a normal law",
            {t: 1, rho: 1, Z: HALF, ZP: HALF, grad: HALF},
            le((t * ZP / Z - sp.log(Z)) / t**2, exact("49/100") * rho),
        ),
        Mutant(
            "h may be 2-Lipschitz",
            {t: 1, rho: 1, Z: sp.exp(2), ZP: 4 * sp.exp(2), grad: 4 * sp.exp(2)},
            changed={"1-Lipschitz": le(grad, 4 * Z)},
        ),
        Mutant(
            "h may have any slope",
            {t: 1, rho: 1, Z: sp.exp(2), ZP: 4 * sp.exp(2), grad: 4 * sp.exp(2)},
            without=("1-Lipschitz",),
        ),
    ),
    ranges={t: ("1/4", 2), rho: (0, 4), Z: ("1/2", 2), ZP: (-2, 2), grad: (0, 1)},
)

SLOPES = ForAll((t,), ge(rho / 2 - sp.Derivative(Q(t), t), 0), (gt(t, 0),))
GROWN = le(Q(t), rho * t / 2)
HERBST = Lemma(
    name="Herbst's argument",
    source="Herbst; Ledoux 1999, section 2.3",
    says=(
        "Q(t) = log E exp(t(h - E h))/t for t > 0, continued by its limit E(h - E h) = 0. With slope at most "
        "rho/2, Q(t) <= rho t/2, that is E exp(t(h - E h)) <= exp(t^2 rho/2); for t < 0 take -h."
    ),
    hypotheses={"slope": SLOPES, "start": eq(Q(0), 0)},
    statement=(GROWN,),
    steps=(
        Step(
            "integrated",
            GROWN,
            Monotone(t, 0, slope=Instance(SLOPES, {t: t}), at_start=Polynomial()),
            "the gap rho t/2 - Q(t) starts at 0 and does not fall",
        ),
    ),
    mutants=(
        Mutant(
            "1/2 becomes 0.49, for a normal law",
            {rho: 1, t: 1, Q: sp.Lambda(t, t / 2)},
            le(Q(t), exact("49/100") * rho * t),
        ),
        Mutant("h is not centred", {rho: 1, t: 1, Q: sp.Lambda(t, t / 2 + 1)}, without=("start",)),
        Mutant("the slope is not bounded", {rho: 1, t: 1, Q: sp.Lambda(t, t)}, without=("slope",)),
    ),
)

EVERY = ForAll((s,), le(M(s), sp.exp(s**2 * rho / 2)))
IMAGE = Lemma(
    name="proxy of an image",
    source="here",
    says=(
        "A law has proxy rho and T is L-Lipschitz. For a 1-Lipschitz h, (h o T)/L is 1-Lipschitz; with M(s) "
        "its centred moment generating function, that of h o T is M(L t), so the image has proxy L^2 rho. An "
        "isometric embedding has L = 1: the proxy of a sphere of R^r stays that of R^r wherever it is put."
    ),
    hypotheses={"proxy": EVERY},
    statement=(le(M(L * k), sp.exp(k**2 * (L**2 * rho) / 2)), le(M(k), sp.exp(k**2 * rho / 2))),
    steps=(
        Step("at s = L t", le(M(L * k), sp.exp((L * k) ** 2 * rho / 2)), Instance(EVERY, {s: L * k})),
        Step(
            "exponents",
            eq(sp.exp((L * k) ** 2 * rho / 2), sp.exp(k**2 * (L**2 * rho) / 2)),
            Identity(),
            uses=(),
        ),
        Step("an image", le(M(L * k), sp.exp(k**2 * (L**2 * rho) / 2)), Polynomial()),
        Step("an isometric image", le(M(k), sp.exp(k**2 * rho / 2)), Instance(EVERY, {s: k})),
    ),
    mutants=(
        Mutant(
            "L for L^2, for a normal law",
            {L: 2, k: 1, rho: 1, M: sp.Lambda(s, sp.exp(s**2 / 2))},
            le(M(L * k), sp.exp(k**2 * (L * rho) / 2)),
        ),
        Mutant(
            "L^2 loses 2 %",
            {L: 2, k: 1, rho: 1, M: sp.Lambda(s, sp.exp(s**2 / 2))},
            le(M(L * k), sp.exp(k**2 * (exact("98/100") * L**2 * rho) / 2)),
        ),
        Mutant(
            "the law has no proxy",
            {L: 1, k: 1, rho: 1, M: sp.Lambda(s, sp.exp(s**2))},
            without=("proxy",),
            of=1,
        ),
    ),
)

rho1, rho2, ent1, ent2, g1, g2 = reals("rho1 rho2 E1 E2 G1 G2", nonnegative=True)
PRODUCT = Lemma(
    name="proxy of a product",
    source="Gross 1975; Ledoux 1999, proposition 2.2",
    says=(
        "Log-Sobolev constants of two laws are rho1, rho2, with Ent_i(f^2) <= 2 rho_i E|grad_i f|^2 = 2 "
        "rho_i G_i in mean; entropy is subadditive and |grad f|^2 = |grad_1 f|^2 + |grad_2 f|^2, so the "
        "product has their maximum; equal factors keep their own."
    ),
    hypotheses={
        "subadditive": le(ent, ent1 + ent2),
        "first": le(ent1, 2 * rho1 * g1),
        "second": le(ent2, 2 * rho2 * g2),
    },
    statement=(le(ent, 2 * sp.Max(rho1, rho2) * (g1 + g2)),),
    steps=(Step("the maximum", le(ent, 2 * sp.Max(rho1, rho2) * (g1 + g2)), Polynomial()),),
    mutants=(
        Mutant(
            "the mean for the maximum",
            {rho1: 1, rho2: 3, g1: 0, g2: 1, ent1: 0, ent2: 6, ent: 6},
            le(ent, (rho1 + rho2) * (g1 + g2)),
        ),
        Mutant(
            "2 becomes 1.95",
            {rho1: 1, rho2: 1, g1: 0, g2: 1, ent1: 0, ent2: 2, ent: 2},
            le(ent, exact("195/100") * sp.Max(rho1, rho2) * (g1 + g2)),
        ),
        Mutant(
            "the second factor has no constant",
            {rho1: 1, rho2: 1, g1: 0, g2: 1, ent1: 0, ent2: 3, ent: 3},
            without=("second",),
        ),
    ),
)

LEMMAS = (ENTROPY, HERBST, IMAGE, PRODUCT)
