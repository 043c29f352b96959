"""What a sweep costs beside its cells: 100 000 cells that do nothing, stored, and read back by a resume.

    python benchmarks/sweep.py [--cells 100000]

Prints milliseconds per cell with two workers, in this process and with two Dask workers, bytes per row, the
seconds of a resume of the finished sweep, and peak memory. Exit status 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

from ratios import Ratios, add_option

NAME, VERSION, chunk_size = "no_op", 1, 1000

MOST_BYTES = 1000.0
"""Of the file, per row with a config of 8 fields and a result of 8 floats."""

MOST_SECONDS = 3.0
"""Of a resume of 100 000 finished cells: keys, statuses, and all rows read back. It runs in one thread and
hardly waits, so its processor time is what the clock shows on an idle core."""

MOST_MILLISECONDS = 0.3
"""Of a cell that does nothing; a network takes hundreds of times as long."""

MOST_DASK_MILLISECONDS = 3.0
"""The same on two Dask workers of this machine, their start included."""


def bucket(_: dict[str, Any]) -> None:
    """All cells share one."""


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Eight floats with all their digits."""
    return [{f"x{place}": (config["seed"] + 0.1) / (place + 3) for place in range(8)} for config in configs]


def config(seed: int) -> dict[str, Any]:
    return {
        "seed": seed,
        "method": "Snip",
        "density": 0.1,
        "widths": [50, 64, 1],
        "steps": 1000,
        "rate": 1e-3,
        "noise": "signs",
        "n": 500,
    }


def sweep(cells: int, path: Path, factory: Callable[[], Executor] | None) -> float:
    """Seconds of a sweep over all cells, stored ones included."""
    from robustlaw.sweep import Status, run_sweep

    start = time.perf_counter()
    rows = run_sweep("sweep", map(config, range(cells)), path, jobs=2, executor_factory=factory)
    seconds = time.perf_counter() - start
    assert len(rows) == cells
    assert all(row.status is Status.OK for row in rows)
    return seconds


def resume(cells: int, path: Path) -> tuple[float, float]:
    """Processor seconds and seconds by the clock of a sweep whose cells are all stored."""
    start = time.process_time()
    clock = sweep(cells, path, None)
    return time.process_time() - start, clock


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--cells", type=int, default=100_000)
    parser.add_argument("--quick", action="store_true", help="a fifth of the cells")
    add_option(parser)
    given = parser.parse_args()
    cells = given.cells // 5 if given.quick else given.cells
    from robustlaw.sweep import SerialExecutor, Store
    from robustlaw.sweep.cluster import DaskEngine

    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / name for name in ("two", "here", "dask")]
        engines = (None, SerialExecutor, DaskEngine(jobs=2))
        seconds = [sweep(cells, path, how) for path, how in zip(paths, engines, strict=True)]
        resumes = [resume(cells, paths[0]) for _ in range(3)]
        with Store.reading(paths[0]) as store:
            start = time.perf_counter()
            statuses = len(store.statuses(NAME, VERSION))
            reading = time.perf_counter() - start
        size = paths[0].stat().st_size / cells
    assert statuses == cells
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    found = Ratios()
    names = ("2 workers", "this process", "2 Dask workers")
    most = (MOST_MILLISECONDS, MOST_MILLISECONDS, MOST_DASK_MILLISECONDS)
    for name, spent, limit in zip(names, seconds, most, strict=True):
        found.add(f"ms per cell, {name}", 1e3 * spent / cells, limit, "lower")
    found.add("bytes per row", size, MOST_BYTES, "lower")
    least = min(spent for spent, _ in resumes)
    found.add("processor seconds of a resume of 10^5", least * 100_000 / cells, MOST_SECONDS, "lower")
    for name, ratio in found.found.items():
        told = "ok" if ratio.met else "MISSED"
        print(f"{name:37} {ratio.value:9.3f}   at most {ratio.target:g}   {told}")
    print(f"{'seconds of a resume by the clock':37} {min(clock for _, clock in resumes):9.3f}   best of 3")
    print(f"{'seconds of statuses':37} {reading:9.3f}")
    print(f"{'peak memory of the parent, MB':37} {peak:9.0f}   configs, cells and rows are in it")
    found.write(given.ratios)
    return int(not found.all_met)


if __name__ == "__main__":
    here = str(Path(__file__).resolve().parent)
    sys.path.insert(0, here)  # workers import this file as the study `sweep`
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [here, os.environ.get("PYTHONPATH")]))
    sys.exit(main())
