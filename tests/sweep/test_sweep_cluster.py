"""The same rows from a Dask cluster over TCP, whatever happens to its workers and its scheduler."""

import os
import random
import signal
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from robustlaw.errors import InvalidArgument
from robustlaw.sweep import SerialExecutor, Status, run_sweep
from robustlaw.sweep.cluster import DaskEngine, SchedulerLost

HERE = Path(__file__).resolve().parent
PATHS = os.pathsep.join([str(HERE.parent.parent), str(HERE)])


class Cluster:
    """A scheduler and workers, each a process of its own, reached through TCP."""

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.address, self.processes = f"tcp://127.0.0.1:{self.port}", []
        self.scheduler = self.start("scheduler", "--port", str(self.port))

    def start(self, *arguments):
        command = [sys.executable, "-m", "dask", *arguments, "--no-dashboard"]
        environment = os.environ | {"PYTHONPATH": PATHS, "OMP_NUM_THREADS": "1"}
        process = subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL)
        self.processes.append(process)
        return process

    def worker(self):
        return self.start("worker", self.address, "--nthreads", "1", "--no-nanny")

    def close(self):
        for process in self.processes:
            process.kill()
            process.wait()


@pytest.fixture
def cluster():
    made = Cluster()
    yield made
    made.close()


def sweep(configs, store, cluster, **more):
    return run_sweep(
        "toy_study", configs, store, executor_factory=DaskEngine(cluster.address, patience=60.0), **more
    )


def test_workers_give_the_rows_of_one_process(cluster, tmp_path, table):
    workers = {cluster.worker().pid for _ in range(3)}
    configs = [{"seed": seed, "group": seed % 3} for seed in range(40)]
    configs += [{"seed": 40, "do": "raise"}, {"seed": 41, "do": "nan"}]
    # a cell that reads its own process cannot be compared: it says who has worked
    who = [{"seed": seed, "do": "pid", "sleep": 0.1, "group": "who"} for seed in range(100, 124)]
    rows = sweep([*configs, *who], tmp_path / "dask", cluster)
    seen = {row.result["pid"] for row in rows[len(configs) :]}
    assert seen <= workers
    assert len(seen) > 1  # one may come too late
    serial = run_sweep("toy_study", configs, tmp_path / "one", executor_factory=SerialExecutor)
    assert [(r.key, r.status, r.result) for r in rows[: len(configs)]] == [
        (r.key, r.status, r.result) for r in serial
    ]
    assert table(rows[:40]) == table(serial[:40])


def test_killed_workers_and_late_ones_change_nothing(cluster, tmp_path, table):
    moments, alive = random.Random(0), [cluster.worker() for _ in range(2)]
    configs = [{"seed": seed, "sleep": 0.02} for seed in range(80)]

    def shoot(event):
        if event.done in (8, 32):
            time.sleep(moments.uniform(0.0, 0.1))
            alive.pop(0).kill()
            alive.append(cluster.worker())

    rows = sweep(configs, tmp_path / "shot", cluster, progress=shoot)
    assert len(cluster.processes) == 5
    serial = run_sweep("toy_study", configs, tmp_path / "one", executor_factory=SerialExecutor)
    assert table(rows) == table(serial)


def test_a_scheduler_that_is_killed_may_come_back(cluster, tmp_path, table):
    cluster.worker()
    configs = [{"seed": seed, "sleep": 0.02} for seed in range(60)]

    def again():
        cluster.scheduler.wait()
        cluster.scheduler = cluster.start("scheduler", "--port", str(cluster.port))
        cluster.worker()

    helper = threading.Thread(target=again)
    helper.start()
    rows = sweep(
        configs,
        tmp_path / "lost",
        cluster,
        progress=lambda event: event.done == 8 and cluster.scheduler.send_signal(signal.SIGKILL),
    )
    helper.join()
    assert len(cluster.processes) == 4
    serial = run_sweep("toy_study", configs, tmp_path / "one", executor_factory=SerialExecutor)
    assert table(rows) == table(serial)


def test_a_scheduler_that_stays_away_ends_the_sweep_with_what_was_done(cluster, tmp_path, table):
    cluster.worker()
    configs = [{"seed": seed, "sleep": 0.02} for seed in range(60)]
    store, engine = tmp_path / "lost", DaskEngine(cluster.address, patience=1.0)

    def kill(event):
        if event.done == 8:
            cluster.scheduler.kill()

    with pytest.raises(SchedulerLost, match="no Dask scheduler answers at tcp"):
        run_sweep("toy_study", configs, store, executor_factory=engine, progress=kill)
    rows = run_sweep("toy_study", configs, store, executor_factory=SerialExecutor)
    serial = run_sweep("toy_study", configs, tmp_path / "one", executor_factory=SerialExecutor)
    assert table(rows) == table(serial)


def test_workers_of_this_machine_find_the_cell_that_kills_them(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", PATHS)
    acts = ["spin", "die"]
    configs = [{"seed": i, "do": act} for i, act in enumerate(acts)]
    rows = run_sweep("toy_study", configs, tmp_path / "a", executor_factory=DaskEngine(jobs=1), deadline=0.5)
    assert [row.status for row in rows] == [Status.TIMEOUT, Status.KILLED]


@pytest.mark.parametrize("wrong", [{"jobs": 0}, {"patience": 0.0}])
def test_wrong_engines(wrong):
    with pytest.raises(InvalidArgument, match=next(iter(wrong))):
        DaskEngine(**wrong)


def test_an_address_where_nobody_is(tmp_path):
    with pytest.raises(SchedulerLost, match=r"127\.0\.0\.1:9"):
        run_sweep(
            "toy_study",
            [{"seed": 1}],
            tmp_path / "a",
            executor_factory=DaskEngine("tcp://127.0.0.1:9", patience=0.5),
        )
