"""Random masks: exact probabilities by enumeration of every mask, and their general formulas."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from itertools import product

import sympy as sp

from ..engines import Instance, Polynomial
from ..engines.induction import Induction
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, reals

p, p1, p2, a = reals("p p1 p2 a")
n, d, h = sp.symbols("n d h", integer=True, nonnegative=True)
C = sp.Function("C")
Rows = tuple[tuple[int, ...], ...]


def masks(units: int, inputs: int) -> Iterator[Rows]:
    """Every mask of a layer, as rows of bits."""
    rows = list(product((0, 1), repeat=inputs))
    return product(rows, repeat=units)


def mean_by_enumeration(inputs: int, units: int, value: Callable[[Rows, tuple[int, ...]], int]) -> sp.Expr:
    """E value(first layer, output layer) over all masks kept entry by entry: a polynomial in p1 and p2."""
    terms: Counter[tuple[int, int]] = Counter()
    for first in masks(units, inputs):
        ones = sum(map(sum, first))
        for last in product((0, 1), repeat=units):
            terms[ones, sum(last)] += value(first, last)
    most = units * inputs
    return sum(
        (c * p1**i * (1 - p1) ** (most - i) * p2**j * (1 - p2) ** (units - j) for (i, j), c in terms.items()),
        sp.Integer(0),
    )


def covered(first: Rows, last: tuple[int, ...]) -> int:
    """1 if every input reaches some kept unit."""
    kept = [row for row, on in zip(first, last, strict=True) if on]
    return int(all(any(column) for column in zip(*kept, strict=True))) if kept else 0


def effective(first: Rows, last: tuple[int, ...]) -> int:
    """Kept entries on a path from an input to the output."""
    return sum(sum(row) + 1 for row, on in zip(first, last, strict=True) if on and any(row))


def linked(first: Rows, last: tuple[int, ...]) -> int:
    """1 if some hidden copy reaches the output and has a kept edge from some copy of the input."""
    return int(any(on and any(row) for row, on in zip(first, last, strict=True)))


def coverage(inputs: int, units: int) -> sp.Expr:
    """E (1 - (1-p1)^k)^d for k ~ Bin(n, p2)."""
    return sum(
        (
            sp.binomial(units, k) * p2**k * (1 - p2) ** (units - k) * (1 - (1 - p1) ** k) ** inputs
            for k in range(units + 1)
        ),
        sp.Integer(0),
    )


SHAPES = ((1, 1), (1, 3), (2, 1), (2, 2), (3, 2), (2, 3), (3, 3))
COVERED = {s: eq(mean_by_enumeration(*s, covered), coverage(*s)) for s in SHAPES}
ONE_INPUT = ForAll((n,), eq(C(n + 1), C(n) + (1 - C(n)) * p))
ALL = eq(C(n), 1 - (1 - p) ** n)
COVERAGE = Lemma(
    name="coverage of the inputs by a random layer",
    source="here; after Gadhikar, Mukherjee & Burkholz 2023",
    says=(
        "Every entry of a layer of n units and d inputs is kept with probability p1, every output weight "
        "with p2. All inputs are covered with probability E (1 - (1-p1)^k)^d, k ~ Bin(n, p2), which for p2 = "
        "1 is (1 - (1-p1)^n)^d: by enumeration of all masks of seven layers (all values of p1, p2), and for "
        "one input by induction: C(n), the chance that one of n units sees it, gains (1 - C) p with one more "
        "unit; d inputs have entries of their own."
    ),
    hypotheses={"no unit": eq(C(0), 0), "one more unit": ONE_INPUT},
    statement=(*COVERED.values(), ALL, eq(coverage(3, 3).subs(p2, 1), (1 - (1 - p1) ** 3) ** 3)),
    steps=(
        *(Step(f"{i} inputs, {u} units", c, Polynomial(), uses=()) for (i, u), c in COVERED.items()),
        Step(
            "one input",
            ALL,
            Induction(n, 0, facts=((ONE_INPUT.claim, Instance(ONE_INPUT, {n: n})),)),
            uses=(),
        ),
        Step(
            "no output mask", eq(coverage(3, 3).subs(p2, 1), (1 - (1 - p1) ** 3) ** 3), Polynomial(), uses=()
        ),
    ),
    mutants=(
        Mutant(
            "2 inputs of one unit counted as independent of the output",
            {p1: "1/2", p2: "1/2", p: "1/2", n: 1, C: sp.Lambda(n, 1 - exact("1/2") ** n)},
            eq(COVERED[2, 1].lhs, (p1 * p2) ** 2),
            of=2,
        ),
        Mutant(
            "one input, np",
            {p: "1/2", n: 2, p1: 0, p2: 0, C: sp.Lambda(n, 1 - exact("1/2") ** n)},
            eq(C(n), n * p),
            of=7,
        ),
        Mutant(
            "(1-p)^d for the complement",
            {p1: "1/2", p2: 1, p: "1/2", n: 1, C: sp.Lambda(n, 1 - exact("1/2") ** n)},
            eq(COVERED[3, 2].lhs, (1 - (1 - p1) ** 3) ** 2),
            of=4,
        ),
    ),
)

EDGE_SHAPES = ((1, 1), (1, 3), (2, 2), (3, 2), (2, 3), (3, 3))


def containment(inputs: int, units: int) -> sp.Expr:
    """1 - (1 - p2 (1 - (1-p1)^q0))^q1."""
    return 1 - (1 - p2 * (1 - (1 - p1) ** inputs)) ** units


LINKED = {s: eq(mean_by_enumeration(*s, linked), containment(*s)) for s in EDGE_SHAPES}
UNION = le((1 - p2 + p2 * a) ** n, (1 - p2) ** n + n * a)
EDGE = Lemma(
    name="a target edge in a random source",
    source="Burkholz 2022, theorem 2.1 (recalled); here",
    says=(
        "A path of two target edges, from q0 copies of the input through q1 copies of the unit. Some copy is "
        "linked both ways with probability 1 - (1 - p2 (1 - (1-p1)^q0))^q1 (all masks of six sources "
        "enumerated). It is at least the union bound 1 - (1-p2)^q1 - q1 (1-p1)^q0, which asks for every copy "
        "to see its input; a is (1-p1)^q0, n is q1."
    ),
    hypotheses={"p2 >= 0": ge(p2, 0), "p2 <= 1": le(p2, 1), "a >= 0": ge(a, 0), "a <= 1": le(a, 1)},
    statement=(*LINKED.values(), UNION),
    steps=(
        *(Step(f"{i} and {u} copies", c, Polynomial(), uses=()) for (i, u), c in LINKED.items()),
        Step(
            "the union bound",
            UNION,
            Induction(
                n,
                0,
                facts=(
                    (ge((1 - p2) ** n, 0), Induction(n, 0)),
                    (le((1 - p2) ** n, 1), Induction(n, 0, facts=((ge((1 - p2) ** n, 0), Induction(n, 0)),))),
                ),
            ),
            uses=(),
        ),
    ),
    mutants=(
        Mutant(
            "one copy's failure is forgotten",
            {p1: 0, p2: 1, a: "1/2", n: 1},
            le((1 - p2 + p2 * a) ** n, (1 - p2) ** n + (n - 1) * a),
            of=6,
        ),
        Mutant(
            "0.97 a",
            {p1: 0, p2: 1, a: "1/2", n: 1},
            le((1 - p2 + p2 * a) ** n, (1 - p2) ** n + n * exact("97/100") * a),
            of=6,
        ),
        Mutant(
            "copies of the unit share one link",
            {p1: "1/2", p2: "1/2", a: 0, n: 0},
            eq(LINKED[2, 2].lhs, (1 - (1 - p2) ** 2) * (1 - (1 - p1) ** 2)),
            of=2,
        ),
    ),
    ranges={p1: (0, 1), p2: (0, 1), a: (0, 1), n: (0, 4)},
)

LEMMAS = (COVERAGE, EDGE)
