"""The question of Figure 1b on stand-in images: training accuracy of pruned classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from .. import noisy
from ..claims import Claim
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, sheet

LABEL = "1b/standin"
TITLE = "Noisy stand-in images: training accuracy against kept weights"
SOURCE = "here: other images and another size than Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1b"
CAPTION = (
    "Stand-in, no reproduction: no published curve is drawn. Share of noisy images with true labels that a "
    "pruned network gets right, mean and standard error over seeds. Digits: 1440 of scikit-learn's 8 x 8 "
    "digits, 64-50-50-10, noise of variance 3 on pixels in [0, 1], drawn once. Full preset also: 6000 "
    "28 x 28 random fields of 10 classes, 784-200-200-10, noise of variance 100. Weights only are pruned, "
    "globally; biases are trained. SNIP and GraSP look at 10 images a class. Test accuracy, on images with "
    "the same noise, is below .2 on the digits: what is seen on the left is mostly memorising. The digits' "
    "network is too small for the sparsities of the paper: below 4 % kept nothing fits. Averaged over the "
    "counts magnitude pruning after one training leads over masks at initialisation; at the fewest weights "
    "SynFlow overtakes it. No order among the four methods at initialisation is claimed. Random fields are "
    "memorised wholly by the dense network, whatever the noise; there magnitude pruning after one training "
    "fell behind random masks in the few seeds that were looked at."
)
DECLARED = (
    Declared("noise", "variance 3 (digits), 100 (fields), drawn once", ("redrawn every epoch",), "ours"),
    Declared(
        "budget",
        "40 epochs (digits), 60 (fields)",
        ("60 epochs on digits: the dense network fits .9 to .97 at every variance from .1 to 100",),
        "so that dense training fits .6 to .9 of the digits; chosen once, before any pruning",
    ),
    Declared(
        "settled",
        "loss changes by less than .001 in each of 3 epochs in a row",
        (".01: many sparse networks then stop after 4 epochs of 23 steps",),
        "an epoch has a fortieth of FashionMNIST's steps",
    ),
    Declared("initialisation", "He normal, zero biases", ("PyTorch's default",), "not stated"),
    Declared("images SNIP and GraSP look at", "10 a class", ("all",), "the default of public code"),
    Declared("iterative pruning", "floor(.8 K) kept a round, rewound", ("no rewinding",), "not stated"),
    Declared("scope", "global, weights only", ("layerwise", "biases too"), "not stated"),
)
STUDY = "robustlaw.studies.noisy_images"
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Random", "Snip", "SynFlow", "Grasp")
MASKABLE = {"digits": 6200, "image_like": 198800}
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 10}
# Kept counts floor(.8 K): those weighed are every second round.
WEIGHED = {"digits": range(2, 15, 2), "image_like": range(16, 30, 2)}
TICKS = {"digits": (4000, 2000, 1000, 500, 250), "image_like": (5000, 2500, 1200, 600)}
SHOWN = {"digits": "digits", "image_like": "random fields"}


def study(preset: Preset) -> list[Grid]:
    sources = ("digits", "image_like") if preset == "full" else ("digits",)
    configs = [
        config(source, method, seed, preset)
        for source in sources
        for method in METHODS
        for seed in range(SEEDS[preset])
    ]
    return [(STUDY, configs)]


def config(source: str, method: str, seed: int, preset: Preset) -> dict[str, Any]:
    """One method and seed under the declared settings."""
    small, digits = preset == "smoke", source == "digits"
    rounds = noisy.iterates(MASKABLE[source], 4 if small else max(WEIGHED[source]))
    weighed = (2, 4) if small else WEIGHED[source]
    return {
        "method": method,
        "seed": seed,
        "counts": [rounds[number - 1] for number in weighed],
        "rounds": list(rounds) if method == "IterativeMagnitude" else [],
        "source": source,
        "train": (300 if small else 1440) if digits else 6000,
        "test": 357 if digits else 2000,
        "variance": 3.0 if digits else 100.0,
        "files": {},
        "widths": [64, 50, 50, 10] if digits else [784, 200, 200, 10],
        "epochs": 4 if small else 40 if digits else 60,
        "change": 0.001,
        "synflow_rounds": 10 if small else 100,
    }


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return noisy.tidy(rows, MASKABLE, stand_in=True)


def plot(table: pl.DataFrame) -> Figure:
    sources = [s for s in MASKABLE if f"stand-in: {s}" in set(table["data"])]
    figure, panels = sheet(PAGE, 0.3 + 2.4 * len(sources), rows=len(sources), columns=2)
    for source, (left, right) in zip(sources, [panels] if len(sources) == 1 else panels, strict=True):
        own = table.filter(pl.col("data") == f"stand-in: {source}")
        ticks = [t for t in TICKS[source] if own["kept"].min() <= t <= own["kept"].max()]  # type: ignore[operator]
        for axes, column, name in ((left, "train", "training"), (right, "test", "test")):
            noisy.panel(axes, own, column, METHODS, ticks)
            axes.set(ylabel=f"{name} accuracy, stand-in {SHOWN[source]}")
            axes.set(xlabel=f"kept weights of {MASKABLE[source]} (stand-in)")
            axes.axhline(0.1, color="0.6", linewidth=0.7)
        right.set_ylim(left.get_ylim())
        right.set_title(noisy.by_budget(own), loc="right")
    for axes, mark in zip(figure.axes, "abcd", strict=False):
        letter(axes, mark)
    figure.legend(*figure.axes[0].get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    listed: list[Claim] = []
    for source in MASKABLE:
        own = table.filter(pl.col("data") == f"stand-in: {source}")
        if own.height:
            listed += noisy.claims(own, f"1b/standin/{source}/", METHODS, "here")
    return listed
