"""Run a study over many configs: each cell once, whatever is interrupted, killed or repeated."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Executor
from functools import partial
from pathlib import Path
from typing import NamedTuple

from ..errors import InvalidArgument
from .dispatch import Dispatcher, chunks
from .engines import WorkerPool
from .environment import one_thread_each
from .errors import SweepInterrupted
from .protocol import Config, Study, load_study
from .rows import Cell, Row, Status, cell
from .store import Store, no_collector

Grid = tuple[str, list[Config]]


class Progress(NamedTuple):
    """How far a sweep is. done counts stored cells of this call, those of earlier calls included."""

    done: int
    total: int
    failed: int
    seconds: float


def run_sweep(
    study: str,
    configs: Iterable[Config],
    store_path: str | Path,
    jobs: int = 1,
    executor_factory: Callable[[], Executor] | None = None,
    progress: Callable[[Progress], None] | None = None,
    retry_failed: bool = False,
    deadline: float | None = None,
) -> list[Row]:
    """The rows of `configs`, in their order; cells that the store already has are not run again.

    study            : module path of a study, see robustlaw.sweep.protocol
    configs          : dicts of plain values; equal configs are one cell
    store_path       : the SQLite file, made if missing; one sweep at a time writes to it
    jobs             : worker processes, one thread each; results do not depend on it
    executor_factory : makes the executor instead, `jobs` then says how many chunks to keep on it;
                       called again when the executor breaks
    progress         : called at the start and after each stored chunk
    retry_failed     : run failed, killed and late cells of earlier calls again
    deadline         : seconds that a cell may take; a late one is a row of status "timeout"

    A cell that raises, returns what is not plain (NaN too), or takes its worker down three times
    becomes a row with the reason, and the others go on. Ctrl-C raises SweepInterrupted.
    Everything about the arguments is checked before a file is made or a process started.
    """
    if jobs < 1:
        raise InvalidArgument("jobs", jobs, "at least 1 worker process")
    if deadline is not None and not deadline > 0.0:
        raise InvalidArgument("deadline", deadline, "give a positive number of seconds, or None")
    loaded = load_study(study)
    with no_collector():
        cells = [cell(loaded, config) for config in configs]
    with Store.writing(store_path) as store:
        ledger = _Ledger(store, loaded, cells, progress)
        try:
            todo = ledger.open_cells(retry_failed)
            if todo:
                _run(
                    loaded,
                    todo,
                    jobs,
                    executor_factory or partial(WorkerPool, min(jobs, len(todo))),
                    ledger.record,
                    deadline,
                )
        except KeyboardInterrupt:
            raise SweepInterrupted(ledger.stored(), len(ledger.cells), store.path) from None
        return store.rows_of(cell.key for cell in cells)


def run_sweeps(
    grids: Sequence[Grid],
    store_path: str | Path,
    jobs: int = 1,
    executor_factory: Callable[[], Executor] | None = None,
    progress: Callable[[Progress], None] | None = None,
    deadline: float | None = None,
) -> list[Row]:
    """The rows of several grids, one after the other into one store; arguments as in `run_sweep`.

    grids    : pairs of a study's module path and its configs
    progress : counts the cells of all grids
    """
    total, before, failed = sum(len(configs) for _, configs in grids), 0, 0
    start, rows = time.perf_counter(), []
    for study, configs in grids:

        def told(p: Progress, before: int = before, failed: int = failed) -> None:
            if progress is not None:
                seconds = time.perf_counter() - start
                progress(Progress(p.done + before, total, p.failed + failed, seconds))

        found = run_sweep(study, configs, store_path, jobs, executor_factory, told, deadline=deadline)
        before += len(configs)
        failed += sum(row.status is not Status.OK for row in found)
        rows += found
    return rows


def _run(
    study: Study,
    cells: list[Cell],
    jobs: int,
    factory: Callable[[], Executor],
    record: Callable[[list[Row]], None],
    deadline: float | None,
) -> None:
    with one_thread_each():
        # One chunk more than workers: the next one is there when a worker gets free.
        Dispatcher(study, factory, jobs + 1, record, deadline).run(chunks(cells, study.chunk_size))


class _Ledger:
    """Which of the asked cells are stored, and how they ended."""

    def __init__(
        self, store: Store, study: Study, cells: list[Cell], progress: Callable[[Progress], None] | None
    ) -> None:
        self._store, self._progress, self._start = store, progress, time.perf_counter()
        self.cells = {cell.key: cell for cell in cells}
        self._read = partial(store.statuses, study.name, study.version)
        self._done, self._failed = 0, 0

    def stored(self) -> int:
        """How many of the asked cells the store has now."""
        return len(self.cells.keys() & self._read().keys())

    def open_cells(self, retry_failed: bool) -> list[Cell]:
        """The cells still to run."""
        stored = self._read()
        found = [stored[key] for key in self.cells if key in stored]
        final = {Status.OK} if retry_failed else set(Status)
        self._count(status for status in found if status in final)
        return [cell for key, cell in self.cells.items() if stored.get(key) not in final]

    def record(self, rows: list[Row]) -> None:
        self._store.commit(rows)
        self._count(row.status for row in rows)

    def _count(self, ends: Iterable[Status]) -> None:
        for status in ends:
            self._done += 1
            self._failed += status is not Status.OK
        if self._progress is not None:
            seconds = time.perf_counter() - self._start
            self._progress(Progress(self._done, len(self.cells), self._failed, seconds))
