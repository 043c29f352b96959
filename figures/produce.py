"""From a figure's module to its files: rows from the sweep store, a table, a picture, a manifest."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl

from robustlaw.errors import RobustlawError, UnwritableFolder
from robustlaw.sweep import Progress, Row, Status, canonical, load_study, run_sweeps

from .claims import Judged, judge
from .sheets import Preset, sheet_module
from .style import styled

STORE, DATA, MANIFEST = "runs.sqlite", "data.csv", "manifest.json"
PICTURES = ("figure.pdf", "figure.png", "figure.svg")
LIBRARIES = ("robustlaw", "numpy", "scipy", "torch", "matplotlib", "polars")


class FailedCells(RobustlawError):
    """A figure cannot be drawn or judged without cells that failed."""


@dataclass(frozen=True)
class Produced:
    """A figure that was made."""

    name: str
    folder: Path
    claims: list[Judged]
    rows: int
    seconds: float


def produce(
    name: str,
    preset: Preset,
    out: Path,
    jobs: int = 2,
    progress: Callable[[Progress], None] | None = None,
    workers: Callable[[], Executor] | None = None,
    deadline: float | None = None,
) -> Produced:
    """Make one figure into out/name; rows that the store has are not computed again.

    jobs, workers, deadline : as run_sweep has them
    Raises UnknownName, UnwritableFolder, FailedCells, and what a sweep raises.
    """
    module, start = sheet_module(name), time.perf_counter()
    folder = folder_for(out / name)
    rows = run_sweeps(module.study(preset), out / STORE, jobs, workers, progress, deadline)
    with _blamed_on_failures(name, rows):
        table = module.tidy([row for row in rows if row.status is Status.OK])
        write_whole(folder / DATA, table.write_csv().encode())
        draw(module, table, folder)
        judged = judge(module.claims(table))
        distances = module.deviations(table) if hasattr(module, "deviations") else {}
    told = _manifest(name, module, preset, rows, judged, distances, folder)
    write_whole(folder / MANIFEST, told.encode())
    return Produced(name, folder, judged, len(rows), time.perf_counter() - start)


@contextmanager
def _blamed_on_failures(name: str, rows: list[Row]) -> Iterator[None]:
    """What goes wrong inside is told as the failed cells that left a gap, if there are any."""
    try:
        yield
    except Exception as error:
        failures = [row.failure for row in rows if row.failure is not None]
        if not failures:
            raise
        raise FailedCells(
            f"{name}: {len(failures)} of {len(rows)} cells failed, and nothing can be drawn without them; "
            f"the first with {failures[0].type}: {failures[0].message}"
        ) from error


def draw(module: ModuleType, table: pl.DataFrame, folder: Path) -> None:
    """The pictures of a table: PDF, PNG and SVG, the same bytes for the same table."""
    with styled():
        figure = module.plot(table)
        for picture in PICTURES:
            stamp = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}.get(picture[-3:], {})
            figure.savefig(folder / picture, metadata=stamp)


def asked(module: ModuleType, preset: Preset) -> str:
    """A hash of what decides a figure's files: its source and what it imports, configs, studies' versions."""
    grids = module.study(preset)
    studies = {path: load_study(path).version for path, _ in grids}
    digest = hashlib.sha256(canonical({"studies": studies, "cells": [c for _, c in grids]}).encode())
    for source in (*_sources(module), *sorted((Path(__file__).parent / "data").glob("*"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _sources(module: ModuleType) -> list[Path]:
    """Files of the module and of every module of this package that it takes something from."""
    found: dict[str, Path] = {}
    waiting = [module]
    while waiting:
        one = waiting.pop()
        if one.__name__ in found or one.__file__ is None:
            continue
        found[one.__name__] = Path(one.__file__)
        used = {getattr(value, "__module__", getattr(value, "__name__", "")) for value in vars(one).values()}
        package = __name__.partition(".")[0]
        waiting += [
            sys.modules[name] for name in used if name in sys.modules and name.startswith(f"{package}.")
        ]
    return [found[name] for name in sorted(found)]


def state(name: str, out: Path) -> str:
    """fresh, stale or missing, and for which preset."""
    path = out / name / MANIFEST
    if not path.exists():
        return "missing"
    try:
        told = json.loads(path.read_text())
        preset = told["preset"]
        whole = all(_hash(out / name / file) == digest for file, digest in told["files"].items())
        same = whole and told["asked"] == asked(sheet_module(name), preset)
    except (OSError, ValueError, KeyError):
        return "stale (its manifest or files are damaged)"
    return f"{'fresh' if same else 'stale'} ({preset})"


def _manifest(
    name: str,
    module: ModuleType,
    preset: Preset,
    rows: list[Row],
    judged: list[Judged],
    distances: dict[str, float],
    folder: Path,
) -> str:
    environments = {canonical(row.environment): row.environment for row in rows}
    told: dict[str, Any] = {
        "figure": name,
        "label": module.LABEL,
        "title": module.TITLE,
        "source": module.SOURCE,
        "caption": module.CAPTION,
        "declared": [vars(d) for d in module.DECLARED],
        "preset": preset,
        "command": f"python -m figures {name} --{preset}",
        "asked": asked(module, preset),
        "rows": dict(Counter(str(row.status) for row in rows)),
        "seeds": sorted({row.config["seed"] for row in rows if "seed" in row.config}),
        "cell_seconds": sum(row.seconds for row in rows),
        "claims": [j.plain() for j in judged],
        "distances": distances,
        "versions": {library: version(library) for library in LIBRARIES}
        | {"python": platform.python_version()},
        "computed_on": list(environments.values()),
        "files": {file: _hash(folder / file) for file in (DATA, *PICTURES)},
    }
    return json.dumps(told, indent=1, ensure_ascii=False)


def folder_for(path: Path) -> Path:
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UnwritableFolder(f"out = {path}: nothing can be written there ({error})") from error
    return path


def write_whole(path: Path, data: bytes) -> None:
    """Whole or not at all."""
    draft = path.with_name(f".{path.name}.new")
    draft.write_bytes(data)
    draft.replace(path)


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
