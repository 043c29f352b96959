"""Lemmas: a statement, its hypotheses, the steps that prove it, and mutants that must die.

A lemma is data. Its statement is one or several claims; each has to be, literally, the claim of a
step, and every step is decided from the hypotheses and the claims of earlier steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from ..engines.logic import Instance
from .balls import holds_at
from .engine import Engine
from .points import points_for
from .terms import ForAll, Hypothesis, InexactNumber, same, symbols_of
from .verdicts import Outcome, Verdict, proved, refuted, weakest

SPOT_CHECKS = 20


@dataclass(frozen=True)
class Step:
    """One claim and the engine that decides it.

    why  : the reason in words
    uses : earlier steps whose claims are premises besides the hypotheses; None for all of them
    """

    name: str
    claim: Relational
    engine: Engine
    why: str = ""
    uses: tuple[str, ...] | None = None


@dataclass(frozen=True)
class Mutant:
    """A false neighbour of a lemma, with the place where it fails.

    change    : what was changed, in words
    statement : the changed claim, or None if a hypothesis was dropped
    of        : which of the lemma's claims it changes
    without   : names of hypotheses that are dropped
    changed   : hypothesis -> what takes its place
    witness   : symbol (or function) -> exact value at which what remains holds and the claim does not
    """

    change: str
    witness: Mapping[Any, Any]
    statement: Relational | None = None
    of: int = 0
    without: tuple[str, ...] = ()
    changed: Mapping[str, Hypothesis] = field(default_factory=dict)


@dataclass(frozen=True)
class Lemma:
    """A claim that can be checked.

    name       : how it is called; source is where it is from, with the number there
    says       : the statement in words, with what the symbols mean
    statement  : the claims, unevaluated sympy relations
    hypotheses : name -> claim or ForAll
    covers     : names of constants in robustlaw.laws.constants that the lemma proves
    ranges     : where points are drawn from in spot checks and attacks, symbol -> (low, high)
    """

    name: str
    source: str
    says: str
    statement: tuple[Relational, ...]
    steps: tuple[Step, ...]
    hypotheses: Mapping[str, Hypothesis] = field(default_factory=dict)
    mutants: tuple[Mutant, ...] = ()
    covers: tuple[str, ...] = ()
    ranges: Mapping[Any, tuple[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for claim in (*self.statement, *(s.claim for s in self.steps), *self.conditions()):
            relation = claim.claim if isinstance(claim, ForAll) else claim
            if relation.has(sp.Float):
                raise InexactNumber(f"{self.name}: {relation} holds a float")

    def conditions(self) -> tuple[Hypothesis, ...]:
        return tuple(self.hypotheses.values())

    def uses(self) -> tuple[Lemma, ...]:
        """Lemmas that the steps take instances of."""
        found = {}
        for step in self.steps:
            for engine in step.engine.walk():
                if isinstance(engine, Instance) and isinstance(engine.of, Lemma):
                    found[engine.of.name] = engine.of
        return tuple(found.values())


@dataclass(frozen=True)
class Checked:
    """What checking a lemma found.

    steps   : outcome and seconds of every step
    modulo  : everything that is taken from the literature, here or in a lemma that is used
    """

    lemma: Lemma
    verdict: Verdict
    words: str
    steps: tuple[tuple[Step, Outcome, float], ...]
    modulo: tuple[str, ...] = ()
    witness: Mapping[str, str] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        return sum(seconds for _, _, seconds in self.steps)

    @property
    def engines(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(e.name for step, _, _ in self.steps for e in step.engine.walk()))


def check(lemma: Lemma, known: Mapping[str, Checked] | None = None) -> Checked:
    """Run every step. `known` holds lemmas already checked; others that are used are checked here."""
    used = [(known or {}).get(u.name) or check(u, known) for u in lemma.uses()]
    steps = tuple(_timed(lemma, step) for step in lemma.steps)
    missing = [c for c in lemma.statement if not any(same(c, s.claim) for s in lemma.steps)]
    spot = _spot_check(lemma)
    verdict = weakest([*(o.verdict for _, o, _ in steps), *(c.verdict for c in used)])
    words = "every step is proved"
    if bad := [(s.name, o) for s, o, _ in steps if o.verdict.rank > Verdict.CITED.rank]:
        verdict = max(verdict, Verdict.INCONCLUSIVE, key=lambda v: v.rank)
        words = f"step {bad[0][0]}: {bad[0][1].words}"
    elif verdict.rank > Verdict.CITED.rank:
        words = f"uses {next(c.lemma.name for c in used if c.verdict is verdict)}, which is {verdict}"
    if missing:
        verdict, words = Verdict.INCONCLUSIVE, f"no step claims {missing[0]}"
    if verdict is Verdict.REFUTED and spot.verdict is not Verdict.REFUTED:
        # a false step does not make the statement false
        verdict = Verdict.INCONCLUSIVE
    if spot.verdict is Verdict.REFUTED:
        verdict, words = Verdict.REFUTED, spot.words
    taken = [*(m for _, o, _ in steps for m in o.modulo), *(m for c in used for m in c.modulo)]
    modulo = tuple(dict.fromkeys(taken))
    if modulo and verdict is Verdict.CITED:
        words = "proved modulo: " + "; ".join(modulo)
    return Checked(lemma, verdict, words, steps, modulo, spot.witness)


def _timed(lemma: Lemma, step: Step) -> tuple[Step, Outcome, float]:
    start = time.process_time()
    outcome = step.engine.decide(step.claim, list(_premises(lemma, step)))
    return step, outcome, time.process_time() - start


def _premises(lemma: Lemma, step: Step) -> Iterator[Any]:
    """Hypotheses and earlier claims; statements for all values only where an instance is taken."""
    takes = any(isinstance(e, Instance) for e in step.engine.walk())
    yield from (h for h in lemma.conditions() if takes or not isinstance(h, ForAll))
    for earlier in lemma.steps:
        if earlier is step:
            return
        if step.uses is None or earlier.name in step.uses:
            yield earlier.claim


def _spot_check(lemma: Lemma) -> Outcome:
    """The statement at random exact points: a second opinion that no engine shares."""
    plain = [h for h in lemma.conditions() if not isinstance(h, ForAll)]
    if len(plain) < len(lemma.conditions()):
        return proved("no points: a hypothesis speaks of all values")
    if any(h.has(AppliedUndef) for h in plain):
        return proved("no points: a hypothesis speaks of an unknown function")
    if any(s.name.startswith("H(") for s in symbols_of(lemma.statement)):
        return proved("no points: entropies are those of a table, not free numbers")
    tried = 0
    for claim in lemma.statement:
        if claim.has(AppliedUndef):
            continue
        for point in points_for(claim, lemma.conditions(), SPOT_CHECKS, lemma.ranges):
            if holds_at(claim, point) is False:
                return refuted(f"{claim} is false at a point", point)
            tried += 1
    return proved(f"{tried} points agree")
