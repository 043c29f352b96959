"""Means of a ReLU unit under normal and spherical inputs: what exact centring rests on."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, lt, reals

s = reals("s", positive=True)
b, x = reals("b x")


def density(u: sp.Expr) -> sp.Expr:
    """Of the standard normal law."""
    return sp.exp(-(u**2) / 2) / sp.sqrt(2 * sp.pi)


def distribution(u: sp.Expr) -> sp.Expr:
    """P(N <= u)."""
    return (1 + sp.erf(u / sp.sqrt(2))) / 2


def normal_mean(bias: sp.Expr) -> sp.Expr:
    """s phi(b/s) + b Phi(b/s)."""
    return s * density(bias / s) + bias * distribution(bias / s)


GROWS = eq(sp.diff(normal_mean(b), b), distribution(b / s))
ODD = eq(normal_mean(b) - normal_mean(-b), b)
AT_0 = eq(normal_mean(sp.Integer(0)), s / sp.sqrt(2 * sp.pi))
PRIMITIVE = eq(sp.diff(-s * density(x), x), s * x * density(x))
NORMAL = Lemma(
    name="mean of a ReLU under a normal law",
    source="here",
    says=(
        "G(b) = E relu(N(b, s^2)) has G'(b) = P(b + s N > 0) = Phi(b/s), and so has F(b) = s phi(b/s) + b "
        "Phi(b/s). They agree at b = 0, where G(0) is the integral of s x phi(x) over x > 0, s phi(0) = "
        "s/sqrt(2 pi): so G = F. As relu(u) - relu(-u) = u, also F(b) - F(-b) = b."
    ),
    statement=(GROWS, AT_0, ODD, PRIMITIVE),
    steps=(
        Step("the derivative", GROWS, Identity()),
        Step("at 0", AT_0, Identity()),
        Step("odd part", ODD, Identity()),
        Step("the antiderivative of s x phi(x)", PRIMITIVE, Identity(), "from 0 on it rises by s phi(0)"),
    ),
    mutants=(
        Mutant(
            "phi(b/s) without s",
            {s: 2, b: 1, x: 1},
            eq(sp.diff(density(b / s) + b * distribution(b / s), b), distribution(b / s)),
        ),
        Mutant(
            "0.97 s at 0",
            {s: 1, b: 0, x: 1},
            eq(exact("97/100") * normal_mean(sp.Integer(0)), s / sp.sqrt(2 * sp.pi)),
            of=1,
        ),
        Mutant("Phi(b) for Phi(b/s)", {s: 2, b: 1, x: 1}, eq(sp.diff(normal_mean(b), b), distribution(b))),
    ),
    ranges={s: ("1/4", 3), b: (-3, 3), x: (0, 3)},
)

d = sp.symbols("d", integer=True, positive=True)
u = reals("u", positive=True)
PEAK = sp.gamma((d + 1) / 2) / (sp.sqrt(sp.pi) * sp.gamma(d / 2))
PRINTED = sp.gamma((d + 1) / 2) / (2 * sp.sqrt(sp.pi) * sp.gamma((d + 2) / 2))
HALF = (d - 2) / 2
HEIGHT = eq(sp.diff(-((1 - u**2) ** (HALF + 1)) / (d), u), u * (1 - u**2) ** HALF)
LENGTH = sp.sqrt(2) * sp.gamma((d + 2) / 2) / sp.gamma((d + 1) / 2)
SPHERE = Lemma(
    name="mean of a ReLU under a sphere",
    source="here",
    says=(
        "Inputs on the unit sphere of R^(d+1), d >= 1. A coordinate has density c (1 - u^2)^((d-2)/2), c = "
        "Gamma((d+1)/2)/(sqrt(pi) Gamma(d/2)), and u (1 - u^2)^((d-2)/2) integrates to 1/d over (0, 1), so E "
        "relu(w.x) = |w| c/d = |w| Gamma((d+1)/2)/(2 sqrt(pi) Gamma((d+2)/2)). A normal vector of R^(d+1) is "
        "its length times a point of the sphere: sqrt(2/pi) = E|g_1| = E|g| E|x_1| gives the same."
    ),
    statement=(
        HEIGHT,
        eq(PEAK / d, PRINTED),
        eq(2 * PRINTED * LENGTH, sp.sqrt(2 / sp.pi)),
        eq(PRINTED.subs(d, 1), 1 / sp.pi),
        eq(PRINTED.subs(d, 2), sp.Rational(1, 4)),
    ),
    hypotheses={"inside": lt(u, 1)},
    steps=(
        Step("the antiderivative", HEIGHT, Identity(), "from u = 0 to 1 it rises by 1/d"),
        Step("the formula", eq(PEAK / d, PRINTED), Identity(), uses=()),
        Step("against a normal vector", eq(2 * PRINTED * LENGTH, sp.sqrt(2 / sp.pi)), Identity(), uses=()),
        Step("the circle", eq(PRINTED.subs(d, 1), 1 / sp.pi), Identity(), uses=()),
        Step("the sphere of R^3", eq(PRINTED.subs(d, 2), sp.Rational(1, 4)), Identity(), uses=()),
    ),
    mutants=(
        Mutant("the factor 1/2 is forgotten", {d: 3, u: "1/2"}, eq(PEAK / d, 2 * PRINTED), of=1),
        Mutant(
            "Gamma at one half less",
            {d: 3, u: "1/2"},
            eq(PEAK / d, sp.gamma(d / 2) / (2 * sp.sqrt(sp.pi) * sp.gamma((d + 1) / 2))),
            of=1,
        ),
        Mutant(
            "1/(d - 1)",
            {d: 3, u: "1/2"},
            eq(sp.diff(-((1 - u**2) ** (HALF + 1)) / (d + 1), u), u * (1 - u**2) ** HALF),
        ),
    ),
    ranges={d: (1, 9), u: ("1/10", "9/10")},
)

LEMMAS = (NORMAL, SPHERE)
