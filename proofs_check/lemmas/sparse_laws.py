"""The sparse laws from their ingredients: printed (1152), the same steps redone (768), repaired."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from robustlaw.constants import A1_SQUARED, SHRINK, SPARSE, TAIL_LOG, TAIL_SHARE

from ..engines import Increasing, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, gt, le, lt, reals
from .printed_sparse import PRINTED_TAIL, REDONE_A1_SQUARED, REDONE_SPARSE, REDONE_TAIL

proxy, slope, n, eps, delta = reals("rho L n eps delta", positive=True)
known, reach = reals("p_eff X", nonnegative=True)

# p_eff + (delta/2) log(4/delta)
charged = known + exact(TAIL_SHARE) * delta * sp.log(TAIL_LOG / delta)
RATE = n * delta / (proxy * charged)


def bound(constant: Any, part: Any = 1) -> Any:
    """(part eps/constant) sqrt(n delta/(rho (p_eff + (delta/2) log(4/delta))))."""
    return exact(part) * eps / exact(constant) * sp.sqrt(RATE)


def law(constant: Any, part: Any = 1) -> Relational:
    return ge(slope, bound(constant, part))


def deviation(a1_squared: Any, tail: Any) -> Relational:
    """X^2 <= a_1^2 C (I/(delta/2) + log(2/(delta/2))), C = tail rho L^2/n."""
    share = exact(TAIL_SHARE) * delta
    spread = exact(tail) * proxy * slope**2 / n
    return le(reach**2, exact(a1_squared) * spread * (known / share + sp.log(2 / share)))


def proof(constant: Any) -> tuple[Step, ...]:
    """From X >= eps/8 and the deviation to the law."""
    squares = le(eps**2 / 64, reach**2)
    cleared = le(eps**2 * n * delta, exact(constant) ** 2 * proxy * charged * slope**2)
    divided = le(eps**2 / exact(constant) ** 2 * RATE, slope**2)
    return (
        Step("logarithm", gt(sp.log(TAIL_LOG / delta), 0), Increasing(sp.log, 1, TAIL_LOG / delta), uses=()),
        Step("signal", squares, Polynomial(), uses=()),
        Step("denominators", cleared, Polynomial(), uses=("signal", "logarithm")),
        Step("divided", divided, Polynomial(), uses=("denominators", "logarithm")),
        Step("root", law(constant), Polynomial(), uses=("divided", "logarithm")),
    )


def tight(constant: Any) -> dict[Any, Any]:
    """Equality everywhere: delta = 1/2, p_eff chosen so that p_eff + log(8)/4 = 1."""
    at_one = {proxy: 1, n: 1, delta: exact("1/2"), known: 1 - sp.log(8) / 4, eps: 8, reach: 1}
    return {**at_one, slope: 8 / exact(constant) * sp.sqrt(exact("1/2"))}


def sparse(name: str, says: str, constant: int, a1_squared: int, tail: int, covers: tuple[str, ...]) -> Lemma:
    witness = tight(constant)
    return Lemma(
        name=name,
        source="Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 4",
        says=says,
        hypotheses={
            "delta": lt(delta, 1),
            "signal": ge(reach, eps / 8),
            "deviation": deviation(a1_squared, tail),
        },
        statement=(law(constant),),
        steps=proof(constant),
        mutants=(
            Mutant("constant 2 % smaller", witness, law(exact(constant) * exact("98/100"))),
            Mutant("no deviation bound", {**witness, slope: "1/1000000"}, without=("deviation",)),
            Mutant("no signal", {**witness, reach: 0, slope: "1/1000000"}, without=("signal",)),
        ),
        covers=covers,
        ranges={
            delta: ("1/10", "9/10"),
            reach: (1, 2),
            eps: ("1/10", 1),
            slope: (1, 9),
            n: (1, 9),
            proxy: (1, 3),
        },
    )


PRINTED = sparse(
    "sparse law, printed constant",
    "X = X(f_W) >= eps/8, and with C = 144 rho L^2/n and delta/2 for delta', X^2 <= 72 C (I/delta' + "
    "log(2/delta')), I <= p_eff, both together with probability 1 - delta (samples and deviation fail with "
    "delta/2 each). Then L >= eps/1152 sqrt(n delta/(rho (p_eff + (delta/2) log(4/delta)))), "
    "1152 = 8 sqrt(72 * 144 * 2).",
    SPARSE,
    A1_SQUARED,
    PRINTED_TAIL,
    ("SPARSE", "A1_SQUARED", "TAIL_LOG", "TAIL_SHARE"),
)
REDONE = sparse(
    "sparse law, the same steps redone",
    "The same with a_1^2 = 48 and C = 96 rho L^2/n: 768 = 8 sqrt(48 * 96 * 2) in the place of 1152.",
    REDONE_SPARSE,
    REDONE_A1_SQUARED,
    REDONE_TAIL,
    (),
)

LEFT = exact(SHRINK) * eps


def repaired(name: str, says: str, base: Lemma, constant: int) -> Lemma:
    claim = law(constant, SHRINK)
    conditions = {**base.hypotheses, "signal": ge(reach, LEFT / 8)}
    witness = {**tight(constant), eps: 8 / exact(SHRINK)}
    return Lemma(
        name=name,
        source="here, after Kumar, Luo & Sellke, arXiv 2402.01089v1, Theorem 4 and Appendix B",
        says=says,
        hypotheses=conditions,
        statement=(claim,),
        steps=(Step("with 13 eps/15 for eps", claim, Instance(base, {eps: LEFT})),),
        mutants=(
            Mutant("the whole eps, as printed", witness, law(constant)),
            Mutant("13/15 becomes 0.89", witness, law(constant, "89/100")),
        ),
        covers=("SHRINK",),
        ranges=base.ranges,
    )


REPAIRED = repaired(
    "sparse law, repaired",
    "If Lip(f_W) is at most L, W is exchanged for the nearest point W' of a net of {w : Lip(f_w) <= L} with "
    "the same mask, which leaves a fit of 13 eps/15 and so X(f_W') >= (13 eps/15)/8, with I <= I(m;D) + "
    "E||m||_0 log(1 + 60 W J/eps). The printed steps then give "
    "L >= (13 eps/15)/1152 sqrt(n delta/(rho (p_eff + (delta/2) log(4/delta)))).",
    PRINTED,
    SPARSE,
)
REPAIRED_REDONE = repaired(
    "sparse law, repaired and redone",
    "The same with 768 for 1152.",
    REDONE,
    REDONE_SPARSE,
)

LEMMAS = (PRINTED, REDONE, REPAIRED, REPAIRED_REDONE)
