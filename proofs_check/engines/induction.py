"""Induction over whole numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..kernel.balls import holds_at
from ..kernel.engine import Engine, all_proved
from ..kernel.terms import ForAll, carried, exact, ge, replaced
from ..kernel.verdicts import Outcome, inconclusive
from .algebra import Polynomial


@dataclass(frozen=True)
class Induction(Engine):
    """The claim at `start`, and from the claim at n to the claim at n + 1, for whole n >= start.

    variable : n, an integer symbol; premises that hold it free are not used
    facts    : (claim, engine) for what the step needs besides, each decided for a whole n >= start
               at which the claim holds: instances of hypotheses for all values, for example
    base, by : engines for the start and for the step
    Powers with n + 1 in the exponent are taken apart before the step: x^(n+1) = x^n x.
    """

    variable: Any
    start: int = 0
    facts: tuple[tuple[Relational, Engine], ...] = ()
    base: Engine = field(default_factory=Polynomial)
    by: Engine = field(default_factory=Polynomial)

    def parts(self) -> Iterator[Engine]:
        yield from (self.base, self.by, *(engine for _, engine in self.facts))

    def decide(self, claim: Relational, premises: Sequence[Relational]) -> Outcome:
        n, start = self.variable, exact(self.start)
        if not n.is_integer or n.is_even is not None:
            return inconclusive(f"{n} is not declared an integer, or not any integer")
        if not all(holds_at(c, {}) for c in carried({n: start})):
            return inconclusive(f"{n} = {start} contradicts what {n} is declared to be")
        around = [p for p in premises if n not in p.free_symbols]
        own = [p for p in premises if n in p.free_symbols]
        plain = [p for p in around if not isinstance(p, ForAll)]
        inside = [*around, ge(n, start), claim]
        parts = [
            (f"{n} is at least {start}", Polynomial().covers([[ge(n, start)]], [*plain, *_plain(own)])),
            ("the start", self.base.decide(replaced(claim, {n: start}), plain)),
        ]
        for fact, engine in self.facts:
            parts.append((f"{fact}", engine.decide(fact, inside if _takes(engine) else _plain(inside))))
            inside.append(fact)
        powers = _Powers()
        grown = [powers.apart(p) for p in _plain(inside)]
        parts.append(("the step", self.by.decide(powers.apart(replaced(claim, {n: n + 1})), grown)))
        return all_proved(parts, f"by induction on {n} from {start}")


def _plain(premises: Sequence[Any]) -> list[Relational]:
    return [p for p in premises if not isinstance(p, ForAll)]


def _takes(engine: Engine) -> bool:
    """Whether statements for all values are of use to it: only instances are."""
    return any(type(e).__name__ == "Instance" for e in engine.walk())


class _Powers:
    """Powers with a symbol in the whole exponent as free reals: x^(n+1) becomes u x where x^n is u."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}

    def apart(self, claim: Relational) -> Relational:
        lhs, rhs = (side.replace(_varies, self._split) for side in (claim.lhs, claim.rhs))
        return type(claim)(lhs, rhs, evaluate=False)

    def _split(self, e: Any) -> Any:
        more, rest = e.exp.as_coeff_Add()
        # a base of 0 admits whole exponents >= 0 only
        if not (more.is_Integer and more >= 0 and rest.is_nonnegative):
            more, rest = sp.Integer(0), e.exp
        if (e.base, rest) not in self.known:
            self.known[e.base, rest] = sp.Dummy(f"power{len(self.known)}", real=True)
        return self.known[e.base, rest] * e.base**more


def _varies(e: Any) -> bool:
    return isinstance(e, sp.Pow) and bool(e.exp.free_symbols) and e.exp.is_integer is True
