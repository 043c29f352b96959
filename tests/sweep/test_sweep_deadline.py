"""Cells that take too long: ended, told apart from others, and never by mistake."""

import threading
import time

import pytest

from robustlaw.errors import InvalidArgument
from robustlaw.sweep import SerialExecutor, Status, run_sweep
from robustlaw.sweep.deadline import DeadlinePassed, within


def spin(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end:
        try:
            sum(range(50))
        except Exception:  # noqa: BLE001  a study that hides whatever goes wrong
            continue


def test_work_is_ended_even_if_it_hides_its_exceptions():
    start = time.perf_counter()
    with pytest.raises(DeadlinePassed, match=r"no result after 0\.05 s"), within(0.05):
        spin(30.0)
    assert time.perf_counter() - start < 5.0


@pytest.mark.parametrize("seconds", [None, 20.0])
def test_work_in_time_is_left_alone(seconds):
    with within(seconds):
        spin(0.01)
    assert not any(thread.name.startswith("deadline") for thread in threading.enumerate())


def test_an_error_in_time_is_that_error():
    with pytest.raises(LookupError), within(20.0):
        raise LookupError


def test_the_exception_never_comes_after_the_block():
    """Deadlines that pass while the block ends: each is raised here, or not at all.

    Another thread gets to run about every 5 ms, so blocks end up to 15 ms after they started.
    """
    late, attempts = 0, 150
    for attempt in range(attempts):
        try:
            with within(0.001):
                spin(0.015 * attempt / attempts)
        except DeadlinePassed:
            late += 1
        spin(0.0002)
    assert 0 < late < attempts


def test_other_threads_are_ended_too():
    told = []

    def work():
        try:
            with within(0.05):
                spin(30.0)
        except DeadlinePassed:
            told.append("late")

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(10.0)
    assert told == ["late"]


def test_late_cells_are_rows_and_their_neighbours_are_not(store_path):
    acts = ["compute", "spin", "compute", "raise", "compute", "compute"]
    configs = [{"seed": i, "do": act} for i, act in enumerate(acts)]
    rows = run_sweep("toy_study", configs, store_path, executor_factory=SerialExecutor, deadline=0.2)
    ok, late, failed = Status.OK, Status.TIMEOUT, Status.FAILED
    assert [row.status for row in rows] == [ok, late, ok, failed, ok, ok]
    assert rows[1].failure.type.endswith("DeadlinePassed")
    again = run_sweep("toy_study", configs, store_path, executor_factory=lambda: pytest.fail("not needed"))
    assert [row.status for row in again] == [row.status for row in rows]


def test_a_worker_in_compiled_code_is_ended_with_its_cell(store_path):
    """time.sleep is compiled code that no exception of the interpreter reaches."""
    configs = [{"seed": 0, "sleep": 60.0}, {"seed": 1}]
    rows = run_sweep("toy_study", configs, store_path, deadline=0.3)
    assert [row.status for row in rows] == [Status.TIMEOUT, Status.OK]
    assert "did not come back" in rows[0].failure.message


def test_a_deadline_is_a_positive_time(store_path):
    with pytest.raises(InvalidArgument, match="deadline"):
        run_sweep("toy_study", [{"seed": 0}], store_path, deadline=0.0)
    assert not store_path.exists()
