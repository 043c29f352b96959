"""Errors that only a sweep can raise; each derives from an error of the ground floor."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ..errors import InvalidArgument, RobustlawError, UnreadableFile


class NotPlain(InvalidArgument):
    """A value that JSON cannot hold without changing it (a numpy scalar, a set, an object)."""


class StoreInUse(RobustlawError, OSError):
    """Another process, or another part of this one, is writing to the same store."""


class DamagedStore(UnreadableFile):
    """A store that has lost bytes, or holds bytes that no store writes; it is left as it is."""


class MergeConflict(RobustlawError, ValueError):
    """Stores hold different results of the same cells; nothing was merged.

    keys : the cells, sorted
    """

    def __init__(self, keys: Sequence[str], into: Path) -> None:
        self.keys, self.into = tuple(keys), into
        shown = ", ".join(key[:16] for key in self.keys[:10]) + (", ..." if len(self.keys) > 10 else "")
        super().__init__(
            f"{len(self.keys)} cells have different results in the stores ({shown}); nothing was written to "
            f"{into}; look at them with `robustlaw runs show`, then merge with keep ours or theirs"
        )

    def __reduce__(self) -> tuple[type, tuple[tuple[str, ...], Path]]:
        return type(self), (self.keys, self.into)


class UnknownKey(InvalidArgument):
    """A store has no cell whose key starts so."""


class AmbiguousKey(InvalidArgument):
    """More than one cell's key starts so.

    candidates : the first of their keys
    matches    : how many there are
    """

    def __init__(self, prefix: str, candidates: Sequence[str], matches: int) -> None:
        self.candidates, self.matches = tuple(candidates), matches
        shown = ", ".join(key[:16] for key in candidates)
        more = "" if matches == len(self.candidates) else ", ..."
        super().__init__(
            "key",
            prefix,
            f"{matches} cells have keys that start so: {shown}{more}",
        )

    def __reduce__(self) -> tuple[type, tuple[str, tuple[str, ...], int]]:  # type: ignore[override]
        return type(self), (str(self.value), self.candidates, self.matches)


class WorkersDoNotStart(RobustlawError, RuntimeError):
    """Worker processes end before they have done anything, so no cell can be blamed."""


class SweepInterrupted(KeyboardInterrupt):
    """Ctrl-C ended a sweep. What was finished is stored; the same call continues from there.

    Not a RobustlawError: `except Exception` must not swallow the wish to stop.
    """

    def __init__(self, stored: int, total: int, path: Path) -> None:
        self.stored, self.total, self.path = stored, total, path
        super().__init__(
            f"interrupted: {stored} of {total} cells are stored in {path}; the same call continues from there"
        )

    def __reduce__(self) -> tuple[type, tuple[int, int, Path]]:
        return type(self), (self.stored, self.total, self.path)
