"""Refuting: printed claims that are wrong, and false neighbours of lemmas, which have to die."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from .balls import holds_at
from .defined import objection
from .engine import Engine
from .lemma import Lemma, Mutant
from .points import points_for
from .terms import ForAll, Hypothesis, assumed, exact, replaced, same, symbols_of
from .verdicts import Outcome, Verdict, inconclusive, proved, refuted

FORALL_CHECKS = 60


def refute(claim: Relational, hypotheses: Mapping[str, Hypothesis], witness: Mapping[Any, Any]) -> Outcome:
    """REFUTED if at the witness every hypothesis holds and the claim is false, in exact arithmetic.

    A function among the witness's keys is given as a sympy Lambda; a hypothesis for all values is then
    tried at exact points, at each of which it has to hold.
    """
    if reason := objection(claim) or _not_a_point(witness):
        return inconclusive(reason)
    carried = [(str(c), c) for c in assumed(symbols_of([claim, *hypotheses.values()]))]
    for name, h in (*carried, *hypotheses.items()):
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
    premises: list[Any] = list(rest.values())
    if engine.decide(claim, premises).verdict is Verdict.PROVED:
        return proved("an engine proved the mutant: the engine is wrong")
    return refuted(mutant.change, mutant.witness)


def _prover(lemma: Lemma, mutant: Mutant) -> Engine | None:
    target = lemma.statement[mutant.of]
    return next((s.engine for s in lemma.steps if same(s.claim, target)), None)


def _met(h: Hypothesis, witness: Mapping[Any, Any]) -> bool:
    if not isinstance(h, ForAll):
        return _holds(h, witness) is True
    rest = {k: v for k, v in witness.items() if k not in h.symbols}
    claim = _put(h.claim, rest)
    points = points_for(claim, [_put(c, rest) for c in h.where], FORALL_CHECKS)
    tried = [holds_at(claim, p) is True for p in points]
    return bool(tried) and all(tried)


def _not_a_point(witness: Mapping[Any, Any]) -> str | None:
    """A witness gives real constants to symbols, and formulas without inexact numbers to functions."""
    for key, value in witness.items():
        if isinstance(value, sp.Lambda):
            if value.has(sp.Float):
                return f"{key} holds a float"
            continue
        constant = exact(value)
        if constant.free_symbols or not holds_at(sp.Eq(constant, constant, evaluate=False), {}):
            return f"{key} = {constant} is no real constant"
        if key.is_integer and not constant.is_integer:
            return f"{key} = {constant} is no integer"
    return None


def _holds(claim: Relational, witness: Mapping[Any, Any]) -> bool | None:
    return holds_at(_put(claim, witness), {})


def _put(claim: Relational, witness: Mapping[Any, Any]) -> Relational:
    functions = {k: v for k, v in witness.items() if isinstance(k, sp.core.function.UndefinedFunction)}
    for function, value in functions.items():
        sides = (side.replace(function, value).doit() for side in (claim.lhs, claim.rhs))
        claim = type(claim)(*sides, evaluate=False)
    return replaced(claim, {k: exact(v) for k, v in witness.items() if k not in functions})
