"""Exponentials against polynomials and each other: what tails and moment generating functions need."""

from __future__ import annotations

import sympy as sp

from ..engines import Ball, Cases, Chain, Concave, Increasing, Instance, Monotone, Polynomial, Sign
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, le, reals

x = reals("x")
y = reals("y", nonnegative=True)
TANGENT = Lemma(
    name="exp above its tangent",
    source="convexity",
    says="1 + y <= e^y for y >= 0.",
    statement=(le(1 + y, sp.exp(y)),),
    steps=(Step("integrated", le(1 + y, sp.exp(y)), Monotone(y, 0, slope=Monotone(y, 0))),),
    mutants=(
        Mutant("1.03 y", {y: "1/50"}, le(1 + exact("103/100") * y, sp.exp(y))),
        Mutant("reversed", {y: 1}, ge(1 + y, sp.exp(y))),
    ),
    ranges={y: (0, 5)},
)

PARABOLA = le(sp.exp(x), 1 + x + x**2)
BELOW_0 = Monotone(
    x,
    0,
    slope=Monotone(x, 0, slope=Monotone(x, 0, at_start=Sign(), falling=True), falling=True),
    falling=True,
)
BELOW_1 = Monotone(x, 0, slope=Concave(x, 0, 1, ends=Ball({})))
UNDER_PARABOLA = Lemma(
    name="exp below a parabola",
    source="here",
    says="e^x <= 1 + x + x^2 for x <= 1.",
    hypotheses={"below": le(x, 1)},
    statement=(PARABOLA,),
    steps=(
        Step(
            "two sides",
            PARABOLA,
            Cases((((le(x, 0),), BELOW_0), ((ge(x, 0),), BELOW_1))),
            "value and slope of the gap are 0 at 0; its slope 1 + 2x - e^x has one sign on either side",
        ),
    ),
    mutants=(
        Mutant("0.48 x^2", {x: "1/50"}, le(sp.exp(x), 1 + x + exact("48/100") * x**2)),
        Mutant("any x", {x: 2}, without=("below",)),
    ),
    ranges={x: (-4, 1)},
)

SQUARE = le(sp.exp(x), x + sp.exp(x**2))
FAR = Chain((sp.exp(x**2),), (Increasing(sp.exp, x, x**2), Sign()))
NEAR = Chain(
    (1 + x + x**2,),
    (Instance(UNDER_PARABOLA), Polynomial()),
)
POINTWISE = Lemma(
    name="exp below its square's",
    source="van Handel, Probability in High Dimension (2016), Problem 3.1",
    says="e^x <= x + e^(x^2) for all real x.",
    statement=(SQUARE,),
    steps=(
        Step("tangent at 0", le(1 + x**2, sp.exp(x**2)), Instance(TANGENT, {y: x**2})),
        Step("two ranges", SQUARE, Cases((((le(x, 1),), NEAR), ((ge(x, 1),), FAR)))),
    ),
    mutants=(
        Mutant("0.48 x^2", {x: "1/50"}, le(sp.exp(x), x + sp.exp(exact("48/100") * x**2))),
        Mutant("without x", {x: "1/2"}, le(sp.exp(x), sp.exp(x**2))),
    ),
    ranges={x: (-2, 3)},
)

power = reals("r")
weight = reals("h")
INTERPOLATED = le(sp.exp(power * weight), 1 - power + power * sp.exp(weight))
BERNOULLI = Lemma(
    name="a power below its chord",
    source="Bernoulli's inequality",
    says="e^(r h) <= 1 - r + r e^h for 0 <= r <= 1: its mean is Jensen's inequality for the power r.",
    hypotheses={"low": ge(power, 0), "high": le(power, 1)},
    statement=(INTERPOLATED,),
    steps=(Step("concave in r", INTERPOLATED, Concave(power, 0, 1)),),
    mutants=(
        Mutant("r above 1", {power: 2, weight: 1}, without=("high",)),
        Mutant(
            "3 % less", {power: 1, weight: 1}, le(sp.exp(power * weight), exact("97/100") * INTERPOLATED.rhs)
        ),
    ),
    ranges={power: (0, 1), weight: (-2, 2)},
)

LEMMAS = (TANGENT, UNDER_PARABOLA, POINTWISE, BERNOULLI)
