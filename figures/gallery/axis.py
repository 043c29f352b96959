"""Which axis orders the methods: kept weights, or p_eff?"""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from ..claims import Claim, Missing, Paired
from ..law_rows import DECLARED as DECLARED
from ..law_rows import METHODS, normalised
from ..law_rows import study as study
from ..law_rows import tidy as tidy
from ..style import PAGE, letter, look, plain_ticks, sheet

LABEL = "axis"
TITLE = "Kept weights against p_eff as the axis"
SOURCE = "here"
CAPTION = (
    "Certified Lip/C of the main setting against kept weights and against p_eff, which adds what the mask"
    " may know (its code length where the mask depends on the data, 0 where it does not). In the title: "
    "mean over seeds of Kendall's rank correlation, -1 being perfect order. The claims say which axis "
    "orders better here, for all methods and without supermasks; they say nothing of other recipes."
)
LAW = "DescriptionLength"


def plot(table: pl.DataFrame) -> Figure:
    figure, panels = sheet(PAGE, 2.9, columns=2)
    own = points(table)
    for axes, column, name, mark in zip(
        panels, ("kept", "p_eff"), ("kept weights", "p_eff, nats"), "ab", strict=True
    ):
        for method in METHODS:
            part = own.filter(pl.col("method") == method)
            axes.plot(part[column], part["y"], **look(method).line(linestyle="none"))
        axes.set(xscale="log", yscale="log", xlabel=name, ylabel="certified Lip / C")
        plain_ticks(axes.xaxis, (50, 100, 200, 400, 800))
        plain_ticks(axes.yaxis, (10, 20, 40, 80, 160))
        letter(axes, mark)
        axes.set_title(f"mean tau = {np.mean(taus(own, column)):.2f}", loc="right")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside right center")
    return figure


def points(table: pl.DataFrame) -> pl.DataFrame:
    """The main setting, with the geometric middle of Lip/C."""
    found = normalised(table.filter(pl.col("setting") == "main"), LAW)
    return found.with_columns((pl.col("low") * pl.col("high")).sqrt().alias("y"))


def taus(own: pl.DataFrame, column: str) -> np.ndarray:
    """Kendall's tau-b between the axis and Lip/C over the networks of a seed, for every seed."""
    seeds = sorted(set(own["seed"]))
    parts = [own.filter(pl.col("seed") == seed) for seed in seeds]
    return np.array([float(kendalltau(part[column], part["y"]).statistic) for part in parts])


def claims(table: pl.DataFrame) -> list[Claim]:
    own = points(table)
    if not own.height:
        return [Missing("points", "networks to order", reason="no network of the main setting met the law")]
    trained = own.filter(pl.col("method") != "EdgePopup")
    return [
        Paired(
            "all methods",
            "p_eff orders Lip/C better than kept weights do, over all methods",
            differences=taus(own, "kept") - taus(own, "p_eff"),
        ),
        Paired(
            "trained weights",
            "p_eff orders Lip/C better than kept weights do, supermasks left out",
            differences=taus(trained, "kept") - taus(trained, "p_eff"),
        ),
        Paired("direction", "a larger p_eff goes with a smaller Lip/C", differences=-taus(own, "p_eff")),
        Paired(
            "mutant", "a larger p_eff goes with a larger Lip/C", mutant=True, differences=taus(own, "p_eff")
        ),
    ]
