"""The universal law: a union over a net, with the printed 2^9, the 192 of its own steps, and sharper."""

from __future__ import annotations

from typing import Any

import sympy as sp

from robustlaw.constants import CHERNOFF, SHRINK, TAIL_LOG, TAIL_SHARE, UNIVERSAL

from ..engines import Identity, Increasing, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, gt, le, reals
from .printed_sparse import PRINTED_TAIL, REDONE_TAIL

proxy, slope, n, eps, delta = reals("rho L n eps delta", positive=True)
net = reals("p_eff", nonnegative=True)
# The squares of what a net leaves, and of the constants that the steps give
HALVED = exact("1/4")
OWN_CONSTANT = 192
LOGARITHM = sp.log(TAIL_LOG / delta)
# mgf proxy 4 rho L^2/n of bounded noise
BOUNDED_TAIL = CHERNOFF * 4
# as it is for every delta < 1, a premise because it divides
CHARGE = {"charge": gt(net + LOGARITHM, 0)}


def bound(constant: Any) -> Any:
    """(eps/constant) sqrt(n/(rho (p_eff + log(4/delta))))."""
    return eps / exact(constant) * sp.sqrt(n / (proxy * (net + LOGARITHM)))


def exponent(tail: Any, left: Any) -> Any:
    """n a^2/(tail rho L^2) for a = eps'/8, eps'^2 = left eps^2."""
    return n * exact(left) * eps**2 / (64 * exact(tail) * proxy * slope**2)


def chance(tail: Any, left: Any) -> Any:
    """All points of the net, both signs: 2 N exp(-exponent), log N <= p_eff."""
    return 2 * sp.exp(net - exponent(tail, left))


def square_of(tail: Any, left: Any) -> Any:
    """The square of the constant that the steps give: 64 tail/left."""
    return 64 * exact(tail) / exact(left)


def steps(tail: Any, left: Any) -> tuple[Step, ...]:
    squared = le(proxy * (net + LOGARITHM) * slope**2 * square_of(tail, left), eps**2 * n)
    above = ge(exponent(tail, left), net + LOGARITHM)
    rare = le(sp.exp(net - exponent(tail, left)), delta / TAIL_LOG)
    return (
        Step("squares", squared, Polynomial(), uses=()),
        Step("exponent", above, Polynomial(), uses=("squares",)),
        Step(
            "one point", rare, Increasing(sp.exp, net - exponent(tail, left), -LOGARITHM), uses=("exponent",)
        ),
        Step("the net", le(chance(tail, left), exact(TAIL_SHARE) * delta), Polynomial(), uses=("one point",)),
    )


def witness(constant: Any) -> dict[Any, Any]:
    """L at the bound, with p_eff + log(4/delta) = 4."""
    at = {proxy: 1, n: 4, eps: 1, delta: exact("1/2"), net: 4 - sp.log(8)}
    return {**at, slope: 1 / exact(constant)}


def universal(name: str, says: str, constant: Any, tail: Any, left: Any) -> Lemma:
    failing = le(chance(tail, left), exact(TAIL_SHARE) * delta)
    small = le(slope, bound(constant))
    wider = le(slope, bound(exact(constant) * exact("98/100")))
    return Lemma(
        name=name,
        source="Bubeck & Sellke, arXiv 2105.12806, Theorem 3",
        says=says,
        hypotheses={**CHARGE, "small slope": small},
        statement=(failing,),
        steps=steps(tail, left),
        mutants=(
            Mutant(
                "constant 2 % smaller",
                witness(exact(constant) * exact("98/100")),
                changed={"small slope": wider},
            ),
            Mutant("any slope", {**witness(constant), slope: 9}, without=("small slope",)),
        ),
        covers=(
            "TAIL_LOG",
            "TAIL_SHARE",
        ),
        ranges={
            delta: ("1/10", "9/10"),
            eps: (1, 4),
            slope: ("1/99999", "1/9999"),
            n: (1, 9),
            proxy: (1, 2),
            net: (1, 9),
        },
    )


OWN = universal(
    "universal law, the constant of its own steps",
    "P(|X(f)| >= a) <= 2 exp(-n a^2/(144 rho L^2)) for each of N functions with Lip(f) <= L, log N <= p_eff: "
    "a net of the networks of the class with that slope, at whose points X >= a = (eps/2)/8, half of eps "
    "being lost to the net. If L <= eps/192 sqrt(n/(rho (p_eff + log(4/delta)))), 192^2 = 64 * 144 * 4, some "
    "point reaches a with probability at most delta/2.",
    OWN_CONSTANT,
    PRINTED_TAIL,
    HALVED,
)
REDONE_SQUARED = square_of(REDONE_TAIL, exact(SHRINK) ** 2)
REDONE = universal(
    "universal law, the same steps redone",
    "The same with 96 for 144 and 13 eps/15 left by the net: the constant is (15/13) 8 sqrt 96, about 90.4.",
    sp.sqrt(REDONE_SQUARED),
    REDONE_TAIL,
    exact(SHRINK) ** 2,
)
BOUNDED_SQUARED = square_of(BOUNDED_TAIL, exact(SHRINK) ** 2)
BOUNDED = universal(
    "universal law for bounded noise",
    "The same with 8 = 2 * 4, from the proxy 4 rho L^2/n of bounded noise: (15/13) 8 sqrt 8, about 26.1.",
    sp.sqrt(BOUNDED_SQUARED),
    BOUNDED_TAIL,
    exact(SHRINK) ** 2,
)

PRINTED_BELOW = le(bound(UNIVERSAL), bound(OWN_CONSTANT))
PRINTED_LAW = le(chance(PRINTED_TAIL, HALVED), exact(TAIL_SHARE) * delta)
POWER = eq(UNIVERSAL, exact(2) ** 9)
PRINTED = Lemma(
    name="universal law, printed constant",
    source="Bubeck & Sellke, arXiv 2105.12806, Theorem 3",
    says="2^9 is at least 192, so L <= eps/2^9 sqrt(n/(rho (p_eff + log(4/delta)))) leaves a probability of"
    " at most delta/2 that any network of the class with that slope fits: the printed law, with room.",
    hypotheses={**CHARGE, "small slope": le(slope, bound(UNIVERSAL))},
    statement=(POWER, PRINTED_BELOW, PRINTED_LAW),
    steps=(
        Step("as printed", POWER, Identity(), uses=()),
        Step("192 below 512", PRINTED_BELOW, Polynomial(), uses=()),
        Step("smaller still", le(slope, bound(OWN_CONSTANT)), Polynomial(), uses=("192 below 512",)),
        Step("the net", PRINTED_LAW, Instance(OWN), uses=("smaller still",)),
    ),
    mutants=(
        Mutant("2^9 becomes 500", witness(UNIVERSAL), eq(500, exact(2) ** 9)),
        Mutant("180 for 2^9", witness(180), of=2, changed={"small slope": le(slope, bound(180))}),
        Mutant("any slope", {**witness(UNIVERSAL), slope: 9}, of=2, without=("small slope",)),
    ),
    covers=(
        "UNIVERSAL",
        "TAIL_LOG",
        "TAIL_SHARE",
    ),
    ranges=OWN.ranges,
)

LEMMAS = (OWN, REDONE, BOUNDED, PRINTED)
