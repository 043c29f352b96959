"""What rules of calculus may use along an interval: premises that hold on all of it, smooth terms."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from .defined import UnknownDomain, duties
from .polynomials import shown
from .terms import ForAll, assumed, ge, le, replaced

Ends = tuple[Any, Any]  # None where the interval has no end
SMOOTH = (
    *(sp.exp, sp.log, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.atan, sp.asinh, sp.asin, sp.acos),
    *(sp.atanh, sp.erf, sp.erfc, sp.gamma, sp.loggamma, sp.factorial, sp.Pow, sp.Add, sp.Mul, sp.Derivative),
    *(AppliedUndef, sp.Symbol, sp.Number, sp.NumberSymbol, sp.Tuple),
)


def premises_without(x: Any, premises: Sequence[Any]) -> list[Any]:
    """Premises that do not speak of the variable."""
    return [p for p in premises if x not in p.free_symbols]


def on_the_way(p: Any, x: Any, falling: bool) -> bool:
    """Whether a premise on the variable holds from the start to it: it bounds the far side only."""
    if isinstance(p, ForAll) or not isinstance(p, (sp.Le, sp.Lt, sp.Ge, sp.Gt)):
        return False
    small, large = (p.lhs, p.rhs) if isinstance(p, (sp.Le, sp.Lt)) else (p.rhs, p.lhs)
    near, far = (large, small) if falling else (small, large)
    return near == x and x not in far.free_symbols


def not_smooth(
    e: Any, x: Any, ends: Ends, closed: Sequence[Relational], opened: Sequence[Relational]
) -> str | None:
    """Why e may fail to be continuous on an interval, or smooth inside it; None if it is both.

    ends   : of the interval
    closed : what holds on it
    opened : what holds inside it
    """
    if x.is_integer or not x.is_Symbol:
        return f"{x} is no real variable: prove it for a real one, then take an instance"
    if any(x in end.free_symbols for end in ends if end is not None):
        return f"the interval moves with {x}"
    if reason := _assumption_fails(x, ends, closed):
        return reason
    parts = [part for part in sp.preorder_traversal(e) if x in part.free_symbols]
    if rough := next((part for part in parts if not isinstance(part, SMOOTH)), None):
        return f"the rule needs smooth sides, {rough} is none"
    try:
        owed = [d for d in duties(e) if x in d.free_symbols]
    except UnknownDomain as error:
        return str(error)
    around = premises_without(x, closed)
    for duty in owed:
        # what x carries need not hold at the ends
        at_ends = [replaced(duty, {x: end}) for end in ends if end is not None]
        if not (shown(duty, closed) and all(shown(d, around) for d in at_ends)):
            return f"not shown to be continuous: {duty}"
        if not shown(_inner(duty), opened):
            return f"not shown to be smooth: {_inner(duty)}"
    return None


def _inner(duty: Relational) -> Relational:
    """The duty without the edge of the domain, where roots and arcs are not smooth."""
    strict = {sp.Ge: sp.Gt, sp.Le: sp.Lt}.get(type(duty), type(duty))
    return strict(duty.lhs, duty.rhs, evaluate=False)


def _assumption_fails(x: Any, ends: Ends, closed: Sequence[Any]) -> str | None:
    """Signs that the variable carries have to hold on the whole interval, not at its far end only."""
    low, high = ends
    around = premises_without(x, closed)
    above = low is not None and shown(ge(low, 0), around)
    below = high is not None and shown(le(high, 0), around)
    for claim in assumed([x]):
        upward, downward = isinstance(claim, (sp.Gt, sp.Ge)), isinstance(claim, (sp.Lt, sp.Le))
        # with one end only, a bound on the far side holds on the way to the variable
        far = (upward and low is None) or (downward and high is None)
        apart = isinstance(claim, sp.Ne) and (above or below)
        if not (far or apart or (upward and above) or (downward and below)):
            return f"{claim} is assumed, and may fail on the way"
    return None
