"""The gallery: every figure that was made, with its caption and claims, on one page without network."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, select_autoescape

from .produce import MANIFEST
from .sensitivity import stored, summary
from .sheets import names

PAGE = "index.html"
_HERE = Path(__file__).parent
_AGREES = {True: "agrees", False: "does not agree", None: "undecided"}


def write_gallery(out: Path) -> Path:
    """Write out/index.html from the manifests that are there."""
    made = [_figure(out, name) for name in names() if (out / name / MANIFEST).exists()]
    loader = Environment(loader=FileSystemLoader(_HERE), autoescape=select_autoescape())
    text = loader.get_template("gallery.html.jinja").render(figures=made)
    draft = out / f".{PAGE}.new"
    draft.write_text(text, encoding="utf-8")
    return draft.replace(out / PAGE)


def _figure(out: Path, name: str) -> dict[str, Any]:
    folder = out / name
    told: dict[str, Any] = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
    picture = base64.b64encode((folder / "figure.png").read_bytes()).decode()
    varied = _varied(name, out)
    claims = [
        {**claim, "word": _AGREES[claim["agrees"]], "varied": varied.get(claim["name"])}
        for claim in told["claims"]
        if not claim["mutant"]
    ]
    killed = sum(claim["agrees"] is True for claim in told["claims"] if claim["mutant"])
    mutants = sum(claim["mutant"] for claim in told["claims"])
    return {**told, "picture": picture, "claims": claims, "killed": killed, "mutants": mutants}


def _varied(name: str, out: Path) -> dict[str, str]:
    """For each claim, in how many alternatives of the open settings it is found."""
    found = stored(name, out)
    if found is None:
        return {}
    words = {}
    for row in summary(found).iter_rows(named=True):
        lost = f": setting-dependent (not with {row['not found for']})" if row["not found for"] else ""
        words[row["name"]] = f"{row['holds in']} of {row['of']}{lost}"
    return words
