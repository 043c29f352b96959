"""Correlation with the label noise until almost all weights are pruned."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ..claims import Claim, Exact, Missing, Paired
from ..correlations import DECLARED as DECLARED
from ..correlations import VARIANTS as VARIANTS
from ..correlations import at, mean_over_seeds, rounds_panel
from ..style import PAGE, letter, look, plain_ticks, sheet
from . import nfp_2a
from .nfp_2a import study as study
from .nfp_2a import tidy as tidy

LABEL = "3"
TITLE = "Correlation with label noise over fifteen rounds"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 3"
CAPTION = (
    "Left: X over fifteen rounds of iterative magnitude pruning, settings as in Figure 2a (no published "
    "numbers: the panel is compared by its sentence). Right: X at the end of a round, as a share of the "
    "noise's power, and X before its first step, when only the mask knows the data, against kept weights."
    " The fall at the end is a lack of weights to fit with."
)
ROUNDS = nfp_2a.ROUNDS["full"]


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.5, columns=2)
    rounds_panel(left, table, None)
    letter(left, "a")
    ends = table.filter(pl.col("epoch") == 0)
    for column, name, arm in (
        ("last", "end of the round, over mean z²", "IterativeMagnitude"),
        ("mask_only", "before any step, times 10", "MagnitudeAfterTraining"),
    ):
        own = mean_over_seeds(ends, ("kept",), column)
        times = 10.0 if column == "mask_only" else 1.0
        right.errorbar(
            own["kept"], times * own["mean"], yerr=times * own["sem"], **look(arm).line(label=name)
        )
    right.set(xscale="log", xlabel="kept weights", ylabel="X", ylim=(-0.05, 1.35))
    plain_ticks(right.xaxis, (30000, 10000, 5000, 2000))
    right.invert_xaxis()
    right.legend(loc="upper right")
    letter(right, "b")
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    if table["round"].max() != ROUNDS - 1 or table["epoch"].max() < 99:  # type: ignore[operator]
        return [Missing("rounds", "fifteen whole rounds", reason="this preset trains fewer rounds or epochs")]
    ends = np.array([at(table, "last", round=r, epoch=0) for r in range(ROUNDS)])
    kept = table.filter(pl.col("epoch") == 0).sort("seed", "round")["kept"].to_numpy().reshape(-1, ROUNDS)
    wrong = int(np.sum(kept[:, 1:] != kept[:, :-1] - kept[:, :-1] // 5))
    return [
        Paired(
            "first rounds",
            "for five rounds the end of the round stays within .05 of the first",
            "paper",
            differences=0.05 - np.abs(ends[:5] - ends[0]).max(0),
        ),
        Paired(
            "collapse",
            "after fifteen rounds less than half of the correlation is left",
            "paper",
            differences=0.5 * ends[0] - ends[-1],
        ),
        Exact(
            "nested counts",
            "every round keeps K - floor(K/5) of the last round's weights",
            wrong=wrong,
            cases=kept[:, 1:].size,
        ),
        Paired("mutant", "the last round ends above the first", mutant=True, differences=ends[-1] - ends[0]),
    ]
