"""What the figures on correlation with label noise share: settings, tables, curves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from robustlaw.sweep import Row

from .sheets import Declared, Grid, Preset
from .style import look

STUDY = "robustlaw.studies.noise_correlation"
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 25}
EPOCHS: dict[Preset, int] = {"smoke": 20, "quick": 100, "full": 100}
COLOURS = ("#56B4E9", "#0072B2", "#009E73", "#E69F00", "#D55E00")
MARKERS = ("o", "s", "^", "v", "P")
DECLARED = (
    Declared(
        "one epoch", "one full-batch Adam step", ("minibatches",), "settled by the published time scale"
    ),
    Declared("initialisation", "uniform +-1/sqrt(fan_in)", ("He normal",), "torch's default"),
    Declared("inputs", "N(0, Id)", ("N(0, Id/d)",), "not stated"),
    Declared("E f", "mean over 2000 fresh inputs", ("sample mean",), "not stated"),
    Declared("noise", "drawn afresh for every seed", ("one draw for all seeds",), "2b looks shared"),
    Declared("teacher", "torch's default weights, not rescaled", ("unit output variance",), "not stated"),
    Declared(
        "Adam's moments",
        "kept over the rounds",
        ("new in every round",),
        "settled by the published later rounds, which rise late",
    ),
    Declared("pruning", "global over weights, biases unpruned", ("with biases",), "not stated"),
)


VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("noise", "one draw for all seeds", {"shared_noise": True}),
    ("architecture", "six weight layers", {"widths": [50, 100, 100, 100, 100, 100, 1]}),
    ("teacher", "four weight layers", {"teacher": [50, 50, 50, 50, 1]}),
    ("teacher", "unit output variance", {"power": 1.0}),
    ("initialisation", "He normal", {"initialisation": "he"}),
    ("inputs", "N(0, Id/d)", {"spread": 50**-0.5}),
    ("Adam's moments", "new in every round", {"moments": "new"}),
)


def config(seed: int, preset: Preset, marks: Sequence[int], **changes: Any) -> dict[str, Any]:
    """One seed under the declared settings."""
    return {
        "seed": seed,
        "learning_rate": 1e-3,
        "gradient_noise": 0.0,
        "noise_unit": "one",
        "rounds": 1,
        "epochs": EPOCHS[preset],
        "marks": [m for m in marks if m < EPOCHS[preset]],
        "n": 1000,
        "widths": [50, 100, 100, 100, 100, 1],
        "teacher": [50, 50, 50, 1],
        "fresh": 2000,
        "shared_noise": False,
        "initialisation": "torch",
        "spread": 1.0,
        "power": None,
        "moments": "kept",
        **changes,
    }


def grid(configs: list[dict[str, Any]]) -> list[Grid]:
    return [(STUDY, configs)]


def curves(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a seed, arm, round and epoch; X and its share of the noise's power."""
    lines = []
    for row in rows:
        result, own = row.result or {}, row.config
        for number, told in enumerate(result["rounds"]):
            for mark, x in zip(own["marks"], told["x"], strict=True):
                lines.append(
                    {
                        "seed": own["seed"],
                        "learning_rate": own["learning_rate"],
                        "gradient_noise": own["gradient_noise"],
                        "noise_unit": own["noise_unit"],
                        "round": number,
                        "kept": told["kept"],
                        "epoch": mark,
                        "x": x,
                        "share": x / result["noise_power"],
                        "mask_only": told["mask_only"],
                        "shuffled": told["shuffled"],
                        "last": told["last"] / result["noise_power"],
                    }
                )
    order = ("seed", "learning_rate", "gradient_noise", "round", "epoch")
    return pl.DataFrame(lines, infer_schema_length=None).sort(*order)


def mean_over_seeds(table: pl.DataFrame, by: Sequence[str], value: str) -> pl.DataFrame:
    """Mean and standard error of a column."""
    column = pl.col(value)
    spread = (column.std() / column.len().sqrt()).fill_null(0.0)
    return table.group_by(*by).agg(column.mean().alias("mean"), spread.alias("sem")).sort(*by)


def rounds_panel(axes: Axes, table: pl.DataFrame, label: str | None) -> None:
    """X over epochs, round after round."""
    style = look("IterativeMagnitude").line(marker="", label=label)
    means = mean_over_seeds(table, ("round", "epoch"), "x")
    for number in sorted(set(means["round"])):
        own = means.filter(pl.col("round") == number)
        axes.errorbar(own["epoch"] + 100 * number, own["mean"], yerr=own["sem"], **style)
        style = {**style, "label": None}
    axes.set(xlabel="epoch, 100 a round", ylabel="correlation with noise, X")


def level_curves(axes: Axes, table: pl.DataFrame, column: str, levels: Sequence[float]) -> None:
    """X over epochs, one curve for each value of a column."""
    for value, colour, marker in zip(levels, COLOURS, MARKERS, strict=True):
        own = mean_over_seeds(table.filter(pl.col(column) == value), ("epoch",), "x")
        style: Any = {"color": colour, "marker": marker, "markevery": 3, "label": f"{value:g}"}
        axes.errorbar(own["epoch"], own["mean"], yerr=own["sem"], **style)
    axes.set(xlabel="epoch", ylabel="correlation with noise, X")


def distances(ours: pl.DataFrame, theirs: pl.DataFrame, last: int) -> dict[str, float]:
    """Mean absolute distance of two curves (`series`, `epoch`, `mean`) where both have a point, by series.

    "final" is the largest relative distance at the end of a series' curve: epochs a multiple of 100 plus
    `last`, where there is one; "all" is the mean over the series. Empty without common points.
    """
    both = ours.join(theirs, on=("series", "epoch"), suffix="_theirs")
    apart = (pl.col("mean") - pl.col("mean_theirs")).abs()
    by_series = both.group_by("series", maintain_order=True).agg(apart.mean().alias("apart"))
    ends = both.filter(pl.col("epoch") % 100 == last).select((apart / pl.col("mean_theirs")).max())
    found: dict[str, float] = dict(by_series.iter_rows())
    if not found:
        return {}
    found["all"] = float(np.mean(list(found.values())))
    return found if ends.item() is None else {**found, "final": float(ends.item())}


def at(table: pl.DataFrame, value: str, **where: Any) -> pl.Series:
    """The column over seeds, in their order, where the other columns have these values."""
    return table.filter(*(pl.col(name) == v for name, v in where.items())).sort("seed")[value]
