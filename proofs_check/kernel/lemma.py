"""Lemmas: a statement, its hypotheses, the steps that prove it, and mutants that must die.

A lemma is data. Its statement is one or several claims; each has to be, literally, the claim of a
step, and every step is decided from the hypotheses and the claims of earlier steps.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy.core.relational import Relational

from ..engines.logic import Instance
from .engine import Engine
from .inspect import inspect
from .spot import spot_check
from .terms import Hypothesis, same
from .verdicts import Outcome, Verdict, weakest


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
        inspect(self)

    def conditions(self) -> tuple[Hypothesis, ...]:
        return tuple(self.hypotheses.values())

    def uses(self) -> tuple[Lemma, ...]:
        """Lemmas that the steps take instances of."""
        found: list[Lemma] = []
        for engine in self.engines():
            # two lemmas of one name are still two lemmas
            if isinstance(engine, Instance) and isinstance(engine.of, Lemma) and engine.of not in found:
                found.append(engine.of)
        return tuple(found)

    def engines(self) -> Iterator[Engine]:
        """All engines of all steps."""
        for step in self.steps:
            yield from step.engine.walk()


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


@dataclass(frozen=True)
class Decided:
    """What the engines say of a lemma's own steps, in plain words that any process can read."""

    steps: tuple[tuple[Outcome, float], ...]
    spot: Outcome


def check(lemma: Lemma, known: Mapping[str, Checked] | None = None) -> Checked:
    """Run every step. `known` holds lemmas already checked; others that are used are checked here."""
    return conclude(lemma, decide(lemma), [_known(u, known or {}) for u in lemma.uses()])


def _known(lemma: Lemma, known: Mapping[str, Checked]) -> Checked:
    found = known.get(lemma.name)
    return found if found is not None and found.lemma == lemma else check(lemma, known)


def decide(lemma: Lemma) -> Decided:
    """The lemma's own steps; lemmas that it uses are taken as true."""
    return Decided(tuple(_timed(lemma, step) for step in lemma.steps), spot_check(lemma))


def conclude(lemma: Lemma, decided: Decided, used: Sequence[Checked]) -> Checked:
    """The verdict on a lemma, from its own steps and the lemmas that it uses."""
    steps = tuple((s, o, t) for s, (o, t) in zip(lemma.steps, decided.steps, strict=True))
    verdict, words = weakest([*(o.verdict for _, o, _ in steps), *(c.verdict for c in used)]), ""
    taken = [*(m for _, o, _ in steps for m in o.modulo), *(m for c in used for m in c.modulo)]
    modulo = tuple(dict.fromkeys(taken))
    missing = [c for c in lemma.statement if not any(same(c, s.claim) for s in lemma.steps)]
    if decided.spot.verdict is Verdict.REFUTED:
        return Checked(lemma, Verdict.REFUTED, decided.spot.words, steps, modulo, decided.spot.witness)
    if bad := next(((s.name, o) for s, o, _ in steps if o.verdict.rank > Verdict.CITED.rank), None):
        words = f"step {bad[0]}: {bad[1].words}"
    elif weak := next((c for c in used if c.verdict.rank > Verdict.CITED.rank), None):
        words = f"uses {weak.lemma.name}, which is {weak.verdict}"
    elif missing:
        verdict, words = Verdict.INCONCLUSIVE, f"no step claims {missing[0]}"
    if words:
        # a false step, or a false lemma below, does not make the statement false
        return Checked(lemma, Verdict.INCONCLUSIVE, words, steps, modulo)
    words = "proved modulo: " + "; ".join(modulo) if modulo else "every step is proved"
    return Checked(lemma, verdict, words, steps, modulo)


def _timed(lemma: Lemma, step: Step) -> tuple[Outcome, float]:
    start = time.process_time()
    outcome = step.engine.decide(step.claim, list(_premises(lemma, step)))
    return outcome, time.process_time() - start


def _premises(lemma: Lemma, step: Step) -> Iterator[Any]:
    """Hypotheses, and claims of earlier steps."""
    yield from lemma.conditions()
    for earlier in lemma.steps:
        if earlier is step:
            return
        if step.uses is None or earlier.name in step.uses:
            yield earlier.claim
