"""Flip sums: information of a mask about labels, label by label, on any finite alphabet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import sympy as sp

from ..engines import Identity, Shannon, conditional, entropies
from ..engines import information as mutual
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le

HALF = exact("1/2")
SINGLE = le(mutual("m", "y", "past X"), mutual("m", "y", "past future X"))
NO_LINK = eq(mutual("future", "y", "past X"), 0)
_COPY = {(a, a, 0, a, 0): HALF for a in (0, 1)}
SINGLE_STEP = Lemma(
    name="one term of the flip sum",
    source="here",
    says=(
        "If label y is independent of the labels after it, given those before and the inputs X, then "
        "I(m;y|past,X) <= I(m;y|past,future,X): knowing more independent labels only helps. past and "
        "future stand for any number of labels, so that with the chain rule I(m;Y|X) = sum_j "
        "I(m;y_j|y_<j,X) this is the flip-sum inequality for every n, by induction over j."
    ),
    statement=(SINGLE,),
    hypotheses={"independent": NO_LINK},
    steps=(Step("Shannon", SINGLE, Shannon(), "I(m;y|past) <= I(m,future;y|past) = I(m;y|past,future)"),),
    mutants=(
        Mutant(
            "labels that are copies: the future tells all",
            entropies(("m", "y", "past", "future", "X"), _COPY),
            without=("independent",),
        ),
        Mutant(
            "reversed",
            entropies(
                ("m", "y", "past", "future", "X"),
                {(a ^ b, a, 0, b, 0): exact("1/4") for a in (0, 1) for b in (0, 1)},
            ),
            ge(SINGLE.lhs, SINGLE.rhs),
        ),
    ),
)


def labels(n: int) -> list[str]:
    return [f"y{j}" for j in range(1, n + 1)]


def others(names: Sequence[str], j: int) -> str:
    return " ".join([*names[:j], *names[j + 1 :], "X"])


def flips(n: int) -> Any:
    """sum_j I(m;y_j|the other labels,X)."""
    names = labels(n)
    return sum(mutual("m", y, others(names, j)) for j, y in enumerate(names))


def independent(n: int) -> Any:
    """H(Y|X) = sum_j H(y_j|X)."""
    names = labels(n)
    return eq(conditional(" ".join(names), "X"), sum(conditional(y, "X") for y in names))


def copies(n: int) -> dict[Any, Any]:
    """One fair label n times, and the mask shows it."""
    return entropies(("m", *labels(n), "X"), {(a, *[a] * n, 0): HALF for a in (0, 1)})


def bitwise(n: int) -> dict[Any, Any]:
    """Independent fair labels, and the mask shows the first."""
    table = {}
    for word in range(2**n):
        bits = [word >> i & 1 for i in range(n)]
        table[(bits[0], *bits, 0)] = sp.Rational(1, 2**n)
    return entropies(("m", *labels(n), "X"), table)


def flip_sum(n: int) -> Lemma:
    claim = le(mutual("m", " ".join(labels(n)), "X"), flips(n))
    return Lemma(
        name=f"flip sum, {n} labels",
        source="here",
        says=(
            f"{n} labels, independent given the inputs X: I(m;Y|X) <= sum_j I(m;y_j|Y_-j,X), whatever the "
            "mask's channel. Both sides agree where each mask bit depends on one label."
        ),
        statement=(claim,),
        hypotheses={"independent given X": independent(n)},
        steps=(Step("Shannon", claim, Shannon()),),
        mutants=(
            Mutant("labels that are copies of one", copies(n), without=("independent given X",)),
            Mutant("the sum loses 3 %", bitwise(n), le(claim.lhs, exact("97/100") * claim.rhs)),
        ),
    )


XOR = entropies(("m", "y1", "y2", "X"), {(a ^ b, a, b, 0): exact("1/4") for a in (0, 1) for b in (0, 1)})


SYNERGY = eq(flips(2).subs(XOR) - mutual("m", "y1 y2", "X").subs(XOR), sp.log(2))
TRUTH = eq(mutual("m", "y1 y2", "X").subs(XOR), sp.log(2))
SINGLES = eq(sum(mutual("m", y, "X") for y in labels(2)).subs(XOR), 0)
XOR_GAP = Lemma(
    name="flip sum of the exclusive or",
    source="here",
    says=(
        "m = y1 xor y2 with fair independent labels: I = log 2, the flip sum is 2 log 2, and single "
        "labels tell nothing. The gap log 2 is synergy, and the flip sum is no equality."
    ),
    statement=(TRUTH, SYNERGY, SINGLES),
    steps=(
        Step("information", TRUTH, Identity()),
        Step("gap", SYNERGY, Identity()),
        Step("single labels", SINGLES, Identity()),
    ),
    mutants=(
        Mutant("no gap", {}, eq(SYNERGY.lhs, 0), of=1),
        Mutant("the gap is 1 nat", {}, eq(SYNERGY.lhs, 1), of=1),
    ),
)

LEMMAS = (SINGLE_STEP, *(flip_sum(n) for n in (2, 3, 4)), XOR_GAP)
