"""Change of measure: what an event's chance can be for a network that was learned."""

from __future__ import annotations

import sympy as sp

from ..engines import Expectation, Identity, Increasing, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, lt, reals
from .entropy_basics import ENTROPY_LOG2, LOG_TANGENT, binary_entropy, mean_of, means, p, t

q = reals("q", positive=True)
nats, budget = reals("I U", nonnegative=True)
KL = p * (sp.log(p) - sp.log(q)) + (1 - p) * (sp.log(1 - p) - sp.log(1 - q))
KL_BELOW = ge(KL, -p * sp.log(q) - sp.log(2))
TRANSFER = le(-p * sp.log(q), nats + sp.log(2))
CHANCE = le(p, (nats + sp.log(2)) / -sp.log(q))

_WITNESS = {p: "1/2", q: "1/1000"}
_TIGHT = {**_WITNESS, nats: KL.subs({p: sp.Rational(1, 2), q: sp.Rational(1, 1000)})}
CHANGE_OF_MEASURE = Lemma(
    name="change of measure",
    source="here, after Bassily, Moran, Nachum, Shafer & Yehudayoff 2018, Theorem 8",
    says=(
        "p = P(E) for a learned f and its data, q = P0(E) for independent copies of the two, I = I(f;D), "
        "nats. From binary data processing, I >= kl(p||q), follow kl(p||q) >= p log(1/q) - log 2 and P(E)"
        " <= (I + log 2)/log(1/P0). Data processing is a hypothesis here; on finite tables 'merging two "
        "cells lowers the divergence' proves it."
    ),
    statement=(KL_BELOW, TRANSFER, CHANCE),
    hypotheses={"p below 1": lt(p, 1), "q below 1": lt(q, 1), "data processing": ge(nats, KL)},
    steps=(
        Step("entropy", le(binary_entropy(p), sp.log(2)), Instance(ENTROPY_LOG2, at={p: p})),
        Step("log(1-q) <= 0", le(sp.log(1 - q), -q), Instance(LOG_TANGENT, at={t: 1 - q})),
        Step("divergence from below", KL_BELOW, Polynomial(), "kl = p log(1/q) + (1-p) log(1/(1-q)) - h(p)"),
        Step("without the fraction", TRANSFER, Polynomial(), uses=("divergence from below",)),
        Step("log q < 0", le(sp.log(q), q - 1), Instance(LOG_TANGENT, at={t: q})),
        Step("chance", CHANCE, Polynomial(), uses=("without the fraction", "log q < 0")),
    ),
    mutants=(
        Mutant("log 2 loses 3 %", _TIGHT, le(p, (nats + exact("97/100") * sp.log(2)) / -sp.log(q)), of=2),
        Mutant("log 2 is left out of the divergence", _WITNESS | {nats: 5}, ge(KL, -p * sp.log(q)), of=0),
        Mutant(
            "data processing is dropped",
            {p: "9/10", q: "1/1000", nats: 0},
            of=2,
            without=("data processing",),
        ),
    ),
    ranges={p: ("1/50", "49/50"), q: ("1/200", "49/50"), nats: (0, 8)},
)


level = reals("L", positive=True)
mean_p, mean_nats = mean_of("P_r"), mean_of("I_r")
GIVEN_INIT = le(p * level, nats + sp.log(2))
AVERAGED = le(mean_p * level, mean_nats + sp.log(2))
AVERAGE_OVER_INIT = Lemma(
    name="change of measure, averaged over the initialisation",
    source="here",
    says=(
        "Given the initialisation r, P_r <= (I_r + log 2)/L with one L <= log(1/P0) for every r. The "
        "inequality is linear in I_r, so P(E) <= (I(f;D|init) + log 2)/L: conditional information does."
    ),
    statement=(AVERAGED,),
    hypotheses={"given r": GIVEN_INIT},
    steps=(Step("means", AVERAGED, Expectation(GIVEN_INIT, {p: mean_p, nats: mean_nats})),),
    mutants=(
        Mutant(
            "log 2 loses 3 %",
            {p: "1/2", level: 2 * sp.log(2), nats: 0, **means(mean_p, "1/2"), **means(mean_nats, 0)},
            le(mean_p * level, mean_nats + exact("97/100") * sp.log(2)),
        ),
        Mutant(
            "the inequality given r is dropped",
            {p: 1, level: 2, nats: 0, **means(mean_p, 1), **means(mean_nats, 0)},
            without=("given r",),
        ),
    ),
)


n, v, rho, delta, a, slope = reals("n v rho delta a Lip", positive=True)
corr, centred = reals("C X")
power = reals("N", positive=True)
ROBUST = ge(slope, corr * sp.sqrt(n / (2 * v * rho * power)))
ROBUST_BOUND = Lemma(
    name="from a correlation to a Lipschitz constant",
    source="here",
    says=(
        "C <= X(f) <= a Lip(f) with a^2 = 2 v rho N/n gives Lip(f) >= C sqrt(n/(2 v rho N)): N is (U + "
        "log 2)/delta in the sharp law and l + log(1/delta) in the description-length law."
    ),
    statement=(ROBUST,),
    hypotheses={
        "C at most X": le(corr, centred),
        "no event": le(centred, sp.sqrt(2 * v * rho * power / n) * slope),
    },
    steps=(
        Step(
            "the roots are inverse",
            eq(sp.sqrt(2 * v * rho * power / n) * sp.sqrt(n / (2 * v * rho * power)), 1),
            Identity(),
        ),
        Step("divide", ROBUST, Polynomial()),
    ),
    mutants=(
        Mutant(
            "the bound gains 3 %",
            {n: 2, v: 1, rho: 1, power: 1, slope: 1, corr: 1, centred: 1},
            ge(slope, exact("103/100") * corr * sp.sqrt(n / (2 * v * rho * power))),
        ),
        Mutant(
            "C may exceed X",
            {n: 2, v: 1, rho: 1, power: 1, slope: 1, corr: 2, centred: 1},
            without=("C at most X",),
        ),
    ),
)


rare = reals("P0", positive=True)
RARE = le(rare, sp.exp(-n * a**2 / (2 * v * rho)))
SHARP_CHOICE = ge(a**2, 2 * v * rho * (budget + sp.log(2)) / (n * delta))
LEARNED = le(p * -sp.log(rare), budget + sp.log(2))
# delta is tight: P0 at its bound, and P log(1/P0) = log 2
_CHOSEN = {n: 1, v: 1, rho: 1, budget: 0, delta: "1/2", a: 2 * sp.sqrt(sp.log(2)), rare: "1/4", p: "1/2"}
SHARP = Lemma(
    name="the sharp law",
    source="here; change of measure after Bassily et al. 2018",
    says=(
        "For independent copies P0 = P(X >= a Lip) <= exp(-n a^2/(2 v rho)); for the learned f, P "
        "log(1/P0) <= U + log 2. With a^2 = 2 v rho (U + log 2)/(n delta) the chance P is at most delta: "
        "outside it, Lip(f_W) >= C sqrt(n delta/(2 v rho (U + log 2)))."
    ),
    statement=(le(p, delta),),
    hypotheses={"Chernoff": RARE, "change of measure": LEARNED, "choice of a": SHARP_CHOICE},
    steps=(
        Step(
            "logarithms",
            le(sp.log(rare), -n * a**2 / (2 * v * rho)),
            Increasing(sp.log, rare, sp.exp(-n * a**2 / (2 * v * rho))),
        ),
        Step(
            "a point of reference",
            le(sp.log(exact("1/2")), exact("-1/2")),
            Instance(LOG_TANGENT, at={t: "1/2"}),
        ),
        Step("log 2 > 0", ge(sp.log(2), exact("1/2")), Polynomial(), uses=("a point of reference",)),
        Step(
            "the exponent",
            ge(n * a**2 / (2 * v * rho), (budget + sp.log(2)) / delta),
            Polynomial(),
            uses=(),
        ),
        Step(
            "log(1/P0)",
            ge(-sp.log(rare), (budget + sp.log(2)) / delta),
            Polynomial(),
            uses=("logarithms", "the exponent"),
        ),
        Step("chance", le(p, delta), Polynomial(), uses=("log(1/P0)", "log 2 > 0")),
    ),
    mutants=(
        Mutant(
            "a^2 loses 3 %",
            _CHOSEN
            | {
                p: "51/100",
                a: sp.sqrt(exact("388/100") * sp.log(2)),
                rare: sp.Rational(2) ** exact("-194/100"),
            },
            changed={
                "choice of a": ge(a**2, 2 * exact("97/100") * v * rho * (budget + sp.log(2)) / (n * delta))
            },
        ),
        Mutant("change of measure is dropped", _CHOSEN | {p: 1}, without=("change of measure",)),
    ),
    ranges={
        **{delta: ("1/2", 1), n: (1, "3/2"), v: ("1/2", 1), rho: ("1/2", 1), a: (2, 3)},
        **{budget: (0, 1), p: (0, "1/30"), rare: (0, "1/1000000")},
    },
)

SHARP_CLAIM = ge(slope, corr * sp.sqrt(n * delta / (2 * v * rho * (budget + sp.log(2)))))
SHARP_NATS = (budget + sp.log(2)) / delta
SHARP_BOUND = Lemma(
    name="the sharp law's Lipschitz bound",
    source="here",
    says=(
        "Outside the event of 'the sharp law', C <= X <= a Lip with a^2 = 2 v rho (U + log 2)/(n delta): "
        "Lip(f_W) >= C(f_W) sqrt(n delta/(2 v rho (U + log 2)))."
    ),
    statement=(SHARP_CLAIM,),
    hypotheses={
        "C at most X": le(corr, centred),
        "no event": le(centred, sp.sqrt(2 * v * rho * SHARP_NATS / n) * slope),
    },
    steps=(
        Step("log(1/2) < 0", le(sp.log(exact("1/2")), exact("-1/2")), Instance(LOG_TANGENT, at={t: "1/2"})),
        Step("bound", SHARP_CLAIM, Instance(ROBUST_BOUND, at={power: SHARP_NATS})),
    ),
    mutants=(
        Mutant(
            "the bound gains 3 %",
            {n: 2 * sp.log(2), v: 1, rho: 1, delta: 1, budget: 0, slope: 1, corr: 1, centred: 1},
            ge(slope, exact("103/100") * SHARP_CLAIM.rhs),
        ),
        Mutant(
            "delta is left out",
            {n: 4 * sp.log(2), v: 1, rho: 1, delta: "1/2", budget: 0, slope: 1, corr: 1, centred: 1},
            ge(slope, corr * sp.sqrt(n / (2 * v * rho * (budget + sp.log(2))))),
        ),
    ),
)

LEMMAS = (SHARP_BOUND, CHANGE_OF_MEASURE, AVERAGE_OVER_INIT, ROBUST_BOUND, SHARP)
