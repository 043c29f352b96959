"""The result as tables for a terminal."""

from __future__ import annotations

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..kernel.verdicts import Verdict
from ..pressure import Pressure
from ..runner import Report
from .plain import citations, sentence

EQUAL = 1e-9  # a ratio this close to 1 is printed as equality
COLOURS = {
    Verdict.PROVED: "green",
    Verdict.CITED: "cyan",
    Verdict.INCONCLUSIVE: "yellow",
    Verdict.REFUTED: "red",
}


def print_reports(reports: Sequence[Report], console: Console) -> None:
    """The table; what is taken from the literature, in full; what failed, in full; the totals."""
    console.print(_table(reports))
    for r in reports:
        if r.checked.modulo:
            line = f"{r.name}: {r.verdict} modulo " + "; ".join(r.checked.modulo)
            console.print(Text(line), soft_wrap=True)
    for line in _failures(reports):
        console.print(Text(line, style="bold"), soft_wrap=True)
    if sources := citations(reports):
        console.print(f"{len(sources)} facts are not checked here.", highlight=False)
    console.print(sentence(reports), highlight=False, soft_wrap=True)


def _table(reports: Sequence[Report]) -> Table:
    attacked = any(r.pressures is not None for r in reports)
    table = Table(title="Lemmas", title_justify="left")
    for name in ("lemma", "source", "verdict", "engines"):
        table.add_column(name, overflow="fold")
    for name in ("seconds", "mutants killed"):
        table.add_column(name, justify="right")
    if attacked:
        table.add_column("tightest", justify="right")
    table.add_column("witness", overflow="fold")
    for r in reports:
        mutants = "-" if r.mutants is None else f"{r.dead}/{len(r.mutants)}"
        row: list[str | Text] = [
            Text(r.name),
            Text(r.checked.lemma.source),
            Text(str(r.verdict), style=COLOURS[r.verdict]),
            Text(", ".join(r.checked.engines)),
            f"{r.checked.seconds:.2f}",
            Text(mutants, style="red" if r.alive else ""),
            *([tightness(r.tightest)] if attacked else []),
            Text(r.witness),
        ]
        table.add_row(*row)
    return table


def tightness(p: Pressure | None) -> str:
    """The ratio in a few characters; rounded down, so that 1 is equality."""
    if p is None or p.ratio is None:
        return "-"
    if p.refuted:
        return f"{p.ratio:.4g} !"
    return "1" if p.ratio > 1 - EQUAL else f"{math.floor(p.ratio * 10**4) / 10**4:.4f}"


def _failures(reports: Sequence[Report]) -> list[str]:
    bad = [
        f"{r.name}: {r.verdict}: {r.checked.words}" for r in reports if r.verdict.rank > Verdict.CITED.rank
    ]
    alive = [f"{r.name}: the mutant {m.change!r} lives" for r in reports for m in r.alive]
    pressed = [
        f"{r.name}: {p.claim} is false at {dict(p.point)}"
        for r in reports
        for p in r.pressures or ()
        if p.refuted
    ]
    return [*bad, *alive, *pressed]
