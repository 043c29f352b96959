"""From a mean squared error below the noise level to a correlation with the noise."""

from __future__ import annotations

import sympy as sp

from ..engines import Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import eq, exact, ge, le, reals

f, g, z = reals("f g z")
zz, zg, zf = reals("mean_zz mean_zg mean_zf")
misfit = reals("mean_misfit", nonnegative=True)
level, eps = reals("sigma2 eps", positive=True)
sixth, quarter, eighth = exact("1/6"), exact("1/4"), exact("1/8")

FIT = {
    "fit": le(zz + 2 * zg - 2 * zf + misfit, level - eps),
    "noise": ge(zz, level - eps * sixth),
    "target": ge(zg, -eps * sixth),
}
NEAR = {level: (1, 2), eps: ("1/4", 1), zz: ("3/2", 4), zg: (0, 1), zf: (2, 4), misfit: (0, "1/2")}
TIGHT = {level: 1, eps: "6/10", zz: "9/10", zg: "-1/10", zf: "15/100", misfit: 0}

EXPANDED = eq((g + z - f) ** 2, z**2 + 2 * z * g - 2 * z * f + (g - f) ** 2)
REPEATED = ge(zf, eps * quarter)
CORRELATION = Lemma(
    name="a fit below the noise level repeats the noise",
    source="Bubeck & Sellke, arXiv 2105.12806, Lemma 2.1",
    says="y = g + z. mean_zz, mean_zg, mean_zf and mean_misfit are the means over the samples of z^2, z g, "
    "z f and (g - f)^2, so the mean squared error is mean_zz + 2 mean_zg - 2 mean_zf + mean_misfit. If it is "
    "at most sigma2 - eps, mean_zz >= sigma2 - eps/6 and mean_zg >= -eps/6, then mean_zf >= eps/4.",
    hypotheses=FIT,
    statement=(EXPANDED, REPEATED),
    steps=(
        Step("the square", EXPANDED, Identity(), "of y - f = z + (g - f), at one sample"),
        Step("means", REPEATED, Polynomial(), "mean_misfit >= 0, and 1 - 1/6 - 2/6 = 2/4", uses=()),
    ),
    mutants=(
        Mutant("eps/4 becomes 0.26 eps", TIGHT, ge(zf, eps * exact("26/100")), of=1),
        Mutant("reversed", {**TIGHT, zf: "1/5"}, le(zf, eps * quarter), of=1),
        Mutant("any target", {**TIGHT, zg: "-1/5", zf: "5/100"}, of=1, without=("target",)),
        Mutant("any noise", {**TIGHT, zz: "8/10", zf: "1/10"}, of=1, without=("noise",)),
    ),
    ranges=NEAR,
)

centre, total, reach, repeated, more = reals("E_f sum_z X C t")
ADDED = ge(reach + more - centre * total, repeated + more - sp.Abs(total))
CENTRING = Lemma(
    name="the clipped correlation is below the centred one",
    source="here",
    says="X and C are n X(f) and n C(f) summed over some components; the next one adds t = sum z f with f "
    "clipped, less E_f sum_z for X and less |sum_z| for C, sum_z the sum of its noise and E_f the mean of "
    "clipped f under its law. As |E_f| <= 1, X >= C remains true, and with no component both are 0.",
    hypotheses={"before": ge(reach, repeated), "low": ge(centre, -1), "high": le(centre, 1)},
    statement=(ADDED,),
    steps=(Step("one component", ADDED, Polynomial(), "E_f sum_z <= |sum_z|"),),
    mutants=(
        Mutant(
            "3 % of |sum_z| is kept",
            {reach: 0, repeated: 0, more: 1, centre: 1, total: 1},
            ge(reach + more - centre * total, repeated + more - exact("97/100") * sp.Abs(total)),
        ),
        Mutant(
            "f is not clipped",
            {reach: 0, repeated: 0, more: 1, centre: 2, total: 1},
            without=("high",),
        ),
        Mutant(
            "reversed",
            {reach: 0, repeated: 0, more: 1, centre: 0, total: 1},
            le(reach + more - centre * total, repeated + more - sp.Abs(total)),
        ),
    ),
)

imbalance = reals("imbalance", nonnegative=True)
SIGNAL_CLAIM = ge(reach, eps * eighth)
SIGNAL = Lemma(
    name="a fit below the noise level has X of at least eps/8",
    source="Kumar, Luo & Sellke, arXiv 2402.01089v1, proof of Theorem 4",
    says="With imbalance = (1/n) sum_l |sum_{S_l} z| <= eps/8 besides, the centred correlation X(f), which "
    "is at least mean_zf - imbalance, is at least eps/8.",
    hypotheses={
        **FIT,
        "centred": ge(reach, zf - imbalance),
        "balance": le(imbalance, eps * eighth),
    },
    statement=(SIGNAL_CLAIM,),
    steps=(
        Step("correlation", REPEATED, Instance(CORRELATION, part=1)),
        Step("less the imbalance", SIGNAL_CLAIM, Polynomial(), "1/4 - 1/8 = 1/8"),
    ),
    mutants=(
        Mutant(
            "eps/8 becomes 0.13 eps",
            {**TIGHT, imbalance: "75/1000", reach: "75/1000"},
            ge(reach, eps * exact("13/100")),
        ),
        Mutant("any imbalance", {**TIGHT, imbalance: "1/10", reach: "5/100"}, without=("balance",)),
    ),
    ranges={**NEAR, imbalance: (0, "1/32"), reach: (1, 4)},
)

a, b, y = reals("a b y")


def clipped(x: sp.Symbol) -> sp.Expr:
    """x clipped to [-1, 1]."""
    return sp.Min(sp.Max(x, -1), 1)


NO_STEEPER = le(sp.Abs(clipped(a) - clipped(b)), sp.Abs(a - b))
NO_WORSE = le((clipped(a) - y) ** 2, (a - y) ** 2)
CLIPPING = Lemma(
    name="clipping raises neither slopes nor errors",
    source="Bubeck & Sellke, arXiv 2105.12806, Section 2",
    says="Values a and b of f at two inputs are no farther apart once clipped to [-1, 1], and for a label y "
    "in [-1, 1] the squared error of a is no larger.",
    hypotheses={"low": ge(y, -1), "high": le(y, 1)},
    statement=(NO_STEEPER, NO_WORSE),
    steps=(
        Step("slopes", NO_STEEPER, Polynomial(), "a piecewise linear function of slope 0 or 1"),
        Step("errors", NO_WORSE, Polynomial(), "y lies on the far side of the end", uses=()),
    ),
    mutants=(
        Mutant("slopes fall by 3 %", {a: 0, b: 1, y: 0}, le(NO_STEEPER.lhs, exact("97/100") * sp.Abs(a - b))),
        Mutant("any label", {a: 2, b: 0, y: 2}, of=1, without=("high",)),
        Mutant("errors grow", {a: 2, b: 0, y: 0}, ge(NO_WORSE.lhs, NO_WORSE.rhs), of=1),
    ),
    ranges={a: (-3, 3), b: (-3, 3)},
)

LEMMAS = (CORRELATION, CENTRING, SIGNAL, CLIPPING)
