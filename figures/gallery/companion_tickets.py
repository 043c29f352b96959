"""Sparse training at equal kept counts: random masks, moving masks, tickets found in random sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, plain_ticks, sheet

GROUP = "companions"
LABEL = "companion: sparse sources"
TITLE = "Tickets found inside random sources, and what their masks may know"
SOURCE = "after Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412 (recalled); networks and task are ours"
CAPTION = (
    "16-64-64-5 networks on the classes of a random teacher; every arm keeps exactly the same number of "
    "weights and no mask is repaired. a: test accuracy of each seed (small) and their mean (bar) with "
    "544 and with 272 of 5440 weights. Random masks differ in how layers share the count; tickets come "
    "from iterative pruning of a random source of density 1, .5 or .2, with rewinding. b: the same "
    "against the most that the mask may know of the data: log C(K0, K) nats for a mask of K entries in a "
    "source of K0, 0 for random masks; crosses: the layer counts of the tickets in uniform places. Lines "
    "join tickets of one count. The pyramidal rule is the worst here: this small multilayer perceptron "
    "is not the deep convolutional networks that the paper speaks of, and repairing the flow, which adds "
    "weights, would hide it. Moving masks (SET, RigL) may be any of their size and are charged for that. "
    "A budget is an upper bound: that accuracy stays while it falls says that it was not needed, not "
    "that it was used."
)
DECLARED = (
    Declared("task", "16-8-5 teacher, 640 samples", ("16-16-5", "1024 samples"), "ours"),
    Declared("training", "150 full-batch Adam steps, rate .02", ("200 steps at .01",), "ours"),
    Declared("rounds of pruning", ".35 of the weights each", (".2",), "ours: fewer rounds"),
    Declared("source", "exactly p of every layer", ("each weight with chance p",), "ours: counts are equal"),
    Declared("initialisation", "He normal, as for dense layers", ("variance over density",), "not stated"),
)
STUDY = "robustlaw.studies.random_sources"
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 16, "full": 32}
SMALL: dict[str, Any] = {"n": 128, "test": 200, "steps": 30, "rate": 0.7}
COUNTS = (544, 272)
RULES = {"Random": "uniform", "ErdosRenyi": "Erdős–Rényi", "Balanced": "balanced", "Pyramidal": "pyramidal"}
MOVING = {"Set": "SET", "RigL": "RigL"}
SOURCES = (0.2, 0.5, 1.0)
ARMS = {
    **{name: (name, 1.0) for name in (*RULES, *MOVING)},
    **{f"ticket {p:g}": ("IterativeInSource", p) for p in SOURCES},
}
LABELS = {**RULES, **MOVING, "ticket 0.2": "IMP in .2", "ticket 0.5": "IMP in .5", "ticket 1": "IMP, dense"}
LOOKS = {544: ("#0072B2", "o"), 272: ("#D55E00", "s")}


def study(preset: Preset) -> list[Grid]:
    size = SMALL if preset == "smoke" else {}
    return [
        (
            STUDY,
            [
                {"arm": arm, "seed": seed, "source": source, "counts": list(COUNTS), **size}
                for arm, source in ARMS.values()
                for seed in range(SEEDS[preset])
            ],
        )
    ]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """A line a trained network: an arm of `ARMS` at a kept count; controls have `arm` "control ..."."""
    names = {told: name for name, told in ARMS.items()}
    lines: list[dict[str, Any]] = []
    for row in rows:
        own, result = row.config, row.result or {}
        name = names[own["arm"], float(own["source"])]
        for level, count in enumerate(result["kept"]):
            told = {"seed": own["seed"], "count": count, "realised": result["realised"][level]}
            facts = {k: result[k][level] for k in ("nats", "effective", "accuracy", "train")}
            layers = {f"layer {i + 1}": k for i, k in enumerate(result["layers"][level])}
            lines.append({"arm": name, **told, **facts, **layers})
            if "control" in result:
                lines.append(
                    {"arm": f"control {name}", **told, "accuracy": result["control"][level], **layers}
                )
    return pl.DataFrame(lines, infer_schema_length=None).sort("arm", "count", "seed")


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 3.0, columns=2)
    _arms(left, table)
    _budgets(right, table)
    for axes, mark in ((left, "a"), (right, "b")):
        axes.set_ylabel("test accuracy")
        letter(axes, mark)
    return figure


def _arms(axes: Axes, table: pl.DataFrame) -> None:
    for place, name in enumerate(LABELS):
        for side, (count, (colour, marker)) in enumerate(LOOKS.items()):
            own = table.filter(pl.col("arm") == name, pl.col("count") == count)["accuracy"].to_numpy()
            x = place + (side - 0.5) * 0.36
            axes.plot(np.full(len(own), x), own, color=colour, marker=marker, linestyle="none",
                      markersize=2.2, markerfacecolor="white", markeredgewidth=0.6)  # fmt: skip
            axes.hlines(own.mean(), x - 0.16, x + 0.16, color=colour, linewidth=2.0)
    for count, (colour, marker) in LOOKS.items():
        axes.plot([], [], color=colour, marker=marker, label=f"{count} kept")
    axes.set_xticks(range(len(LABELS)), list(LABELS.values()), rotation=40, ha="right")
    axes.legend(loc="lower right")


def _budgets(axes: Axes, table: pl.DataFrame) -> None:
    means = table.group_by("arm", "count", maintain_order=True).agg(
        pl.col("accuracy").mean(), pl.col("nats").first()
    )
    for count, (colour, marker) in LOOKS.items():
        own = means.filter(pl.col("count") == count)
        tickets = own.filter(pl.col("arm").str.starts_with("ticket")).sort("nats")
        axes.plot(
            tickets["nats"], tickets["accuracy"], color=colour, marker=marker, label=f"tickets, {count}"
        )
        control = own.filter(pl.col("arm").str.starts_with("control")).sort("arm")
        at = tickets["nats"].to_numpy()  # controls stand below their tickets: 0.2, 0.5, 1
        axes.plot(at, control["accuracy"], color=colour, marker="x", linestyle="none")
        random = own.filter(pl.col("arm").is_in(list(RULES))).sort("arm")
        axes.plot(random["nats"], random["accuracy"], color=colour, marker=marker, linestyle="none",
                  markerfacecolor="white")  # fmt: skip
        moving = own.filter(pl.col("arm").is_in(list(MOVING))).sort("arm")
        axes.plot(moving["nats"], moving["accuracy"], color=colour, marker="d", linestyle="none")
    axes.plot([], [], color="0.3", marker="x", linestyle="none", label="their layer counts, shuffled")
    axes.plot(
        [], [], color="0.3", marker="o", markerfacecolor="white", linestyle="none", label="random masks"
    )
    axes.plot([], [], color="0.3", marker="d", linestyle="none", label="SET, RigL")
    axes.set(xlabel="the most that the mask may know of the data, nats", xlim=(-70.0, 1900.0))
    plain_ticks(axes.xaxis, (0, 500, 1000, 1500))
    axes.legend(loc="lower right")


def claims(table: pl.DataFrame) -> list[Claim]:
    def accuracy(name: str, count: int) -> np.ndarray:
        own = table.filter(pl.col("arm") == name, pl.col("count") == count).sort("seed")
        return own["accuracy"].to_numpy()

    def best(count: int) -> np.ndarray:
        """The rule that is best on average over seeds, not the best of each seed."""
        return max((accuracy(name, count) for name in RULES), key=lambda a: float(a.mean()))

    high, low = COUNTS
    uneven = table.filter(pl.col("realised") != pl.col("count")).height
    trained = table.filter(pl.col("nats").is_not_null())
    tickets = trained.filter(pl.col("arm").str.starts_with("ticket"), pl.col("count") == high)
    budgets = tickets.group_by("arm").agg(pl.col("nats").first()).sort("arm")["nats"].to_list()
    return [
        Paired(
            "B4 half source",
            "at 544 kept, tickets in a source of .5 are less than .02 behind those of the dense network",
            "paper",
            differences=accuracy("ticket 0.5", high) - accuracy("ticket 1", high),
            margin=-0.02,
        ),
        Paired(
            "B4 half source, sparser",
            "at 272 kept as well",
            "paper",
            differences=accuracy("ticket 0.5", low) - accuracy("ticket 1", low),
            margin=-0.02,
        ),
        Paired(
            "B4 tickets",
            "at 544 kept, tickets are more than .03 above the best rule for random masks",
            differences=accuracy("ticket 1", high) - best(high),
            margin=0.03,
        ),
        Paired(
            "B4 densities",
            "at 272 kept, both Erdős–Rényi and balanced layers are more than .1 above uniform ones",
            differences=np.minimum(accuracy("ErdosRenyi", low), accuracy("Balanced", low))
            - accuracy("Random", low),
            margin=0.1,
        ),
        Paired(
            "places",
            "at 272 kept, tickets of the dense network are above their own layer counts in uniform places",
            differences=accuracy("ticket 1", low) - accuracy("control ticket 1", low),
        ),
        Paired(
            "pyramidal",
            "at 272 kept, the pyramidal rule is below the uniform one: the reverse of what is recalled for "
            "deep convolutional networks",
            differences=accuracy("Random", low) - accuracy("Pyramidal", low),
        ),
        Exact(
            "equal counts",
            "every network keeps exactly the count of its column",
            wrong=uneven,
            cases=table.height,
        ),
        Exact(
            "budgets",
            "with 544 of 5440 kept, masks know at most 750, 1357 and 1764 nats in sources of .2, .5 and 1",
            wrong=sum(abs(b - told) > 1.0 for b, told in zip(budgets, (750.4, 1357.1, 1764.4), strict=True)),
            cases=len(budgets),
        ),
        Paired(
            "mutant",
            "at 272 kept, the pyramidal rule is above the balanced one",
            mutant=True,
            differences=accuracy("Pyramidal", low) - accuracy("Balanced", low),
        ),
    ]
