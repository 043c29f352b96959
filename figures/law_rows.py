"""Rows of the law study, shared by the figures that draw them.

The study and its findings load torch, so they are imported by the functions that compute, never by
those that draw.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import polars as pl

from robustlaw.sweep import Row

from .sheets import Declared, Grid, Preset

METHODS = (
    "Dense",
    "Random",
    "ErdosRenyi",
    "MagnitudeAtInit",
    "SynFlow",
    "Snip",
    "Grasp",
    "MagnitudeAfterTraining",
    "IterativeMagnitude",
    "EdgePopup",
)
SEEDS: dict[Preset, int] = {"smoke": 1, "quick": 8, "full": 8}
DECLARED = (
    Declared(
        "training",
        "low-slack recipe: small initial weights, 1 or 2 bits, Lipschitz penalty, decay",
        ("ordinary training",),
        "ours: the law is about all networks, and these come nearest to it",
    ),
    Declared("delta", "0.05", (), "ours"),
)


def study(preset: Preset) -> list[Grid]:
    from robustlaw.studies.presets import Choices
    from robustlaw.studies.presets import preset as grids

    return grids(preset, Choices(methods=METHODS, seeds=SEEDS[preset]))


def tidy(rows: Sequence[Row]) -> pl.DataFrame:
    """One line a network and law."""
    from robustlaw.report.findings import findings

    lines: list[dict[str, Any]] = []
    for f in findings(rows):
        e = f.evidence
        applicable = e.measured is not None and e.theory is not None
        lines.append(
            {
                "setting": f.setting,
                "method": f.method,
                "density": f.density,
                "seed": f.seed,
                "law": e.law,
                "verdict": str(e.verdict),
                "lower": e.measured.lower if applicable and e.measured else None,
                "upper": e.measured.upper if applicable and e.measured else None,
                "bound": e.theory.upper if applicable and e.theory else None,
                "slack": e.slack,
                "vacuous": e.vacuous,
                "correlation": e.details.get("correlation"),
                "p_eff": e.details.get("p_eff"),
                "kept": f.result["kept"],
                "failed": "; ".join(h.name for h in e.hypotheses if h.holds is False),
            }
        )
    keys = ("setting", "method", "density", "seed", "law")
    return pl.DataFrame(lines, infer_schema_length=None).sort(*keys)


def normalised(table: pl.DataFrame, law: str) -> pl.DataFrame:
    """The networks a law speaks of: x = n/(v rho (p_eff + confidence)), and both ends of Lip/C over it.

    The law is y >= sqrt(x/2), so x is read off the bound itself: 2 (bound/C)^2.
    """
    own = table.filter(pl.col("law") == law, pl.col("bound") > 0.0, pl.col("correlation") > 0.0)
    c = pl.col("correlation")
    return own.with_columns(
        (2.0 * (pl.col("bound") / c) ** 2).alias("x"),
        (pl.col("lower") / c).alias("low"),
        (pl.col("upper") / c).alias("high"),
    )
