"""Is every byte of a store what a sweep would have written? Everything is read, nothing is changed."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..errors import InvalidArgument
from .keys import cell_key
from .rows import Status

_CELLS = """
SELECT key, study, version, config, status, result, error_type, error_message, error_traceback,
       seconds, attempts, environments.digest
FROM cells LEFT JOIN environments ON environments.digest = cells.environment ORDER BY cells.rowid
"""

_STATUSES = frozenset(Status)


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong.

    where : a cell's key, an environment's digest, or "file"
    what  : a sentence
    """

    where: str
    what: str


@dataclass(frozen=True)
class Report:
    """What a check has seen: `cells` rows were read, and `findings` are all that is wrong."""

    path: Path
    cells: int
    findings: tuple[Finding, ...]

    @property
    def sound(self) -> bool:
        return not self.findings


def examine(path: Path, rows: sqlite3.Connection) -> Report:
    """Check the pages, the environments, and every cell of an open store.

    Where SQLite cannot read on, that is a finding, and what lies behind it stays unread.
    """
    findings, cells = [], 0
    try:
        findings += [
            Finding("file", what) for (what,) in rows.execute("PRAGMA integrity_check") if what != "ok"
        ]
        findings += _environments(rows)
        for record in rows.execute(_CELLS):
            cells += 1
            findings += [Finding(str(record[0]), what) for what in _wrong(record)]
    except sqlite3.DatabaseError as error:
        findings.append(Finding("file", f"{error}; the cells after the first {cells} were not checked"))
    return Report(path, cells, tuple(findings))


def _environments(rows: sqlite3.Connection) -> Iterator[Finding]:
    for digest, text in rows.execute("SELECT digest, json FROM environments"):
        if _object(text) is None:
            yield Finding(str(digest), "the environment is no JSON object")
        elif hashlib.sha256(text.encode()).hexdigest() != digest:
            yield Finding(str(digest), "the environment has another digest")


def _wrong(record: tuple[Any, ...]) -> Iterator[str]:
    """A sentence for each thing that is wrong with one cell."""
    key, study, version, config, status, result, kind, message, trace, seconds, attempts, place = record
    yield from _misnamed(key, study, version, config)
    if place is None:
        yield "its environment is not stored"
    if status not in _STATUSES:
        yield f"unknown status {status!r}"
    elif status == Status.OK:
        if _object(result) is None:
            yield "status ok, and its result is no JSON object"
        if (kind, message, trace) != (None, None, None):
            yield "status ok, and there is a failure"
    else:
        if not all(isinstance(text, str) for text in (kind, message, trace)):
            yield f"status {status}, and the failure is not told"
        if result is not None:
            yield f"status {status}, and there is a result"
    if not (isinstance(seconds, float) and math.isfinite(seconds) and seconds >= 0.0):
        yield f"seconds = {seconds!r}"
    if not (isinstance(attempts, int) and attempts >= 1):
        yield f"attempts = {attempts!r}"


def _misnamed(key: Any, study: Any, version: Any, config: Any) -> Iterator[str]:
    if not (isinstance(study, str) and isinstance(version, int)):
        yield f"study {study!r} and version {version!r} are no text and number"
        return
    read = _object(config)
    if read is None:
        yield "its config is no JSON object"
        return
    try:
        right = cell_key(study, version, read)
    except InvalidArgument as error:
        yield f"its config cannot be a config: {error}"
        return
    if right != key:
        yield f"its study, version and config have the key {right}"


def _object(text: Any) -> dict[str, Any] | None:
    """The JSON object in a text, or None."""
    try:
        read = json.loads(text, parse_constant=_refuse) if isinstance(text, str) else None
    except (ValueError, RecursionError):
        return None
    return read if isinstance(read, dict) else None


def _refuse(word: str) -> None:
    raise ValueError(word)  # NaN and Infinity are not JSON
