"""The mask-only probe: certified information of masks on 35 100 weights, one forward pass each."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.evidence import log_binomial
from robustlaw.sweep import Row

from ..claims import Claim, Exact, Missing, Paired
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, THEORY, letter, look, plain_ticks, sheet

LABEL = "mask-only probe"
TITLE = "Certified information of masks on the label noise, at any size"
SOURCE = "here; networks, data and training as in Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 2a"
CAPTION = (
    "Masks found from (x, y = teacher(x) + fair signs z) are put on the initial weights, which never saw "
    "the data; T = sum a_i z_i/|a| with a the outputs less their mean. For a mask that knows nothing of z, "
    "T is sub-Gaussian with proxy 1. Left: mean and standard error of T over seeds; grey: where the mean of "
    "every null arm stays, all together, with probability .99. Right: lower bounds on I(m;Y|X,init) in nats "
    "that hold at once with probability .95, from a betting interval on the mean of max(T, 0) (of -T for "
    "GraSP; signs were fixed beforehand), hollow: (mean T)^2/2, an estimate; black: the cap, the smaller of "
    "n log 2 and log C(N,K). A betting interval on T itself has a slack of about 2 sqrt(n) log(1/delta)/S "
    "over S seeds, near 17 at S = 25, and would certify little; the positive part costs a share of about "
    "log(1/delta)/S of T instead, and log 2 of the information: what is certified still grows with S. The "
    "probe is blind to what is even in the residual: SNIP scores |w dL/dw| hardly tell a residual from its "
    "negative, so their 0 is no evidence of absence. The layer counts of shuffled masks are those of "
    "iterative pruning and may know a little themselves. The target is given, and the init; nothing is said "
    "of training, and the upper side is the cap alone."
)
DECLARED = (
    Declared("label noise", "fair signs", ("normal",), "ours: T is then bounded by sqrt(n), proxy 1"),
    Declared(
        "one epoch", "one full-batch Adam step", ("minibatches",), "settled by the published time scale"
    ),
    Declared("initialisation", "uniform +-1/sqrt(fan_in)", ("He normal",), "torch's default"),
    Declared("pruning", "global over weights, biases unpruned", ("layerwise",), "not stated"),
    Declared("magnitude at init", "layerwise", ("global",), "ours: global scope mostly ranks layers"),
    Declared("signs of T", "minus for GraSP, plus for all others", (), "from a pilot with other seeds"),
)
PROBE, ENUMERATED = "robustlaw.studies.mask_probe", "robustlaw.studies.probe_enumerated"
METHODS = (
    "IterativeMagnitude",
    "MagnitudeAfterTraining",
    "Grasp",
    "Snip",
    "Random",
    "MagnitudeAtInit",
    "Shuffled",
)
NULL = ("Random", "MagnitudeAtInit")
SIGNS = {"Grasp": -1.0}
RISK, FALSE_ALARM = 0.05, 0.01
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 12, "full": 100}
LEVELS: dict[Preset, tuple[int, ...]] = {
    "smoke": (1, 2, 5),
    "quick": (1, 2, 3, 4, 5, 10, 14),
    "full": (1, 2, 3, 4, 5, 10, 14),
}
ITERATIVE: dict[Preset, int] = {"smoke": 2, "quick": 5, "full": 10}
SMALL: dict[str, Any] = {"n": 200, "widths": [20, 30, 30, 1], "teacher": [20, 20, 1], "epochs": 30}
EXACT_METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Grasp", "Snip", "Random")
INITS: dict[Preset, int] = {"smoke": 1, "quick": 2, "full": 6}


def study(preset: Preset) -> list[Grid]:
    large: dict[str, Any] = {
        "n": 1000,
        "widths": [50, 100, 100, 100, 100, 1],
        "teacher": [50, 50, 50, 1],
        "epochs": 100,
    }
    probes = [
        {
            "seed": seed,
            "levels": list(LEVELS[preset]),
            "iterative": ITERATIVE[preset],
            "learning_rate": 1e-3,
            **(SMALL if preset == "smoke" else large),
        }
        for seed in range(SEEDS[preset])
    ]
    kept = (12, 8, 4) if preset == "smoke" else range(15, 0, -1)
    enumerated = [
        {
            "method": method,
            "init": init,
            "densities": [k / 16 for k in kept],
            "n": 5 if preset == "smoke" else 8,
            "widths": [3, 4, 1],
            "inputs": 0,
            "steps": 30 if preset == "smoke" else 100,
            "learning_rate": 0.02,
        }
        for method in EXACT_METHODS
        for init in range(INITS[preset])
    ]
    return [(PROBE, probes), (ENUMERATED, enumerated)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """Lines of kind "run", a mask and its T, "arm", what its seeds certify, and "exact", small networks."""
    runs = [
        {"kind": "run", "seed": row.config["seed"], **arm}
        for row in rows
        if "levels" in row.config
        for arm in (row.result or {})["arms"]
    ]
    facts = [
        {"n": r.config["n"], "weights": (r.result or {})["weights"]} for r in rows if "levels" in r.config
    ]
    shown = [(m, level) for m in METHODS for level in sorted({r["level"] for r in runs if r["method"] == m})]
    arms = [
        _arm([r for r in runs if (r["method"], r["level"]) == arm], facts[0], RISK / len(shown))
        for arm in shown
    ]
    exact = [line for row in rows if "densities" in row.config for line in _enumerated(row)]
    order = ("kind", "method", "level", "kept", "seed")
    return pl.DataFrame([*arms, *runs, *exact], infer_schema_length=None).sort(*order)


def _arm(runs: list[dict[str, Any]], facts: dict[str, int], risk: float) -> dict[str, Any]:
    """Mean T of a method at a level, and what its runs certify."""
    from robustlaw.information import positive_probe_bound, probe_bound

    first = runs[0]
    t = np.array([r["t"] for r in sorted(runs, key=lambda r: r["seed"])])
    toward, reach = SIGNS.get(first["method"], 1.0) * t, math.sqrt(facts["n"])
    return {
        "kind": "arm",
        **{name: first[name] for name in ("method", "level", "kept")},
        **facts,
        "seeds": len(t),
        "mean": float(t.mean()),
        "sem": float(t.std(ddof=1) / math.sqrt(len(t))) if len(t) > 1 else 0.0,
        "certified": positive_probe_bound(toward, 1.0, reach, risk).value,
        "without_positive_part": probe_bound(toward, 1.0, reach, risk).value,
        "cap": min(facts["n"] * math.log(2.0), log_binomial(facts["weights"], first["kept"]).upper),
    }


def _enumerated(row: Row) -> list[dict[str, Any]]:
    """Exact information of a small network, and the bounds on it with exact means."""
    from robustlaw.information import positive_information

    result = row.result or {}
    columns = [result[c] for c in ("kept", "lower", "upper", "mean", "positive", "negative")]
    return [
        {
            "kind": "exact",
            "method": row.config["method"],
            "seed": row.config["init"],
            "n": row.config["n"],
            "kept": kept,
            "lower": lower,
            "upper": upper,
            "mean": mean,
            "certified": max(positive_information(positive, 1.0), positive_information(negative, 1.0)),
        }
        for kept, lower, upper, mean, positive, negative in zip(*columns, strict=True)
    ]


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 3.0, columns=2)
    arms = table.filter(pl.col("kind") == "arm").with_columns(
        (pl.col("kept") / pl.col("weights")).alias("share")
    )
    reach = null_radius(table)
    left.axhspan(-reach, reach, color="0.88", zorder=0)
    for method in METHODS:
        own = arms.filter(pl.col("method") == method).sort("share")
        style = _look(method)
        left.errorbar(own["share"], own["mean"], yerr=own["sem"], **style)
        right.plot(own["share"], own["certified"], **style, clip_on=False, zorder=4)
        if method in ("IterativeMagnitude", "MagnitudeAfterTraining", "Grasp"):
            estimate = {**style, "linestyle": "none", "markerfacecolor": "white", "label": None}
            right.plot(own["share"], own["mean"] ** 2 / 2.0, **estimate)
    caps = arms.group_by("share").agg(pl.col("cap").first()).sort("share")
    right.plot(caps["share"], caps["cap"], **{**THEORY, "marker": ""})
    right.annotate("cap", (caps["share"][-1], caps["cap"][-1]), (0, 3), textcoords="offset points")
    left.set_ylabel("T, mask on initial weights")
    right.set_ylabel("I(m; Y | X, init), nats: at least")
    right.set_yscale("symlog", linthresh=1.0)
    right.set_ylim(bottom=0.0)
    plain_ticks(right.yaxis, (0, 1, 10, 100, 1000))
    for axes, mark in ((left, "a"), (right, "b")):
        _shares(axes)
        letter(axes, mark)
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=7, columnspacing=1.0)
    return figure


def _look(method: str) -> dict[str, Any]:
    if method == "Shuffled":
        return look("IterativeMagnitude").line(
            color="0.35", linestyle=(0, (1, 1)), marker="x", label="IMP, shuffled"
        )
    return look(method).line()


def _shares(axes: Axes) -> None:
    axes.set(xscale="log", xlabel="kept share of the weights", xlim=(1.0, 0.036))
    plain_ticks(axes.xaxis, (0.8, 0.4, 0.2, 0.1, 0.05))


def null_radius(table: pl.DataFrame) -> float:
    """sqrt(2 log(2 m/alpha)/S): with chance 1 - FALSE_ALARM no mean of the m null arms is larger."""
    arms = table.filter(pl.col("kind") == "arm", pl.col("method").is_in(NULL))
    return math.sqrt(2.0 * math.log(2.0 * arms.height / FALSE_ALARM) / int(arms["seeds"].to_numpy().min()))


def claims(table: pl.DataFrame) -> list[Claim]:
    arms, exact = (table.filter(pl.col("kind") == kind) for kind in ("arm", "exact"))
    null, blind = (arms.filter(pl.col("method").is_in(m)) for m in (NULL, ("Shuffled",)))
    outside = pl.col("mean").abs() > null_radius(table)
    bound = pl.max_horizontal("certified", pl.col("mean") ** 2 / 2.0)
    above = bound > pl.col("upper") + 1e-12
    always: list[Claim] = [
        Exact(
            "null arms",
            "random masks and the largest initial weights pass the null test (false alarm: .01 in all)",
            wrong=null.filter(outside).height,
            cases=null.height,
        ),
        Exact(
            "shuffled",
            "so do masks of iterative pruning after their places are shuffled within layers",
            wrong=blind.filter(outside).height,
            cases=blind.height,
        ),
        Exact(
            "caps",
            "nothing certified exceeds n log 2 or log C(N,K)",
            wrong=arms.filter(pl.col("certified") > pl.col("cap")).height,
            cases=arms.height,
        ),
        Exact(
            "enumeration",
            "on networks of 16 weights, trained on all labelings, no bound exceeds the exact information",
            wrong=exact.filter(above).height,
            cases=exact.height,
        ),
        Exact(
            "mutant: all of it",
            "on these small networks the probe finds half of the information",
            mutant=True,
            wrong=exact.filter(2.0 * bound < pl.col("lower")).height,
            cases=exact.height,
        ),
    ]
    needed = {(m, level) for m in ("IterativeMagnitude", "MagnitudeAfterTraining") for level in range(1, 6)}
    if not needed <= set(arms.select("method", "level").iter_rows()):
        return [*always, Missing("order", "the claims on methods", reason="this preset prunes fewer rounds")]
    return [*always, *_methods(table, arms)]


def _methods(table: pl.DataFrame, arms: pl.DataFrame) -> list[Claim]:
    runs = table.filter(pl.col("kind") == "run").sort("seed")

    def t(method: str, level: int) -> np.ndarray:
        return runs.filter(pl.col("method") == method, pl.col("level") == level)["t"].to_numpy()

    imp = np.array([t("IterativeMagnitude", level) for level in range(1, 6)])
    after = np.array([t("MagnitudeAfterTraining", level) for level in (1, 2, 3, 4, 5)])
    late = t("MagnitudeAfterTraining", 10)
    grasp = np.array([t("Grasp", level) for level in sorted(set(arms["level"]))])
    trained = arms.filter(
        pl.col("method").is_in(["IterativeMagnitude", "MagnitudeAfterTraining"]), pl.col("level") <= 5
    )
    against = arms.filter(pl.col("method") == "Grasp", pl.col("level") <= 5)
    return [
        Exact(
            "trained masks",
            "masks read off trained weights, .8 to .33 kept, certainly hold information on the labels",
            wrong=trained.filter(pl.col("certified") <= 0.0).height,
            cases=trained.height,
        ),
        Exact(
            "GraSP certified",
            "so do GraSP's, .8 to .33 kept",
            wrong=against.filter(pl.col("certified") <= 0.0).height,
            cases=against.height,
        ),
        Paired("rounds", "IMP's T is larger after round 5 than after round 1", differences=imp[4] - imp[0]),
        Paired(
            "every round", "IMP's T rises in every round from 1 to 5", differences=np.diff(imp, axis=0).min(0)
        ),
        Paired(
            "peak",
            "one-shot magnitude pruning falls from its peak to less than half at .107 kept",
            differences=0.5 * after.max(0) - late,
        ),
        Paired(
            "no peak",
            "IMP with .33 kept is above its mask with .64 kept",
            differences=imp[4] - imp[1],
        ),
        Paired("GraSP", "GraSP's masks point against the noise at every count", differences=-grasp.max(0)),
        Paired(
            "mutant", "GraSP's masks follow the noise at every count", mutant=True, differences=grasp.min(0)
        ),
        Paired(
            "mutant: shuffled",
            "shuffled masks know the noise as well as IMP's do",
            mutant=True,
            differences=t("Shuffled", 5) - imp[4],
        ),
    ]
