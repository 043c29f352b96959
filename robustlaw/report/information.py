"""The table of exact label information: pruners across densities, averaged over initialisations."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import BrokenInvariant
from ..evidence import LOG2, NATS, Bracket, sum_of, table
from ..studies.label_information import LabelConfig
from ..sweep import Progress, Row, run_sweep

STUDY, STORE = "robustlaw.studies.label_information", "information.sqlite"


@dataclass(frozen=True)
class Entry:
    """One pruner at one density, averaged over the listed initialisations.

    information : mean of I(m;Y|X,init), nats; least and most: its range over initialisations
    kept        : kept entries of the maskable ones; n labels
    """

    method: str
    density: float
    kept: int
    information: Bracket
    least: float
    most: float
    inits: int
    n: int

    @property
    def share(self) -> float:
        """Of the labels' entropy n log 2."""
        return self.information.upper / (LOG2 * float(self.n)).upper

    def plain(self) -> dict[str, Any]:
        return {
            "method": self.method,
            "density": self.density,
            "kept": self.kept,
            "lower_nats": self.information.lower,
            "upper_nats": self.information.upper,
            "least_nats": self.least,
            "most_nats": self.most,
            "initialisations": self.inits,
            "labels": self.n,
        }


def information_table(
    configs: Sequence[dict[str, Any]],
    jobs: int = 1,
    out: Path | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> list[Entry]:
    """Run the cells and average them. out : folder whose store is used again; by default none is kept.

    Raises BrokenInvariant if a cell failed, with its reason.
    """
    if out is None:
        with tempfile.TemporaryDirectory() as folder:
            rows = run_sweep(STUDY, configs, Path(folder) / STORE, jobs, progress=progress)
    else:
        out.mkdir(parents=True, exist_ok=True)
        rows = run_sweep(STUDY, configs, out / STORE, jobs, progress=progress)
    return entries(rows)


def entries(rows: Sequence[Row]) -> list[Entry]:
    """Rows of one pruner and density become one entry, in the order they first appear."""
    groups: dict[tuple[str, float], list[Row]] = {}
    for row in rows:
        if row.result is None:
            raise BrokenInvariant(f"a cell failed: {row.config} {row.failure}")
        groups.setdefault((row.config["method"], row.config["density"]), []).append(row)
    return [_entry(group) for group in groups.values()]


def _entry(rows: Sequence[Row]) -> Entry:
    config = LabelConfig.of(rows[0].config)
    results = [row.result for row in rows if row.result is not None]
    brackets = [Bracket(r["lower"], r["upper"], "all labelings", NATS) for r in results]
    mean = sum_of(brackets) / float(len(brackets))
    return Entry(
        config.method,
        config.density,
        int(results[0]["kept"]),
        mean,
        min(b.lower for b in brackets),
        max(b.upper for b in brackets),
        len(brackets),
        config.n,
    )


def as_text(found: Sequence[Entry]) -> str:
    """Methods down, kept entries across: mean nats and, in brackets, the range over initialisations."""
    methods = list(dict.fromkeys(e.method for e in found))
    kept = list(dict.fromkeys(e.kept for e in found))
    known = {(e.method, e.kept): e for e in found}
    rows = [[m, *(_cell(known.get((m, k))) for k in kept), ""] for m in methods]
    total = (LOG2 * float(found[0].n)).upper
    head = (
        f"I(m;Y|X,init) in nats, exact: all 2^{found[0].n} labelings, mean over {found[0].inits} "
        f"initialisations [least, most]; the labels hold {total:.4f} nats"
    )
    return f"{head}\n{table(('pruner', *(f'{k} kept' for k in kept), ''), rows)}"


def _cell(entry: Entry | None) -> str:
    if entry is None:
        return "-"
    if entry.most == 0.0:
        return "0"
    return f"{entry.information.upper:.4f} [{entry.least:.2f}, {entry.most:.2f}]"
