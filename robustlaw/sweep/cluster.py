"""Chunks on a Dask cluster: one that runs elsewhere, or workers of this machine over TCP.

    run_sweep(study, configs, store, executor_factory=DaskEngine("tcp://head:8786"))

Workers may come and go. A worker of the cluster has to be able to import robustlaw and the study, at the
versions that are wanted: rows say what computed them. Needs the extra `cluster`.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future
from typing import Any, ParamSpec, TypeVar

from ..errors import InvalidArgument, RobustlawError
from .engines import Engine

try:
    import distributed
except ModuleNotFoundError as missing:  # pragma: no cover - the tests have it
    if missing.name not in ("distributed", "dask"):
        raise
    raise InvalidArgument("engine", "dask", "install the extra: pip install 'robustlaw[cluster]'") from None

P = ParamSpec("P")
T = TypeVar("T")

QUIET = {
    # A cell that kills its workers is looked for by the dispatcher: no need to feed it three more.
    "distributed.scheduler.allowed-failures": 0,
    "distributed.comm.retry.count": 3,
}


LOOK_EVERY = 1.0
"""Seconds between two looks at how many workers there are."""


class SchedulerLost(RobustlawError, ConnectionError):
    """No scheduler answers. What was finished is stored; the same call continues from there."""


class DaskEngine:
    """Makes executors on a cluster: the `executor_factory` of a sweep.

    address  : of a running scheduler; None starts workers on this machine, which end with the sweep
    jobs     : how many workers to start, one thread each; with an address it has no say
    patience : seconds to wait for the scheduler, also for one that comes back after a loss
    Raises InvalidArgument, or SchedulerLost when called.
    """

    def __init__(self, address: str | None = None, jobs: int = 1, patience: float = 30.0) -> None:
        if jobs < 1:
            raise InvalidArgument("jobs", jobs, "at least 1 worker process")
        if not patience > 0.0:
            raise InvalidArgument("patience", patience, "give a positive number of seconds")
        self.address, self.jobs, self.patience = address, jobs, patience

    def __call__(self) -> DaskExecutor:
        import dask

        # its tracebacks of lost connections; what is lost is told by the errors here
        for name in ("distributed", "distributed.utils", "distributed.client", "distributed.core"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        with dask.config.set(QUIET):
            if self.address is not None:
                return DaskExecutor(self._client(self.address), None)
            cluster = distributed.LocalCluster(  # type: ignore[no-untyped-call]
                n_workers=self.jobs,
                threads_per_worker=1,
                processes=True,
                dashboard_address=None,
                silence_logs=logging.CRITICAL,
            )
            return DaskExecutor(self._client(cluster), cluster)

    def _client(self, where: Any) -> distributed.Client:
        try:
            # the heartbeat is how a lost scheduler is noticed
            return distributed.Client(where, timeout=self.patience, set_as_default=False)  # type: ignore[no-untyped-call]
        except (OSError, ValueError) as error:
            told = str(error) or type(error).__name__
            raise SchedulerLost(
                f"no Dask scheduler answers at {self.address} within {self.patience:g} s ({told}); start one "
                "with `dask scheduler`, and the same call again: it continues from what is stored"
            ) from error


class DaskExecutor(Engine):
    """Tasks of one client. A task that took its worker down is told as a broken executor."""

    def __init__(self, client: distributed.Client, cluster: Any) -> None:
        self._client, self._cluster = client, cluster
        self._width, self._asked = 1, -LOOK_EVERY

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        if not self.mends_itself():
            raise BrokenExecutor("the Dask scheduler is gone")
        future: Future[T] = Future()
        future.set_running_or_notify_cancel()
        # equal arguments are two tasks, and an exception of the task is no reason to repeat it
        task = self._client.submit(fn, *args, **kwargs, pure=False, retries=0)
        task.add_done_callback(lambda done: _settle(future, done))  # type: ignore[no-untyped-call]
        return future

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        del wait, cancel_futures
        self._client.close()  # type: ignore[no-untyped-call]
        if self._cluster is not None:
            self._cluster.close()

    def has_lost_a_worker(self) -> bool:
        return not self.mends_itself()

    def mends_itself(self) -> bool:
        """While the scheduler is there: it starts lost workers again, or gives their tasks to others."""
        return bool(self._client.status == "running")

    def width(self) -> int:
        now = time.monotonic()
        if now - self._asked > LOOK_EVERY and self.mends_itself():
            self._width = sum(self._client.nthreads().values())  # type: ignore[no-untyped-call]
            self._asked = now
        return self._width


def _settle(future: Future[Any], task: Any) -> None:
    """Hand over what became of a task; called in a thread of the client."""
    if future.done():
        return
    if task.status == "finished":
        try:
            future.set_result(task.result())
        except Exception as lost:  # noqa: BLE001  the result did not arrive
            future.set_exception(BrokenExecutor(str(lost)))
        return
    error = task.exception() if task.status == "error" else None
    if error is None or isinstance(error, distributed.KilledWorker):
        error = BrokenExecutor(f"the task is {task.status}: {error}")
    future.set_exception(error)
