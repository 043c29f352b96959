"""What is asked (a Cell) and what is known about it (a Row)."""

from __future__ import annotations

import json
from collections.abc import Hashable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from .errors import NotPlain
from .keys import canonical, key_of_text
from .protocol import Study


class Status(StrEnum):
    """How a cell ended. Only an ok cell has a result, and only an ok row is final."""

    OK = "ok"
    FAILED = "failed"
    KILLED = "killed"
    TIMEOUT = "timeout"


@dataclass(frozen=True)
class Failure:
    """Why a cell has no result: the exception's type and message, and where it was raised."""

    type: str
    message: str
    traceback: str


@dataclass(frozen=True)
class Row:
    """One stored cell.

    seconds     : wall time of the cell, as its share of the chunk it ran in
    environment : versions, platform, threads and git revision; like seconds, never part of the key
    attempts    : how often the cell was run until this row
    finished    : UNIX time at which the row was committed; None before that, and in rows older than the field
    """

    key: str
    study: str
    version: int
    config: dict[str, Any]
    status: Status
    result: dict[str, Any] | None
    failure: Failure | None
    seconds: float
    environment: dict[str, Any]
    attempts: int = 1
    finished: float | None = None


@dataclass(frozen=True)
class Cell:
    """One config of a study, with its key and its bucket."""

    key: str
    study: str
    version: int
    config: dict[str, Any]
    bucket: Hashable

    def done(self, result: dict[str, Any], seconds: float, environment: dict[str, Any]) -> Row:
        return self._row(Status.OK, result, None, seconds, environment)

    def lost(self, status: Status, failure: Failure, seconds: float, environment: dict[str, Any]) -> Row:
        return self._row(status, None, failure, seconds, environment)

    def _row(
        self,
        status: Status,
        result: dict[str, Any] | None,
        failure: Failure | None,
        seconds: float,
        environment: dict[str, Any],
    ) -> Row:
        return Row(
            self.key, self.study, self.version, self.config, status, result, failure, seconds, environment
        )


def cell(study: Study, config: Any) -> Cell:
    """The cell of one config. The study is given the config as its key reads it: lists, not tuples."""
    if not isinstance(config, dict):
        raise NotPlain("config", config, "a config is a dict of plain values")
    text = canonical(config, "config")
    read = json.loads(text)
    key = key_of_text(study.name, study.version, text)
    return Cell(key, study.name, study.version, read, study.bucket(read))
