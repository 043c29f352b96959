"""Published curves, digitised from vector figures: readings, not the authors' data files."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl

FOLDER = Path(__file__).parent / "data"


@cache
def published(panel: str) -> pl.DataFrame:
    """The readings of a panel of Kumar, Luo & Sellke, arXiv 2402.01089v1: "1a", "2a", "2b" or "4_left"."""
    return pl.read_csv(
        FOLDER / f"published_{panel}.csv", comment_prefix="#", schema_overrides={"series": pl.String}
    )
