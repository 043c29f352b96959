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
from .deadline import DeadlinePassed, within
from .environment import environment
from .errors import NotPlain
from .keys import plain
from .memory import parts
from .protocol import Config, Study, load_study
from .rows import Failure


@dataclass(frozen=True)
class Answer:
    """A chunk's results in order, or why there are none; `late` if that is its deadline."""

    results: list[dict[str, Any]] | None
    failure: Failure | None
    seconds: float
    environment: dict[str, Any]
    late: bool = False


def run_chunk(path: str, configs: list[Config], deadline: float | None = None) -> Answer:
    """Run the study in the module `path` on configs of one bucket, as many at once as memory allows.

    deadline : seconds that a config may take, on average over the chunk
    A module that cannot be imported raises here: that is no cell's fault, and ends the sweep.
    """
    study = load_study(path)
    results, failure, late = None, None, False
    start = time.perf_counter()
    try:
        with within(None if deadline is None else deadline * len(configs)):
            results = [row for part in parts(study, configs) for row in _checked(study, part)]
    except (Exception, SystemExit) as error:  # noqa: BLE001  whatever a study raises becomes its row
        failure = describe(error)
    except DeadlinePassed as error:
        failure, late = describe(error), True
    return Answer(results, failure, time.perf_counter() - start, environment(device_of(configs)), late)


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
