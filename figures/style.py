"""One look for all figures.

Theory is a solid black line, certified intervals are bars, heuristics are hollow, published curves
are dashed grey. Colours are Okabe and Ito's, which colour-blind readers tell apart; a marker and a
dash pattern each keep them apart in grey.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.figure import Figure

COLUMN, PAGE = 3.35, 6.9  # widths of a column and of a page, inches
PUBLISHED: dict[str, Any] = {"color": "0.55", "linestyle": (0, (4, 2)), "linewidth": 1.1, "zorder": 1}
THEORY: dict[str, Any] = {"color": "black", "linestyle": "-", "linewidth": 1.4, "zorder": 3}
SETTINGS: Any = {
    "font.family": "sans-serif",
    "font.size": 8.0,
    "axes.labelsize": 8.0,
    "axes.titlesize": 8.0,
    "legend.fontsize": 6.8,
    "xtick.labelsize": 7.0,
    "ytick.labelsize": 7.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.7,
    "lines.linewidth": 1.2,
    "lines.markersize": 3.6,
    "legend.frameon": False,
    "legend.handlelength": 2.2,
    "pdf.fonttype": 42,
    "svg.fonttype": "none",
    "svg.hashsalt": "robustlaw",
    "savefig.dpi": 200,
}


@dataclass(frozen=True)
class Look:
    """Name in legends, colour, marker and dashes of a method."""

    label: str
    colour: str
    marker: str
    dashes: Any = "-"

    def line(self, **changes: Any) -> dict[str, Any]:
        """Arguments for a line with markers."""
        own = {"color": self.colour, "marker": self.marker, "linestyle": self.dashes, "label": self.label}
        return {**own, **changes}

    def hollow(self, **changes: Any) -> dict[str, Any]:
        """The same for a heuristic."""
        return self.line(markerfacecolor="white", **changes)


LOOKS = {
    "Dense": Look("dense", "#000000", "o"),
    "Random": Look("random", "#0072B2", "s", (0, (1, 1))),
    "ErdosRenyi": Look("Erdős–Rényi", "#0072B2", "p", (0, (3, 1))),
    "MagnitudeAtInit": Look("magnitude at init", "#7F7F7F", "D", (0, (1, 2))),
    "SynFlow": Look("SynFlow", "#56B4E9", "d", (0, (5, 1))),
    "Snip": Look("SNIP", "#009E73", "^", (0, (4, 1, 1, 1))),
    "Grasp": Look("GraSP", "#CC79A7", "<", (0, (2, 1))),
    "MagnitudeAfterTraining": Look("magnitude after training", "#E69F00", "v", (0, (6, 2))),
    "IterativeMagnitude": Look("IMP", "#D55E00", "P"),
    "EdgePopup": Look("edge-popup", "#882255", "X", (0, (1, 1))),
    "TopKSign": Look("top-k of signs", "#882255", "*", (0, (1, 1))),
}


def look(method: str) -> Look:
    """The look of a method, a plain one for a method that has none."""
    return LOOKS.get(method, Look(method, "0.4", "o"))


@contextmanager
def styled() -> Iterator[None]:
    """The settings, for as long as a figure is drawn and saved."""
    with mpl.rc_context(SETTINGS):
        yield


def sheet(width: float = COLUMN, height: float = 2.5, rows: int = 1, columns: int = 1) -> tuple[Figure, Any]:
    """A figure of that many panels and its axes (one, or an array of them)."""
    figure = Figure(figsize=(width, height), layout="constrained")
    return figure, figure.subplots(rows, columns)


def plain_ticks(axis: Axis, ticks: Sequence[float]) -> None:
    """These ticks on a logarithmic axis, as plain numbers, and no others."""
    axis.set_ticks(list(ticks), [f"{t:g}" for t in ticks])
    axis.set_ticks([], minor=True)


def letter(axes: Axes, text: str) -> None:
    """A panel's letter, above its upper left corner."""
    axes.set_title(text, loc="left", fontweight="bold")
