"""Subset sums in sparse sources: how many weights they need, and whole networks made of them."""

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
from ..style import PAGE, PUBLISHED, THEORY, letter, plain_ticks, sheet

GROUP = "companions"
LABEL = "companion: subset sums"
TITLE = "Strong tickets: subset sums in sparse sources, and what their masks cost"
SOURCE = (
    "after Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, lemma 2.4 and theorem 2.5 (recalled), and "
    "Pensia et al. 2020"
)
CAPTION = (
    "a: items, uniform on [-1, 1] and each kept with chance p, that bring a subset sum within .01 of a "
    "target uniform on [-1, 1] in .9 of the draws, times p (mean over seeds, bars: their range); black: "
    "by counting sums no items do with fewer. Dashed grey: the recalled form C/log(1/(1-p)) with one C, "
    "matched at p = .05: it vanishes at p = 1, so it cannot hold with an absolute C; C/p can. Whether "
    "the paper lets C depend on p was not checked. b: 4-6-2 targets imitated by frozen weights of a "
    "source, over the number of products that a weight can choose from, units p^2/2: bars reach from the "
    "largest difference at random points of the ball |x| <= 2 to the certified bound over all of it. c: "
    "what the mask costs, nats for each of the target's numbers: frozen weights cost nothing, p_eff is "
    "the mask's; filled: coded inside the source, hollow: as any mask of the wide network."
)
DECLARED = (
    Declared("targets of a", "uniform on [-1, 1]", ("uniform on [-1/2, 1/2]",), "not known"),
    Declared("error and success", ".01 and .9", (), "ours"),
    Declared("targets of b", "normal, variance 1/fan_in, biases .3", (), "ours"),
    Declared("source of b", "uniform on [-1, 1], layer by layer in blocks", (), "ours"),
)
SUMS, STRONG = "robustlaw.studies.subset_sums", "robustlaw.studies.strong_tickets"
DENSITIES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.99, 1.0)
ITEMS: dict[Preset, tuple[int, int]] = {"smoke": (2, 200), "quick": (8, 2000), "full": (16, 20000)}
TICKETS: dict[Preset, int] = {"smoke": 1, "quick": 6, "full": 16}
SOURCES = (1.0, 0.5, 0.25)
CHOICES = (6, 9, 12, 15, 18)  # products a weight has to choose from
LOOKS = {1.0: ("#000000", "o"), 0.5: ("#0072B2", "s"), 0.25: ("#D55E00", "^")}


def study(preset: Preset) -> list[Grid]:
    seeds, draws = ITEMS[preset]
    sums = [{"seed": s, "densities": list(DENSITIES), "draws": draws} for s in range(seeds)]
    choices = CHOICES[::2] if preset == "smoke" else CHOICES
    strong = [
        {"seed": s, "units": round(2 * c / p**2), "density": p}
        for s in range(TICKETS[preset])
        for p in SOURCES
        for c in choices
    ]
    return [(SUMS, sums), (STRONG, strong)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """A line a seed and density ("items"), and one a strong ticket ("ticket")."""
    lines: list[dict[str, Any]] = []
    for row in rows:
        own, result = row.config, row.result or {}
        if "densities" in own:
            facts = {name: result[name] for name in ("given_up", "solvers")} | {"draws": own["draws"]}
            columns = zip(own["densities"], result["counts"], result["counted"], strict=True)
            lines += [
                {"kind": "items", "seed": own["seed"], "density": p, "items": n, "counted": least, **facts}
                for p, n, least in columns
            ]
        else:
            choice = own["units"] * own["density"] ** 2 / 2.0
            told = {name: own[name] for name in ("seed", "density", "units")}
            lines.append({"kind": "ticket", **told, "choices": choice, **result})
    return pl.DataFrame(lines, infer_schema_length=None).sort("kind", "density", "choices", "seed")


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, middle, right) = sheet(PAGE, 2.75, columns=3)
    _items(left, table.filter(pl.col("kind") == "items"))
    tickets = table.filter(pl.col("kind") == "ticket")
    for p, (colour, marker) in LOOKS.items():
        own = tickets.filter(pl.col("density") == p)
        shift = 1.0 + 0.03 * (list(LOOKS).index(p) - 1)
        x = own["choices"].to_numpy() * shift
        middle.vlines(x, own["seen"], own["distance"], color=colour, linewidth=0.8)
        middle.plot(x, own["distance"], color=colour, marker=marker, linestyle="none", markersize=3.0)
        each = (pl.col(name) / pl.col("weights") for name in ("nats", "nats_all"))
        mean = own.group_by("choices", maintain_order=True).agg(*(e.mean() for e in each)).sort("choices")
        right.plot(mean["choices"], mean["nats"], color=colour, marker=marker, label=f"p = {p:g}")
        right.plot(mean["choices"], mean["nats_all"], color=colour, marker=marker, linestyle="none",
                   markerfacecolor="white")  # fmt: skip
    middle.set(xlabel="products to choose from", ylabel="error over the ball", yscale="log")
    right.set(xlabel="products to choose from", ylabel="nats per number of the target", ylim=(0.0, None))
    right.legend(loc="upper left")
    for axes in (middle, right):
        plain_ticks(axes.xaxis, CHOICES)
    for axes, mark in ((left, "a"), (middle, "b"), (right, "c")):
        letter(axes, mark)
    return figure


def _items(axes: Axes, items: pl.DataFrame) -> None:
    scaled = pl.col("items") * pl.col("density")
    mean = (
        items.group_by("density", maintain_order=True)
        .agg(
            scaled.mean().alias("mean"),
            scaled.min().alias("low"),
            scaled.max().alias("high"),
            (pl.col("counted") * pl.col("density")).first(),
        )
        .sort("density")
    )
    p = mean["density"].to_numpy()
    errors = [mean["mean"] - mean["low"], mean["high"] - mean["mean"]]
    axes.errorbar(p, mean["mean"], yerr=errors, color="#0072B2", marker="o", label="needed, $n^* p$")
    axes.plot(p, mean["counted"], **THEORY, label="counting bound")
    grid = np.linspace(p[0], 0.9995, 200)
    first = float(mean["mean"][0]) * -np.log1p(-p[0]) / p[0]
    axes.plot(grid, first * grid / -np.log1p(-grid), label="C/log(1/(1-p)), recalled", **PUBLISHED)
    axes.set(xlabel="density p", ylabel="items kept, n p", ylim=(0.0, 19.0))
    axes.legend(loc="upper right")
    plain_ticks(axes.xaxis, (0.0, 0.25, 0.5, 0.75, 1.0))


def claims(table: pl.DataFrame) -> list[Claim]:
    items, tickets = (table.filter(pl.col("kind") == kind) for kind in ("items", "ticket"))
    seeds = items.sort("seed", "density")["items"].to_numpy().reshape(-1, len(DENSITIES))
    p = np.array(DENSITIES)
    scaled = seeds * p
    half_range = (scaled.max(1) - scaled.min(1)) / (scaled.max(1) + scaled.min(1))
    inner = slice(0, len(DENSITIES) - 1)  # log(1/(1-p)) is infinite at p = 1
    logs = seeds[:, inner] * -np.log1p(-p[inner])
    growth = logs[:, -1] / logs[:, 0]
    sure = tickets.filter(pl.col("choices") >= max(CHOICES) - 0.5)
    return [
        Paired(
            "B3 flat",
            "n* p is within 15 % of its middle over p from .05 to 1",
            differences=0.15 - half_range,
        ),
        Paired(
            "B3 growth",
            "n* log(1/(1-p)) grows by more than 3 times from p = .05 to .99",
            differences=growth - 3.0,
        ),
        Exact(
            "counting",
            "no count is below what counting sums allows",
            wrong=items.filter(pl.col("items") < pl.col("counted")).height,
            cases=items.height,
        ),
        Exact(
            "solvers",
            "meeting in the middle and integer programming find equally near subsets (to 1e-5)",
            wrong=items.unique("seed").filter(pl.col("solvers") > 1e-5).height,
            cases=items["seed"].n_unique(),
        ),
        Exact(
            "certified",
            "no sampled difference of a ticket and its target is above the certified one",
            wrong=tickets.filter(pl.col("seen") > pl.col("distance")).height,
            cases=tickets.height,
        ),
        Exact(
            "mask alone",
            "p_eff of a strong ticket is its mask's, frozen weights cost nothing",
            wrong=tickets.filter(pl.col("weight_nats") > 0.0).height,
            cases=tickets.height,
        ),
        Exact(
            "source saves",
            "a mask coded inside its source costs no more than among all weights, and less at p < 1",
            wrong=tickets.filter((pl.col("density") < 1.0) & (pl.col("nats") >= pl.col("nats_all"))).height,
            cases=tickets.height,
        ),
        Exact(
            "choices",
            f"with {max(CHOICES)} products to choose from the certified error is below that with "
            f"{min(CHOICES)}",
            wrong=_worse(tickets, sure),
            cases=sure.height,
        ),
        Paired(
            "mutant",
            "n* log(1/(1-p)) is within 15 % of its middle, as an absolute C would have it",
            mutant=True,
            differences=0.15 - (logs.max(1) - logs.min(1)) / (logs.max(1) + logs.min(1)),
        ),
    ]


def _worse(tickets: pl.DataFrame, sure: pl.DataFrame) -> int:
    """Tickets with the most choices whose error is not below that of the same target with the fewest."""
    few = tickets.filter(pl.col("choices") <= min(CHOICES) + 0.5).select("seed", "density", few="distance")
    return sure.join(few, on=["seed", "density"]).filter(pl.col("distance") >= pl.col("few")).height
