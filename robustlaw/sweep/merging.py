"""The union of stores, without loss: as if one sweep had run all their cells.

For each cell one row stays. An ok row beats any other. Of two ok rows with the same result the one
that was finished first stays, of two rows without a result the one that was finished last. Ties are
broken by what the rows hold, never by the order of the stores, so that merging is commutative,
associative and idempotent. Attempts are the most that any store counts: a store may be a copy of
another, and a sum would count a run as often as it was copied.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

from ..errors import InvalidArgument, UnknownName
from . import records
from .errors import MergeConflict
from .store import Store

Side = Literal["ours", "theirs"]

_TIES = ("seconds", "environment", "status", "result", "error_type", "error_message", "error_traceback")
_OR_EMPTY = "ifnull({}.{}, '')"
_KEPT = [name for name in records.COLUMNS if name not in ("key", "study", "version", "config", "attempts")]


def _ranked(row: str, never: str) -> str:
    """A row value that orders rows of a cell; a row without a time ranks as if finished at `never`."""
    return f"(ifnull({row}.finished, {never}), {', '.join(_OR_EMPTY.format(row, name) for name in _TIES)})"


_THEIRS_WIN = f"""
CASE
    WHEN (excluded.status = 'ok') != (cells.status = 'ok') THEN excluded.status = 'ok'
    WHEN excluded.status != 'ok' THEN {_ranked("excluded", "-9e999")} > {_ranked("cells", "-9e999")}
    WHEN excluded.result = cells.result OR same(excluded.result, cells.result)
        THEN {_ranked("excluded", "9e999")} < {_ranked("cells", "9e999")}
    ELSE theirs_of_conflict(excluded.key)
END
"""

_UPSERT = f"""
{records.INSERT}
ON CONFLICT (key) DO UPDATE SET
    attempts = max(cells.attempts, excluded.attempts),
    ({", ".join(_KEPT)}) = (
        SELECT {", ".join(f"excluded.{name}" for name in _KEPT)} WHERE {_THEIRS_WIN}
        UNION ALL SELECT {", ".join(f"cells.{name}" for name in _KEPT)} LIMIT 1
    )
"""


@dataclass(frozen=True)
class Merged:
    """What a merge has done. conflicts : cells with different results, of which `keep` chose one."""

    path: Path
    cells_before: int
    cells: int
    conflicts: int


def merge(into: str | Path, others: Sequence[str | Path], keep: Side | None = None) -> Merged:
    """Add the rows of other stores to a store, in one transaction: all of them or none.

    into   : made if missing; its writer's lock is taken
    others : only read, also while a sweep writes to one, and of any layout that can be read
    keep   : which result stays where two ok rows of a cell differ: that of `into` or an earlier store
             (ours), or that of a later one (theirs)

    Raises MergeConflict with the keys if two ok rows differ and keep is None; UnreadableFile,
    UnwritableFolder, StoreInUse, InvalidArgument. After any of them nothing has changed.
    """
    into = Path(into).absolute()
    if keep not in (None, *get_args(Side)):
        raise UnknownName("keep", keep, get_args(Side))
    _check_others(into, others)
    with ExitStack() as stack:
        sources = [stack.enter_context(Store.reading(path)) for path in others]
        made_here = not into.exists()
        ours = stack.enter_context(Store.writing(into))
        try:
            return _merged(ours, sources, keep)
        except BaseException:
            if made_here and not ours.counts():
                into.unlink()
            raise


def _check_others(into: Path, others: Sequence[str | Path]) -> None:
    if not others:
        raise InvalidArgument("others", others, "name at least one store to merge")
    for path in others:
        if into.exists() and Path(path).exists() and into.samefile(path):
            raise InvalidArgument("others", path, "a store cannot be merged into itself; leave it out")


def _merged(ours: Store, sources: list[Store], keep: Side | None) -> Merged:
    conflicts: set[str] = set()

    def theirs_of_conflict(key: str) -> bool:
        conflicts.add(key)
        return keep == "theirs"

    with ours.transaction() as rows:
        rows.create_function("same", 2, _same, deterministic=True)
        rows.create_function("theirs_of_conflict", 1, theirs_of_conflict)
        before = _count(rows)
        for source in sources:
            rows.executemany(
                "INSERT OR IGNORE INTO environments VALUES (?, ?)",
                source.ask("SELECT digest, json FROM environments"),
            )
            rows.executemany(_UPSERT, source.ask(records.select(source.layout)))
        if conflicts and keep is None:
            raise MergeConflict(sorted(conflicts), ours.path)
        return Merged(ours.path, before, _count(rows), len(conflicts))


def _count(rows: sqlite3.Connection) -> int:
    [(cells,)] = rows.execute("SELECT count(*) FROM cells")
    return int(cells)


def _same(left: str, right: str) -> bool:
    """Whether two results differ at most in the order of their names; -0.0 is not 0.0."""
    try:
        return _sorted(left) == _sorted(right)
    except (TypeError, ValueError):  # damage is like nothing else
        return False


def _sorted(text: str) -> str:
    return json.dumps(json.loads(text), sort_keys=True)
