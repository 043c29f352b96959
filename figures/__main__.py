"""`python -m figures`: list the figures, or make them."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated

import polars as pl
import typer
from rich import box
from rich.console import Console
from rich.table import Table

from robustlaw.errors import InvalidArgument, RobustlawError
from robustlaw.evidence import Verdict
from robustlaw.sweep import Kept, SweepInterrupted, engine, plan
from robustlaw.sweep.telling import plan_table, progress_bar

from .gallery_page import PAGE, write_gallery
from .produce import STORE, Produced, produce, state
from .sensitivity import TABLE, sensitivity, summary
from .sheets import Preset, expand, group, names, sheet_module

HERE = Path("figures-out")
app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)


@app.command()
def main(
    chosen: Annotated[list[str] | None, typer.Argument(metavar="[NAME|GROUP|all ...]")] = None,
    smoke: Annotated[bool, typer.Option("--smoke", help="fewest seeds: a test of the machinery")] = False,
    quick: Annotated[bool, typer.Option("--quick", help="minutes (the default)")] = False,
    full: Annotated[bool, typer.Option("--full", help="every seed")] = False,
    out: Annotated[Path, typer.Option(help="folder for figures and the store of rows")] = HERE,
    jobs: Annotated[int, typer.Option(min=1, help="worker processes")] = 2,
    as_json: Annotated[bool, typer.Option("--json", help="claims as JSON")] = False,
    sensitive: Annotated[
        bool, typer.Option("--sensitivity", help="claims under every alternative of the open settings")
    ] = False,
    engine_name: Annotated[str, typer.Option("--engine", help="local or dask")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="address of a Dask scheduler")] = None,
    deadline: Annotated[float | None, typer.Option(help="seconds that a cell may take")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="say what would be run, and for how long")
    ] = False,
) -> None:
    """List the figures with their state, or make some or all; rows that are stored are not run again."""
    if smoke + quick + full > 1:
        raise InvalidArgument("preset", "several", "give one of --smoke, --quick and --full")
    preset: Preset = "smoke" if smoke else "full" if full else "quick"
    console = Console(stderr=as_json)
    if not chosen:
        _list(out, console)
        return
    wanted = expand(chosen)
    if dry_run:
        grids = [grid for name in wanted for grid in sheet_module(name).study(preset)]
        console.print(plan_table(plan(grids, out / STORE), jobs))
        return
    try:
        with engine(engine_name, jobs, scheduler) as workers:
            if sensitive:
                _vary(wanted, preset, out, jobs, workers, deadline, console)
                return
            made = []
            for name in wanted:
                with progress_bar(f"{name:<22}", console, keep=True) as told:
                    made.append(produce(name, preset, out, jobs, told, workers, deadline))
    except SweepInterrupted as stop:  # caught here, since typer ends a command on Ctrl-C without a word
        print(f"stopped: {stop}", file=sys.stderr)
        raise typer.Exit(130) from None
    write_gallery(out)
    if as_json:
        judged = [{"figure": m.name, "claims": [j.plain() for j in m.claims]} for m in made]
        print(json.dumps(judged, indent=1))
    else:
        _tell(made, out, console)
    raise typer.Exit(_status(made))


def _vary(
    wanted: tuple[str, ...],
    preset: Preset,
    out: Path,
    jobs: int,
    workers: Kept,
    deadline: float | None,
    console: Console,
) -> None:
    for name in wanted:
        with progress_bar(f"{name:<22}", console) as told:
            found = sensitivity(name, preset, out, jobs, told, workers, deadline)
        table = Table(
            "claim", "holds in", "of", "not found for", title=f"{name}: open settings", box=box.SIMPLE_HEAD
        )
        for row in summary(found).iter_rows(named=True):
            table.add_row(row["claim"], str(row["holds in"]), str(row["of"]), row["not found for"] or "")
        console.print(table)
        if found["deviation"].null_count() < found.height:
            own = found.group_by("alternative", maintain_order=True).agg(pl.col("deviation").first())
            for alternative, deviation in own.iter_rows():
                console.print(f"  {alternative}: mean distance from the published curves {deviation:.3f}")
        console.print(f"{out / name / TABLE}")


def _list(out: Path, console: Console) -> None:
    table = Table("name", "group", "label", "title", "source", "state", title=f"Figures (in {out})")
    for name in names():
        module = sheet_module(name)
        table.add_row(name, group(name), module.LABEL, module.TITLE, module.SOURCE, state(name, out))
    console.print(table)


def _tell(made: list[Produced], out: Path, console: Console) -> None:
    for figure in made:
        title = f"{figure.name} ({figure.rows} rows, {figure.seconds:.1f} s): {figure.folder}"
        table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
        table.add_column("claim", ratio=1)
        for head in ("whose", "verdict", "agrees", "seeds", "effect"):
            table.add_column(head, no_wrap=True)
        for j in figure.claims:
            agrees = {True: "yes", False: "NO", None: "undecided"}[j.agrees]
            effect = "" if j.effect is None else f"{j.effect:.3g}"
            verdict = str(j.evidence.verdict)
            table.add_row(j.claim.says, j.claim.whose, verdict, agrees, str(j.seeds), effect)
        console.print(table)
    console.print(f"all of them: {out / PAGE}")


def _status(made: list[Produced]) -> int:
    """1 if a mutant lived, or a sentence that has to be true of the code is not; else 0.

    A paper's claim that does not hold in our runs is a finding, not an error.
    """
    judged = [j for m in made for j in m.claims]
    lived = any(j.claim.mutant and j.evidence.verdict is Verdict.HOLDS for j in judged)
    return int(lived)


def run() -> None:
    """The command; what a user can mend is told in a sentence, with exit status 2."""
    try:
        app()
    except RobustlawError as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(2)


if __name__ == "__main__":
    run()
