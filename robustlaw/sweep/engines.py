"""Where chunks run: any concurrent.futures.Executor, by default a pool of fresh processes.

Workers are spawned (nothing of the parent leaks in), use one thread each, leave Ctrl-C to the
parent, and end with the parent however that ends.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from multiprocessing import get_context
from multiprocessing.connection import Connection
from types import ModuleType
from typing import Any, ParamSpec, TypeVar

from ..errors import InvalidArgument, UnknownName

ENGINES = ("local", "dask")

P = ParamSpec("P")
T = TypeVar("T")


class SerialExecutor(Executor):
    """Runs each task at once in this process: for debugging and for tests.

    The libraries keep the threads they have here, so results may differ in the last bits from
    those of workers with one thread. A task that ends the process ends the sweep.
    """

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001  a future carries its exception
            future.set_exception(error)
        return future


class Engine(Executor):
    """An executor that can tell how its workers are."""

    def stop(self) -> list[int]:
        """End the workers now; the exit codes of those that had ended by themselves (-9: signal 9)."""
        self.shutdown(wait=False)
        return []

    def has_lost_a_worker(self) -> bool:
        """Whether something is gone that will never answer."""
        return False

    def mends_itself(self) -> bool:
        """Whether it goes on although a task took its worker down."""
        return False

    def width(self) -> int:
        """How many tasks it runs at once, at this moment."""
        return 1


class WorkerPool(ProcessPoolExecutor, Engine):
    """`jobs` spawned processes that hold one end of a pipe and exit when the other end closes.

    The parent's death closes it, kill -9 included. A worker inside compiled code that keeps
    the interpreter lock exits when that code returns.
    """

    def __init__(self, jobs: int) -> None:
        context = get_context("spawn")
        self._theirs, self._ours = context.Pipe(duplex=False)
        super().__init__(jobs, mp_context=context, initializer=_prepare, initargs=(self._theirs,))
        # Start all workers with the first task. One that is started while another dies is missed by the
        # clean-up in the library, which then waits for it forever.
        self._safe_to_dynamically_spawn_children = False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _ctrl_c_blocked(), _main_hidden():  # submitting may start a process
            return super().submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        super().shutdown(wait, cancel_futures=cancel_futures)
        self._ours.close()
        self._theirs.close()

    def stop(self) -> list[int]:
        started = self._started()
        for process in started:
            process.terminate()
        self.shutdown(cancel_futures=True)
        told = (0, -signal.SIGTERM)
        return [p.exitcode for p in started if p.exitcode is not None and p.exitcode not in told]

    def width(self) -> int:
        return int(self._max_workers)  # type: ignore[attr-defined]

    def has_lost_a_worker(self) -> bool:
        return any(process.exitcode is not None for process in self._started())

    def _started(self) -> list[Any]:
        # ProcessPoolExecutor offers no public list before Python 3.14's kill_workers().
        return list((self._processes or {}).values())


class Kept:
    """One executor for many sweeps, as their `executor_factory`: starting workers takes seconds.

    with Kept(partial(WorkerPool, 2)) as workers:
        run_sweep(study, configs, store, 2, executor_factory=workers)

    An executor that a sweep gave up on is replaced by the next call. Leaving the block ends it.
    """

    def __init__(self, factory: Callable[[], Engine]) -> None:
        self._factory = factory
        self._lent: _Lent | None = None

    def __call__(self) -> Executor:
        if self._lent is None or self._lent.ended:
            self._lent = _Lent(self._factory())
        return self._lent

    def __enter__(self) -> Kept:
        return self

    def __exit__(self, *reason: object) -> None:
        if self._lent is not None and not self._lent.ended:
            self._lent.inner.shutdown()


class _Lent(Engine):
    """Outlives the sweeps that shut it down; `stop` ends it."""

    def __init__(self, inner: Engine) -> None:
        self.inner, self.ended = inner, False

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        return self.inner.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures

    def stop(self) -> list[int]:
        self.ended = True
        return self.inner.stop()

    def has_lost_a_worker(self) -> bool:
        return self.inner.has_lost_a_worker()

    def mends_itself(self) -> bool:
        return self.inner.mends_itself()

    def width(self) -> int:
        return self.inner.width()


def engine(name: str, jobs: int, scheduler: str | None = None) -> Kept:
    """An engine by its name, to be used in a with statement.

    name      : "local", `jobs` processes; or "dask", a cluster (the extra `cluster`)
    scheduler : address of a Dask scheduler; None starts `jobs` Dask workers on this machine
    Raises UnknownName, InvalidArgument.
    """
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    if scheduler is not None and name != "dask":
        raise InvalidArgument("scheduler", scheduler, 'it belongs to the engine "dask"')
    if jobs < 1:
        raise InvalidArgument("jobs", jobs, "at least 1 worker process")
    if name == "local":
        return Kept(partial(WorkerPool, jobs))
    from .cluster import DaskEngine

    return Kept(DaskEngine(scheduler, jobs))


def stop(executor: Executor) -> list[int]:
    """Give up on an executor and what it is still running; exit codes of its dead workers, where known."""
    if isinstance(executor, Engine):
        return executor.stop()
    executor.shutdown(wait=False)
    return []


def has_lost_a_worker(executor: Executor) -> bool:
    """Whether a worker is known to be dead."""
    return isinstance(executor, Engine) and executor.has_lost_a_worker()


def mends_itself(executor: Executor) -> bool:
    """Whether an executor that lost a worker can be used on."""
    return isinstance(executor, Engine) and executor.mends_itself()


def width(executor: Executor) -> int:
    """How many tasks an executor runs at once, where it knows; else 1."""
    return executor.width() if isinstance(executor, Engine) else 1


def _prepare(lifeline: Connection) -> None:
    threading.Thread(target=_exit_at_end_of, args=(lifeline,), daemon=True).start()


def _exit_at_end_of(lifeline: Connection) -> None:
    lifeline.poll(None)  # returns when the parent's end is closed: nothing is ever sent
    os._exit(1)


@contextmanager
def _main_hidden() -> Iterator[None]:
    """Processes started inside do not run the user's script again.

    Spawned processes import the parent's __main__, which fails for a script without an
    `if __name__ == "__main__":`, for standard input, and costs time for all. A worker needs
    the study alone.
    """
    main = sys.modules["__main__"]
    sys.modules["__main__"] = ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    """Processes started inside inherit the mask, so that only the parent hears Ctrl-C."""
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
