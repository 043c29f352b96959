"""Nets over the weights: their size, and what moving to the nearest point does to the error."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import CLIPPED_SQUARE, NET, SHRINK

from ..engines import Identity, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals

diameter, radius, size, sensitivity, eps = reals("W r s J eps", positive=True)
points = reals("log_N")
# The radius is eps/(30 J): half of the 60 of (1 + 2 W/r)^s.
NET_RADIUS = eps * exact(2 / Fraction(NET)) / sensitivity
VOLUMES = {"volumes": le(points + size * sp.log(radius / 2), size * sp.log(diameter + radius / 2))}
LOGARITHM = eq(sp.log(1 + 2 * diameter / radius), sp.log(diameter + radius / 2) - sp.log(radius / 2))


def count(constant: Any) -> Relational:
    """log N <= s log(1 + constant W/r)."""
    return le(points, size * sp.log(1 + exact(constant) * diameter / radius))


UNIT = {diameter: 1, radius: 2, size: 1}
SIZE = Lemma(
    name="size of a net",
    source="volume comparison, Vershynin, High-Dimensional Probability (2018), Proposition 4.2.12",
    says="N points of a set of diameter W in R^s, no two within r, are a net if no more fit in. Balls of "
    "radius r/2 around them are disjoint and lie in the ball of radius W + r/2 around one of them, so "
    "their volumes give N (r/2)^s <= (W + r/2)^s, and N <= (1 + 2 W/r)^s.",
    hypotheses=VOLUMES,
    statement=(count(2),),
    steps=(
        Step("logarithms", LOGARITHM, Identity(), uses=()),
        Step("size", count(2), Polynomial()),
    ),
    mutants=(
        Mutant("2 becomes 1.9", {**UNIT, points: sp.log(2)}, count("19/10")),
        Mutant("any number", {**UNIT, points: 9}, without=("volumes",)),
    ),
    ranges={points: (-3, 0), size: (1, 4), radius: (1, 2), diameter: (1, 3)},
)

BALL_LOGARITHM = eq(sp.log(1 + diameter / radius), sp.log(diameter / 2 + radius / 2) - sp.log(radius / 2))
BALL_SIZE = Lemma(
    name="size of a net of a ball",
    source="the same volume comparison; here",
    says="If the set is a ball of diameter W, the small balls lie in the concentric one of radius W/2 + "
    "r/2, and N <= (1 + W/r)^s: half the constant of the general set.",
    hypotheses={"volumes": le(points + size * sp.log(radius / 2), size * sp.log(diameter / 2 + radius / 2))},
    statement=(count(1),),
    steps=(
        Step("logarithms", BALL_LOGARITHM, Identity(), uses=()),
        Step("size", count(1), Polynomial()),
    ),
    mutants=(
        Mutant("1 becomes 0.95", {**UNIT, points: sp.log(exact("3/2"))}, count("95/100")),
        Mutant("any number", {**UNIT, points: 9}, without=("volumes",)),
    ),
    ranges=SIZE.ranges,
)


def charge(constant: Any) -> Any:
    """log(1 + constant W J/eps), the nats for one weight."""
    return sp.log(1 + exact(constant) * diameter * sensitivity / eps)


def charged(constant: Any, part: Any) -> Relational:
    """What a net of radius eps/(30 J) needs, if N <= (1 + part W/r)^s."""
    return eq(sp.log(1 + part * diameter / NET_RADIUS), charge(constant))


PER_WEIGHT = Lemma(
    name="charge for one weight of the net",
    source="Bubeck & Sellke, arXiv 2105.12806, Theorem 3; Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 4",
    says="A net of radius eps/(30 J) costs log(1 + 60 W J/eps) nats a weight, and 30 in the place of 60 if "
    "the weight set is a ball.",
    statement=(charged(NET, 2), charged(Fraction(NET, 2), 1), eq(NET_RADIUS, eps / (30 * sensitivity))),
    steps=(
        Step("set", charged(NET, 2), Identity()),
        Step("ball", charged(Fraction(NET, 2), 1), Identity(), uses=()),
        Step("radius", eq(NET_RADIUS, eps / (30 * sensitivity)), Identity(), uses=()),
    ),
    mutants=(
        Mutant("60 becomes 58", {diameter: 1, sensitivity: 1, eps: 1}, charged(58, 2)),
        Mutant("30 becomes 29", {diameter: 1, sensitivity: 1, eps: 1}, charged(29, 1), of=1),
    ),
    covers=("NET",),
)

f, y, shift = reals("f y d")
moved = f + shift
BOX = {
    **{f"{name} low": ge(value, -1) for name, value in (("f", f), ("moved f", moved), ("y", y))},
    **{f"{name} high": le(value, 1) for name, value in (("f", f), ("moved f", moved), ("y", y))},
}
# J r = eps/30
REACH = NET_RADIUS * sensitivity
SQUARE_BELOW = le((f - y) ** 2, CLIPPED_SQUARE)


def moved_by(constant: Any, distance: Any) -> Relational:
    """The squared error at one sample."""
    return le((moved - y) ** 2, (f - y) ** 2 + exact(constant) * distance)


DIFFERENCE = moved_by(4, sp.Abs(shift))
STILL = moved_by(1 - SHRINK, eps)
END = {y: -1, eps: 1}
ROUNDING = Lemma(
    name="moving to the net",
    source="here; it repairs Kumar, Luo & Sellke, arXiv 2402.01089v1, Appendix B",
    says="f and f + d are the clipped outputs at one sample before and after moving to the nearest point of"
    " a net of radius r = eps/(30 J), so |d| <= J r = eps/30; y is the label. The squared error grows "
    "by at most 4 |d| <= 4 eps/30 = (1 - 13/15) eps, and so does its mean.",
    hypotheses={**BOX, "near": le(sp.Abs(shift), REACH)},
    statement=(SQUARE_BELOW, DIFFERENCE, STILL),
    steps=(
        Step("a square", SQUARE_BELOW, Polynomial(), uses=()),
        Step("difference of squares", DIFFERENCE, Polynomial(), "|2 f + d - 2 y| <= 4", uses=()),
        Step("in eps", STILL, Polynomial(), uses=("difference of squares",)),
    ),
    mutants=(
        Mutant("a square of 3.9", {**END, f: 1, shift: 0}, le(SQUARE_BELOW.lhs, exact("39/10"))),
        Mutant("4 becomes 3.8", {**END, f: "98/100", shift: "1/50"}, moved_by("38/10", sp.Abs(shift)), of=1),
        Mutant("13/15 becomes 0.87", {**END, f: "29/30", shift: "1/30"}, moved_by("13/100", eps), of=2),
        Mutant("a larger net", {**END, f: "1/2", shift: "1/2"}, of=2, without=("near",)),
    ),
    covers=(
        "SHRINK",
        "CLIPPED_SQUARE",
    ),
    ranges={f: ("-3/4", "3/4"), shift: (0, "1/40"), eps: ("9/10", 1), y: (-1, 1)},
)

error, error_moved, level = reals("mse mse' sigma2")
AFTER = le(error_moved, level - exact(SHRINK) * eps)
ROUNDED_FIT = Lemma(
    name="a moved network still fits",
    source="here; it repairs Kumar, Luo & Sellke, arXiv 2402.01089v1, Appendix B",
    says="If the mean squared error mse is at most sigma2 - eps, and moving to the net adds at most 2 "
    "eps/15 to it, the network moved to the net has mse' <= sigma2 - 13 eps/15.",
    hypotheses={
        "fit": le(error, level - eps),
        "moved": le(error_moved, error + 2 * eps / 15),
    },
    statement=(AFTER,),
    steps=(Step("subtract", AFTER, Polynomial()),),
    mutants=(
        Mutant(
            "as printed, the whole eps",
            {level: 1, eps: "1/2", error: "1/2", error_moved: "17/30"},
            le(error_moved, level - eps),
        ),
        Mutant(
            "13/15 becomes 0.89",
            {level: 1, eps: "1/2", error: "1/2", error_moved: "17/30"},
            le(error_moved, level - exact("89/100") * eps),
        ),
    ),
    covers=("SHRINK",),
    ranges={level: (2, 3), eps: (0, 1), error: (0, 1), error_moved: (0, 1)},
)

LEMMAS = (SIZE, BALL_SIZE, PER_WEIGHT, ROUNDING, ROUNDED_FIT)
