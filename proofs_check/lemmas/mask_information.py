"""What is charged for a mask and its weights: Shannon-type facts about I(m;D)."""

from __future__ import annotations

import sympy as sp

from ..engines import Expectation, Polynomial, Shannon, conditional, entropies, entropy
from ..engines import information as mutual
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .entropy_basics import mean_of, means

HALF = exact("1/2")
BITS = (0, 1)

REVEAL = le(mutual("m", "D"), mutual("m", "D", "init"))
REVEAL_INIT = Lemma(
    name="revealing an independent initialisation",
    source="here",
    says=(
        "init (or any randomness) independent of the data D: I(m;D) <= I(m,init;D) = I(m;D|init). An "
        "upper bound given the initialisation may be charged for I(m;D), not the other way round."
    ),
    statement=(REVEAL, eq(mutual("m init", "D"), mutual("m", "D", "init"))),
    hypotheses={"independent": eq(mutual("init", "D"), 0)},
    steps=(
        Step("Shannon", REVEAL, Shannon()),
        Step("chain rule", eq(mutual("m init", "D"), mutual("m", "D", "init")), Shannon()),
    ),
    mutants=(
        Mutant(
            "the initialisation is the data",
            entropies(("m", "D", "init"), {(a, a, a): HALF for a in BITS}),
            without=("independent",),
        ),
        Mutant(
            "reversed",
            entropies(("m", "D", "init"), {(a ^ b, a, b): exact("1/4") for a in BITS for b in BITS}),
            ge(REVEAL.lhs, REVEAL.rhs),
        ),
    ),
)


PROCESSED = le(mutual("m", "D"), mutual("s", "D"))
DATA_PROCESSING = Lemma(
    name="data processing",
    source="Cover & Thomas 2006, Theorem 2.8.1; Shannon-type",
    says="A mask m computed from scores s, with randomness that does not see D: I(m;D) <= I(s;D).",
    statement=(PROCESSED,),
    hypotheses={"D - s - m": eq(mutual("m", "D", "s"), 0)},
    steps=(Step("Shannon", PROCESSED, Shannon()),),
    mutants=(
        Mutant(
            "the mask sees the data too",
            entropies(("m", "D", "s"), {(a, a, 0): HALF for a in BITS}),
            without=("D - s - m",),
        ),
        Mutant(
            "reversed",
            entropies(("m", "D", "s"), {(0, a, a): HALF for a in BITS}),
            ge(PROCESSED.lhs, PROCESSED.rhs),
        ),
    ),
)


NETWORK = le(mutual("f", "D", "init"), mutual("m", "D", "init") + conditional("w", "m init"))
WEIGHTS_CHARGED = Lemma(
    name="a mask and its weights",
    source="here; after Kumar, Luo & Sellke, arXiv 2402.01089v1",
    says=(
        "f is a function of (m, w, init): I(f;D|init) <= I(m;D|init) + H(w|m,init). Weights that stay at "
        "their initial values are a function of init and m, and cost nothing."
    ),
    statement=(NETWORK,),
    hypotheses={"a function": eq(conditional("f", "m w init"), 0)},
    steps=(Step("Shannon", NETWORK, Shannon()),),
    mutants=(
        Mutant(
            "f sees the data otherwise",
            entropies(("f", "D", "m", "w", "init"), {(a, a, 0, 0, 0): HALF for a in BITS}),
            without=("a function",),
        ),
        Mutant(
            "the weights cost 3 % less",
            entropies(("f", "D", "m", "w", "init"), {(a, a, 0, a, 0): HALF for a in BITS}),
            le(NETWORK.lhs, mutual("m", "D", "init") + exact("97/100") * conditional("w", "m init")),
        ),
    ),
)


bits, kept, one = reals("b kept H_w_given_mask", nonnegative=True)
mean_kept, mean_weights = mean_of("kept"), mean_of("H_w_given_mask")
WORDS = le(one, bits * sp.log(2) * kept)
MACHINE = le(mean_weights, bits * sp.log(2) * mean_kept)
MACHINE_WORDS = Lemma(
    name="weights as machine words",
    source="here",
    says=(
        "Given a mask with `kept` entries the weights take at most 2^(b kept) values, an entropy of at most "
        "b log 2 kept; on average b log 2 E||m||_0, b = 32 for float32. No net over the weights is needed."
    ),
    statement=(MACHINE,),
    hypotheses={"at every mask": WORDS},
    steps=(Step("mean", MACHINE, Expectation(WORDS, {one: mean_weights, kept: mean_kept})),),
    mutants=(
        Mutant(
            "a bit costs 3 % less",
            {bits: 1, kept: 1, one: sp.log(2), **means(mean_kept, 1), **means(mean_weights, sp.log(2))},
            le(mean_weights, exact("97/100") * bits * sp.log(2) * mean_kept),
        ),
        Mutant(
            "without the count of words",
            {bits: 1, kept: 0, one: 1, **means(mean_kept, 0), **means(mean_weights, 1)},
            without=("at every mask",),
        ),
    ),
)


LEDGER = le(mutual("m3", "D"), mutual("m1", "D") + mutual("m2", "D", "m1") + mutual("m3", "D", "m1 m2"))
CAPPED = le(LEDGER.rhs, entropy("m1") + conditional("m2", "m1") + conditional("m3", "m2"))
ITERATIVE = Lemma(
    name="ledger of iterative pruning",
    source="here; chain rule",
    says=(
        "Masks m1, m2, m3 of three rounds: I(m3;D) <= I(m1,m2,m3;D) = sum_t I(m_t;D|m_<t), and each term "
        "is at most H(m_t|m_(t-1)) <= log C(k_(t-1), k_t). More rounds are more of the same steps."
    ),
    statement=(LEDGER, CAPPED),
    steps=(Step("chain rule", LEDGER, Shannon()), Step("caps", CAPPED, Shannon())),
    mutants=(
        Mutant(
            "the first round is left out",
            entropies(("m1", "m2", "m3", "D"), {(a, a, a, a): HALF for a in BITS}),
            le(mutual("m3", "D"), mutual("m2", "D", "m1") + mutual("m3", "D", "m1 m2")),
        ),
        Mutant(
            "the caps lose 3 %",
            entropies(("m1", "m2", "m3", "D"), {(a, a, a, a): HALF for a in BITS}),
            le(LEDGER.rhs, exact("97/100") * CAPPED.rhs),
            of=1,
        ),
    ),
)


COUNTS_ONLY = eq(mutual("m", "D"), mutual("counts", "D"))
SHUFFLED = Lemma(
    name="layerwise shuffle control",
    source="here",
    says=(
        "A mask m drawn from the counts of the layers alone (a shuffle inside every layer), from which "
        "the counts can be read off: I(m;D) = I(counts;D). With counts fixed beforehand it is 0."
    ),
    statement=(COUNTS_ONLY,),
    hypotheses={
        "drawn from the counts": eq(mutual("m", "D", "counts"), 0),
        "counts seen in m": eq(conditional("counts", "m"), 0),
    },
    steps=(Step("Shannon", COUNTS_ONLY, Shannon()),),
    mutants=(
        Mutant(
            "3 % less",
            entropies(("m", "D", "counts"), {(a, a, a): HALF for a in BITS}),
            eq(mutual("m", "D"), exact("97/100") * mutual("counts", "D")),
        ),
        Mutant(
            "the shuffle sees the data",
            entropies(("m", "D", "counts"), {(a, a, 0): HALF for a in BITS}),
            without=("drawn from the counts",),
        ),
        Mutant(
            "the counts are hidden",
            entropies(("m", "D", "counts"), {(0, a, a): HALF for a in BITS}),
            without=("counts seen in m",),
        ),
    ),
)


n, v, rho, delta, bound = reals("n v rho delta a", positive=True)
chance, leak = reals("P", positive=True), reals("Leak", nonnegative=True)
LEAK_NATS = leak - sp.log(delta)
LEAKAGE = Lemma(
    name="maximal leakage",
    source="Issa, Wagner & Kamath 2020, Theorem 8",
    says=(
        "P(E) <= exp(Leak) P0 with Leak = log sum_w max_d p(w|d) the maximal leakage of the data to f "
        "(cited, a hypothesis here). With P0 <= exp(-n a^2/(2 v rho)) and a^2 = 2 v rho (Leak + "
        "log(1/delta))/n: P(E) <= delta, a law with log(1/delta) in the place of 1/delta."
    ),
    statement=(le(sp.log(chance), sp.log(delta)),),
    hypotheses={
        "leakage": le(sp.log(chance), leak - n * bound**2 / (2 * v * rho)),
        "choice of a": ge(bound**2, 2 * v * rho * LEAK_NATS / n),
    },
    steps=(Step("chance", le(sp.log(chance), sp.log(delta)), Polynomial()),),
    mutants=(
        Mutant(
            "the leakage is not paid",
            {n: 1, v: 1, rho: 1, delta: HALF, leak: 1, bound: sp.sqrt(2 * sp.log(2)), chance: 1},
            changed={"choice of a": ge(bound**2, 2 * v * rho * -sp.log(delta) / n)},
        ),
        Mutant(
            "2 becomes 1.94",
            {
                **{n: 1, v: 1, rho: 1, delta: HALF, leak: 0},
                **{bound: sp.sqrt(exact("194/100") * sp.log(2)), chance: "51/100"},
            },
            changed={"choice of a": ge(bound**2, exact("194/100") * v * rho * LEAK_NATS / n)},
        ),
    ),
    ranges={
        delta: ("1/10", 1),
        n: (1, 4),
        v: ("1/2", 2),
        rho: ("1/4", 1),
        bound: (2, 8),
        chance: (0, "1/500"),
        leak: (0, 2),
    },
)

LEMMAS = (
    REVEAL_INIT,
    DATA_PROCESSING,
    WEIGHTS_CHARGED,
    MACHINE_WORDS,
    ITERATIVE,
    SHUFFLED,
    LEAKAGE,
)
