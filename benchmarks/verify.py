"""The main job with two workers and with one, beside a plain loop over its networks.

Run: python benchmarks/verify.py            the preset quick, some minutes
     python benchmarks/verify.py --quick    the preset smoke

The loop is what a user would write: one network at a time, in one process, without a pool, a store or
stacks of networks; it trains and weighs the same networks, with the same code. All ways have to reach the
same verdicts. "law study" is the sweep of networks alone, by workers that have started; the others are
whole runs, with the start of workers and with the report (for the loop: without).
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import sys
import tempfile
import time
from pathlib import Path

import torch
from machine import Watch
from ratios import Ratios, add_option

from robustlaw.report.findings import Summary, summarise
from robustlaw.report.verify import STORE
from robustlaw.report.verify import verify as run_verify
from robustlaw.studies.presets import LAW, TOP_K_SIGN, preset
from robustlaw.sweep import Row, SerialExecutor, engine, load_study, run_sweep
from robustlaw.sweep.dispatch import Dispatcher, chunks
from robustlaw.sweep.rows import cell

TWO_WORKERS = 1.9


def whole(name: str, jobs: int) -> tuple[float, Summary]:
    """(wall seconds, what it found) of `robustlaw verify` in an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        began = time.perf_counter()
        with engine("local", jobs) as workers:
            found = run_verify(name, Path(folder), jobs, workers=workers)
        return time.perf_counter() - began, found.summary


def law_study(name: str, jobs: int) -> float:
    """Wall seconds of the law study alone, by workers that have started and have imported it."""
    grids = dict(preset(name))
    with tempfile.TemporaryDirectory() as folder, engine("local", jobs) as workers:
        # of different lengths, so that they are chunks of their own, one for each worker
        warm = [{**grids[LAW][-1], "steps": 1 + i} for i in range(jobs)]
        run_sweep(LAW, warm, Path(folder) / "warm.sqlite", jobs, workers)
        began = time.perf_counter()
        run_sweep(LAW, grids[LAW], Path(folder) / STORE, jobs, workers)
        return time.perf_counter() - began


def loop(name: str) -> tuple[float, Summary]:
    """(wall seconds, what it found) of one network after the other, in this process."""
    rows: list[Row] = []
    for path in (TOP_K_SIGN, LAW):
        load_study(path)  # imported before, as the workers' is not: in favour of the loop
    began = time.perf_counter()
    for path, configs in preset(name):
        study = load_study(path)
        singles = chunks([cell(study, config) for config in configs], 1)
        Dispatcher(study, SerialExecutor, 1, rows.extend).run(singles)
    return time.perf_counter() - began, summarise(rows)


def told(way: str, seconds: float, summary: Summary) -> tuple[float, Summary]:
    """Print a line on the way: all of them take minutes."""
    print(f"{way}: {summary.networks} networks in {seconds:.1f} s", flush=True)
    return seconds, summary


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="the preset smoke")
    add_option(parser)
    given = parser.parse_args()
    torch.set_num_threads(1)
    name, found, watch = "smoke" if given.quick else "quick", Ratios(), Watch()
    two, of_two = told("two workers", *whole(name, 2))
    one, of_one = told("one worker", *whole(name, 1))
    alone, of_loop = told("a loop", *loop(name))
    study = law_study(name, 1) / law_study(name, 2)
    busy, fair = watch.others(), watch.was_free_for(2)
    for way, summary in (("one worker", of_one), ("the loop", of_loop)):
        if summary.verdicts != of_two.verdicts:
            sys.exit(f"{way} reaches other verdicts than two workers: {summary.verdicts}, {of_two.verdicts}")
    print(f"preset {name}; others used {busy:.1f} cores meanwhile")
    found.add("a loop / two workers", alone / two)
    found.add("a loop / one worker", alone / one)
    found.add("one worker / two", one / two)
    # smoke is over before two workers pay
    wanted = None if given.quick else TWO_WORKERS
    ratio = found.add("one worker / two, law study", study, wanted, open=not fair)
    verdict = {True: "met", False: "MISSED", None: "open" if wanted else "no target"}[ratio.met]
    print(
        f"law study, one worker / two: {study:.2f}, target {TWO_WORKERS:g} with the preset quick: {verdict}"
    )
    found.write(given.ratios)
    sys.exit(0 if found.all_met else 1)


if __name__ == "__main__":
    main()
