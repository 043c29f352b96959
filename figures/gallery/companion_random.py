"""Random sparse layers and sources: how wide they have to be, and how wide is enough."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import LEVEL, Claim, Exact
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, THEORY, letter, plain_ticks, sheet

GROUP = "companions"
LABEL = "companion: random sources"
TITLE = "Random sparse sources: the width that coverage needs, and the copies that contain a target"
SOURCE = "after Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorems 2.1 and 2.3 (recalled); exact here"
CAPTION = (
    "Entries are kept independently with chance p. a: share of draws in which every one of d inputs "
    "reaches a unit, against the width n over log(1/(1 - (1-delta)^(1/d)))/log(1/(1-p)), delta = .1; "
    "bars: Clopper-Pearson, .95 for all marks of the figure together; black dashes: the closed form of "
    "each mark; lines: the same at p = .05. Dashed and hollow: half of the output weights masked as "
    "well, which moves the threshold, the more so the denser the layer. No width below 1 reaches 1 - "
    "delta where nothing else is masked, and the next whole number does: that is decided in rationals, "
    "not by draws. b: share of random sources that contain a full 5-8-3 target, with the copies of "
    "theorem 2.1 and with half as many; marks: draws with bars, lines: the exact chance, in closed form "
    "for one hidden layer. Grey: what the theorem promises. c: how many copies it asks for, of every "
    "input and hidden unit. The statements are recalled, not checked against the print; the inequalities "
    "are proved anew."
)
DECLARED = (
    Declared("delta", ".1", (".05", ".01"), "ours"),
    Declared("target", "full 5-8-3", ("random edges", "other widths"), "ours: a small one"),
    Declared("input copies", "at the source's own input", ("an extra layer that copies",), "recalled"),
)
COVERAGE, CONTAINMENT = "robustlaw.studies.coverage", "robustlaw.studies.containment"
DENSITIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.8)
INPUTS = (5, 20)
AIMS = (0.8, 0.5, 0.25, 0.1, 0.03)  # failure chances whose widths are drawn
MASKED = 0.5
DRAWS: dict[Preset, tuple[int, int]] = {"smoke": (200, 40), "quick": (2000, 200), "full": (20000, 2000)}
SHARES = (1.0, 0.5)
DELTA = 0.1
LOOKS = {5: ("#0072B2", "s"), 20: ("#D55E00", "^")}


def study(preset: Preset) -> list[Grid]:
    from robustlaw.constructions import least_units

    layers, sources = DRAWS[preset]
    densities = DENSITIES[1::2] if preset == "smoke" else DENSITIES
    shapes = {
        (p, d, least_units(p, d, aim, p2), p2)
        for p in densities
        for d in INPUTS
        for aim in AIMS
        for p2 in (1.0, MASKED)
    }
    coverage = [
        {
            "density": p,
            "inputs": d,
            "units": n,
            "seed": 0,
            "draws": layers,
            "output_density": p2,
            "delta": DELTA,
        }
        for p, d, n, p2 in sorted(shapes)
    ]
    # the sparsest sources have a million entries
    containment = [
        {"density": p, "seed": 0, "share": share, "draws": sources, "delta": DELTA}
        for p in densities
        for share in SHARES
    ]
    return [(COVERAGE, coverage), (CONTAINMENT, containment)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """A line a layer shape ("layer") or source ("source"), with the ends of what its draws allow."""
    cells = len(rows)
    lines = [_line(row, LEVEL / cells) for row in rows] + _curves()
    order = ("kind", "density", "inputs", "output_density", "units", "share")
    return pl.DataFrame(lines, infer_schema_length=None).sort(*order, nulls_last=True)


def _line(row: Row, risk: float) -> dict[str, Any]:
    from robustlaw.confidence import clopper_pearson_lower, clopper_pearson_upper

    own, result = row.config, row.result or {}
    draws, found = own["draws"], result["found"]
    line = {
        "density": own["density"],
        "draws": draws,
        "found": found,
        "exact": result["exact"],
        "lower": clopper_pearson_lower(found, draws, 0.5 * risk),
        "upper": clopper_pearson_upper(found, draws, 0.5 * risk),
    }
    if "inputs" in own:
        told = {name: own[name] for name in ("inputs", "units", "output_density")}
        facts = ("needed", "below_covers", "above_covers", "single_covers")
        return {"kind": "layer", **line, **told, **{name: result[name] for name in facts}}
    told = {name: result[name] for name in ("floor", "missed", "embedded", "gap")}
    q0, q1, _ = result["copies"]
    return {"kind": "source", **line, **told, "share": own["share"], "q0": q0, "q1": q1}


def _curves() -> list[dict[str, Any]]:
    """The closed form at density .05, where whole numbers of units are dense."""
    from robustlaw.constructions import coverage, needed_width

    p, lines = DENSITIES[0], []
    for d in INPUTS:
        needed = needed_width(p, d, DELTA)
        n = np.arange(1, math.ceil(4.0 * needed))
        for p2 in (1.0, MASKED):
            told = {"kind": "curve", "density": p, "inputs": d, "output_density": p2, "needed": needed}
            chances = coverage(p, d, n, p2).tolist()
            lines += [{**told, "units": u, "exact": c} for u, c in zip(n.tolist(), chances, strict=True)]
    return lines


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, middle, right) = sheet(PAGE, 2.75, columns=3)
    _layers(left, *(table.filter(pl.col("kind") == kind) for kind in ("layer", "curve")))
    sources = table.filter(pl.col("kind") == "source")
    _sources(middle, sources)
    for name, label, style in (("q0", "inputs", "-"), ("q1", "hidden units", (0, (4, 2)))):
        own = sources.filter(pl.col("share") == 1.0)
        right.plot(own["density"], own[name], **{**THEORY, "linestyle": style}, marker="o", label=label)
    right.set(xscale="log", yscale="log", xlabel="density p", ylabel="copies of each")
    plain_ticks(right.yaxis, (5, 10, 20, 50, 100, 200))
    right.legend()
    for axes, mark in ((left, "a"), (middle, "b"), (right, "c")):
        letter(axes, mark)
    for axes in (middle, right):
        plain_ticks(axes.xaxis, DENSITIES)
    return figure


def _layers(axes: Axes, layers: pl.DataFrame, curves: pl.DataFrame) -> None:
    for d, (colour, marker) in LOOKS.items():
        for p2, style in ((1.0, "-"), (MASKED, (0, (3, 2)))):
            own, line = (
                t.filter(pl.col("inputs") == d, pl.col("output_density") == p2) for t in (layers, curves)
            )
            x, share = own["units"] / own["needed"], own["found"] / own["draws"]
            errors = np.maximum([share - own["lower"], own["upper"] - share], 0.0)
            face = colour if p2 == 1.0 else "white"
            axes.errorbar(x, share, yerr=errors, color=colour, marker=marker, linestyle="none",
                          markersize=2.8, markerfacecolor=face, elinewidth=0.7)  # fmt: skip
            axes.plot(x, own["exact"], color="black", marker="_", linestyle="none", markersize=4.5, zorder=5)
            axes.plot(line["units"] / line["needed"], line["exact"], color=colour, linestyle=style,
                      linewidth=0.8, label=f"d = {d}" if p2 == 1.0 else None)  # fmt: skip
    axes.plot([], [], color="0.3", linestyle=(0, (3, 2)), linewidth=0.8, label="output masked")
    axes.axvline(1.0, color="0.6", linewidth=0.8)
    axes.axhline(1.0 - DELTA, color="0.6", linewidth=0.8)
    axes.set(xlabel="width / needed width", ylabel="chance of coverage", xlim=(0.0, 4.0), ylim=(0.0, 1.02))
    axes.legend(loc="lower right", handlelength=1.6)


def _sources(axes: Axes, sources: pl.DataFrame) -> None:
    for share, colour, label in ((1.0, "#0072B2", "theorem's copies"), (0.5, "#D55E00", "half of them")):
        own = sources.filter(pl.col("share") == share)
        found = own["found"] / own["draws"]
        errors = np.maximum([found - own["lower"], own["upper"] - found], 0.0)
        axes.errorbar(own["density"], found, yerr=errors, color=colour, linestyle="none", elinewidth=0.8,
                      marker="o" if share == 1.0 else "v", label=label)  # fmt: skip
        axes.plot(own["density"], own["exact"], color=colour, linewidth=1.0)
    axes.axhline(1.0 - DELTA, color="0.6", linewidth=0.8)
    axes.set(xscale="log", xlabel="density p", ylabel="chance of containment", ylim=(0.0, 1.02))
    axes.legend(loc="center right", bbox_to_anchor=(1.0, 0.62))


def claims(table: pl.DataFrame) -> list[Claim]:
    layers, sources = (table.filter(pl.col("kind") == kind) for kind in ("layer", "source"))
    outside = (pl.col("exact") < pl.col("lower")) | (pl.col("exact") > pl.col("upper"))
    shapes = layers.unique(["density", "inputs"], maintain_order=True)
    full = sources.filter(pl.col("share") == 1.0)
    half = sources.filter(pl.col("share") == 0.5)
    return [
        Exact(
            "B1 formula",
            "no closed form of coverage is outside its draws' interval (.95 for all together)",
            wrong=layers.filter(outside).height,
            cases=layers.height,
        ),
        Exact(
            "B1 necessary",
            "with the last number of units below the needed width coverage is below 1 - delta, exactly",
            "paper",
            wrong=shapes.filter("below_covers").height,
            cases=shapes.height,
        ),
        Exact(
            "B1 sufficient",
            "with one unit more it is at least 1 - delta",
            wrong=shapes.filter(~pl.col("above_covers")).height,
            cases=shapes.height,
        ),
        Exact(
            "B2 exact",
            "the exact chance of containment is at least the union bound's, which is at least 1 - delta, "
            "and no draws exclude it",
            "paper",
            wrong=full.filter(
                outside | (pl.col("exact") < 1.0 - pl.col("missed")) | (pl.col("missed") > DELTA + 1e-9)
            ).height,
            cases=full.height,
        ),
        Exact(
            "B2 half",
            "with half of the copies at most .4 of the sources contain the target, exactly",
            wrong=half.filter((pl.col("exact") > 0.4) | outside).height,
            cases=half.height,
        ),
        Exact(
            "ticket",
            "every embedded ticket computes its target's function to 1e-12",
            wrong=sources.filter(pl.col("gap") > 1e-12).height,
            cases=int(sources["embedded"].sum()),
        ),
        Exact(
            "mutant",
            "half of the copies contain the target with chance 1 - delta as well",
            mutant=True,
            wrong=half.filter(pl.col("upper") < 1.0 - DELTA).height,
            cases=half.height,
        ),
        Exact(
            "mutant inputs",
            "the width of a single input is enough for all of them",
            mutant=True,
            wrong=shapes.filter(~pl.col("single_covers")).height,
            cases=shapes.height,
        ),
    ]
