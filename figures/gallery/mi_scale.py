"""Certified information brackets against the truth, up to 10 000 bits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from scipy.stats import binomtest

from robustlaw.sweep import Row

from ..claims import Claim, Exact, Missing
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, look, plain_ticks, sheet

LABEL = "information at scale"
TITLE = "Certified information brackets against the truth"
SOURCE = "here"
CAPTION = (
    "Brackets on I(m;D) at level .95 over the truth, for channels whose information is known: the k largest "
    "of normal scores drawn by half a deviation towards labels (k = N/5; N/10 at 10^4; 3 of 10), Gibbs "
    "subsets, and SNIP on 10 labels (given the init; truth by enumerating labelings). (a) Bars: certified "
    "from T runs. (b) The same for the noisy top-k, beside what needs no density, seed-coupled flips (valid, "
    "about three times too large), and hollow what nobody certifies: plug-in entropies, a contrast with 127 "
    "decoys (never above log 128, 4.85 nats) and the same with the own data set left out. At the right the "
    "parity canary: no single label shows in a mask, the truth is 100 log 2, and the bracket is right and "
    "wide. (c) Share of brackets that miss the truth when everything is repeated, with 99 % "
    "Clopper-Pearson intervals (shared among the four channels), against the .05 that is allowed; T = 200, "
    "at most 40 bits. One bracket a channel, size and T is drawn in (a) and (b), the first seed's; claims "
    "on width look at every seed. SNIP's width can triple: the method of a side is chosen on a fifth of the "
    "runs, which may prefer collisions to the entropy that all runs would favour."
)
DECLARED = (
    Declared("strength of the pull", ".5 (top-k), 1 (Gibbs)", ("any",), "ours"),
    Declared("SNIP's network", "N/10 - 1 inputs, 10 hidden units", ("any",), "ours: 10 labels enumerate"),
)
STUDY = "robustlaw.studies.information_scale"
SIZES: dict[Preset, tuple[tuple[int, int], ...]] = {
    "smoke": ((10, 3), (100, 20)),
    "quick": ((10, 3), (100, 20), (1000, 200)),
    "full": ((10, 3), (100, 20), (1000, 200), (10_000, 1000)),
}
RUNS: dict[Preset, tuple[int, ...]] = {"smoke": (500,), "quick": (500, 2000), "full": (500, 2000)}
SEEDS: dict[Preset, int] = {"smoke": 1, "quick": 1, "full": 3}
BLOCKS: dict[Preset, int] = {"smoke": 1, "quick": 2, "full": 8}
BLOCK: dict[Preset, int] = {"smoke": 2, "quick": 50, "full": 50}
SMALL = {"Gaussian top-k": (8, 3), "Gibbs": (6, 2), "parity": (20, 0), "SNIP": (40, 10)}
PARITY_BITS = 200
MISS, CERTAINTY = 0.05, 0.99
SHOWN = {"Gaussian top-k": look("TopKSign"), "Gibbs": look("Random"), "SNIP": look("Snip")}
GUESSES = {
    "plug_in": ("plug-in", "v"),
    "contrast": ("contrast, 127 decoys", "D"),
    "left_out": ("leave one out", "^"),
}


def study(preset: Preset) -> list[Grid]:
    sizes = [(channel, size) for channel in ("Gaussian top-k", "Gibbs") for size in SIZES[preset]]
    sizes += [("SNIP", size) for size in SIZES[preset] if size[0] >= 100] + [("parity", (PARITY_BITS, 0))]
    scale = [
        _config(channel, size, runs, seed, 1, 128)
        for channel, size in sizes
        for runs in RUNS[preset]
        for seed in range(SEEDS[preset])
    ]
    coverage = [
        _config(channel, size, 200, block, BLOCK[preset], 0)
        for channel, size in SMALL.items()
        for block in range(BLOCKS[preset])
    ]
    return [(STUDY, [*scale, *coverage])]


def _config(
    channel: str, size: tuple[int, int], runs: int, seed: int, repetitions: int, batch: int
) -> dict[str, Any]:
    own: dict[str, Any] = {"channel": channel, "bits": size[0], "kept": size[1], "runs": runs}
    return {**own, "seed": seed, "repetitions": repetitions, "batch": batch}


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a bracket; repeated ones have no baselines."""
    lines = []
    for row in rows:
        own, result = row.config, row.result or {}
        repeated = own["batch"] == 0
        for place, (lower, upper) in enumerate(zip(result["lower"], result["upper"], strict=True)):
            lines.append(
                {
                    "kind": "coverage" if repeated else "scale",
                    **{name: own[name] for name in ("channel", "bits", "kept", "runs")},
                    "seed": own["seed"] * own["repetitions"] + place,
                    "truth_lower": result["truth"][0],
                    "truth_upper": result["truth"][1],
                    "lower": lower,
                    "upper": upper,
                    "method": result["method"][place],
                    **{name: result.get(name) for name in ("coupled_flips", *GUESSES)},
                }
            )
    order = ("kind", "channel", "bits", "runs", "seed")
    return pl.DataFrame(lines, infer_schema_length=None).sort(*order)


def plot(table: pl.DataFrame) -> Figure:
    figure, (near, far, cover) = sheet(PAGE, 2.9, columns=3)
    scale = table.filter(pl.col("kind") == "scale", pl.col("seed") == 0)
    sizes = sorted(set(scale.filter(pl.col("channel") != "parity")["bits"]))
    _near(near, scale, sizes)
    _far(far, scale, sizes)
    _coverage(cover, table.filter(pl.col("kind") == "coverage"))
    for axes, mark in zip((near, far, cover), "abc", strict=True):
        letter(axes, mark)
    return figure


def _near(axes: Axes, scale: pl.DataFrame, sizes: Sequence[int]) -> None:
    """Brackets over the truth, side by side at each size: light bars from few runs, dark ones from many."""
    axes.axhline(1.0, color="black", linewidth=1.0)
    counts = sorted(set(scale["runs"]))
    for place, (channel, style) in enumerate(SHOWN.items()):
        for number, runs in enumerate(counts):
            own = scale.filter(pl.col("channel") == channel, pl.col("runs") == runs).sort("bits")
            at = [sizes.index(b) + 0.24 * (place - 1) + 0.1 * (number - 0.5) for b in own["bits"]]
            few = runs < counts[-1]
            bars: dict[str, Any] = {"linewidth": 1.2 if few else 2.6, "alpha": 0.6 if few else 1.0}
            label = "" if few else channel
            low, high = (own[end] / own["truth_upper"] for end in ("lower", "upper"))
            axes.vlines(at, low, high, color=style.colour, label=label, **bars)
    axes.set(xlabel="N", ylabel="certified / truth")
    axes.set_xticks(range(len(sizes)), [f"{b}" for b in sizes])
    axes.legend(loc="lower right", title=f"T = {counts[-1]}, thin: {counts[0]}", title_fontsize=6.8)


def _far(axes: Axes, scale: pl.DataFrame, sizes: Sequence[int]) -> None:
    """The noisy top-k with everything uncertified, and the parity canary, from the most runs."""
    most = scale.filter(pl.col("runs") == scale["runs"].max())
    own = most.filter(pl.col("channel") == "Gaussian top-k").sort("bits")
    parity = most.filter(pl.col("channel") == "parity")
    at, last = [sizes.index(b) for b in own["bits"]], len(sizes)
    axes.axhline(1.0, color="black", linewidth=1.0)
    for places, lines, style in ((at, own, SHOWN["Gaussian top-k"]), ([last], parity, look("Dense"))):
        low, high = (lines[end] / lines["truth_upper"] for end in ("lower", "upper"))
        axes.vlines(places, low, high, color=style.colour, linewidth=3.0)
        ratios = lines.select(pl.col("coupled_flips", *GUESSES) / pl.col("truth_upper"))
        plain: dict[str, Any] = {"linestyle": "none", "color": "0.5", "markerfacecolor": "white"}
        for name, (label, marker) in GUESSES.items():
            axes.plot(places, ratios[name], marker=marker, label=label if lines is own else None, **plain)
        flips: dict[str, Any] = {"linestyle": "none", "marker": "_", "markersize": 9, "color": style.colour}
        axes.plot(
            places,
            ratios["coupled_flips"],
            label="seed-coupled flips" if lines is own else None,
            **flips,
        )
    axes.set(yscale="log", xlabel="N, noisy top-k", ylabel="estimate / truth", ylim=(0.008, 200.0))
    axes.set_xticks([*range(last), last], [*(f"{b}" for b in sizes), "parity"])
    plain_ticks(axes.yaxis, (0.01, 0.1, 1, 10))
    axes.legend(loc="upper right")


def misses(coverage: pl.DataFrame) -> pl.DataFrame:
    """For each channel the brackets that miss the truth, and an interval for their share."""
    missed = (pl.col("lower") > pl.col("truth_upper")) | (pl.col("upper") < pl.col("truth_lower"))
    counts = coverage.group_by("channel").agg(missed.sum().alias("missed"), pl.len().alias("brackets"))
    level = 1.0 - (1.0 - CERTAINTY) / len(SMALL)
    ends = [
        binomtest(m, n).proportion_ci(level, method="exact")
        for m, n in counts.select("missed", "brackets").iter_rows()
    ]
    low, high = ([float(getattr(e, end)) for e in ends] for end in ("low", "high"))
    return counts.with_columns(pl.Series("low", low), pl.Series("high", high)).sort("channel")


def _coverage(axes: Axes, coverage: pl.DataFrame) -> None:
    found = misses(coverage)
    share = found["missed"] / found["brackets"]
    spread = [share - found["low"], found["high"] - share]
    style: dict[str, Any] = {"linestyle": "none", "marker": "o", "color": "black", "capsize": 2.0}
    axes.errorbar(range(found.height), share, yerr=spread, **style)
    axes.axhline(MISS, color="0.5", linestyle=(0, (4, 2)))
    names = {"Gaussian top-k": "top-k"}
    axes.set_xticks(range(found.height), [names.get(c, c) for c in found["channel"]])
    axes.set(ylabel=f"misses, {found['brackets'][0]} brackets each", xlim=(-0.5, found.height - 0.5))
    axes.set_ylim(bottom=0.0)


def claims(table: pl.DataFrame) -> list[Claim]:
    scale, found = table.filter(pl.col("kind") == "scale"), misses(table.filter(pl.col("kind") == "coverage"))
    repeated = found["brackets"].to_list()[0]
    noisy = scale.filter(pl.col("channel").is_in(["Gaussian top-k", "Gibbs"]), pl.col("bits") >= 100)
    parity = scale.filter(pl.col("channel") == "parity")
    ratio = pl.col("coupled_flips") / pl.col("truth_upper")
    top = scale.filter(pl.col("channel") == "Gaussian top-k")
    return [
        Exact(
            "coverage",
            f"no channel misses the truth more often than in .05 of {repeated} repetitions (99 % certain)",
            wrong=found.filter(pl.col("low") > MISS).height,
            cases=found.height,
        ),
        *(_narrow(scale, channel) for channel in SHOWN),
        Exact(
            "coupled flips",
            "from 100 bits on seed-coupled flips give a valid upper end for noisy scores, at least 3 times "
            "too large",
            wrong=noisy.filter(ratio < 3.0).height,
            cases=noisy.height,
        ),
        Exact(
            "parity",
            "the bracket of the parity canary holds the truth and is at least half as wide as it",
            wrong=parity.filter(
                (pl.col("lower") > pl.col("truth_upper"))
                | (pl.col("upper") < pl.col("truth_lower") * (1.0 - 1e-12))
                | (pl.col("upper") - pl.col("lower") < 0.5 * pl.col("truth_lower"))
            ).height,
            cases=parity.height,
        ),
        Exact(
            "mutant: contrast",
            "a contrast with 127 decoys comes within .15 of the truth at every size",
            mutant=True,
            wrong=top.filter(pl.col("contrast") < 0.85 * pl.col("truth_lower")).height,
            cases=top.height,
        ),
    ]


def _narrow(scale: pl.DataFrame, channel: str) -> Claim:
    name, says = (
        f"width: {channel}",
        f"{channel}: from 100 bits and 2000 runs on at most .15 of the truth wide",
    )
    large = scale.filter(pl.col("channel") == channel, pl.col("bits") >= 100, pl.col("runs") >= 2000)
    if not large.height:
        return Missing(name, says, reason="this preset has fewer runs")
    width = (pl.col("upper") - pl.col("lower")) / pl.col("truth_lower")
    return Exact(name, says, wrong=large.filter(width > 0.15).height, cases=large.height)
