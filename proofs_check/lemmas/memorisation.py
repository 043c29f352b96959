"""The memorisation converse: remembering fair labels takes description length, or information."""

from __future__ import annotations

import sympy as sp

from robustlaw.constants import FAIR

from ..engines import Increasing, Instance, Polynomial, Shannon, conditional, entropies, entropy
from ..engines import information as mutual
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, gt, le, lt, reals
from .entropy_basics import binary_entropy, mean, mean_entropy, means

wrong, n, chance = reals("e n P", positive=True)
slope = reals("t", nonnegative=True)
FAIR_SHARE, HALF = exact(FAIR), exact("1/2")
MARKOV = ForAll((slope,), le(sp.log(chance), n * (slope * wrong + sp.log(1 + sp.exp(-slope)) - sp.log(2))))
BEST = sp.log(1 - wrong) - sp.log(wrong)
GAP = sp.log(2) - binary_entropy(wrong)
TAIL = le(sp.log(chance), -n * GAP)
FEW_WRONG = Lemma(
    name="few wrong labels are unlikely for a fixed network",
    source="here; Chernoff 1952",
    says=(
        "S ~ Binomial(n, 1/2) counts the wrong labels of a fixed f. P = P(S <= e n) <= E exp(t (e n - S))"
        " = exp(n (t e + log(1 + exp(-t)) - log 2)) for t >= 0; the best t is log((1-e)/e), >= 0 as e <= "
        "1/2, and log P <= -n (log 2 - h(e))."
    ),
    statement=(TAIL,),
    hypotheses={"at most half": le(wrong, FAIR_SHARE), "every slope": MARKOV},
    steps=(
        Step("odds", le(sp.log(wrong), sp.log(1 - wrong)), Increasing(sp.log, wrong, 1 - wrong)),
        Step(
            "the exponent",
            le(sp.log(1 + wrong / (1 - wrong)), -sp.log(1 - wrong)),
            Increasing(sp.log, 1 + wrong / (1 - wrong), 1 / (1 - wrong)),
        ),
        Step(
            "at the best slope",
            le(sp.log(chance), n * (BEST * wrong + sp.log(1 + sp.exp(-BEST)) - sp.log(2))),
            Instance(MARKOV, at={slope: BEST}),
            uses=("odds",),
        ),
        Step("bound", TAIL, Polynomial(), uses=("the exponent", "at the best slope")),
    ),
    mutants=(
        Mutant(
            "log 2 gains 3 %",
            {wrong: "1/2", n: 10, chance: 1},
            le(sp.log(chance), -n * (exact("103/100") * sp.log(2) - binary_entropy(wrong))),
        ),
        Mutant("more than half may be wrong", {wrong: "9/10", n: 10, chance: 1}, without=("at most half",)),
    ),
    covers=("FAIR",),
    ranges={wrong: ("1/50", "1/2")},
)


delta = reals("delta", positive=True)
length = reals("l", nonnegative=True)
CONVERSE = Lemma(
    name="the memorisation converse",
    source="here",
    says=(
        "f would break the law with e n wrong labels, e <= 1/2: n (log 2 - h(e)) > l(f) + log(1/delta); "
        "let e be the largest such share, so that breaking it means at most e n wrong labels, a chance P."
        " By Chernoff P is below f's share delta exp(-l(f)) of the chance of failure; by Kraft these add "
        "up to delta at most."
    ),
    statement=(lt(sp.log(chance), sp.log(delta) - length),),
    hypotheses={"Chernoff": TAIL, "f breaks the law": lt(length - sp.log(delta), n * GAP)},
    steps=(Step("below its share", lt(sp.log(chance), sp.log(delta) - length), Polynomial()),),
    mutants=(
        Mutant(
            "the length is not paid",
            {wrong: "1/100", n: 3, delta: 1, length: 3, chance: sp.exp(-2)},
            changed={"f breaks the law": lt(-sp.log(delta), n * GAP)},
        ),
        Mutant(
            "n gains 3 %",
            {wrong: "1/2000", n: 100, delta: 1, length: 69, chance: sp.exp(exact("-689/10"))},
            changed={"f breaks the law": lt(length - sp.log(delta), exact("103/100") * n * GAP)},
        ),
    ),
    ranges={wrong: ("1/50", "1/2")},
)


FANO = le(conditional("y", "f"), entropy("wrong"))
NO_ERROR_LEFT = {
    "wrong is known": eq(conditional("wrong", "y f"), 0),
    "a wrong sign is the other one": eq(conditional("y", "wrong f"), 0),
}
_TWIN = entropies(("y", "f", "wrong"), {(0, 0, 0): HALF, (1, 1, 0): HALF})
_UNSEEN = entropies(("y", "f", "wrong"), {(0, 0, 0): HALF, (1, 0, 0): HALF})
FANO_STEP = Lemma(
    name="Fano for a sign",
    source="Fano 1961; Shannon-type",
    says="wrong = 1 where f's sign is not y: H(y|f) <= H(wrong) = h(e), e the chance of an error.",
    statement=(FANO,),
    hypotheses=NO_ERROR_LEFT,
    steps=(Step("Shannon", FANO, Shannon()),),
    mutants=(
        Mutant("y is not known from f and wrong", _UNSEEN, without=("a wrong sign is the other one",)),
        Mutant("an equality with room", _TWIN, le(conditional("y", "f") + sp.log(2) / 30, entropy("wrong"))),
    ),
)


LABELS = ("y1", "y2", "y3")
EVERY = " ".join(LABELS)
FAIR_LABELS = eq(entropy(EVERY), 3 * sp.log(2))
AVERAGE = ge(mutual("f", EVERY), 3 * sp.log(2) - sum(conditional(y, "f") for y in LABELS))
MEAN_FORM = ge(mutual("f", EVERY), 3 * (sp.log(2) - binary_entropy(mean)))


def _copy() -> dict[object, object]:
    """f names all three labels."""
    table = {((a, b, c), a, b, c): exact("1/8") for a in (0, 1) for b in (0, 1) for c in (0, 1)}
    return entropies(("f", *LABELS), table)


def _same_label() -> dict[object, object]:
    """One label three times, and f is that label: the labels are not independent."""
    return entropies(("f", *LABELS), {(a, a, a, a): HALF for a in (0, 1)})


AVERAGE_FORM = Lemma(
    name="the memorisation converse, on average",
    source="here; after Kumar, Luo & Sellke, arXiv 2402.01089v1",
    says=(
        "Fair independent labels (three of them): I(f;Y) >= sum_j (log 2 - H(y_j|f)), and H(y_j|f) <= "
        "h(e_j) has mean at most h(e), e the mean error: I(f;Y) >= n (log 2 - h(e)). For n labels the "
        "first inequality is H(Y|f) <= sum_j H(y_j|f), one chain rule longer."
    ),
    statement=(AVERAGE, MEAN_FORM),
    hypotheses={
        "fair and independent": FAIR_LABELS,
        "mean error above 0": gt(mean, 0),
        "mean error below 1": lt(mean, 1),
        "mean over labels": eq(sum(conditional(y, "f") for y in LABELS), 3 * mean_entropy),
        "concavity": le(mean_entropy, binary_entropy(mean)),
    },
    steps=(
        Step("Shannon", AVERAGE, Shannon()),
        Step("concave", MEAN_FORM, Polynomial()),
    ),
    mutants=(
        Mutant(
            "labels that are copies of one",
            {**_same_label(), **means(mean, "1/2"), **means(mean_entropy, 0)},
            without=("fair and independent",),
        ),
        Mutant(
            "log 2 gains 3 %",
            {**_copy(), **means(mean, "1/2"), **means(mean_entropy, 0)},
            ge(mutual("f", EVERY), exact("309/100") * sp.log(2) - sum(conditional(y, "f") for y in LABELS)),
        ),
    ),
)

LEMMAS = (FEW_WRONG, CONVERSE, FANO_STEP, AVERAGE_FORM)
