"""Memorisation of random labels against kept weights, by pruning method."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..published import published
from ..sheets import Declared, Grid, Preset
from ..style import PUBLISHED, look, plain_ticks, sheet

LABEL = "1a"
TITLE = "Memorisation against kept weights"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1a"
CAPTION = (
    "Share of 30 randomly labelled normal points that a pruned 10-30-30-2 network memorises (cross-"
    "entropy below (log 2)/10), mean and standard error over seeds; dashed grey: published, digitised. "
    "The settings were chosen among about 50 by these very curves, so a match shows that they are "
    "compatible, not that they are the authors'. Data-free SynFlow, whose mask holds no information, is "
    "above SNIP and GraSP, whose masks do: memorisation is not a monotone function of mask information. "
    "The labels hold 30 bits in all, so no mask can know more than 30 log 2 nats of them."
)
DECLARED = (
    Declared("architecture", "10-30-30-2", ("30-22-22-2", "34-22-22-2", "27-24-24-2"), "1322 numbers"),
    Declared("biases", "zero at the start, trained, never pruned", ("maskable",), "the lattice counts them"),
    Declared("inputs", "N(0, Id)", ("N(0, Id/d)",), "not stated"),
    Declared("optimiser", "Adam, full batch", ("gradient descent, momentum .9",), "not stated"),
    Declared("budget", "1000 steps a training", ("200", "4000"), "not stated"),
    Declared("initialisation", "He normal", ("uniform +-1/sqrt(fan_in)",), "not stated"),
    Declared("iterative pruning", "rewinds to the initial weights", ("trains on",), "the tail of its curve"),
    Declared("GraSP temperature, SynFlow rounds", "200, 100", ("1, 1",), "the defaults of public code"),
)
VARIANTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("architecture", "30-22-22-2", {"widths": [30, 22, 22, 2]}),
    ("architecture", "27-24-24-2", {"widths": [27, 24, 24, 2]}),
    ("inputs", "N(0, Id/d)", {"spread": 10**-0.5}),
    ("optimiser", "gradient descent, rate .1", {"optimiser": "sgd", "learning_rate": 0.1}),
    ("budget", "200 steps", {"steps": 200}),
    ("initialisation", "uniform +-1/sqrt(fan_in)", {"initialisation": "torch"}),
    ("iterative pruning", "trains on", {"rewind": False}),
    ("GraSP temperature, SynFlow rounds", "1, 1", {"grasp_temperature": 1.0, "synflow_rounds": 1}),
)
PUBLISHED_METHODS = ("IterativeMagnitude", "SynFlow", "Grasp", "Snip", "Random")
METHODS = (*PUBLISHED_METHODS, "MagnitudeAfterTraining")
MASKABLE, POINTS, REPLICATES = 1322, 30, 250
HALVES = "holds half the points in fewer weights than"
LATTICE = (
    "published kept counts: floor(.8 K) again and again for IMP, 1322 times powers of .8 rounded down for"
    " SNIP, GraSP and SynFlow (which has 89 for 90), rounded up for random"
)
LEVELS = range(10, 23)  # of the powers of .8, from about 142 kept weights to 10


def _iterates(total: int, rounds: int) -> tuple[int, ...]:
    """floor(.8 K) again and again."""
    counts = [total]
    for _ in range(rounds):
        counts.append(counts[-1] * 4 // 5)
    return tuple(counts[1:])


ROUNDS = tuple(k for k in _iterates(MASKABLE, 22) if k < 1260)  # biases are never pruned: 1260 weights
FLOOR = tuple(MASKABLE * 4**j // 5**j for j in LEVELS)
GRIDS = {
    "IterativeMagnitude": ROUNDS[-13:],
    "SynFlow": tuple(89 if k == 90 else k for k in FLOOR),
    "Grasp": FLOOR,
    "Snip": FLOOR,
    "MagnitudeAfterTraining": FLOOR,
    "Random": tuple(-(-MASKABLE * 4**j // 5**j) for j in LEVELS),
}
SEEDS: dict[Preset, int] = {"smoke": 4, "quick": 64, "full": 250}
STEPS: dict[Preset, int] = {"smoke": 60, "quick": 1000, "full": 1000}


def study(preset: Preset) -> list[Grid]:
    configs = [
        config(method, seed, GRIDS[method], STEPS[preset])
        for method in METHODS
        for seed in range(SEEDS[preset])
    ]
    return [("robustlaw.studies.memorisation", configs)]


def config(method: str, seed: int, counts: Sequence[int], steps: int) -> dict[str, Any]:
    """One method and seed under the declared settings."""
    return {
        "method": method,
        "seed": seed,
        "counts": list(counts),
        "rounds": list(ROUNDS) if method == "IterativeMagnitude" else [],
        "widths": [10, 30, 30, 2],
        "n": POINTS,
        "steps": steps,
        "learning_rate": 0.01,
        "optimiser": "adam",
        "initialisation": "he",
        "spread": 1.0,
        "rewind": True,
        "synflow_rounds": 100,
        "grasp_temperature": 200.0,
    }


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a method, seed and kept count."""
    lines = []
    for row in rows:
        result = row.result or {}
        for place, kept in enumerate(result["kept"]):
            lines.append(
                {
                    "method": row.config["method"],
                    "seed": row.config["seed"],
                    "kept": kept,
                    "effective": result["effective"][place],
                    "memorised": result["memorised"][place] / POINTS,
                    "wrong": result["wrong"][place] / POINTS,
                    "errors": result["errors"][place] / POINTS,
                }
            )
    return pl.DataFrame(lines, infer_schema_length=None).sort("method", "seed", "kept")


def plot(table: pl.DataFrame) -> Figure:
    figure, axes = sheet(height=2.9)
    for method in PUBLISHED_METHODS:
        curve = published("1a").filter(pl.col("method") == method, pl.col("kept") <= max(GRIDS[method]))
        axes.plot(curve["kept"], curve["memorised_total"] / (POINTS * REPLICATES), **PUBLISHED)
    axes.plot([], [], label="published", **PUBLISHED)
    for method in METHODS:
        mean = means(table, method)
        axes.errorbar(mean["kept"], mean["memorised"], yerr=mean["sem"], **look(method).line())
    axes.set(xscale="log", xlabel="kept weights", ylabel="memorised fraction", ylim=(-0.02, 1.02))
    axes.invert_xaxis()
    plain_ticks(axes.xaxis, (140, 70, 35, 17, 8))
    figure.legend(loc="outside upper center", ncols=3)
    return figure


def means(table: pl.DataFrame, method: str) -> pl.DataFrame:
    """Mean memorised fraction and its standard error over seeds."""
    own = table.filter(pl.col("method") == method).group_by("kept")
    share = pl.col("memorised")
    return own.agg(share.mean(), (share.std() / share.len().sqrt()).fill_null(0.0).alias("sem")).sort("kept")


def deviations(table: pl.DataFrame) -> dict[str, float]:
    """Mean absolute deviation of our means from the published ones, by method and in all."""
    found = {}
    for method in PUBLISHED_METHODS:
        curve = published("1a").filter(pl.col("method") == method)
        both = means(table, method).join(curve, on="kept")
        theirs = both["memorised_total"] / (POINTS * REPLICATES)
        found[method] = float((both["memorised"] - theirs).abs().mean())  # type: ignore[arg-type]
    return {**found, "all": float(np.mean(list(found.values())))}


def half_counts(table: pl.DataFrame, method: str) -> np.ndarray:
    """For every seed (in order) the ends between which half of the points stop being memorised, kept weights.

    A rising fit in log K, linear in between. A seed that memorises half on the whole grid is known
    only to stop below its low end, one that never does only to stop above its high end.
    """
    own = table.filter(pl.col("method") == method).sort("seed", "kept")
    kept = own["kept"].unique().sort().to_numpy()
    shares = own["memorised"].to_numpy().reshape(-1, len(kept))
    return np.array([_crossing(kept, rising(values)) for values in shares])


def rising(values: np.ndarray) -> np.ndarray:
    """The nearest non-decreasing sequence in squares: max over starts of min over ends of means."""
    sums = np.concatenate([[0.0], np.cumsum(values)])
    places = range(len(values))
    mean = [[(sums[j + 1] - sums[i]) / (j + 1 - i) if j >= i else np.inf for j in places] for i in places]
    return np.array([max(min(mean[i][k:]) for i in range(k + 1)) for k in places])


def _crossing(kept: np.ndarray, shares: np.ndarray) -> tuple[float, float]:
    above = np.flatnonzero(shares >= 0.5)
    if not len(above):
        return float(kept[-1]), float("inf")
    if above[0] == 0:
        return 0.0, float(kept[0])
    j, logs = above[0], np.log(kept)
    part = (0.5 - shares[j - 1]) / (shares[j] - shares[j - 1])
    place = float(np.exp(logs[j - 1] + part * (logs[j] - logs[j - 1])))
    return place, place


def claims(table: pl.DataFrame) -> list[Claim]:
    half = {method: half_counts(table, method) for method in METHODS}
    imp, flow, random = half["IterativeMagnitude"], half["SynFlow"], half["Random"]
    after, snip, grasp = half["MagnitudeAfterTraining"], half["Snip"], half["Grasp"]
    # the low end of one arm less the high end of the other: a censored seed counts against the claim
    first = np.minimum(snip[:, 0], grasp[:, 0]) - flow[:, 1]
    last = random[:, 0] - np.maximum(snip[:, 1], grasp[:, 1])
    dead = table.filter(pl.col("effective") == 0)
    lucky = (POINTS - 28) / POINTS
    impossible = dead.filter((pl.col("memorised") > 0.0) & (pl.col("errors") > lucky))
    listed: list[Claim] = [
        Paired("IMP first", f"IMP {HALVES} SynFlow", differences=flow[:, 0] - imp[:, 1], whose="paper"),
        Paired("SynFlow second", f"SynFlow {HALVES} SNIP and GraSP", differences=first, whose="paper"),
        Paired(
            "random last", f"each of SNIP and GraSP {HALVES} random pruning", differences=last, whose="paper"
        ),
        Paired(
            "iterating",
            f"the lead of IMP comes from iterating: IMP {HALVES} one-shot magnitude pruning after training",
            differences=after[:, 0] - imp[:, 1],
        ),
        Paired("mutant", f"random pruning {HALVES} IMP", mutant=True, differences=imp[:, 0] - random[:, 1]),
        Exact(
            "dead networks",
            "a network without a path of kept weights memorises nothing unless 28 labels agree",
            wrong=impossible.height,
            cases=max(dead.height, 1),
        ),
        Exact("kept counts", LATTICE, wrong=_off_lattice(), cases=5 * len(LEVELS), whose="paper"),
    ]
    return listed


def _off_lattice() -> int:
    """Published kept counts that our policies do not give."""
    wrong = 0
    for method in PUBLISHED_METHODS:
        theirs = set(published("1a").filter(pl.col("method") == method)["kept"].to_list())
        wrong += len(set(GRIDS[method]) - theirs)
    return wrong
