"""The command line.

Exit status: 0 everything holds, 1 something is violated, 2 wrong use, 3 only inconclusive;
70 is a defect of the program, 130 an interruption.
"""

from __future__ import annotations

import json
import os
import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from .commands import runs
from .commands.console import DEFECT, INTERRUPTED, WRONG_USE, Json, console, cores
from .errors import RobustlawError, UnknownName

if TYPE_CHECKING:
    from .evidence import Evidence

OUT = Path("verify-report")

app = typer.Typer(
    help="Certified checks of the sparse Law of Robustness on networks that were really trained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
app.add_typer(runs.app, name="runs")


@app.callback()
def _root() -> None:
    """One thread a process, set before any library reads it: more would only fight for the cores."""
    for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ.setdefault(name, "1")


@app.command()
def verify(
    preset: Annotated[
        str, typer.Option(help="smoke (seconds), quick (a minute) or full (a quarter of an hour).")
    ] = "quick",
    out: Annotated[Path, typer.Option(help="Folder for the store, the table and the report.")] = Path(
        "verify-report"
    ),
    jobs: Annotated[int, typer.Option(help="Worker processes, one thread each; 0 means one a core.")] = 0,
    method: Annotated[list[str] | None, typer.Option(help="Only these pruners in the main setting.")] = None,
    density: Annotated[list[float] | None, typer.Option(help="Only these kept shares.")] = None,
    seeds: Annotated[int, typer.Option(help="Data sets; every method meets each (full: twice as many).")] = 4,
    inputs: Annotated[str, typer.Option(help="Law of the inputs: gaussian or sphere.")] = "gaussian",
    n: Annotated[int, typer.Option(help="Samples of the main setting (not of smoke).")] = 1000,
    dim: Annotated[int, typer.Option(help="Its input dimension (not of smoke).")] = 150,
    engine: Annotated[str, typer.Option(help="Where the work is done: local or dask.")] = "local",
    scheduler: Annotated[str | None, typer.Option(help="Address of a running Dask scheduler.")] = None,
    deadline: Annotated[float | None, typer.Option(help="Seconds that a network may take.")] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be run, and for how long.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train pruned networks on noisy labels and check every law with certified numbers.

    Interrupted runs go on where they stopped: give the same folder again.
    """
    from .report import print_summary
    from .report.verify import as_json as summary_json
    from .report.verify import verify as run
    from .studies.presets import Choices
    from .studies.presets import preset as grids_of
    from .sweep import SweepInterrupted, plan
    from .sweep import engine as engine_of
    from .sweep.telling import plan_table, progress_bar

    standard = Choices()
    choices = Choices(
        tuple(method or standard.methods), tuple(density or standard.densities), seeds, inputs, n, dim
    )
    workers = jobs or cores()
    command = shlex.join(["robustlaw", *sys.argv[1:]])
    if dry_run:
        Console().print(plan_table(plan(grids_of(preset, choices), out / "runs.sqlite"), workers))
        return
    try:
        with (
            engine_of(engine, workers, scheduler) as executor,
            progress_bar("networks", Console(stderr=True)) as told,
        ):
            outcome = run(preset, out, workers, choices, told, command, executor, deadline)
    except SweepInterrupted as stop:
        print(stop, file=sys.stderr)
        raise typer.Exit(INTERRUPTED) from None
    if as_json:
        print(json.dumps(summary_json(outcome.summary), indent=1))
    else:
        screen = console()
        print_summary(outcome.summary, screen)
        screen.print(f"Report: {(outcome.folder / 'report.html').resolve()}", highlight=False, soft_wrap=True)
    raise typer.Exit(outcome.summary.exit_status)


@app.command()
def lipschitz(
    net: Annotated[Path, typer.Argument(help="An .npz with W1, b1, W2, b2, ... (W is out x in).")],
    effort: Annotated[str, typer.Option(help="fast, tight or exact.")] = "tight",
    norm: Annotated[str, typer.Option(help="Norm of the inputs: l2 or linf.")] = "l2",
    check: Annotated[
        Path | None, typer.Option(help="Check this stored bracket against the network; compute nothing.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Also write the bracket to this JSON file.")] = None,
    as_json: Json = False,
) -> None:
    """A certified bracket on the Lipschitz constant of a network in a file, or the check of one.

    With --check: exit status 0 if both ends are proved again, 1 if not.
    """
    from . import lipschitz as room
    from .evidence import to_json
    from .evidence.files import read_bracket, write_bracket
    from .networks.files import load_network

    network = load_network(net)
    if norm not in ("l2", "linf"):
        raise UnknownName("norm", norm, ("l2", "linf"))
    if check is not None:
        result = room.check(network, read_bracket(check))
        reasons = [
            *result.reasons,
            *([] if result.norm == norm else [f"it speaks of the {result.norm} norm"]),
        ]
        if as_json:
            print(json.dumps({"type": "Check", "ok": not reasons, "norm": result.norm, "reasons": reasons}))
        else:
            print("\n".join(reasons) if reasons else f"both ends are proved ({result.norm})")
        raise typer.Exit(1 if reasons else 0)
    bracket = (room.bracket if norm == "l2" else room.bracket_linf)(network, effort)
    if out is not None:
        write_bracket(bracket, out)
    assumed = "".join(f"; assuming {a}" for a in bracket.assumptions)
    print(to_json(bracket) if as_json else f"{bracket}  ({bracket.method}{assumed})")


@app.command()
def information(
    channel: Annotated[
        str | None,
        typer.Argument(help="A channel of the zoo (Z1 .. Z16) or a pruner; none prints the exact table."),
    ] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="A parameter of the channel, such as n=100.")
    ] = None,
    target: Annotated[str, typer.Option(help="I(m;D), I(m;D|init), I(m;Y|X) or I(m;Y|X,init).")] = "",
    level: Annotated[float, typer.Option(help="Probability that a sampled bracket holds.")] = 0.95,
    runs: Annotated[int, typer.Option(help="Sampled runs, a fifth of them a pilot.")] = 2000,
    seed: Annotated[int, typer.Option(help="Of the sampled runs.")] = 0,
    sampled: Annotated[
        bool, typer.Option("--sampled", help="Sample even where a closed form exists.")
    ] = False,
    method: Annotated[list[str] | None, typer.Option(help="Pruners of the table.")] = None,
    density: Annotated[list[float] | None, typer.Option(help="Kept shares of the table.")] = None,
    n: Annotated[int, typer.Option(help="Labels of the table; the pruner runs on all 2^n labelings.")] = 12,
    widths: Annotated[str, typer.Option(help="Network of the table and of pruner channels.")] = "4-8-1",
    inits: Annotated[int, typer.Option(help="Initialisations of the table.")] = 8,
    steps: Annotated[int, typer.Option(help="Training steps.")] = 150,
    jobs: Annotated[int, typer.Option(help="Worker processes; 0 means one a core.")] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder that keeps the table's cells.")] = None,
    as_json: Json = False,
) -> None:
    """What masks know about data: the exact table of pruners, or a certified bracket for one channel."""
    from .report import channels
    from .report.information import as_text, information_table
    from .studies.label_information import DENSITIES, METHODS, grid
    from .sweep.telling import progress_bar

    if channel is not None:
        made = channels.channel(channel, settings or [], n=n, widths=channels.widths(widths), steps=steps)
        found = channels.bracket(made, target, level, runs, seed, exact=not sampled)
        print(channels.as_json(found) if as_json else found.explain())
        return
    configs = grid(
        tuple(method or METHODS), tuple(density or DENSITIES), inits, n, channels.widths(widths), steps
    )
    with progress_bar("cells", Console(stderr=True)) as told:
        rows = information_table(configs, jobs or cores(), out, told)
    print(json.dumps([row.plain() for row in rows], indent=1) if as_json else as_text(rows))


@app.command()
def audit(
    net: Annotated[Path, typer.Argument(help="An .npz with W1, b1, ...; masks M1, ... optional.")],
    data: Annotated[Path, typer.Argument(help="An .npz with x (n, d), y (n,) and the clean target g (n,).")],
    proxy: Annotated[float, typer.Option(help="The variance proxy rho that you assume for the inputs.")],
    why: Annotated[
        str, typer.Option(help="What the assumption rests on; every verdict says it.")
    ] = "stated by the user",
    noise_bound: Annotated[float, typer.Option(help="B, a bound on the label noise |y - g|.")] = 2.0,
    delta: Annotated[float, typer.Option(help="Chance that a law may fail.")] = 0.05,
    as_json: Json = False,
) -> None:
    """Check the description-length law on a network and data of your own.

    The mask counts as found by training; isoperimetry is your assumption, and is printed as one.
    """
    from .evidence import Verdict, to_json
    from .laws import DescriptionLength
    from .networks.files import load_network
    from .report.audit import read_dataset, with_collapse

    network = load_network(net)
    evidence = DescriptionLength(delta).check(network, read_dataset(data, proxy, why, noise_bound))
    evidence = with_collapse(evidence, network)
    if as_json:
        print(to_json(evidence))
    else:
        _explain(evidence)
    status = {Verdict.HOLDS: 0, Verdict.VIOLATED: 1}
    raise typer.Exit(status.get(evidence.verdict, 3))


def _explain(evidence: Evidence) -> None:
    print(evidence)
    for hypothesis in evidence.hypotheses:
        mark = {True: "holds", False: "fails", None: "assumed"}[hypothesis.holds]
        print(f"  {hypothesis.name} ({mark}): {hypothesis.sentence}")
    for name, value in evidence.details.items():
        print(f"  {name}: {value if isinstance(value, str) else f'{value:.6g}'}")


def main() -> None:
    """Run a command; an error on purpose is one line and exit status 2, never a traceback."""
    try:
        app()
    except RobustlawError as error:
        print(f"error: {type(error).__name__}: {error}", file=sys.stderr)
        sys.exit(WRONG_USE)
    except Exception:  # noqa: BLE001 - shown in full; Python's own status 1 would read as VIOLATED
        traceback.print_exc()
        sys.exit(DEFECT)


if __name__ == "__main__":
    main()
