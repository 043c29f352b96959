"""Certified Lipschitz brackets against n d / p_eff, for every pruner, with the law as a line."""

from __future__ import annotations

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ..claims import Claim, Exact
from ..law_rows import DECLARED as DECLARED
from ..law_rows import METHODS, normalised
from ..law_rows import study as study
from ..law_rows import tidy as tidy
from ..style import PAGE, THEORY, look, sheet

LABEL = "law"
TITLE = "Certified Lipschitz constants against n d / p_eff"
SOURCE = "here"
CAPTION = (
    "Every bar is a certified bracket on the Lipschitz constant of a trained network over its correlation"
    " C with the label noise, at n/(v rho (p_eff + log 1/delta)), which is n d/(c p_eff) up to the "
    "confidence; no network may lie in the grey region below the line, the description-length law. "
    "Hollow: supermasks whose p_eff leaves the mask out: they must fall below it, and do. That no network"
    " breaks a law does not prove the law."
)
LAW, WRONG = "DescriptionLength", "DescriptionLength without mask"
SUPERMASKS = ("EdgePopup", "TopKSign")
NON_VACUOUS = 0.5


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(PAGE, 3.4)
    drawn = table.filter(pl.col("setting") != "digits")
    for law, hollow in ((LAW, False), (WRONG, True)):
        points = normalised(drawn, law)
        for method in SUPERMASKS if hollow else (*METHODS, "TopKSign"):
            own = points.filter(pl.col("method") == method)
            if not own.height:
                continue
            style = look(method).line(linestyle="none")
            axes.vlines(
                own["x"], own["low"], own["high"], color=look(method).colour, linewidth=1.6, alpha=0.7
            )
            if hollow:
                style |= {"markerfacecolor": "white", "label": f"{look(method).label}, mask left out"}
            axes.plot(own["x"], np.sqrt(own["low"] * own["high"]), **style)
    axes.set(
        xscale="log", yscale="log", xlabel=r"$n\,d\,/\,(c\;p_{\mathrm{eff}})$", ylabel="certified Lip / C"
    )
    low, high = axes.get_xlim()
    x = np.geomspace(low, high, 50)
    axes.plot(x, np.sqrt(x / 2.0), label="the law", **THEORY)
    axes.fill_between(x, 1e-6, np.sqrt(x / 2.0), color="0.92", linewidth=0.0)
    axes.set(xlim=(low, high), ylim=(0.4 * np.sqrt(low / 2.0), None))
    figure.legend(loc="outside right center")
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    own = table.filter(pl.col("law") == LAW)
    applicable = own.filter(pl.col("verdict") != "NOT_APPLICABLE")
    wrong = table.filter(
        pl.col("law") == WRONG, pl.col("method").is_in(SUPERMASKS), pl.col("setting") != "digits"
    )
    vacuous = own.filter(pl.col("setting") == "main", pl.col("vacuous").is_not_null())
    share = 1.0 - float(vacuous["vacuous"].mean() or 0.0) if vacuous.height else 0.0  # type: ignore[arg-type]
    undecided = applicable.filter(pl.col("verdict") == "INCONCLUSIVE").height
    return [
        Exact(
            "the law",
            "no network violates the description-length law",
            wrong=own.filter(pl.col("verdict") == "VIOLATED").height,
            cases=applicable.height,
        ),
        Exact(
            "decided",
            "at least 95 % of the comparisons are decided",
            wrong=int(undecided > 0.05 * applicable.height),
            cases=applicable.height,
        ),
        Exact(
            "the mask counts",
            "every supermask violates the law if its mask is left out",
            wrong=wrong.filter(pl.col("verdict") != "VIOLATED").height,
            cases=wrong.height,
        ),
        Exact(
            "not vacuous",
            "half of the main setting's bounds are above the steepest training pair",
            wrong=int(share < NON_VACUOUS),
            cases=vacuous.height,
        ),
        Exact(
            "mutant",
            "the law holds for supermasks without the information of the mask",
            mutant=True,
            wrong=wrong.filter(pl.col("verdict") == "VIOLATED").height,
            cases=wrong.height,
        ),
    ]
