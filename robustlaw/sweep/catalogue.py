"""Which module a stored study comes from: a store keeps the study's name alone."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from .. import studies
from ..errors import InvalidArgument

_NAME = re.compile(r'^NAME = "(\w+)"$', re.MULTILINE)


@cache
def studies_by_name() -> dict[str, str]:
    """Module paths of the studies in robustlaw.studies, by NAME. Nothing is imported: that takes seconds."""
    found = {}
    for source in sorted(Path(studies.__path__[0]).glob("*.py")):
        for name in _NAME.findall(source.read_text(encoding="utf-8")):
            found[name] = f"{studies.__name__}.{source.stem}"
    return found


def module_of(study: str) -> str:
    """The module path of a study. Raises InvalidArgument if it is none of robustlaw's own."""
    known = studies_by_name()
    if study not in known:
        raise InvalidArgument(
            "study",
            study,
            f"no module of {studies.__name__} has this NAME, and a store keeps no path: give the path of the "
            f"study's module (known by name: {', '.join(known)})",
        )
    return known[study]
