"""One declared setting at a time: which claims of a figure survive which alternative.

A module may offer VARIANTS, a tuple of (declared setting, alternative, changes to every config), and
`deviations(table)`, distances from a published curve by name. Rows go to the same store as the figure's.
"""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path

import polars as pl

from robustlaw.errors import InvalidArgument
from robustlaw.sweep import Progress, Status, run_sweeps

from .claims import judge
from .produce import STORE, asked, folder_for, write_whole
from .sheets import Preset, sheet_module

TABLE = "sensitivity.csv"
DEFAULT = "as declared"


def sensitivity(
    name: str,
    preset: Preset,
    out: Path,
    jobs: int = 2,
    progress: Callable[[Progress], None] | None = None,
    workers: Callable[[], Executor] | None = None,
    deadline: float | None = None,
) -> pl.DataFrame:
    """Judge the figure's claims under every alternative; writes out/name/sensitivity.csv.

    jobs, workers, deadline : as run_sweep has them
    One line an alternative and claim; `deviation` is the mean distance from the published curves.
    Raises UnknownName, InvalidArgument for a figure without alternatives, and what a sweep raises.
    """
    module = sheet_module(name)
    if not hasattr(module, "VARIANTS"):
        raise InvalidArgument("figure", name, "it declares no alternatives that can be run")
    folder = folder_for(out / name)
    lines = []
    for setting, alternative, changes in (("", DEFAULT, {}), *module.VARIANTS):
        grids = [(study, [{**c, **changes} for c in configs]) for study, configs in module.study(preset)]
        rows = run_sweeps(grids, out / STORE, jobs, workers, progress, deadline)
        table = module.tidy([row for row in rows if row.status is Status.OK])
        distance = module.deviations(table).get("all") if hasattr(module, "deviations") else None
        for j in judge(module.claims(table)):
            told = {"setting": setting, "alternative": alternative, "deviation": distance, **j.plain()}
            lines.append(told)
    found = pl.DataFrame(lines, infer_schema_length=None).with_columns(
        preset=pl.lit(preset), asked=pl.lit(asked(module, preset))
    )
    write_whole(folder / TABLE, found.write_csv().encode())
    return found


def summary(found: pl.DataFrame) -> pl.DataFrame:
    """For each claim that is no mutant: in how many alternatives it is found, and where it is not."""
    own = found.filter(~pl.col("mutant"))
    missing = pl.col("alternative").filter(pl.col("agrees").ne_missing(True))
    return own.group_by("name", maintain_order=True).agg(
        pl.col("claim").first(),
        pl.col("agrees").eq_missing(True).sum().alias("holds in"),
        pl.len().alias("of"),
        missing.str.join("; ").alias("not found for"),
    )


def stored(name: str, out: Path) -> pl.DataFrame | None:
    """The table that `sensitivity` wrote, if it was made by the figure as it is now."""
    path = out / name / TABLE
    if not path.exists():
        return None
    found = pl.read_csv(path, infer_schema_length=None)
    same = "asked" in found.columns and found["asked"][0] == asked(sheet_module(name), found["preset"][0])
    return found if same else None
