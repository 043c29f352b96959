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
from ..style import COLUMN, sheet
from .nfp_2b import MARKS

LABEL = "2c"
TITLE = "Correlation with label noise by gradient noise"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 2c"
CAPTION = (
    "X over epochs for five levels of normal noise added to every entry of the gradients before Adam, "
    "mean and standard error over seeds. The publication gives no numbers and does not say where the "
    "noise enters, so it is compared by its sentence alone."
)
DECLARED = (
    *SHARED,
    Declared(
        "gradient noise",
        "level times N(0,1) an entry, added before Adam",
        ("times the layer's root mean square", "added after Adam"),
        "not stated",
    ),
)
LEVELS = (0.0, 0.1, 0.2, 0.3, 0.5)


def study(preset: Preset) -> list[Grid]:
    seeds = range(SEEDS[preset])
    return grid([config(s, preset, MARKS, gradient_noise=level) for level in LEVELS for s in seeds])


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return curves(rows)


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(COLUMN, 2.7)
    level_curves(axes, table, "gradient_noise", LEVELS)
    figure.legend(loc="outside upper center", ncols=5, title="gradient noise")
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    if table["epoch"].max() < 99:  # type: ignore[operator]
        return [Missing("epochs", "a hundred epochs", reason="this preset trains fewer")]
    shares = {
        e: np.array([at(table, "share", gradient_noise=g, epoch=e) for g in LEVELS]) for e in (30, 50, 99)
    }
    falls = np.min([-np.diff(shares[e], axis=0).max(0) for e in shares], axis=0)
    least = np.min([shares[e][0] - shares[e][-1] for e in shares], axis=0)
    return [
        Paired(
            "order",
            "at epochs 30, 50 and 99 X falls with every step of the noise level",
            "paper",
            differences=falls,
        ),
        Paired(
            "ends",
            "at epochs 30, 50 and 99 X is smaller with the most noise than with none",
            "paper",
            differences=least,
        ),
        Paired(
            "mutant",
            "at epoch 99 the noisiest gradients give the largest X",
            mutant=True,
            differences=shares[99][-1] - shares[99][0],
        ),
    ]
