"""Errors that only a sweep can raise; each derives from an error of the ground floor."""

from __future__ import annotations

from pathlib import Path

from ..errors import InvalidArgument, RobustlawError


class NotPlain(InvalidArgument):
    """A value that JSON cannot hold without changing it (a numpy scalar, a set, an object)."""


class StoreInUse(RobustlawError, OSError):
    """Another process, or another part of this one, is writing to the same store."""


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
