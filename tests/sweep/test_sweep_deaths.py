"""Workers that die, parents that die, Ctrl-C, and two parents at once."""

import os
import random
import signal
import subprocess
import sys
import time
from functools import partial
from pathlib import Path

import pytest

from robustlaw.sweep import (
    Kept,
    SerialExecutor,
    Status,
    Store,
    StoreInUse,
    WorkersDoNotStart,
    run_sweep,
)
from robustlaw.sweep.engines import WorkerPool

CELLS = 60


def is_running(pid):
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"


def ended(pids, within=5.0):
    """Whether all processes end in time."""
    limit = time.monotonic() + within
    while any(map(is_running, pids)):
        if time.monotonic() > limit:
            return False
        time.sleep(0.02)
    return True


def worker_pids(tmp_path):
    return {int(line.split()[1]) for line in (tmp_path / "trace").read_text().splitlines()}


def uninterrupted(tmp_path, cells, seconds=0.0):
    configs = [{"seed": seed, "sleep": seconds} for seed in range(cells)]
    return run_sweep("toy_study", configs, tmp_path / "whole", executor_factory=SerialExecutor)


@pytest.mark.parametrize(("act", "sign"), [("die", "[3]"), ("be killed", "[-9]")])
def test_exactly_the_cell_that_takes_its_worker_down_is_a_killed_row(store_path, act, sign):
    configs = [{"seed": seed, "group": seed // 5} for seed in range(10)]
    configs[3]["do"] = act
    rows = run_sweep("toy_study", configs, store_path, jobs=2)
    assert [row.status for row in rows] == [Status.KILLED if place == 3 else Status.OK for place in range(10)]
    assert rows[3].failure.type == "WorkerDied"
    assert sign in rows[3].failure.message


def test_killers_and_failures_in_one_chunk_are_told_apart(store_path):
    acts = ["raise", "die", "compute", "die"]
    rows = run_sweep("toy_study", [{"seed": i, "do": act} for i, act in enumerate(acts)], store_path, jobs=2)
    assert [row.status for row in rows] == [Status.FAILED, Status.KILLED, Status.OK, Status.KILLED]


def test_a_worker_that_is_killed_from_outside_costs_no_cell(store_path, tmp_path, runs):
    shot = []

    def shoot(event):
        if event.done and not shot:
            shot.extend(worker_pids(tmp_path))
            for pid in shot:
                os.kill(pid, signal.SIGKILL)

    configs = [{"seed": seed, "sleep": 0.01} for seed in range(20)]
    rows = run_sweep("toy_study", configs, store_path, jobs=2, progress=shoot)
    assert shot
    assert {row.status for row in rows} == {Status.OK}


def test_a_cell_is_not_blamed_when_no_worker_can_start(store_path):
    with pytest.raises(WorkersDoNotStart, match="imported toy_deadly"):
        run_sweep("toy_deadly", [{"seed": 1}], store_path)
    with Store.reading(store_path) as store:
        assert store.counts() == {}


@pytest.mark.parametrize("entry", ["script", "standard input", "command"])
def test_a_parent_needs_no_main_guard(store_path, tmp_path, parent, entry):
    code = (
        f"print('once')\nfrom robustlaw.sweep import *\nrun_sweep('toy_study', [{{}}], {str(store_path)!r})"
    )
    script = tmp_path / "unguarded.py"
    script.write_text(code)
    argument = {"script": [str(script)], "standard input": ["-"], "command": ["-c", code]}[entry]
    command = parent(store_path, 1) | {"args": [sys.executable, *argument]}
    answer = subprocess.run(**command, input=code, capture_output=True, text=True, check=False)
    assert (answer.returncode, answer.stdout, answer.stderr) == (0, "once\n", "")


def test_a_parent_killed_at_any_moment_leaves_a_store_that_continues(store_path, tmp_path, parent, table):
    moments, stored = random.Random(1), []
    for chunks_seen in (0, 3, 0, 4, 2, 3):
        process = subprocess.Popen(**parent(store_path, CELLS, seconds=0.02), stdout=subprocess.PIPE)
        for _ in range(chunks_seen):
            process.stdout.readline()
        time.sleep(moments.uniform(0.0, 0.05 if chunks_seen else 0.4))
        process.kill()
        process.communicate()
        if store_path.exists():
            with Store.reading(store_path) as store:
                stored.append(store.counts().get(Status.OK, 0))
    assert stored == sorted(stored)
    assert stored[-1] > 0
    assert ended(worker_pids(tmp_path))
    last = subprocess.run(**parent(store_path, CELLS, seconds=0.02), check=False, stdout=subprocess.DEVNULL)
    assert last.returncode == 0
    assert table(store_path) == table(uninterrupted(tmp_path, CELLS, 0.02))


def test_workers_end_when_their_parent_is_killed(store_path, tmp_path, parent):
    process = subprocess.Popen(**parent(store_path, 8, seconds=30), stdout=subprocess.PIPE)
    trace = tmp_path / "trace"
    while not trace.exists() or len(trace.read_text().splitlines()) < 2:
        time.sleep(0.02)
    pids = worker_pids(tmp_path)
    assert all(map(is_running, pids))
    process.kill()
    process.communicate()
    assert ended(pids, within=3.0)


def test_ctrl_c_keeps_what_is_stored_and_says_so(store_path, tmp_path, parent, table):
    process = subprocess.Popen(
        **parent(store_path, CELLS, seconds=0.02),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    while int(process.stdout.readline()) < 8:
        pass
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to the workers, too
    output, errors = process.communicate(timeout=10)
    assert process.returncode == 130
    assert errors == ""
    with Store.writing(store_path) as store:
        stored = store.counts()[Status.OK]
    assert 8 <= stored < CELLS
    assert f"interrupted: {stored} of {CELLS} cells are stored in {store_path}" in output.splitlines()[-1]
    assert ended(worker_pids(tmp_path), within=1.0)
    run_sweep("toy_study", [{"seed": s, "sleep": 0.02} for s in range(CELLS)], store_path, jobs=2)
    assert table(store_path) == table(uninterrupted(tmp_path, CELLS, 0.02))


def test_a_second_parent_is_refused_until_the_first_is_gone(store_path, parent):
    first = subprocess.Popen(**parent(store_path, CELLS, seconds=5), stdout=subprocess.PIPE)
    first.stdout.readline()
    second = subprocess.run(**parent(store_path, CELLS), capture_output=True, text=True, check=False)
    assert (second.returncode, second.stderr) == (2, "")
    assert "another sweep is writing" in second.stdout
    with pytest.raises(StoreInUse):
        run_sweep("toy_study", [], store_path)
    first.kill()
    first.communicate()
    run_sweep("toy_study", [], store_path)


def test_a_stopped_pool_leaves_no_process():
    pool = WorkerPool(2)
    futures = [pool.submit(time.sleep, 30) for _ in range(2)]
    pids = [process.pid for process in pool._started()]
    pool.stop()
    assert len(pids) == 2
    assert not any(map(is_running, pids))
    assert all(future.done() for future in futures)


def test_kept_workers_serve_many_sweeps_and_outlive_a_lost_one(tmp_path, store_path):
    def pid(number, workers):
        (row,) = run_sweep("toy_study", [{"seed": number, "do": "pid"}], store_path, executor_factory=workers)
        return row.result["pid"]

    with Kept(partial(WorkerPool, 1)) as workers:
        first = pid(0, workers)
        assert pid(1, workers) == first
        os.kill(first, signal.SIGKILL)
        assert ended([first])
        second = pid(2, workers)
        assert second != first
        assert is_running(second)
    assert ended([second])
