"""Kraft sums of the codes whose lengths are charged."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

import sympy as sp

from ..engines import Exhaustive, Identity, Increasing, Polynomial, Sign
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, lt, reals

Cases = Iterator[tuple[str, Fraction, Fraction]]


def family(name: str) -> Any:
    """A quantity of every member of a finite family, which Exhaustive goes through."""
    return sp.Function(name, real=True)()


def mask_sums(most: int = 8) -> Cases:
    """Kraft sums of log(N+1) + log C(N,k), mask by mask."""
    for n in range(1, most + 1):
        masks = itertools.product((0, 1), repeat=n)
        total = sum((Fraction(1, (n + 1) * math.comb(n, sum(m))) for m in masks), Fraction(0))
        yield f"all masks of {n} entries", total, Fraction(1)


def binned_sums() -> Cases:
    """The same in two bins: counts and subsets bin by bin."""
    for first, second in itertools.product(range(1, 5), repeat=2):
        total = Fraction(0)
        for mask in itertools.product((0, 1), repeat=first + second):
            kept = (sum(mask[:first]), sum(mask[first:]))
            ways = math.prod(math.comb(n, k) * (n + 1) for n, k in zip((first, second), kept, strict=True))
            total += Fraction(1, ways)
        yield f"masks in bins of {first} and {second}", total, Fraction(1)


def level_sums() -> Cases:
    """Kraft sums of the enumerative code: how often each level occurs, then which arrangement."""
    for levels, n in itertools.product(range(1, 5), range(1, 6)):
        total = Fraction(0)
        for word in itertools.product(range(levels), repeat=n):
            ways = math.factorial(n)
            for level in range(levels):
                ways //= math.factorial(word.count(level))
            total += Fraction(1, ways * math.comb(n + levels - 1, levels - 1))
        yield f"words of {n} letters over {levels} levels", total, Fraction(1)


entries = sp.Symbol("N", integer=True, positive=True)
masks, share = reals("c S_k", positive=True)
length = reals("l", nonnegative=True)
SHARE = le(masks * sp.exp(-length), 1 / (entries + 1))
WHOLE = le((entries + 1) * share, 1)
SMALL, BINNED, LEVELS = family("Kraft_masks"), family("Kraft_bins"), family("Kraft_levels")
MASK_CODE = Lemma(
    name="Kraft sum of the mask code",
    source="here; enumerative coding, Cover 1973",
    says=(
        "c = C(N,k) masks have k of N entries kept. With lengths l >= log(N+1) + log c they weigh, "
        "together, at most 1/(N+1), and k has N+1 values: the Kraft sum is at most 1. Mask by mask (N <= "
        "8), mask by mask in two bins (<= 4 each) and for the enumerative code of words over levels, the "
        "sum is 1."
    ),
    statement=(SHARE, WHOLE, eq(SMALL, 1), eq(BINNED, 1), eq(LEVELS, 1)),
    hypotheses={
        "length": ge(length, sp.log((entries + 1) * masks)),
        "share": le(share, 1 / (entries + 1)),
    },
    steps=(
        Step(
            "weight",
            le(sp.exp(-length), 1 / ((entries + 1) * masks)),
            Increasing(sp.exp, -length, -sp.log((entries + 1) * masks)),
        ),
        Step("masks with k kept", SHARE, Polynomial()),
        Step("every k", WHOLE, Polynomial(), uses=()),
        Step("every small mask", eq(SMALL, 1), Exhaustive(mask_sums)),
        Step("every small mask in bins", eq(BINNED, 1), Exhaustive(binned_sums)),
        Step("every short word", eq(LEVELS, 1), Exhaustive(level_sums)),
    ),
    mutants=(
        Mutant(
            "3 % less",
            {entries: 4, masks: 6, length: sp.log(30), share: "1/5"},
            le(masks * sp.exp(-length), exact("97/100") / (entries + 1)),
        ),
        Mutant(
            "the count costs log N",
            {entries: 4, masks: 6, length: sp.log(24), share: "1/5"},
            changed={"length": ge(length, sp.log(entries * masks))},
        ),
        Mutant(
            "the count is free",
            {entries: 4, masks: 6, length: sp.log(6), share: "1/5"},
            changed={"length": ge(length, sp.log(masks))},
        ),
    ),
    ranges={masks: (1, 50), length: (0, 12), share: (0, "1/2")},
)


last = sp.Symbol("J", integer=True, nonnegative=True)


def partial(j: Any) -> Any:
    """Sum over |i| <= j of (2/3)/((|i|+1)(|i|+2))."""
    return 1 - exact("4/3") / (j + 2)


BOTH_SIGNS = eq(partial(last + 1) - partial(last), 2 * exact("2/3") / ((last + 2) * (last + 3)))
INTEGER_CODE = Lemma(
    name="Kraft sum of the code for whole numbers",
    source="here; telescoping",
    says=(
        "Weights (2/3)/((|j|+1)(|j|+2)) over all whole j: up to |j| <= J they add up to 1 - 4/(3(J+2)), "
        "below 1 and arbitrarily near. The shares of delta for R = 2^j are these weights."
    ),
    statement=(eq(partial(sp.Integer(0)), exact("2/3") / 2), BOTH_SIGNS, lt(partial(last), 1)),
    steps=(
        Step("j = 0", eq(partial(sp.Integer(0)), exact("2/3") / 2), Identity()),
        Step("j = J+1 and -(J+1)", BOTH_SIGNS, Identity()),
        Step("never above 1", lt(partial(last), 1), Sign()),
    ),
    mutants=(
        Mutant("2/3 becomes 0.68 at 0", {}, eq(partial(sp.Integer(0)), exact("68/100") / 2)),
        Mutant(
            "one sign only",
            {last: 0},
            eq(partial(last + 1) - partial(last), exact("2/3") / ((last + 2) * (last + 3))),
            of=1,
        ),
    ),
)


def eps_partial(j: Any) -> Any:
    """Sum over 0 <= i <= j of 1/((i+1)(i+2))."""
    return 1 - 1 / (j + 2)


EPS_STEP = eq(eps_partial(last + 1) - eps_partial(last), 1 / ((last + 2) * (last + 3)))
EPS_SHARES = Lemma(
    name="shares of delta for eps = 1, 1/2, 1/4, ...",
    source="here; telescoping",
    says="The shares 1/((k+1)(k+2)), k = 0, 1, ..., add up to 1 - 1/(k+2) < 1.",
    statement=(eq(eps_partial(sp.Integer(0)), exact("1/2")), EPS_STEP, lt(eps_partial(last), 1)),
    steps=(
        Step("k = 0", eq(eps_partial(sp.Integer(0)), exact("1/2")), Identity()),
        Step("next", EPS_STEP, Identity()),
        Step("never above 1", lt(eps_partial(last), 1), Sign()),
    ),
    mutants=(
        Mutant(
            "shares 1/(k+1)^2",
            {last: 0},
            eq(eps_partial(last + 1) - eps_partial(last), 1 / (last + 2) ** 2),
            of=1,
        ),
        Mutant("the sum stays below 0.97", {last: 98}, lt(eps_partial(last), exact("97/100")), of=2),
    ),
)

LEMMAS = (MASK_CODE, INTEGER_CODE, EPS_SHARES)
