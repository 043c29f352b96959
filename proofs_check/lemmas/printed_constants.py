"""The constants of the printed chain: each is enough, and what the same chain would give at best."""

from __future__ import annotations

import sympy as sp

from ..engines import Ball, Identity, Increasing, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

CHAIN = "Kumar, Luo & Sellke, arXiv 2402.01089v1; after Bubeck & Sellke 2021"

n, eps, rho, lip, tail_at = reals("n eps rho Lip t", positive=True)
level = reals("s", positive=True)
chance_h, chance_zh, chance_mean = sp.Function("tail_h", real=True), reals("P_zh"), reals("P_mean")
CONCENTRATED = ForAll((level,), le(chance_h(level), 2 * sp.exp(-(level**2) / (2 * rho))))
PRODUCT = le(chance_zh, 2 * sp.exp(-(tail_at**2) / (8 * rho)))
scale, proxy = reals("K M", positive=True)
PRINTED_TAIL = le(chance_mean, 2 * sp.exp(-n * tail_at**2 / (144 * rho)))
PRINTED_PROXY = le(proxy, 72 * rho / n)
_TIGHT = {
    **{n: 1, rho: 1, tail_at: 12, scale: 8, proxy: 72, chance_zh: 0, chance_mean: 2 * sp.exp(-1)},
    sp.Function("tail_h", real=True): sp.Lambda(sp.Symbol("s"), 0),
}
TAIL_CHAIN = Lemma(
    name="the constants 144 and 72",
    source=f"{CHAIN}; van Handel 2016, Problem 3.1",
    says=(
        "rho stands for rho Lip^2. |z| <= 2 and P(|h| >= s) <= 2 exp(-s^2/(2 rho)) give P(|z h| >= t) <= "
        "2 exp(-t^2/K) with K = 8 rho. From a tail 2 exp(-t^2/K) to an mgf proxy 9 K, over the mean of n,"
        " and back to a tail 2 exp(-n t^2/(18 K)) (cited, a hypothesis here): 18 * 8 = 144, and the proxy"
        " is 72 rho/n. Bounded noise without the detour through tails has proxy 4 rho/n, 18 times "
        "smaller."
    ),
    statement=(PRODUCT, PRINTED_TAIL, PRINTED_PROXY),
    hypotheses={
        "isoperimetry": CONCENTRATED,
        "|z| <= 2": le(chance_zh, chance_h(tail_at / 2)),
        "scale": le(scale, 8 * rho),
        "mean": le(chance_mean, 2 * sp.exp(-n * tail_at**2 / (18 * scale))),
        "mgf": le(proxy, 9 * scale / n),
    },
    steps=(
        Step(
            "at t/2",
            le(chance_h(tail_at / 2), 2 * sp.exp(-(tail_at**2) / (8 * rho))),
            Instance(CONCENTRATED, at={level: tail_at / 2}),
        ),
        Step("product", PRODUCT, Polynomial(), uses=("at t/2",)),
        Step(
            "exponents",
            le(-n * tail_at**2 / (18 * scale), -n * tail_at**2 / (144 * rho)),
            Polynomial(),
            uses=(),
        ),
        Step(
            "exponentials",
            le(sp.exp(-n * tail_at**2 / (18 * scale)), sp.exp(-n * tail_at**2 / (144 * rho))),
            Increasing(sp.exp, -n * tail_at**2 / (18 * scale), -n * tail_at**2 / (144 * rho)),
            uses=("exponents",),
        ),
        Step("mean", PRINTED_TAIL, Polynomial(), uses=("exponentials",)),
        Step("proxy", PRINTED_PROXY, Polynomial(), uses=()),
    ),
    mutants=(
        Mutant("144 becomes 140", _TIGHT, le(chance_mean, 2 * sp.exp(-n * tail_at**2 / (140 * rho))), of=1),
        Mutant("72 becomes 70", _TIGHT, le(proxy, 70 * rho / n), of=2),
        Mutant("|z| may be 3", {**_TIGHT, chance_zh: 2}, of=0, without=("|z| <= 2",)),
    ),
)


parts, delta = reals("k delta", positive=True)
HOEFFDING = eq(2 * (eps / 8) ** 2 / 4**2, eps**2 / 512)
CONDITIONAL = eq(2 * (eps / 8) ** 2 / 2**2, eps**2 / 128)
RARE = le((2 * parts + 2) * sp.exp(-n * eps**2 / (512 * parts)), delta / 2)
SAMPLE_SIZE = Lemma(
    name="the constant 512",
    source=f"{CHAIN}, Lemma 2.1; Hoeffding 1963",
    says=(
        "Hoeffding's exponent for a mean of n variables in intervals of length 4 (|z| <= 2) and a "
        "deviation eps/8 is 2 (eps/8)^2/16 = eps^2/512. If 512 k log(8k/delta) <= n eps^2, the 2k + 2 "
        "events of chance exp(-n eps^2/(512 k)) weigh at most delta/2 together. Given x, z lies in an "
        "interval of length 2: 128 would do."
    ),
    statement=(HOEFFDING, CONDITIONAL, RARE),
    hypotheses={
        "components": ge(parts, 1),
        "sample size": le(512 * parts * (sp.log(8) + sp.log(parts) - sp.log(delta)), n * eps**2),
    },
    steps=(
        Step("range 4", HOEFFDING, Identity(), uses=()),
        Step("range 2", CONDITIONAL, Identity(), uses=()),
        Step(
            "exponent",
            le(-n * eps**2 / (512 * parts), sp.log(delta) - sp.log(8) - sp.log(parts)),
            Polynomial(),
            uses=(),
        ),
        Step(
            "one event",
            le(sp.exp(-n * eps**2 / (512 * parts)), delta / (8 * parts)),
            Increasing(sp.exp, -n * eps**2 / (512 * parts), sp.log(delta) - sp.log(8) - sp.log(parts)),
            uses=("exponent",),
        ),
        Step("all events", RARE, Polynomial(), uses=("one event",)),
    ),
    mutants=(
        Mutant(
            "512 becomes 496 in the exponent",
            {eps: 1, parts: 1, delta: 1, n: 512 * sp.log(8)},
            eq(2 * (eps / 8) ** 2 / 4**2, eps**2 / 496),
        ),
        Mutant(
            "delta/2 becomes 0.97 delta/2",
            {eps: 1, parts: 1, delta: 1, n: 512 * sp.log(8)},
            le((2 * parts + 2) * sp.exp(-n * eps**2 / (512 * parts)), exact("97/200") * delta),
            of=2,
        ),
        Mutant("any sample size", {eps: 1, parts: 1, delta: 1, n: 1}, of=2, without=("sample size",)),
    ),
    ranges={parts: (1, 3), delta: ("1/10", 1), eps: ("1/2", 1), n: (1000, 20000)},
)


nats, logs, centred = reals("P q X", positive=True)
factor = reals("V", positive=True)
LEARNED = le(centred, lip * sp.sqrt(factor * rho / n * (2 * nats / delta + logs)))
RATE = sp.sqrt(n * delta / (rho * (nats + delta * logs / 2)))
SPARSE_BOUND = ge(lip, eps / (8 * sp.sqrt(2 * factor)) * RATE)
_POINT = {n: 1, eps: 8, rho: 1, lip: 1, nats: "1/4", logs: "1/2", delta: 1, factor: 1, centred: 1}
SPARSE = Lemma(
    name="the constant 1152",
    source=f"{CHAIN}, Theorem 4; Xu & Raginsky 2017",
    says=(
        "P = p_eff, q = log(4/delta). Decoupling with chance delta/2: eps/8 <= X <= Lip sqrt(V rho/n "
        "(2P/delta + q)), V = 72 * 144 in print (a_1^2 = 72 from a tail to 8 times an mgf proxy, 144 from"
        " the tail of the mean). So Lip >= eps/(8 sqrt(2V)) sqrt(n delta/(rho (P + delta q/2))), and 8 "
        "sqrt(2V) = 1152 = 96 sqrt 72 sqrt 2. With bounded noise, V = 8 * 4, the same steps give 64."
    ),
    statement=(
        SPARSE_BOUND,
        eq(8 * sp.sqrt(2 * 72 * 144), 1152),
        eq(96 * sp.sqrt(72) * sp.sqrt(2), 1152),
        eq(8 * sp.sqrt(2 * 8 * 4), 64),
    ),
    hypotheses={"correlation": ge(centred, eps / 8), "decoupling": LEARNED},
    steps=(
        Step(
            "the roots",
            eq(
                sp.sqrt(factor * rho / n * (2 * nats / delta + logs)) * RATE,
                sp.sqrt(2 * factor),
            ),
            Identity(),
            uses=(),
        ),
        Step("bound", SPARSE_BOUND, Polynomial()),
        Step("printed", eq(8 * sp.sqrt(2 * 72 * 144), 1152), Identity()),
        Step("as printed", eq(96 * sp.sqrt(72) * sp.sqrt(2), 1152), Identity()),
        Step("bounded noise", eq(8 * sp.sqrt(2 * 8 * 4), 64), Identity()),
    ),
    mutants=(
        Mutant(
            "8 becomes 7.76",
            _POINT,
            ge(lip, eps / (exact("776/100") * sp.sqrt(2 * factor)) * RATE),
        ),
        Mutant(
            "the correlation is dropped",
            {**_POINT, eps: 9},
            without=("correlation",),
        ),
        Mutant("1152 becomes 1120", _POINT, eq(8 * sp.sqrt(2 * 72 * 144), 1120), of=1),
    ),
    ranges={
        **{eps: ("1/10", 1), lip: (2, 9), centred: ("1/8", "1/2"), n: (1, 20), delta: ("1/10", 1)},
        **{factor: (50, 100), rho: ("1/2", 1), nats: (1, 5), logs: (1, 5)},
    },
)


UNION = ge(n * (eps / (8 * lip)) ** 2 / (factor * rho), nats)
_SLOW = {n: 64, eps: 1, rho: 1, lip: 1, nats: 1, factor: 1}
UNIVERSAL = Lemma(
    name="the constant 9216",
    source="Bubeck & Sellke, arXiv 2105.12806, Theorem 3",
    says=(
        "P = log of the class + log(4/delta). A class of N functions has one with X >= eps/8 with chance "
        "at most 2 N exp(-n (eps/(8 Lip))^2/(V rho)), at most delta/2 as soon as the exponent is P: it "
        "is, for every Lip <= eps/(8 sqrt V) sqrt(n/(rho P)). V = 144 in print: 64 * 144 = 9216 = 96^2. A"
        " net that costs half of eps makes it 192 <= 2^9, one that costs 2/15 of it 96 * 15/13. With "
        "bounded noise, V = 8: 64 * 8 = 512."
    ),
    statement=(
        UNION,
        eq(8**2 * 144, 96**2),
        le(2 * 96, 2**9),
        eq(8 * sp.sqrt(144) / exact("13/15"), 96 * exact("15/13")),
    ),
    hypotheses={"small Lip": le(lip, eps / (8 * sp.sqrt(factor)) * sp.sqrt(n / (rho * nats)))},
    steps=(
        Step("square", le(lip**2, eps**2 * n / (64 * factor * rho * nats)), Polynomial()),
        Step("exponent", UNION, Polynomial()),
        Step("9216", eq(8**2 * 144, 96**2), Identity()),
        Step("2^9 has room", le(2 * 96, 2**9), Ball({})),
        Step("finer net", eq(8 * sp.sqrt(144) / exact("13/15"), 96 * exact("15/13")), Identity()),
    ),
    mutants=(
        Mutant(
            "8 becomes 7.76",
            {**_SLOW, lip: "102/100"},
            changed={
                "small Lip": le(lip, eps / (exact("776/100") * sp.sqrt(factor)) * sp.sqrt(n / (rho * nats)))
            },
        ),
        Mutant("any Lip", {**_SLOW, lip: 2}, without=("small Lip",)),
        Mutant("9216 becomes 9000", _SLOW, eq(8**2 * 144, 9000), of=1),
    ),
)

LEMMAS = (TAIL_CHAIN, SAMPLE_SIZE, SPARSE, UNIVERSAL)
