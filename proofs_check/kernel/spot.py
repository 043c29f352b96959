"""The statement of a lemma at random exact points: a second opinion that no engine shares."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from ..engines.logic import Exhaustive, Expectation
from ..engines.shannon import entropies, is_entropy, variables
from .balls import holds_at
from .points import points_for
from .terms import ForAll, exact, symbols_of
from .verdicts import Outcome, proved, refuted

if TYPE_CHECKING:
    from .lemma import Lemma

SPOT_CHECKS = 8
ENTROPY_CHECKS = 4
TABLES = 30


def spot_check(lemma: Lemma) -> Outcome:
    """REFUTED if a claim is false at a point where every hypothesis holds."""
    if reason := no_points(lemma):
        return proved(f"no points: {reason}")
    tried = 0
    for claim in lemma.statement:
        if claim.has(AppliedUndef):
            continue
        for point in lemma_points(lemma, claim):
            if holds_at(claim, point) is False:
                return refuted(f"{claim} is false at a point", point)
            tried += 1
    return proved(f"{tried} points agree")


def no_points(lemma: Lemma) -> str | None:
    """Why a lemma cannot be tried at points, None if it can."""
    if any(isinstance(h, ForAll) for h in lemma.conditions()):
        return "a hypothesis speaks of all values"
    if any(h.has(AppliedUndef) for h in lemma.conditions() if not isinstance(h, ForAll)):
        return "a hypothesis speaks of an unknown function"
    if any(isinstance(e, Expectation) for e in lemma.engines()):
        return "it speaks of means"
    if any(isinstance(e, Exhaustive) for e in lemma.engines()):
        return "it speaks of a finite family, all of which is tried"
    return None


def lemma_points(lemma: Lemma, claim: Relational) -> Iterator[dict[Any, Any]]:
    """Exact points at which the hypotheses hold; entropies are those of random tables."""
    if any(is_entropy(s) for s in symbols_of([claim, *lemma.conditions()])):
        yield from _tables(lemma, claim)
    else:
        yield from points_for(claim, lemma.conditions(), SPOT_CHECKS, lemma.ranges)


def _tables(lemma: Lemma, claim: Relational) -> Iterator[dict[Any, Any]]:
    names, rng, found = variables([claim, *lemma.conditions()]), random.Random(0), 0
    others = {s for s in symbols_of([claim, *lemma.conditions()]) if not is_entropy(s)}
    for _ in range(TABLES if len(names) <= 4 and not others else 0):
        point = entropies(names, _table(len(names), rng))
        if all(holds_at(h, point) for h in lemma.conditions()):
            yield point
            found += 1
            if found == ENTROPY_CHECKS:
                return


def _table(count: int, rng: random.Random) -> dict[tuple[int, ...], Fraction]:
    """Each variable is a random function of one or two of three bits, which are fair or not."""
    chances = [Fraction(rng.choice((1, 1, 2)), rng.choice((2, 3))) for _ in range(3)]
    looks = [(rng.sample(range(3), 2), [rng.randint(0, 1) for _ in range(4)]) for _ in range(count)]
    table: dict[tuple[int, ...], Fraction] = {}
    for bits in itertools.product((0, 1), repeat=3):
        chance = Fraction(1)
        for bit, one in zip(bits, chances, strict=True):
            chance *= one if bit else 1 - one
        outcome = tuple(rule[2 * bits[i] + bits[j]] for (i, j), rule in looks)
        if chance:
            table[outcome] = table.get(outcome, Fraction(0)) + chance
    return {outcome: exact(chance) for outcome, chance in table.items()}
