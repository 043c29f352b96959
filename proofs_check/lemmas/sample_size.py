"""The sample-size condition: 512 k log(8k/delta) <= n eps^2."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import CHERNOFF, SAMPLE_LOG, SAMPLE_SIZE, TAIL_SHARE

from ..engines import Identity, Increasing, Polynomial, Sign
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals

n, eps, k, share = reals("n eps k n_l", positive=True)
# of z^2 in [0, 4], z g in [-2, 2] and z in [-2, 2]; given its input, z lies in an interval of length 2
WIDTH, NARROW = 4, 2
# 2 eps^2 n/(6 * 4)^2 is n eps^2 over this
MEANS = 288


def hoeffding(deviation: Any, width: int, terms: Any) -> Any:
    """The exponent of Hoeffding's inequality for a mean of so many terms, each of proxy width^2/4."""
    return deviation**2 * terms / (CHERNOFF * exact(Fraction(width**2, 4)))


# |sum_{S_l} z| <= n_l times this, which makes the exponents of all components equal
allowed = eps / 8 * sp.sqrt(n / (k * share))


def of_means(constant: Any) -> Relational:
    return eq(hoeffding(eps / 6, WIDTH, n), n * eps**2 / exact(constant))


def of_sums(constant: Any, width: int) -> Relational:
    return eq(hoeffding(allowed, width, share), n * eps**2 / (exact(constant) * k))


EXPONENTS = Lemma(
    name="Hoeffding exponents of the sample condition",
    source="Kumar, Luo & Sellke, arXiv 2402.01089v1, proof of Theorem 4; Hoeffding 1963, Theorem 2",
    says="mean z^2 and mean z g (terms of range 4) fall eps/6 short of their expectations with probability "
    "at most exp(-n eps^2/288) each. The sum of z over the n_l samples of component l, terms in [-2, 2], "
    "leaves [-n_l a, n_l a], a = (eps/8) sqrt(n/(k n_l)), with probability at most 2 exp(-n eps^2/(512 k)); "
    "as z lies in an interval of length 2 given its input, 128 would do in the place of 512.",
    statement=(of_means(MEANS), of_sums(SAMPLE_SIZE, WIDTH), of_sums(128, NARROW)),
    steps=(
        Step("means", of_means(MEANS), Identity()),
        Step("sums", of_sums(SAMPLE_SIZE, WIDTH), Identity(), uses=()),
        Step("sums, given the inputs", of_sums(128, NARROW), Identity(), uses=()),
    ),
    mutants=(
        Mutant("288 becomes 280", {n: 1, eps: 1, k: 1, share: 1}, of_means(280)),
        Mutant("512 becomes 500", {n: 1, eps: 1, k: 1, share: 1}, of_sums(500, WIDTH), of=1),
        Mutant("128 becomes 125", {n: 1, eps: 1, k: 1, share: 1}, of_sums(125, NARROW), of=2),
    ),
    covers=("SAMPLE_SIZE",),
)

roots, count, samples, root = reals("S K N s", nonnegative=True)
NEXT = le((roots + root) ** 2, (count + 1) * (samples + root**2))
COMPONENTS = Lemma(
    name="the deviations of all components add up to eps/8",
    source="here; Cauchy and Schwarz",
    says="S is the sum of sqrt(n_l) over K components with N samples together. S^2 <= K N, true for none, "
    "stays true with one more component of s^2 samples. So the sum of (eps/8) sqrt(n n_l/k) over all k "
    "components is at most n eps/8.",
    hypotheses={"before": le(roots**2, count * samples)},
    statement=(NEXT,),
    steps=(Step("one more", NEXT, Polynomial(), "2 S s <= N + K s^2, as (S - K s)^2 >= 0"),),
    mutants=(
        Mutant(
            "3 % less",
            {roots: 1, count: 1, samples: 1, root: 1},
            le(NEXT.lhs, exact("97/100") * NEXT.rhs),
        ),
        Mutant("any sum before", {roots: 2, count: 1, samples: 1, root: 1}, without=("before",)),
    ),
    ranges={roots: (0, 2), count: (1, 3), samples: (2, 5), root: (0, 3)},
)

many = reals("n_eps2", positive=True)
delta = reals("delta", positive=True)
SMALL = {
    "components": ge(k, 1),
    "enough": ge(many, SAMPLE_SIZE * k * sp.log(SAMPLE_LOG * k / delta)),
}


def failure(constant: Any) -> Any:
    """Two events of means and 2 k of sums."""
    means = 2 * sp.exp(-many / MEANS)
    return means + 2 * k * sp.exp(-many / (exact(constant) * k))


def one(constant: Any) -> Any:
    return sp.exp(-many / (exact(constant) * k))


MEANS_RARER = le(sp.exp(-many / MEANS), one(SAMPLE_SIZE))
TOGETHER = le(failure(SAMPLE_SIZE), (2 * k + 2) * one(SAMPLE_SIZE))
ONE_SMALL = le(one(SAMPLE_SIZE), delta / (SAMPLE_LOG * k))
TOTAL = le(failure(SAMPLE_SIZE), exact(TAIL_SHARE) * delta)
# at k = 1 and n eps^2 = 512 log(8/delta)
tight = {k: 1, delta: "1/10", many: SAMPLE_SIZE * sp.log(80)}
FAILURE = Lemma(
    name="the samples fail with probability at most delta/2",
    source="Kumar, Luo & Sellke, arXiv 2402.01089v1, proof of Theorem 4",
    says="n_eps2 = n eps^2. If it is at least 512 k log(8k/delta), k >= 1 components, the 2 + 2 k events "
    "have together probability at most (2k + 2) exp(-n eps^2/(512 k)) <= (2k + 2) delta/(8k) <= delta/2.",
    hypotheses=SMALL,
    statement=(TOGETHER, ONE_SMALL, TOTAL),
    steps=(
        Step(
            "means are rarer",
            MEANS_RARER,
            Increasing(sp.exp, -many / MEANS, -many / (SAMPLE_SIZE * k), Sign()),
            "288 <= 512 k",
            uses=(),
        ),
        Step("together", TOGETHER, Polynomial(), uses=("means are rarer",)),
        Step(
            "one event",
            ONE_SMALL,
            Increasing(
                sp.exp,
                -many / (SAMPLE_SIZE * k),
                -sp.log(SAMPLE_LOG * k / delta),
            ),
            uses=(),
        ),
        Step("all of them", TOTAL, Polynomial(), uses=("together", "one event")),
    ),
    mutants=(
        Mutant("8k becomes 8.3k", tight, le(one(SAMPLE_SIZE), delta / (exact("83/10") * k)), of=1),
        Mutant("any sample size", {k: 1, delta: "1/10", many: 1}, of=2, without=("enough",)),
        Mutant("reversed", tight, ge(TOTAL.lhs, TOTAL.rhs), of=2),
    ),
    covers=(
        "SAMPLE_LOG",
        "SAMPLE_SIZE",
    ),
    ranges={k: (1, 4), delta: ("1/10", "9/10"), many: (2000, 20000)},
)


def shorter(constant: Any) -> Relational:
    """With sums at 128: (2k + 2) exp(-n eps^2/(constant k)) is enough for all events."""
    return le(failure(128), (2 * k + 2) * one(constant))


SHARPER = Lemma(
    name="288 in the place of 512",
    source="here",
    says="With the exponents of sums given the inputs, n eps^2/(128 k), all 2 + 2 k events together have "
    "probability at most (2k + 2) exp(-n eps^2/(288 k)), so 288 k log(8k/delta) <= n eps^2 is enough.",
    hypotheses={"components": ge(k, 1)},
    statement=(shorter(MEANS),),
    steps=(
        Step(
            "means",
            le(sp.exp(-many / MEANS), one(MEANS)),
            Increasing(sp.exp, -many / MEANS, -many / (MEANS * k), Sign()),
        ),
        Step(
            "sums",
            le(one(128), one(MEANS)),
            Increasing(sp.exp, -many / (128 * k), -many / (MEANS * k), Sign()),
        ),
        Step("together", shorter(MEANS), Polynomial()),
    ),
    mutants=(
        Mutant("288 becomes 280", {k: 1, many: 100_000}, shorter(280)),
        Mutant("reversed", {k: 1, many: 1000}, ge(shorter(MEANS).lhs, shorter(MEANS).rhs)),
    ),
    ranges={k: (1, 4), many: (1, 2000)},
)

LEMMAS = (EXPONENTS, COMPONENTS, FAILURE, SHARPER)
