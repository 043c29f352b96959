"""What checking a step, or a lemma, can conclude."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Verdict(StrEnum):
    """From strongest to weakest; a lemma is as weak as its weakest step."""

    PROVED = "PROVED"
    CITED = "CITED"
    INCONCLUSIVE = "INCONCLUSIVE"
    REFUTED = "REFUTED"

    @property
    def rank(self) -> int:
        return list(Verdict).index(self)


@dataclass(frozen=True)
class Outcome:
    """The verdict of one engine on one claim.

    words   : why, in a sentence
    witness : for REFUTED, an exact point (or table) at which the hypotheses hold and the claim is false
    modulo  : what is taken from the literature
    """

    verdict: Verdict
    words: str
    witness: Mapping[str, str] = field(default_factory=dict)
    modulo: tuple[str, ...] = ()


def proved(words: str) -> Outcome:
    return Outcome(Verdict.PROVED, words)


def inconclusive(words: str) -> Outcome:
    return Outcome(Verdict.INCONCLUSIVE, words)


def refuted(words: str, witness: Mapping[object, object]) -> Outcome:
    return Outcome(Verdict.REFUTED, words, {str(k): str(v) for k, v in witness.items()})


def weakest(verdicts: Iterable[Verdict]) -> Verdict:
    """The weakest of them; PROVED if there are none."""
    return max(verdicts, key=lambda v: v.rank, default=Verdict.PROVED)
