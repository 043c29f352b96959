"""Rows as SQLite keeps them: one tuple per cell, JSON for what has an inner structure."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from ..errors import UnreadableFile
from . import layout
from .errors import DamagedStore
from .keys import canonical
from .rows import Failure, Row, Status

Record = tuple[Any, ...]

COLUMNS = (
    "key",
    "study",
    "version",
    "config",
    "status",
    "result",
    "error_type",
    "error_message",
    "error_traceback",
    "seconds",
    "attempts",
    "environment",
    "finished",
)

INSERT = f"INSERT INTO cells ({', '.join(COLUMNS)}) VALUES ({', '.join('?' * len(COLUMNS))})"


def select(number: int) -> str:
    """The query whose records `rows` reads, for a store of layout `number`: COLUMNS in their order."""
    return f"SELECT {', '.join(COLUMNS[:-1])}, {layout.finished_column(number)} FROM cells"


def record(row: Row, place: str, now: float) -> Record:
    """A row as the values of COLUMNS; place is the digest of its environment."""
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
        place,
        now if row.finished is None else row.finished,
    )


def place(environment: dict[str, Any]) -> tuple[str, str]:
    """An environment's digest and text."""
    text = canonical(environment)
    return hashlib.sha256(text.encode()).hexdigest(), text


def rows(found: Sequence[Record], path: Path, place_of: Callable[[str], dict[str, Any]]) -> Iterator[Row]:
    """The rows of a batch of records; place_of gives the environment of a digest.

    Raises DamagedStore, or UnreadableFile for a status of a later version.
    """
    configs = _read_together([record[3] for record in found], path)
    results = _read_together([record[5] or "null" for record in found], path)
    for record, config, result in zip(found, configs, results, strict=True):
        key, study, version, _, how, _, kind, message, trace, seconds, attempts, digest, finished = record
        yield Row(
            key=key,
            study=study,
            version=version,
            config=config,
            status=status(how, path),
            result=result,
            failure=None if kind is None else Failure(kind, message, trace),
            seconds=seconds,
            environment=place_of(digest),
            attempts=attempts,
            finished=finished,
        )


def status(text: str, path: Path) -> Status:
    if text not in _STATUSES:
        raise UnreadableFile(
            f"{path} has rows with the status {text!r}, which this version of robustlaw does not know; "
            f"{advice(path)}"
        )
    return _STATUSES[text]


def advice(path: Path) -> str:
    """What to do about damage."""
    return f"`robustlaw runs check {path}` says what is wrong"


_STATUSES = {status.value: status for status in Status}
_READ = json.JSONDecoder().decode
_WRITE = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode


def _text(result: dict[str, Any]) -> str:
    """A result as JSON. Floats by shortest repr come back bit for bit; the order of names is the study's."""
    return _WRITE(result)


def read(text: str, path: Path) -> Any:
    """The value of a JSON text. Raises DamagedStore."""
    return _read_together([text], path)[0]


def _read_together(texts: list[str], path: Path) -> list[Any]:
    """The values of JSON texts. One call of the decoder for all takes two thirds of the time of many."""
    try:
        values: list[Any] = _READ(f"[{','.join(texts)}]")
    except (TypeError, ValueError) as error:
        raise DamagedStore(f"{path} holds a cell that is no JSON ({error}); {advice(path)}") from error
    if len(values) != len(texts):
        raise DamagedStore(f"{path} holds a cell of several JSON values; {advice(path)}")
    return values
