"""How far each law is from the networks: the slack ladder."""

from __future__ import annotations

import math

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from ..claims import Claim, Exact
from ..law_rows import DECLARED as DECLARED
from ..law_rows import study as study
from ..law_rows import tidy as tidy
from ..style import PAGE, look, sheet

LABEL = "ladder"
TITLE = "Slack of every law on the same networks"
SOURCE = "here; printed laws: Bubeck & Sellke, arXiv 2105.12806; Kumar, Luo & Sellke, arXiv 2402.01089v1"
CAPTION = (
    "Certified upper end of the Lipschitz constant over each law's bound, on the networks that meet the "
    "law's hypotheses; 1 is the law itself. Coloured: the main setting by method; black and hollow: "
    "networks that fit so well, on so many samples, that the printed laws apply to them too. A law that "
    "speaks of none of the networks is a gap, with the hypothesis that fails. The repaired bound is "
    "smaller than the printed one, and proved."
)
LAWS = {
    "UniversalPrinted": "universal,\nas printed",
    "SparsePrinted": "sparse,\nas printed",
    "SparseRepaired": "sparse,\nrepaired",
    "SparseSharp": "sparse,\nsharp",
    "DescriptionLength": "description\nlength",
}
# the factor on eps that rounding costs
REPAIR = 13 / 15


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(PAGE, 2.9)
    axes.set_yscale("log")
    for place, law in enumerate(LAWS):
        own = table.filter(pl.col("law") == law, pl.col("slack").is_not_null(), pl.col("slack").is_finite())
        shown = False
        for setting in ("main", "high fit"):
            part = own.filter(pl.col("setting") == setting)
            methods = sorted(set(part["method"]))
            for number, method in enumerate(methods):
                slacks = part.filter(pl.col("method") == method)["slack"].to_numpy()
                spread = place - 0.3 + 0.6 * (number + 0.5) / len(methods)
                style = look(method).line(linestyle="none", label=None)
                if setting == "high fit":
                    style |= {"color": "black", "marker": "o", "markerfacecolor": "white"}
                axes.plot(np.full(len(slacks), spread), slacks, **style)
                shown = True
        if not shown:
            failed = table.filter(pl.col("law") == law, pl.col("failed") != "")["failed"]
            why = failed.value_counts(sort=True)["failed"][0] if len(failed) else "no network"
            axes.annotate(f"not applicable:\n{why}", (place, 3.0), ha="center", fontsize=6.5, color="0.35")
    for method in sorted(set(table.filter(pl.col("setting") == "main")["method"])):
        axes.plot([], [], **look(method).line(linestyle="none"))
    axes.axhline(1.0, color="black", linewidth=1.0)
    axes.set_xticks(range(len(LAWS)), list(LAWS.values()))
    axes.set(ylabel="slack: certified Lip / bound", xlim=(-0.6, len(LAWS) - 0.4))
    figure.legend(loc="outside right center")
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    pairs = _side_by_side(table, "SparsePrinted", "SparseRepaired")
    off = [abs(printed / repaired * REPAIR - 1.0) > 1e-9 for printed, repaired in pairs]
    sharp = _side_by_side(table, "SparsePrinted", "SparseSharp")
    below = table.filter(pl.col("slack") < 1.0, pl.col("law").is_in(list(LAWS)))
    length = table.filter(pl.col("law") == "DescriptionLength", pl.col("setting") == "main")[
        "slack"
    ].drop_nulls()
    middle = float(length.median() or math.inf)  # type: ignore[arg-type]
    return [
        Exact(
            "repair",
            "the repaired bound is 13/15 of the printed one",
            wrong=sum(off),
            cases=len(pairs),
        ),
        Exact(
            "sharp",
            "the sharp law asks for more than the printed one on every network that both speak of",
            wrong=sum(printed > ours for printed, ours in sharp),
            cases=len(sharp),
        ),
        Exact(
            "no slack below 1",
            "no certified upper end is below a law's bound",
            wrong=below.height,
            cases=table["slack"].drop_nulls().len(),
        ),
        Exact(
            "description length",
            "its median slack in the main setting is below 6",
            wrong=int(middle >= 6.0),
            cases=len(length),
        ),
        Exact(
            "mutant",
            "the printed sparse law is within a factor of 100 of the sharp one",
            mutant=True,
            wrong=sum(ours / printed > 100.0 for printed, ours in sharp),
            cases=len(sharp),
        ),
    ]


def _side_by_side(table: pl.DataFrame, first: str, second: str) -> list[tuple[float, float]]:
    """Bounds of two laws on the networks that both speak of."""
    keys = ["setting", "method", "density", "seed"]
    a, b = (table.filter(pl.col("law") == law, pl.col("bound") > 0.0) for law in (first, second))
    both = a.join(b, on=keys, suffix="_2")
    return list(zip(both["bound"], both["bound_2"], strict=True))
