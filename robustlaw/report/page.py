"""The report: one self-contained HTML page, no request to anywhere."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from ..evidence import Verdict
from ..laws import (
    DescriptionLength,
    MemorisationConverse,
    SparsePrinted,
    SparseRepaired,
    SparseSharp,
    UniversalPrinted,
)
from ..sweep import Row
from .charts import headline, ladder
from .findings import LADDER, Group, Summary
from .text import cell, ladder_groups, rung, sentences, slack

STATEMENTS = (
    UniversalPrinted,
    SparsePrinted,
    SparseRepaired,
    SparseSharp,
    DescriptionLength,
    MemorisationConverse,
)


def render(summary: Summary, rows: Sequence[Row], title: str, command: str) -> str:
    """The page as HTML text."""
    loader = Environment(
        loader=PackageLoader("robustlaw.report", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loader.filters["breakable"] = breakable
    return loader.get_template("report.html").render(
        title=title,
        command=command,
        sentences=sentences(summary),
        falsified=[_falsified(wrong, true) for wrong, true in summary.falsified],
        headline=headline(summary.found),
        ladder=ladder(summary.found),
        ladder_head=LADDER,
        ladder_rows=_ladder_rows(summary),
        matrix_head=list(dict.fromkeys(g.law for g in summary.methods)),
        matrix_rows=_matrix_rows(summary.methods),
        statements=[_statement(law) for law in STATEMENTS],
        networks=_networks(summary),
        failures=[_failure(row) for row in rows if row.failure is not None],
        provenance=_provenance(rows),
    )


def breakable(name: str) -> str:
    """A name in camel case that a narrow column may break between words."""
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "\u200b", name)


def _falsified(wrong: Group, true: Group) -> dict[str, str]:
    return {
        "networks": wrong.group,
        "violated": f"{wrong.count(Verdict.VIOLATED)} of {wrong.applicable}",
        "wrong_slack": slack(wrong),
        "holds": f"{true.count(Verdict.HOLDS)} of {true.applicable}",
        "true_slack": slack(true),
    }


def _ladder_rows(summary: Summary) -> list[tuple[str, list[str]]]:
    names = dict.fromkeys(g.group for g in summary.settings)
    return [(n, [rung(summary, g) for g in ladder_groups(summary.settings, n)]) for n in names]


def _matrix_rows(groups: Sequence[Group]) -> list[tuple[str, list[str]]]:
    methods = dict.fromkeys(g.group for g in groups)
    return [(name, [cell(g) for g in groups if g.group == name]) for name in methods]


def _statement(law: type) -> tuple[str, str, str]:
    text = (law.__doc__ or "").strip().split("\n\n")
    return law.__name__, str(law.provenance), text[0]  # type: ignore[attr-defined]


def _networks(summary: Summary) -> list[dict[str, Any]]:
    """One block a network: what it is, and every law's evidence in words."""
    blocks: dict[int, dict[str, Any]] = {}
    for f in summary.found:
        told = "" if f.collapse is None else str(f.collapse)
        new = {"name": f.network, "kept": f.result["kept"], "collapse": told, "laws": []}
        block = blocks.setdefault(id(f.result), new)
        wrong = " (wrong ledger, must fail)" if "without" in f.evidence.law else ""
        block["laws"].append(
            {
                "law": f.evidence.law + wrong,
                "verdict": str(f.evidence.verdict),
                "text": str(f.evidence),
                "hypotheses": [h.sentence for h in f.evidence.hypotheses],
                "ledger": f.evidence.details.get("ledger", ""),
            }
        )
    return list(blocks.values())


def _failure(row: Row) -> dict[str, str]:
    assert row.failure is not None
    return {"config": str(row.config), "error": row.failure.message, "traceback": row.failure.traceback}


def _provenance(rows: Sequence[Row]) -> Mapping[str, str]:
    """Where the numbers were made; several values are listed side by side."""
    values: dict[str, dict[str, None]] = {}
    for row in rows:
        for name, value in row.environment.items():
            values.setdefault(name, {})[str(value)] = None
    seconds = sum(row.seconds for row in rows)
    told = {name: ", ".join(found) for name, found in values.items()}
    return {**told, "computing time of all cells": f"{seconds:.0f} s"}
