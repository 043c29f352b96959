"""What the figures on lottery tickets on a data diet share: settings, cells, tables."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import polars as pl

from robustlaw.sweep import Row

from .correlations import at
from .sheets import Declared, Preset

BARRIERS, TICKETS = "robustlaw.studies.data_diet", "robustlaw.studies.ticket_overlap"
# settings were fixed on seeds 0 to 11, and the level of the trials on trials of seeds 100 to 109: no figure
# counts those
FIRST_SEED, FIRST_TRIAL = 100, 200
SEEDS: dict[Preset, int] = {"smoke": 2, "quick": 12, "full": 24}
TRIALS: dict[Preset, int] = {"smoke": 2, "quick": 32, "full": 128}
TRIAL_LEVELS = 2
STEPS: dict[Preset, tuple[int, ...]] = {
    "smoke": (0, 4, 15, 45),
    "quick": (0, 25, 100, 300),
    "full": (0, 25, 100, 300),
}
SUBSET_AT: dict[Preset, int] = {"smoke": 8, "quick": 50, "full": 50}
LEVELS: dict[Preset, int] = {"smoke": 3, "quick": 10, "full": 10}
SMALL: dict[str, Any] = {"n": 320, "steps": 75, "early": 10, "scored": 2}
DECLARED = (
    Declared("networks", "20-64-64-10, 6016 weights", ("three hidden layers of 48",), "toy: 6000 weights"),
    Declared(
        "descent", "momentum .9, batches of 32, rate .3 falling in a line to 0", ("batches of 80",), "ours"
    ),
    Declared("clusters", "centres N(0, .49 Id), each N(centre, Id)", ("wider",), "ours: test error near .29"),
    Declared(
        "children",
        "four; they go on from step t of the schedule",
        ("a whole schedule anew",),
        "rewinding's rule",
    ),
    Declared("statistics", "anew from all training data at every point", ("running means",), "ours"),
    Declared("subsets", "step 50, a quarter of the data", ("step 100",), "ours: read 1.6 times by then"),
    Declared("EL2N", "5 runs of 50 steps", ("other runs",), "ours"),
    Declared("fresh data", "the same clusters, new samples", (), "ours"),
)
OWN, FRESH = "abf", "ce"


def seeds(preset: Preset) -> range:
    return range(FIRST_SEED, FIRST_SEED + SEEDS[preset])


def cell(preset: Preset, seed: int, **more: Any) -> dict[str, Any]:
    """One seed under the declared settings; those are the study's own."""
    return {"seed": seed, **(SMALL if preset == "smoke" else {}), **more}


def ticket_cells(preset: Preset) -> list[dict[str, Any]]:
    """Tickets from every rewind point. After 300 steps little is left to differ in: more runs are made."""
    steps = STEPS[preset]
    runs = {step: ["a", "b", "c"] for step in steps} | {steps[-1]: ["a", "b", "c", "e", "f"]}
    return [
        cell(preset, seed, step=step, levels=LEVELS[preset], runs=runs[step], linked=step in steps[::2])
        for step in steps
        for seed in seeds(preset)
    ]


def ticket_lines(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """One line a seed, step and level, of runs that have their own data before them."""
    lines = []
    for row in rows:
        if row.study != "ticket_overlap" or "a" not in row.config["runs"]:
            continue
        for number, level in enumerate((row.result or {})["levels"]):
            pairs = {frozenset(name): v for name, v in level.items() if len(name) == 2}
            runs = row.config["runs"]
            same = [v for pair, v in pairs.items() if pair <= set(OWN)]
            fresh = [pairs[frozenset(p)] for p in product(set(runs) & set(OWN), set(runs) & set(FRESH))]
            line = level["line"]
            lines.append(
                {
                    "kind": "ticket",
                    "seed": row.config["seed"],
                    "step": row.config["step"],
                    "level": number,
                    "kept": level["kept"],
                    "weights": (row.result or {})["weights"],
                    "same": float(np.mean(same)),
                    "fresh": float(np.mean(fresh)),
                    "error": level["error"],
                    "from_error": line[0] if len(line) > 1 else None,
                    "line_error": max(line) if len(line) > 1 else None,
                }
            )
    return lines


def over_seeds(table: pl.DataFrame, value: str, **where: Any) -> np.ndarray:
    """A column over seeds, in their order, where others have these values."""
    return at(table, value, **where).to_numpy().astype(float)
