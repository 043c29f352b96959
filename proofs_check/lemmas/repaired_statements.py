"""Statements of the printed text, as they are true; the audit names them."""

from __future__ import annotations

import sympy as sp

from ..engines import Ball, Identity, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals
from .repaired_steps import NFP

HALF = exact("1/2")

constant, limit, gap = reals("kappa b gap", positive=True)
TOO_LARGE = ge(gap, constant * sp.sqrt(limit * sp.log(2)))
SCALE = Lemma(
    name="a loss in [0,b] needs b squared under the root",
    source=f"{NFP}, Theorem 6",
    says=(
        "One fair bit z as data, two functions, f = z after training, loss b if f is not z: the training "
        "risk is 0, the risk b/2, so the gap is b/2, while log N + I = log 2 and n = 1. Whatever kappa, "
        "the gap is above kappa sqrt(b (log N + I)/n) once b >= 4 kappa^2: no bound with b in the place "
        "of b^2 holds for all b."
    ),
    statement=(TOO_LARGE,),
    hypotheses={"gap": eq(gap, limit / 2), "scale": ge(limit, 4 * constant**2)},
    steps=(
        Step("log 2 < 1", le(sp.log(2), 1), Ball({}), uses=()),
        Step("at scale b", le(constant * sp.sqrt(limit * sp.log(2)), limit / 2), Polynomial()),
        Step("gap", TOO_LARGE, Polynomial(), uses=("at scale b",)),
    ),
    mutants=(
        Mutant(
            "b = 1",
            {constant: 1, limit: 1, gap: HALF},
            changed={"scale": ge(limit, constant**2)},
        ),
        Mutant(
            "with b squared", {constant: 1, limit: 4, gap: 2}, ge(gap, constant * limit * sp.sqrt(sp.log(2)))
        ),
    ),
)


small, large = reals("s t", positive=True)
FALLS = le(1 / large, 1 / small)
RECIPROCAL = Lemma(
    name="the reciprocal falls",
    source=NFP,
    says="For 0 < s <= t: 1/t <= 1/s.",
    statement=(FALLS,),
    hypotheses={"order": le(small, large)},
    steps=(Step("divide", FALLS, Polynomial()),),
    mutants=(
        Mutant("increasing", {small: 1, large: 2}, le(1 / small, 1 / large)),
        Mutant("the order is dropped", {small: 2, large: 1}, without=("order",)),
    ),
)


inputs, hidden, outputs = sp.symbols("d h o", integer=True, positive=True)
COUNT = inputs * hidden + hidden + hidden * outputs + outputs
BY_UNIT = eq(COUNT, hidden * (inputs + 1) + outputs * (hidden + 1))
TOY = Lemma(
    name="parameters of the toy networks",
    source=f"{NFP}, Figure 4",
    says=(
        "One hidden layer of h units between d inputs and o outputs has d h + h + h o + o weights and "
        "biases: 21 for 3-4-1 (squared error) and 20 for 3-3-2 (cross-entropy)."
    ),
    statement=(
        BY_UNIT,
        eq(COUNT.subs({inputs: 3, hidden: 4, outputs: 1}), 21),
        eq(COUNT.subs({inputs: 3, hidden: 3, outputs: 2}), 20),
    ),
    steps=(
        Step("unit by unit", BY_UNIT, Identity()),
        Step("3-4-1", eq(COUNT.subs({inputs: 3, hidden: 4, outputs: 1}), 21), Identity()),
        Step("3-3-2", eq(COUNT.subs({inputs: 3, hidden: 3, outputs: 2}), 20), Identity()),
    ),
    mutants=(
        Mutant("21 for 3-3-2", {}, eq(COUNT.subs({inputs: 3, hidden: 3, outputs: 2}), 21), of=2),
        Mutant(
            "biases are left out",
            {},
            eq((inputs * hidden + hidden * outputs).subs({inputs: 3, hidden: 3, outputs: 2}), 20),
            of=2,
        ),
    ),
)

LEMMAS = (SCALE, RECIPROCAL, TOY)
