"""The main job: run a preset, weigh the laws, write the report."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from ..errors import InvalidArgument, UnwritableFolder
from ..studies.presets import Choices, preset
from ..sweep import Progress, Row, run_sweeps
from .findings import Summary, summarise, table_rows
from .page import render

STORE, TABLE, PAGE, VERDICTS = "runs.sqlite", "table.csv", "report.html", "verdicts.json"

NOTES = {"smoke": " (a test of the machinery: its slacks mean nothing)"}


@dataclass(frozen=True)
class Outcome:
    """What a verification leaves behind."""

    summary: Summary
    rows: list[Row]
    folder: Path


def verify(
    name: str,
    out: Path,
    jobs: int = 1,
    choices: Choices | None = None,
    progress: Callable[[Progress], None] | None = None,
    command: str = "",
    workers: Callable[[], Executor] | None = None,
    deadline: float | None = None,
) -> Outcome:
    """Run a preset and write the store, the table of verdicts, and the page into `out`.

    A run that was interrupted goes on from its store; the table does not depend on that.
    jobs, workers, deadline : as run_sweep has them
    Everything is checked before anything is written. Raises UnknownName, InfeasibleDensity,
    InvalidArgument, UnwritableFolder.
    """
    if jobs < 1:
        raise InvalidArgument("jobs", jobs, "at least 1 worker process")
    grids = preset(name, choices)
    folder = writable(out)
    rows = run_sweeps(grids, folder / STORE, jobs, workers, progress, deadline)
    summary = summarise(rows)
    write(folder / TABLE, pl.DataFrame(table_rows(summary.found), infer_schema_length=None).write_csv())
    write(folder / VERDICTS, json.dumps(as_json(summary), indent=1, allow_nan=False))
    title = f"robustlaw verify, preset {name}" + NOTES.get(name, "")
    write(folder / PAGE, render(summary, rows, title, command))
    return Outcome(summary, rows, folder)


def as_json(summary: Summary) -> dict[str, object]:
    """The summary for a machine."""
    return {
        "exit_status": summary.exit_status,
        "networks": summary.networks,
        "failed_cells": summary.failed_rows,
        "verdicts": {str(v): n for v, n in summary.verdicts.items()},
        "wrong_ledger_violated": summary.ledger_fails,
        "collapsed": [{"network": f.network, "collapse": str(c)} for f, c in summary.collapses],
        "laws": [
            {
                "law": g.law,
                "setting": g.group,
                "verdict": str(g.tally.verdict),
                "counts": {str(v): n for v, n in g.tally.counts.items()},
                "median_slack": "inf" if g.slack == math.inf else g.slack,
                "vacuous": g.vacuous,
            }
            for g in summary.settings
        ],
    }


def writable(out: Path) -> Path:
    """The folder, made if missing. Raises UnwritableFolder, and then leaves nothing behind."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=out):
            return out
    except OSError as error:
        raise UnwritableFolder(
            f"out = {out}: nothing can be written there ({error}); choose another folder"
        ) from error


def write(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    with tempfile.NamedTemporaryFile("w", dir=path.parent, delete=False, encoding="utf-8") as file:
        file.write(text)
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)
