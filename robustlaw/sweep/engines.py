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
from multiprocessing import get_context
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, TypeVar

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


class WorkerPool(ProcessPoolExecutor):
    """`jobs` spawned processes that hold one end of a pipe and exit when the other end closes.

    The parent's death closes it, kill -9 included. A worker inside compiled code that keeps
    the interpreter lock exits when that code returns.
    """

    def __init__(self, jobs: int) -> None:
        context = get_context("spawn")
        self._theirs, self._ours = context.Pipe(duplex=False)
        super().__init__(jobs, mp_context=context, initializer=_prepare, initargs=(self._theirs,))

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        with _ctrl_c_blocked():  # a process that starts inside inherits the mask
            return super().submit(fn, *args, **kwargs)

    def stop(self) -> None:
        """End the workers now, whatever they are doing."""
        for process in self._started():
            process.kill()
        self.close()

    def close(self) -> list[int]:
        """Wait for the workers to end; the exit codes of those that ended by themselves (-9: signal 9)."""
        started = self._started()
        self.shutdown(wait=True, cancel_futures=True)
        self._ours.close()
        self._theirs.close()
        told = (0, -signal.SIGTERM)  # a broken pool terminates the workers that are left
        return [p.exitcode for p in started if p.exitcode is not None and p.exitcode not in told]

    def _started(self) -> list[Any]:
        # ProcessPoolExecutor offers no public list before Python 3.14's kill_workers().
        return list((self._processes or {}).values())


def stop(executor: Executor) -> None:
    """Give up on an executor and on what it is still running."""
    if isinstance(executor, WorkerPool):
        executor.stop()
    else:
        executor.shutdown(wait=False)


def close(executor: Executor) -> list[int]:
    """Put away an executor that is idle or broken; exit codes of its dead workers, where known."""
    if isinstance(executor, WorkerPool):
        return executor.close()
    executor.shutdown(wait=True)
    return []


def _prepare(lifeline: Connection) -> None:
    threading.Thread(target=_exit_at_end_of, args=(lifeline,), daemon=True).start()


def _exit_at_end_of(lifeline: Connection) -> None:
    lifeline.poll(None)  # returns when the parent's end is closed: nothing is ever sent
    os._exit(1)


@contextmanager
def _ctrl_c_blocked() -> Iterator[None]:
    if sys.platform == "win32":
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
