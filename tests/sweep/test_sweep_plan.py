"""What a sweep would do, and what is told while it does it."""

import pytest
import toy_study
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.sweep import Progress, SerialExecutor, Status, engine, plan, run_sweep, run_sweeps
from robustlaw.sweep.telling import Pace, lasting, plan_table, progress_bar

CONFIGS = [{"seed": seed, "group": seed % 2} for seed in range(10)]


def told(plans):
    console = Console(width=120, record=True, file=None, quiet=False)
    with console.capture() as captured:
        console.print(plan_table(plans, 2))
    return captured.get()


def test_nothing_is_known_of_a_sweep_that_never_ran(tmp_path):
    (found,) = plan([("toy_study", [*CONFIGS, CONFIGS[0]])], tmp_path / "a")
    assert (found.cells, found.stored, found.todo, found.unknown) == (10, 0, 10, 10)
    assert "10 cells of unknown time" in told([found])
    assert not (tmp_path / "a").exists()


def test_the_times_are_those_of_the_same_bucket(tmp_path, monkeypatch):
    monkeypatch.setattr(toy_study, "chunk_size", 1)
    path = tmp_path / "a"
    slow = [{"seed": seed, "group": 0, "sleep": 0.05} for seed in (0, 1)]
    run_sweep("toy_study", [*slow, CONFIGS[1]], path, executor_factory=SerialExecutor)
    fresh = [{"seed": seed, "group": 0} for seed in (20, 21, 22, 23)]
    one, other, third = plan(
        [("toy_study", fresh), ("toy_study", CONFIGS[1:2]), ("toy_study", [{"seed": 9, "group": 5}])], path
    )
    assert 4 * 0.05 <= one.seconds < 4 * 1.0
    assert (other.todo, other.seconds, other.unknown) == (0, 0.0, 0)
    assert 2 * 0.05 / 3 <= third.seconds < 1.0  # the mean over all buckets
    assert one.unknown == third.unknown == 0


def test_several_grids_are_one_sweep(tmp_path):
    seen = []
    grids = [("toy_study", CONFIGS[:4]), ("toy_study", [*CONFIGS[2:8], {"seed": 50, "do": "raise"}])]
    rows = run_sweeps(grids, tmp_path / "a", executor_factory=SerialExecutor, progress=seen.append)
    assert [row.config for row in rows] == [c for _, configs in grids for c in configs]
    assert {p.total for p in seen} == {11}
    assert seen[-1].done == 11
    assert seen[-1].failed == 1
    assert sum(row.status is Status.FAILED for row in rows) == 1


@given(
    rate=st.floats(0.01, 1e4), first=st.integers(0, 50), done=st.integers(1, 200), left=st.integers(0, 1000)
)
def test_stored_cells_say_nothing_of_the_pace(rate, first, done, left):
    pace, total = Pace(), first + done + left
    assert "cells/s" not in pace.words(Progress(first, total, 0, 3.0))
    words = pace.words(Progress(first + done, total, 0, 3.0 + done / rate))
    assert float(words.split(" cells/s")[0]) == pytest.approx(rate, rel=0.006)
    assert ("left" in words) is (left > 0)
    if left:
        assert f"{lasting(left / rate)} left" in words or left / rate > 1.0


def test_the_bar_shows_where_it_is_and_what_failed():
    console = Console(width=120, force_terminal=True)
    with console.capture() as captured, progress_bar("toy", console, keep=True) as told:
        told(Progress(0, 8, 0, 0.0))
        told(Progress(4, 8, 1, 2.0))
    text = captured.get()
    assert "4/8" in text
    assert "2 cells/s, 0:00:02 left, 1 failed" in text


def test_engines_by_name(tmp_path):
    with engine("local", 1) as workers:
        rows = run_sweep("toy_study", CONFIGS, tmp_path / "a", executor_factory=workers)
    assert len(rows) == 10
    with pytest.raises(UnknownName, match="dask"):
        engine("dusk", 1)
    with pytest.raises(InvalidArgument, match="scheduler"):
        engine("local", 1, "tcp://127.0.0.1:1")
    with pytest.raises(InvalidArgument, match="jobs"):
        engine("dask", 0)
