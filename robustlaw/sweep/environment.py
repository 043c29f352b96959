"""Where a result was computed: stored beside it, never part of its key."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS")


def environment(device: str = "cpu") -> dict[str, Any]:
    """Versions, platform and threads of this process; a library that is not loaded is None.

    device : what the networks were trained on
    """
    return {
        "robustlaw": _version("robustlaw"),
        "revision": _revision(),
        "python": platform.python_version(),
        "numpy": _version("numpy"),
        "scipy": _version("scipy"),
        "torch": _version("torch"),
        "blas": _blas(),
        "device": device,
        "platform": platform.platform(),
        "threads": {name: os.environ.get(name) for name in THREAD_VARIABLES} | {"torch": _torch_threads()},
    }


@contextmanager
def one_thread_each() -> Iterator[None]:
    """Processes started inside inherit one thread per library, which is read when it is imported."""
    before = {name: os.environ.get(name) for name in THREAD_VARIABLES}
    os.environ.update(dict.fromkeys(THREAD_VARIABLES, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def _version(library: str) -> str | None:
    version = getattr(sys.modules.get(library), "__version__", None)
    return None if version is None else str(version)


def _blas() -> str | None:
    """The linear algebra library that numpy was built with, with its version."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    built = numpy.show_config(mode="dicts")["Build Dependencies"]["blas"]
    return f"{built['name']} {built['version']}"


def _torch_threads() -> int | None:
    torch = sys.modules.get("torch")
    return None if torch is None else int(torch.get_num_threads())


@cache
def _revision() -> str | None:
    """The commit of the source tree, with "-dirty" if it was edited; None for an installed package."""
    tree = Path(__file__).resolve().parents[2]
    if not (tree / ".git").exists():
        return None
    try:
        answer = subprocess.run(
            ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"],
            cwd=tree,
            env=os.environ | {"GIT_OPTIONAL_LOCKS": "0"},
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() or None
