"""What every engine is: it decides one claim from premises."""

from __future__ import annotations

import functools
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sympy.core.relational import Relational

from .defined import objection
from .polynomials import undefined
from .terms import ForAll
from .verdicts import Outcome, Verdict, inconclusive


@dataclass(frozen=True)
class Engine(ABC):
    """A way to prove. PROVED must mean that the premises imply the claim, whatever the claim.

    What is asked of every engine is not left to its author: `decide` of each subclass is wrapped so
    that it meets well-formed claims only, gets statements for all values only if it takes instances
    of them, and proves a claim only where both sides are defined.
    """

    general: ClassVar[bool] = False  # takes instances of statements for all values

    def __init_subclass__(cls, **options: Any) -> None:
        super().__init_subclass__(**options)
        if "decide" in cls.__dict__:
            cls.decide = _guarded(cls.decide)  # type: ignore[method-assign]

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @abstractmethod
    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        """PROVED only if the claim follows from the premises for all real values of the symbols."""

    def undefined(self, claim: Relational, premises: Sequence[Any]) -> str | None:
        """Why a proved claim might have sides that are not defined; None if they are shown to be."""
        return undefined(claim, premises)

    def parts(self) -> Iterator[Engine]:
        """The engines that this one calls."""
        return iter(())

    def walk(self) -> Iterator[Engine]:
        """This engine and all below it."""
        yield self
        for part in self.parts():
            yield from part.walk()


def _guarded(decide: Callable[..., Outcome]) -> Callable[..., Outcome]:
    @functools.wraps(decide)
    def guarded(self: Engine, claim: Relational, premises: Sequence[Any]) -> Outcome:
        if reason := objection(claim):
            return inconclusive(reason)
        if not any(e.general for e in self.walk()):
            premises = [p for p in premises if not isinstance(p, ForAll)]
        outcome = decide(self, claim, premises)
        if outcome.verdict.rank > Verdict.CITED.rank:
            return outcome
        reason = self.undefined(claim, premises)
        return outcome if reason is None else inconclusive(reason)

    return guarded


def all_proved(parts: Sequence[tuple[str, Outcome]], words: str) -> Outcome:
    """PROVED if every part is; otherwise the first part that is not, named. Citations add up."""
    for label, outcome in parts:
        if outcome.verdict.rank > Verdict.CITED.rank:
            # a false part does not make the whole false
            return inconclusive(f"{label}: {outcome.words}")
    modulo = tuple(dict.fromkeys(source for _, outcome in parts for source in outcome.modulo))
    return Outcome(Verdict.CITED if modulo else Verdict.PROVED, words, modulo=modulo)
