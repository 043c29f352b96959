"""The page: every lemma with its steps, mutants and what it rests on; no request to anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..kernel.lemma import Lemma
from ..kernel.verdicts import Outcome, Verdict
from ..pressure import Pressure
from ..runner import Report
from .formulas import latex, mathml
from .graph import MARKS, graph
from .plain import citations, sentence, shown
from .text import tightness


def write_page(reports: Sequence[Report], path: Path) -> None:
    """Write the page; the folder is made if it is not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(render(reports), encoding="utf-8")


def render(reports: Sequence[Report]) -> str:
    """The page as HTML text."""
    loader = Environment(
        loader=PackageLoader("proofs_check.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    links = _links(reports)
    used_by: dict[str, list[str]] = {r.name: [] for r in reports}
    for r in reports:
        for u in r.checked.lemma.uses():
            used_by.setdefault(u.name, []).append(r.name)
    return loader.get_template("proofs.html").render(
        words=sentence(reports),
        bad=[r.name for r in reports if r.verdict.rank > Verdict.CITED.rank],
        alive=[(r.name, m.change) for r in reports for m in r.alive],
        attacked=any(r.pressures is not None for r in reports),
        graph=graph(reports, links),
        marks={str(v): mark for v, mark in MARKS.items()},
        links=links,
        citations=citations(reports),
        lemmas=[_lemma(r, used_by[r.name]) for r in reports],
    )


def _links(reports: Sequence[Report]) -> dict[str, str]:
    """Name -> the place on the page, numbered because names may differ in signs only."""
    slugs = (re.sub(r"[^a-z0-9]+", "-", r.name.lower()).strip("-") for r in reports)
    return {r.name: f"{i}-{slug}" for i, (r, slug) in enumerate(zip(reports, slugs, strict=True), start=1)}


def _lemma(r: Report, used_by: Sequence[str]) -> Mapping[str, Any]:
    lemma = r.checked.lemma
    return {
        "name": r.name,
        "source": lemma.source,
        "says": lemma.says,
        "verdict": str(r.verdict),
        "words": r.checked.words,
        "witness": r.witness,
        "modulo": r.checked.modulo,
        "statement": [(mathml(c), latex(c)) for c in lemma.statement],
        "hypotheses": [(name, mathml(h), latex(h)) for name, h in lemma.hypotheses.items()],
        "steps": [_step(*step) for step in r.checked.steps],
        "engines": r.checked.engines,
        "mutants": _mutants(lemma, r.mutants),
        "tried": r.mutants is not None,
        "dead": r.dead,
        "pressures": [_pressure(p) for p in r.pressures or ()],
        "tightness": tightness(r.tightest),
        "uses": [u.name for u in lemma.uses()],
        "used_by": used_by,
        "covers": lemma.covers,
        "seconds": f"{r.checked.seconds:.2f}",
    }


def _step(step: Any, outcome: Outcome, seconds: float) -> Mapping[str, Any]:
    return {
        "name": step.name,
        "claim": mathml(step.claim),
        "latex": latex(step.claim),
        "engines": ", ".join(dict.fromkeys(e.name for e in step.engine.walk())),
        "why": step.why,
        "verdict": str(outcome.verdict),
        "words": outcome.words,
        "seconds": f"{seconds:.2f}",
    }


def _mutants(lemma: Lemma, outcomes: Sequence[Outcome] | None) -> list[Mapping[str, Any]]:
    return [
        {
            "change": m.change,
            "claim": "" if m.statement is None else mathml(m.statement),
            "witness": ", ".join(f"{s} = {v}" for s, v in shown(m.witness).items()),
            "killed": o.verdict is Verdict.REFUTED,
            "words": o.words,
        }
        for m, o in zip(lemma.mutants, outcomes or (), strict=outcomes is not None)
    ]


def _pressure(p: Pressure) -> Mapping[str, str]:
    point = ", ".join(f"{s} = {v}" for s, v in p.point.items())
    return {"claim": p.claim, "ratio": tightness(p), "point": point, "why": p.why, "tried": str(p.tried)}
