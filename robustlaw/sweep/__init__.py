"""Run a study over a grid of configs, and keep what it found.

    rows = run_sweep("robustlaw.studies.law", configs, "law.sqlite", jobs=2)

Every cell is named by the hash of what determines its result (keys), runs in a worker process
(engines, worker), and is committed with its chunk to one SQLite file (store). A sweep that was
interrupted or killed goes on where it stopped.
"""

from .engines import Kept, SerialExecutor, WorkerPool, engine
from .errors import (
    AmbiguousKey,
    DamagedStore,
    MergeConflict,
    NotPlain,
    StoreInUse,
    SweepInterrupted,
    UnknownKey,
    WorkersDoNotStart,
)
from .integrity import Finding, Report
from .keys import canonical, cell_key
from .merging import Merged, merge
from .plan import Plan, plan
from .protocol import Study, load_study
from .retrying import Retried, retry
from .rows import Failure, Row, Status
from .runner import Progress, run_sweep, run_sweeps
from .store import Store
from .summaries import FailureGroup, Tally, failure_groups, find, tallies

__all__ = [
    "AmbiguousKey",
    "DamagedStore",
    "Failure",
    "FailureGroup",
    "Finding",
    "Kept",
    "MergeConflict",
    "Merged",
    "NotPlain",
    "Plan",
    "Progress",
    "Report",
    "Retried",
    "Row",
    "SerialExecutor",
    "Status",
    "Store",
    "StoreInUse",
    "Study",
    "SweepInterrupted",
    "Tally",
    "UnknownKey",
    "WorkerPool",
    "WorkersDoNotStart",
    "canonical",
    "cell_key",
    "engine",
    "failure_groups",
    "find",
    "load_study",
    "merge",
    "plan",
    "retry",
    "run_sweep",
    "run_sweeps",
    "tallies",
]
