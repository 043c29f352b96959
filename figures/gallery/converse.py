"""What memorising labels says of the mask's information: less than it seems."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from scipy.special import xlogy

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Missing
from ..sheets import Grid, Preset
from ..style import PAGE, THEORY, letter, look, plain_ticks, sheet
from . import nfp_1a
from .nfp_1a import POINTS

LABEL = "converse"
TITLE = "The memorisation converse on the networks of Figure 1a"
SOURCE = "here; Fano's inequality with abstention"
CAPTION = (
    "Left: memorised points for every number that the outputs depend on. A network whose numbers hold b "
    "bits each can be above the line of b only if its mask holds information about the labels. Right: "
    "what the converse certifies, n (a + w)(log 2 - h(w/(a + w))) less b log 2 for every number, at the "
    "best kept count, for networks rounded to b bits on a grid fixed before the data (a: share memorised,"
    " w: share surely wrong; bars: 95 %). Below 0 it says nothing: Figure 1a by itself does not show that"
    " the lead of IMP is mask information. A supermask has no trained numbers, and its mask has to hold "
    "what it remembers."
)
DECLARED = nfp_1a.DECLARED
BITS = (1, 2, 3, 4, 6, 8)
POPUP_COUNTS = (630, 315, 158, 79)
METHODS = (*nfp_1a.METHODS, "EdgePopup")
LEVEL = 0.05
FEWEST = 8


def study(preset: Preset) -> list[Grid]:
    """The rows of Figure 1a, and supermasks on the same data."""
    ((path, shared),) = nfp_1a.study(preset)
    steps, seeds = nfp_1a.STEPS[preset], range(nfp_1a.SEEDS[preset])
    return [(path, [*shared, *(nfp_1a.config("EdgePopup", s, POPUP_COUNTS, steps) for s in seeds)])]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a method, seed, kept count and number of bits (0: nothing is trained, 32: as trained)."""
    lines = []
    for row in rows:
        method, result = row.config["method"], row.result or {}
        frozen = method == "EdgePopup"
        for place, kept in enumerate(result["kept"]):
            for bits in (0,) if frozen else (*BITS, 32):
                tail = "" if bits in (0, 32) else f"_{bits}"
                lines.append(
                    {
                        "method": method,
                        "seed": row.config["seed"],
                        "kept": kept,
                        "bits": bits,
                        "numbers": 0 if frozen else result["numbers"][place],
                        **{n: result[n + tail][place] / POINTS for n in ("memorised", "wrong", "errors")},
                    }
                )
    return pl.DataFrame(lines, infer_schema_length=None).sort("method", "seed", "kept", "bits")


def stored(sure: np.ndarray, wrong: np.ndarray) -> np.ndarray:
    """n c (log 2 - h(w/c)) nats for shares c of sure answers and w of sure and wrong ones."""
    c, w = np.asarray(sure, dtype=float), np.asarray(wrong, dtype=float)
    entropy = (
        xlogy(c, np.maximum(c, 1e-300))
        - xlogy(w, np.maximum(w, 1e-300))
        - xlogy(c - w, np.maximum(c - w, 1e-300))
    )
    return np.where(2 * w >= c, 0.0, POINTS * (c * math.log(2.0) - entropy))


def balance(table: pl.DataFrame) -> pl.DataFrame:
    """For each method, count and number of bits: what is stored, what the numbers can hold, the difference.

    lower : the difference, wrong with chance at most LEVEL: shares and counts are moved by Hoeffding's
            deviation, each with a quarter of the level
    """
    grouped = table.group_by("method", "kept", "bits").agg(
        pl.col("memorised", "wrong", "numbers").mean(),
        pl.col("numbers").max().alias("most"),
        pl.len().alias("seeds"),
    )
    shift = np.sqrt(math.log(4.0 / LEVEL) / (2.0 * grouped["seeds"].to_numpy()))
    right = np.maximum(grouped["memorised"].to_numpy() - shift, 0.0)
    wrong = np.minimum(grouped["wrong"].to_numpy() + shift, 1.0)
    # stored() grows with right answers and falls with wrong ones, as long as those are fewer
    low = stored(right + wrong, wrong)
    spread = grouped["most"].to_numpy() * shift
    room = grouped["bits"].to_numpy() * math.log(2.0)
    numbers = grouped["numbers"].to_numpy()
    sure = stored((grouped["memorised"] + grouped["wrong"]).to_numpy(), grouped["wrong"].to_numpy())
    return grouped.with_columns(
        pl.Series("stored", sure),
        pl.Series("room", room * numbers),
        pl.Series("lower", low - room * (numbers + spread)),
        pl.Series("middle", sure - room * numbers),
    ).sort("method", "kept", "bits")


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.9, columns=2)
    weighed = balance(table)
    for method in nfp_1a.METHODS:
        own = weighed.filter(pl.col("method") == method, pl.col("bits") == 32, pl.col("numbers") > 0)
        left.plot(own["kept"], POINTS * own["memorised"] / own["numbers"], **look(method).line())
    for bits in (1, 2):
        left.axhline(bits, **THEORY)
        left.annotate(f"b = {bits}", (1.0, bits), (-2, 2), ha="right", xycoords=("axes fraction", "data"),
                      textcoords="offset points")  # fmt: skip
    left.set(xscale="log", xlabel="kept weights", ylabel="memorised points per number", ylim=(0.0, 2.3))
    left.invert_xaxis()
    plain_ticks(left.xaxis, (140, 70, 35, 17, 8))
    letter(left, "a")
    for place, method in enumerate(METHODS):
        own = weighed.filter(pl.col("method") == method, pl.col("bits") <= 8)
        best = own.sort("lower").tail(1)
        middle, low = best["middle"].item(), best["lower"].item()
        style = look(method).line(linestyle="none")
        right.errorbar([middle], [place], xerr=[[middle - low], [0.0]], capsize=2.0, **style)
    right.axvline(0.0, **THEORY)
    right.axvline(POINTS * math.log(2.0), color="0.6", linewidth=0.8)
    right.set_yticks(range(len(METHODS)), [look(m).label for m in METHODS])
    right.set(xlabel="certified of I(m; Y | X, init), nats", ylim=(len(METHODS) - 0.5, -0.5))
    letter(right, "b")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    weighed = balance(table)
    free = weighed.filter(pl.col("method").is_in(["Random", "SynFlow"]))
    popup = weighed.filter(pl.col("method") == "EdgePopup", pl.col("kept") == POPUP_COUNTS[0])
    others = weighed.filter(pl.col("method") != "EdgePopup", pl.col("bits") <= 8)
    capped = weighed.filter(pl.col("lower") > POINTS * math.log(2.0))
    forced: list[Claim] = [
        Exact(
            "supermasks",
            "a supermask's memorisation forces its mask to hold information",
            wrong=popup.filter(pl.col("lower") <= 0.0).height,
            cases=popup.height,
        ),
        Exact(
            "mutant: free numbers",
            "the converse holds with neither mask information nor numbers charged",
            mutant=True,
            wrong=weighed.filter(pl.col("lower") + pl.col("room") > 0.0).height,
            cases=weighed.height,
        ),
    ]
    if int(weighed["seeds"].to_numpy().min()) < FEWEST:  # their deviation alone exceeds every share
        forced = [Missing("supermasks", forced[0].says, reason="this preset has too few seeds")]
    return [
        Exact(
            "data-free masks",
            "methods whose masks hold no information keep to the converse with I = 0",
            wrong=free.filter(pl.col("lower") > 0.0).height,
            cases=free.height,
        ),
        Exact(
            "labels",
            "no certified value exceeds the information of the labels, n log 2",
            wrong=capped.height,
            cases=weighed.height,
        ),
        Exact(
            "Figure 1a alone",
            "at no count and with no number of bits does memorisation force the masks of IMP, SNIP, GraSP or "
            "magnitude pruning to hold information",
            wrong=others.filter(pl.col("lower") > 0.0).height,
            cases=others.height,
        ),
        *forced,
    ]
