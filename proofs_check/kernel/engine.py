"""What every engine is: it decides one claim from premises."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sympy.core.relational import Relational

from .verdicts import Outcome, Verdict, inconclusive


@dataclass(frozen=True)
class Engine(ABC):
    """A way to prove. PROVED must mean that the premises imply the claim, whatever the claim."""

    @property
    def name(self) -> str:
        return type(self).__name__.lower()

    @abstractmethod
    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        """PROVED only if the claim follows from the premises for all real values of the symbols."""

    def parts(self) -> Iterator[Engine]:
        """The engines that this one calls."""
        return iter(())

    def walk(self) -> Iterator[Engine]:
        """This engine and all below it."""
        yield self
        for part in self.parts():
            yield from part.walk()


def all_proved(parts: Sequence[tuple[str, Outcome]], words: str) -> Outcome:
    """PROVED if every part is; otherwise the first part that is not, named. Citations add up."""
    for label, outcome in parts:
        if outcome.verdict.rank > Verdict.CITED.rank:
            # a false part does not make the whole false
            return inconclusive(f"{label}: {outcome.words}")
    modulo = tuple(dict.fromkeys(source for _, outcome in parts for source in outcome.modulo))
    return Outcome(Verdict.CITED if modulo else Verdict.PROVED, words, modulo=modulo)
