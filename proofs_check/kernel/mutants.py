"""Refuting: printed claims that are wrong, and false neighbours of lemmas, which have to die."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .balls import holds_at
from .engine import Engine
from .lemma import SPOT_CHECKS, Lemma, Mutant
from .points import points_for
from .terms import ForAll, Hypothesis, assumed, exact, replaced, same, symbols_of
from .verdicts import Outcome, Verdict, inconclusive, proved, refuted


def refute(claim: Relational, hypotheses: Mapping[str, Hypothesis], witness: Mapping[Any, Any]) -> Outcome:
    """REFUTED if at the witness every hypothesis holds and the claim is false, in exact arithmetic.

    A function among the witness's keys is given as a sympy Lambda; a hypothesis for all values is then
    tried at exact points, of which none may fail.
    """
    carried = {str(c): c for c in assumed(symbols_of([claim, *hypotheses.values()]))}
    for name, h in {**carried, **hypotheses}.items():
        if not _met(h, witness):
            return inconclusive(f"the witness does not meet the hypothesis {name}")
    if _holds(claim, witness) is not False:
        return inconclusive("the claim is not false at the witness")
    return refuted(f"{claim} is false", witness)


def attack(lemma: Lemma, mutant: Mutant) -> Outcome:
    """REFUTED if the mutant dies: false at its witness, and its lemma's own engine does not prove it."""
    if unknown := set(mutant.without) - set(lemma.hypotheses):
        return inconclusive(f"no hypothesis is called {sorted(unknown)}")
    claim = mutant.statement if mutant.statement is not None else lemma.statement[mutant.of]
    rest = {n: h for n, h in lemma.hypotheses.items() if n not in mutant.without} | dict(mutant.changed)
    found = refute(claim, rest, mutant.witness)
    engine = _prover(lemma, mutant)
    if found.verdict is not Verdict.REFUTED or engine is None:
        return found
    premises = [h for h in rest.values() if not isinstance(h, ForAll)]
    if engine.decide(claim, premises).verdict is Verdict.PROVED:
        return proved("an engine proved the mutant: the engine is wrong")
    return refuted(mutant.change, mutant.witness)


def _prover(lemma: Lemma, mutant: Mutant) -> Engine | None:
    target = lemma.statement[mutant.of]
    return next((s.engine for s in lemma.steps if same(s.claim, target)), None)


def _met(h: Hypothesis, witness: Mapping[Any, Any]) -> bool:
    if not isinstance(h, ForAll):
        return _holds(h, witness) is True
    claim = _put(h.claim, witness)
    points: Iterable[Any] = points_for(claim, [_put(c, witness) for c in h.where], SPOT_CHECKS)
    return all(holds_at(claim, p) is not False for p in points)


def _holds(claim: Relational, witness: Mapping[Any, Any]) -> bool | None:
    return holds_at(_put(claim, witness), {})


def _put(claim: Relational, witness: Mapping[Any, Any]) -> Relational:
    functions = {k: v for k, v in witness.items() if isinstance(k, sp.core.function.UndefinedFunction)}
    for function, value in functions.items():
        sides = (side.replace(function, value).doit() for side in (claim.lhs, claim.rhs))
        claim = type(claim)(*sides, evaluate=False)
    return replaced(claim, {k: exact(v) for k, v in witness.items() if k not in functions})
