"""What a figure module offers, and where they all are.

    LABEL   = "1a"                               # what it is called in the paper, or here
    TITLE   = "Memorisation against kept weights"
    SOURCE  = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1a"   # or "here"
    CAPTION = "..."                              # what is drawn, and what it does not show
    DECLARED = (Declared(...), ...)              # settings that the source leaves open
    def study(preset) -> [(study module, [config, ...]), ...]
    def tidy(rows) -> polars table               # the only thing that plot and claims look at
    def plot(table) -> matplotlib Figure         # pure: nothing computed, drawn at random or read
    def claims(table) -> [Claim, ...]

A module may say GROUP = "companions": figures of one group are made together by its name. It may offer
VARIANTS (see sensitivity), and deviations(table), the mean absolute distances from published curves by
series, with "all" for all of them and "final" for the largest relative distance at a curve's end.

Modules import no torch: a figure can be drawn again from its data alone.
"""

from __future__ import annotations

import difflib
import pkgutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any, Literal

from robustlaw.errors import InvalidArgument, UnknownName

Preset = Literal["smoke", "quick", "full"]
PRESETS: tuple[Preset, ...] = ("smoke", "quick", "full")
Grid = tuple[str, list[dict[str, Any]]]
_PARTS = ("LABEL", "TITLE", "SOURCE", "CAPTION", "DECLARED", "study", "tidy", "plot", "claims")


@dataclass(frozen=True)
class Declared:
    """A setting that the source leaves open, with what else it could be."""

    name: str
    value: str
    alternatives: tuple[str, ...]
    why: str


@cache
def names() -> tuple[str, ...]:
    """Names of all figures: the modules of figures.gallery."""
    package = import_module("figures.gallery")
    return tuple(sorted(m.name for m in pkgutil.iter_modules(package.__path__)))


def group(name: str) -> str:
    """The group of a figure: "law" unless its module says another."""
    told: str = getattr(sheet_module(name), "GROUP", "law")
    return told


def expand(words: Sequence[str]) -> tuple[str, ...]:
    """Names of figures for words that name figures, groups, or "all"; each once, in their order.

    Raises UnknownName, with the nearest names.
    """
    found: dict[str, None] = {}
    for word in words:
        members = [name for name in names() if word in ("all", group(name))]
        for name in members or [word]:
            sheet_module(name)  # every name is checked before anything runs
            found[name] = None
    return tuple(found)


def sheet_module(name: str) -> ModuleType:
    """The module of a figure. Raises UnknownName, with the nearest names, or InvalidArgument."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.4)
        raise UnknownName("figure", name, near or names())
    module = import_module(f"figures.gallery.{name}")
    lacking = [part for part in _PARTS if not hasattr(module, part)]
    if lacking:
        raise InvalidArgument(f"figures.gallery.{name}", lacking, "a figure module has to offer these")
    return module


def cells(grids: Sequence[Grid]) -> int:
    """How many cells a figure asks for."""
    return sum(len(configs) for _, configs in grids)
