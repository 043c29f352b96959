"""Rewind points on a data diet: barriers between children, overlaps of their masks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Paired
from ..diets import BARRIERS, STEPS, SUBSET_AT, TICKETS, cell, over_seeds, seeds, ticket_cells, ticket_lines
from ..diets import DECLARED as DECLARED
from ..findings import finding, told
from ..sheets import Grid, Preset
from ..style import PAGE, THEORY, letter, sheet

GROUP = "companions"
LABEL = "data diet"
TITLE = "Rewind points on a data diet: barriers and overlaps"
SOURCE = "toy of Paul et al., arXiv 2206.01278; their networks are larger"
CAPTION = (
    "Children of one rewind point go on from it on all data, each in its own order. a: loss at the "
    "middle of the line between two children less the mean of its ends, on the training data, batch "
    "statistics taken anew at the middle; black: by how long the point was trained on all data; marks: "
    "by what it was trained on instead, for as many steps. Dots are seeds; below 0 the middle is the "
    "better network. b: share of kept weights that two masks of iterative pruning (a fifth a level, by "
    "magnitude) have in common, found from one rewind point on the data it was trained on in other "
    "orders, or on fresh data; mean and standard error over seeds; chance is the density. A late rewind "
    "point leaves fewer steps to part in. The publication's statement that easy examples are the better "
    "diet is made for CIFAR-10 and ResNet-20, which are not looked at here; the lines below say what "
    "this toy shows, without a condition to pass. Overlap is a proxy of information, not a bound."
)
ARMS = ("random", "easiest", "hardest", "half wrong labels")
LOOKS = {
    "random": ("random quarter", "#0072B2", "s"),
    "easiest": ("easiest quarter", "#E69F00", "v"),
    "hardest": ("hardest quarter", "#D55E00", "^"),
    "half wrong labels": ("half wrong labels", "#7F7F7F", "D"),
}


def study(preset: Preset) -> list[Grid]:
    steps = STEPS[preset]
    at = SUBSET_AT[preset]
    dense = sorted({*steps, at})
    points = {"arms": ["all"] * len(dense) + list(ARMS), "points": dense + [at] * len(ARMS)}
    barriers = [cell(preset, seed, **points, children=4) for seed in seeds(preset)]
    return [(BARRIERS, barriers), (TICKETS, ticket_cells(preset))]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """Lines of kind "point", "ticket" and "finding"."""
    lines: list[dict[str, Any]] = [
        {"kind": "point", "seed": row.config["seed"], **point}
        for row in rows
        if row.study == "data_diet"
        for point in (row.result or {})["points"]
    ]
    lines += ticket_lines(rows)
    table = pl.DataFrame(lines, infer_schema_length=None).sort("kind", "step", "arm", "level", "seed")
    easy, random = (_barrier(table, arm, _subset_at(table)) for arm in ("easiest", "random"))
    same, fresh = (
        over_seeds(table, v, kind="ticket", step=0, level=_deepest(table)) for v in ("same", "fresh")
    )
    found = [
        finding(
            "easy beats random",
            "an easy quarter leaves a smaller barrier than a random one",
            random - easy,
            "median gain",
        ),
        finding(
            "optimiser's noise alone",
            "from step 0 masks of the same data agree no more than those of fresh data",
            fresh - same,
            "median",
        ),
    ]
    return pl.concat([table, pl.DataFrame(found)], how="diagonal_relaxed")


def _barrier(table: pl.DataFrame, arm: str, step: int) -> np.ndarray:
    return over_seeds(table, "barrier", kind="point", arm=arm, step=step)


def _subset_at(table: pl.DataFrame) -> int:
    return int(table.filter(pl.col("arm") == "random")["step"][0])


def _steps(table: pl.DataFrame, kind: str) -> list[int]:
    return sorted(set(table.filter(pl.col("kind") == kind)["step"]))


def _deepest(table: pl.DataFrame) -> int:
    return int(table["level"].max())  # type: ignore[arg-type]


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.9, columns=2)
    _barriers(left, table)
    _overlaps(right, table)
    figure.supxlabel("\n".join(told(table)), fontsize=6.8)
    return figure


def _barriers(axes: Axes, table: pl.DataFrame) -> None:
    steps, at = _steps(table, "point"), _subset_at(table)
    found = [_barrier(table, "all", step) for step in steps]
    axes.axhline(0.0, color="0.75", linewidth=0.7)
    axes.plot(range(len(steps)), [v.mean() for v in found], **THEORY, marker="o", label="all data")
    for place, values in enumerate(found):
        axes.plot(np.full(len(values), place), values, "o", color="0.6", markersize=1.8, zorder=2)
    for shift, arm in enumerate(ARMS, 1):
        label, colour, marker = LOOKS[arm]
        values = _barrier(table, arm, at)
        beside = steps.index(at) + 0.16 * shift
        axes.plot(np.full(len(values), beside), values, ".", color=colour, markersize=2.0, alpha=0.6)
        axes.plot([beside], [values.mean()], marker=marker, color=colour, linestyle="none", label=label)
    axes.set_xticks(range(len(steps)), [str(s) for s in steps])
    axes.set(xlabel="steps before the rewind point", ylabel="loss barrier of children, nats")
    axes.legend()
    letter(axes, "a")


def _overlaps(axes: Axes, table: pl.DataFrame) -> None:
    steps, level = _steps(table, "ticket"), _deepest(table)
    for value, label, colour, marker in (
        ("same", "same data, other order", "#D55E00", "o"),
        ("fresh", "fresh data", "#0072B2", "s"),
    ):
        found = [over_seeds(table, value, kind="ticket", step=s, level=level) for s in steps]
        spread = [v.std(ddof=1) / np.sqrt(len(v)) if len(v) > 1 else 0.0 for v in found]
        own: dict[str, Any] = {"color": colour, "marker": marker, "label": label, "capsize": 2.0}
        axes.errorbar(range(len(steps)), [v.mean() for v in found], yerr=spread, **own)
    last = table.filter(pl.col("kind") == "ticket", pl.col("level") == level)
    density = last["kept"][0] / last["weights"][0]
    axes.axhline(density, **{**THEORY, "linewidth": 1.0}, label=f"chance, {density:.3f}")
    axes.set_xticks(range(len(steps)), [str(s) for s in steps])
    axes.set(xlabel="steps before the rewind point", ylabel="overlap of masks", ylim=(0.0, 1.0))
    axes.legend(loc="upper left")
    letter(axes, "b")


def claims(table: pl.DataFrame) -> list[Claim]:
    steps, level, at = _steps(table, "ticket"), _deepest(table), _subset_at(table)
    every = np.array([_barrier(table, "all", s) for s in steps])
    none, full = every[0], _barrier(table, "all", at)
    random, hardest = (_barrier(table, arm, at) for arm in ("random", "hardest"))
    same, fresh = (
        np.array([over_seeds(table, v, kind="ticket", step=s, level=level) for s in steps])
        for v in ("same", "fresh")
    )
    gaps = same - fresh
    return [
        Paired(
            "longer is flatter",
            "the barrier falls from each rewind point to the next later one",
            "paper",
            differences=-np.diff(every, axis=0).max(0),
        ),
        Paired(
            "five times",
            f"the barrier after {steps[2]} steps is less than a fifth of that at the start",
            differences=none - 5.0 * every[2],
        ),
        Paired(
            "a quarter is enough",
            "a random quarter leaves at most 2.5 times the barrier of all data, and less than half of none",
            "paper",
            differences=np.minimum(2.5 * full - random, 0.5 * none - random),
        ),
        Paired(
            "hard is worse",
            "the hardest quarter leaves a larger barrier than a random one",
            "paper",
            differences=hardest - random,
        ),
        Paired(
            "masks settle",
            "overlaps on the same and on fresh data both rise with the steps before",
            differences=np.minimum(np.diff(same, axis=0).min(0), np.diff(fresh, axis=0).min(0)),
        ),
        Paired(
            "masks know their data",
            f"from {steps[1]} steps on, masks of the same data agree more than those of fresh data, on "
            "average over these rewind points",
            differences=gaps[1:].mean(0),
        ),
        Paired(
            "mutant: barriers grow",
            f"the barrier after {steps[2]} steps is larger than at the start",
            mutant=True,
            differences=every[2] - none,
        ),
        Paired(
            "mutant: masks forget",
            f"after {steps[2]} steps masks of fresh data agree more than those of the same data",
            mutant=True,
            differences=-gaps[2],
        ),
    ]
