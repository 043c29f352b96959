"""What the figures on noisy images share: the table, the panels and the claims."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.axes import Axes

from robustlaw.sweep import Row

from .claims import Claim, Exact, Missing, Paired
from .style import look, plain_ticks

AFTER = ("IterativeMagnitude", "MagnitudeAfterTraining")
SCHEMA = {
    "data": pl.String,
    "identity": pl.String,
    "method": pl.String,
    "seed": pl.Int64,
    "kept": pl.Int64,
    "maskable": pl.Int64,
    "effective": pl.Int64,
    "train": pl.Float64,
    "test": pl.Float64,
    "largest": pl.Float64,
    "settled": pl.Boolean,
    "off_mask": pl.Int64,
}
MORE = "fits more training images than"
NAMES = {
    "IMP ahead": f"IMP {MORE} each method at initialisation, over the pruned counts",
    "magnitude ahead": f"magnitude pruning after one training {MORE} each method at initialisation",
    "falls": "every method fits fewer training images on the sparser half of the counts than on the denser",
    "memorising": "IMP's lead over random masks is in training accuracy more than in test accuracy",
    "mutant": "random pruning fits more training images than IMP",
    "paths": "no network has more weights on paths than it keeps; without any it gets one class at most",
}
PAPER = ("IMP ahead", "magnitude ahead", "falls")


def iterates(total: int, rounds: int) -> tuple[int, ...]:
    """floor(.8 K) again and again."""
    counts = [total]
    for _ in range(rounds):
        counts.append(counts[-1] * 4 // 5)
    return tuple(counts[1:])


def tidy(rows: Sequence[Row], maskable: dict[str, int], stand_in: bool) -> pl.DataFrame:
    """One line a method, seed and kept count; accuracies as shares of the images."""
    lines = []
    for row in rows:
        result, config = row.result or {}, row.config
        source = config.get("source", "digits")
        for place, kept in enumerate(result["kept"]):
            lines.append(
                {
                    "data": f"stand-in: {source}" if stand_in else source,
                    "identity": result.get("identity", "stand-in"),
                    "method": config["method"],
                    "seed": config["seed"],
                    "kept": kept,
                    "maskable": maskable[source],
                    "effective": result["effective"][place],
                    "train": result["train_right"][place] / config["train"],
                    "test": result["test_right"][place] / config["test"],
                    "largest": result["largest"] / config["train"],
                    "settled": result["settled"][place] if "settled" in result else None,
                    "off_mask": result["off_mask"][place] if "off_mask" in result else None,
                }
            )
    return pl.DataFrame(lines, schema=SCHEMA).sort("data", "method", "seed", "kept")


def panel(axes: Axes, own: pl.DataFrame, column: str, methods: Sequence[str], ticks: Sequence[int]) -> None:
    """Mean and standard error of an accuracy against kept weights, falling to the right."""
    value = pl.col(column)
    for method in methods:
        part = own.filter(pl.col("method") == method).group_by("kept")
        mean = part.agg(value.mean(), (value.std() / value.len().sqrt()).fill_null(0.0).alias("sem"))
        mean = mean.sort("kept")
        axes.errorbar(mean["kept"], mean[column], yerr=mean["sem"], **look(method).line())
    axes.set(xscale="log")
    axes.invert_xaxis()
    plain_ticks(axes.xaxis, ticks)


def by_budget(own: pl.DataFrame) -> str:
    """How many trainings ended before their loss had settled, in words."""
    return f"{own.filter(~pl.col('settled')).height} of {own.height} trainings ended by the budget"


def means(own: pl.DataFrame, method: str, column: str) -> np.ndarray:
    """Mean of a column over the pruned counts for every seed in order, nan for a seed without the method."""
    seeds = own["seed"].unique().sort()
    found = own.filter(pl.col("method") == method, pl.col("kept") < pl.col("maskable"))
    by_seed = dict(found.group_by("seed").agg(pl.col(column).mean()).iter_rows())
    return np.array([by_seed.get(seed, np.nan) for seed in seeds])


def falls(own: pl.DataFrame, method: str) -> np.ndarray:
    """Training accuracy over the denser half of the pruned counts less that over the sparser half."""
    counts = own.filter(pl.col("kept") < pl.col("maskable"))["kept"].unique().sort()
    middle = counts[len(counts) // 2]
    dense = means(own.filter(pl.col("kept") >= middle), method, "train")
    sparse = means(own.filter(pl.col("kept") < middle), method, "train")
    return np.asarray(dense - sparse)


def claims(own: pl.DataFrame, prefix: str, methods: Sequence[str], whose: str) -> list[Claim]:
    """The sentences about one data set; their names start with the prefix."""
    train = {method: means(own, method, "train") for method in methods}
    test = {method: means(own, method, "test") for method in methods}
    first = np.max([train[method] for method in methods if method not in AFTER], axis=0)
    imp, after = train["IterativeMagnitude"], train["MagnitudeAfterTraining"]
    gaps = {method: train[method] - test[method] for method in methods}
    shown = {
        "IMP ahead": imp - first,
        "magnitude ahead": after - first,
        "falls": np.min([falls(own, method) for method in methods], axis=0),
        "memorising": gaps["IterativeMagnitude"] - gaps["Random"],
        "mutant": train["Random"] - imp,
    }
    many = pl.col("effective") > pl.col("kept")
    sure = (pl.col("effective") == 0) & (pl.col("train") > pl.col("largest"))
    listed: list[Claim] = [
        Paired(
            prefix + name,
            NAMES[name],
            whose if name in PAPER else "here",
            name == "mutant",
            differences=differences,
        )
        for name, differences in shown.items()
    ]
    wrong = own.filter(many | sure).height
    return [*listed, Exact(prefix + "paths", NAMES["paths"], wrong=wrong, cases=own.height)]


def missing(prefix: str, reason: str) -> list[Claim]:
    """The same sentences, none of which can be looked at."""
    return [
        Missing(prefix + name, says, "paper" if name in PAPER else "here", name == "mutant", reason=reason)
        for name, says in NAMES.items()
    ]
