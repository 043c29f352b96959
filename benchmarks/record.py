"""Saved runs of all benchmarks: one JSON file each, and what an earlier one has to say to a new one."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import machine as machines
from ratios import NotRatios, Ratio, as_plain, from_plain

from robustlaw.evidence import table
from robustlaw.report.verify import write

MOVED = 0.25
"""Relative change of a ratio that is worth a flag: quiet machines repeat most of them within a tenth."""

HEADER = ["ratio", "measured", "target", "last", "change", "verdict"]


@dataclass(frozen=True)
class Run:
    """One run of some parts.

    when    : UTC
    quick   : with the small settings; only runs of equal settings are compared
    machine : as `machine.describe` has it
    ratios  : by part and name, as "part: name"
    seconds : wall time of each part
    others  : cores that other programs used meanwhile, by part
    failed  : parts that gave no ratios or something else to complain of, with the reason
    """

    when: datetime
    quick: bool
    machine: dict[str, Any]
    ratios: dict[str, Ratio] = field(default_factory=dict)
    seconds: dict[str, float] = field(default_factory=dict)
    others: dict[str, float] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"bench-{self.when:%Y%m%dT%H%M%S.%fZ}.json"

    def save(self, folder: Path) -> Path:
        """Write the run's file, whole or not at all."""
        plain = vars(self) | {"when": self.when.isoformat(), "ratios": as_plain(self.ratios)}
        write(folder / self.name, json.dumps(plain, indent=1, allow_nan=False))
        return folder / self.name


def load(path: Path) -> Run:
    """A saved run. Raises NotRatios."""
    try:
        plain = json.loads(path.read_text(encoding="utf-8"))
        return Run(
            **plain | {"when": datetime.fromisoformat(plain["when"]), "ratios": from_plain(plain["ratios"])}
        )
    except (OSError, ValueError, TypeError, KeyError) as wrong:
        raise NotRatios(f"{path}: no saved run ({wrong})") from None


@dataclass(frozen=True)
class Earlier:
    """What is known of each ratio from the newest earlier run, like this one, that measured it.

    unreadable : files that look like runs and are none
    """

    ratios: dict[str, tuple[Ratio, Run]]
    unreadable: list[str]

    @property
    def newest(self) -> Run | None:
        runs = [run for _, run in self.ratios.values()]
        return max(runs, key=lambda run: run.when) if runs else None


def earlier(folder: Path, run: Run) -> Earlier:
    """Look through the saved runs of this hardware with these settings."""
    runs, unreadable = [], []
    for path in sorted(folder.glob("bench-*.json")):
        try:
            runs.append(load(path))
        except NotRatios as wrong:
            unreadable.append(str(wrong))
    like = [
        old
        for old in runs
        if old.when < run.when
        and old.quick == run.quick
        and machines.hardware(old.machine) == machines.hardware(run.machine)
    ]
    last = {
        name: (ratio, old)
        for old in sorted(like, key=lambda old: old.when)
        for name, ratio in old.ratios.items()
        if name in run.ratios
    }
    return Earlier(last, unreadable)


def change(new: Ratio, old: Ratio) -> float:
    """Relative change of the value."""
    return new.value / old.value - 1.0


def moved(new: Ratio, old: Ratio) -> bool:
    """Whether the change is worth a flag."""
    return abs(change(new, old)) > MOVED


def told(found: Mapping[str, Ratio], last: Mapping[str, tuple[Ratio, Run]]) -> str:
    """The table: a ratio a line, beside its target and its last value."""
    return table(
        HEADER, [_line(name, ratio, last[name][0] if name in last else None) for name, ratio in found.items()]
    )


def _line(name: str, new: Ratio, old: Ratio | None) -> list[str]:
    sign = ">=" if new.better == "higher" else "<="
    target = "" if new.target is None else f"{sign} {new.target:g}"
    verdict = {True: "met", False: "MISSED", None: "open" if new.target is not None else ""}[new.met]
    if old is None:
        return [name, f"{new.value:.3g}", target, "", "", verdict]
    if moved(new, old):
        gained = (change(new, old) > 0.0) == (new.better == "higher")
        verdict = ", ".join(filter(None, [verdict, f"MOVED, {'better' if gained else 'worse'}"]))
    return [name, f"{new.value:.3g}", target, f"{old.value:.3g}", f"{change(new, old):+.0%}", verdict]


def differences(new: Run, old: Run) -> list[str]:
    """What else differs between two runs on one machine: versions and sources."""
    names = [name for name in new.machine if name not in machines.HARDWARE]
    return [
        f"{name} {old.machine.get(name)} -> {new.machine[name]}"
        for name in names
        if old.machine.get(name) != new.machine[name]
    ]
