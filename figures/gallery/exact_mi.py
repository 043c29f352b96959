"""Exact I(m;Y|X,init) of every pruner across kept weights, by training on all labelings."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..sheets import Declared, Grid, Preset
from ..style import COLUMN, THEORY, look, sheet

LABEL = "exact information"
TITLE = "Exact information of masks on labels"
SOURCE = "here"
CAPTION = (
    "I(m;Y|X,init) in nats, exactly: every one of the 2^n fair labelings of n fixed normal points is "
    "trained on, and the entropy of the masks counted; mean over initialisations, bars their range. "
    "Black: the caps n log 2 and log C(N,K). The order of tiny networks need not carry over to large "
    "ones."
)
DECLARED = (
    Declared("network", "4-6-1, 30 weights", ("3-4-1", "4-8-1"), "ours: small enough to enumerate"),
    Declared("training", "Adam, .02, 150 full-batch steps", ("rate .005", "rate .08", "40 steps"), "ours"),
    Declared("inputs", "one draw of normal points", ("another draw",), "ours"),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("training", "rate .005", {"learning_rate": 0.005}),
    ("training", "rate .08", {"learning_rate": 0.08}),
    ("training", "40 steps", {"steps": 40}),
    ("inputs", "another draw", {"inputs": 1}),
)
METHODS = (
    "IterativeMagnitude",
    "MagnitudeAfterTraining",
    "Snip",
    "Grasp",
    "SynFlow",
    "MagnitudeAtInit",
    "Random",
)
FREE = ("SynFlow", "MagnitudeAtInit", "Random")
LABELS: dict[Preset, int] = {"smoke": 5, "quick": 10, "full": 12}
INITS: dict[Preset, int] = {"smoke": 2, "quick": 10, "full": 16}
WIDTHS = (4, 6, 1)
WEIGHTS = 30
KEPT = (27, 24, 21, 18, 15, 12, 9, 6, 4, 3, 2, 1)


def study(preset: Preset) -> list[Grid]:
    configs = [
        {
            "method": method,
            "density": kept / WEIGHTS,
            "init": init,
            "n": LABELS[preset],
            "widths": list(WIDTHS),
            "inputs": 0,
            "steps": 150,
            "learning_rate": 0.02,
        }
        for method in METHODS
        for init in range(INITS[preset])
        for kept in KEPT
    ]
    return [("robustlaw.studies.label_information", configs)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a method, initialisation and kept count."""
    lines = [
        {
            "method": row.config["method"],
            "init": row.config["init"],
            "n": row.config["n"],
            **{name: (row.result or {})[name] for name in ("kept", "distinct", "lower", "upper")},
        }
        for row in rows
    ]
    return pl.DataFrame(lines, infer_schema_length=None).sort("method", "init", "kept")


def caps(n: int, kept: np.ndarray) -> np.ndarray:
    """min(n log 2, log C(N,K)), nats."""
    return np.minimum(n * math.log(2.0), [math.log(math.comb(WEIGHTS, int(k))) for k in kept])


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(COLUMN, 3.1)
    n = int(table["n"][0])
    kept = np.arange(1, WEIGHTS)
    axes.plot(kept, caps(n, kept), label="cap", **THEORY)
    for method in METHODS:
        middle = pl.col("upper")
        own = (
            table.filter(pl.col("method") == method)
            .group_by("kept")
            .agg(middle.mean().alias("mean"), middle.min().alias("low"), middle.max().alias("high"))
            .sort("kept")
        )
        spread = [own["mean"] - own["low"], own["high"] - own["mean"]]
        axes.errorbar(own["kept"], own["mean"], yerr=spread, **look(method).line())
    axes.invert_xaxis()
    axes.set(xlabel=f"kept weights of {WEIGHTS}", ylabel="I(m; Y | X, init), nats")
    figure.legend(loc="outside upper center", ncols=2)
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    free = table.filter(pl.col("method").is_in(FREE))
    above = table["lower"].to_numpy() > caps(int(table["n"][0]), table["kept"].to_numpy()) * (1.0 + 1e-12)
    middle = (
        table.filter(pl.col("kept").is_between(6, 24)).group_by("method", "init").agg(pl.col("upper").mean())
    )
    mean = {m: middle.filter(pl.col("method") == m).sort("init")["upper"].to_numpy() for m in METHODS}
    trained = np.minimum(mean["IterativeMagnitude"], mean["MagnitudeAfterTraining"])
    scored = np.maximum(mean["Snip"], mean["Grasp"])
    return [
        Exact(
            "data-free masks",
            "masks that look at no labels hold exactly no information on them",
            wrong=free.filter((pl.col("lower") != 0.0) | (pl.col("upper") != 0.0)).height,
            cases=free.height,
        ),
        Exact(
            "caps", "no information exceeds n log 2 or log C(N,K)", wrong=int(above.sum()), cases=table.height
        ),
        Paired(
            "order",
            "with 24 to 6 kept, pruning after training knows more than SNIP and GraSP",
            "paper",
            differences=trained - scored,
        ),
        Paired("mutant", "SNIP and GraSP know more", mutant=True, differences=scored - trained),
    ]
