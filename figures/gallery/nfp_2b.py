"""Correlation with the label noise over time, by learning rate."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Missing, Paired
from ..correlations import DECLARED as DECLARED
from ..correlations import SEEDS, at, config, curves, distances, grid, level_curves, mean_over_seeds
from ..correlations import VARIANTS as VARIANTS
from ..published import published
from ..sheets import Grid, Preset
from ..style import COLUMN, PUBLISHED, sheet

LABEL = "2b"
TITLE = "Correlation with label noise by learning rate"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 2b"
CAPTION = (
    "X over epochs for five learning rates of Adam, mean and standard error over seeds; dashed grey: "
    "published, digitised (their plateau near 1.08 and its small error suggest one noise draw for all "
    "seeds; here the noise is drawn afresh). Our final values are below the published ones, at the two "
    "smallest rates by more than a tenth. To a large part the figure shows a change of clock: the time"
    " to half the plateau falls about as a power of the learning rate."
)
RATES = (1e-4, 2.5e-4, 5e-4, 7.5e-4, 1e-3)
MARKS = (*sorted({*range(0, 100, 4), 10, 30, 50}), 99)


def study(preset: Preset) -> list[Grid]:
    seeds = range(SEEDS[preset])
    return grid([config(s, preset, MARKS, learning_rate=rate) for rate in RATES for s in seeds])


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return curves(rows)


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(COLUMN, 2.7)
    for (_,), curve in published("2b").group_by("series", maintain_order=True):
        axes.plot(curve["epoch"], curve["mean"], **PUBLISHED)
    axes.plot([], [], label="published", **PUBLISHED)
    level_curves(axes, table, "learning_rate", RATES)
    figure.legend(loc="outside upper center", ncols=3, title="learning rate")
    return figure


def deviations(table: pl.DataFrame) -> dict[str, float]:
    """Mean distances from the published curves by learning rate, and the largest relative one at the end."""
    rate = pl.col("series").cast(pl.Float64).map_elements("{:g}".format, return_dtype=pl.String)
    ours = mean_over_seeds(table, ("learning_rate", "epoch"), "x")
    named = ours.with_columns(series=pl.col("learning_rate").cast(pl.String)).with_columns(series=rate)
    return distances(named, published("2b").with_columns(series=rate), 99)


def half_times(table: pl.DataFrame) -> np.ndarray:
    """Epochs to half of the noise's power, (rates, seeds), linear between marks; nan if never."""
    found = []
    for rate in RATES[1:]:
        own = table.filter(pl.col("learning_rate") == rate).sort("seed", "epoch")
        epochs = own["epoch"].unique().sort().to_numpy()
        shares = own["share"].to_numpy().reshape(-1, len(epochs))
        found.append([_half(epochs, values) for values in shares])
    return np.array(found)


def _half(epochs: np.ndarray, values: np.ndarray) -> float:
    above = np.flatnonzero(values >= 0.5)
    if not len(above) or above[0] == 0:
        return float("nan")
    j = above[0]
    part = (0.5 - values[j - 1]) / (values[j] - values[j - 1])
    return float(epochs[j - 1] + part * (epochs[j] - epochs[j - 1]))


def clock(table: pl.DataFrame) -> np.ndarray:
    """Exponent a of t_half ~ rate^-a for every seed, by least squares over the rates that reach half."""
    times, logs = half_times(table), np.log(RATES[1:])
    slopes = []
    for column in times.T:
        seen = np.isfinite(column)
        slopes.append(-np.polyfit(logs[seen], np.log(column[seen]), 1)[0] if seen.sum() > 1 else float("nan"))
    return np.array(slopes)


def claims(table: pl.DataFrame) -> list[Claim]:
    if table["epoch"].max() < 99:  # type: ignore[operator]
        return [Missing("epochs", "a hundred epochs", reason="this preset trains fewer")]
    shares = {
        e: np.array([at(table, "share", learning_rate=r, epoch=e) for r in RATES]) for e in (20, 50, 99)
    }
    end = shares[99]
    return [
        Paired(
            "early order",
            "at epochs 20 and 50 X grows with the learning rate",
            "paper",
            differences=np.minimum(*(np.diff(shares[e], axis=0).min(0) for e in (20, 50))),
        ),
        Paired(
            "late plateau",
            "at epoch 99 the three largest rates agree within .03",
            "paper",
            differences=0.03 - (end[2:].max(0) - end[2:].min(0)),
        ),
        Paired(
            "slowest rates",
            "at epoch 99 the two smallest rates are behind, in their order",
            "paper",
            differences=np.minimum(end[1] - end[0], end[2] - end[1]),
        ),
        Paired(
            "slower than a clock",
            "the time to half the plateau falls more slowly than 1/rate",
            differences=1.0 - clock(table),
        ),
        Paired(
            "mutant",
            "at epoch 50 the smallest rate is ahead of the largest",
            mutant=True,
            differences=shares[50][0] - shares[50][-1],
        ),
    ]
