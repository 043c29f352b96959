"""sympy relations in z3's language of polynomials.

What is no polynomial (log, exp, an unknown function) becomes a free real, the same one wherever
the same term occurs: what z3 proves then holds for the real meaning too. Roots are free reals r
with r >= 0 and r^2 = the radicand, |x| and the like are cases. Divisors have to be shown nonzero
and radicands nonnegative before the claim itself: those are the duties.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import sympy as sp
import z3
from sympy.core.relational import Relational

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
    """Terms already translated, what defines them, and what remains to be shown.

    whole : integer symbols are whole numbers for z3 too, which it can use for linear claims
    """

    whole: bool = False
    terms: dict[Any, Any] = field(default_factory=dict)
    definitions: list[Any] = field(default_factory=list)
    duties: list[Any] = field(default_factory=list)

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

    def _free(self, e: Any) -> Any:
        if e not in self.terms:
            name = f"{e}" if e.is_Symbol else f"t{len(self.terms)}"
            whole = self.whole and e.is_Symbol and e.is_integer
            self.terms[e] = z3.ToReal(z3.Int(name)) if whole else z3.Real(name)
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
        if e.exp > 0:
            return raised
        self.duties.append(raised != 0)
        return z3.RealVal(1) / raised

    def _root(self, radicand: Any, value: Any) -> Any:
        key = ("root", radicand)
        if key not in self.terms:
            root = z3.Real(f"t{len(self.terms)}")
            self.terms[key] = root
            # only where it exists: otherwise the definition itself would prove the duty
            self.definitions.append(z3.Implies(value >= 0, z3.And(root >= 0, root * root == value)))
            self.duties.append(value >= 0)
        return self.terms[key]

    def _cases(self, e: Any) -> Any:
        parts = [self.term(a) for a in e.args]
        if isinstance(e, sp.Abs):
            return z3.If(parts[0] >= 0, parts[0], -parts[0])
        best, sign = parts[0], 1 if isinstance(e, sp.Max) else -1
        for part in parts[1:]:
            best = z3.If(sign * (best - part) >= 0, best, part)
        return best


def rational(value: Any) -> Fraction | None:
    """A z3 model's value as a rational, None for an algebraic number."""
    if value is None:
        return Fraction(0)
    return Fraction(str(value.as_fraction())) if z3.is_rational_value(value) else None
