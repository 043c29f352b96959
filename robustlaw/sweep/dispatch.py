"""Hand chunks to an executor, and find the cell that raised or that took its worker down."""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait

from . import engines
from .deadline import EXIT_CODE
from .environment import environment
from .errors import WorkersDoNotStart
from .protocol import Study
from .rows import Cell, Failure, Row, Status
from .worker import Answer, alive, device_of, run_chunk

Chunk = tuple[Cell, ...]

STARTS = 3
"""Workers that die three times in a row before their first cell were not killed by chance."""

DEATHS = 3
"""Workers that have to die with a cell, alone, until it is blamed: one may be killed by chance."""

PATIENCE = 1.0
"""Seconds without an answer until dead workers are looked for; a pool that breaks says so at once,
unless a task is submitted in that very moment."""


def chunks(cells: Iterable[Cell], size: int) -> list[Chunk]:
    """Cells of one bucket together, in order, at most `size` at a time."""
    buckets: dict[object, list[Cell]] = {}
    for cell in cells:
        buckets.setdefault(cell.bucket, []).append(cell)
    return [
        tuple(members[start : start + size])
        for members in buckets.values()
        for start in range(0, len(members), size)
    ]


class Dispatcher:
    """Runs chunks and passes finished rows to `record`, one call per finished chunk.

    ahead    : fewest chunks to keep on the executor; one more than it runs at once, if that is more
    deadline : seconds that a cell may take
    A chunk that raises, or is late, is run again cell by cell. When workers die, every chunk that was
    on its way is a suspect; suspects run again one at a time, halved each time they kill, until a
    cell has killed alone, DEATHS times.
    """

    def __init__(
        self,
        study: Study,
        factory: Callable[[], Executor],
        ahead: int,
        record: Callable[[list[Row]], None],
        deadline: float | None = None,
    ) -> None:
        self._study, self._factory, self._ahead, self._record = study, factory, ahead, record
        self._deadline = deadline
        self._executor = factory()

    def run(self, work: Iterable[Chunk]) -> None:
        queue = deque(work)
        try:
            while queue:
                suspects = self._until_broken(queue, self._ahead)
                if suspects:
                    self._renew()
                    self._interrogate(deque(chunk for chunk, _ in suspects))
        except BaseException:
            engines.stop(self._executor)
            raise
        self._executor.shutdown()

    def _until_broken(self, queue: deque[Chunk], ahead: int) -> list[tuple[Chunk, float]]:
        """Work through the queue; if workers die, the chunks then on their way, with their seconds."""
        flying: dict[Future[Answer], tuple[Chunk, float]] = {}
        suspects: list[tuple[Chunk, float]] = []
        while flying or (queue and not suspects):
            if not suspects:
                wide = ahead if ahead == 1 else max(ahead, engines.width(self._executor) + 1)
                suspects += self._launch(queue, flying, wide)
            back = wait(flying, timeout=PATIENCE, return_when=FIRST_COMPLETED).done
            if not back and engines.has_lost_a_worker(self._executor):
                return suspects + [(chunk, time.perf_counter() - start) for chunk, start in flying.values()]
            for future in back:
                chunk, start = flying.pop(future)
                try:
                    answer = future.result()
                except BrokenExecutor:
                    suspects.append((chunk, time.perf_counter() - start))
                else:
                    queue.extendleft(reversed(self._settle(chunk, answer)))
        return suspects

    def _launch(
        self, queue: deque[Chunk], flying: dict[Future[Answer], tuple[Chunk, float]], ahead: int
    ) -> list[tuple[Chunk, float]]:
        """Submit until `ahead` chunks are on their way or one is back; a chunk that found the pool broken."""
        while queue and len(flying) < ahead and not any(future.done() for future in flying):
            chunk, start = queue.popleft(), time.perf_counter()
            try:
                configs = [cell.config for cell in chunk]
                future = self._executor.submit(run_chunk, self._study.path, configs, self._deadline)
            except BrokenExecutor:
                return [(chunk, 0.0)]
            flying[future] = chunk, start
        return []

    def _settle(self, chunk: Chunk, answer: Answer) -> list[Chunk]:
        """Record what a chunk came back with; the chunks to run instead, if that is an exception."""
        share = answer.seconds / len(chunk)
        if answer.results is not None:
            pairs = zip(chunk, answer.results, strict=True)
            self._record([cell.done(result, share, answer.environment) for cell, result in pairs])
            return []
        if len(chunk) > 1:
            return [(cell,) for cell in chunk]
        assert answer.failure is not None
        status = Status.TIMEOUT if answer.late else Status.FAILED
        self._record([chunk[0].lost(status, answer.failure, share, answer.environment)])
        return []

    def _interrogate(self, suspects: deque[Chunk]) -> None:
        """Run suspects with nothing beside them, so that who is there when a worker dies is the culprit."""
        deaths: Counter[str] = Counter()
        while suspects:
            for chunk, seconds in self._until_broken(suspects, ahead=1):
                exit_codes = self._renew()
                if len(chunk) > 1:
                    half = len(chunk) // 2
                    suspects.extendleft((chunk[half:], chunk[:half]))
                    continue
                deaths[chunk[0].key] += 1
                if deaths[chunk[0].key] < DEATHS and EXIT_CODE not in exit_codes:
                    suspects.appendleft(chunk)
                else:
                    self._blame(chunk[0], exit_codes, seconds)

    def _blame(self, cell: Cell, exit_codes: list[int], seconds: float) -> None:
        status = Status.TIMEOUT if EXIT_CODE in exit_codes else Status.KILLED
        where = environment(device_of([cell.config]))
        self._record([cell.lost(status, _death(exit_codes), seconds, where)])

    def _renew(self) -> list[int]:
        """An executor that is known to work; the exit codes of the old one's dead workers."""
        if engines.mends_itself(self._executor):
            return []
        exit_codes = engines.stop(self._executor)
        for _ in range(STARTS):
            self._executor = self._factory()
            try:
                self._executor.submit(alive, self._study.path).result()
            except BrokenExecutor:
                engines.stop(self._executor)
            else:
                return exit_codes
        raise WorkersDoNotStart(
            f"worker processes end before they have imported {self._study.path}; import it in a fresh "
            "interpreter to see why, and look at the memory that is left"
        )


def _death(exit_codes: list[int]) -> Failure:
    if EXIT_CODE in exit_codes:
        return Failure("DeadlinePassed", "compiled code did not come back after the deadline", "")
    how = f"exit codes {exit_codes}; -9 is a kill, often for memory" if exit_codes else "exit code unknown"
    return Failure("WorkerDied", f"the worker process ended while it ran this cell alone ({how})", "")
