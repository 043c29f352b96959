"""From moment generating functions to tails, and the moment generating function of a bounded variable."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import CHERNOFF, PURE_DP

from ..engines import Cases, Concave, Expectation, Identity, Increasing, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

t = reals("t")
level, proxy = reals("a q", positive=True)
chance = reals("P", nonnegative=True)
mgf = sp.Function("M")


def gaussian(size: Any, spread: Any) -> Any:
    """exp(size^2 spread/2)."""
    return sp.exp(size**2 * spread / 2)


MARKOV = ForAll((t,), le(chance, sp.exp(-t * level) * mgf(t)), (ge(t, 0),))
BELOW = ForAll((t,), le(mgf(t), gaussian(t, proxy)))
best = level / proxy
AT_BEST = le(chance, sp.exp(-best * level) * mgf(best))
MGF_AT_BEST = le(mgf(best), gaussian(best, proxy))
PRODUCT = le(chance, sp.Mul(sp.exp(-best * level), gaussian(best, proxy), evaluate=False))


def tail(constant: Any) -> Relational:
    return le(chance, sp.exp(-(level**2) / (exact(constant) * proxy)))


COLLECTED = eq(PRODUCT.rhs, tail(CHERNOFF).rhs)
WITNESS = {
    mgf: sp.Lambda(t, gaussian(t, 1)),
    proxy: 1,
    level: 2,
    chance: sp.exp(-2),
}
TAIL = Lemma(
    name="tail from a variance proxy",
    source="Chernoff's bound",
    says="M(t) = E exp(t X) and P = P(X >= a), a > 0, so Markov's inequality gives P <= exp(-t a) M(t) for "
    "t >= 0. If M(t) <= exp(t^2 q/2) for all t, then P <= exp(-a^2/(2 q)): the best t is a/q.",
    hypotheses={"Markov": MARKOV, "proxy": BELOW},
    statement=(tail(CHERNOFF),),
    steps=(
        Step("Markov at a/q", AT_BEST, Instance(MARKOV, {t: best}), uses=()),
        Step("the proxy at a/q", MGF_AT_BEST, Instance(BELOW, {t: best}), uses=()),
        Step("together", PRODUCT, Polynomial(), uses=("Markov at a/q", "the proxy at a/q")),
        Step("exponents", COLLECTED, Identity(), uses=()),
        Step("the tail", tail(CHERNOFF), Polynomial(), uses=("together", "exponents")),
    ),
    mutants=(
        Mutant("2 becomes 1.9", WITNESS, tail("19/10")),
        Mutant(
            "no proxy", {**WITNESS, mgf: sp.Lambda(t, gaussian(t, 2)), chance: sp.exp(-1)}, without=("proxy",)
        ),
        Mutant("reversed", {**WITNESS, chance: 0}, ge(chance, tail(CHERNOFF).rhs)),
    ),
    covers=("CHERNOFF",),
)

u = reals("u")
odds = reals("r", positive=True)
p = odds / (1 + odds)
TWO_POINT_CASE = le(sp.log((1 + odds * sp.exp(u)) / (1 + odds)) - p * u, u**2 / 8)


def curvature(falling: bool) -> Monotone:
    """The second derivative of the gap is (1 - r e^u)^2/(2 (1 + r e^u))^2."""
    return Monotone(u, 0, slope=Monotone(u, 0, falling=falling), falling=falling)


TWO_POINTS = Lemma(
    name="log mgf of two values",
    source="Hoeffding 1963, Lemma 1",
    says="A variable with the values -p and 1 - p, at chances 1 - p and p, has mean 0 and log mgf "
    "log(1 - p + p e^u) - p u <= u^2/8 for all real u; r = p/(1 - p) are the odds.",
    statement=(TWO_POINT_CASE,),
    steps=(
        Step(
            "twice integrated",
            TWO_POINT_CASE,
            Cases((((ge(u, 0),), curvature(False)), ((le(u, 0),), curvature(True)))),
            "value and slope of the gap are 0 at 0, and a variable with range 1 has variance at most 1/4",
        ),
    ),
    mutants=(
        Mutant("1/8 becomes 0.12", {odds: 1, u: "1/5"}, le(TWO_POINT_CASE.lhs, u**2 * exact("12/100"))),
        Mutant("reversed", {odds: 2, u: 1}, ge(TWO_POINT_CASE.lhs, TWO_POINT_CASE.rhs)),
    ),
    ranges={odds: ("1/10", 9), u: (-3, 3)},
)

x = reals("x")
width = reals("w", positive=True)
low, high = -p * width, (1 - p) * width
CHORD = le(
    sp.exp(t * x),
    ((high - x) * sp.exp(t * low) + (x - low) * sp.exp(t * high)) / width,
)
MEAN = le(mgf(t), (1 - p) * sp.exp(-p * t * width) + p * sp.exp((1 - p) * t * width))
TWO = TWO_POINT_CASE.lhs.subs(u, t * width)
POWER = eq(MEAN.rhs, sp.exp(TWO))
BOUNDED = le(mgf(t), sp.exp(t**2 * width**2 / 8))
signs = {mgf: sp.Lambda(t, sp.cosh(t)), odds: 1, width: 2, x: 1}
HOEFFDING = Lemma(
    name="mgf of a bounded variable",
    source="Hoeffding 1963, Theorem 2",
    says="M(t) = E exp(t x) for a variable x in [-p w, (1-p) w] of mean 0 (an interval of length w that "
    "contains 0; p = r/(1 + r)). Then M(t) <= exp(t^2 w^2/8): its variance proxy is w^2/4.",
    hypotheses={"low": ge(x, low), "high": le(x, high)},
    statement=(CHORD, BOUNDED),
    steps=(
        Step("chord", CHORD, Concave(x, low, high), "exp is convex", uses=()),
        Step("means", MEAN, Expectation(CHORD, {sp.exp(t * x): mgf(t), x: 0}, (x,)), "of x is 0"),
        Step("one exponential", POWER, Identity(), uses=()),
        Step(
            "two values",
            le(TWO, t**2 * width**2 / 8),
            Instance(TWO_POINTS, {u: t * width}),
            uses=(),
        ),
        Step(
            "exponentials",
            le(sp.exp(TWO), BOUNDED.rhs),
            Increasing(sp.exp, TWO, t**2 * width**2 / 8),
            uses=("two values",),
        ),
        Step("the bound", BOUNDED, Polynomial(), uses=("means", "one exponential", "exponentials")),
    ),
    mutants=(
        Mutant(
            "1/8 becomes 0.12",
            {**signs, t: "1/5"},
            le(mgf(t), sp.exp(t**2 * width**2 * exact("12/100"))),
            of=1,
        ),
        Mutant("x beyond its interval", {**signs, t: 1, x: 2}, without=("high",)),
        Mutant("reversed", {**signs, t: 1}, ge(mgf(t), BOUNDED.rhs), of=1),
    ),
    ranges={odds: ("1/10", 9), t: (-3, 3), width: (1, 3), x: (-1, 1)},
)

eps = reals("eps", nonnegative=True)
up = (1 + odds * sp.exp(eps)) / (1 + odds)


def told(constant: Any) -> Relational:
    return le(eps * p * sp.exp(eps) / up - sp.log(up), exact(constant) * eps**2)


PRIVACY = Lemma(
    name="what a pure differentially private result tells",
    source="here; after Hoeffding's lemma",
    says="Given all other examples, a result has one of two probabilities, a and a e^eps, at the ends, the "
    "larger for a share p of the example's values. Its part of the information is its probability times "
    "eps p e^eps/(1 - p + p e^eps) - log(1 - p + p e^eps), at most eps^2/8.",
    statement=(told(PURE_DP),),
    steps=(
        Step(
            "integrated",
            told(PURE_DP),
            Monotone(eps, 0),
            "the derivative is eps times 1/4 less the variance of the tilted share",
        ),
    ),
    mutants=(
        Mutant("1/8 becomes 0.12", {odds: 1, eps: "1/5"}, told("12/100")),
        Mutant("reversed", {odds: 1, eps: 1}, ge(told(PURE_DP).lhs, told(PURE_DP).rhs)),
    ),
    covers=("PURE_DP",),
    ranges={odds: ("1/10", 9), eps: (0, 3)},
)

LEMMAS = (TAIL, TWO_POINTS, HOEFFDING, PRIVACY)
