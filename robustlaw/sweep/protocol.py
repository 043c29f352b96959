"""What a module must offer to be swept.

    NAME = "law"                       # part of every key
    VERSION = 1                        # part of every key: raise it when results change
    chunk_size = 64                    # configs per task: aim at 1 to 10 s of work

    def bucket(config): ...            # configs with equal buckets may share one call of run
    def run(configs): ...              # a list of configs in, a list of dicts of plain values out, in order
    def cell_bytes(config): ...        # optional: memory that a config adds to a call

All randomness comes from the config, and a config's row does not depend on its neighbours in
the call. NaN and infinity are not plain: write None, or a word such as "diverged".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from ..errors import InvalidArgument

Config = dict[str, Any]


@dataclass(frozen=True)
class Study:
    """A study module, checked once."""

    path: str
    name: str
    version: int
    chunk_size: int
    bucket: Callable[[Config], Hashable]
    run: Callable[[list[Config]], list[dict[str, Any]]]
    cell_bytes: Callable[[Config], int] | None = None


def load_study(path: str) -> Study:
    """The study in the module `path`, for example "robustlaw.studies.law"."""
    module = _imported(path)
    return Study(
        path=path,
        name=_offered(module, path, "NAME", str),
        version=_offered(module, path, "VERSION", int),
        chunk_size=_positive(path, _offered(module, path, "chunk_size", int)),
        bucket=_offered(module, path, "bucket", Callable),
        run=_offered(module, path, "run", Callable),
        cell_bytes=_offered(module, path, "cell_bytes", Callable) if hasattr(module, "cell_bytes") else None,
    )


def _imported(path: str) -> Any:
    if not re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*", path) or path == "__main__":
        raise InvalidArgument(
            "study", path, "give the path of an importable module, e.g. robustlaw.studies.law"
        )
    try:
        return import_module(path)
    except ModuleNotFoundError as error:
        if error.name is None or not f"{path}.".startswith(f"{error.name}."):
            raise  # the module exists, and lacks something it imports itself
        raise InvalidArgument("study", path, f"no module named {error.name!r} can be imported") from None


def _offered(module: Any, path: str, name: str, kind: Any) -> Any:
    value = getattr(module, name, None)
    if isinstance(value, kind) and not isinstance(value, bool):
        return value
    raise InvalidArgument(f"{path}.{name}", value, f"a study module defines {name} ({_kind(kind)})")


def _positive(path: str, size: int) -> int:
    if size < 1:
        raise InvalidArgument(f"{path}.chunk_size", size, "at least 1")
    return size


def _kind(kind: Any) -> str:
    return "a function" if kind is Callable else f"{kind.__name__}"
