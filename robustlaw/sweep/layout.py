"""The tables of a store, version by version, and how an older store becomes one of today.

Layout 1: cells, environments, and an index by study.
Layout 2: cells.finished, the UNIX time at which the row was committed; NULL in rows of layout 1.

An older store is read as it is. Opening it for writing brings it up to date; a newer one is refused.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from ..errors import UnreadableFile

APPLICATION = 0x524C5357  # "RLSW", kept in SQLite's application_id
LAYOUT = 2
"""Version of the tables; kept in SQLite's user_version."""

TABLES = f"""
PRAGMA journal_mode = MEMORY;
BEGIN;
PRAGMA application_id = {APPLICATION};
PRAGMA user_version = {LAYOUT};
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
    environment TEXT NOT NULL REFERENCES environments (digest),
    finished REAL
);
CREATE INDEX cells_by_study ON cells (study, version, status);
COMMIT;
PRAGMA journal_mode = WAL;
"""


def _when_rows_were_finished(rows: sqlite3.Connection) -> None:
    rows.execute("ALTER TABLE cells ADD COLUMN finished REAL")


MIGRATIONS: dict[int, Callable[[sqlite3.Connection], None]] = {1: _when_rows_were_finished}
"""From each layout to the next. A step uses only SQL that may stand in a transaction."""


def of(rows: sqlite3.Connection) -> int:
    """The layout of an open store, log included."""
    [(number,)] = rows.execute("PRAGMA user_version")
    return int(number)


def check_known(number: int, path: Path) -> None:
    """Raise UnreadableFile for a layout that this version has never heard of."""
    if not 1 <= number <= LAYOUT:
        raise UnreadableFile(
            f"{path} has layout {number}, this version of robustlaw reads layouts 1 to {LAYOUT}; "
            "it was left as is, and a newer robustlaw reads it"
        )


def finished_column(number: int) -> str:
    """What a SELECT from cells says for the time a row was finished."""
    return "cells.finished" if number >= 2 else "NULL"


def bring_up_to_date(rows: sqlite3.Connection) -> None:
    """Run the missing migrations in one transaction: killed at any point, the store is old or new.

    Needs the writer's lock. Raises sqlite3.OperationalError, and then nothing has changed.
    """
    if of(rows) == LAYOUT:
        return
    rows.execute("BEGIN IMMEDIATE")
    try:
        for number in range(of(rows), LAYOUT):
            MIGRATIONS[number](rows)
        rows.execute(f"PRAGMA user_version = {LAYOUT}")
        rows.execute("COMMIT")
    finally:
        if rows.in_transaction:
            rows.execute("ROLLBACK")
