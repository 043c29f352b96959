"""W and J of a multilayer perceptron: how much its output moves with its weights."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..engines import Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, le, reals

R, r = reals("R r", nonnegative=True)
matrix, bias, hidden, layer = reals("W b h h_next", nonnegative=True)
GROWN = le(layer, R * (r + 1))
SIZE_OF_LAYER = Lemma(
    name="size of a layer",
    source="here",
    says="All weights and biases of the network lie in a ball of radius R, so |W| <= R and |b| <= R for "
    "each layer. If |h| <= r and the activation has slopes at most 1 and phi(0) = 0, the next layer "
    "has |phi(W h + b)| <= |W| |h| + |b| <= R (r + 1).",
    hypotheses={
        "layer": le(layer, matrix * hidden + bias),
        "weights": le(matrix, R),
        "biases": le(bias, R),
        "before": le(hidden, r),
    },
    statement=(GROWN,),
    steps=(Step("monotone", GROWN, Polynomial()),),
    mutants=(
        Mutant(
            "3 % less",
            {layer: 2, matrix: 1, hidden: 1, bias: 1, R: 1, r: 1},
            le(layer, exact("97/100") * R * (r + 1)),
        ),
        Mutant("any bias", {layer: 3, matrix: 1, hidden: 1, bias: 2, R: 1, r: 1}, without=("biases",)),
    ),
    ranges={layer: (0, 1), matrix: (0, 1), hidden: (0, 1), bias: (0, 1), R: (1, 2), r: (1, 2)},
)

before, after, total, distance, dw, db = reals("D D_next T delta dW db", nonnegative=True)


def step(scale: Any) -> Relational:
    """D_next^2 <= T_next delta_next^2 with T_next = R^2 T + r^2 + 1, delta_next^2 = delta^2 + dW^2 + db^2."""
    return le(after**2, exact(scale) * (R**2 * total + r**2 + 1) * (distance**2 + dw**2 + db**2))


# Cauchy and Schwarz for (R root, r, 1) and (delta, dW, db), root^2 = T
root = sp.sqrt(total)
LAGRANGE = eq(
    (R**2 * total + r**2 + 1) * (distance**2 + dw**2 + db**2) - (R * root * distance + r * dw + db) ** 2,
    (R * root * dw - r * distance) ** 2 + (R * root * db - distance) ** 2 + (r * db - dw) ** 2,
)
CAUCHY = le(
    (R * root * distance + r * dw + db) ** 2,
    (R**2 * total + r**2 + 1) * (distance**2 + dw**2 + db**2),
)
BOUNDED = le(after, R * root * distance + r * dw + db)
SQUARED = le(after**2, (R * root * distance + r * dw + db) ** 2)
one = {R: 1, r: 1, total: 1, distance: 1, dw: 1, db: 1, before: 1, after: 3}
RECURSION = Lemma(
    name="sensitivity, one more layer",
    source="here; Cauchy and Schwarz",
    says="D is the distance of the hidden layers of two networks whose weights up to there are delta apart,"
    " D <= sqrt(T) delta, T = 0 for the inputs. The next layers differ by at most D_next <= |W'| D + "
    "|h| dW + db <= R D + r dW + db, and so by sqrt(R^2 T + r^2 + 1) times the distance of the weights"
    " up to there: J^2 is found by T -> R^2 T + r^2 + 1 from 0.",
    hypotheses={
        "triangle": le(after, R * before + r * dw + db),
        "before": le(before, root * distance),
    },
    statement=(step(1),),
    steps=(
        Step("Lagrange's identity", LAGRANGE, Identity(), uses=()),
        Step("Cauchy and Schwarz", CAUCHY, Polynomial(), uses=("Lagrange's identity",)),
        Step("both layers", BOUNDED, Polynomial(), uses=()),
        Step("squares", SQUARED, Polynomial(), uses=("both layers",)),
        Step("one more layer", step(1), Polynomial(), uses=("squares", "Cauchy and Schwarz")),
    ),
    mutants=(
        Mutant("3 % less", one, step("97/100")),
        Mutant("any layer before", {**one, before: 3, after: 5}, without=("before",)),
    ),
    ranges=dict.fromkeys((R, r, total, distance, dw, db), (0, 2)) | {before: (0, "1/4"), after: (0, "1/2")},
)

small, middle, large = reals("a b c")
TRANSITIVE = Lemma(
    name="transitivity",
    source="order",
    says="a <= b and b <= c give a <= c: it joins long inequalities without opening them.",
    hypotheses={"first": le(small, middle), "second": le(middle, large)},
    statement=(le(small, large),),
    steps=(Step("order", le(small, large), Polynomial()),),
    mutants=(
        Mutant("first dropped", {small: 2, middle: 0, large: 1}, without=("first",)),
        Mutant("second dropped", {small: 1, middle: 2, large: 0}, without=("second",)),
    ),
)

steps_of_two = (R**2 * (R**2 * 0 + r**2 + 1) + (R * (r + 1)) ** 2 + 1).expand()
UNROLLED = eq(steps_of_two, (R * (r + 1)) ** 2 + R**2 * r**2 + R**2 + 1)
da, de = reals("da de", nonnegative=True)
change = reals("change", nonnegative=True)


def two_layers(scale: Any) -> Relational:
    return le(change**2, exact(scale) * UNROLLED.rhs * (da**2 + dw**2 + db**2 + de**2))


LINEAR = R * (r + 1) * da + R * r * dw + R * db + de
PAIRS = ((R * (r + 1), da), (R * r, dw), (R, db), (1, de))
FOUR = eq(
    UNROLLED.rhs * (da**2 + dw**2 + db**2 + de**2) - LINEAR**2,
    sum((p * y - q * x) ** 2 for i, (p, x) in enumerate(PAIRS) for q, y in PAIRS[i + 1 :]),
)
FOUR_CAUCHY = le(LINEAR**2, UNROLLED.rhs * (da**2 + dw**2 + db**2 + de**2))
half = {R: 1, r: 1, da: 2, dw: 1, db: 1, de: 1, change: 7}
TWO = Lemma(
    name="sensitivity of two layers",
    source="here; Cauchy and Schwarz",
    says="f = <a, phi(W x + b)> + e on |x| <= r with all weights in a ball of radius R: a change of the "
    "weights by (da, dW, db, de) changes f by at most R (r + 1) da + R r dW + R db + de, so J^2 = (R "
    "(r + 1))^2 + R^2 r^2 + R^2 + 1, which is what two steps of the recursion give.",
    hypotheses={"triangle": le(change, LINEAR)},
    statement=(UNROLLED, two_layers(1)),
    steps=(
        Step("two steps", UNROLLED, Identity(), uses=()),
        Step("Lagrange's identity", FOUR, Identity(), uses=()),
        Step("Cauchy and Schwarz", FOUR_CAUCHY, Polynomial(), uses=("Lagrange's identity",)),
        Step("squares", le(change**2, LINEAR**2), Polynomial(), uses=()),
        Step(
            "together",
            two_layers(1),
            Instance(TRANSITIVE, {small: change**2, middle: LINEAR**2, large: FOUR_CAUCHY.rhs}),
            uses=("squares", "Cauchy and Schwarz"),
        ),
    ),
    mutants=(
        Mutant("3 % less", half, two_layers("97/100"), of=1),
        Mutant("any change", {**half, change: 8}, of=1, without=("triangle",)),
    ),
    ranges=dict.fromkeys((R, r, da, dw, db, de), (0, 2)) | {change: (0, 1)},
)

LEMMAS = (SIZE_OF_LAYER, RECURSION, TRANSITIVE, TWO)
