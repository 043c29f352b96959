"""The information dial: noise on a pruner's scores, the number of kept weights being the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import kendalltau

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, look, sheet

LABEL = "dial"
TITLE = "An information dial at a fixed kept count"
SOURCE = "here"
CAPTION = (
    "A pruner's scores are blurred by normal noise of rising scale (from right to left: none, .1, .3, 1, 3, "
    "10 of the scores' own deviation, nothing but noise), and 8 of 20 weights are kept at every scale. "
    "Horizontally: what the mask knows of n fair labels given inputs and initialisation, exact without noise "
    "and for noise alone, else the mean of certified 95 % brackets over seeds (bars). Vertically, over all "
    "2^n labelings and the seeds: the share of labels met within .1, the centred noise correlation C, and "
    "the mean certified bracket of the Lipschitz constant (bars). IMP of one round and magnitude after "
    "training have the same masks; the first rewinds the weights, the second trains on. Not claimed: that "
    "information falls with noise for every pruner, nor that information is what makes a mask memorise: "
    "noise changes which weights are kept as well as what they tell. Both laws are loose here."
)
DECLARED = (
    Declared(
        "network", "4-4-1 on N(0, I), 20 weights, 8 kept, biases trained", ("4-6-1",), "ours: enumerable"
    ),
    Declared("labels", "6 (8 in the full preset), all labelings", ("to 12",), "ours"),
    Declared("training", "Adam, .02, 400 full-batch steps, squared error", ("other rates",), "ours"),
    Declared("memorised", "|f(x_i) - y_i| < .1", ("right sign",), "as under squared error in Figure 1a"),
    Declared("unit of noise", "deviation of the scores over entries and labelings", (), "ours"),
)
METHODS = ("Snip", "MagnitudeAfterTraining", "IterativeMagnitude")
SCALES = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, None)
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 16}
LABELS: dict[Preset, int] = {"smoke": 4, "quick": 6, "full": 8}
RUNS: dict[Preset, int] = {"smoke": 40, "quick": 64, "full": 300}
STEPS: dict[Preset, int] = {"smoke": 60, "quick": 400, "full": 400}
NEAR = 0.05  # of a share: what counts as equal
LITTLE = 0.15  # nats: what counts as next to nothing
LAST = 10.0


def study(preset: Preset) -> list[Grid]:
    configs = [
        {
            "method": method,
            "scale": scale,
            "seed": seed,
            "n": LABELS[preset],
            "widths": [4, 4, 1],
            "kept": 8,
            "steps": STEPS[preset],
            "learning_rate": 0.02,
            "runs": RUNS[preset],
            "law_nets": 2,
            "level": 0.95,
            "delta": 0.05,
        }
        for seed in range(SEEDS[preset])
        for method in METHODS
        for scale in SCALES
    ]
    return [("robustlaw.studies.dial", configs)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a method, scale and seed; scale is infinite for noise alone."""
    lines = [_line(row.config, row.result or {}) for row in rows]
    return pl.DataFrame(lines, infer_schema_length=None).sort("method", "seed", "scale")


def _line(config: Any, result: Any) -> dict[str, Any]:
    verdicts = [law["verdict"] for law in result["laws"] if not law["constant"]]
    return {
        "method": config["method"],
        "scale": np.inf if config["scale"] is None else config["scale"],
        "seed": config["seed"],
        "low": result["information"][0],
        "high": result["information"][1],
        "lip low": result["lipschitz"][0],
        "lip high": result["lipschitz"][1],
        **{name: result[name] for name in ("memorised", "right", "centred", "probe", "distinct")},
        "laws": len(verdicts),
        "held": verdicts.count("HOLDS"),
        "violated": sum(law["verdict"] == "VIOLATED" for law in result["laws"]),
    }


def plot(table: pl.DataFrame) -> Figure:
    figure, panels = sheet(PAGE, 2.7, columns=3)
    means = table.group_by("method", "scale").agg(pl.all().exclude("seed").mean()).sort("method", "scale")
    labels = ("share of labels memorised", "centred correlation C", "Lipschitz constant")
    for place, (axes, label) in enumerate(zip(panels, labels, strict=True)):
        for method in METHODS:
            _curve(axes, means.filter(pl.col("method") == method), method, place)
        axes.set(xlabel="I(m; Y | X, init), nats", ylabel=label)
        letter(axes, "abc"[place])
    figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def _curve(axes: Axes, own: pl.DataFrame, method: str, place: int) -> None:
    x = 0.5 * (own["low"] + own["high"])
    y = 0.5 * (own["lip low"] + own["lip high"]) if place == 2 else own[("memorised", "centred")[place]]
    spread: dict[str, Any] = {"xerr": [x - own["low"], own["high"] - x]}
    if place == 2:
        spread["yerr"] = [y - own["lip low"], own["lip high"] - y]
    axes.errorbar(x, y, elinewidth=0.7, **spread, **look(method).line())


def claims(table: pl.DataFrame) -> list[Claim]:
    exact = table.filter(pl.col("scale") == 0.0)
    loud = table.filter(pl.col("scale") == LAST)
    found: list[Claim] = [
        Exact(
            "laws",
            "laws 4 and 6 hold at every scale, for every network weighed that is not constant",
            wrong=int((table["laws"] - table["held"] + table["violated"]).sum()),
            cases=int(table["laws"].sum()),
        ),
        Exact(
            "to nothing",
            "at ten deviations of noise no certified upper end is above .15 nats",
            wrong=loud.filter(pl.col("high") > LITTLE).height,
            cases=loud.height,
        ),
        Exact(
            "probe",
            "without noise half the squared mean of the mask-only probe is at most the exact information",
            wrong=exact.filter(0.5 * pl.col("probe") ** 2 > pl.col("high")).height,
            cases=exact.height,
        ),
    ]
    for method in METHODS:
        own = table.filter(pl.col("method") == method)
        gap = _at(own, LAST, "memorised") - _at(own, np.inf, "memorised")
        name = look(method).label
        found += [
            Paired(
                f"to random, {method}",
                f"{name}: at ten deviations the memorised share is within .05 of that of noise alone",
                differences=NEAR - np.abs(gap),
            ),
            Paired(
                f"trend, {method}",
                f"{name}: the memorised share rises with the information along the dial (Kendall's tau)",
                differences=trend(own),
            ),
        ]
    kept = _at(loud, LAST, "high") - _at(exact, 0.0, "low")
    found.append(
        Paired("mutant", "ten deviations of noise leave the information", mutant=True, differences=kept)
    )
    return found


def trend(own: pl.DataFrame) -> np.ndarray:
    """Kendall's tau of memorised share and middle of the information, over the scales of each seed."""
    found = []
    for seed in sorted(set(own["seed"])):
        one = own.filter(pl.col("seed") == seed)
        found.append(kendalltau(0.5 * (one["low"] + one["high"]), one["memorised"]).statistic)
    return np.array(found)


def _at(table: pl.DataFrame, scale: float, column: str) -> np.ndarray:
    """The column at a scale, its mean over methods, one number a seed."""
    own = table.filter(pl.col("scale") == scale).group_by("seed").agg(pl.col(column).mean())
    return own.sort("seed")[column].to_numpy()
