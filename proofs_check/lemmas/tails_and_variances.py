"""What a variance proxy gives: tails, an isoperimetry constant, and room for every variance."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engines import Identity, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, lt, reals

rho, d, n = reals("rho d n", positive=True)
t, V, a = reals("t V a", nonnegative=True)
up, down, s, y = reals("P_up P_down s y")
M, N = sp.Function("M"), sp.Function("N")

factor = reals("factor", nonnegative=True)
small, large = reals("small large")
SCALED = Lemma(
    name="an inequality times a factor",
    source="arithmetic",
    says="A factor that is not negative keeps an inequality (here the factors are exponentials).",
    hypotheses={"order": le(small, large)},
    statement=(le(factor * small, factor * large),),
    steps=(Step("scaled", le(factor * small, factor * large), Polynomial()),),
    mutants=(
        Mutant("the order is dropped", {factor: 1, small: 1, large: 0}, without=("order",)),
        Mutant(
            "the factor is taken away on one side", {factor: 2, small: 1, large: 1}, le(factor * small, large)
        ),
    ),
)

PROXY = ForAll((s,), le(M(s), sp.exp(s**2 * rho / 2)))
PROXY_DOWN = ForAll((s,), le(N(s), sp.exp(s**2 * rho / 2)))
MARKOV = ForAll((s,), le(up, sp.exp(-s * t) * M(s)), (ge(s, 0),))
MARKOV_DOWN = ForAll((s,), le(down, sp.exp(-s * t) * N(s)), (ge(s, 0),))
TILT, LARGEST, TAIL = sp.exp(-(t**2) / rho), sp.exp(t**2 / (2 * rho)), sp.exp(-(t**2) / (2 * rho))
BOTH = le(up + down, 2 * TAIL)
c = rho * d


def _scaled(mgf: Any) -> Instance:
    """exp(-s t) M(s) <= exp(-s t) exp(s^2 rho/2) at s = t/rho; the exponents add up to -t^2/(2 rho)."""
    return Instance(SCALED, {factor: TILT, small: mgf(t / rho), large: LARGEST})


NORMAL = {rho: 1, d: 1, t: 1, M: sp.Lambda(s, sp.exp(s**2 / 2)), N: sp.Lambda(s, sp.exp(s**2 / 2))}
TAILS = Lemma(
    name="tail of a variance proxy",
    source="Chernoff; Bubeck & Sellke 2021, definition 1.1",
    says=(
        "M and N are the centred moment generating functions of a 1-Lipschitz h and of -h. Proxy rho gives "
        "P(|h - E h| >= t) <= 2 exp(-t^2/(2 rho)), which is c-isoperimetry, 2 exp(-d t^2/(2c)), with c = rho "
        "d. So n d/c is n/rho."
    ),
    hypotheses={"proxy": PROXY, "proxy of -h": PROXY_DOWN, "Markov": MARKOV, "Markov for -h": MARKOV_DOWN},
    statement=(BOTH, eq(d * t**2 / (2 * c), t**2 / (2 * rho)), eq(n * d / c, n / rho)),
    steps=(
        Step("Markov at s = t/rho", le(up, TILT * M(t / rho)), Instance(MARKOV, {s: t / rho})),
        Step("Markov for -h", le(down, TILT * N(t / rho)), Instance(MARKOV_DOWN, {s: t / rho})),
        Step("M at t/rho", le(M(t / rho), LARGEST), Instance(PROXY, {s: t / rho})),
        Step("N at t/rho", le(N(t / rho), LARGEST), Instance(PROXY_DOWN, {s: t / rho})),
        Step("h", le(TILT * M(t / rho), TAIL), _scaled(M)),
        Step("-h", le(TILT * N(t / rho), TAIL), _scaled(N)),
        Step("both sides", BOTH, Polynomial()),
        Step("c", eq(d * t**2 / (2 * c), t**2 / (2 * rho)), Identity(), uses=()),
        Step("n d/c", eq(n * d / c, n / rho), Identity(), uses=()),
    ),
    mutants=(
        Mutant(
            "an exponent 1/rho for 1/(2 rho)",
            {**NORMAL, up: sp.exp(sp.Rational(-1, 2)), down: sp.exp(sp.Rational(-1, 2))},
            le(up + down, 2 * TILT),
        ),
        Mutant(
            "the exponent grows by 3 %",
            {**NORMAL, up: sp.exp(sp.Rational(-1, 2)), down: sp.exp(sp.Rational(-1, 2))},
            le(up + down, 2 * sp.exp(-exact("103/100") * t**2 / (2 * rho))),
        ),
        Mutant(
            "-h has no proxy",
            {**NORMAL, up: sp.exp(sp.Rational(-1, 2)), down: "3/4", N: sp.Lambda(s, sp.exp(s**2))},
            without=("proxy of -h",),
        ),
    ),
)

# Two points -a and a, each with probability 1/2: |h - E h| <= a for every 1-Lipschitz h.
NOT_CONVERSE = Lemma(
    name="two points with a proxy",
    source="here; Hoeffding 1963",
    says=(
        "The law on -a and a has E exp(t x) = cosh(a t) <= exp(t^2 rho/2) for all t as soon as rho >= a^2. "
        "The tail form needs less, 1 <= 2 exp(-a^2/(2 rho)), a^2 <= 2 log(2) rho: it does not give the mgf "
        "form, as the mutant shows whose hypothesis is the tail form."
    ),
    hypotheses={"proxy": le(a**2, rho)},
    statement=(le(sp.log(sp.cosh(a * t)), t**2 * rho / 2),),
    steps=(
        Step(
            "cosh below a normal law",
            le(sp.log(sp.cosh(a * t)), (a * t) ** 2 / 2),
            Monotone(t, 0, slope=Monotone(t, 0)),
            "the second derivative of the gap is a^2 tanh^2(a t)",
        ),
        Step("squared", le((a * t) ** 2 / 2, t**2 * rho / 2), Polynomial(), uses=()),
        Step("the proxy", le(sp.log(sp.cosh(a * t)), t**2 * rho / 2), Polynomial()),
    ),
    mutants=(
        Mutant(
            "only the tail form is known",
            {a: "117/100", rho: 1, t: "1/2"},
            changed={"proxy": le(a**2, 2 * sp.log(2) * rho)},
        ),
        Mutant(
            "the proxy may be 3 % below a^2",
            {a: 1, rho: "97/100", t: "1/5"},
            changed={"proxy": le(a**2, exact("104/100") * rho)},
        ),
    ),
    ranges={a: (0, 2), rho: (4, 9), t: (0, 3)},
)

CURVED = ForAll((t,), le(1 + t**2 * V / 2, sp.exp(t**2 * rho / 2)))
AT = sp.sqrt(2 * y / rho)
SMALL = Lemma(
    name="a variance proxy covers the variance",
    source="here",
    says=(
        "E exp(tX) and E exp(-tX) have the mean E cosh(tX) >= 1 + t^2 V/2, V the variance of a centred X. "
        "Proxy rho for X and -X gives (1 - y) V <= rho for every y in (0, 1), hence V <= rho."
    ),
    hypotheses={"proxy": CURVED, "0 < y": lt(0, y), "y < 1": lt(y, 1)},
    statement=(le((1 - y) * V, rho),),
    steps=(
        Step("at t^2 = 2y/rho", le(1 + AT**2 * V / 2, sp.exp(AT**2 * rho / 2)), Instance(CURVED, {t: AT})),
        Step(
            "exp below 1/(1 - y)",
            le((1 - y) * sp.exp(y), 1),
            Monotone(y, 0),
            "the derivative of the gap is y exp(y)",
            uses=(),
        ),
        Step("together", le((1 - y) * V, rho), Polynomial()),
    ),
    mutants=(
        Mutant("(1 - y) becomes 1 + y", {rho: 1, V: 1, y: "1/2"}, le((1 + y) * V, rho)),
        Mutant("the proxy may be 3 % smaller", {rho: "97/100", V: 1, y: "1/100"}, without=("proxy",)),
    ),
)

LEMMAS = (SCALED, TAILS, NOT_CONVERSE, SMALL)
