"""Training accuracy on noisy FashionMNIST against sparsity, from files that the user supplies."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from robustlaw.data.fashion import SUPPLY, supplied_files
from robustlaw.sweep import Row

from .. import noisy
from ..claims import Claim
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, sheet

LABEL = "1b"
TITLE = "Noisy FashionMNIST: training accuracy against sparsity"
SOURCE = "Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1b"
CAPTION = (
    "Share of FashionMNIST images with N(0, 3) noise on pixels in [0, 1], drawn once, and true labels that "
    "a pruned 784-200-200-10 network gets right, mean and standard error over seeds. The images are the "
    "user's files; without them nothing is computed and no claim is judged. Only the full preset trains on "
    "all 60000 images; quick takes 2000 of them and six epochs, smoke 500 and one. Test accuracy is on noisy "
    "test images: beside it memorising can be told from generalising. No order among the four methods at "
    "initialisation is claimed, and no published curve is drawn: none was digitised."
)
DECLARED = (
    Declared("pixel scale before the noise", "[0, 1]", ("standardised",), "not stated"),
    Declared(
        "noise", "variance 3, drawn once a seed", ("redrawn every epoch",), "memorising needs fixed images"
    ),
    Declared(
        "stopping",
        "at most 60 epochs; settled: the loss changes by less than .01 in each of 3 epochs in a row",
        ("a single change", "accuracy unchanged for 3 epochs"),
        "the text names .01 and three epochs, not how they are read",
    ),
    Declared("initialisation", "He normal, zero biases", ("PyTorch's default",), "not stated"),
    Declared("maskable", "weights only", ("biases too",), "not stated"),
    Declared("images SNIP and GraSP look at", "10 a class", ("all",), "the default of public code"),
    Declared("iterative pruning", "floor(.8 K) kept a round, rewound", ("no rewinding",), "not stated"),
    Declared("one-shot magnitude", "one dense training, rewound", ("trained on",), "not stated"),
    Declared("scope", "global", ("layerwise",), "not stated"),
)
STUDY = "robustlaw.studies.noisy_images"
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Random", "Snip", "SynFlow", "Grasp")
MASKABLE = 198800
MISSING = f"FashionMNIST is not supplied: {SUPPLY}."
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 10}
IMAGES: dict[Preset, int] = {"smoke": 500, "quick": 2000, "full": 60000}
EPOCHS: dict[Preset, int] = {"smoke": 1, "quick": 6, "full": 60}
# Rounds of floor(.8 K) after which 2.8 % to .19 % of the weights are left.
WEIGHED: dict[Preset, tuple[int, ...]] = {
    "smoke": (16, 18),
    "quick": (16, 18, 20, 23),
    "full": (16, 17, 18, 19, 20, 21, 22, 23, 24, 26, 28),
}


def study(preset: Preset) -> list[Grid]:
    """Nothing without the files; with them, cells that their SHA-256 ties to them."""
    files = supplied_files()
    if not files:
        return []
    seeds = range(SEEDS[preset])
    return [(STUDY, [config(method, seed, preset, files) for method in METHODS for seed in seeds])]


def config(method: str, seed: int, preset: Preset, files: dict[str, str]) -> dict[str, Any]:
    """One method and seed under the declared settings."""
    rounds = noisy.iterates(MASKABLE, max(WEIGHED[preset]))
    return {
        "method": method,
        "seed": seed,
        "counts": [rounds[number - 1] for number in WEIGHED[preset]],
        "rounds": list(rounds) if method == "IterativeMagnitude" else [],
        "source": "fashion",
        "train": IMAGES[preset],
        "test": 10000 if preset == "full" else 2000,
        "variance": 3.0,
        "files": files,
        "widths": [784, 200, 200, 10],
        "epochs": EPOCHS[preset],
        "change": 0.01,
        "synflow_rounds": 100 if preset == "full" else 20,
    }


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return noisy.tidy(rows, {"fashion": MASKABLE}, stand_in=False)


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.7, columns=2)
    for axes, column, name, mark in ((left, "train", "training", "a"), (right, "test", "test", "b")):
        axes.set(xlabel=f"kept weights of {MASKABLE}", ylabel=f"{name} accuracy")
        letter(axes, mark)
        if table.height:
            noisy.panel(axes, table, column, METHODS, (5000, 2500, 1200, 600))
    if not table.height:
        words = f"Not computed. {MISSING}"
        left.text(
            0.02,
            0.95,
            textwrap.fill(words, 44, break_on_hyphens=False),
            transform=left.transAxes,
            va="top",
            fontsize=7,
        )
        right.text(0.02, 0.95, "Not computed.", transform=right.transAxes, va="top", fontsize=7)
        for axes in (left, right):
            axes.set(xticks=[], yticks=[])
        return figure
    right.set_ylim(left.get_ylim())
    left.set_title(f"files: {table['identity'][0]}", loc="right")
    right.set_title(noisy.by_budget(table), loc="right")
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=6)
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    if not table.height:
        return noisy.missing("1b/", MISSING)
    return noisy.claims(table, "1b/", METHODS, "paper")
