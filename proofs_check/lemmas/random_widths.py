"""How wide a random source has to be, and what share of a random mask is of any use."""

from __future__ import annotations

import sympy as sp

from ..engines import Increasing, Monotone, Polynomial
from ..engines.induction import Induction
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .random_masks import effective, mean_by_enumeration, p1, p2

m1, m2, q0, q1, l1, l2, delta = reals("m1 m2 q0 q1 l1 l2 delta", positive=True)
MISSED = le(m2 * sp.exp(-q1 * l2), delta / 2)
UNSEEN = le(m1 * q1 * sp.exp(-q0 * l1), delta / 2)
ENOUGH = Lemma(
    name="copies that contain a target",
    source="Burkholz 2022, theorem 2.1 (recalled); here",
    says=(
        "l = log(1/(1-p)) of either layer of a random source. q copies of a unit all miss one edge with "
        "probability (1-p)^q = exp(-q l). With q1 >= log(2 m2/delta)/l2 copies of every hidden unit and q0 "
        ">= log(2 m1 q1/delta)/l1 of every input, the union over m2 and m1 q1 edges fails with probability "
        "<= delta."
    ),
    hypotheses={"q1": ge(q1 * l2, sp.log(2 * m2 / delta)), "q0": ge(q0 * l1, sp.log(2 * m1 * q1 / delta))},
    statement=(le(m2 * sp.exp(-q1 * l2) + m1 * q1 * sp.exp(-q0 * l1), delta),),
    steps=(
        Step(
            "one output edge",
            le(sp.exp(-q1 * l2), delta / (2 * m2)),
            Increasing(sp.exp, -q1 * l2, -sp.log(2 * m2 / delta)),
        ),
        Step(
            "one input edge",
            le(sp.exp(-q0 * l1), delta / (2 * m1 * q1)),
            Increasing(sp.exp, -q0 * l1, -sp.log(2 * m1 * q1 / delta)),
        ),
        Step("output edges", MISSED, Polynomial(), uses=("one output edge",)),
        Step("input edges", UNSEEN, Polynomial(), uses=("one input edge",)),
        Step(
            "together",
            le(m2 * sp.exp(-q1 * l2) + m1 * q1 * sp.exp(-q0 * l1), delta),
            Polynomial(),
            uses=("output edges", "input edges"),
        ),
    ),
    mutants=(
        Mutant(
            "log(1.9 m/delta)",
            {m1: 1, m2: 1, delta: 1, q1: 1, l2: sp.log(exact("19/10")), q0: 1, l1: sp.log(2)},
            changed={"q1": ge(q1 * l2, sp.log(exact("19/10") * m2 / delta))},
        ),
        Mutant(
            "hidden copies are not counted",
            {m1: 1, m2: 1, delta: 1, q1: 4, l2: 1, q0: 1, l1: sp.log(2)},
            changed={"q0": ge(q0 * l1, sp.log(2 * m1 / delta))},
        ),
        Mutant(
            "delta loses 3 %",
            {m1: 1, m2: 1, delta: 1, q1: 1, l2: sp.log(2), q0: 1, l1: sp.log(2)},
            le(m2 * sp.exp(-q1 * l2) + m1 * q1 * sp.exp(-q0 * l1), exact("97/100") * delta),
        ),
    ),
    ranges={q0: (8, 16), q1: (8, 16), l1: (1, 2), l2: (1, 2), m1: (1, 4), m2: (1, 4), delta: ("1/10", 1)},
)

n, ell, lam, d = reals("n l lambda d", positive=True)
SEEN, WANTED = 1 - sp.exp(-n * ell), sp.exp(-lam / d)
NEEDED = Lemma(
    name="width that covering the inputs needs",
    source="here; after Burkholz 2022",
    says=(
        "A random layer of n units covers all d inputs with probability (1 - (1-p)^n)^d, (1-p)^n = exp(-n "
        "l), l = log(1/(1-p)). If that is at least 1 - delta = exp(-lambda), then n >= log(1/(1 - "
        "(1-delta)^(1/d)))/log(1/(1-p))."
    ),
    hypotheses={"covered": ge(d * sp.log(SEEN), -lam)},
    statement=(ge(n * ell, -sp.log(1 - WANTED)),),
    steps=(
        Step("the d-th root, in logarithms", le(-lam / d, sp.log(SEEN)), Polynomial()),
        Step(
            "the d-th root",
            le(WANTED, SEEN),
            Increasing(sp.exp, -lam / d, sp.log(SEEN)),
            uses=("the d-th root, in logarithms",),
        ),
        Step("one input", le(sp.exp(-n * ell), 1 - WANTED), Polynomial(), uses=("the d-th root",)),
        Step(
            "logarithms",
            le(-n * ell, sp.log(1 - WANTED)),
            Increasing(sp.log, sp.exp(-n * ell), 1 - WANTED),
            uses=("one input",),
        ),
        Step("the width", ge(n * ell, -sp.log(1 - WANTED)), Polynomial(), uses=("logarithms",)),
    ),
    mutants=(
        Mutant(
            "3 % more",
            {n: 1, d: 1, ell: sp.log(2), lam: sp.log(2)},
            ge(n * ell, -exact("103/100") * sp.log(1 - WANTED)),
        ),
        Mutant("nothing is covered", {n: "1/10", d: 1, ell: sp.log(2), lam: sp.log(2)}, without=("covered",)),
        Mutant(
            "coverage of one input",
            {n: 1, d: 2, ell: sp.log(2), lam: sp.log(2)},
            changed={"covered": ge(sp.log(SEEN), -lam)},
        ),
    ),
    ranges={n: (1, 5), ell: (1, 3), lam: (1, 3), d: (1, 3)},
)

SUFFICES = Lemma(
    name="width that is enough to cover the inputs",
    source="here",
    says="The converse: from that width on, the inputs are all covered with probability at least 1 - delta.",
    hypotheses={"width": ge(n * ell, -sp.log(1 - WANTED))},
    statement=(ge(d * sp.log(SEEN), -lam),),
    steps=(
        Step("one input", le(sp.exp(-n * ell), 1 - WANTED), Increasing(sp.exp, -n * ell, sp.log(1 - WANTED))),
        Step("not missed", le(WANTED, SEEN), Polynomial(), uses=("one input",)),
        Step(
            "logarithms", le(-lam / d, sp.log(SEEN)), Increasing(sp.log, WANTED, SEEN), uses=("not missed",)
        ),
        Step("all inputs", ge(d * sp.log(SEEN), -lam), Polynomial(), uses=("logarithms",)),
    ),
    mutants=(
        Mutant(
            "the width of one input for two",
            {n: 1, d: 2, ell: sp.log(2), lam: sp.log(2)},
            changed={"width": ge(n * ell, -sp.log(1 - sp.exp(-lam)))},
        ),
        Mutant(
            "3 % less width",
            {n: exact("97/100"), d: 1, ell: sp.log(2), lam: sp.log(2)},
            changed={"width": ge(n * ell, -exact("97/100") * sp.log(1 - WANTED))},
        ),
    ),
    ranges={n: (2, 5), ell: (1, 3), lam: (1, 3), d: (1, 2)},
)

C, L = reals("C L", positive=True)
SHAPE = Lemma(
    name="subset sums in a source that is almost full",
    source="here; against a recalled form of Burkholz 2022, lemma 2.4",
    says=(
        "Reaching every target of an interval of length 1 within eps by sums of subsets of n weights takes "
        "2^n sums, each good for 2 eps: n log 2 >= L - log 2, L = log(1/eps). A width n <= C L/l with l = "
        "log(1/(1-p)) then needs l (L - log 2) <= C L log 2, false near density 1 where l grows without "
        "bound: no such C is absolute. The shape 1/p stays, as p = 1 - exp(-l) <= l."
    ),
    hypotheses={"sums": ge(n * sp.log(2), L - sp.log(2)), "width": le(n * ell, C * L)},
    statement=(le(ell * (L - sp.log(2)), C * L * sp.log(2)), le(1 - sp.exp(-ell), ell)),
    steps=(
        Step("log 2", ge(n * sp.log(2) * ell, (L - sp.log(2)) * ell), Polynomial()),
        Step("log 2 is positive", ge(sp.log(2), 0), Increasing(sp.log, 1, 2), uses=()),
        Step("times the width", le(n * ell * sp.log(2), C * L * sp.log(2)), Polynomial()),
        Step(
            "C is not absolute",
            le(ell * (L - sp.log(2)), C * L * sp.log(2)),
            Polynomial(),
            uses=("log 2", "times the width"),
        ),
        Step("1/p", le(1 - sp.exp(-ell), ell), Monotone(ell, 0, slope=Monotone(ell, 0)), uses=()),
    ),
    mutants=(
        Mutant("C = 1 for every density", {C: 1, ell: 4, L: 5, n: "5/4"}, without=("sums",)),
        Mutant(
            "0.97 C",
            {C: 1 / (2 * sp.log(2)), ell: 1, L: 2 * sp.log(2), n: 1},
            le(ell * (L - sp.log(2)), exact("97/100") * C * L * sp.log(2)),
        ),
        Mutant(
            "p below 0.97 l",
            {C: 1, ell: "1/100", L: 1, n: "1/2"},
            le(1 - sp.exp(-ell), exact("97/100") * ell),
            of=1,
        ),
    ),
    ranges={n: (4, 6), ell: (1, 2), C: (4, 8), L: (2, 3)},
)

p = reals("p")
k = sp.symbols("d", integer=True, positive=True)
PATHS = ((1, 1), (2, 1), (2, 2), (3, 2), (4, 2), (3, 3))


def kept_paths(inputs: int, units: int) -> sp.Expr:
    """h p (d p + 1 - (1-p)^d)."""
    return units * p * (inputs * p + 1 - (1 - p) ** inputs)


COUNTED = {s: eq(mean_by_enumeration(*s, effective).subs({p1: p, p2: p}), kept_paths(*s)) for s in PATHS}
SHARE = (k * p + 1 - (1 - p) ** k) / (k + 1)
UNSEEN_UNIT = le((1 - p) ** k, 1 - p)
EFFECTIVE = Lemma(
    name="effective share of a random mask",
    source="here",
    says=(
        "Two layers, d inputs, h units, one output, every entry kept with probability p. An entry is "
        "effective on a path of kept entries: a unit adds p (d p + 1 - (1-p)^d), as its kept inputs number 0 "
        "where there is none. Out of p (d + 1) kept, the share is (d p + 1 - (1-p)^d)/(d + 1), at least p "
        "and at most 1: all masks of six networks enumerated for all p, and the bounds for all d."
    ),
    hypotheses={"p >= 0": ge(p, 0), "p <= 1": le(p, 1)},
    statement=(*COUNTED.values(), ge(SHARE, p), le(SHARE, 1)),
    steps=(
        *(Step(f"{i} inputs, {u} units", c, Polynomial(), uses=()) for (i, u), c in COUNTED.items()),
        Step("a chance is not negative", ge((1 - p) ** k, 0), Induction(k, 1), uses=()),
        Step(
            "a unit without input",
            UNSEEN_UNIT,
            Induction(k, 1, facts=((ge((1 - p) ** k, 0), Induction(k, 1)),)),
            uses=(),
        ),
        Step("at least p", ge(SHARE, p), Polynomial(), uses=("a unit without input",)),
        Step("at most 1", le(SHARE, 1), Polynomial(), uses=("a chance is not negative",)),
    ),
    mutants=(
        Mutant(
            "units without input are not seen", {p: "1/2", k: 2}, eq(COUNTED[2, 1].lhs, p * (2 * p + 1)), of=1
        ),
        Mutant(
            "the share is p^2 of what is there", {p: "1/2", k: 2}, eq(COUNTED[2, 2].lhs, 2 * 3 * p**2), of=2
        ),
        Mutant("at least 1.03 p", {p: 1, k: 1}, ge(SHARE, exact("103/100") * p), of=6),
        Mutant("p above 1", {p: 2, k: 1}, without=("p <= 1",), of=7),
    ),
    ranges={k: (1, 9), p: (0, 1)},
)

LEMMAS = (ENOUGH, NEEDED, SUFFICES, SHAPE, EFFECTIVE)
