"""The two charts of the report, as SVG text. Pure: findings in, picture out."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..evidence import Evidence
from .findings import LADDER, WRONG, Finding

# Okabe and Ito's colours, told apart by colour-blind readers, with a marker each for grey prints;
# a family of methods shares a colour.
STYLE = {
    "Dense": ("#000000", "o"),
    "Random": ("#0072B2", "s"),
    "MagnitudeAtInit": ("#56B4E9", "D"),
    "Snip": ("#009E73", "^"),
    "MagnitudeAfterTraining": ("#E69F00", "v"),
    "IterativeMagnitude": ("#D55E00", "P"),
    "EdgePopup": ("#CC79A7", "X"),
    "TopKSign": ("#999999", "*"),
    "ErdosRenyi": ("#0072B2", "p"),
    "Balanced": ("#0072B2", "h"),
    "Pyramidal": ("#0072B2", "<"),
    "SynFlow": ("#56B4E9", "d"),
    "NtkSap": ("#56B4E9", "p"),
    "NtkSapOnInputs": ("#56B4E9", "h"),
    "IterativeSnip": ("#009E73", "<"),
    "Force": ("#009E73", ">"),
    "Grasp": ("#009E73", "p"),
    "ProsPr": ("#009E73", "h"),
    "GradualMagnitude": ("#E69F00", "<"),
    "IterativeInSource": ("#D55E00", "^"),
    "Set": ("#D55E00", "p"),
    "RigL": ("#D55E00", "h"),
}
SETTINGS: Any = {
    "svg.hashsalt": "robustlaw",
    "svg.fonttype": "none",
    "font.family": "sans-serif",
    "font.size": 9.0,
    "axes.spines.top": False,
    "axes.spines.right": False,
}
LAW_LABELS = {
    "UniversalPrinted": "universal law,\nas printed",
    "SparsePrinted": "sparse law,\nas printed",
    "SparseRepaired": "sparse law,\nrepaired",
    "SparseSharp": "sparse law,\nsharp",
    "DescriptionLength": "description\nlength",
}


def headline(found: Sequence[Finding]) -> str:
    """Certified Lipschitz brackets over C against n d/(c p_eff), with the law as a line.

    Each coded network stands at x = 2 (bound/C)^2, which is n/(v rho (p_eff + log 1/delta)), so
    that one line y = sqrt(x/2) is the bound of them all. Hollow: the ledger without the mask.
    """
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.0, 4.4), layout="constrained")
        axes = figure.add_subplot()
        for method in STYLE:
            _brackets(axes, method, [f for f in found if f.method == method and f.setting != "digits"])
        low, high = axes.get_xlim()
        x = np.geomspace(low, high, 50)
        axes.plot(x, np.sqrt(x / 2.0), color="black", linewidth=1.5, label="the law")
        axes.fill_between(x, np.sqrt(x / 2.0) / 1e3, np.sqrt(x / 2.0), color="0.9", linewidth=0)
        axes.set(xlim=(low, high), xlabel=r"$n\,d\,/\,(c\;p_{\mathrm{eff}})$", ylabel="certified Lip / C")
        axes.set_ylim(0.5 * np.sqrt(low / 2.0), None)
        axes.legend(frameon=False, fontsize=7.5, ncols=1, loc="center left", bbox_to_anchor=(1.0, 0.5))
        return _svg(figure)


def _brackets(axes: Axes, method: str, found: Sequence[Finding]) -> None:
    colour, marker = STYLE[method]
    axes.set(xscale="log", yscale="log")
    for law, hollow in (("DescriptionLength", False), (WRONG, True)):
        points = [
            _point(f.evidence) for f in found if f.evidence.law == law and f.evidence.theory is not None
        ]
        if hollow and method not in ("EdgePopup", "TopKSign"):
            continue
        kept = [p for p in points if p is not None]
        if not kept:
            continue
        x, low, high = np.array(kept).T
        style: dict[str, Any] = {"color": colour, "marker": marker, "markersize": 5.0, "linestyle": "none"}
        label = f"{method}, mask left out: must fail" if hollow else method
        axes.vlines(x, low, high, color=colour, linewidth=2.0, alpha=0.8)
        face = "none" if hollow else colour
        axes.plot(x, np.sqrt(low * high), markerfacecolor=face, label=label, **style)


def _point(evidence: Evidence) -> tuple[float, float, float] | None:
    """x, and both ends of Lip/C; None where the correlation is not positive."""
    assert evidence.measured is not None
    assert evidence.theory is not None
    correlation = float(evidence.details["correlation"])
    if correlation <= 0.0 or evidence.theory.lower <= 0.0 or evidence.measured.lower <= 0.0:
        return None
    x = 2.0 * (evidence.theory.middle / correlation) ** 2
    return x, evidence.measured.lower / correlation, evidence.measured.upper / correlation


def ladder(found: Sequence[Finding]) -> str:
    """Slack of every law: main setting in colour by method, the well-fitted networks in black."""
    with mpl.rc_context(SETTINGS):
        figure = Figure(figsize=(7.0, 3.6), layout="constrained")
        axes = figure.add_subplot()
        axes.set_yscale("log")
        rng = np.random.default_rng(0)
        for place, law in enumerate(LADDER):
            _rung(axes, place, [f for f in found if f.evidence.law == law], rng)
        axes.axhline(1.0, color="black", linewidth=1.0)
        axes.set_xticks(range(len(LADDER)), [LAW_LABELS[law] for law in LADDER])
        axes.set(ylabel="slack = certified Lip / bound", xlim=(-0.6, len(LADDER) - 0.4))
        axes.set_ylim(0.7, None)
        return _svg(figure)


def _rung(axes: Axes, place: int, found: Sequence[Finding], rng: np.random.Generator) -> None:
    drawn = False
    for setting, filled in (("main", True), ("high fit", False)):
        for f in (f for f in found if f.setting == setting):
            slack = f.evidence.slack
            if slack is None:
                continue
            colour, marker = STYLE[f.method] if filled else ("black", "o")
            face = colour if filled else "white"
            jitter = place + rng.uniform(-0.25, 0.25)
            axes.plot(jitter, slack, marker, color=colour, markerfacecolor=face, markersize=4.5)
            drawn = True
    if not drawn:
        axes.text(place, 3.0, "not\napplicable", ha="center", va="center", color="0.4", fontsize=8)


def _svg(figure: Figure) -> str:
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]
