"""The discrete cube has no variance proxy of order 1/d: the exact variance that stands against it."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity, Instance, Polynomial
from ..engines.induction import Induction
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

m, k = sp.symbols("m k", integer=True, positive=True)
B = sp.Function("B")
middle = sp.binomial(2 * m, m)

ABSORBED = eq((k + 1) * sp.binomial(2 * m, k + 1), (2 * m - k) * sp.binomial(2 * m, k))
TELESCOPES = eq(
    k * sp.binomial(2 * m, k) - (k + 1) * sp.binomial(2 * m, k + 1), 2 * (k - m) * sp.binomial(2 * m, k)
)
EXCESS = Lemma(
    name="excess of a fair binomial count",
    source="here; De Moivre",
    says=(
        "For k ~ Bin(2m, 1/2), (k - m) C(2m, k) is half the difference of a(k) = k C(2m, k) and a(k + 1), so "
        "the sum over k > m is a(m + 1)/2 = (m/2) C(2m, m), and E (k - m)_+ = (m/2) C(2m, m)/4^m."
    ),
    hypotheses={"k": le(k, 2 * m - 1)},
    statement=(TELESCOPES, eq((m + 1) * sp.binomial(2 * m, m + 1), m * middle)),
    steps=(
        Step("absorption", ABSORBED, Identity()),
        Step("a difference", TELESCOPES, Polynomial(), uses=("absorption",)),
        Step("the first term", eq((m + 1) * sp.binomial(2 * m, m + 1), m * middle), Identity(), uses=()),
    ),
    mutants=(
        Mutant(
            "k - m + 1/20",
            {m: 2, k: 3},
            eq(
                k * sp.binomial(2 * m, k) - (k + 1) * sp.binomial(2 * m, k + 1),
                2 * (k - m + exact("1/20")) * sp.binomial(2 * m, k),
            ),
        ),
        Mutant("m + 1 for m", {m: 2, k: 1}, eq((m + 1) * sp.binomial(2 * m, m + 1), (m + 1) * middle), of=1),
    ),
    ranges={m: (1, 12), k: (1, 23)},
)

RATIO = ForAll((m,), eq(B(m + 1) * (2 * m + 2), B(m) * (2 * m + 1)))
CENTRAL = Lemma(
    name="the central binomial share",
    source="Wallis; here",
    says=(
        "B(m) = C(2m, m)/4^m, which starts at B(1) = 1/2 and has B(m + 1)/B(m) = (2m + 1)/(2m + 2), is at "
        "least 1/(2 sqrt m): B(m)^2 m >= 1/4."
    ),
    hypotheses={"start": eq(B(1), exact("1/2")), "ratio": RATIO},
    statement=(ge(B(m) ** 2 * m, exact("1/4")),),
    steps=(
        Step(
            "by induction",
            ge(B(m) ** 2 * m, exact("1/4")),
            Induction(m, 1, facts=((RATIO.claim, Instance(RATIO, {m: m})),)),
            "(2m + 1)^2 >= 4 m (m + 1)",
        ),
    ),
    mutants=(
        Mutant(
            "1/4 becomes 0.26, at m = 1",
            {m: 1, B: sp.Lambda(m, middle / 4**m)},
            ge(B(m) ** 2 * m, exact("26/100")),
        ),
        Mutant(
            "the ratio is 2m/(2m + 2)",
            {m: 2, B: sp.Lambda(m, 1 / (2 * m))},
            changed={"ratio": ForAll((m,), eq(B(m + 1) * (2 * m + 2), B(m) * 2 * m))},
        ),
    ),
)

variance, mean, square, share, proxy = reals("V mean square share rho")
b = reals("B", positive=True)
size = reals("m", positive=True)
LEAST = {size: 1, b: "1/2", square: "1/2", share: "1/2", mean: "1/2", variance: "1/4", proxy: "1/4"}
NO_PROXY = Lemma(
    name="no proxy of order 1/d for the discrete cube",
    source="here; Talagrand 1988 for the example",
    says=(
        "Corners of {-1/sqrt d, 1/sqrt d}^d, d = 2m. The distance h to the corners with at most m positive "
        "signs is 1-Lipschitz, h^2 = (4/d)(k - m)_+ for k positive signs, so E h^2 = B with B = C(2m, "
        "m)/4^m. As h = 0 with probability at least 1/2, Cauchy-Schwarz gives (E h)^2 <= E h^2/2 and the "
        "variance is at least B/2 >= 1/(4 sqrt m). A proxy rho is at least the variance, so rho d >= "
        "sqrt(m)/2: no constant bounds it."
    ),
    hypotheses={
        "second moment": ge(square, 4 / (2 * size) * (size / 2 * b)),
        "variance": ge(variance, square - mean**2),
        "Cauchy-Schwarz": le(mean**2, square * share),
        "half of the corners": le(share, exact("1/2")),
        "share": ge(share, 0),
        "the second moment is positive": ge(square, 0),
        "central binomial share": ge(b**2 * size, exact("1/4")),
        "a proxy covers the variance": le(variance, proxy),
    },
    statement=(ge(variance, b / 2), ge(proxy * (2 * size), sp.sqrt(size) / 2)),
    steps=(
        Step("E h^2", ge(square, b), Polynomial()),
        Step("half of it is variance", ge(variance, square / 2), Polynomial()),
        Step("B/2", ge(variance, b / 2), Polynomial(), uses=("E h^2", "half of it is variance")),
        Step("1/(2 sqrt m)", ge(b * sp.sqrt(size), exact("1/2")), Polynomial(), uses=()),
        Step("d rho", ge(proxy * (2 * size), b * size), Polynomial(), uses=("B/2",)),
        Step(
            "sqrt(m)/2",
            ge(proxy * (2 * size), sp.sqrt(size) / 2),
            Polynomial(),
            uses=("1/(2 sqrt m)", "d rho"),
        ),
    ),
    mutants=(
        Mutant("V >= 0.51 B", LEAST, ge(variance, exact("51/100") * b)),
        Mutant("rho d >= 0.51 sqrt m", LEAST, ge(proxy * (2 * size), exact("51/100") * sp.sqrt(size)), of=1),
        Mutant(
            "more than half of the corners",
            {**LEAST, share: 1, mean: "7/10", variance: "1/100"},
            without=("half of the corners",),
        ),
    ),
    ranges={
        size: (1, 9),
        b: ("1/2", 1),
        square: (1, 2),
        share: ("1/4", "1/2"),
        mean: (0, "1/2"),
        variance: (2, 3),
        proxy: (3, 4),
    },
)

LEMMAS = (EXCESS, CENTRAL, NO_PROXY)
