"""Brackets in JSON files of a user."""

from __future__ import annotations

from pathlib import Path

from ..errors import RobustlawError, UnreadableFile, UnwritableFolder
from .bracket import Bracket
from .serial import from_json, to_json

# A bracket of a network with a million hidden units is smaller than this.
MOST_BYTES = 2**28


def read_bracket(path: Path) -> Bracket:
    """The bracket that `write_bracket` stored, or that --json printed. Raises UnreadableFile."""
    try:
        if path.stat().st_size > MOST_BYTES:
            raise UnreadableFile(f"{path}: too large for a bracket")
        value = from_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, RecursionError, OverflowError) as error:
        raise UnreadableFile(f"{path}: cannot be read ({error})") from error
    except UnreadableFile:
        raise
    except RobustlawError as error:
        raise UnreadableFile(f"{path}: holds no bracket ({error})") from error
    if not isinstance(value, Bracket):
        raise UnreadableFile(f"{path}: holds no bracket but {type(value).__name__}")
    return value


def write_bracket(bracket: Bracket, path: Path) -> None:
    """One line of JSON. Raises UnwritableFolder."""
    try:
        path.write_text(to_json(bracket) + "\n", encoding="utf-8")
    except OSError as error:
        raise UnwritableFolder(f"{path}: cannot be written ({error}); name another file") from error
