"""Rows of the figure on pruning and generalisation: which networks it asks for, and its table."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import polars as pl

from robustlaw.sweep import Row

from .sheets import Grid, Preset

ERRORS, LAWS = "robustlaw.studies.two_patches", "robustlaw.studies.two_patches_laws"
CLASSES, NEURONS, DIM, SAMPLES, KEPT = 2, 12, 400, 40, 484
SPARSEST, SPARSE, INSIDE, DENSE = 0.01, 0.02, 0.3, 1.0
DENSITIES = (SPARSEST, SPARSE, 0.035, 0.05, 0.07, 0.1, 0.15, 0.2, 0.25, INSIDE, 0.35, 0.4, 0.5, 0.7, DENSE)
EDGES = (4.0, 2.0, 1.4, 1.0, 0.7, 0.5, 0.25)
ARMS = ("removed", "random", "placed")
DELTA = 0.1
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 40, "full": 160}
THREE_SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 160, "full": 480}
EQUAL: dict[Preset, int] = {"smoke": 3, "quick": 200, "full": 640}
EDGE_SEEDS: dict[Preset, int] = {"smoke": 1, "quick": 20, "full": 60}
LAW_SEEDS: dict[Preset, int] = {"smoke": 1, "quick": 12, "full": 40}


def study(preset: Preset) -> list[Grid]:
    from robustlaw.data.two_patches import TwoPatches
    from robustlaw.pruning.signal_window import critical_noise

    critical = critical_noise(TwoPatches(CLASSES, DIM), SAMPLES)
    curve = DENSITIES if preset != "smoke" else (SPARSE, INSIDE, DENSE)
    shape: list[dict[str, Any]] = [
        {"mask": "bernoulli", "seed": s, "density": p}
        for p in curve
        for s in range((THREE_SEEDS if p in (SPARSE, INSIDE, DENSE) else SEEDS)[preset])
    ]
    edge = [
        {"mask": "bernoulli", "seed": s, "density": DENSE, "noise": critical / math.sqrt(p)}
        for s in range(EDGE_SEEDS[preset])
        for p in (EDGES if preset != "smoke" else (2.0, 1.0, 0.5))
    ]
    equal = [{"mask": arm, "seed": s, "kept": KEPT} for s in range(EQUAL[preset]) for arm in ARMS]
    laws = [{"mask": arm, "seed": s, "kept": KEPT} for s in range(LAW_SEEDS[preset]) for arm in ARMS]
    return [(ERRORS, shape), (ERRORS, edge), (ERRORS, equal), (LAWS, laws)]


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """Lines of kind "curve", "edge" and "equal", a network each, "law", a verdict, and "window", its ends."""
    lines = [line for row in rows for line in _lines(row)]
    order = ("kind", "mask", "density", "seed", "law", "labels")
    return pl.DataFrame([*lines, _window()], infer_schema_length=None).sort(*order)


def _lines(row: Row) -> list[dict[str, Any]]:
    config, result = row.config, row.result or {}
    base = {"seed": config["seed"], "mask": config["mask"]}
    if "laws" in result:
        return [
            {"kind": "law", **base, "labels": labels, **verdict}
            for labels, key in (("flipped", "laws"), ("clean", "clean"))
            for verdict in result[key]
        ]
    kind = "equal" if "kept" in config else "edge" if "noise" in config else "curve"
    numbers = {name: v for name, v in result.items() if name != "signal_neurons"}
    line = {"kind": kind, **base, "density": config.get("density"), **numbers}
    return [{**line, "edge": _edge(config["noise"])} if kind == "edge" else line]


def _edge(noise: float) -> float:
    from robustlaw.data.two_patches import TwoPatches
    from robustlaw.pruning.signal_window import outrunning_density

    return round(outrunning_density(TwoPatches(CLASSES, DIM, noise=noise), SAMPLES), 6)


def _window() -> dict[str, Any]:
    from robustlaw.data.two_patches import TwoPatches
    from robustlaw.pruning.signal_window import covering_density, outrunning_density

    return {
        "kind": "window",
        "low": covering_density(NEURONS, CLASSES, DELTA),
        "high": outrunning_density(TwoPatches(CLASSES, DIM), SAMPLES),
    }
