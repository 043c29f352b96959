"""Where a benchmark ran, and how much of that machine others used meanwhile."""

from __future__ import annotations

import os
import platform
import resource
import time
from typing import Any

import numpy  # noqa: F401  environment() names the versions of what is loaded
import psutil
import torch  # noqa: F401

from robustlaw.sweep.environment import environment

HARDWARE = ("cpu", "cores", "memory_gib", "os")
"""What two runs have to share to be compared; versions may differ, and are then told."""

IDLE = 0.1
"""Cores that others may use of those that a benchmark needs, on average."""


def describe() -> dict[str, Any]:
    """The machine, its software, and the revision of the sources."""
    known = environment()
    return {
        "cpu": _cpu(),
        "cores": cores(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30),
        "os": platform.system(),
        **{name: known[name] for name in ("platform", "python", "numpy", "torch", "blas", "revision")},
    }


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def hardware(machine: dict[str, Any]) -> tuple[Any, ...]:
    """What has to be equal for two runs to be compared."""
    return tuple(machine.get(name) for name in HARDWARE)


def _cpu() -> str:
    """The processor's name; /proc has it where the standard library knows the family alone."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:  # noqa: PTH123  no plain file
            for line in lines:
                if line.startswith("model name"):
                    return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


class Watch:
    """Cores that were busy with anything but this process and its children that have ended."""

    def __init__(self) -> None:
        self._wall, self._busy, self._own = time.perf_counter(), _busy(), _own()

    def others(self) -> float:
        """The mean since the start. Call it when the children have ended: only then they are counted."""
        wall = time.perf_counter() - self._wall
        return max(0.0, (_busy() - self._busy) - (_own() - self._own)) / wall

    def was_free_for(self, processes: int) -> bool:
        """Whether that many processes had nearly a core each since the start; else times tell nothing."""
        return cores() - self.others() >= processes - IDLE


def _busy() -> float:
    """Processor seconds of the whole machine since it started."""
    times = psutil.cpu_times()
    idle = times.idle + getattr(times, "iowait", 0.0)
    # guests are counted in user and nice already
    guests = getattr(times, "guest", 0.0) + getattr(times, "guest_nice", 0.0)
    return float(sum(times) - idle - guests)


def _own() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(u.ru_utime + u.ru_stime for u in used)
