"""What is asked of a lemma before any engine sees it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import sympy as sp

from ..engines.meanings import families_in, means_in
from .defined import ambiguous, objection
from .terms import ForAll, InexactNumber

if TYPE_CHECKING:
    from .lemma import Lemma


class IllFormed(ValueError):
    """A lemma that the kernel does not take."""


def inspect(lemma: Lemma) -> None:
    """Raises InexactNumber or IllFormed."""
    for reason in _reasons(lemma):
        raise IllFormed(f"{lemma.name}: {reason}")


def _reasons(lemma: Lemma) -> Iterator[str]:
    if not lemma.statement or not lemma.steps:
        yield "a lemma states something and has steps"
    relations = list(_relations(lemma))
    for relation in relations:
        if isinstance(relation, sp.Basic) and relation.has(sp.Float):
            raise InexactNumber(f"{lemma.name}: {relation} holds a float")
        if reason := objection(relation):
            yield reason
    if name := ambiguous(relations):
        yield f"two different symbols are called {name}"
    yield from _steps(lemma)
    yield from _meanings(lemma)


def _relations(lemma: Lemma) -> Iterator[Any]:
    for claim in (*lemma.statement, *(s.claim for s in lemma.steps), *lemma.conditions()):
        yield from (claim.claim, *claim.where) if isinstance(claim, ForAll) else (claim,)


def _steps(lemma: Lemma) -> Iterator[str]:
    earlier: set[str] = set()
    for step in lemma.steps:
        if step.name in earlier:
            yield f"two steps are called {step.name!r}"
        if step.uses is not None and (unknown := set(step.uses) - earlier):
            yield f"step {step.name!r} uses {sorted(unknown)}, of which no earlier step is called so"
        earlier.add(step.name)


def _meanings(lemma: Lemma) -> Iterator[str]:
    """A name is the mean of one thing, and stands for the cases of one family, in used lemmas too."""
    means: dict[Any, Any] = {}
    for name, term in means_in(lemma):
        if means.setdefault(name, term) != term:
            yield f"{name} is the mean of {means[name]} and of {term}"
    families: dict[Any, Any] = {}
    for name, family in families_in(lemma):
        if families.setdefault(name, family) != family:
            yield f"{name} stands for the cases of two families"
