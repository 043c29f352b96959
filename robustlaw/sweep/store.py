"""One SQLite file of rows: one writer, any number of readers, nothing half-written.

Write-ahead log with synchronous=NORMAL: a killed process loses nothing that was committed; a
power cut may lose the last commits, which a rerun computes again. The file belongs on a local
disk (the log's shared memory does not work over network file systems).
"""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import Any, final

from ..errors import UnreadableFile, UnwritableFolder
from . import files
from .keys import canonical
from .rows import Failure, Row, Status

_TABLES = f"""
PRAGMA journal_mode = MEMORY;
BEGIN;
PRAGMA application_id = {files.APPLICATION};
PRAGMA user_version = {files.LAYOUT};
CREATE TABLE environments (digest TEXT PRIMARY KEY, json TEXT NOT NULL);
CREATE TABLE cells (
    key TEXT PRIMARY KEY,
    study TEXT NOT NULL,
    version INTEGER NOT NULL,
    config TEXT NOT NULL,
    status TEXT NOT NULL,
    result TEXT,
    error_type TEXT,
    error_message TEXT,
    error_traceback TEXT,
    seconds REAL NOT NULL,
    attempts INTEGER NOT NULL,
    environment TEXT NOT NULL REFERENCES environments (digest)
);
CREATE INDEX cells_by_study ON cells (study, version, status);
COMMIT;
PRAGMA journal_mode = WAL;
"""

_INSERT = """
INSERT INTO cells VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (key) DO UPDATE SET
    status = excluded.status, result = excluded.result, error_type = excluded.error_type,
    error_message = excluded.error_message, error_traceback = excluded.error_traceback,
    seconds = excluded.seconds, attempts = cells.attempts + 1, environment = excluded.environment
WHERE cells.status != 'ok'
"""

_SELECT = """
SELECT key, study, version, config, status, result, error_type, error_message, error_traceback,
       seconds, environments.json, attempts
FROM cells JOIN environments ON environments.digest = cells.environment
"""


@final
class Store:
    """The rows of one file. Use `Store.writing` or `Store.reading` in a with statement."""

    def __init__(self, path: Path, rows: sqlite3.Connection, lock: sqlite3.Connection | None) -> None:
        self.path, self._rows, self._lock = path, rows, lock

    @classmethod
    def writing(cls, path: str | Path) -> Store:
        """Open the store as its one writer, and make it if there is none.

        Raises UnreadableFile (a file that is no store, or a damaged one: it is left as it is),
        UnwritableFolder, or StoreInUse.
        """
        path = Path(path).absolute()
        if path.exists():
            files.check_readable(path)
        if files.orphaned_log(path):
            raise UnreadableFile(
                f"{path}-wal is the log of a store that is missing; put it back or remove the log"
            )
        files.check_writable(path)
        lock = files.lock(path)
        try:
            if path.exists():
                files.check_sound(path)
            else:
                _create(path)
            rows = _connect(files.writing_address(path))
            rows.execute("PRAGMA synchronous = NORMAL")
        except BaseException:
            lock.close()
            raise
        return cls(path, rows, lock)

    @classmethod
    def reading(cls, path: str | Path) -> Store:
        """Open an existing store to look at it, also while a sweep is writing to it."""
        path = Path(path).absolute()
        files.check_readable(path)
        rows = _connect(files.reading_address(path))
        rows.execute("PRAGMA query_only = 1")
        return cls(path, rows, None)

    def __enter__(self) -> Store:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the file, and then of the lock."""
        self._rows.close()
        if self._lock is not None:
            self._lock.close()

    def commit(self, rows: Iterable[Row]) -> None:
        """Store the rows, all or none. A stored ok row stays as it is; any other is replaced."""
        try:
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                for row in rows:
                    self._rows.execute(_INSERT, self._record(row))
                self._rows.execute("COMMIT")
            finally:
                if self._rows.in_transaction:
                    self._rows.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise UnwritableFolder(
                f"rows cannot be stored in {self.path}: {error}; what was stored before is kept"
            ) from error

    def statuses(self, study: str, version: int) -> dict[str, Status]:
        """The status of every stored cell of one version of a study, by key."""
        found = self._rows.execute(
            "SELECT key, status FROM cells WHERE study = ? AND version = ?", (study, version)
        )
        return {key: Status(status) for key, status in found}

    def counts(self, study: str | None = None) -> dict[Status, int]:
        """How many rows of each status there are, of one study or of all."""
        found = self._rows.execute("SELECT status FROM cells WHERE ?1 IS NULL OR study = ?1", (study,))
        return dict(Counter(Status(status) for (status,) in found))

    def row(self, key: str) -> Row | None:
        """The row of one cell, or None."""
        found = self._rows.execute(f"{_SELECT} WHERE key = ?", (key,)).fetchone()
        return None if found is None else _row(found)

    def rows(self, study: str | None = None, version: int | None = None) -> Iterator[Row]:
        """The rows, ordered by key so that the order says nothing about the run."""
        where = "WHERE (?1 IS NULL OR study = ?1) AND (?2 IS NULL OR version = ?2) ORDER BY key"
        for found in self._rows.execute(f"{_SELECT} {where}", (study, version)):
            yield _row(found)

    def _record(self, row: Row) -> tuple[str | int | float | None, ...]:
        failure = row.failure
        return (
            row.key,
            row.study,
            row.version,
            canonical(row.config),
            row.status.value,
            None if row.result is None else _text(row.result),
            None if failure is None else failure.type,
            None if failure is None else failure.message,
            None if failure is None else failure.traceback,
            row.seconds,
            row.attempts,
            self._environment(row.environment),
        )

    def _environment(self, environment: dict[str, Any]) -> str:
        text = canonical(environment)
        digest = hashlib.sha256(text.encode()).hexdigest()
        self._rows.execute("INSERT OR IGNORE INTO environments VALUES (?, ?)", (digest, text))
        return digest


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)


def _create(path: Path) -> None:
    """Make an empty store elsewhere and move it here, so that no moment shows half of one."""
    draft = path.with_name(f".{path.name}.new")
    draft.unlink(missing_ok=True)
    connection = _connect(f"{draft.as_uri()}?mode=rwc")
    try:
        connection.executescript(_TABLES)
    finally:
        connection.close()
    draft.replace(path)


def _text(result: dict[str, Any]) -> str:
    """A result as JSON. Floats by shortest repr come back bit for bit; the order of names is the study's."""
    return json.dumps(result, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


@lru_cache(maxsize=64)
def _place(text: str) -> dict[str, Any]:
    """Rows of one environment share one dict: it is larger than most results."""
    place: dict[str, Any] = json.loads(text)
    return place


def _row(found: tuple[Any, ...]) -> Row:
    key, study, version, config, status, result, kind, message, trace, seconds, environment, attempts = found
    return Row(
        key=key,
        study=study,
        version=version,
        config=json.loads(config),
        status=Status(status),
        result=None if result is None else json.loads(result),
        failure=None if kind is None else Failure(kind, message, trace),
        seconds=seconds,
        environment=_place(environment),
        attempts=attempts,
    )
