"""Seed-coupled bounds: what changes in the mask when one label, or one example, changes."""

from __future__ import annotations

import sympy as sp

from ..engines import Expectation, Instance, Polynomial, Shannon, conditional, entropies
from ..engines import information as mutual
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .entropy_basics import (
    CONCAVE_H,
    LOG_TANGENT,
    binary_entropy,
    mean,
    mean_entropy,
    mean_of,
    means,
    one,
    p,
    t,
)

HALF = exact("1/2")
SEED = le(mutual("m", "y", "rest"), mutual("m", "y", "rest seed"))
FUNCTION = eq(mutual("m", "y", "rest seed"), conditional("m", "rest seed"))
FLIP_CAP = le(conditional("m", "rest seed"), conditional("y", "rest seed"))
_ONE_TIME = {(y ^ r, y, 0, r): exact("1/4") for y in (0, 1) for r in (0, 1)}
COUPLED = Lemma(
    name="one term with the seed revealed",
    source="here",
    says=(
        "m is a function of (y, rest, seed), the seed independent of the data (rest: the other labels and"
        " the inputs). Then I(m;y|rest) <= I(m;y|rest,seed) = H(m|rest,seed) <= H(y|rest,seed)."
    ),
    statement=(SEED, FUNCTION, FLIP_CAP),
    hypotheses={
        "seed independent of the data": eq(mutual("seed", "y rest"), 0),
        "a function": eq(conditional("m", "y rest seed"), 0),
    },
    steps=(
        Step("reveal", SEED, Shannon()),
        Step("function", FUNCTION, Shannon()),
        Step("cap", FLIP_CAP, Shannon()),
    ),
    mutants=(
        Mutant(
            "the seed knows the label",
            entropies(("m", "y", "rest", "seed"), {(a, a, 0, a): HALF for a in (0, 1)}),
            without=("seed independent of the data",),
        ),
        Mutant("reversed", entropies(("m", "y", "rest", "seed"), _ONE_TIME), ge(SEED.lhs, SEED.rhs)),
    ),
)


change, label = reals("changes H_y", nonnegative=True)
term = reals("H_m_given")
chance, mean_term = mean_of("changes"), mean_of("H_m_given")
POINT = le(term, change * label)
FLIP_RATE = Lemma(
    name="seed-coupled flips",
    source="here",
    says=(
        "For fixed other labels, inputs and seed the mask is a function of y: its entropy is 0 if y does "
        "not change it, and at most H(y) otherwise (changes = 0 or 1). On average the term is at most "
        "H(y) P(the mask changes): n log 2 P for fair labels and a uniform j."
    ),
    statement=(le(mean_term, chance * label),),
    hypotheses={"at every rest and seed": POINT},
    steps=(
        Step("mean", le(mean_term, chance * label), Expectation(POINT, {term: mean_term, change: chance})),
    ),
    mutants=(
        Mutant(
            "the sum loses 3 %",
            {change: 1, label: 1, term: 1, **means(chance, 1), **means(mean_term, 1)},
            le(mean_term, exact("97/100") * chance * label),
        ),
        Mutant(
            "without the pointwise cap",
            {change: 0, label: 1, term: 1, **means(chance, 0), **means(mean_term, 1)},
            without=("at every rest and seed",),
        ),
    ),
)


TWINS = le(conditional("v", "rest seed"), conditional("v", "w"))
REPLACED = Lemma(
    name="one term of the replacement bound",
    source="here",
    says=(
        "v = A(D,R) and w = A(D',R), with example j drawn afresh in D', are independent copies given "
        "(rest, seed): H(v|rest,seed) = H(v|w,rest,seed) <= H(v|w), what a code for v needs that knows w."
    ),
    statement=(TWINS,),
    hypotheses={"copies": eq(mutual("v", "w", "rest seed"), 0)},
    steps=(Step("Shannon", TWINS, Shannon()),),
    mutants=(
        Mutant(
            "w is v itself",
            entropies(("v", "w", "rest", "seed"), {(a, a, 0, 0): HALF for a in (0, 1)}),
            without=("copies",),
        ),
        Mutant(
            "3 % less",
            entropies(
                ("v", "w", "rest", "seed"), {(a, b, 0, 0): exact("1/4") for a in (0, 1) for b in (0, 1)}
            ),
            le(TWINS.lhs, exact("97/100") * TWINS.rhs),
        ),
    ),
)


truth, code = reals("p_v q_v", positive=True)
mean_cost, mean_true, mean_ratio = mean_of("-log_q"), mean_of("-log_p"), mean_of("q_over_p")
CELL = le(-sp.log(truth) + sp.log(code), code / truth - 1)
CODE = le(mean_true, mean_cost)
ANY_CODE = Lemma(
    name="any code costs at least the entropy",
    source="here; Gibbs",
    says=(
        "E[-log p(v|w)] <= E[-log q(v|w)] for every conditional law q; E[q/p] <= 1, as q sums to at most "
        "1 over the v that occur. This is what makes a reference code, a decoder and a held-out code "
        "length valid bounds."
    ),
    statement=(CODE,),
    hypotheses={"q is a law": le(mean_ratio, 1)},
    steps=(
        Step("tangent", CELL, Instance(LOG_TANGENT, at={t: code / truth})),
        Step(
            "means",
            le(mean_true - mean_cost, mean_ratio - 1),
            Expectation(
                CELL,
                {sp.log(truth): -mean_true, sp.log(code): -mean_cost, code / truth: mean_ratio},
                random=(truth, code),
            ),
        ),
        Step("normalised", CODE, Polynomial(), uses=("means",)),
    ),
    mutants=(
        Mutant(
            "the code loses 3 %",
            {
                truth: HALF,
                code: HALF,
                **means(mean_true, sp.log(2)),
                **means(mean_cost, sp.log(2)),
                **means(mean_ratio, 1),
            },
            le(mean_true, exact("97/100") * mean_cost),
        ),
        Mutant(
            "q sums to 2",
            {
                truth: HALF,
                code: 1,
                **means(mean_true, sp.log(2)),
                **means(mean_cost, 0),
                **means(mean_ratio, 2),
            },
            without=("q is a law",),
        ),
    ),
)


size = reals("log(M-1)", nonnegative=True)
mean_bound = mean_of("H_v_given_w")
bound = reals("H_v_given_w")
ONE_TERM = le(bound, one + p * size)
CLOSED = le(mean_bound, binary_entropy(mean) + mean * size)
CLOSED_FORM = Lemma(
    name="replacement bound in closed form",
    source="here; Fano 1961",
    says=(
        "M masks; c_j = P(v is not w) where example j is replaced, h_j <= h(c_j): H(v|w) <= h_j + c_j "
        "log(M-1) (Fano). On average over j, at most h(c) + c log(M-1), c the mean of the c_j; n times "
        "that bounds I(m;D)."
    ),
    statement=(CLOSED,),
    hypotheses={"Fano": ONE_TERM, **CONCAVE_H.hypotheses},
    steps=(
        Step("concave", le(mean_entropy, binary_entropy(mean)), Instance(CONCAVE_H)),
        Step(
            "means",
            le(mean_bound, mean_entropy + mean * size),
            Expectation(ONE_TERM, {bound: mean_bound, one: mean_entropy, p: mean}),
            uses=(),
        ),
        Step("together", CLOSED, Polynomial()),
    ),
    mutants=(
        Mutant(
            "log(M-1) loses 3 %",
            {
                **{p: HALF, one: sp.log(2), size: 1, bound: sp.log(2) + HALF},
                **means(mean, HALF),
                **means(mean_entropy, sp.log(2)),
                **means(mean_bound, sp.log(2) + HALF),
            },
            le(mean_bound, binary_entropy(mean) + exact("97/100") * mean * size),
        ),
        Mutant(
            "Fano is dropped",
            {
                **{p: HALF, one: sp.log(2), size: 0, bound: 1},
                **means(mean, HALF),
                **means(mean_entropy, sp.log(2)),
                **means(mean_bound, 1),
            },
            without=("Fano",),
        ),
    ),
)

LEMMAS = (COUPLED, FLIP_RATE, REPLACED, ANY_CODE, CLOSED_FORM)
