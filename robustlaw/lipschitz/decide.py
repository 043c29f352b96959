"""Is Lip(f) at least b?  As little work as the answer needs."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from enum import StrEnum

from ..errors import InvalidArgument
from ..evidence import Bracket
from ..networks import Network
from .ends import bracket
from .exact import close


class Answer(StrEnum):
    """What is certain about `Lip(f) >= b`."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    UNDECIDED = "UNDECIDED"


@dataclass(frozen=True)
class Decision:
    """The answer, and the bracket it rests on (witness if proved, certificate if refuted).

    threshold : b as an interval; a plain number has equal ends
    """

    answer: Answer
    lipschitz: Bracket
    threshold: Bracket

    @property
    def margin_below(self) -> float:
        """Certified lower end minus the threshold's upper end: not negative if proved."""
        return self.lipschitz.lower - self.threshold.upper

    @property
    def margin_above(self) -> float:
        """Threshold's lower end minus the certified upper end: positive if refuted."""
        return self.threshold.lower - self.lipschitz.upper

    def __str__(self) -> str:
        return f"Lip >= {self.threshold}: {self.answer}; Lip in {self.lipschitz}"


def decide(net: Network, threshold: float | Bracket, *, seconds: float = 60.0, seed: int = 0) -> Decision:
    """Decide Lip(f) >= b, l2 to l2, by the first rung that can.

    PROVED iff a certified gradient attains b's upper end; REFUTED iff a certified upper end is
    below b's lower end; otherwise UNDECIDED. A tie is undecided unless it is attained.
    threshold : b >= 0, a number or an enclosure
    seconds   : for the exact rung, which searches depth first and stops at the first answer
    Raises InvalidArgument for a negative or undefined threshold.
    """
    b = threshold if isinstance(threshold, Bracket) else _number(threshold)
    if not b.lower >= 0.0:
        raise InvalidArgument("threshold", (b.lower, b.upper), "a Lipschitz constant is never negative")
    if not 0.0 <= seconds < math.inf:
        raise InvalidArgument("seconds", seconds, "give a finite number that is not negative")
    deadline = time.monotonic() + seconds
    known = None
    for effort in ("fast", "tight"):
        found = bracket(net, effort, seed=seed)
        known = found if known is None else known.intersect(found)
        decision = Decision(_answer(known, b), known, b)
        if decision.answer is not Answer.UNDECIDED:
            return decision
    assert known is not None
    left = max(0.0, deadline - time.monotonic())
    known = close(net, known, 0.0, left, threshold=(b.lower, b.upper))
    return Decision(_answer(known, b), known, b)


def _answer(found: Bracket, b: Bracket) -> Answer:
    if found.lower >= b.upper:
        return Answer.PROVED
    return Answer.REFUTED if found.upper < b.lower else Answer.UNDECIDED


def _number(threshold: float) -> Bracket:
    if not math.isfinite(threshold):
        raise InvalidArgument("threshold", threshold, "give a finite number or a bracket")
    return Bracket.exact(float(threshold), "threshold")
