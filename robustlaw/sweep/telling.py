"""What a person sees of a sweep: how far it is, and what it would do."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TextColumn, TimeElapsedColumn
from rich.progress import Progress as Bars
from rich.table import Table

from .plan import Plan
from .runner import Progress


@contextmanager
def progress_bar(label: str, console: Console, keep: bool = False) -> Iterator[Callable[[Progress], None]]:
    """A line with cells done, failed, rate and time left; gives what a sweep calls with its progress.

    keep : leave the line there when it is over
    """
    columns = (
        TextColumn(label),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.fields[words]}"),
    )
    with Bars(*columns, console=console, transient=not keep) as bars:
        task = bars.add_task(label, total=None, words="")
        pace = Pace()

        def told(p: Progress) -> None:
            bars.update(task, completed=p.done, total=p.total, words=pace.words(p))

        yield told


class Pace:
    """Rate and time left; cells that were stored before the first call say nothing of either."""

    def __init__(self) -> None:
        self._first: Progress | None = None

    def words(self, p: Progress) -> str:
        """Such as "12.5 cells/s, 0:01:10 left, 2 failed"."""
        if self._first is None or p.done < self._first.done:
            self._first = p
        done, seconds = p.done - self._first.done, p.seconds - self._first.seconds
        told = []
        if done and seconds > 0.0:
            rate = done / seconds
            told.append(f"{rate:.3g} cells/s")
            if p.done < p.total:
                told.append(f"{lasting((p.total - p.done) / rate)} left")
        if p.failed:
            told.append(f"{p.failed} failed")
        return ", ".join(told)


def lasting(seconds: float) -> str:
    """Hours, minutes and seconds; no part of a second."""
    return str(timedelta(seconds=round(seconds)))


def plan_table(plans: Sequence[Plan], jobs: int) -> Table:
    """What a sweep would do, a grid a line, and how long it would take on so many workers."""
    table = Table(
        "study", "cells", "stored", "to run", f"expected on {jobs} workers", title="Nothing was run"
    )
    for p in plans:
        if p.unknown:
            known = f" and {lasting(p.seconds / jobs)}" if p.seconds else ""
            expected = f"{p.unknown} cells of unknown time{known}"
        else:
            expected = lasting(p.seconds / jobs)
        table.add_row(p.study, str(p.cells), str(p.stored), str(p.todo), expected)
    return table
