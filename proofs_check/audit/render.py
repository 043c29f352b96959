"""The audit as text, Markdown or JSON."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

from .check import Audit, DefectFound, NumberFound
from .defects import PAPER, VERSION

NOTE = (
    f"Audited: {PAPER}, {VERSION}. Numbering and text are those of {VERSION}; later versions may differ. "
    "What is refuted is a formula, this project's reading of the printed step."
)
HEADINGS = ("printed step", "where", "verdict", "repaired by", "verdict of the repair")
NUMBER_HEADINGS = ("constant", "means", "enough", "best", "slack")


def as_text(found: Audit) -> str:
    """Findings in paragraphs, for a terminal."""
    parts = [textwrap.fill(NOTE, 100), ""]
    for f in found.defects:
        parts += [f"{f.printed.verdict}  {f.defect.name} ({f.defect.where})"]
        parts += [_indented(f"printed: {f.defect.prints}"), _indented(f"witness: {_witness(f)}")]
        parts += [_indented(f.defect.says)]
        parts += [_indented(f"{c.verdict}: {c.lemma.name}") for c in f.repairs]
        parts += [""]
    for number in found.numbers:
        parts += ["  ".join(_number(number))]
    parts += ["", _conclusion(found)]
    return "\n".join(parts)


def as_markdown(found: Audit) -> str:
    """Two tables."""
    rows = [
        (
            f"**{f.defect.name}**: {f.defect.prints}. {f.defect.says}",
            f.defect.where,
            str(f.printed.verdict),
            "; ".join(c.lemma.name for c in f.repairs),
            "; ".join(str(c.verdict) for c in f.repairs),
        )
        for f in found.defects
    ]
    numbers = [_number(n) for n in found.numbers]
    parts = [NOTE, "", *_table(HEADINGS, rows), "", *_table(NUMBER_HEADINGS, numbers), "", _conclusion(found)]
    return "\n".join(parts)


def as_json(found: Audit) -> str:
    """Everything, for programs."""
    defects = [
        {
            "name": f.defect.name,
            "where": f.defect.where,
            "prints": f.defect.prints,
            "formula": str(f.defect.printed),
            "hypotheses": {name: str(h) for name, h in f.defect.hypotheses.items()},
            "verdict": str(f.printed.verdict),
            "witness": dict(f.printed.witness),
            "shows": f.defect.shows,
            "says": f.defect.says,
            "repairs": {c.lemma.name: str(c.verdict) for c in f.repairs},
            "modulo": sorted({m for c in f.repairs for m in c.modulo}),
        }
        for f in found.defects
    ]
    numbers = [dict(zip(NUMBER_HEADINGS, _number(n), strict=True)) for n in found.numbers]
    whole: dict[str, Any] = {
        "paper": PAPER,
        "version": VERSION,
        "note": NOTE,
        "stands": found.stands,
        "defects": defects,
        "constants": numbers,
    }
    return json.dumps(whole, indent=2)


def _witness(f: DefectFound) -> str:
    return f.defect.shows or ", ".join(f"{name} = {value}" for name, value in f.printed.witness.items())


def _number(n: NumberFound) -> tuple[str, str, str, str, str]:
    best = f"{_decimal(n.number.best):.4g} ({n.number.better})"
    return (n.number.name, n.number.means, str(n.lemma.verdict), best, f"{_decimal(n.number.slack):.3g}")


def _decimal(value: Fraction) -> Decimal:
    return Decimal(value.numerator) / Decimal(value.denominator)


def _conclusion(found: Audit) -> str:
    refuted = sum(f.stands for f in found.defects)
    enough = sum(n.stands for n in found.numbers)
    return (
        f"{refuted} of {len(found.defects)} printed steps are refuted and repaired; "
        f"{enough} of {len(found.numbers)} printed constants are proved to be enough."
    )


def _indented(text: str) -> str:
    return textwrap.fill(text, 100, initial_indent="    ", subsequent_indent="      ")


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [headings, ["---"] * len(headings), *rows]
    return ["| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines]
