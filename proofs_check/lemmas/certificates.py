"""Variance proxies of named laws: what of each certificate is computed, and what is cited."""

from __future__ import annotations

import sympy as sp

from ..engines import Ball, Cited, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, gt, le, reals

best = reals("rho", nonnegative=True)
kappa, r, a, l1, l2 = reals("kappa r a lambda1 lambda2", positive=True)
d, N, u, v = reals("d N u v")
BOOK = "Bakry, Gentil & Ledoux, Analysis and Geometry of Markov Diffusion Operators 2014, "

CURVED = le(best, 1 / kappa)
LARGEST = sp.Max(l1, l2)
LOG_CONCAVE = Lemma(
    name="proxy of a strongly log-concave law",
    source="Bakry & Emery 1985",
    says=(
        "rho is the best log-Sobolev constant of a density exp(-V) on R^d with Hess V >= kappa > 0: at most "
        "1/kappa. A normal law has Hess V = S^-1, in the axes of S with eigenvalues lambda1, lambda2 (two "
        "stand for all), so it may take kappa = 1/lambda_max and rho <= lambda_max(S): 1/d for N(0, I_d/d)."
    ),
    hypotheses={"curvature": CURVED, "as much curvature as there is": ge(kappa, 1 / LARGEST)},
    ranges={kappa: (1, 2), l1: (1, 4), l2: (1, 4), best: (0, "1/2"), u: (-1, 1), v: (-1, 1)},
    statement=(CURVED, ge(u**2 / l1 + v**2 / l2, (u**2 + v**2) / LARGEST), le(best, LARGEST)),
    steps=(
        Step("curvature", CURVED, Cited(BOOK + "section 5.7, infinite dimension")),
        Step(
            "Hess V of a normal law",
            ge(u**2 / l1 + v**2 / l2, (u**2 + v**2) / LARGEST),
            Polynomial(),
            uses=(),
        ),
        Step("a normal law", le(best, LARGEST), Polynomial()),
    ),
    mutants=(
        Mutant(
            "lambda_max loses 3 %: a normal law attains it",
            {kappa: "1/4", l1: 1, l2: 4, best: 4},
            le(best, exact("97/100") * LARGEST),
            of=2,
        ),
        Mutant("the mean eigenvalue", {kappa: "1/4", l1: 1, l2: 4, best: 4}, le(best, (l1 + l2) / 2), of=2),
        Mutant(
            "the smallest eigenvalue",
            {kappa: "1/4", best: 1, l1: 1, l2: 4, u: 0, v: 1},
            ge(u**2 / l1 + v**2 / l2, (u**2 + v**2) / sp.Min(l1, l2)),
            of=1,
        ),
    ),
)

DIMENSION = le(best, ((d - 1) - 1) / ((d - 1) * ((d - 2) / r**2)))
SPHERE = Lemma(
    name="proxy of a sphere",
    source="Mueller & Weissler 1982",
    says=(
        "rho is the best log-Sobolev constant of the sphere of radius r in R^d, d >= 3: a manifold of "
        "dimension d - 1 with Ricci curvature (d - 2)/r^2, so the dimensional criterion (m - 1)/(m kappa) "
        "gives r^2/(d - 1); without the dimension it would be r^2/(d - 2)."
    ),
    hypotheses={"d": ge(d, 3), "curvature and dimension": DIMENSION},
    statement=(le(best, r**2 / (d - 1)), le(r**2 / (d - 1), r**2 / (d - 2))),
    steps=(
        Step("curvature and dimension", DIMENSION, Cited(BOOK + "section 5.7, finite dimension")),
        Step("r^2/(d - 1)", le(best, r**2 / (d - 1)), Polynomial()),
        Step("the gain", le(r**2 / (d - 1), r**2 / (d - 2)), Polynomial(), uses=()),
    ),
    mutants=(
        Mutant("r^2/d", {d: 3, r: 1, best: "1/2"}, le(best, r**2 / d)),
        Mutant(
            "r^2/(d - 1) loses 2 %", {d: 30, r: 1, best: "1/29"}, le(best, exact("98/100") * r**2 / (d - 1))
        ),
        Mutant("the gain is the other way", {d: 4, r: 1, best: 0}, ge(r**2 / (d - 1), r**2 / (d - 2)), of=1),
    ),
)

m = reals("m")
OUTER = le(best, ((m + 2) - 2) / (((m + 2) - 1) * (((m + 2) - 2) / r**2)))
SHADOW = Lemma(
    name="proxy of a ball",
    source="here",
    says=(
        "The ball of radius r in R^m, m >= 1, is the image of the sphere of radius r in R^(m + 2) under the "
        "projection to m coordinates, which is 1-Lipschitz and gives the uniform law: it keeps the sphere's "
        "proxy, r^2/(m + 1)."
    ),
    hypotheses={"m": ge(m, 1), "the sphere of R^(m + 2)": OUTER},
    statement=(le(best, r**2 / (m + 1)),),
    steps=(
        Step("the sphere", le(best, r**2 / ((m + 2) - 1)), Instance(SPHERE, {d: m + 2})),
        Step("the ball", le(best, r**2 / (m + 1)), Polynomial(), uses=("the sphere",)),
    ),
    mutants=(
        Mutant("r^2/(m + 2), its variance", {m: 1, r: 1, best: "1/2"}, le(best, r**2 / (m + 2))),
        Mutant(
            "r^2/(m + 1) loses 3 %", {m: 1, r: 1, best: "1/2"}, le(best, exact("97/100") * r**2 / (m + 1))
        ),
        Mutant("the sphere has no constant", {m: 1, r: 1, best: 1}, without=("the sphere of R^(m + 2)",)),
    ),
    ranges={m: (1, 9), best: (0, "1/20")},
)

radius = reals("R", positive=True)
CUBE = Lemma(
    name="proxy of a cube",
    source="Emery & Yukich 1987; Bakry, Gentil & Ledoux 2014, section 5.7",
    says=(
        "A circle of circumference 4a, so of radius R = 2a/pi, folds onto the interval [-a, a] by a "
        "1-Lipschitz map that keeps the uniform law. The circle has rho <= R^2, so the interval has "
        "(2a/pi)^2 = 4 a^2/pi^2, and with it the cube, a product. The variance a^2/3 of a coordinate is more "
        "than 0.82 of it."
    ),
    hypotheses={"circumference": le(2 * sp.pi * radius, 4 * a), "the circle": le(best, radius**2)},
    statement=(
        le(best, 4 * a**2 / sp.pi**2),
        le(a**2 / 3, 4 * a**2 / sp.pi**2),
        ge(a**2 / 3, exact("82/100") * (4 * a**2 / sp.pi**2)),
    ),
    steps=(
        Step(
            "the circle",
            le(best, radius**2),
            Cited("Emery & Yukich, A simple proof of the logarithmic Sobolev inequality on the circle 1987"),
        ),
        Step("pi^2 is below 12", le(sp.pi**2, 12), Ball({}), uses=()),
        Step("pi^2 is above 9.84", ge(sp.pi**2, exact("984/100")), Ball({}), uses=()),
        Step("pi", gt(sp.pi, 3), Ball({}), uses=()),
        Step("the interval", le(best, 4 * a**2 / sp.pi**2), Polynomial(), uses=("the circle", "pi")),
        Step(
            "room for the variance",
            le(a**2 / 3, 4 * a**2 / sp.pi**2),
            Polynomial(),
            uses=("pi^2 is below 12", "pi"),
        ),
        Step(
            "not much room",
            ge(a**2 / 3, exact("82/100") * (4 * a**2 / sp.pi**2)),
            Polynomial(),
            uses=("pi^2 is above 9.84", "pi"),
        ),
    ),
    mutants=(
        Mutant(
            "3.28 for 4: below the variance",
            {a: 1, radius: 2 / sp.pi, best: 0},
            le(a**2 / 3, exact("328/100") * a**2 / sp.pi**2),
            of=1,
        ),
        Mutant(
            "the variance is 0.83 of it",
            {a: 1, radius: 2 / sp.pi, best: 0},
            ge(a**2 / 3, exact("83/100") * (4 * a**2 / sp.pi**2)),
            of=2,
        ),
        Mutant(
            "the circle is 2.5 % longer",
            {a: 1, radius: exact("205/100") / sp.pi, best: exact("42/100")},
            changed={"circumference": le(2 * sp.pi * radius, exact("41/10") * a)},
        ),
    ),
)

# Ricci curvature of a group with a bi-invariant metric: |[X, E]|^2/4 over an orthonormal basis.
MOST = 5


def _unit(i: int, j: int, size: int) -> sp.Matrix:
    """E_ij - E_ji: orthogonal for the Frobenius product, of squared length 2."""
    m = sp.zeros(size, size)
    m[i, j], m[j, i] = 1, -1
    return m


def _curvature(size: int) -> tuple[sp.Expr, sp.Expr]:
    """Ric(X, X) by brackets, and |X|^2, for a skew X of that size with free entries."""
    pairs = [(i, j) for i in range(size) for j in range(i)]
    x = sum((sp.Symbol(f"x{i}{j}", real=True) * _unit(i, j, size) for i, j in pairs), sp.zeros(size, size))
    brackets = [x * _unit(i, j, size) - _unit(i, j, size) * x for i, j in pairs]
    # a unit vector is _unit/sqrt 2
    total = sum(entry**2 for b in brackets for entry in b) / 2
    return sp.expand(total) / 4, sum(entry**2 for entry in x)


RICCI = {size: _curvature(size) for size in range(3, MOST + 1)}
GROUP_CLAIMS = {s: eq(ric, sp.Rational(s - 2, 4) * norm) for s, (ric, norm) in RICCI.items()}
x10, x20, x21 = (sp.Symbol(f"x{i}", real=True) for i in ("10", "20", "21"))
BY_CURVATURE = le(best, 1 / ((N - 2) / 4))
GROUP = Lemma(
    name="proxy of the rotation group",
    source="Milnor 1976, section 7; Bakry & Emery 1985",
    says=(
        "SO(N) with the Frobenius metric has Ric(X, X) = (1/4) sum |[X, E]|^2 over an orthonormal basis of "
        "skew matrices, which is (N - 2)/4 |X|^2: here for every X with N = 3, 4, 5. Curvature kappa = (N - "
        "2)/4 gives rho <= 1/kappa = 4/(N - 2), for 1-Lipschitz images such as Stiefel frames too."
    ),
    hypotheses={"N": ge(N, 3), "curvature": BY_CURVATURE},
    statement=(*GROUP_CLAIMS.values(), le(best, 4 / (N - 2))),
    steps=(
        *(Step(f"Ricci curvature, N = {s}", claim, Identity(), uses=()) for s, claim in GROUP_CLAIMS.items()),
        Step("1/kappa", BY_CURVATURE, Cited(BOOK + "section 5.7, infinite dimension"), uses=()),
        Step("4/(N - 2)", le(best, 4 / (N - 2)), Polynomial(), uses=("1/kappa",)),
    ),
    mutants=(
        Mutant(
            "(N - 1)/4 for N = 3",
            {x10: 1, x20: 0, x21: 0, N: 3, best: 0},
            eq(RICCI[3][0], sp.Rational(2, 4) * RICCI[3][1]),
        ),
        Mutant("4/(N - 1)", {N: 3, best: 4}, le(best, 4 / (N - 1)), of=3),
    ),
    ranges={N: (3, 9), best: (0, 1)},
)

LEMMAS = (LOG_CONCAVE, SPHERE, SHADOW, CUBE, GROUP)
