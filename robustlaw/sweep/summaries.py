"""What is in a store, without reading its rows one by one."""

from __future__ import annotations

from dataclasses import dataclass

from . import layout
from .errors import AmbiguousKey, UnknownKey
from .rows import Row
from .store import Store

CANDIDATES = 10
"""How many keys an ambiguous prefix is answered with."""


@dataclass(frozen=True)
class Tally:
    """The cells of one status of one version of a study.

    seconds  : their time together, all but the last attempt of a cell left out
    finished : UNIX time of the last one; None if no row knows
    """

    study: str
    version: int
    status: str
    cells: int
    seconds: float
    finished: float | None


@dataclass(frozen=True)
class FailureGroup:
    """The cells that ended in the same way; `key` names the first of them."""

    study: str
    version: int
    status: str
    type: str
    message: str
    cells: int
    key: str


def tallies(store: Store) -> list[Tally]:
    """By study, version and status."""
    finished = layout.finished_column(store.layout)
    query = f"""
        SELECT study, version, status, count(*), sum(seconds), max({finished}) FROM cells
        GROUP BY study, version, status ORDER BY study, version, status
    """
    return [Tally(*found) for found in store.ask(query)]


def failure_groups(store: Store, study: str | None = None) -> list[FailureGroup]:
    """Rows that are not ok, together where study, status, type and message agree; the most frequent first."""
    query = """
        SELECT study, version, status, error_type, error_message, count(*), min(key) FROM cells
        WHERE status != 'ok' AND (?1 IS NULL OR study = ?1)
        GROUP BY study, version, status, error_type, error_message ORDER BY count(*) DESC, min(key)
    """
    return [FailureGroup(*found) for found in store.ask(query, (study,))]


def find(store: Store, prefix: str) -> Row:
    """The one row whose key starts with `prefix`. Raises UnknownKey or AmbiguousKey."""
    where = "FROM cells WHERE key >= ?1 AND key < ?1 || char(1114111)"
    keys = [key for (key,) in store.ask(f"SELECT key {where} ORDER BY key LIMIT {CANDIDATES}", (prefix,))]
    if len(keys) > 1:
        [(matches,)] = store.ask(f"SELECT count(*) {where}", (prefix,))
        raise AmbiguousKey(prefix, keys, matches)
    row = store.row(keys[0]) if keys else None
    if row is None:
        raise UnknownKey("key", prefix, f"no cell of {store.path} has a key that starts so")
    return row
