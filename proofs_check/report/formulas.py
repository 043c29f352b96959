"""Formulas for a page: MathML, which browsers draw without help, and the LaTeX source."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.printing.mathml import MathMLPresentationPrinter

from ..kernel.terms import ForAll, Hypothesis


class _Printer(MathMLPresentationPrinter):  # type: ignore[misc]
    """Keeps the case of function names; a function of nothing (a mean) is written like a symbol."""

    def _print_Function(self, expr: Any, **options: Any) -> Any:  # noqa: N802 - sympy's name
        if not isinstance(expr, AppliedUndef):
            return super()._print_Function(expr, **options)
        row = self.dom.createElement("mrow")
        row.appendChild(self._print(sp.Symbol(expr.func.__name__)))
        for i, part in enumerate(expr.args):
            row.appendChild(self._mark("," if i else "("))
            row.appendChild(self._print(part))
        if expr.args:
            row.appendChild(self._mark(")"))
        return row

    def _mark(self, text: str) -> Any:
        mark = self.dom.createElement("mo")
        mark.appendChild(self.dom.createTextNode(text))
        return mark


def mathml(h: Hypothesis) -> str:
    """A claim, or a statement for all values, as HTML."""
    if not isinstance(h, ForAll):
        return _math(h)
    bound = ", ".join(_math(s) for s in h.symbols)
    where = f" with {', '.join(map(_math, h.where))}" if h.where else ""
    return f"{_math(h.claim)} for all {bound}{where}"


def latex(h: Hypothesis) -> str:
    """The source, for whoever wants to copy it."""
    if not isinstance(h, ForAll):
        return str(sp.latex(h))
    where = "".join(f",\\ {sp.latex(c)}" for c in h.where)
    return f"\\forall {', '.join(map(sp.latex, h.symbols))}{where}:\\ {sp.latex(h.claim)}"


def _math(e: Any) -> str:
    printer = _Printer()
    return f'<math displaystyle="true">{printer._print(e).toxml()}</math>'
