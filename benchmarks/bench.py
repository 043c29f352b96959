"""Every benchmark, one after the other, beside what a user would pick instead, and beside the last run.

Run: python benchmarks/bench.py                        all parts
     python benchmarks/bench.py --quick                all parts with small settings, about five minutes
     python benchmarks/bench.py training verify        some of them

Each part is a process of its own with one thread a library. Their ratios are printed in one table with
the target, the value of the last run on this hardware with the same settings, and the change; a change of
more than a quarter is flagged. One file a run, bench-<UTC time>.json, keeps ratios, seconds and machine.
Exit status: 0 all targets met, 1 a target missed or a part failed, 2 wrong use.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import machine
import ratios
import record

from robustlaw.errors import UnwritableFolder
from robustlaw.report.verify import writable
from robustlaw.sweep.environment import THREAD_VARIABLES

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results"
INTERRUPTED = 130
BUSY = 0.2
"""Cores used by others from which a run says so."""


@dataclass(frozen=True)
class Part:
    """A benchmark: a script that knows --ratios, and its arguments in full and in quick runs."""

    script: Path
    full: tuple[str, ...] = ()
    quick: tuple[str, ...] = ("--quick",)


PARTS = {
    "training": Part(HERE / "training.py"),
    "lipschitz": Part(HERE / "lipschitz.py"),
    "information": Part(HERE / "information.py", ("widths", "rivals", "table")),
    "sweep": Part(HERE / "sweep.py"),
    "verify": Part(HERE / "verify.py"),
}


def run_part(name: str, part: Part, run: record.Run) -> bool:
    """Run a part and put what it found into `run`; False if it failed, or missed a target."""
    arguments = part.quick if run.quick else part.full
    print(f"== {name}: {' '.join(['python', part.script.name, *arguments])}", flush=True)
    with tempfile.TemporaryDirectory() as folder:
        handed = Path(folder) / "ratios.json"
        command = [sys.executable, str(part.script), *arguments, "--ratios", str(handed)]
        watch, began = machine.Watch(), time.perf_counter()
        status = ended(command)
        run.seconds[name] = time.perf_counter() - began
        run.others[name] = watch.others()
        try:
            found = ratios.read(handed)
        except ratios.NotRatios as wrong:
            run.failed[name] = f"exit status {status}; {wrong}"
            return False
    run.ratios.update({f"{name}: {what}": ratio for what, ratio in found.items()})
    if status not in (0, 1):
        run.failed[name] = f"exit status {status}"
    elif status == 1 and all(ratio.met is not False for ratio in found.values()):
        run.failed[name] = "it misses something that is no ratio: its own lines say what"
    return status == 0


def ended(command: Sequence[str]) -> int:
    """The exit status of a process with one thread a library; it does not outlive an interrupted run."""
    process = subprocess.Popen(command, env=os.environ | dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        return process.wait()
    except BaseException:
        process.kill()
        process.wait()
        raise


def finish(run: record.Run, folder: Path, fine: bool) -> int:
    """Print the table, save the run, and give the exit status."""
    last = record.earlier(folder, run)
    for line in last.unreadable:
        print(f"left aside: {line}")
    if run.ratios:
        print("\n" + record.told(run.ratios, last.ratios) + "\n")
    for name, reason in run.failed.items():
        print(f"{name} FAILED: {reason}")
    for name, cores in run.others.items():
        if cores > BUSY:
            print(f"{name}: other programs used {cores:.1f} of {run.machine['cores']} cores meanwhile")
    if last.newest is not None:
        print(f"last run: {last.newest.name}", *record.differences(run, last.newest), sep="; ")
    spent = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in run.seconds.items())
    print(f"{run.machine['cores']} cores of {run.machine['cpu']}; {spent}")
    if run.ratios:
        print(f"saved: {run.save(folder)}")
    else:
        print("nothing was measured, nothing is saved")
    missed = [name for name, ratio in run.ratios.items() if ratio.met is False]
    return 1 if missed or not fine or not run.ratios else 0


def there(parser: argparse.ArgumentParser, asked: Sequence[str], parts: Mapping[str, Part]) -> list[str]:
    """The parts to run. A benchmark that is not there is told, and is wrong use where it was asked for."""
    missing = [name for name in asked or parts if name in parts and not parts[name].script.exists()]
    if missing and asked:
        parser.error(f"not there: {', '.join(str(parts[name].script) for name in missing)}")
    for name in missing:
        print(f"{name}: not there ({parts[name].script})")
    return [name for name in ratios.chosen(parser, list(asked), parts) or parts if name not in missing]


def main(arguments: Sequence[str] | None = None, parts: Mapping[str, Part] = PARTS) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(parts)}")
    parser.add_argument("--quick", action="store_true", help="small settings, about five minutes")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the saved runs")
    given = parser.parse_args(arguments)
    names = list(dict.fromkeys(there(parser, given.parts, parts)))
    try:
        folder = writable(given.out)
    except UnwritableFolder as wrong:
        parser.error(str(wrong))
    run = record.Run(datetime.now(UTC), given.quick, machine.describe())
    # a run that is asked to end takes its part with it
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        results = [run_part(name, parts[name], run) for name in names]
    except KeyboardInterrupt:
        print("\ninterrupted; nothing is saved", file=sys.stderr)
        return INTERRUPTED
    return finish(run, folder, all(results))


if __name__ == "__main__":
    sys.exit(main())
