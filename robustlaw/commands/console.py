"""What commands share: exit statuses, the number of cores, the screen, the option for machines."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer
from rich.console import Console

WRONG_USE, DEFECT, INTERRUPTED = 2, 70, 130

Json = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]


def cores() -> int:
    """Cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def console() -> Console:
    """Standard output; wide enough for tables where it is no terminal."""
    return Console(width=None if sys.stdout.isatty() else 160)
