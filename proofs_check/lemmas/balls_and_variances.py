"""Projections of spheres, and exact variances below the proxies of spheres, balls and cubes."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals

d, k = sp.symbols("d k", integer=True, positive=True)
x = reals("x", positive=True)


def _moment(inner: sp.Expr, outer: sp.Expr, order: sp.Expr) -> sp.Expr:
    """E |P x|^(2 order) for the projection P to `inner` coordinates of the unit sphere of R^outer."""
    top = sp.gamma(inner / 2 + order) * sp.gamma(outer / 2)
    return top / (sp.gamma(inner / 2) * sp.gamma(outer / 2 + order))


BALL_MOMENTS = eq(_moment(d, d + 2, k), d / (d + 2 * k))
RADIAL = eq(sp.diff(d * x ** (d + 2 * k) / (d + 2 * k), x), x ** (2 * k) * (d * x ** (d - 1)))
DENSITY = eq((1 - x**2) ** (((d + 2) - d - 2) / 2), 1)
PROJECTION = Lemma(
    name="the ball is the shadow of a sphere",
    source="Archimedes, for d = 1; here",
    says=(
        "Projected to d coordinates, the sphere of R^m has |P x|^2 ~ Beta(d/2, (m - d)/2) and density "
        "proportional to (1 - |x|^2)^((m - d - 2)/2), which for m = d + 2 is constant: the ball of R^d. Its "
        "moments E |x|^(2k) = d/(d + 2k) are those of the radius, whose density is d x^(d-1) on (0, 1)."
    ),
    statement=(BALL_MOMENTS, DENSITY, RADIAL),
    steps=(
        Step("moments", BALL_MOMENTS, Identity()),
        Step("density", DENSITY, Identity()),
        Step("moments of the radius", RADIAL, Identity(), "the antiderivative is d/(d + 2k) at 1 and 0 at 0"),
    ),
    mutants=(
        Mutant("the sphere of R^(d+1)", {d: 3, k: 1, x: "1/2"}, eq(_moment(d, d + 1, k), d / (d + 2 * k))),
        Mutant(
            "the sphere of R^(d+3) has a density",
            {d: 3, k: 1, x: "1/2"},
            eq((1 - x**2) ** (((d + 3) - d - 2) / 2), 1),
            of=1,
        ),
        Mutant("moments d/(d + k)", {d: 2, k: 1, x: "1/2"}, eq(_moment(d, d + 2, k), d / (d + k))),
    ),
    ranges={x: ("1/10", 1), d: (1, 8), k: (1, 4)},
)

v = reals("v", nonnegative=True)
n = reals("d")
ON_SPHERE, IN_BALL = n * v, (n + 2) * v  # r^2, by the variance of a coordinate
SPHERE = Lemma(
    name="variance and proxy of a sphere",
    source="here",
    says=(
        "v is the variance of a coordinate of the sphere of radius r in R^d, d >= 2: the d coordinates have "
        "the same variance and squares with sum r^2, so r^2 = d v. A proxy is at least v; r^2/(d - 1) is so, "
        "and the best possible up to the factor d/(d - 1) <= 2."
    ),
    hypotheses={"d": ge(n, 2)},
    statement=(
        le(v, ON_SPHERE / (n - 1)),
        le(ON_SPHERE / (n - 1), n / (n - 1) * v),
        le(n / (n - 1), 2),
    ),
    steps=(
        Step("below the proxy", le(v, ON_SPHERE / (n - 1)), Polynomial()),
        Step("not far below", le(ON_SPHERE / (n - 1), n / (n - 1) * v), Polynomial()),
        Step("the factor", le(n / (n - 1), 2), Polynomial()),
    ),
    mutants=(
        Mutant("proxy r^2/(d + 1)", {n: 50, v: 1}, le(v, ON_SPHERE / (n + 1))),
        Mutant("the factor is below 1.95", {n: 2, v: 1}, le(n / (n - 1), exact("195/100")), of=2),
        Mutant("any d above 1", {n: "3/2", v: 1}, without=("d",), changed={"1": ge(n, exact("3/2"))}, of=2),
    ),
)

BALL = Lemma(
    name="variance and proxy of a ball",
    source="here",
    says=(
        "v is the variance of a coordinate of the ball of radius r in R^d: d v = E |x|^2 = r^2 d/(d + 2), so "
        "r^2 = (d + 2) v. The proxy r^2/(d + 1), that of the sphere of R^(d+2), is at least v and the best "
        "possible up to the factor (d + 2)/(d + 1) <= 3/2."
    ),
    hypotheses={"d": ge(n, 1)},
    statement=(le(v, IN_BALL / ((n + 2) - 1)), le(IN_BALL / ((n + 2) - 1), exact("3/2") * v)),
    steps=(
        Step("below the proxy", le(v, IN_BALL / ((n + 2) - 1)), Polynomial()),
        Step("not far below", le(IN_BALL / ((n + 2) - 1), exact("3/2") * v), Polynomial()),
    ),
    mutants=(
        Mutant("proxy r^2/(d + 3)", {n: 50, v: 1}, le(v, IN_BALL / (n + 3))),
        Mutant("3/2 becomes 1.45", {n: 1, v: 1}, le(IN_BALL / (n + 1), exact("145/100") * v), of=1),
    ),
)

LEMMAS = (PROJECTION, SPHERE, BALL)
