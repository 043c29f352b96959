"""Rows as one tidy table, and as a Parquet or CSV file that is written whole or not at all.

Columns: key, study, version, status, seconds, attempts, finished, failure.type, failure.message, then
config.* and result.*, one for each name that any row has; null where a row has no such name, or None there.
"""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final

import polars as pl

from ..errors import InvalidArgument, UnwritableFolder
from . import files
from .rows import Row

JSON: Final = pl.Object()
"""Stands for a column whose values share no type: each is written as its JSON text."""

_INT64 = 2**63
_EXACT = 2**53  # floats hold every integer up to here
_WIDE = pl.Int128()  # stands for an integer that fits 64 bits and no float
_SCALARS: dict[type, Any] = {type(None): pl.Null(), bool: pl.Boolean(), float: pl.Float64(), str: pl.String()}


def table(rows: Iterable[Row]) -> pl.DataFrame:
    """One row of the table for each row, in their order.

    Integers beside floats become floats if each is one exactly. A list is a polars list if what it
    holds has one type in all rows; dicts, and values without a common type, are JSON text.
    """
    rows = list(rows)
    fixed: dict[str, tuple[Any, Callable[[Row], Any]]] = {
        "key": (pl.String, lambda row: row.key),
        "study": (pl.String, lambda row: row.study),
        "version": (pl.Int64, lambda row: row.version),
        "status": (pl.String, lambda row: row.status.value),
        "seconds": (pl.Float64, lambda row: row.seconds),
        "attempts": (pl.Int64, lambda row: row.attempts),
        "finished": (pl.Float64, lambda row: row.finished),
        "failure.type": (pl.String, lambda row: row.failure and row.failure.type),
        "failure.message": (pl.String, lambda row: row.failure and row.failure.message),
    }
    columns = [pl.Series(name, list(map(of, rows)), dtype=kind) for name, (kind, of) in fixed.items()]
    columns += _columns("config", [row.config for row in rows])
    columns += _columns("result", [row.result or {} for row in rows])
    return pl.DataFrame(columns)


def write(rows: Iterable[Row], path: str | Path, force: bool = False) -> int:
    """Write the table of rows to a .parquet or .csv file; how many rows there are.

    Parquet keeps every bit of every float. CSV has no lists: they are written as JSON text.
    force : replace a file that exists
    Raises InvalidArgument (another ending, or a file that exists) and UnwritableFolder.
    """
    path = Path(path).absolute()
    if path.suffix not in _WRITERS:
        raise InvalidArgument("out", path, "a file that ends in .parquet or .csv")
    if path.exists() and not (force and path.is_file()):
        raise InvalidArgument("out", path, "exists; name another file, or replace it with --force")
    if path.exists() and files.is_database(path):
        raise InvalidArgument("out", path, "is an SQLite file, perhaps a store; it was left as is")
    made = table(rows)
    draft = _draft(path)
    try:
        _WRITERS[path.suffix](made, draft)
        draft.chmod(0o666 & ~_umask())
        with draft.open("rb") as file:
            os.fsync(file.fileno())  # else a power cut may leave the new name without its bytes
        draft.replace(path)
    except (OSError, pl.exceptions.ComputeError) as error:
        raise UnwritableFolder(f"{path} cannot be written: {error}") from error
    finally:
        draft.unlink(missing_ok=True)
    return made.height


def _columns(part: str, values: list[dict[str, Any]]) -> list[pl.Series]:
    names = dict.fromkeys(name for one in values for name in one)
    return [_column(f"{part}.{name}", [one.get(name) for one in values]) for name in names]


def _column(name: str, values: list[Any]) -> pl.Series:
    shared = _shared(values)
    if shared is JSON:
        return pl.Series(name, [None if v is None else _text(v) for v in values], dtype=pl.String)
    return pl.Series(name, values, dtype=_stored(shared), strict=False)


def _shared(values: Iterable[Any]) -> Any:
    """The one type of all values, or JSON."""
    shared: Any = pl.Null()
    for kind in set(map(_kind, values)):
        shared = _joined(shared, kind)
    return shared


def _kind(value: Any) -> Any:
    kind = type(value)
    if kind is int:
        return pl.Int64() if abs(value) <= _EXACT else _WIDE if -_INT64 <= value < _INT64 else JSON
    if kind is list:
        inner = _shared(value)
        return JSON if inner is JSON else pl.List(inner)
    return _SCALARS.get(kind, JSON)


def _joined(left: Any, right: Any) -> Any:
    """The smallest type that holds the values of both without changing one."""
    if left == right or right == pl.Null:
        return left
    if left == pl.Null:
        return right
    if isinstance(left, pl.List) and isinstance(right, pl.List):
        inner = _joined(left.inner, right.inner)
        return JSON if inner is JSON else pl.List(inner)
    pair = {left, right}
    if pair == {pl.Int64(), pl.Float64()}:
        return pl.Float64()
    return _WIDE if pair == {pl.Int64(), _WIDE} else JSON


def _stored(shared: Any) -> Any:
    """The type of a column: 64 bits for all integers, and text where there is no value at all."""
    if isinstance(shared, pl.List):
        return pl.List(_stored(shared.inner))
    return {_WIDE: pl.Int64(), pl.Null(): pl.String()}.get(shared, shared)


def _text(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)


def _write_parquet(made: pl.DataFrame, path: Path) -> None:
    made.write_parquet(path)


def _write_csv(made: pl.DataFrame, path: Path) -> None:
    lists = [name for name, kind in made.schema.items() if isinstance(kind, pl.List)]
    texts = [
        pl.Series(name, [None if v is None else _text(v) for v in made[name].to_list()], dtype=pl.String)
        for name in lists
    ]
    made.with_columns(texts).write_csv(path)


_WRITERS: dict[str, Callable[[pl.DataFrame, Path], None]] = {".parquet": _write_parquet, ".csv": _write_csv}


def _draft(path: Path) -> Path:
    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            return Path(file.name)
    except OSError as error:
        raise UnwritableFolder(f"{path} cannot be written: {error}") from error


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
