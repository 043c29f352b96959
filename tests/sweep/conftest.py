"""What the tests of the sweep share: where traces go, and what a store says apart from time and place."""

import os
import sys
from collections import Counter
from pathlib import Path

import pytest

from robustlaw.sweep import Store

HERE = Path(__file__).resolve().parent


@pytest.fixture
def store_path(tmp_path):
    return tmp_path / "runs.sqlite"


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """How often each cell was run, by its seed; a function, because the runs happen later."""
    trace = tmp_path / "trace"
    monkeypatch.setenv("TOY_TRACE", str(trace))
    return lambda: (
        Counter(line.split()[0] for line in trace.read_text().splitlines()) if trace.exists() else {}
    )


@pytest.fixture
def parent(tmp_path):
    """The command of a sweep in a process of its own, and the environment it needs."""
    paths = os.pathsep.join([str(HERE.parent.parent), str(HERE)])
    environment = os.environ | {"PYTHONPATH": paths, "TOY_TRACE": str(tmp_path / "trace")}

    def command(store, cells, jobs=2, seconds=0.0):
        return {
            "args": [
                sys.executable,
                str(HERE / "parent.py"),
                str(store),
                str(cells),
                str(jobs),
                str(seconds),
            ],
            "env": environment,
        }

    return command


@pytest.fixture
def table():
    """The lasting part of a store or of rows: everything but time, place and the number of attempts."""

    def lasting(rows):
        if isinstance(rows, Path):
            with Store.reading(rows) as store:
                rows = list(store.rows())
        return sorted((row.key, row.status, repr(row.config), repr(row.result)) for row in rows)

    return lasting
