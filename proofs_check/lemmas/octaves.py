"""Shares of delta for numbers chosen after the fact, and machine words."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import FLOAT32_BITS, FLOAT64_BITS, ONE_SIDED, TWO_SIDED

from ..engines import Identity, Sign
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, le

k = sp.Symbol("k", integer=True, nonnegative=True)


def share(scale: Fraction, octave: Any = k) -> Any:
    """1/(scale (k+1)(k+2))."""
    return 1 / (exact(scale) * (octave + 1) * (octave + 2))


def partial(scale: Fraction, terms: Any = k) -> Any:
    """The sum of the first so many shares."""
    return (1 - 1 / (terms + 1)) / exact(scale)


def one_more(scale: Fraction, added: Fraction) -> Relational:
    return eq(partial(scale) + share(added), partial(scale, k + 1))


NOTHING = eq(partial(ONE_SIDED, sp.Integer(0)), 0)
ONE_SIDED_SHARES = Lemma(
    name="shares of the powers of two below 1",
    source="here; a telescoping sum",
    says="The sum of 1/((i+1)(i+2)) over i < k is 1 - 1/(k+1): 0 for k = 0, true for k + 1 if it is for k, "
    "and at most 1. So the shares of delta for eps = 2^-i, i >= 0, sum to 1.",
    statement=(one_more(ONE_SIDED, ONE_SIDED), le(partial(ONE_SIDED), 1), NOTHING),
    steps=(
        Step("one more", one_more(ONE_SIDED, ONE_SIDED), Identity()),
        Step("at most 1", le(partial(ONE_SIDED), 1), Sign(), uses=()),
        Step("none", NOTHING, Identity(), uses=()),
    ),
    mutants=(
        Mutant("shares 3 % larger", {k: 0}, one_more(ONE_SIDED, ONE_SIDED * Fraction(97, 100))),
        Mutant("at most 0.97", {k: 99}, le(partial(ONE_SIDED), exact("97/100")), of=1),
    ),
    covers=("ONE_SIDED",),
)

LINE = le(2 * partial(TWO_SIDED) - share(TWO_SIDED, sp.Integer(0)), 1)
TWO_SIDED_SHARES = Lemma(
    name="shares of all powers of two",
    source="here; a telescoping sum",
    says="The sum of 1/((3/2)(i+1)(i+2)) over 0 <= i < k is (2/3)(1 - 1/(k+1)). Over |j| < k it is twice "
    "that less the share 1/3 of 0, at most 4/3 - 1/3 = 1. So the shares of delta for R = 2^j sum to 1, and "
    "so do exp(-length) in the code of integers.",
    statement=(one_more(TWO_SIDED, TWO_SIDED), LINE),
    steps=(
        Step("one more", one_more(TWO_SIDED, TWO_SIDED), Identity()),
        Step("both signs", LINE, Sign(), uses=()),
    ),
    mutants=(
        Mutant("3/2 becomes 1.45", {k: 0}, one_more(TWO_SIDED, Fraction(145, 100))),
        Mutant(
            "both signs of 1.45",
            {k: 99},
            le(2 * partial(Fraction(145, 100)) - share(Fraction(145, 100), sp.Integer(0)), 1),
            of=1,
        ),
    ),
    covers=("TWO_SIDED",),
)

kept = sp.Symbol("kept", integer=True, positive=True)
COUNTS = {
    FLOAT32_BITS: exact(2) ** (1 + 8 + 23),
    FLOAT64_BITS: exact(2) ** (1 + 11 + 52),
}


def words_claim(bits: int, values: Any) -> Relational:
    """kept numbers of so many values each: kept b log 2 nats name them all."""
    return eq(kept * sp.log(values), kept * exact(bits) * sp.log(2))


SINGLE, DOUBLE = (words_claim(bits, values) for bits, values in COUNTS.items())
MACHINE_WORDS = Lemma(
    name="machine words",
    source="IEEE 754: sign, exponent and fraction of 1 + 8 + 23 or 1 + 11 + 52 bits; here",
    says="A program that writes `kept` float32 numbers has at most (2^32)^kept outputs, whose logarithm, an "
    "upper bound on their entropy, is 32 kept log 2; likewise 64 kept log 2 for float64.",
    statement=(SINGLE, DOUBLE),
    steps=(
        Step("float32", SINGLE, Identity()),
        Step("float64", DOUBLE, Identity(), uses=()),
    ),
    mutants=(
        Mutant("31 bits", {kept: 1}, words_claim(31, COUNTS[FLOAT32_BITS])),
        Mutant("63 bits", {kept: 1}, words_claim(63, COUNTS[FLOAT64_BITS]), of=1),
    ),
    covers=(
        "FLOAT32_BITS",
        "FLOAT64_BITS",
    ),
)

LEMMAS = (ONE_SIDED_SHARES, TWO_SIDED_SHARES, MACHINE_WORDS)
