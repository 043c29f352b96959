"""Kill workers, parents and schedulers of a sweep at random moments: does the table stay what it was?

Run: python benchmarks/faults.py [worker] [parent] [dask-worker] [dask-scheduler] [eight] [--times 20]

Each round runs 120 cells of about 10 ms, kills with SIGKILL at a random moment of the run, runs the same
call again where the sweep ended, and compares the table bit by bit with an undisturbed one; the store is
checked, and its rows are counted. "eight" compares eight Dask workers over TCP with one process.
Exit status 1 if any table differs.
"""

from __future__ import annotations

import os

for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[variable] = "1"

import argparse
import random
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil

from robustlaw.sweep import Row, SerialExecutor, Store, run_sweep
from robustlaw.sweep.files import check_sound

HERE = Path(__file__).resolve().parent
CELLS = 120
CONFIGS = [{"seed": seed, "group": seed % 5} for seed in range(CELLS)]
PATHS = os.pathsep.join([str(HERE.parent), str(HERE)])
os.environ["PYTHONPATH"] = PATHS
PARENT = """
import sys, faults
faults.local(sys.argv[1])
"""


class Cluster:
    """A Dask scheduler and workers, each a process of its own."""

    def __init__(self, workers: int) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.processes: list[subprocess.Popen[bytes]] = []
        self.scheduler = self.start("scheduler", "--port", str(self.port))
        self.workers = [self.worker() for _ in range(workers)]

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.port}"

    def start(self, *arguments: str) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        self.processes.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))
        return self.processes[-1]

    def worker(self) -> subprocess.Popen[bytes]:
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny")

    def close(self) -> None:
        for process in self.processes:
            process.kill()
            process.wait()


def local(store: str, **more: Any) -> list[Row]:
    return run_sweep("faults_study", CONFIGS, store, jobs=2, **more)


def on_cluster(store: Path, cluster: Cluster, **more: Any) -> list[Row]:
    from robustlaw.sweep.cluster import DaskEngine

    engine = DaskEngine(cluster.address, patience=60.0)
    return run_sweep("faults_study", CONFIGS, store, executor_factory=engine, **more)


def table(rows: list[Row]) -> list[tuple[Any, ...]]:
    return sorted((row.key, row.status, str(row.config), str(row.result)) for row in rows)


def kill_worker(store: Path, moment: float) -> list[Row]:
    """One worker of the local pool."""

    def shoot() -> None:
        time.sleep(moment)
        children = [p for p in psutil.Process().children() if "spawn_main" in " ".join(p.cmdline())]
        if children:
            random.choice(children).kill()

    return _beside(shoot, lambda: local(str(store)))


def kill_parent(store: Path, moment: float) -> list[Row]:
    """The process that runs the sweep; the same call is made again by another one."""
    process = subprocess.Popen([sys.executable, "-c", PARENT, str(store)], cwd=HERE)
    with suppress(subprocess.TimeoutExpired):
        process.wait(moment)
    process.kill()
    process.wait()
    return local(str(store))


def kill_dask_worker(store: Path, moment: float) -> list[Row]:
    """One of two workers of a cluster; a new one comes."""
    cluster = Cluster(2)

    def shoot() -> None:
        time.sleep(moment)
        cluster.workers[0].send_signal(signal.SIGKILL)
        cluster.worker()

    try:
        return _beside(shoot, lambda: on_cluster(store, cluster))
    finally:
        cluster.close()


def kill_dask_scheduler(store: Path, moment: float) -> list[Row]:
    """The scheduler; another one comes at its address, with workers of its own."""
    cluster = Cluster(2)

    def shoot() -> None:
        time.sleep(moment)
        cluster.scheduler.send_signal(signal.SIGKILL)
        cluster.scheduler.wait()
        cluster.scheduler = cluster.start("scheduler", "--port", str(cluster.port))
        cluster.worker()
        cluster.worker()

    try:
        return _beside(shoot, lambda: on_cluster(store, cluster))
    finally:
        cluster.close()


def eight_workers(store: Path, moment: float) -> list[Row]:
    """Eight workers in processes of their own, through TCP; nothing is killed."""
    del moment
    cluster = Cluster(8)
    try:
        return on_cluster(store, cluster)
    finally:
        cluster.close()


def _beside(other: Callable[[], None], work: Callable[[], list[Row]]) -> list[Row]:
    thread = threading.Thread(target=other)
    thread.start()
    try:
        return work()
    finally:
        thread.join()


# latest moment: a local run takes about 3 s, one on a new cluster about 6
FAULTS: dict[str, tuple[Callable[[Path, float], list[Row]], float]] = {
    "worker": (kill_worker, 3.0),
    "parent": (kill_parent, 3.0),
    "dask-worker": (kill_dask_worker, 6.0),
    "dask-scheduler": (kill_dask_scheduler, 6.0),
    "eight": (eight_workers, 0.0),
}


def wrong(store: Path, rows: list[Row], expected: list[tuple[Any, ...]]) -> str:
    """What is wrong after a round; nothing if all is well."""
    check_sound(store)
    with Store.reading(store) as opened:
        stored = table(list(opened.rows()))
    if table(rows) != expected:
        return "the rows differ"
    return "" if stored == expected else "the store differs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("faults", nargs="*", metavar="fault", help=f"of {', '.join(FAULTS)}")
    parser.add_argument("--times", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    if unknown := [name for name in given.faults if name not in FAULTS]:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(FAULTS)}")
    bad, moments = 0, random.Random(given.seed)
    with tempfile.TemporaryDirectory() as folder:
        serial = run_sweep("faults_study", CONFIGS, Path(folder) / "one", executor_factory=SerialExecutor)
        expected = table(serial)
        for name in given.faults or FAULTS:
            fault, latest = FAULTS[name]
            times = 1 if name == "eight" else given.times
            start, told = time.perf_counter(), []
            for number in range(times):
                store = Path(folder) / f"{name} {number}"
                told.append(wrong(store, fault(store, moments.uniform(0.2, max(latest, 0.3))), expected))
            failed = [words for words in told if words]
            bad += len(failed)
            seconds = time.perf_counter() - start
            print(f"{name:15s} {times - len(failed)} of {times} tables are the undisturbed one, "
                  f"{seconds:.0f} s {failed[:3] or ''}", flush=True)  # fmt: skip
    sys.exit(1 if bad else 0)


if __name__ == "__main__":
    main()
