"""Reports as plain values: for JSON, and for the page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from ..kernel.lemma import Mutant, Step
from ..kernel.terms import ForAll, Hypothesis
from ..kernel.verdicts import Outcome, Verdict
from ..pressure import Pressure
from ..runner import Report, exit_status


def as_json(reports: Sequence[Report]) -> dict[str, Any]:
    """Everything that was found, in the catalogue's order; only the seconds differ from run to run."""
    return {"totals": totals(reports), "lemmas": [_report(r) for r in reports]}


def totals(reports: Sequence[Report]) -> dict[str, Any]:
    verdicts = Counter(r.verdict for r in reports)
    tried = [r for r in reports if r.mutants is not None]
    return {
        "lemmas": len(reports),
        **{str(v): verdicts[v] for v in Verdict},
        "mutants": sum(len(r.mutants or ()) for r in tried),
        "mutants_killed": sum(r.dead for r in tried),
        "steps": sum(len(r.checked.steps) for r in reports),
        "seconds": round(sum(r.checked.seconds for r in reports), 3),
        "exit_status": exit_status(reports),
    }


def sentence(reports: Sequence[Report]) -> str:
    """The totals in words."""
    t = totals(reports)
    counts = ", ".join(f"{t[v]} {v}" for v in Verdict if t[v])
    killed = f" {t['mutants_killed']} of {t['mutants']} mutants killed." if t["mutants"] else ""
    return f"{t['lemmas']} lemmas: {counts}; {t['steps']} steps in {t['seconds']:.1f} s.{killed}"


def citations(reports: Sequence[Report]) -> dict[str, list[str]]:
    """What is taken from the literature -> the lemmas that rest on it."""
    found: dict[str, list[str]] = {}
    for r in reports:
        for source in r.checked.modulo:
            found.setdefault(source, []).append(r.name)
    return found


def told(h: Hypothesis) -> str:
    """A claim or a statement for all values, in a line."""
    if not isinstance(h, ForAll):
        return str(sp.sstr(h))
    where = f" with {', '.join(map(str, h.where))}" if h.where else ""
    return f"{h.claim} for all {', '.join(map(str, h.symbols))}{where}"


def _report(r: Report) -> dict[str, Any]:
    lemma = r.checked.lemma
    mutants = zip(lemma.mutants, r.mutants or (), strict=r.mutants is not None)
    return {
        "name": r.name,
        "source": lemma.source,
        "says": lemma.says,
        "verdict": str(r.verdict),
        "words": r.checked.words,
        "witness": r.witness,
        "modulo": list(r.checked.modulo),
        "statement": [told(c) for c in lemma.statement],
        "hypotheses": {name: told(h) for name, h in lemma.hypotheses.items()},
        "steps": [_step(*step) for step in r.checked.steps],
        "uses": [u.name for u in lemma.uses()],
        "covers": list(lemma.covers),
        "mutants": None if r.mutants is None else [_mutant(m, o) for m, o in mutants],
        "pressure": None if r.pressures is None else [_pressure(p) for p in r.pressures],
        "seconds": round(r.checked.seconds, 3),
    }


def _step(step: Step, outcome: Outcome, seconds: float) -> dict[str, Any]:
    return {
        "name": step.name,
        "claim": told(step.claim),
        "engines": [e.name for e in step.engine.walk()],
        "why": step.why,
        "verdict": str(outcome.verdict),
        "words": outcome.words,
        "witness": dict(outcome.witness),
        "seconds": round(seconds, 3),
    }


def _mutant(mutant: Mutant, outcome: Outcome) -> dict[str, Any]:
    return {
        "change": mutant.change,
        "claim": None if mutant.statement is None else told(mutant.statement),
        "without": list(mutant.without),
        "witness": shown(mutant.witness),
        "killed": outcome.verdict is Verdict.REFUTED,
        "words": outcome.words,
    }


def _pressure(p: Pressure) -> dict[str, Any]:
    return {
        "claim": p.claim,
        "ratio": p.ratio,
        "point": dict(p.point),
        "tried": p.tried,
        "refuted": p.refuted,
        "why": p.why,
    }


def shown(witness: Mapping[Any, Any]) -> dict[str, str]:
    """Symbol -> value, as text."""
    return {str(s): str(v) for s, v in witness.items()}
