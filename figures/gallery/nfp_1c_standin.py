"""The question of Figure 1b with convolutions, on stand-in images."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl
from matplotlib.figure import Figure

from robustlaw.sweep import Row

from .. import noisy
from ..claims import Claim, Exact
from ..sheets import Declared, Grid, Preset
from ..style import PAGE, letter, sheet

LABEL = "1c/standin"
TITLE = "Noisy stand-in images, convolutions: training accuracy against kept weights"
SOURCE = "here: nothing published is reproduced; of a Figure 1c only the title is known"
CAPTION = (
    "Stand-in: nothing published is reproduced. Of a figure 1c of Kumar, Luo & Sellke with noisy CIFAR-10 "
    "and convolutions only the title is known, so that data, network and training here are ours. Share of "
    "noisy images with true labels that a pruned network gets right, mean and standard error over seeds: "
    "1440 of scikit-learn's 8 x 8 digits, noise of variance .3 on pixels in [0, 1], drawn once; two 3 x 3 "
    "convolutions (8 and 16 channels) and a linear layer, 3784 weights pruned globally, biases trained. "
    "Much of the training accuracy generalises to noisy test images (right). IMP leads throughout. "
    "Magnitude pruning after one training leads over masks at initialisation where many weights are kept; "
    "SynFlow overtakes it where few are. Averaged, which is ahead depends on the counts."
)
DECLARED = (
    Declared("network", "conv 8, conv 16 with step 2, linear; ReLU", ("deeper", "with pooling"), "ours"),
    Declared(
        "noise",
        "variance .3, drawn once",
        ("1 or 3: the dense network fits .60 or .45 within the budget",),
        "so that dense training fits .6 to .9 of the images; chosen once, before any pruning",
    ),
    Declared("training", "Adam 1e-3, batch 64, 20 epochs", ("until the loss settles",), "ours"),
    Declared("initialisation", "He normal, zero biases", ("PyTorch's default",), "ours"),
    Declared("images SNIP looks at", "10 a class", ("all",), "the default of public code"),
    Declared("iterative pruning", "floor(.8 K) kept a round, rewound", ("no rewinding",), "as elsewhere"),
)
STUDY = "robustlaw.studies.noisy_convolutions"
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Random", "Snip", "SynFlow")
MASKABLE = 3784
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 8, "full": 16}
WEIGHED: dict[Preset, tuple[int, ...]] = {
    "smoke": (3, 5),
    "quick": (4, 8, 12),
    "full": tuple(range(2, 19, 2)),
}


def study(preset: Preset) -> list[Grid]:
    seeds = range(SEEDS[preset])
    return [(STUDY, [config(method, seed, preset) for method in METHODS for seed in seeds])]


def config(method: str, seed: int, preset: Preset) -> dict[str, Any]:
    """One method and seed under the declared settings."""
    rounds = noisy.iterates(MASKABLE, max(WEIGHED[preset]))
    small = preset == "smoke"
    return {
        "method": method,
        "seed": seed,
        "counts": [rounds[number - 1] for number in WEIGHED[preset]],
        "rounds": list(rounds) if method == "IterativeMagnitude" else [],
        "train": 300 if small else 1440,
        "test": 357,
        "variance": 0.3,
        "epochs": 3 if small else 20,
        "synflow_rounds": 10 if small else 100,
    }


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    return noisy.tidy(rows, {"digits": MASKABLE}, stand_in=True)


def plot(table: pl.DataFrame) -> Figure:
    figure, (left, right) = sheet(PAGE, 2.7, columns=2)
    ticks = [t for t in (2000, 1000, 500, 250, 120) if table["kept"].min() <= t <= table["kept"].max()]  # type: ignore[operator]
    for axes, column, name, mark in ((left, "train", "training", "a"), (right, "test", "test", "b")):
        noisy.panel(axes, table, column, METHODS, ticks)
        axes.set(xlabel=f"kept weights of {MASKABLE} (stand-in)", ylabel=f"{name} accuracy, stand-in digits")
        axes.axhline(0.1, color="0.6", linewidth=0.7)
        letter(axes, mark)
    right.set_ylim(left.get_ylim())
    figure.legend(*left.get_legend_handles_labels(), loc="outside upper center", ncols=5)
    return figure


def claims(table: pl.DataFrame) -> list[Claim]:
    moved = table.filter(pl.col("off_mask") != 0).height
    listed = noisy.claims(table, "1c/standin/", METHODS, "here")
    says = "after training every weight off the mask is exactly 0"
    return [*listed, Exact("1c/standin/off the mask", says, wrong=moved, cases=table.height)]
