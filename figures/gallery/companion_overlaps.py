"""Tickets level by level: errors, lines between levels, and what masks certainly know of their data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Frequency, Missing, Paired
from ..diets import DECLARED as DECLARED
from ..diets import (
    FIRST_TRIAL,
    STEPS,
    TICKETS,
    TRIAL_LEVELS,
    TRIALS,
    cell,
    over_seeds,
    ticket_cells,
    ticket_lines,
)
from ..findings import finding, told
from ..sheets import Grid, Preset
from ..style import PAGE, letter, plain_ticks, sheet

GROUP = "companions"
LABEL = "tickets"
TITLE = "Tickets level by level, and what masks know of their data"
SOURCE = "toy of Paul et al., arXiv 2210.03044 and arXiv 2206.01278; their networks are larger"
EPS, RISK = 0.005, 0.025
CAPTION = (
    "Iterative magnitude pruning, a fifth of the weights a level, rewound to a step of the dense "
    "training. a: test error of the network trained under each level's masks, mean over seeds; a late "
    "rewind point leaves fewer steps, at a lower rate. b: for successive levels, how much the test error "
    "rises from one to the next (matching: at most .005) and the highest error on the line between them "
    "above the worse end (connected: at most .005); each mark a seed and level. c: nats, on a "
    "logarithmic axis. Bars: certified brackets on I(m;D|rewind point), for a point that has not seen D "
    "and masks of two levels. The lower end is Fano's inequality on which of two data sets a mask was "
    "found on, guessed by overlap with one mask of each in independent trials (Clopper-Pearson, level "
    ".975 for each): it never exceeds log 2 (dotted), and says nothing of other levels. The upper end is "
    "log C(N,K). Hollow: 2 K times the gap of the mean overlaps with the same and with fresh data, which "
    "single entries tell added up: an estimate, no bound. Squares: what a whole pipeline may know that "
    "reads only the labels of a part of the data, inputs fixed by design: a random quarter, one chosen "
    "by looking, everything. Errors are over as many test samples as there are training samples; batch "
    "statistics are taken anew from all training data at every point of a line. The lines below are "
    "findings, without a condition to pass."
)
COLOURS = ("#7F7F7F", "#0072B2", "#D55E00", "#009E73")
MARKERS = ("D", "s", "o", "^")


def study(preset: Preset) -> list[Grid]:
    first = STEPS[preset][0], STEPS[preset][2]
    trials = [
        cell(preset, seed, step=step, levels=TRIAL_LEVELS, runs=["c", "d", "e"])
        for step in first
        for seed in range(FIRST_TRIAL, FIRST_TRIAL + TRIALS[preset])
    ]
    return [(TICKETS, ticket_cells(preset) + trials)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """Lines of kind "ticket", "bracket", "cap" and "finding"."""
    lines = ticket_lines(rows)
    trials: dict[int, list[dict[str, Any]]] = {}
    for row in rows:
        if list(row.config["runs"]) == ["c", "d", "e"]:
            trials.setdefault(row.config["step"], []).append((row.result or {})["levels"][-1])
    weights = lines[0]["weights"]
    lines += [_bracket(step, levels, weights) for step, levels in sorted(trials.items())]
    own = rows[0].config.get("n", 4000)
    table = pl.DataFrame(lines + _caps(own, weights, lines[-1]["kept"]), infer_schema_length=None)
    table = table.sort("kind", "step", "level", "name", "seed")
    return pl.concat([table, pl.DataFrame(_findings(table))], how="diagonal_relaxed")


def _bracket(step: int, levels: list[dict[str, Any]], weights: int) -> dict[str, Any]:
    # these load torch, as no drawing may
    from robustlaw.evidence import log_binomial
    from robustlaw.information import Bound, Target, combine
    from robustlaw.information.lower_candidates import fano
    from robustlaw.pruning.overlap import single_entry_information

    kept, runs = levels[0]["kept"], len(levels)
    own, other = (np.array([level[pair] for level in levels]) for pair in ("cd", "ce"))
    errors = int((own <= other).sum())  # a tie counts as an error
    target = Target.DATA_GIVEN_INIT  # the rewind point, independent of D, is the init
    cap = Bound("number of masks", "upper", log_binomial(weights, kept).upper, target)
    found = combine(target, [fano(errors, runs, 2, RISK, target), cap])
    return {
        "kind": "bracket",
        "step": step,
        "kept": kept,
        "weights": weights,
        "errors": errors,
        "trials": runs,
        "lower": found.lower,
        "upper": found.upper,
        "same": float(own.mean()),
        "fresh": float(other.mean()),
        "proxy": single_entry_information(float(own.mean()), float(other.mean()), kept).value,
    }


def _caps(n: int, weights: int, kept: int) -> list[dict[str, Any]]:
    """Charges of pipelines that read parts of the labels, from the accountant."""
    from robustlaw.accounting import Access, pipeline_ledgers

    quarter = n // 4
    parts = {
        "a random quarter": Access("a random quarter", quarter, n, 10),
        "the hardest quarter": Access("the hardest quarter", quarter, n, 10, by_data=True),
        "all labels": Access("all labels", n, n, 10),
    }
    found = []
    for name, part in parts.items():
        counted, read = pipeline_ledgers([part], [part], weights, kept, kept)
        nats = {"upper": read.p_eff.upper, "counted": counted.p_eff.upper}
        found.append({"kind": "cap", "name": name, "kept": kept, "weights": weights, **nats})
    return found


def _deepest(table: pl.DataFrame) -> int:
    return int(table["level"].max())  # type: ignore[arg-type]


def _steps(table: pl.DataFrame) -> list[int]:
    return sorted(set(table.filter(pl.col("kind") == "ticket")["step"]))


def _findings(table: pl.DataFrame) -> list[dict[str, Any]]:
    steps, level = _steps(table), _deepest(table)
    errors = {s: over_seeds(table, "error", kind="ticket", step=s, level=level) for s in steps}
    late, early = links(table, steps[2]), links(table, steps[0])
    gains = [
        finding(
            f"rewinding to {s}",
            f"at the last level, rewinding to step {s} lowers the error",
            errors[steps[0]] - errors[s],
            "median gain",
        )
        for s in steps[1:3]
    ]
    return [
        *gains,
        finding(
            "connected means matching",
            f"from step {steps[2]}, all levels that are connected to the last match it",
            0.5 - late["connected only"],
        ),
        finding(
            "matching means connected, step 0",
            "from step 0, all levels that match the last are connected to it",
            0.5 - early["matching only"],
        ),
    ]


def linked(table: pl.DataFrame, step: int) -> pl.DataFrame:
    """Successive levels of one rewind point: rise of the error, and of the line above its worse end."""
    worse = pl.max_horizontal("error", "from_error")
    return table.filter(
        pl.col("kind") == "ticket", pl.col("step") == step, pl.col("line_error").is_not_null()
    ).with_columns(
        (pl.col("error") - pl.col("from_error")).alias("rise"),
        (pl.col("line_error") - worse).alias("barrier"),
    )


def links(table: pl.DataFrame, step: int) -> dict[str, np.ndarray]:
    """How many pairs of successive levels a seed has of each sort, seeds in their order."""
    matching, connected = pl.col("rise") <= EPS, pl.col("barrier") <= EPS
    sorts = {
        "both": matching & connected,
        "matching only": matching & ~connected,
        "connected only": ~matching & connected,
        "neither": ~matching & ~connected,
    }
    counts = linked(table, step).group_by("seed").agg(**{k: v.sum() for k, v in sorts.items()}).sort("seed")
    return {name: counts[name].to_numpy().astype(float) for name in sorts}


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, middle, right) = sheet(PAGE, 3.0, columns=3)
    _errors(left, table)
    _links(middle, table)
    _information(right, table)
    figure.supxlabel("\n".join(told(table)), fontsize=6.6)
    return figure


def _errors(axes: Axes, table: pl.DataFrame) -> None:
    for step, colour, marker in zip(_steps(table), COLOURS, MARKERS, strict=True):
        own = table.filter(pl.col("kind") == "ticket", pl.col("step") == step)
        means = own.group_by("kept").agg(pl.col("error").mean()).sort("kept")
        axes.plot(means["kept"], means["error"], color=colour, marker=marker, label=f"step {step}")
    axes.set(xscale="log", xlabel="kept weights", ylabel="test error")
    axes.invert_xaxis()
    kept = table.filter(pl.col("kind") == "ticket")["kept"]
    plain_ticks(axes.xaxis, sorted({int(kept.max()), int(kept.min()), int(kept.median())}))  # type: ignore[arg-type]
    axes.legend(title="rewound to", title_fontsize=6.8)
    letter(axes, "a")


def _links(axes: Axes, table: pl.DataFrame) -> None:
    steps = _steps(table)
    for step, colour, marker in ((steps[0], COLOURS[0], "D"), (steps[2], COLOURS[2], "o")):
        own = linked(table, step)
        style: Any = {"color": colour, "marker": marker, "markersize": 2.2, "linestyle": "none", "alpha": 0.7}
        axes.plot(own["rise"], own["barrier"], label=f"step {step}", **style)
    axes.axhline(EPS, color="black", linewidth=0.8, linestyle=(0, (2, 2)))
    axes.axvline(EPS, color="black", linewidth=0.8, linestyle=(0, (2, 2)))
    top = 1.25 * max(float(linked(table, s)["barrier"].max() or 0.0) for s in (steps[0], steps[2]))  # type: ignore[arg-type]
    axes.set(
        xlabel="rise of the error, a level on",
        ylabel="line's error above its worse end",
        ylim=(-0.04 * top - 1e-3, top + 2e-3),
    )
    axes.annotate("matching", (EPS, 1.0), (-3, -2), ha="right", va="top", fontsize=6.6,
                  xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    axes.annotate("not", (EPS, 1.0), (3, -2), ha="left", va="top", fontsize=6.6,
                  xycoords=("data", "axes fraction"), textcoords="offset points")  # fmt: skip
    axes.legend(loc="upper right", bbox_to_anchor=(1.0, 0.9))
    letter(axes, "b")


def _information(axes: Axes, table: pl.DataFrame) -> None:
    least = 3e-3
    names = []
    for place, row in enumerate(table.filter(pl.col("kind") == "bracket").iter_rows(named=True)):
        low = max(row["lower"], least)
        axes.plot([low, row["upper"]], [place, place], color="black", linewidth=3.0, solid_capstyle="butt")
        if row["lower"] < least:
            axes.plot([least], [place], marker="<", color="black")
        if row["proxy"] > least:
            axes.plot([row["proxy"]], [place - 0.25], "o", markerfacecolor="white", color="0.3")
        names.append(f"mask,\nstep {row['step']}")
    for row in table.filter(pl.col("kind") == "cap").sort("upper").iter_rows(named=True):
        axes.plot([row["upper"]], [len(names)], marker="s", color="#D55E00")
        names.append(row["name"].replace("the ", "").replace("a ", "").replace(" quarter", "\nquarter"))
    axes.axvline(np.log(2.0), color="black", linestyle=":", linewidth=0.9)
    axes.set_yticks(range(len(names)), names)
    axes.set(xscale="log", xlabel="nats", xlim=(0.7 * least, 4e4), ylim=(len(names) - 0.5, -0.6))
    letter(axes, "c")


def claims(table: pl.DataFrame) -> list[Claim]:
    steps = _steps(table)
    late = links(table, steps[2])
    brackets = table.filter(pl.col("kind") == "bracket").sort("step")
    if brackets.is_empty():
        reason = "no trial with two data sets was run"
        return [
            Missing("masks tell their data", "overlap tells on which data a mask was found", reason=reason),
            Missing("mutant: masks mislead", "the other data's mask is nearer", mutant=True, reason=reason),
        ]
    trial = brackets.row(-1, named=True)
    right = trial["trials"] - trial["errors"]
    caps = table.filter(pl.col("kind") == "cap")
    drawn, every, chosen = (float(v) for v in caps.sort("name")["upper"])
    some_fail = bool((late["connected only"] + late["neither"]).sum())
    mutant: Claim = Paired(
        "mutant: failing levels are cut off",
        f"from step {steps[2]}, no level that fails to match is connected to the last",
        mutant=True,
        differences=0.5 - late["connected only"],
    )
    return [
        Paired(
            "matching means connected",
            f"from step {steps[2]}, every level that matches the last is connected to it, up to one a seed",
            "paper",
            differences=1.5 - late["matching only"],
        ),
        Frequency(
            "masks tell their data",
            f"from step {steps[2]} of other data, overlap tells which of two data sets a mask was found on "
            "more often than not",
            successes=right,
            trials=trial["trials"],
            bound=0.5,
        ),
        Exact(
            "ceiling",
            "no certified lower end exceeds log 2 nats or its upper end",
            wrong=int(((brackets["lower"] > np.log(2.0)) | (brackets["lower"] > brackets["upper"])).sum()),
            cases=brackets.height,
        ),
        Exact(
            "choice is charged",
            "a quarter chosen by looking is charged more than a random one, and less than all labels",
            wrong=int(not drawn < chosen < every),
            cases=1,
        ),
        mutant
        if some_fail
        else Missing(mutant.name, mutant.says, reason="every level matches in this preset"),
        Frequency(
            "mutant: masks mislead",
            f"from step {steps[2]}, the mask of the other data set is nearer in most trials",
            mutant=True,
            successes=trial["errors"],
            trials=trial["trials"],
            bound=0.5,
        ),
    ]
