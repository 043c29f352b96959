"""Ends work that takes too long, in whatever thread of a worker it runs."""

from __future__ import annotations

import ctypes
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

EXIT_CODE = 124
"""Of a worker that had to be ended because compiled code did not come back: as timeout(1) has it."""

GRACE = 5.0
"""Most seconds that compiled code has to come back to the interpreter after the deadline: as long as the
deadline, at least one second and at most this."""


class DeadlinePassed(BaseException):
    """Raised in the middle of the work. No Exception: a study's own `except Exception` may not eat it."""


@contextmanager
def within(seconds: float | None) -> Iterator[None]:
    """Raise DeadlinePassed inside the block once it has taken that long; None gives it all the time.

    The interpreter raises between two of its instructions, so compiled code is not interrupted. A
    block that is still in compiled code after some grace takes its process with it.
    """
    if seconds is None:
        yield
        return
    watch = _Watch(seconds)
    try:
        try:
            watch.start()
            yield
        finally:
            watch.end()
    except DeadlinePassed:
        watch.end()  # it may have come in the middle of the other call, and it comes only once
        raise DeadlinePassed(f"no result after {seconds:g} s") from None


class _Watch:
    def __init__(self, seconds: float) -> None:
        self._seconds, self._thread = seconds, threading.get_ident()
        self._lock, self._over, self._fired = threading.Lock(), threading.Event(), False
        self._watcher = threading.Thread(target=self._run, name="deadline", daemon=True)

    def start(self) -> None:
        self._watcher.start()

    def _run(self) -> None:
        if self._over.wait(self._seconds):
            return
        with self._lock:
            if self._over.is_set():
                return
            self._fired = True
            raised = ctypes.py_object(DeadlinePassed)
            ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(self._thread), raised)
        if not self._over.wait(min(GRACE, max(1.0, self._seconds))):
            os._exit(EXIT_CODE)

    def end(self) -> None:
        """No exception comes after this; one that is on its way arrives in here."""
        with self._lock:
            self._over.set()
        if self._fired:
            for _ in range(100):  # it comes at a backward jump of the interpreter, at the latest
                time.sleep(0.0)
        self._watcher.join()
