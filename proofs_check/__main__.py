"""`python -m proofs_check`: check the catalogue of lemmas, and kill their mutants.

Exit status: 0 all proved or cited, 1 something refuted, 2 wrong use, 3 only inconclusive;
70 is a defect of the program.
"""

from __future__ import annotations

import json
import os
import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from robustlaw.errors import RobustlawError

WRONG_USE, DEFECT = 2, 70

app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def prove(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="Lemmas; all if none is named.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
    html: Annotated[Path | None, typer.Option(help="Also write a page to this file.")] = None,
    jobs: Annotated[int, typer.Option(min=1, help="Worker processes, one thread each.")] = 2,
    mutants: Annotated[
        bool, typer.Option("--mutants/--no-mutants", help="Also try false neighbours, which have to die.")
    ] = True,
    attack: Annotated[
        bool, typer.Option("--attack", help="Also search points where inequalities are tight or fail.")
    ] = False,
) -> None:
    """Check lemmas and those that they use; kill their mutants.

    Exit status: 0 all proved or cited, 1 something refuted, 2 wrong use, 3 only inconclusive.
    """
    from .report import as_json as plain
    from .report import print_reports, write_page
    from .runner import exit_status, run

    with _progress() as bar:
        task = bar.add_task("lemmas", total=None)
        reports = run(
            names or (),
            jobs,
            mutants,
            attack,
            lambda done, total: bar.update(task, completed=done, total=total),
        )
    if html is not None:
        write_page(reports, html)
    if as_json:
        print(json.dumps(plain(reports), indent=1, ensure_ascii=False))
    else:
        console = Console(width=None if sys.stdout.isatty() else 180)
        print_reports(reports, console)
        if html is not None:
            console.print(f"Page: {html.resolve()}", highlight=False, soft_wrap=True)
    raise typer.Exit(exit_status(reports))


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True), transient=True)


def main() -> None:
    """Run; an error on purpose is one line and exit status 2, never a traceback."""
    # before numpy is read, here and in the workers: more threads would only fight for the cores
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    try:
        app(prog_name="python -m proofs_check")
    except RobustlawError as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)
    except Exception:  # noqa: BLE001 - shown in full; Python's own status 1 would read as REFUTED
        traceback.print_exc()
        sys.exit(DEFECT)


if __name__ == "__main__":
    main()
