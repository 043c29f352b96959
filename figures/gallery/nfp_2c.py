"""Correlation with the label noise over time, by gradient noise."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Missing, Paired
from ..correlations import DECLARED as SHARED
from ..correlations import SEEDS, at, config, curves, grid, level_curves
from ..correlations import VARIANTS as VARIANTS
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, sheet
from .nfp_2b import MARKS

LABEL = "2c"
TITLE = "Correlation with label noise by gradient noise"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 2c"
CAPTION = (
    "X over epochs for five levels of normal noise added to every entry of the gradients before Adam, mean "
    "and standard error over seeds. The publication gives no numbers and does not say what the level "
    "multiplies, so it is compared by its sentence alone. Left: the level itself is the noise's deviation; "
    "gradients are so small that a tenth stops all learning. Right: times the root mean square of the "
    "gradient of the same tensor; noise delays the fit, and hardly changes where it ends. That X falls with "
    "every step of the noise, as the paper says, is found on the left and not at the last epoch on the right."
)
DECLARED = (
    *SHARED,
    Declared(
        "gradient noise",
        "level times N(0,1), alone or times the gradient's root mean square, before Adam",
        ("added after Adam",),
        "not stated: both are shown",
    ),
)
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5)
EPOCHS = (30, 50, 99)


UNITS: tuple[tuple[str, str], ...] = (("one", "the level"), ("gradient", "the level times the gradient"))


def study(preset: Preset) -> list[Grid]:
    configs = [
        config(seed, preset, MARKS, gradient_noise=level, noise_unit=unit if level else "one")
        for unit, _ in UNITS
        for level in LEVELS
        for seed in range(SEEDS[preset])
        if level or unit == "one"
    ]
    return grid(configs)


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return curves(rows)


def _of(table: pl.DataFrame, unit: str) -> pl.DataFrame:
    """Noise in that unit, and no noise."""
    return table.filter((pl.col("noise_unit") == unit) | (pl.col("gradient_noise") == 0.0))


def plot(table: pl.DataFrame) -> Figure:
    figure, panels = sheet(PAGE, 2.7, columns=2)
    for axes, (unit, words), name in zip(panels, UNITS, "ab", strict=True):
        level_curves(axes, _of(table, unit), "gradient_noise", LEVELS)
        letter(axes, name)
        axes.set_title(words, loc="right")
    handles, labels = panels[0].get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside upper center", ncols=5, title="level of gradient noise")
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    if table["epoch"].max() < 99:  # type: ignore[operator]
        return [Missing("epochs", "a hundred epochs", reason="this preset trains fewer")]
    found: list[Claim] = []
    for unit, words in UNITS:
        own = _of(table, unit)
        shares = {e: np.array([at(own, "share", gradient_noise=g, epoch=e) for g in LEVELS]) for e in EPOCHS}
        falls = {e: -np.diff(shares[e], axis=0).max(0) for e in EPOCHS}
        found += [
            Paired(
                f"early order, {unit}",
                f"noise of {words}: at epochs 30 and 50 X falls with every step of it",
                "paper",
                differences=np.minimum(falls[30], falls[50]),
            ),
            Paired(
                f"late order, {unit}",
                f"noise of {words}: at epoch 99 X falls with every step of it",
                "paper",
                differences=falls[99],
            ),
        ]
    wild = at(_of(table, "one"), "share", gradient_noise=LEVELS[-1], epoch=99).to_numpy()
    calm = at(table, "share", gradient_noise=0.0, epoch=99).to_numpy()
    mutant = Paired(
        "mutant",
        "at epoch 99 the noisiest gradients give the largest X",
        mutant=True,
        differences=wild - calm,
    )
    return [*found, mutant]
