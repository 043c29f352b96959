"""Pruning and generalisation: what a random mask keeps decides the error, and p_eff does not see it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..claims import Claim, Exact, Frequency, MeanOf, Paired, Ranked
from ..patch_rows import ARMS, CLASSES, DENSE, INSIDE, KEPT, NEURONS, SPARSE
from ..patch_rows import study as study
from ..patch_rows import tidy as tidy
from ..sheets import Declared
from ..style import PAGE, THEORY, letter, look, plain_ticks, sheet

LABEL = "pruning and generalisation"
GROUP = "companions"
TITLE = "Random pruning on two patches: a window of densities that generalise"
SOURCE = "here; model and questions after arXiv 2301.00335, whose theorems are recalled, not checked"
CAPTION = (
    "Inputs have a patch mu e_y and a patch of noise; K=2 classes of m=12 cubed-ReLU neurons, d=400, "
    "n=40, mu=1, sigma_n=.2, sigma_0=.05, full-batch gradient descent to a training loss of .01. (a) Test "
    "error against the density p of Bernoulli masks, mean and standard error over seeds, thin: single "
    "seeds; grey: the window from p_cov (all classes keep their signal with probability .9, by a union "
    "bound) to p* (signal is learned before noise, a heuristic of gradient flow); black: 1/2 times the "
    "exact chance (1-p/2)^(mK) that no class has a live signal neuron, one that keeps the signal's "
    "coordinate with a positive initial weight. (b) Error of the dense network against p*, through "
    "sigma_n. (c) Random masks of 484 weights, by how many classes have a live signal neuron; bars are "
    "means. (d) Three masks of 484 weights: no signal neuron in any class, random, and one weight a class "
    "placed at the coordinate with the largest class mean; above: kept weights, and nats that the mask "
    "may know of the data. The placed mask costs at most 2 log 400 = 12 nats, beside 484 weights: the "
    "additive p_eff does not predict the size of an effect on generalisation, and no law says that it "
    "does. Recalled from the paper: for p in [C log d/m, 1] population loss is O(K eps) + exp(-n^2/p) "
    "(T3.1); for p of order 1/(K m log d) it is of order log K (T4.1). There the dense network "
    "generalises and only the bound improves; the toy, with few samples and strong noise, shows a "
    "stronger transition than the theorems state. Laws 4 and 6 do not apply to these networks: clean "
    "labels have no noise. On copies trained with a fifth of the labels flipped and noise patches held "
    "within a ball of sqrt d + 6 deviations they are checked against certified Lipschitz constants on "
    "that ball; they hold, with bounds below the slopes between samples: they say little."
)
DECLARED = (
    Declared("rate", ".5", (".1",), "not recalled; small enough that results hardly depend on it"),
    Declared("stopped at", "training loss .01", ("training loss .05",), "not recalled"),
    Declared("delta of p_cov", ".1", (".05",), "ours"),
    Declared("density inside the window", ".3", (".25", ".35"), "near the window's geometric mean .32"),
    Declared("placed weight", "neuron with the largest initial weight there", ("neuron 0",), "data-free"),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("rate", ".1", {"rate": 0.1, "steps": 200_000}),
    ("stopped at", "training loss .05", {"goal": 0.05}),
)


def plot(table: pl.DataFrame) -> Figure:
    figure, grid = sheet(PAGE, 4.6, rows=2, columns=2)
    _curve(grid[0, 0], table)
    _edges(grid[0, 1], table)
    _split(grid[1, 0], table)
    _contrast(grid[1, 1], table)
    for axes, mark in zip(grid.flat, "abcd", strict=True):
        axes.set(ylim=(-0.03, 0.84), ylabel="test error", yticks=(0.0, 0.25, 0.5))
        letter(axes, mark)
    return figure


def _curve(axes: Axes, table: pl.DataFrame) -> None:
    own = table.filter(pl.col("kind") == "curve")
    window = table.filter(pl.col("kind") == "window")
    axes.axvspan(window["low"][0], window["high"][0], color="0.88", zorder=0)
    for x, text in ((window["low"][0], "$p_{cov}$"), (window["high"][0], "$p^*$")):
        axes.text(x, 0.62, text, ha="center", va="center")
    for (_,), seed in own.filter(pl.col("seed") < 40).sort("density").group_by("seed", maintain_order=True):
        axes.plot(seed["density"], seed["error"], color="0.6", linewidth=0.3, alpha=0.5)
    _means(axes, own, "density", label="mean over seeds")
    p = np.geomspace(0.008, 0.98, 120)
    axes.plot(
        p, 0.5 * (1.0 - 0.5 * p) ** (NEURONS * CLASSES), label="half the chance of no live signal", **THEORY
    )
    axes.set(xscale="log", xlabel="density p of the mask")
    plain_ticks(axes.xaxis, (0.01, 0.03, 0.1, 0.3, 1.0))
    axes.legend(loc="upper left")


def _edges(axes: Axes, table: pl.DataFrame) -> None:
    own = table.filter(pl.col("kind") == "edge")
    for (_,), seed in own.sort("edge").group_by("seed", maintain_order=True):
        axes.plot(seed["edge"], seed["error"], color="0.6", linewidth=0.3, alpha=0.5)
    _means(axes, own, "edge", label="dense network")
    axes.axvline(1.0, color="0.5", linestyle=(0, (2, 2)), linewidth=0.8)
    axes.axhline(0.25, color="0.5", linestyle=(0, (2, 2)), linewidth=0.8)
    axes.set(xscale="log", xlabel="heuristic edge $p^*$, falling with the noise as $\\sigma_n^{-2}$")
    axes.invert_xaxis()
    plain_ticks(axes.xaxis, (0.25, 0.5, 1.0, 2.0, 4.0))
    axes.legend(loc="upper left")


def _means(axes: Axes, table: pl.DataFrame, x: str, **changes: Any) -> None:
    grouped = table.group_by(x).agg(
        pl.col("error").mean(), (pl.col("error").std() / pl.len().sqrt()).fill_null(0.0).alias("sem")
    )
    grouped = grouped.sort(x)
    axes.errorbar(
        grouped[x], grouped["error"], yerr=grouped["sem"], **look("Random").line(linestyle="-", **changes)
    )


def _split(axes: Axes, table: pl.DataFrame) -> None:
    own = table.filter(pl.col("kind") == "equal", pl.col("mask") == "random")
    for covered in range(CLASSES + 1):
        errors = own.filter(pl.col("live") == covered).sort("seed")["error"].to_numpy()
        if not len(errors):
            continue
        axes.plot(covered + _spread(len(errors)), errors, **_dots())
        axes.plot([covered - 0.3, covered + 0.3], [errors.mean()] * 2, **THEORY)
        axes.text(covered, 0.8, f"{len(errors)} masks", ha="center", va="top")
    axes.set(xlabel="classes with a live signal neuron", xticks=range(CLASSES + 1), xlim=(-0.5, 2.5))


def _contrast(axes: Axes, table: pl.DataFrame) -> None:
    equal = table.filter(pl.col("kind") == "equal")
    for place, arm in enumerate(ARMS):
        own = equal.filter(pl.col("mask") == arm).sort("seed")
        errors = own["error"].to_numpy()
        axes.plot(place + _spread(len(errors)), errors, **_dots())
        axes.plot([place - 0.3, place + 0.3], [errors.mean()] * 2, **THEORY)
        nats = float(own["mask_nats"].to_numpy().max())
        axes.text(place, 0.82, f"{own['kept'][0]} kept\n+ {nats:.0f} nats", ha="center", va="top")
    axes.set(xlim=(-0.5, 2.5), xlabel="mask of equal count")
    axes.set_xticks(range(3), ("signal removed", "random", "one weight placed"))


def _spread(count: int) -> np.ndarray:
    """Offsets that keep dots apart, the same for every drawing."""
    return 0.24 * (((np.arange(count) * 0.618034) % 1.0) * 2.0 - 1.0)


def _dots() -> dict[str, Any]:
    return {**look("Random").line(label=None, linestyle="none"), "markersize": 2.0, "alpha": 0.5}


def at(table: pl.DataFrame, column: str, **where: Any) -> np.ndarray:
    """A column of the lines that match, in the order of their seeds."""
    return table.filter(*(pl.col(k) == v for k, v in where.items())).sort("seed")[column].to_numpy()


def claims(table: pl.DataFrame) -> list[Claim]:
    curve, equal, laws = (table.filter(pl.col("kind") == k) for k in ("curve", "equal", "law"))
    return [*_window_claims(table, curve), *_signal_claims(equal, curve), *_count_claims(equal), *_laws(laws)]


def _window_claims(table: pl.DataFrame, curve: pl.DataFrame) -> list[Claim]:
    error = {p: at(curve, "error", density=p) for p in (SPARSE, INSIDE, DENSE)}
    three = curve.filter(pl.col("density").is_in((SPARSE, INSIDE, DENSE)))
    edge = table.filter(pl.col("kind") == "edge")
    quiet, loud = (at(edge, "error", edge=p) for p in (2.0, 0.5))
    return [
        MeanOf(
            "dense",
            "the dense network's mean error exceeds that inside the window, p = .3, by .15",
            values=error[DENSE] - error[INSIDE],
            support=(-1.0, 1.0),
            bound=0.15,
        ),
        MeanOf(
            "over-pruned",
            "the mean error at p = .02 exceeds that inside the window by .15",
            values=error[SPARSE] - error[INSIDE],
            support=(-1.0, 1.0),
            bound=0.15,
        ),
        Exact(
            "training",
            "at p = .02, .3 and 1 every network has a training accuracy of at least .95",
            wrong=three.filter(pl.col("accuracy") < 0.95).height,
            cases=three.height,
        ),
        Paired(
            "edge",
            "the dense network's error is below .25 where p* = 2 and above .25 where p* = 1/2",
            differences=np.minimum(0.25 - quiet, loud - 0.25),
        ),
        Paired(
            "mutant: dense is best",
            "the dense network has a smaller error than the one inside the window",
            mutant=True,
            differences=error[INSIDE] - error[DENSE],
        ),
    ]


def _signal_claims(equal: pl.DataFrame, curve: pl.DataFrame) -> list[Claim]:
    guess = (CLASSES - 1) / CLASSES
    without = at(equal.filter(pl.col("loss") <= 0.05), "error", mask="removed")
    random = equal.filter(pl.col("mask") == "random", pl.col("loss") <= 0.05)
    lost, kept = (at(random, "error", covered=c) for c in (0, CLASSES))
    blind = pl.concat([equal, curve]).filter(~pl.col("sees_signal"))
    off = blind.filter((pl.col("error") - guess).abs() > 1e-12)
    sparsest = min(float(p) for p in curve["density"].unique())
    losses = at(curve, "test_loss", density=sparsest)
    return [
        MeanOf(
            "guessing, least",
            "without a signal neuron in any class the mean error is at least (K-1)/K - .03",
            values=without,
            bound=guess - 0.03,
        ),
        MeanOf(
            "guessing, most",
            "without a signal neuron in any class the mean error is at most (K-1)/K + .03",
            values=without,
            bound=guess + 0.03,
            relation="<=",
        ),
        Ranked(
            "signal neurons",
            "networks of 484 weights without signal neurons err more than those with one in every class",
            larger=lost,
            smaller=kept,
        ),
        Exact(
            "blind",
            "networks without any signal coordinate have error (K-1)/K exactly",
            wrong=off.height,
            cases=blind.height,
        ),
        Frequency(
            "confident",
            "at the sparsest density most networks have a cross-entropy above log K on fresh inputs",
            successes=int((losses > math.log(CLASSES)).sum()),
            trials=len(losses),
        ),
        Ranked(
            "mutant: signal neurons",
            "networks with a signal neuron in every class err more than those without",
            mutant=True,
            larger=kept,
            smaller=lost,
        ),
    ]


def _count_claims(equal: pl.DataFrame) -> list[Claim]:
    error = {arm: at(equal, "error", mask=arm) for arm in ARMS}
    gain = error["random"] - error["placed"]
    odd = equal.filter((pl.col("kept") != KEPT) | (pl.col("accuracy") < 0.95) | (pl.col("loss") > 0.05))
    dear = equal.filter(pl.col("mask_nats") > 0.03 * pl.col("kept"))
    return [
        MeanOf(
            "removed",
            "at equal count, taking away the signal coordinates costs at least .05 of mean error",
            values=error["removed"] - error["random"],
            support=(-1.0, 1.0),
            bound=0.05,
        ),
        MeanOf(
            "placed",
            "at equal count, placing one weight a class gains at least .15 of mean error",
            values=gain,
            support=(-1.0, 1.0),
            bound=0.15,
        ),
        Exact(
            "interpolation",
            "all three keep 484 weights and fit: training accuracy at least .95, loss at most .05",
            wrong=odd.height,
            cases=equal.height,
        ),
        Exact(
            "nearly equal p_eff",
            "no mask may know more of the data than 3 % of its count, in nats",
            wrong=dear.height,
            cases=equal.height,
        ),
        MeanOf(
            "mutant: p_eff predicts the error",
            "masks of p_eff equal to 3 % have mean errors within .15",
            mutant=True,
            values=gain,
            support=(-1.0, 1.0),
            bound=0.15,
            relation="<=",
        ),
    ]


def _laws(laws: pl.DataFrame) -> list[Claim]:
    flipped, clean = (laws.filter(pl.col("labels") == word) for word in ("flipped", "clean"))
    steep = {arm: clean.filter(pl.col("mask") == arm, pl.col("law") == "SparseSharp") for arm in ARMS}
    return [
        Paired(
            "smoother",
            "with clean labels the network with placed weights has less than half the certified Lipschitz "
            "constant, on the ball of the noise patch, of the one without signal neurons",
            differences=np.log(
                at(steep["removed"], "lipschitz_lower") / at(steep["placed"], "lipschitz_upper")
            ),
            margin=math.log(2.0),
        ),
        Exact(
            "laws, flipped labels",
            "laws 4 and 6 hold, on the ball, for the three masks trained on flipped labels",
            wrong=flipped.filter(pl.col("verdict") != "HOLDS").height,
            cases=flipped.height,
        ),
        Exact(
            "laws, clean labels",
            "with clean labels they do not apply: there is no label noise",
            wrong=clean.filter(pl.col("verdict") != "NOT_APPLICABLE").height,
            cases=clean.height,
        ),
        Exact(
            "mutant: the laws bite",
            "on flipped labels some law asks more than the steepest pair of samples shows",
            mutant=True,
            wrong=flipped.filter(pl.col("vacuous")).height,
            cases=flipped.height,
        ),
    ]
