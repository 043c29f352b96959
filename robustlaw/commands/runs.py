"""robustlaw runs: look at the store of a sweep, check it, mend it, join it with others, take its rows out.

Exit status: 0 fine, 1 something was found (damage, failures, cells that are still without a result),
2 wrong use, 130 an interruption.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from ..errors import InvalidArgument
from .console import INTERRUPTED, Json, console, cores

if TYPE_CHECKING:
    from ..sweep import Report, Row

FOUND = 1

app = typer.Typer(
    help="Look at stores of sweeps, check them, mend them, join them, and take their rows out.",
    no_args_is_help=True,
)
StorePath = Annotated[Path, typer.Argument(metavar="STORE", help="The SQLite file of a sweep.")]
Study = Annotated[str | None, typer.Option(help="Only cells of this study.")]


@app.command()
def ls(store: StorePath, as_json: Json = False) -> None:
    """Studies, versions and statuses, with their cells and their time."""
    from ..sweep import Store, tallies

    with Store.reading(store) as opened:
        found = tallies(opened)
    if as_json:
        _print_json([asdict(one) for one in found])
        return
    _print_table(
        ("study", "version", "status", "cells", "seconds", "last finished"),
        (
            (one.study, one.version, one.status, one.cells, f"{one.seconds:.1f}", _when(one.finished))
            for one in found
        ),
    )


@app.command()
def show(
    store: StorePath,
    key: Annotated[str, typer.Argument(help="The first digits of the cell's key.")],
    as_json: Json = False,
) -> None:
    """One row, with all that is known about it."""
    from ..sweep import Store, find

    with Store.reading(store) as opened:
        row = find(opened, key)
    if as_json:
        _print_json(asdict(row))
    else:
        print(_as_text(row))


@app.command()
def failures(
    store: StorePath,
    study: Study = None,
    traceback: Annotated[
        int | None, typer.Option(help="Print the traceback of the first cell of this group (1, 2, ...).")
    ] = None,
    as_json: Json = False,
) -> None:
    """Cells without a result, grouped by type and message; exit status 1 if there are some."""
    from ..sweep import Store, failure_groups

    with Store.reading(store) as opened:
        groups = failure_groups(opened, study)
        if traceback is not None and not 1 <= traceback <= len(groups):
            raise InvalidArgument("traceback", traceback, f"there are {len(groups)} groups, counted from 1")
        row = None if traceback is None else opened.row(groups[traceback - 1].key)
    trace = None if row is None or row.failure is None else row.failure.traceback
    if as_json:
        told = [asdict(group) for group in groups]
        _print_json(told if traceback is None else {**told[traceback - 1], "traceback": trace})
    elif traceback is not None:
        print(trace)
    else:
        _print_table(
            ("", "study", "version", "status", "cells", "type", "message", "first key"),
            (
                (place, g.study, g.version, g.status, g.cells, g.type, _shortened(g.message), g.key[:12])
                for place, g in enumerate(groups, start=1)
            ),
        )
    raise typer.Exit(FOUND if groups else 0)


@app.command()
def retry(
    store: StorePath,
    study: Study = None,
    module: Annotated[
        str | None, typer.Option(help="Module path of that study, if it is none of robustlaw's own.")
    ] = None,
    jobs: Annotated[int, typer.Option(help="Worker processes, one thread each; 0 means one a core.")] = 0,
    deadline: Annotated[float | None, typer.Option(help="Seconds that a cell may take this time.")] = None,
    as_json: Json = False,
) -> None:
    """Run cells without a result again; exit status 1 if some still have none."""
    from ..sweep import SweepInterrupted
    from ..sweep import retry as run
    from ..sweep.telling import progress_bar

    try:
        with progress_bar("cells", Console(stderr=True)) as told:
            found = run(store, study, module, jobs or cores(), told, deadline)
    except SweepInterrupted as stop:
        print(stop, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        _print_json([asdict(one) for one in found])
    else:
        for one in found:
            end = (
                "not run: the study has another version now"
                if one.outdated
                else f"{one.mended} of {one.cells} are ok now"
            )
            print(f"{one.study} version {one.version}: {one.cells} cells without a result; {end}")
        if not found:
            print("every cell has a result")
    raise typer.Exit(0 if all(one.mended == one.cells for one in found) else FOUND)


@app.command()
def export(
    store: StorePath,
    out: Annotated[Path, typer.Argument(help="A .parquet file (every bit of every float) or a .csv file.")],
    study: Study = None,
    version: Annotated[int | None, typer.Option(help="Only cells of this version.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file that exists.")] = False,
    as_json: Json = False,
) -> None:
    """The rows as one tidy table in a file, which is written whole or not at all."""
    from ..sweep import Store
    from ..sweep.tables import write

    with Store.reading(store) as opened:
        rows = write(opened.rows(study, version), out, force)
    if as_json:
        _print_json({"path": str(out), "rows": rows})
    else:
        print(f"{rows} rows written to {out}")


@app.command()
def check(store: StorePath, as_json: Json = False) -> None:
    """Read every page and every cell and say what is wrong; nothing is written. Exit status 1 on damage."""
    report = _checked(store)
    if as_json:
        _print_json({**asdict(report), "path": str(report.path), "sound": report.sound})
    else:
        for finding in report.findings:
            print(f"{finding.where}: {finding.what}")
        print(f"{report.cells} cells read, {len(report.findings)} findings")
    raise typer.Exit(0 if report.sound else FOUND)


@app.command()
def merge(
    into: Annotated[Path, typer.Argument(help="The store that is added to; made if missing.")],
    others: Annotated[list[Path], typer.Argument(help="Stores whose rows are added; they are only read.")],
    keep: Annotated[
        Literal["ours", "theirs"] | None, typer.Option(help="Which of two different results stays.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Add the rows of other stores to a store: all of them or none.

    An ok row beats any other. Two different results of one cell are an error, unless --keep says which stays.
    """
    from ..sweep import merge as run

    merged = run(into, others, keep)
    if as_json:
        _print_json({**asdict(merged), "path": str(merged.path)})
        return
    print(f"{merged.path}: {merged.cells} cells, {merged.cells - merged.cells_before} of them new")
    if merged.conflicts:
        print(f"{merged.conflicts} cells had different results; {keep} stayed")


def _checked(store: Path) -> Report:
    """The report on a store, also on one that is too damaged to be opened."""
    from ..sweep import DamagedStore, Finding, Report, Store

    try:
        with Store.reading(store) as opened:
            return opened.check()
    except DamagedStore as error:
        return Report(store, 0, (Finding("file", str(error)),))


def _as_text(row: Row) -> str:
    lines = [
        f"key       {row.key}",
        f"study     {row.study} version {row.version}",
        f"status    {row.status} after {row.attempts} attempt{'s' if row.attempts > 1 else ''}",
        f"time      {row.seconds:.3f} s, finished {_when(row.finished)}",
    ]
    parts: dict[str, Any] = {"config": row.config, "result": row.result, "environment": row.environment}
    for part, values in parts.items():
        if values is not None:
            lines += [part, *(f"  {name} = {_text(value)}" for name, value in values.items())]
    if row.failure is not None:
        lines += [f"failure   {row.failure.type}: {row.failure.message}", row.failure.traceback.rstrip()]
    return "\n".join(lines)


def _when(finished: float | None) -> str:
    return "unknown" if finished is None else f"{datetime.fromtimestamp(finished, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _shortened(message: str, limit: int = 60) -> str:
    line = " ".join(message.split())
    return line if len(line) <= limit else f"{line[: limit - 3]}..."


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _print_json(value: Any) -> None:
    print(json.dumps(value, indent=1, ensure_ascii=False))


def _print_table(names: Iterable[str], rows: Iterable[Iterable[object]]) -> None:
    table = Table(*names, box=None, header_style="bold")
    for row in rows:
        table.add_row(*map(str, row))
    console().print(table, highlight=False, markup=False)
