"""Exact mask information of the paper's toys, beside what samples of data sets would have shown."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..published import published
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, PUBLISHED, THEORY, letter, look, sheet

LABEL = "4"
TITLE = "Mask information of a toy by exact enumeration"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 4"
CAPTION = (
    "I(m;D|init) of pruning a 3-4-1 network under squared error (a) and a 3-3-2 network under cross-"
    "entropy (b), weights and biases maskable, on six distinct points of the cube: all 1792 data sets are"
    " trained on, so that the entropy is exact; mean over initialisations. Black: the cap min(H(D), log "
    "C(N,K)). Dotted: mean of the plug-in estimate from 500 sampled data sets. Dashed grey: published, "
    "digitised. The published plateau lies between a plug-in from 1000 sampled data sets and the exact "
    "one: it may be an estimate that had not converged, or another learning rate or law of the data, "
    "which are not stated. On the plateau almost every data set has a mask of its own, so that its height"
    " counts data sets and cannot rank methods. Panel b has 20 parameters, not the 21 of the text."
)
DECLARED = (
    Declared("data", "distinct points, all 1792 data sets", ("points may repeat",), "not stated"),
    Declared(
        "training",
        "gradient descent, rate .1, 1000 steps",
        ("rate .01", "rate .5", "200 steps"),
        "not stated",
    ),
    Declared("initialisation", "uniform +-1/sqrt(fan_in), several", ("He normal", "one"), "not stated"),
    Declared("IMP", "rewinds; keeps floor(.9 K) a round", ("one a round",), "the published counts"),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("training", "rate .01", {"rate": 0.01}),
    ("training", "rate .5", {"rate": 0.5}),
    ("training", "200 steps", {"steps": 200}),
)
METHODS = ("MagnitudeAfterTraining", "IterativeMagnitude", "Grasp", "Snip")
FREE = ("SynFlow", "Random")
PANELS = {"left": 21, "right": 20}
INITS: dict[Preset, int] = {"smoke": 1, "quick": 12, "full": 16}
STEPS: dict[Preset, int] = {"smoke": 50, "quick": 1000, "full": 1000}
SETS_BITS = math.log2(1792)
SHOWN = ("bits", "plug_in_500", "plug_in_1000", "plug_in_32000")


def kept_counts(total: int) -> list[int]:
    """floor(.9 K) again and again, to the last parameter."""
    counts = [total * 9 // 10]
    while counts[-1] > 1:
        counts.append(counts[-1] * 9 // 10)
    return counts


def study(preset: Preset) -> list[Grid]:
    configs = [
        {
            "panel": panel,
            "method": method,
            "init": init,
            "kept": kept_counts(total),
            "law": "distinct",
            "rate": 0.1,
            "steps": STEPS[preset],
        }
        for panel, total in PANELS.items()
        for method in (*METHODS, *FREE)
        for init in range(INITS[preset] if method in METHODS else 1)
    ]
    return [("robustlaw.studies.toy_enumeration", configs)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a panel, method, initialisation and kept count."""
    lines = []
    for row in rows:
        result, own = row.result or {}, row.config
        for place, kept in enumerate(result["kept"]):
            names = ("distinct", "changed", *SHOWN)
            told = {name: result[name][place] for name in names}
            keys = {name: own[name] for name in ("panel", "method", "init")}
            lines.append({**keys, "kept": kept, **told})
    return pl.DataFrame(lines, infer_schema_length=None).sort("panel", "method", "init", "kept")


def cap(total: int, kept: Sequence[int]) -> list[float]:
    """min(H(D), log2 C(N,K)), bits."""
    return [min(SETS_BITS, math.log2(math.comb(total, k))) for k in kept]


def plot(table: pl.DataFrame) -> Figure:
    figure, panels = sheet(PAGE, 3.0, columns=2)
    for axes, (panel, total), mark in zip(panels, PANELS.items(), "ab", strict=True):
        _panel(axes, table.filter(pl.col("panel") == panel), total)
        letter(axes, mark)
    for method in METHODS:
        curve = published("4_left").filter(pl.col("method") == method)
        panels[0].plot(curve["pruned"], curve["bits"], **PUBLISHED)
    panels[0].plot([], [], label="published", **PUBLISHED)
    panels[0].set_ylabel("I(m; D | init), bits")
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside upper center", ncols=4)
    return figure


def _panel(axes: Axes, table: pl.DataFrame, total: int) -> None:
    kept = list(range(1, total))
    axes.plot([total - k for k in kept], cap(total, kept), label="cap", **THEORY)
    for method in METHODS:
        rows = table.filter(pl.col("method") == method)
        own = rows.group_by("kept").agg(pl.col(*SHOWN).mean()).sort("kept")
        pruned = total - own["kept"]
        axes.plot(pruned, own["bits"], **look(method).line(linestyle="-"))
        sampled: Any = look(method).line(linestyle=":", marker="", linewidth=0.9, label=None)
        axes.plot(pruned, own["plug_in_500"], **sampled)
    axes.plot([], [], color="0.3", linestyle=":", linewidth=0.9, label="plug-in, 500 samples")
    axes.set(xlabel=f"parameters pruned, of {total}", ylim=(0.0, 11.5))


def claims(table: pl.DataFrame) -> list[Claim]:
    first = {m: _first(table, m) for m in ("IterativeMagnitude", METHODS[0])}
    free = table.filter(pl.col("method").is_in(FREE))
    above = sum(
        bits > most + 1e-9
        for panel, total in PANELS.items()
        for bits, most in _with_cap(table.filter(pl.col("panel") == panel), total)
    )
    peak = _of(table, "left", METHODS[0]).group_by("init").agg(pl.col(*SHOWN).max()).sort("init")
    curve = published("4_left").filter(pl.col("method") == METHODS[0])
    theirs = float(curve["bits"].max())  # type: ignore[arg-type]
    listed: list[Claim] = [
        Exact(
            "first round",
            "the first round of IMP is magnitude pruning after training: equal masks, equal information",
            wrong=int(np.sum(first["IterativeMagnitude"] != first[METHODS[0]])),
            cases=len(first[METHODS[0]]),
        ),
        Exact(
            "data-free masks",
            "SynFlow and random pruning give one mask: exactly 0 bits",
            wrong=free.filter(pl.col("bits") != 0.0).height,
            cases=free.height,
        ),
        Exact("caps", "no information exceeds H(D) or log C(N,K)", wrong=above, cases=table.height),
        Paired(
            "published plateau",
            f"the exact plateau of magnitude pruning is above the published {theirs:.2f} bits",
            differences=peak["bits"] - theirs,
        ),
        Paired(
            "saturation",
            "at the plateau a plug-in from 500 samples is low by more than half a bit",
            differences=peak["bits"] - peak["plug_in_500"],
            margin=0.5,
        ),
        Paired(
            "enough samples",
            "a plug-in from 32000 samples is within .1 bit of the truth",
            differences=0.1 - (peak["bits"] - peak["plug_in_32000"]).abs(),
        ),
    ]
    for panel, total in PANELS.items():
        listed += _orders(table, panel, total)
    return listed


def _orders(table: pl.DataFrame, panel: str, total: int) -> list[Claim]:
    """Both methods that train above both that score, from 3 to 16 pruned."""
    wide = (
        _of(table, panel)
        .filter(pl.col("kept").is_between(total - 16, total - 3))
        .pivot("method", index=["init", "kept"], values="bits")
        .with_columns(
            (pl.min_horizontal("IterativeMagnitude", METHODS[0]) - pl.max_horizontal("Snip", "Grasp")).alias(
                "gap"
            )
        )
    )
    share = float((wide["gap"] > 0.0).mean() or 0.0)  # type: ignore[arg-type]
    gaps = wide.group_by("init").agg(pl.col("gap").mean()).sort("init")["gap"]
    words = f"{panel} panel, 3 to 16 pruned: training knows more than scoring ({share:.0%} of init and count)"
    return [
        Paired(f"order, {panel}", words, "paper", differences=gaps),
        Paired(f"mutant, {panel}", f"{panel} panel: scoring knows more", mutant=True, differences=-gaps),
    ]


def _of(table: pl.DataFrame, panel: str, *methods: str) -> pl.DataFrame:
    return table.filter(pl.col("panel") == panel, pl.col("method").is_in(methods or METHODS))


def _first(table: pl.DataFrame, method: str) -> np.ndarray:
    """Bits at the first kept count of every panel and initialisation."""
    own = table.filter(pl.col("method") == method).sort("panel", "init", "kept")
    return own.group_by("panel", "init", maintain_order=True).agg(pl.col("bits").last())["bits"].to_numpy()


def _with_cap(table: pl.DataFrame, total: int) -> Iterator[tuple[float, float]]:
    return zip(table["bits"], cap(total, table["kept"].to_list()), strict=True)
