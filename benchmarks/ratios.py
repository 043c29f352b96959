"""The one way in which a benchmark hands over what it measured: named ratios, in a file.

    parser = argparse.ArgumentParser(...)
    ratios.add_option(parser)                    # --ratios FILE
    found = Ratios()
    found.add("gain over a loop", 7.4, target=4.0)
    found.write(options.ratios)                  # nothing without a file

The file is JSON: {name: {"value": 7.4, "target": 4.0, "better": "higher", "open": false}}.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from robustlaw.report.verify import write

BETTER = ("higher", "lower")


class NotRatios(ValueError):
    """What was handed over is not a set of named ratios; says why."""


@dataclass(frozen=True)
class Ratio:
    """A positive number, mostly of two times measured within one run.

    target : what it should reach at least (better = "higher") or at most ("lower"); None without one
    open   : this run cannot tell whether the target is met, for example because the machine was busy
    Raises NotRatios.
    """

    value: float
    target: float | None = None
    better: str = "higher"
    open: bool = False

    def __post_init__(self) -> None:
        for number in (self.value, self.target):
            known = isinstance(number, int | float) and not isinstance(number, bool)
            if number is not None and not (known and math.isfinite(number) and number > 0.0):
                raise NotRatios(f"{number!r} is no positive number")
        if self.value is None:
            raise NotRatios("there is no value")
        if self.better not in BETTER:
            raise NotRatios(f"better is {self.better!r}, and can be {' or '.join(BETTER)}")
        if not isinstance(self.open, bool):
            raise NotRatios(f"open is {self.open!r}, and can be true or false")

    @property
    def met(self) -> bool | None:
        """Whether the target is reached; None without a target, or where this run cannot tell."""
        if self.target is None:
            return None
        reached = self.value >= self.target if self.better == "higher" else self.value <= self.target
        return True if reached else None if self.open else False


class Ratios:
    """What a benchmark found, in the order in which it was found."""

    def __init__(self) -> None:
        self.found: dict[str, Ratio] = {}

    def add(
        self,
        name: str,
        value: float,
        target: float | None = None,
        better: str = "higher",
        open: bool = False,
    ) -> Ratio:
        """Keep a ratio under a name of its own. Raises NotRatios."""
        if name in self.found:
            raise NotRatios(f"two ratios are called {name!r}")
        self.found[name] = Ratio(float(value), target, better, bool(open))
        return self.found[name]

    @property
    def all_met(self) -> bool:
        """No target is known to be missed."""
        return all(ratio.met is not False for ratio in self.found.values())

    def write(self, path: Path | None) -> None:
        """Write the file whole or not at all; None writes nothing."""
        if path is not None:
            write(path, json.dumps(as_plain(self.found), indent=1, allow_nan=False))


def as_plain(found: Mapping[str, Ratio]) -> dict[str, dict[str, Any]]:
    """The ratios as JSON has them."""
    return {name: asdict(ratio) for name, ratio in found.items()}


def from_plain(read: object) -> dict[str, Ratio]:
    """The ratios of parsed JSON. Raises NotRatios."""
    if not isinstance(read, dict):
        raise NotRatios("there is no object of named ratios")
    found = {}
    for name, entry in read.items():
        if not isinstance(entry, dict):
            raise NotRatios(f"{name}: no object with a value")
        if unknown := entry.keys() - {"value", "target", "better", "open"}:
            raise NotRatios(f"{name}: unknown {', '.join(sorted(unknown))}")
        try:
            found[name] = Ratio(
                entry.get("value"),
                entry.get("target"),
                entry.get("better", "higher"),
                entry.get("open", False),
            )
        except NotRatios as wrong:
            raise NotRatios(f"{name}: {wrong}") from None
    return found


def read(path: Path) -> dict[str, Ratio]:
    """The ratios in a file. Raises NotRatios, also where there is no such file."""
    try:
        return from_plain(json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError) as wrong:
        if isinstance(wrong, NotRatios):
            raise
        raise NotRatios(f"no ratios can be read: {wrong}") from None


def add_option(parser: argparse.ArgumentParser) -> None:
    """The option by which `bench` asks for the ratios."""
    parser.add_argument("--ratios", type=Path, metavar="FILE", help="also write the named ratios there")


def chosen(parser: argparse.ArgumentParser, names: list[str], known: Iterable[str]) -> list[str]:
    """The parts asked for, or a word on the unknown one and exit status 2."""
    known = list(known)
    if unknown := [name for name in names if name not in known]:
        parser.error(f"unknown: {', '.join(unknown)}; choose from {', '.join(known)}")
    return names
