"""Explicit interpolants as the upper side of the law: how much room the theory leaves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Paired
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, THEORY, letter, plain_ticks, sheet

LABEL = "constructions"
TITLE = "Explicit interpolants: the upper side of the law"
SOURCE = "here; constructions after Bubeck & Sellke 2021, Shmalo 2026, Pensia et al. 2020"
CAPTION = (
    "Fair labels on points of the sphere of R^d. a: certified Lipschitz constants of bumps in the first D"
    " of the d coordinates, p = n(D + 1), against n d/p; lines without markers: the description-length "
    "law for the same functions at 64 and at 4 bits a coordinate. The exponent is near 1/2 where D is at "
    "least 32 log n; in fewer dimensions, further right, the smallest of n^2/2 distances falls faster than "
    "the typical one, and the exponent over the whole ladder is about .6. b: every construction, and trained "
    "networks, over its correlation C with the noise, at n/(v rho (p_eff + log 1/delta)); nothing may lie in "
    "the grey region. Caps and supermasks: the constant on the sphere, which is what the law asks for "
    "there; hollow with a bar: the certified bracket of the cap network on all of R^d, another number. "
    "Ordinary training is no nearer than bumps at 4 bits, training for low slack is. The "
    "supermask meets its labels up to a certified error, not to rounding. The distance from the law is "
    "the gap of the theory for these functions, not a claim that it can be closed."
)
DECLARED = (
    Declared("projection", "the first D coordinates", ("random frames",), "the sphere is invariant"),
    Declared("ladder of the exponent", "D from 32 log n to d", ("from 8 log n",), "ours"),
    Declared("code", "64 or 4 bits a coordinate, 64 bits of header", ("2, 3 or 6 bits",), "ours"),
    Declared("trained networks", "n = 200, d = 512, hidden 10 or 32", (), "ours: cheap, axes normalised"),
)
STUDY, LAW = "robustlaw.studies.constructions", "robustlaw.studies.law"
SIZES: dict[Preset, tuple[int, int]] = {"smoke": (60, 512), "quick": (200, 2048), "full": (1000, 4096)}
SMALL: dict[Preset, tuple[int, int]] = {"smoke": (6, 32), "quick": (16, 64), "full": (16, 64)}
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 16}
TRAINED_SEEDS: dict[Preset, int] = {"smoke": 1, "quick": 2, "full": 8}
LADDER, BITS = 12, (3, 4, 6)
FROM = 32.0  # log n: where the exponent is read off
TRAINED: dict[str, dict[str, Any]] = {
    "trained, low slack": {"hidden": [10], "recipe": "low_slack", "bits": [1, 2, 3]},
    "trained, ordinary": {"hidden": [32], "recipe": "ordinary", "bits": [2, 3, 4, 6]},
}
LOOK: dict[str, tuple[str, str, str]] = {
    "projected": ("bumps, 64 bits", "#0072B2", "o"),
    "rounded": ("bumps, 4 bits", "#56B4E9", "s"),
    "caps": ("ReLU caps", "#D55E00", "^"),
    "supermask": ("supermask of caps", "#882255", "X"),
    "trained, low slack": ("trained, low slack", "#009E73", "v"),
    "trained, ordinary": ("trained, ordinary", "#7F7F7F", "D"),
}


def ladder(n: int, dim: int) -> list[int]:
    """Dimensions of the projections, from 8 log n to d."""
    return sorted({math.ceil(v) for v in np.geomspace(8.0 * math.log(n), dim, LADDER).round(6)})


def study(preset: Preset) -> list[Grid]:
    (n, dim), (few, low) = SIZES[preset], SMALL[preset]
    configs = []
    for seed in range(SEEDS[preset]):
        shared = {"n": n, "dim": dim, "seed": seed, "share": 0.12, "units": 20, "delta": 0.05}
        cells: list[dict[str, Any]] = [{"kind": kind} for kind in ("bumps", "smooth", "caps")]
        cells += [{"kind": "rounded", "bits": bits} for bits in BITS]
        cells += [{"kind": "projected", "kept": kept} for kept in ladder(n, dim)]
        cells += [{"kind": "rounded", "kept": kept, "bits": 4} for kept in ladder(n, dim)]
        cells += [{"kind": "supermask", "n": few, "dim": low}]
        configs += [{**shared, "kept": 0, "bits": 64, **cell} for cell in cells]
    return [(STUDY, configs), (LAW, _trained(preset))]


def _trained(preset: Preset) -> list[dict[str, Any]]:
    from robustlaw.studies.law import LawConfig

    n, dim, steps = (60, 64, 60) if preset == "smoke" else (200, 512, 250)
    return [
        LawConfig(name, "sphere", n, dim, tuple(own["hidden"]), "Dense", 1.0, seed,
                  own["recipe"], steps, tuple(own["bits"])).plain()
        for name, own in TRAINED.items()
        for seed in range(TRAINED_SEEDS[preset])
    ]  # fmt: skip


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a construction or trained network."""
    lines = [_trained_line(row) if "recipe" in row.config else _line(row) for row in rows]
    return pl.DataFrame(lines, infer_schema_length=None).sort("kind", "seed", "n", "kept", "bits")


def _line(row: Row) -> dict[str, Any]:
    own, result = row.config, row.result or {}
    line = {name: own[name] for name in ("kind", "seed", "n", "dim", "kept", "bits")}
    if result["infeasible"] is not None:
        return {**line, "infeasible": result["infeasible"]}
    everywhere = result["everywhere"] or [None, None]
    plain = ("closed", "misfit", "error", "spare", "numbers", "nats", "rate", "verdict", "ratio")
    return {
        **line,
        "infeasible": None,
        "lower": result["lipschitz"][0],
        "upper": result["lipschitz"][1],
        "low everywhere": everywhere[0],
        "high everywhere": everywhere[1],
        "correlation": result["correlation"][0],
        "bound": result["bound"][1],
        "least": result["least"][0],
        **{name: result[name] for name in plain},
    }


def _trained_line(row: Row) -> dict[str, Any]:
    own, result = row.config, row.result or {}
    told = next(e for e in result["evidence"] if e["law"] == "DescriptionLength")
    correlation, bound = told["details"]["correlation"], told["theory"]["upper"]
    return {
        "kind": own["setting"],
        "seed": own["seed"],
        "n": own["n"],
        "dim": own["dim"],
        "kept": 0,
        "bits": 0,
        "infeasible": None,
        "lower": told["measured"]["lower"],
        "upper": told["measured"]["upper"],
        "correlation": correlation,
        "bound": bound,
        "nats": told["details"]["p_eff"],
        "rate": 2.0 * (bound / correlation) ** 2,
        "verdict": told["verdict"],
        "ratio": told["measured"]["upper"] / told["theory"]["lower"],
    }


def exponents(table: pl.DataFrame, least: float = FROM) -> np.ndarray:
    """Slope of log Lip in log(n d/p) for each seed, over D of at least `least` log n."""
    own = table.filter(
        pl.col("kind") == "projected", pl.col("infeasible").is_null(),
        pl.col("kept") >= least * pl.col("n").log(),
    )  # fmt: skip
    found = []
    for seed in sorted(set(own["seed"])):
        one = own.filter(pl.col("seed") == seed)
        x = np.log(one["n"] * one["dim"] / one["numbers"])
        found.append(float(np.polyfit(x, np.log(one["upper"]), 1)[0]))
    return np.array(found)


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 3.3, columns=2)
    feasible = table.filter(pl.col("infeasible").is_null())
    _ladder(left, feasible)
    _everything(right, feasible)
    handles, labels = right.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=4)
    return figure


def _ladder(axes: Axes, table: pl.DataFrame) -> None:
    for kind, dashes in (("projected", "-"), ("rounded", (0, (4, 1.5)))):
        label, colour, marker = LOOK[kind]
        own = table.filter(pl.col("kind") == kind, pl.col("kept") > 0).with_columns(
            (pl.col("n") * pl.col("dim") / pl.col("numbers")).alias("x")
        )
        mean = own.group_by("x").agg(pl.col("upper", "bound").log().mean().exp()).sort("x")
        axes.plot(own["x"], own["upper"], marker, color=colour, markersize=2.2, alpha=0.5)
        axes.plot(mean["x"], mean["upper"], color=colour, linestyle=dashes, label=label)
        theory: Any = {**THEORY, "linestyle": dashes}
        axes.plot(mean["x"], mean["bound"], **theory)
        middle = mean.height // 2
        axes.annotate(f"the law, {label.split(', ')[1]}", (mean["x"][middle], mean["bound"][middle]),
                      (4, -10), textcoords="offset points", fontsize=6.8)  # fmt: skip
    axes.set(xscale="log", yscale="log", xlabel=r"$n\,d\,/\,p$", ylabel="Lipschitz constant")
    plain_ticks(axes.xaxis, [t for t in (1, 3, 10, 30, 100) if t <= axes.get_xlim()[1]])
    letter(axes, "a")


def _everything(axes: Axes, table: pl.DataFrame) -> None:
    for kind, (label, colour, marker) in LOOK.items():
        own = table.filter(pl.col("kind") == kind)
        if kind == "rounded":
            own = own.filter(pl.col("bits") == 4)
        y = own["upper"] / own["correlation"]
        axes.plot(own["rate"], y, marker, color=colour, label=label, markersize=3.0, alpha=0.8)
    caps = table.filter(pl.col("kind") == "caps")
    ends = [caps[f"{end} everywhere"] / caps["correlation"] for end in ("low", "high")]
    _, colour, marker = LOOK["caps"]
    axes.vlines(caps["rate"], ends[0], ends[1], color=colour, linewidth=1.2, alpha=0.6)
    axes.plot(caps["rate"], np.sqrt(ends[0] * ends[1]), marker, color=colour, markerfacecolor="white",
              label=r"ReLU caps, on $\mathbb{R}^d$", markersize=3.0)  # fmt: skip
    axes.set(xscale="log", yscale="log", ylabel="certified Lip / C")
    axes.set_xlabel(r"$n\,d\,/\,(c\;p_{\mathrm{eff}})$")
    low, high = axes.get_xlim()
    x = np.geomspace(low, high, 50)
    law: Any = {**THEORY, "label": "the law"}
    axes.plot(x, np.sqrt(x / 2.0), **law)
    axes.fill_between(x, 1e-6, np.sqrt(x / 2.0), color="0.92", linewidth=0.0)
    axes.set(xlim=(low, high), ylim=(0.5 * np.sqrt(low / 2.0), None))
    letter(axes, "b")


def claims(table: pl.DataFrame) -> list[Claim]:
    own = table.filter(~pl.col("kind").str.starts_with("trained"), pl.col("infeasible").is_null())
    trained = table.filter(pl.col("kind").str.starts_with("trained"))
    fitted = own.filter(pl.col("kind") != "supermask")
    caps = own.filter(pl.col("kind") == "caps")
    tight = trained.filter(pl.col("kind") == "trained, low slack")
    slopes = exponents(table)

    def exact(name: str, says: str, cases: pl.DataFrame, wrong: pl.Expr, mutant: bool = False) -> Exact:
        return Exact(name, says, mutant=mutant, wrong=cases.filter(wrong).height, cases=cases.height)

    return [
        exact(
            "interpolation",
            "every construction but the supermask meets its labels within 1e-9, certified and as computed",
            fitted,
            (pl.col("error") > 1e-9) | (pl.col("misfit") > 1e-9),
        ),
        exact(
            "closed form",
            "the certified bracket holds the closed form",
            own,
            (pl.col("closed") < pl.col("lower")) | (pl.col("closed") > pl.col("upper")),
        ),
        exact("disjoint", "all supports are certified to be disjoint", own, pl.col("spare") < 0.0),
        exact(
            "least",
            "no interpolant is below the steepest pair of its labels",
            fitted,
            pl.col("upper") < pl.col("least"),
        ),
        exact("the law", "every construction is above the law", own, pl.col("verdict") != "HOLDS"),
        exact("trained", "every trained network is above it too", trained, pl.col("verdict") != "HOLDS"),
        Exact(
            "between",
            "low-slack training ends nearer to the law than any construction, at any number of bits",
            wrong=tight.filter(pl.col("ratio") >= own["ratio"].min()).height if own.height else 0,
            cases=tight.height,
        ),
        Paired(
            "exponent",
            "with D from 32 log n to d, Lip of bumps grows like (n d/p)^a with a in [.4, .6]",
            differences=0.1 - np.abs(slopes - 0.5),
        ),
        Paired(
            "mutant: proportional",
            "it grows in proportion to n d/p, a in [.9, 1.1]",
            mutant=True,
            differences=0.1 - np.abs(slopes - 1.0),
        ),
        exact(
            "mutant: one constant",
            "the cap network's constant on R^d is that on the sphere",
            caps,
            pl.col("low everywhere") > pl.col("upper"),
            mutant=True,
        ),
    ]
