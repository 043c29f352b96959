"""The tangent of the logarithm, and what it gives: Gibbs, log-sum, the tangents of h."""

from __future__ import annotations

from typing import Any

import sympy as sp

from ..engines import Cases, Expectation, Instance, Monotone, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, gt, le, lt, reals


def binary_entropy(p: Any) -> Any:
    """h(p) = -p log p - (1-p) log(1-p), nats."""
    return -p * sp.log(p) - (1 - p) * sp.log(1 - p)


def cross_entropy(p: Any, q: Any) -> Any:
    """-p log q - (1-p) log(1-q): what a code for chance q costs where the chance is p."""
    return -p * sp.log(q) - (1 - p) * sp.log(1 - q)


def mean_of(name: str) -> Any:
    """The mean of a random quantity: a function of nothing, so that no spot check gives it a value."""
    return sp.Function(f"mean_{name}", real=True)()


def means(mean: Any, value: Any) -> dict[Any, Any]:
    """The entry of a witness that gives a mean its value."""
    return {mean.func: sp.Lambda((), exact(value))}


t = reals("t", positive=True)
TANGENT_CLAIM = le(sp.log(t), t - 1)
LOG_TANGENT = Lemma(
    name="logarithm below its tangent",
    source="here; convexity",
    says="log t <= t - 1 for t > 0, an equality at t = 1.",
    statement=(TANGENT_CLAIM,),
    steps=(
        Step(
            "both sides of 1",
            TANGENT_CLAIM,
            Cases((((ge(t, 1),), Monotone(t, 1)), ((le(t, 1),), Monotone(t, 1, Polynomial(), falling=True)))),
            "the slope of the gap is 1 - 1/t",
        ),
    ),
    mutants=(
        Mutant("the tangent loses 3 % of its slope", {t: 2}, le(sp.log(t), exact("68/100") * (t - 1))),
        Mutant("reversed", {t: 2}, ge(sp.log(t), t - 1)),
    ),
    ranges={t: ("1/50", 5)},
)


a, b, c, d = reals("a b c d", positive=True)
FIRST = ge(a * (sp.log(a) - sp.log(b) - sp.log(a + c) + sp.log(b + d)), a - b * (a + c) / (b + d))
SECOND = ge(c * (sp.log(c) - sp.log(d) - sp.log(a + c) + sp.log(b + d)), c - d * (a + c) / (b + d))
LOG_SUM_CLAIM = ge(
    a * (sp.log(a) - sp.log(b)) + c * (sp.log(c) - sp.log(d)),
    (a + c) * (sp.log(a + c) - sp.log(b + d)),
)
_ratio = b * (a + c) / (a * (b + d))
_ratio_2 = d * (a + c) / (c * (b + d))
LOG_SUM = Lemma(
    name="merging two cells lowers the divergence",
    source="here; log-sum inequality, Cover & Thomas 2006, Theorem 2.7.1",
    says=(
        "a log(a/b) + c log(c/d) >= (a+c) log((a+c)/(b+d)). Merging the cells of a finite table pair by pair "
        "until an event and its complement are left gives binary data processing: "
        "I(f;D) >= kl(P(E)||P0(E)), with P0 the probability under independent copies of f and D. "
        "(A cell with a = 0 contributes 0, and the inequality is then c log(c/d) >= c log(c/(b+d)).)"
    ),
    statement=(LOG_SUM_CLAIM,),
    steps=(
        Step(
            "tangent in the first cell",
            le(sp.log(b) + sp.log(a + c) - sp.log(a) - sp.log(b + d), _ratio - 1),
            Instance(LOG_TANGENT, at={t: _ratio}),
        ),
        Step(
            "tangent in the second cell",
            le(sp.log(d) + sp.log(a + c) - sp.log(c) - sp.log(b + d), _ratio_2 - 1),
            Instance(LOG_TANGENT, at={t: _ratio_2}),
        ),
        Step("first cell", FIRST, Polynomial(), uses=("tangent in the first cell",)),
        Step("second cell", SECOND, Polynomial(), uses=("tangent in the second cell",)),
        Step(
            "sum",
            LOG_SUM_CLAIM,
            Polynomial(),
            "b/(b+d) and d/(b+d) add up to 1",
            ("first cell", "second cell"),
        ),
    ),
    mutants=(
        Mutant(
            "the merged cells gain 3 %",
            {a: 1, b: 2, c: 2, d: 1},
            ge(LOG_SUM_CLAIM.lhs, LOG_SUM_CLAIM.rhs + exact("7/10")),
        ),
        Mutant("reversed", {a: 1, b: 2, c: 2, d: 1}, le(LOG_SUM_CLAIM.lhs, LOG_SUM_CLAIM.rhs)),
    ),
    ranges=dict.fromkeys((a, b, c, d), ("1/20", 3)),
)


p, q = reals("p q", positive=True)
UNIT = {"p below 1": lt(p, 1), "q below 1": lt(q, 1)}
GIBBS_CLAIM = le(binary_entropy(p), cross_entropy(p, q))
GIBBS = Lemma(
    name="a wrong code costs more, two messages",
    source="here; Gibbs' inequality, which is the tangent of h at q",
    says=(
        "h(p) <= -p log q - (1-p) log(1-q): cross-entropy is at least entropy. Read for fixed q, the right "
        "side is the tangent of h at q, so h is concave."
    ),
    statement=(GIBBS_CLAIM,),
    hypotheses=UNIT,
    steps=(
        Step("tangent", le(sp.log(q) - sp.log(p), q / p - 1), Instance(LOG_TANGENT, at={t: q / p})),
        Step(
            "tangent of the complement",
            le(sp.log(1 - q) - sp.log(1 - p), (1 - q) / (1 - p) - 1),
            Instance(LOG_TANGENT, at={t: (1 - q) / (1 - p)}),
        ),
        Step("weighted", GIBBS_CLAIM, Polynomial(), "p (q/p - 1) + (1-p) ((1-q)/(1-p) - 1) = 0"),
    ),
    mutants=(
        Mutant(
            "the cross-entropy loses 3 %",
            {p: "1/2", q: "1/2"},
            le(binary_entropy(p), exact("97/100") * cross_entropy(p, q)),
        ),
        Mutant("reversed", {p: "1/2", q: "1/4"}, ge(binary_entropy(p), cross_entropy(p, q))),
    ),
    ranges={p: ("1/50", "49/50"), q: ("1/50", "49/50")},
)


H_LOG2 = le(binary_entropy(p), sp.log(2))
ENTROPY_LOG2 = Lemma(
    name="binary entropy at most log 2",
    source="here",
    says="h(p) <= log 2, an equality at p = 1/2. The only place where the law of one run takes its log 2.",
    statement=(H_LOG2,),
    hypotheses={"p below 1": lt(p, 1)},
    steps=(Step("a fair code", H_LOG2, Instance(GIBBS, at={p: p, q: exact("1/2")}), "-log(1/2) for both"),),
    mutants=(
        Mutant("log 2 loses 3 %", {p: "1/2"}, le(binary_entropy(p), exact("97/100") * sp.log(2))),
        Mutant("reversed", {p: "1/3"}, ge(binary_entropy(p), sp.log(2))),
    ),
    ranges={p: ("1/50", "49/50")},
)


one = reals("h_p")
mean, mean_entropy = mean_of("p"), mean_of("h_p")
BELOW = le(one, cross_entropy(p, mean))
CONCAVE_CLAIM = le(mean_entropy, binary_entropy(mean))
CONCAVE_H = Lemma(
    name="the mean of h is at most h of the mean",
    source="here; Jensen",
    says=(
        "For chances p, one for every label, with a mean strictly between 0 and 1, and quantities h_p <= "
        "h(p): mean h_p <= h(mean p)."
    ),
    statement=(CONCAVE_CLAIM,),
    hypotheses={
        "p below 1": lt(p, 1),
        "mean above 0": gt(mean, 0),
        "mean below 1": lt(mean, 1),
        "each": le(one, binary_entropy(p)),
    },
    steps=(
        Step("Gibbs", le(binary_entropy(p), cross_entropy(p, mean)), Instance(GIBBS, at={p: p, q: mean})),
        Step("tangent at the mean", BELOW, Polynomial()),
        Step("means", CONCAVE_CLAIM, Expectation(BELOW, {one: mean_entropy, p: mean}), "affine in p"),
    ),
    mutants=(
        Mutant(
            "h of the mean loses 3 %",
            {p: "1/2", one: sp.log(2), **means(mean, "1/2"), **means(mean_entropy, sp.log(2))},
            le(mean_entropy, exact("97/100") * binary_entropy(mean)),
        ),
        Mutant(
            "the quantities may exceed h(p)",
            {p: "1/2", one: 1, **means(mean, "1/2"), **means(mean_entropy, 1)},
            without=("each",),
        ),
    ),
    ranges={p: ("1/50", "49/50"), one: (-1, 1)},
)

LEMMAS = (LOG_TANGENT, LOG_SUM, GIBBS, ENTROPY_LOG2, CONCAVE_H)
