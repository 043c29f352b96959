"""The sharp sparse law: the choice of the level in the change of measure."""

from __future__ import annotations

from typing import Any

import sympy as sp

from robustlaw.constants import CHERNOFF

from ..engines import Increasing, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import exact, ge, gt, le, lt, reals

slope, n, delta, factor, proxy = reals("L n delta v rho", positive=True)
charged = reals("U", nonnegative=True)
chance, level_log, reach, correlation, eps = reals("P log_1/P0 X C eps", nonnegative=True)

NATS = charged + sp.log(2)


def level(share: Any = delta) -> Any:
    """a^2 = 2 v rho (U + log 2)/(n delta)."""
    return CHERNOFF * factor * proxy * NATS / (n * share)


def bound(signal: Any, share: Any = delta) -> Any:
    """signal sqrt(n delta/(2 v rho (U + log 2)))."""
    return signal * sp.sqrt(n * share / (CHERNOFF * factor * proxy * NATS))


RARE = le(chance, delta)
tail_exponent = n * level() / (CHERNOFF * factor * proxy)
at_one = {charged: 1 - sp.log(2), n: 1, delta: exact("1/2"), factor: 1, proxy: 1}
LEVEL = Lemma(
    name="level of the sharp law",
    source="here; change of measure after Bassily et al. 2018",
    says="P is the probability of X(f_W) >= a Lip(f_W), and P0 <= exp(-n a^2/(2 v rho)) that under "
    "independent copies of data and network. The change of measure gives P log(1/P0) <= U + log 2, U "
    ">= I(f_W;D|init). With a^2 = 2 v rho (U + log 2)/(n delta), P <= delta.",
    hypotheses={
        "change of measure": le(chance * level_log, NATS),
        "tail": ge(level_log, tail_exponent),
    },
    statement=(RARE,),
    steps=(
        Step("log 2", gt(sp.log(2), 0), Increasing(sp.log, 1, 2), uses=()),
        Step("choice", RARE, Polynomial()),
    ),
    mutants=(
        Mutant(
            "delta loses 3 %", {**at_one, chance: "1/2", level_log: 2}, le(chance, exact("97/100") * delta)
        ),
        Mutant("no tail", {**at_one, chance: 1, level_log: 1}, without=("tail",)),
    ),
    ranges={level_log: (9, 99), chance: (0, "1/9"), charged: (0, 3), delta: ("1/2", 1)},
)

SHARP_LAW = gt(slope, bound(correlation))
LAW = Lemma(
    name="sparse law, sharp",
    source="here",
    says="Where X < a L for the learned network, which has probability at least 1 - delta, and C <= X, "
    "L > C sqrt(n delta/(2 v rho (U + log 2))).",
    hypotheses={"below": lt(reach, sp.sqrt(level()) * slope), "measured": le(correlation, reach)},
    statement=(SHARP_LAW,),
    steps=(
        Step("log 2", gt(sp.log(2), 0), Increasing(sp.log, 1, 2), uses=()),
        Step("solved for L", SHARP_LAW, Polynomial()),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.9",
            {**at_one, correlation: 1, reach: 1, slope: "501/1000"},
            gt(slope, bound(correlation) * sp.sqrt(exact("20/19"))),
        ),
        Mutant("C above X", {**at_one, correlation: 2, reach: 1, slope: "501/1000"}, without=("measured",)),
    ),
    ranges={reach: (0, 1), correlation: (0, 1), slope: (1, 9), charged: (0, 3)},
)

# B^2 for labels in [-1, 1]
BOUNDED = 4
CONSTANT = 32
COMPARED = gt(slope, eps / CONSTANT * sp.sqrt(n * delta / (proxy * NATS)))
ON_EPS = Lemma(
    name="sparse law, sharp, in terms of eps",
    source="here",
    says="To be compared with the printed 1152: with X >= eps/8 for C, v = 4 and delta/2 for each of "
    "samples and deviation, L > eps/32 sqrt(n delta/(rho (U + log 2))), 32 = 8 sqrt(2 * 4 * 2).",
    hypotheses={
        "below": lt(reach, sp.sqrt(level(delta / 2).subs(factor, BOUNDED)) * slope),
        "signal": ge(reach, eps / 8),
    },
    statement=(COMPARED,),
    steps=(
        Step("log 2", gt(sp.log(2), 0), Increasing(sp.log, 1, 2), uses=()),
        Step("solved for L", COMPARED, Polynomial()),
    ),
    mutants=(
        Mutant(
            "32 becomes 31",
            {**at_one, delta: 1, eps: 8, reach: 1, slope: "251/1000"},
            gt(slope, eps / 31 * sp.sqrt(n * delta / (proxy * NATS))),
        ),
        Mutant("no signal", {**at_one, delta: 1, eps: 16, reach: 1, slope: "251/1000"}, without=("signal",)),
    ),
    ranges={reach: (0, 1), eps: (0, 1), slope: (1, 9), charged: (0, 3)},
)

LEMMAS = (LEVEL, LAW, ON_EPS)
