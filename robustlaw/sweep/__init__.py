"""Run a study over a grid of configs, and keep what it found.

    rows = run_sweep("robustlaw.studies.law", configs, "law.sqlite", jobs=2)

Every cell is named by the hash of what determines its result (keys), runs in a worker process
(engines, worker), and is committed with its chunk to one SQLite file (store). A sweep that was
interrupted or killed goes on where it stopped.
"""

from .engines import Kept, SerialExecutor, WorkerPool, engine
from .errors import NotPlain, StoreInUse, SweepInterrupted, WorkersDoNotStart
from .keys import canonical, cell_key
from .plan import Plan, plan
from .protocol import Study, load_study
from .rows import Failure, Row, Status
from .runner import Progress, run_sweep, run_sweeps
from .store import Store

__all__ = [
    "Failure",
    "Kept",
    "NotPlain",
    "Plan",
    "Progress",
    "Row",
    "SerialExecutor",
    "Status",
    "Store",
    "StoreInUse",
    "Study",
    "SweepInterrupted",
    "WorkerPool",
    "WorkersDoNotStart",
    "canonical",
    "cell_key",
    "engine",
    "load_study",
    "plan",
    "run_sweep",
    "run_sweeps",
]
