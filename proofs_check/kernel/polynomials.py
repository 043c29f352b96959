"""sympy relations in z3's language of polynomials.

What is no polynomial (log, exp, an unknown function) becomes a free real, the same one wherever
the same term occurs: what z3 proves then holds for the real meaning too. Roots are free reals r
with r >= 0 and r^2 = the radicand where that is not negative, |x| and the like are cases, and 1/0
is any number: that terms are defined is shown apart (kernel/defined.py).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
import z3
from sympy.core.relational import Relational

from .defined import UnknownDomain, brought, certain, duties
from .terms import ForAll, assumed, gap, same, symbols_of

DUTY_MS = 2_000
_COMPARE = {
    sp.Le: lambda a, b: a <= b,
    sp.Lt: lambda a, b: a < b,
    sp.Ge: lambda a, b: a >= b,
    sp.Gt: lambda a, b: a > b,
    sp.Eq: lambda a, b: a == b,
    sp.Ne: lambda a, b: a != b,
}


@dataclass
class Translation:
    """Terms already translated, and what defines them.

    whole : integer symbols are whole numbers for z3 too, which it can use for linear claims
    """

    whole: bool = False
    terms: dict[Any, Any] = field(default_factory=dict)
    definitions: list[Any] = field(default_factory=list)

    def facts(self, premises: Sequence[Relational], others: Sequence[Relational] = ()) -> list[Any]:
        """The premises, that their terms are defined, and what all symbols in sight carry."""
        carried = assumed(symbols_of([*premises, *others]))
        own = (d for p in premises for d in brought(p))
        return [self.relation(p) for p in dict.fromkeys((*premises, *carried, *own))]

    def relation(self, claim: Relational) -> Any:
        """The claim as a z3 formula."""
        return _COMPARE[type(claim)](self.term(claim.lhs), self.term(claim.rhs))

    def term(self, e: Any) -> Any:
        """The expression as a z3 real."""
        if e.is_Rational:
            return z3.RealVal(Fraction(int(e.p), int(e.q)))
        if e.is_Add or e.is_Mul:
            parts = [self.term(a) for a in e.args]
            return z3.Sum(parts) if e.is_Add else z3.Product(parts)
        if isinstance(e, sp.Pow) and e.exp.is_Rational and e.exp.q <= 2:
            return self._power(e)
        if isinstance(e, (sp.Abs, sp.Max, sp.Min)):
            return self._cases(e)
        return self._free(e)

    def _name(self, e: Any) -> str:
        # the count keeps two symbols of one name apart
        return f"{len(self.terms)}:{e}"

    def _free(self, e: Any) -> Any:
        if e not in self.terms:
            whole = self.whole and e.is_Symbol and e.is_integer
            self.terms[e] = z3.ToReal(z3.Int(self._name(e))) if whole else z3.Real(self._name(e))
            if e.is_positive:
                self.definitions.append(self.terms[e] > 0)
            elif e.is_nonnegative:
                self.definitions.append(self.terms[e] >= 0)
        return self.terms[e]

    def _power(self, e: Any) -> Any:
        base, power = self.term(e.base), abs(int(e.exp.p))
        if e.exp.q == 2:
            base = self._root(e.base, base)
        raised = z3.Product([base] * power)
        return raised if e.exp > 0 else z3.RealVal(1) / raised

    def _root(self, radicand: Any, value: Any) -> Any:
        key = ("root", radicand)
        if key not in self.terms:
            root = z3.Real(self._name("root"))
            self.terms[key] = root
            # only where it exists: otherwise the definition itself would prove that it does
            self.definitions.append(z3.Implies(value >= 0, z3.And(root >= 0, root * root == value)))
        return self.terms[key]

    def _cases(self, e: Any) -> Any:
        parts = [self.term(a) for a in e.args]
        if isinstance(e, sp.Abs):
            return z3.If(parts[0] >= 0, parts[0], -parts[0])
        best, sign = parts[0], 1 if isinstance(e, sp.Max) else -1
        for part in parts[1:]:
            best = z3.If(sign * (best - part) >= 0, best, part)
        return best


def model_of(formulas: Sequence[Any], timeout_ms: int) -> Any:
    """None if the formulas contradict each other, a model if there is one, otherwise z3's reason."""
    solver = z3.Solver()
    solver.set("timeout", timeout_ms)
    solver.add(*formulas)
    answer = solver.check()
    if answer == z3.unsat:
        return None
    return solver.model() if answer == z3.sat else f"unknown ({solver.reason_unknown()})"


def shown(duty: Relational, premises: Sequence[Any]) -> bool:
    """Whether a small claim follows: by signs, literally, or by polynomials (few premises first)."""
    plain = [p for p in premises if not isinstance(p, ForAll)]
    if certain(duty) or any(same(p, duty) for p in plain):
        return True
    few = [p for p in plain if _linear(p)]
    return _follows(duty, few) or (len(few) < len(plain) and _follows(duty, plain))


def undefined(claim: Relational, premises: Sequence[Any]) -> str | None:
    """The first duty of a claim that is not shown to be met, in words; None if all are."""
    try:
        missing = next((d for d in duties(claim) if not shown(d, premises)), None)
    except UnknownDomain as error:
        return str(error)
    return None if missing is None else f"not shown to be defined: {missing}"


def _follows(duty: Relational, premises: Sequence[Relational]) -> bool:
    language = Translation()
    facts = language.facts(premises, [duty])
    opposite = z3.Not(language.relation(duty))
    return model_of([*facts, *language.definitions, opposite], DUTY_MS) is None


def _linear(p: Relational) -> bool:
    sides = p.lhs - p.rhs if isinstance(p, sp.Ne) else gap(p)
    found = sides.as_poly(*p.free_symbols) if p.free_symbols else None
    return found is not None and found.total_degree() <= 1


def rational(value: Any) -> Fraction | None:
    """A z3 model's value as a rational, None for an algebraic number."""
    if value is None:
        return Fraction(0)
    return Fraction(str(value.as_fraction())) if z3.is_rational_value(value) else None
