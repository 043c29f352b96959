"""Description length: Chernoff, a union with Kraft weights, the law of every coded network at once."""

from __future__ import annotations

import sympy as sp

from ..engines import Expectation, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals
from .change_of_measure import ROBUST_BOUND, power
from .entropy_basics import mean_of, means

slope = reals("t", positive=True)
a, proxy = reals("a s", positive=True)
chance = reals("P")
MARKOV = ForAll((slope,), le(chance, sp.exp(slope**2 * proxy / 2 - slope * a)))
CHERNOFF_CLAIM = le(chance, sp.exp(-(a**2) / (2 * proxy)))
CHERNOFF = Lemma(
    name="Chernoff bound at its best slope",
    source="here; Chernoff 1952",
    says=(
        "P = P(X >= a) <= E exp(t X - t a) <= exp(t^2 s/2 - t a) for every t > 0, s the mgf proxy of X; "
        "t = a/s gives P <= exp(-a^2/(2 s))."
    ),
    statement=(CHERNOFF_CLAIM,),
    hypotheses={"every slope": MARKOV},
    steps=(Step("t = a/s", CHERNOFF_CLAIM, Instance(MARKOV, at={slope: a / proxy})),),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {a: 1, proxy: 1, chance: sp.exp(exact("-1/2"))},
            le(chance, sp.exp(-(a**2) / (exact("194/100") * proxy))),
        ),
        Mutant("no slope is given", {a: 1, proxy: 1, chance: 1}, without=("every slope",)),
    ),
)


delta, weight = reals("delta w", positive=True)
length, one = reals("l P_f", nonnegative=True)
kraft, worst, total = reals("K", positive=True), mean_of("P_f_over_weight"), reals("T")
SHARE = eq(sp.exp(-2 * proxy * (length - sp.log(delta)) / (2 * proxy)), delta * sp.exp(-length))
EACH = le(one / weight, delta)
UNION_CLAIM = le(total, delta)
UNION = Lemma(
    name="union bound with Kraft weights",
    source="here; Blumer, Ehrenfeucht, Haussler & Warmuth 1987",
    says=(
        "Every f of a prefix code has P_f = P(X(f) > a_f Lip(f)) <= exp(-a_f^2/(2 s)) with a_f^2 = 2 s "
        "(l(f) + log(1/delta)), which is delta w with w = exp(-l(f)). Summed over the code, T = sum P_f "
        "is K times the mean of P_f/w under the weights w/K, K = sum w <= 1: so T <= delta."
    ),
    statement=(
        SHARE,
        UNION_CLAIM,
    ),
    hypotheses={
        "one f": le(one, delta * weight),
        "sum": le(total, kraft * worst),
        "Kraft": le(kraft, 1),
    },
    steps=(
        Step("the threshold", SHARE, Identity(), uses=()),
        Step("each, weighted", EACH, Polynomial(), uses=()),
        Step(
            "mean over the code",
            le(worst, delta),
            Expectation(EACH, {one / weight: worst}, random=(one, weight)),
        ),
        Step("union", UNION_CLAIM, Polynomial(), uses=("mean over the code",)),
    ),
    mutants=(
        Mutant(
            "3 % less",
            {delta: "1/2", one: "1/2", weight: 1, kraft: 1, total: "1/2", **means(worst, "1/2")},
            le(total, exact("97/100") * delta),
            of=1,
        ),
        Mutant(
            "a Kraft sum of 1.03",
            {delta: "1/2", one: "1/2", weight: 1, kraft: "103/100", total: "515/1000", **means(worst, "1/2")},
            of=1,
            changed={"Kraft": le(kraft, exact("103/100"))},
        ),
        Mutant(
            "the length is not paid",
            {delta: "1/2", one: "1/2", weight: "1/2", kraft: 1, total: 1, **means(worst, 1)},
            of=1,
            changed={"one f": le(one, delta)},
        ),
    ),
)


n, v, rho, lip = reals("n v rho Lip", positive=True)
corr, centred = reals("C X")
confidence = reals("log(1/delta)", positive=True)
nats = length + confidence
LAW_CLAIM = ge(lip, corr * sp.sqrt(n / (2 * v * rho * nats)))
DESCRIPTION_LENGTH = Lemma(
    name="the description-length law",
    source="here; Occam bounds go back to Blumer et al. 1987",
    says=(
        "Outside an event of chance delta, X(f) <= a_f Lip(f) for every f of the code at once, with a_f^2"
        " = 2 v rho (l(f) + log(1/delta))/n; as C <= X, Lip(f) >= C sqrt(n/(2 v rho (l(f) + "
        "log(1/delta))))."
    ),
    statement=(LAW_CLAIM,),
    hypotheses={
        "C at most X": le(corr, centred),
        "no event": le(centred, sp.sqrt(2 * v * rho * nats / n) * lip),
    },
    steps=(Step("bound", LAW_CLAIM, Instance(ROBUST_BOUND, at={power: nats})),),
    mutants=(
        Mutant(
            "the bound gains 3 %",
            {n: 2, v: 1, rho: 1, confidence: 1, length: 0, lip: 1, corr: 1, centred: 1},
            ge(lip, exact("103/100") * corr * sp.sqrt(n / (2 * v * rho * nats))),
        ),
        Mutant(
            "the length is not paid",
            {n: 2, v: 1, rho: 1, confidence: 1, length: 3, lip: 1, corr: 2, centred: 2},
            ge(lip, corr * sp.sqrt(n / (2 * v * rho * confidence))),
        ),
    ),
)

LEMMAS = (CHERNOFF, UNION, DESCRIPTION_LENGTH)
