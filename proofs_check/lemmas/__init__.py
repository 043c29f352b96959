"""Every lemma: each module of this folder names its own in LEMMAS."""

from __future__ import annotations

import pkgutil
from functools import cache
from importlib import import_module

from ..kernel.lemma import Lemma


class NameTaken(ValueError):
    """Two lemmas have one name."""


@cache
def catalogue() -> dict[str, Lemma]:
    """All lemmas by name, in the order of their modules. Raises NameTaken."""
    found: dict[str, Lemma] = {}
    for module in sorted(m.name for m in pkgutil.iter_modules(__path__)):
        for lemma in import_module(f"{__name__}.{module}").LEMMAS:
            if lemma.name in found:
                raise NameTaken(f"{module} names a second lemma {lemma.name!r}")
            found[lemma.name] = lemma
    return found
