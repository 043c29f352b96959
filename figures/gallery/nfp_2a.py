"""Correlation with the label noise over rounds of iterative magnitude pruning."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Missing, Paired
from ..correlations import DECLARED as DECLARED
from ..correlations import SEEDS, at, config, curves, distances, grid, mean_over_seeds, rounds_panel
from ..correlations import VARIANTS as VARIANTS
from ..published import published
from ..sheets import Grid, Preset
from ..style import PAGE, PUBLISHED, letter, look, sheet

LABEL = "2a"
TITLE = "Correlation with label noise over pruning rounds"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 2a"
CAPTION = (
    "Left: X = mean (f(x_i) - E f) z_i of a 50-100-100-100-100-1 network over five rounds of training, "
    "each on 4/5 of the weights, put back to their initial values while Adam keeps its moments (with new "
    "ones the later rounds rise much earlier than published); mean and standard error over seeds, "
    "dashed grey: published, digitised. The fall after each pruning is mostly the rewinding. Right: X "
    "before the first step of a round, when the weights have never seen the data and the mask alone has, "
    "against masks of equal counts a layer in random places. X at the end of a round speaks of the "
    "network's information on the labels, not of the mask's."
)
MARKS = (0, 5, 10, 15, 20, 25, 30, 40, 50, 60, 80, 99)
ROUNDS: dict[Preset, int] = {"smoke": 2, "quick": 15, "full": 15}
SHOWN = 5


def study(preset: Preset) -> list[Grid]:
    """The rows of Figure 3, of which this one draws the first five rounds."""
    return grid([config(s, preset, MARKS, rounds=ROUNDS[preset]) for s in range(SEEDS[preset])])


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return curves(rows)


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.5, columns=2)
    theirs = published("2a")
    left.plot(theirs["epoch"], theirs["mean"], label="published", **PUBLISHED)
    first = table.filter(pl.col("round") < SHOWN)
    rounds_panel(left, first, "here")
    left.legend(loc="lower right")
    letter(left, "a")
    early = first.filter(pl.col("epoch") == 0)
    start = theirs.filter(pl.col("epoch") % 100 == 0)
    right.plot(start["epoch"] // 100, start["mean"], label="published (after one step)", **PUBLISHED)
    for column, name, arm in (
        ("mask_only", "its mask", "IterativeMagnitude"),
        ("shuffled", "shuffled", "Random"),
    ):
        own = mean_over_seeds(early, ("round",), column)
        right.errorbar(own["round"], own["mean"], yerr=own["sem"], **look(arm).line(label=name))
    right.set(xlabel="round", ylabel="X before any step", xticks=sorted(set(early["round"])))
    right.legend(loc="upper left")
    letter(right, "b")
    return figure


def deviations(table: pl.DataFrame) -> dict[str, float]:
    """Mean distances from the published curve by round, and the largest relative one at a round's end."""
    number = ("round " + pl.col("round").cast(pl.String)).alias("series")
    ours = mean_over_seeds(table.filter(pl.col("round") < SHOWN), ("round", "epoch"), "x")
    theirs = published("2a").with_columns(round=pl.col("epoch") // 100, epoch=pl.col("epoch") % 100)
    return distances(ours.with_columns(number), theirs.with_columns(number), 99)


def claims(table: pl.DataFrame) -> list[Claim]:
    if table["round"].max() < SHOWN - 1 or table["epoch"].max() < 99:  # type: ignore[operator]
        return [Missing("rounds", "five whole rounds", reason="this preset trains fewer rounds or epochs")]
    ends = np.array([at(table, "last", round=r, epoch=0) for r in range(SHOWN)])
    starts = np.array([at(table, "share", round=r, epoch=0) for r in range(SHOWN)])
    masks = np.array([at(table, "mask_only", round=r, epoch=0) for r in range(SHOWN)])
    blind = np.array([at(table, "shuffled", round=r, epoch=0) for r in range(SHOWN)])
    return [
        Paired(
            "rise",
            "in each of five rounds X rises by more than .8 of the noise's power",
            "paper",
            differences=(ends - starts).min(0),
            margin=0.8,
        ),
        Paired(
            "fall",
            "after each pruning X is below .2 of what it was",
            "paper",
            differences=(0.2 * ends[:-1] - starts[1:]).min(0),
        ),
        Paired(
            "plateau",
            "the ends of the five rounds agree within .03 of the noise's power",
            "paper",
            differences=0.03 - (ends.max(0) - ends.min(0)),
        ),
        Paired(
            "mask-only signal",
            "X before any step rises from round to round",
            differences=np.diff(masks, axis=0).min(0),
        ),
        Paired(
            "places",
            "the mask's places know the noise: shuffled within layers they lose it",
            differences=masks[-1] - 5.0 * np.abs(blind[-1]),
        ),
        Paired(
            "mutant", "shuffled masks know the noise as well", mutant=True, differences=blind[-1] - masks[-1]
        ),
    ]
