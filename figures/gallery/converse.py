"""What memorising labels says of the mask's information: less than it seems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from scipy.special import xlogy

from robustlaw.confidence import betting_lower, betting_upper
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
MOST_NUMBERS = 1322.0
FEWEST = 8


def study(preset: Preset) -> list[Grid]:
    """The rows of Figure 1a, and supermasks on the same data."""
    ((path, shared),) = nfp_1a.study(preset)
    steps, seeds = nfp_1a.STEPS[preset], range(nfp_1a.SEEDS[preset])
    return [(path, [*shared, *(nfp_1a.config("EdgePopup", s, POPUP_COUNTS, steps) for s in seeds)])]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a method, kept count and number of bits (0: nothing is trained), over seeds.

    stored, room  : n (a + w)(log 2 - h(w/(a + w))) at the mean shares, and what the numbers can hold, nats
    middle, lower : their difference, and a value below which it lies with chance at most LEVEL: means of
                    shares and numbers are moved to their betting ends, each at a third of the level
    """
    cells: dict[tuple[str, int, int], list[tuple[float, float, float]]] = {}
    for row in rows:
        method, result = row.config["method"], row.result or {}
        for place, kept in enumerate(result["kept"]):
            for bits in (0,) if method == "EdgePopup" else (*BITS, 32):
                tail = "" if bits in (0, 32) else f"_{bits}"
                shares = (result[name + tail][place] / POINTS for name in ("memorised", "wrong"))
                numbers = 0 if bits == 0 else result["numbers"][place]
                cells.setdefault((method, kept, bits), []).append((*shares, numbers))
    lines = [{**_keys(key), **_weighed(np.array(told), key[2])} for key, told in cells.items()]
    return pl.DataFrame(lines, infer_schema_length=None).sort("method", "kept", "bits")


def _keys(key: tuple[str, int, int]) -> dict[str, Any]:
    return dict(zip(("method", "kept", "bits"), key, strict=True))


def _weighed(told: np.ndarray, bits: int) -> dict[str, float]:
    memorised, wrong, numbers = told.T
    most, room, risk = float(numbers.max()), bits * math.log(2.0), LEVEL / 3.0
    right = betting_lower(memorised, 0.0, 1.0, risk)
    bad = betting_upper(wrong, 0.0, 1.0, risk)
    many = betting_upper(numbers, 0.0, max(most, MOST_NUMBERS), risk) if bits else 0.0
    middle = float(stored(memorised.mean() + wrong.mean(), wrong.mean()))
    # stored() grows with right answers and falls with wrong ones, as long as those are fewer
    low = float(stored(min(right + bad, 1.0), bad))
    return {
        "seeds": len(told),
        "memorised": float(memorised.mean()),
        "wrong": float(wrong.mean()),
        "numbers": float(numbers.mean()),
        "stored": middle,
        "room": room * float(numbers.mean()),
        "middle": middle - room * float(numbers.mean()),
        "lower": low - room * many,
    }


def stored(sure: float, wrong: float) -> float:
    """n c (log 2 - h(w/c)) nats for a share c of sure answers, of which w are wrong; 0 if most are."""
    if 2.0 * wrong >= sure:
        return 0.0
    entropy = xlogy(sure, sure) - xlogy(wrong, wrong) - xlogy(sure - wrong, sure - wrong)
    return float(POINTS * (sure * math.log(2.0) - entropy))


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.9, columns=2)
    for method in nfp_1a.METHODS:
        own = table.filter(pl.col("method") == method, pl.col("bits") == 32, pl.col("numbers") > 0)
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
        own = table.filter(pl.col("method") == method, pl.col("bits") <= 8)
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
    free = table.filter(pl.col("method").is_in(["Random", "SynFlow"]))
    popup = table.filter(pl.col("method") == "EdgePopup", pl.col("kept") == POPUP_COUNTS[0])
    others = table.filter(pl.col("method") != "EdgePopup", pl.col("bits") <= 8)
    capped = table.filter(pl.col("lower") > POINTS * math.log(2.0))
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
            wrong=table.filter(pl.col("lower") + pl.col("room") > 0.0).height,
            cases=table.height,
        ),
    ]
    if int(table["seeds"].to_numpy().min()) < FEWEST:  # their deviation alone exceeds every share
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
            cases=table.height,
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
