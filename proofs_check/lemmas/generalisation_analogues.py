"""The VC and Rademacher analogues: every constant of the two bounds."""

from __future__ import annotations

import math
from collections.abc import Iterator
from fractions import Fraction

import sympy as sp

from robustlaw.constants import GAP_PROXY, SYMMETRISATION, VC_SUPREMUM

from ..engines import Exhaustive, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals
from .code_lengths import family
from .expected_correlation import OPTIMUM, info, proxy
from .expected_correlation import mean as learned_mean

mean = reals("E")
norm, size = reals("r K", positive=True)
slope = reals("t")
JENSEN = ForAll((slope,), le(slope * mean, sp.log(size) + slope**2 * norm**2 / 2))
MASSART_CLAIM = le(mean, norm * sp.sqrt(2 * sp.log(size)))
MASSART = Lemma(
    name="Massart's finite class lemma",
    source="Massart 2000, Lemma 5.2",
    says=(
        "E = E max_v <s, v> over K vectors of norm at most r, s fair signs. exp(t E) <= sum_v E exp(t "
        "<s,v>) <= K exp(t^2 r^2/2) (Jensen; cosh below a Gaussian in every coordinate), so t E <= log K "
        "+ t^2 r^2/2 for every t, and t = E/r^2 gives E <= r sqrt(2 log K)."
    ),
    statement=(MASSART_CLAIM,),
    hypotheses={"every slope": JENSEN, "at least one": ge(sp.log(size), 0)},
    steps=(
        Step(
            "best slope",
            le(mean**2 / norm**2, sp.log(size) + mean**2 / (2 * norm**2)),
            Instance(JENSEN, at={slope: mean / norm**2}),
        ),
        Step("root", MASSART_CLAIM, Polynomial()),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {mean: sp.sqrt(2), norm: 1, size: sp.E},
            le(mean, norm * sp.sqrt(exact("194/100") * sp.log(size))),
        ),
        Mutant("the slopes are dropped", {mean: 9, norm: 1, size: 2}, without=("every slope",)),
    ),
)


n, growth = reals("n g", positive=True)
rademacher = reals("r", nonnegative=True)
ghost, plus, minus = reals("ghost r_plus r_minus")
SYMMETRISED_MEAN = le(mean, SYMMETRISATION * rademacher)
SYMMETRY = Lemma(
    name="symmetrisation",
    source="Gine & Zinn 1984",
    says=(
        "mean = E sup (R - R_D) <= ghost = E sup (1/n) sum_i s_i (loss'_i - loss_i), s fair signs, "
        "loss' on a second sample (Jensen; swapping a pair of examples changes no law). The supremum of a "
        "sum is at most the sum of suprema, and both have the mean r, the Rademacher complexity: mean <= 2 r."
    ),
    statement=(SYMMETRISED_MEAN,),
    hypotheses={
        "second sample": le(mean, ghost),
        "two suprema": le(ghost, plus + minus),
        "signs are fair": eq(plus, rademacher),
        "so are theirs": eq(minus, rademacher),
    },
    steps=(Step("two halves", SYMMETRISED_MEAN, Polynomial()),),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {mean: 2, rademacher: 1, ghost: 2, plus: 1, minus: 1},
            le(mean, exact("194/100") * rademacher),
        ),
        Mutant(
            "the suprema are not added",
            {mean: 3, rademacher: 1, ghost: 3, plus: 1, minus: 1},
            without=("two suprema",),
        ),
    ),
    covers=("SYMMETRISATION",),
)
HALVES = SYMMETRISATION * (sp.sqrt(n) / 2) * sp.sqrt(2 * (growth + sp.log(2))) / n
SYMMETRISED = le(mean, HALVES)
SUPREMUM = le(mean, sp.sqrt(VC_SUPREMUM * (growth + sp.log(2)) / n))
MEAN_SUPREMUM = Lemma(
    name="mean supremum over a VC class",
    source="here; symmetrisation, Sauer 1972, Massart 2000",
    says=(
        "E sup |R - R_D| <= (2/n) E max <s, v>, v the loss vectors minus 1/2 and their negatives: at most"
        " 2 exp(g) of them, g = d log(e n/d) (Sauer), of norm sqrt(n)/2. Massart's lemma gives sqrt(2 (g "
        "+ log 2)/n)."
    ),
    statement=(SUPREMUM,),
    hypotheses={"Massart": SYMMETRISED, "log 2 > 0": ge(sp.log(2), exact("1/2"))},
    steps=(
        Step(
            "sqrt n / n",
            eq(HALVES, sp.sqrt(VC_SUPREMUM * (growth + sp.log(2)) / n)),
            Identity(),
        ),
        Step("constant", SUPREMUM, Polynomial()),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {n: 1, growth: 1, mean: sp.sqrt(2 * (1 + sp.log(2)))},
            le(mean, sp.sqrt(exact("194/100") * (growth + sp.log(2)) / n)),
        ),
        Mutant(
            "no negatives: log 2 is left out",
            {n: 1, growth: 1, mean: sp.sqrt(2 * (1 + sp.log(2)))},
            le(mean, sp.sqrt(2 * growth / n)),
        ),
    ),
    covers=("SYMMETRISATION", "VC_SUPREMUM"),
    ranges={mean: (0, 3)},
)


def labellings(most: int = 24) -> Iterator[tuple[str, Fraction, Fraction]]:
    """Sauer's count against (2.7182818 n/d)^d, a number below (e n/d)^d."""
    below_e = Fraction(27182818, 10**7)
    for m in range(1, most + 1):
        for d in range(1, m + 1):
            count = sum(math.comb(m, i) for i in range(d + 1))
            yield f"d = {d}, n = {m}", Fraction(count), (below_e * m / d) ** d


points, dimension = sp.symbols("m d", integer=True, positive=True)
total = reals("S", positive=True)
share = reals("x", positive=True)
WEIGHTED = ForAll((share,), le(total * share**dimension, (1 + share) ** points), (le(share, 1),))
TANGENT = ForAll((share,), le((1 + share) ** points, sp.exp(points * share)))
COUNT = le(total * (dimension / points) ** dimension, sp.exp(dimension))
SAUER = Lemma(
    name="labellings of a VC class",
    source="Sauer 1972, Shelah 1972",
    says=(
        "A class of VC dimension d labels m >= d points in at most S = sum_{i<=d} C(m,i) ways (cited). "
        "For x <= 1, S x^d <= sum_i C(m,i) x^i = (1+x)^m <= exp(m x); x = d/m gives S <= (e m/d)^d. In "
        "rationals, for all d <= m <= 24."
    ),
    statement=(COUNT, le(family("labellings"), family("(2.7182818 n/d)^d"))),
    hypotheses={
        "at most all": le(dimension, points),
        "binomial theorem": WEIGHTED,
        "log(1+x) <= x": TANGENT,
    },
    steps=(
        Step(
            "x = d/m",
            le(total * (dimension / points) ** dimension, (1 + dimension / points) ** points),
            Instance(WEIGHTED, at={share: dimension / points}),
        ),
        Step(
            "exponential",
            le((1 + dimension / points) ** points, sp.exp(dimension)),
            Instance(TANGENT, at={share: dimension / points}),
        ),
        Step("count", COUNT, Polynomial()),
        Step("small classes", le(family("labellings"), family("(2.7182818 n/d)^d")), Exhaustive(labellings)),
    ),
    mutants=(
        Mutant(
            "e becomes 0.97 e",
            {dimension: 150, points: 20000, total: math.comb(20000, 150)},
            le(total * (dimension / points) ** dimension, (exact("97/100") * sp.E) ** dimension),
        ),
        Mutant(
            "the count is not bounded", {dimension: 1, points: 2, total: 9}, without=("binomial theorem",)
        ),
    ),
)


limit = reals("b", positive=True)
MOVED = exact(GAP_PROXY) * limit**2 / n
DIFFERENCES = eq(n * (limit / n) ** 2 / 4, MOVED)
PART = le(learned_mean, limit * sp.sqrt(info / (2 * n)))
INFORMATION_PART = Lemma(
    name="what a mask adds to a generalisation bound",
    source="here; McDiarmid 1989, Xu & Raginsky 2017",
    says=(
        "n independent examples, each of which moves G_m by at most b/n: the mgf proxy of G_m about its "
        "mean is n (b/n)^2/4 = b^2/(4n) (McDiarmid, a hypothesis here), and at the mask found on the data"
        " the mean excess is at most b sqrt(I(m;D)/(2n)). The VC analogue has b = 1 and G_m = sup |R - "
        "R_D|. The Rademacher analogue of a finite class takes the gap of one f for G, with I = I(m;D) + "
        "log N, and so b sqrt((log N + I)/(2n)): b is squared under the root. With the complexity of the "
        "sample itself, G_m - 2 r_D moves by 3b/n: 3b for b."
    ),
    statement=(DIFFERENCES, PART),
    hypotheses={"every slope": OPTIMUM.hypotheses["every slope"], "proxy": le(proxy, MOVED)},
    steps=(
        Step("bounded differences", DIFFERENCES, Identity()),
        Step("learned", le(learned_mean, sp.sqrt(2 * proxy * info)), Instance(OPTIMUM)),
        Step("constant", PART, Polynomial(), uses=("learned",)),
    ),
    mutants=(
        Mutant(
            "2n becomes 2.06 n",
            {learned_mean: 1, proxy: "1/4", info: 2, limit: 1, n: 1},
            le(learned_mean, limit * sp.sqrt(info / (exact("206/100") * n))),
            of=1,
        ),
        Mutant(
            "b is not squared",
            {learned_mean: 4, proxy: 4, info: 2, limit: 4, n: 1},
            le(learned_mean, sp.sqrt(limit * info / (2 * n))),
            of=1,
        ),
        Mutant("any proxy", {learned_mean: 4, proxy: 4, info: 2, limit: 1, n: 1}, of=1, without=("proxy",)),
    ),
    covers=("GAP_PROXY",),
)

LEMMAS = (MASSART, SYMMETRY, MEAN_SUPREMUM, SAUER, INFORMATION_PART)
