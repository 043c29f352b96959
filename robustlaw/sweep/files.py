"""Is this path a store, can it become one, and may this process write to it?"""

from __future__ import annotations

import os
import sqlite3
import tempfile
from pathlib import Path

from ..errors import UnreadableFile, UnwritableFolder
from . import layout
from .errors import DamagedStore, StoreInUse

MAGIC = b"SQLite format 3\x00"


def check_readable(path: Path) -> None:
    """Raise UnreadableFile unless the header is a store's; DamagedStore if bytes of the file are missing.

    Reads 100 bytes and touches nothing. https://www.sqlite.org/fileformat.html gives the offsets.
    """
    if not path.is_file():
        raise UnreadableFile(f"{path} is not a file; a sweep stores its rows in one SQLite file")
    log_before = _has_log(path)
    with path.open("rb") as file:
        header = file.read(100)
        size = os.fstat(file.fileno()).st_size
    if len(header) < 100 or not header.startswith(MAGIC):
        raise UnreadableFile(
            f"{path} is not a store of a sweep ({size} bytes, no SQLite header); it was left as is"
        )
    if _number(header, 68, 4) != layout.APPLICATION:
        raise UnreadableFile(f"{path} is an SQLite file of another program; it was left as is")
    layout.check_known(_number(header, 60, 4), path)
    # While a log exists, the header may be ahead of the file: SQLite copies page 1 first.
    page = _number(header, 16, 2)
    expected = _number(header, 28, 4) * (65536 if page == 1 else page)
    if size < expected and not log_before and not _has_log(path):
        raise DamagedStore(f"{path} is truncated: {size} of {expected} bytes; it was left as is")


def is_database(path: Path) -> bool:
    """Whether this is an SQLite file, of whatever program."""
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC


def check_sound(path: Path) -> None:
    """Raise DamagedStore unless SQLite finds every page in order, and UnreadableFile for a newer layout.

    Needs the lock; writes nothing. The log of a killed writer may hold a newer layout than the header.
    """
    mode = "mode=ro" if _has_log(path) else "immutable=1"
    connection = sqlite3.connect(f"{path.resolve().as_uri()}?{mode}", uri=True)
    try:
        layout.check_known(layout.of(connection), path)
        [(verdict,)] = connection.execute("PRAGMA quick_check(1)").fetchall()
    except sqlite3.DatabaseError as error:
        verdict = str(error)
    finally:
        connection.close()
    if verdict != "ok":
        raise DamagedStore(f"{path} is damaged ({verdict}); it was left as is")


def check_writable(path: Path) -> None:
    """Make the folder of `path` if it is missing; raise UnwritableFolder if nothing can be stored there."""
    folder = path.parent
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise UnwritableFolder(f"results cannot be stored in {folder}: {error.strerror or error}") from error
    if path.exists() and not os.access(path, os.W_OK):
        raise UnwritableFolder(f"results cannot be stored in {path}: the file is read-only")


def lock(path: Path) -> sqlite3.Connection:
    """Be the one writer of the store `path` until the connection is closed or the process ends.

    The lock is SQLite's own on the empty side file `<path>.lock`, held by an open exclusive
    transaction: the system drops it however the process ends, kill -9 included, readers of
    the store are not kept out, and the side file may stay.
    """
    side = path.with_name(f"{path.name}.lock")
    connection = sqlite3.connect(side, timeout=0, isolation_level=None)
    try:
        connection.execute("BEGIN EXCLUSIVE")
    except sqlite3.OperationalError as error:
        connection.close()
        if "locked" not in str(error):
            raise UnwritableFolder(f"the lock {side} cannot be taken: {error}") from error
        raise StoreInUse(f"another sweep is writing to {path}; wait for it, or use another store") from None
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UnreadableFile(f"{side} is not a lock of a sweep ({error}); it was left as is") from error
    return connection


def reading_address(path: Path) -> str:
    """SQLite's address for reading, which leaves the store and its log byte for byte as they are.

    A log, of a live writer or a killed one, is read by a connection that may not fold it in; without
    one, a connection that may write has nothing to write and clears its side files away. A medium
    nobody can write to is read without side files.
    """
    if _has_log(path):
        return f"{path.resolve().as_uri()}?mode=ro"
    writable = os.access(path.parent, os.W_OK) and os.access(path, os.W_OK)
    return writing_address(path) if writable else f"{path.resolve().as_uri()}?immutable=1"


def writing_address(path: Path) -> str:
    """SQLite's address for the writer; a missing file stays missing."""
    return f"{path.resolve().as_uri()}?mode=rw"


def orphaned_log(path: Path) -> bool:
    """Whether a log lies where its store is missing: SQLite would replay it into a new store."""
    return not path.exists() and _has_log(path)


def _has_log(path: Path) -> bool:
    try:
        return path.with_name(f"{path.name}-wal").stat().st_size > 0
    except OSError:
        return False


def _number(header: bytes, offset: int, width: int) -> int:
    return int.from_bytes(header[offset : offset + width], "big")
