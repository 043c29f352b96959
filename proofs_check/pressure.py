"""A second line of attack: hypothesis drives the two sides of every inequality towards each other.

It shares nothing with the engines but ball arithmetic. The tightness that it reaches tells how
sharp a constant is; a ratio above 1, certified at an exact point, refutes the lemma.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
from flint import arb
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from robustlaw.errors import MissingCapability

from .engines.shannon import is_entropy
from .kernel.balls import NoEnclosure, enclosed, holds_at, precision
from .kernel.lemma import Lemma
from .kernel.points import bounds_of, definitions, put_defined
from .kernel.spot import no_points
from .kernel.terms import assumed, exact, gap, is_equation, is_inequality, is_strict, symbols_of

EXAMPLES = 150
BITS = 128
FINE_BITS = 1024
FINEST = 64  # denominators of the points
WIDE = Fraction(20)  # how far a coordinate without an end is drawn
DOUBT = 1e-9  # sides so close, or crossed, are compared again with more bits


@dataclass(frozen=True)
class Pressure:
    """How close the two sides of one inequality came.

    ratio : the largest smaller side / larger side that was found, None if no point was compared
    point : where
    tried : points that met the hypotheses
    why   : why no ratio was found; empty if one was
    """

    claim: str
    ratio: float | None = None
    point: Mapping[str, str] = field(default_factory=dict)
    tried: int = 0
    refuted: bool = False
    why: str = ""


def press(lemma: Lemma, examples: int = EXAMPLES) -> tuple[Pressure, ...]:
    """The tightness of each inequality of the lemma. Raises MissingCapability without hypothesis."""
    reason = no_points(lemma)
    if reason is None and any(map(is_entropy, symbols_of([*lemma.statement, *lemma.conditions()]))):
        reason = "it speaks of entropies"
    return tuple(
        Pressure(str(claim), why=why)
        if (why := reason or _unfit(claim))
        else _Search(lemma, claim).best(examples)
        for claim in lemma.statement
    )


def _unfit(claim: Relational) -> str | None:
    if not is_inequality(claim):
        return "it is an equation"
    if claim.has(AppliedUndef):
        return "it speaks of an unknown function"
    return None if claim.free_symbols else "it compares constants"


class _Search:
    """One claim under attack; keeps the tightest point that it meets."""

    def __init__(self, lemma: Lemma, claim: Relational) -> None:
        self.claim, self.premises = claim, list(lemma.conditions())
        rising = isinstance(claim, (sp.Le, sp.Lt))
        self.small, self.large = (claim.lhs, claim.rhs) if rising else (claim.rhs, claim.lhs)
        self.given = definitions(self.premises)
        every = sorted(symbols_of([claim, *self.premises]), key=str)
        self.symbols = [s for s in every if s not in self.given]
        self.needed = [*assumed(every), *self.premises]
        self.bounds = {**bounds_of(self.needed), **lemma.ranges}
        self.found: Pressure = Pressure(str(claim))
        self.tried = 0

    def best(self, examples: int) -> Pressure:
        try:
            import hypothesis
            from hypothesis import strategies
            from hypothesis.errors import Unsatisfiable
        except ModuleNotFoundError as error:
            raise MissingCapability("--attack needs hypothesis: pip install 'robustlaw[dev]'") from error
        draws = strategies.fixed_dictionaries({s: self._coordinate(strategies, s) for s in self.symbols})

        @hypothesis.settings(
            max_examples=examples,
            database=None,
            deadline=None,
            derandomize=True,
            phases=[hypothesis.Phase.generate, hypothesis.Phase.target],
            suppress_health_check=list(hypothesis.HealthCheck),
        )
        @hypothesis.given(draws)
        def climb(point: dict[Any, Fraction]) -> None:
            ratio = self._ratio(put_defined(point, self.given))
            if ratio is None:
                hypothesis.reject()
            hypothesis.target(ratio)

        try:
            climb()
        except Unsatisfiable:
            return Pressure(str(self.claim), why="no point meets the hypotheses")
        why = "" if self.tried else "no point meets the hypotheses"
        found = self.found
        return Pressure(found.claim, found.ratio, found.point, self.tried, found.refuted, why)

    def _coordinate(self, strategies: Any, s: Any) -> Any:
        low, high = (None if e is None else Fraction(str(e)) for e in self.bounds.get(s, (None, None)))
        if low is None:
            low = -WIDE if high is None else high - WIDE
        high = low + 2 * WIDE if high is None else high
        if s.is_integer:
            return strategies.integers(-(-low // 1), high // 1).map(Fraction)
        # an open end is no point of the domain, and its neighbours are often the tightest
        near = strategies.integers(2, 10**4)
        steps = strategies.integers(0, FINEST) | near.map(lambda k: Fraction(FINEST, k))
        return steps.map(lambda k: low + (high - low) * Fraction(k) / FINEST)

    def _ratio(self, point: Mapping[Any, Any]) -> float | None:
        """The ratio at a point, kept if it is the largest; None where a hypothesis fails."""
        with precision(BITS):
            try:
                values = {s: enclosed(exact(v), {}) for s, v in point.items()}
                if not all(_true(p, values) or holds_at(p, point) for p in self.needed):
                    return None
                small, large = (enclosed(side, values) for side in (self.small, self.large))
            except (NoEnclosure, ZeroDivisionError):
                return None
        ratio = _quotient(small, large)
        self.tried += 1
        if ratio is None:
            return None
        wrong = ratio > 1 - DOUBT and self._refuted(point)
        if wrong or (not self.found.refuted and (self.found.ratio is None or ratio > self.found.ratio)):
            shown = {str(s): str(v) for s, v in point.items()}
            self.found = Pressure(str(self.claim), ratio, shown, self.tried, wrong)
        return ratio

    def _refuted(self, point: Mapping[Any, Any]) -> bool:
        """Whether balls of high precision show that the claim is false."""
        with precision(FINE_BITS):
            values = {s: enclosed(exact(v), {}) for s, v in point.items()}
            return bool(enclosed(self.large, values) < enclosed(self.small, values))


def _true(p: Relational, values: Mapping[Any, Any]) -> bool:
    """Whether balls show that a premise holds."""
    if is_equation(p) or not is_inequality(p):
        return False
    difference = enclosed(gap(p), values)
    return bool(difference > 0 if is_strict(p) else difference >= 0)


def _quotient(small: Any, large: Any) -> float | None:
    """smaller / larger for sides of one sign, so that 1 is equality and less is room; None otherwise."""
    if not (small.is_finite() and large.is_finite()):
        return None
    if small < 0 and large < 0:
        small, large = -large, -small
    if not (small >= 0 and large > 0):
        return 0.0 if small <= 0 and large >= 0 else None
    return float(arb(small / large).mid())
