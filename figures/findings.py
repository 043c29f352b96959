"""Findings: what a publication says and a toy does not show, told without a condition to pass.

A finding is a row of a figure's table, of kind "finding": the sentence, and what the seeds say of it. It is
drawn with the figure and judged by nobody; a sentence that has to hold is a claim.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import polars as pl

from robustlaw.evidence import Verdict

from .claims import Paired, judge

WORDS = {
    Verdict.HOLDS: "found here",
    Verdict.VIOLATED: "the opposite is found here",
    Verdict.INCONCLUSIVE: "within noise here",
    Verdict.NOT_APPLICABLE: "not looked at",
}


def finding(
    name: str, says: str, differences: Sequence[float] | np.ndarray, quantity: str = ""
) -> dict[str, Any]:
    """A row for a sentence that is true in a seed where its difference is above 0 (level .05 for it alone).

    quantity : names the difference, where its median is worth telling
    """
    values = np.asarray(differences, dtype=float)
    (judged,) = judge([Paired(name, says, "paper", differences=values)])
    return {
        "kind": "finding",
        "name": name,
        "says": says,
        "verdict": WORDS[judged.evidence.verdict],
        "above": int((values > 0.0).sum()),
        "seeds": len(values),
        "median": judged.effect,
        "quantity": quantity,
    }


def told(table: pl.DataFrame) -> list[str]:
    """One line of text a finding."""
    rows = table.filter(pl.col("kind") == "finding")
    return [_line(row) for row in rows.iter_rows(named=True)]


def _line(row: dict[str, Any]) -> str:
    size = f"; {row['quantity']} {row['median']:+.3f}" if row["quantity"] else ""
    return f"{row['says']}: {row['verdict']} ({row['above']} of {row['seeds']} seeds{size})"
