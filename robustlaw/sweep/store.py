"""One SQLite file of rows: one writer, any number of readers, nothing half-written.

Write-ahead log with synchronous=NORMAL: a killed process loses nothing that was committed; a
power cut may lose the last commits, which a rerun computes again. The file belongs on a local
disk (the log's shared memory does not work over network file systems).
"""

from __future__ import annotations

import gc
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, final

from ..errors import UnreadableFile, UnwritableFolder
from . import files, layout, records
from .errors import DamagedStore
from .integrity import Report, examine
from .rows import Row, Status

if TYPE_CHECKING:
    import polars as pl

_UPSERT = f"""
{records.INSERT}
ON CONFLICT (key) DO UPDATE SET
    status = excluded.status, result = excluded.result, error_type = excluded.error_type,
    error_message = excluded.error_message, error_traceback = excluded.error_traceback,
    seconds = excluded.seconds, attempts = cells.attempts + 1, environment = excluded.environment,
    finished = excluded.finished
WHERE cells.status != 'ok'
"""

_OF = "(?1 IS NULL OR study = ?1) AND (?2 IS NULL OR version = ?2)"

BATCH = 500
"""Keys in one query: SQLite before 3.32 allows 999 parameters."""


@final
class Store:
    """The rows of one file. Use `Store.writing` or `Store.reading` in a with statement."""

    def __init__(self, path: Path, rows: sqlite3.Connection, lock: sqlite3.Connection | None) -> None:
        self.path, self._rows, self._lock = path, rows, lock
        self.layout = layout.of(rows)
        self._select = records.select(self.layout)
        self._places: dict[str, dict[str, Any]] = {}

    @classmethod
    def writing(cls, path: str | Path) -> Store:
        """Open the store as its one writer, and make it if there is none.

        A store of an older layout is brought up to date, in one transaction.

        Raises UnreadableFile (a file that is no store, a damaged one, or one of a newer robustlaw: it
        is left as it is), UnwritableFolder, or StoreInUse.
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
            return cls(path, _connected_for_writing(path), lock)
        except BaseException:
            lock.close()
            raise

    @classmethod
    def reading(cls, path: str | Path) -> Store:
        """Open an existing store to look at it, also while a sweep is writing to it.

        A store of an older layout is read as it is. Raises UnreadableFile.
        """
        path = Path(path).absolute()
        files.check_readable(path)
        rows = _connect(files.reading_address(path))
        try:
            rows.execute("PRAGMA query_only = 1")
            layout.check_known(layout.of(rows), path)  # the log may be newer than the header
            return cls(path, rows, None)
        except sqlite3.DatabaseError as error:
            rows.close()
            raise DamagedStore(f"{path} cannot be read: {error}; {records.advice(path)}") from error
        except BaseException:
            rows.close()
            raise

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
        rows, now = list(rows), time.time()
        places = {id(row.environment): row.environment for row in rows}  # rows of a chunk share theirs
        known = {number: records.place(environment) for number, environment in places.items()}
        made = [records.record(row, known[id(row.environment)][0], now) for row in rows]
        with self.transaction() as transaction:
            transaction.executemany("INSERT OR IGNORE INTO environments VALUES (?, ?)", known.values())
            transaction.executemany(_UPSERT, made)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """What is written inside is stored whole or not at all. Raises UnwritableFolder."""
        try:
            self._rows.execute("BEGIN IMMEDIATE")
            try:
                yield self._rows
                self._rows.execute("COMMIT")
            finally:
                if self._rows.in_transaction:  # SQLite has rolled back by itself after some errors
                    self._rows.execute("ROLLBACK")
        except sqlite3.OperationalError as error:
            raise UnwritableFolder(
                f"rows cannot be stored in {self.path}: {error}; what was stored before is kept"
            ) from error

    def statuses(self, study: str, version: int) -> dict[str, Status]:
        """The status of every stored cell of one version of a study, by key."""
        found = self.ask("SELECT key, status FROM cells WHERE study = ? AND version = ?", (study, version))
        return {key: self._status(how) for key, how in found}

    def counts(self, study: str | None = None) -> dict[Status, int]:
        """How many rows of each status there are, of one study or of all."""
        where = "WHERE ?1 IS NULL OR study = ?1 GROUP BY status"
        return {
            self._status(how): n
            for how, n in self.ask(f"SELECT status, count(*) FROM cells {where}", (study,))
        }

    def row(self, key: str) -> Row | None:
        """The row of one cell, or None."""
        return next(iter(self.rows_of([key])), None)

    def rows_of(self, keys: Iterable[str]) -> list[Row]:
        """The rows of these cells, in their order, as often as they are named; missing ones are left out."""
        with no_collector():
            return list(self._rows_of(iter(keys)))

    def _rows_of(self, waiting: Iterator[str]) -> Iterator[Row]:
        while batch := list(islice(waiting, BATCH)):
            asked = set(batch)
            where = f"WHERE key IN ({', '.join('?' * len(asked))})"
            found = {record[0]: record for record in self.ask(f"{self._select} {where}", tuple(asked))}
            yield from records.rows([found[key] for key in batch if key in found], self.path, self._place)

    def rows(self, study: str | None = None, version: int | None = None) -> Iterator[Row]:
        """The rows, ordered by key so that the order says nothing about the run."""
        found = self.ask(f"{self._select} WHERE {_OF} ORDER BY key", (study, version))
        while batch := list(islice(found, BATCH)):
            yield from records.rows(batch, self.path, self._place)

    def table(self, study: str | None = None, version: int | None = None) -> pl.DataFrame:
        """The rows as one tidy table, see robustlaw.sweep.tables."""
        from .tables import table  # polars takes long to load, and no worker needs it

        return table(self.rows(study, version))

    def check(self) -> Report:
        """Everything that is wrong with the store; nothing is written. See robustlaw.sweep.integrity."""
        return examine(self.path, self._rows)

    def ask(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """What SQLite answers. Raises DamagedStore where it finds bytes that it did not write."""
        try:
            yield from self._rows.execute(query, values)
        except sqlite3.ProgrammingError:  # of the caller, such as a store that is closed
            raise
        except sqlite3.DatabaseError as error:
            raise DamagedStore(f"{self.path} cannot be read: {error}; {records.advice(self.path)}") from error

    def _place(self, digest: str) -> dict[str, Any]:
        """An environment. Rows share it: it is larger than most results."""
        if digest not in self._places:
            found = list(self.ask("SELECT json FROM environments WHERE digest = ?", (digest,)))
            if not found:
                raise DamagedStore(
                    f"{self.path}: the environment {digest} is missing; {records.advice(self.path)}"
                )
            self._places[digest] = records.read(found[0][0], self.path)
        return self._places[digest]

    def _status(self, text: str) -> Status:
        return records.status(text, self.path)


@contextmanager
def no_collector() -> Iterator[None]:
    """No search for cycles inside: rows have none, and it would walk over all of them again and again."""
    running = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if running:
            gc.enable()


def _connect(address: str) -> sqlite3.Connection:
    return sqlite3.connect(address, uri=True, timeout=30, isolation_level=None)


def _connected_for_writing(path: Path) -> sqlite3.Connection:
    rows = _connect(files.writing_address(path))
    try:
        rows.execute("PRAGMA synchronous = NORMAL")
        layout.bring_up_to_date(rows)
    except sqlite3.OperationalError as error:
        rows.close()
        raise UnwritableFolder(
            f"{path} cannot be brought from its layout to layout {layout.LAYOUT}: {error}; it was left as is"
        ) from error
    except BaseException:
        rows.close()
        raise
    return rows


def _create(path: Path) -> None:
    """Make an empty store elsewhere and move it here, so that no moment shows half of one."""
    draft = path.with_name(f".{path.name}.new")
    try:
        draft.unlink(missing_ok=True)
        connection = _connect(f"{draft.as_uri()}?mode=rwc")
        try:
            connection.executescript(layout.TABLES)
        finally:
            connection.close()
        draft.replace(path)
    except (OSError, sqlite3.OperationalError) as error:
        draft.unlink(missing_ok=True)
        raise UnwritableFolder(f"no store can be made at {path}: {error}") from error
