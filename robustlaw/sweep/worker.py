"""What a worker process does: one chunk of configs in, their rows or the first exception out.

Only plain data crosses the process boundary. An exception travels as text, because one that
cannot be unpickled would break the pool.
"""

from __future__ import annotations

import copy
import time
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidArgument
from .environment import environment
from .errors import NotPlain
from .keys import plain
from .protocol import Config, Study, load_study
from .rows import Failure


@dataclass(frozen=True)
class Answer:
    """A chunk's results in order, or why there are none."""

    results: list[dict[str, Any]] | None
    failure: Failure | None
    seconds: float
    environment: dict[str, Any]


def run_chunk(path: str, configs: list[Config]) -> Answer:
    """Run the study in the module `path` on configs of one bucket.

    A module that cannot be imported raises here: that is no cell's fault, and ends the sweep.
    """
    study = load_study(path)
    results, failure = None, None
    start = time.perf_counter()
    try:
        results = _checked(study, configs)
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a study raises becomes its row
        failure = describe(error)
    return Answer(results, failure, time.perf_counter() - start, environment(device_of(configs)))


def device_of(configs: Sequence[Config]) -> str:
    """What the first config names as its device; the CPU where it names none."""
    return str(configs[0].get("device", "cpu"))


def alive(path: str) -> str:
    """The name of the study, as proof that a worker starts and can import it."""
    return load_study(path).name


def describe(error: BaseException) -> Failure:
    """An exception as text that any encoding holds."""
    kind = type(error)
    name = kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"
    return Failure(name, _storable(str(error)), _storable("".join(traceback.format_exception(error))))


def _checked(study: Study, configs: list[Config]) -> list[dict[str, Any]]:
    rows = study.run(copy.deepcopy(configs))
    if not isinstance(rows, list) or len(rows) != len(configs):
        raise InvalidArgument(
            f"{study.path}.run", rows, f"returns a list of {len(configs)} dicts, one per config"
        )
    return [_plain_row(row) for row in rows]


def _plain_row(row: Any) -> dict[str, Any]:
    if not isinstance(row, dict):
        raise NotPlain("result", row, "a result is a dict of plain values")
    checked: dict[str, Any] = plain(row, "result")
    return checked


def _storable(text: str) -> str:
    return text.encode("utf-8", "backslashreplace").decode()
