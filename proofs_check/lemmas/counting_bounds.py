"""Logarithms of binomial coefficients and factorials: the bounds that lengths and tests use."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from ..engines import Cited, Exhaustive, Identity, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, lt, reals
from .code_lengths import family
from .entropy_basics import LOG_TANGENT, t

Cases = Iterator[tuple[str, Fraction, Fraction]]

entries, kept = sp.symbols("N k", integer=True, positive=True)
share = reals("kappa", positive=True)
ways = reals("B", positive=True)


def binomial_terms(most: int = 24) -> Cases:
    """C(N,k) k^k (N-k)^(N-k) against N^N."""
    for n in range(1, most + 1):
        for k in range(n + 1):
            yield f"N = {n}, k = {k}", Fraction(math.comb(n, k) * k**k * (n - k) ** (n - k)), Fraction(n**n)


REST = entries - kept
CHANCE = ForAll(
    (share,), le(sp.log(ways) + kept * sp.log(share) + REST * sp.log(1 - share), 0), (lt(share, 1),)
)
AT_SHARE = le(sp.log(ways) + kept * sp.log(kept / entries) + REST * sp.log(1 - kept / entries), 0)
ENTROPY_FORM = kept * (sp.log(entries) - sp.log(kept)) + REST * (sp.log(entries) - sp.log(REST))
BY_ENTROPY = le(sp.log(ways), ENTROPY_FORM)
BY_SIZE = le(sp.log(ways), kept * (1 + sp.log(entries) - sp.log(kept)))
SMALL = le(family("C_k^k_(N-k)^(N-k)"), family("N^N"))
BINOMIAL = Lemma(
    name="logarithm of a binomial coefficient",
    source="here; Cover & Thomas 2006, Lemma 17.5.1",
    says=(
        "B = C(N,k), 0 < k < N. That Binomial(N, p) is k has a chance, B p^k (1-p)^(N-k) <= 1, for every "
        "p; p = k/N gives log C(N,k) <= N h(k/N) = k log(N/k) + (N-k) log(N/(N-k)), which the tangent of "
        "the logarithm bounds by k log(e N/k). In whole numbers, C(N,k) k^k (N-k)^(N-k) <= N^N for all k "
        "<= N <= 24."
    ),
    statement=(BY_ENTROPY, BY_SIZE, SMALL),
    hypotheses={"a chance": CHANCE, "a proper subset": lt(kept, entries)},
    steps=(
        Step("at p = k/N", AT_SHARE, Instance(CHANCE, at={share: kept / entries})),
        Step("log k/N", eq(sp.log(kept / entries), sp.log(kept) - sp.log(entries)), Identity()),
        Step("log(1 - k/N)", eq(sp.log(1 - kept / entries), sp.log(REST) - sp.log(entries)), Identity()),
        Step("by entropy", BY_ENTROPY, Polynomial()),
        Step(
            "what is left out",
            le(sp.log(entries) - sp.log(REST), entries / REST - 1),
            Instance(LOG_TANGENT, at={t: entries / REST}),
            uses=(),
        ),
        Step("by size", BY_SIZE, Polynomial(), uses=("by entropy", "what is left out")),
        Step("small cases", SMALL, Exhaustive(binomial_terms)),
    ),
    mutants=(
        Mutant("the chance is dropped", {entries: 4, kept: 2, ways: 17}, without=("a chance",)),
        Mutant(
            "e loses 3 %",
            {entries: 10**6, kept: 200, ways: math.comb(10**6, 200)},
            le(sp.log(ways), kept * (1 + sp.log(exact("97/100")) + sp.log(entries) - sp.log(kept))),
            of=1,
        ),
    ),
)


u = reals("u", nonnegative=True)
m = sp.Symbol("m", integer=True, positive=True)


def low(x: Any) -> Any:
    """Two terms of Stirling's series for log x! - (x log x - x + log(2 pi x)/2)."""
    return 1 / (12 * x) - 1 / (360 * x**3)


def high(x: Any) -> Any:
    """Three terms."""
    return low(x) + 1 / (1260 * x**5)


def drop(series: Any, x: Any) -> Any:
    """What the series loses from x to x+1."""
    return series(x) - series(x + 1)


def in_u(series: Any) -> Any:
    """2u (1 + the loss) at x = (1-u)/(2u), where x+1 = (1+u)/(2u)."""
    return sp.factor(sp.together(2 * u * (1 + drop(series, (1 - u) / (2 * u)))))


LOGS = sp.log(1 + u) - sp.log(1 - u)
BELOW, ABOVE = ge(LOGS, in_u(low)), le(LOGS, in_u(high))
INCREMENTS = Lemma(
    name="Stirling's series, one step",
    source="here",
    says=(
        "With u = 1/(2x+1): log((1+u)/(1-u)) = log(1 + 1/x) lies between 2u (1 + b(x) - b(x+1)) for b = "
        "1/(12x) - 1/(360x^3) and the same with + 1/(1260x^5). Both are equalities at u = 0, and the "
        "slopes of the gaps are rational functions of one sign."
    ),
    statement=(BELOW, ABOVE),
    hypotheses={"u below 1": lt(u, 1)},
    steps=(
        Step("two terms", BELOW, Monotone(u, 0, Polynomial())),
        Step("three terms", ABOVE, Monotone(u, 0, Polynomial())),
    ),
    mutants=(
        Mutant(
            "three terms from below",
            {u: "1/2"},
            ge(LOGS, in_u(high)),
        ),
        Mutant("two terms from above", {u: "1/2"}, le(LOGS, in_u(low)), of=1),
    ),
    ranges={u: (0, "9/10")},
)


STEP = (m + exact("1/2")) * (sp.log(m + 1) - sp.log(m)) - 1
LOSS_LOW, LOSS_HIGH = ge(STEP, drop(low, m)), le(STEP, drop(high, m))
MAIN = m * sp.log(m) - m + sp.log(2 * sp.pi * m) / 2
STIRLING_LIMIT = "Stirling 1730: log m! - (m log m - m + log(2 pi m)/2) tends to 0"
STIRLING = Lemma(
    name="Stirling's series encloses log m!",
    source="here; Stirling 1730, Robbins 1955",
    says=(
        "1/(12m) - 1/(360m^3) <= log m! - (m log m - m + log(2 pi m)/2) <= 1/(12m) - 1/(360m^3) + "
        "1/(1260m^5). The middle loses (m + 1/2) log(1 + 1/m) - 1 from m to m+1, which lies between the "
        "losses of the two bounds; all three tend to 0, so the inequalities add up from m to infinity."
    ),
    statement=(
        LOSS_LOW,
        LOSS_HIGH,
        ge(sp.loggamma(m + 1), MAIN + low(m)),
        le(sp.loggamma(m + 1), MAIN + high(m)),
    ),
    steps=(
        Step(
            "argument",
            eq(sp.log(1 + 1 / (2 * m + 1)) - sp.log(1 - 1 / (2 * m + 1)), sp.log(m + 1) - sp.log(m)),
            Identity(),
        ),
        Step(
            "low in u",
            ge(sp.log(m + 1) - sp.log(m), in_u(low).subs(u, 1 / (2 * m + 1))),
            Instance(INCREMENTS, at={u: 1 / (2 * m + 1)}),
        ),
        Step(
            "high in u",
            le(sp.log(m + 1) - sp.log(m), in_u(high).subs(u, 1 / (2 * m + 1))),
            Instance(INCREMENTS, at={u: 1 / (2 * m + 1)}, part=1),
        ),
        Step("loss from below", LOSS_LOW, Polynomial(), uses=("low in u",)),
        Step("loss from above", LOSS_HIGH, Polynomial(), uses=("high in u",)),
        Step("enclosed from below", ge(sp.loggamma(m + 1), MAIN + low(m)), Cited(STIRLING_LIMIT)),
        Step("enclosed from above", le(sp.loggamma(m + 1), MAIN + high(m)), Cited(STIRLING_LIMIT)),
    ),
    mutants=(
        Mutant(
            "1/360 becomes 1/372",
            {m: 6},
            ge(sp.loggamma(m + 1), MAIN + 1 / (12 * m) - 1 / (372 * m**3)),
            of=2,
        ),
        Mutant(
            "1/12 becomes 0.97/12",
            {m: 6},
            le(sp.loggamma(m + 1), MAIN + high(m) - exact("3/1200") / m),
            of=3,
        ),
        Mutant("two terms from above", {m: 6}, le(sp.loggamma(m + 1), MAIN + low(m)), of=3),
    ),
    ranges={m: (1, 200)},
)


def bins(most: int = 7) -> Cases:
    """Subsets chosen bin by bin against subsets of all."""
    for n1, n2 in itertools.product(range(most + 1), repeat=2):
        for k1, k2 in itertools.product(range(n1 + 1), range(n2 + 1)):
            apart = math.comb(n1, k1) * math.comb(n2, k2)
            yield f"{k1} of {n1} and {k2} of {n2}", Fraction(apart), Fraction(math.comb(n1 + n2, k1 + k2))


def convolutions(most: int = 7) -> Cases:
    """Vandermonde's identity."""
    for n1, n2 in itertools.product(range(most + 1), repeat=2):
        for k in range(n1 + n2 + 1):
            terms = (math.comb(n1, j) * math.comb(n2, k - j) for j in range(k + 1))
            yield f"{k} of {n1} + {n2}", Fraction(sum(terms)), Fraction(math.comb(n1 + n2, k))


n1, n2, k1, k2 = sp.symbols("N_1 N_2 k_1 k_2", integer=True, nonnegative=True)
APART, TOGETHER = sp.binomial(n1, k1) * sp.binomial(n2, k2), sp.binomial(n1 + n2, k1 + k2)
LAYERS = Lemma(
    name="fixing the count of every layer costs nothing",
    source="Vandermonde 1772",
    says=(
        "log C(N_1,k_1) + log C(N_2,k_2) <= log C(N_1+N_2, k_1+k_2): subsets chosen layer by layer are "
        "among the subsets of all. The product is one term of Vandermonde's sum; both are checked for "
        "N_1, N_2 <= 7."
    ),
    statement=(
        le(APART, TOGETHER),
        le(family("C(N1,k1)C(N2,k2)"), family("C(N1+N2,k1+k2)")),
        eq(family("Vandermonde_sum"), family("C(N1+N2,k)")),
    ),
    hypotheses={"in layer 1": le(k1, n1), "in layer 2": le(k2, n2)},
    steps=(
        Step(
            "one term of the sum",
            le(APART, TOGETHER),
            Cited("Vandermonde 1772: the sum over j of C(N_1,j) C(N_2,k-j)"),
        ),
        Step("small layers", le(family("C(N1,k1)C(N2,k2)"), family("C(N1+N2,k1+k2)")), Exhaustive(bins)),
        Step("the sum", eq(family("Vandermonde_sum"), family("C(N1+N2,k)")), Exhaustive(convolutions)),
    ),
    mutants=(
        Mutant("reversed", {n1: 2, n2: 2, k1: 1, k2: 1}, ge(APART, TOGETHER)),
        Mutant("the total loses 3 %", {n1: 1, n2: 1, k1: 0, k2: 0}, le(APART, exact("97/100") * TOGETHER)),
    ),
    ranges=dict.fromkeys((n1, n2, k1, k2), (0, 12)),
)

LEMMAS = (BINOMIAL, INCREMENTS, STIRLING, LAYERS)
