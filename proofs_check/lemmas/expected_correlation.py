"""Donsker and Varadhan: the mean of a process at a learned index, and the information law."""

from __future__ import annotations

import sympy as sp

from robustlaw.constants import CHERNOFF, REACH, TAIL_CHANCE, TAIL_EXPONENT

from ..engines import Ball, Expectation, Identity, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, ge, le, lt, reals
from .entropy_basics import LOG_TANGENT, mean_of, means, t

ratio, total = reals("r Z", positive=True)
mean_phi, nats, mean_ratio = mean_of("phi"), mean_of("log_dP_dQ"), mean_of("r")
BELOW = le(sp.log(ratio) - sp.log(total), ratio / total - 1)
AVERAGED = le(mean_phi - nats - sp.log(total), mean_ratio / total - 1)
VARIATIONAL = le(mean_phi, nats + sp.log(total))
DONSKER_VARADHAN = Lemma(
    name="Donsker-Varadhan inequality",
    source="here; Donsker & Varadhan 1975",
    says=(
        "E_P phi <= KL(P||Q) + log Z with Z = E_Q exp(phi). Here r = (dQ/dP) exp(phi), so log r = phi - "
        "log(dP/dQ), and E_P r <= Z because the part of Q where P has no mass is left out."
    ),
    statement=(VARIATIONAL,),
    hypotheses={"mean of r": le(mean_ratio, total)},
    steps=(
        Step("at every outcome", BELOW, Instance(LOG_TANGENT, at={t: ratio / total}), "log t <= t - 1"),
        Step(
            "means under P",
            AVERAGED,
            Expectation(BELOW, {sp.log(ratio): mean_phi - nats, ratio: mean_ratio}),
            "log r has mean E_P phi - KL",
            uses=("at every outcome",),
        ),
        Step("Z normalises", VARIATIONAL, Polynomial(), uses=("means under P",)),
    ),
    mutants=(
        Mutant(
            "3 % of log Z is left out",
            {ratio: 1, total: 2, **means(mean_phi, sp.log(2)), **means(nats, 0), **means(mean_ratio, 2)},
            le(mean_phi, nats + exact("97/100") * sp.log(total)),
        ),
        Mutant(
            "E_P r <= Z is dropped",
            {ratio: 3, total: 1, **means(mean_phi, sp.log(3)), **means(nats, 0), **means(mean_ratio, 3)},
            without=("mean of r",),
        ),
    ),
)


mean = reals("E")
proxy = reals("s", positive=True)
info = reals("I", nonnegative=True)
slope = reals("t")
PROCESS = ForAll((slope,), le(slope * mean, info + slope**2 * proxy / 2))
SQUARED = le(mean**2, 2 * proxy * info)
OPTIMUM_CLAIM = le(mean, sp.sqrt(2 * proxy * info))
OPTIMUM = Lemma(
    name="mean of a sub-Gaussian process at a learned index",
    source="here; Xu & Raginsky 2017, Lemma 1",
    says=(
        "E = E[X_W], the process X_w having mgf proxy s and mean 0 (or less) for every fixed w, I = I(W;D). "
        "Donsker and Varadhan give t E <= I + t^2 s/2 for every t; the best t is E/s, and E <= sqrt(2 s I). "
        "The lemma is used with s = v rho/n for X/Lip and with s = b^2/(4n) for a loss in [0, b]."
    ),
    statement=(OPTIMUM_CLAIM,),
    hypotheses={"every slope": PROCESS},
    steps=(
        Step(
            "at the best slope",
            le(mean**2 / proxy, info + mean**2 / (2 * proxy)),
            Instance(PROCESS, at={slope: mean / proxy}),
        ),
        Step("square", SQUARED, Polynomial()),
        Step("root", OPTIMUM_CLAIM, Polynomial(), uses=("square",)),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {mean: 1, proxy: 1, info: "1/2"},
            le(mean, sp.sqrt(exact("194/100") * proxy * info)),
        ),
        Mutant("the process is dropped", {mean: 2, proxy: 1, info: 1}, without=("every slope",)),
        Mutant(
            "slopes up to 1/2 only",
            {mean: 3, proxy: 1, info: "3/2"},
            changed={"every slope": ForAll((slope,), PROCESS.claim, (le(slope, exact("1/2")), ge(slope, 0)))},
        ),
    ),
)


y = reals("y")
u = reals("u", positive=True)
mean_root, mean_x = mean_of("y"), mean_of("y_squared")
CHORD = le(y, y**2 / (2 * sp.sqrt(u)) + sp.sqrt(u) / 2)
ROOT_MEAN_CLAIM = le(mean_root, sp.sqrt(u))
ROOT_OF_MEAN = Lemma(
    name="the mean of a root is at most the root of the mean",
    source="here; Jensen",
    says="For y with E y^2 <= u: E y <= sqrt u. y^2 is 2 s I_r, one value for every initialisation r.",
    statement=(ROOT_MEAN_CLAIM,),
    hypotheses={"mean": le(mean_x, u)},
    steps=(
        Step("tangent", CHORD, Polynomial(), "(y - sqrt u)^2 >= 0"),
        Step(
            "means",
            le(mean_root, mean_x / (2 * sp.sqrt(u)) + sp.sqrt(u) / 2),
            Expectation(CHORD, {y**2: mean_x, y: mean_root}),
        ),
        Step("at the mean", ROOT_MEAN_CLAIM, Polynomial(), uses=("means",)),
    ),
    mutants=(
        Mutant(
            "the root loses 3 %",
            {y: 1, u: 1, **means(mean_root, 1), **means(mean_x, 1)},
            le(mean_root, exact("97/100") * sp.sqrt(u)),
        ),
        Mutant(
            "the mean may exceed u",
            {y: 2, u: 1, **means(mean_root, 2), **means(mean_x, 4)},
            without=("mean",),
        ),
    ),
)


n, rho, budget = reals("n rho U", positive=True)
mean_c, mean_given = mean_of("C_over_Lip_sqrt_v"), mean_of("information_given_init")
one_mean, one_info = reals("E_r"), reals("I_r", nonnegative=True)
GIVEN_INIT = le(one_mean, sp.sqrt(2 * rho * one_info / n))
INFORMATION_CLAIM = le(mean_c, sp.sqrt(2 * rho * budget / n))
LINEAR = le(one_mean, sp.sqrt(rho / n) * (one_info + budget) / sp.sqrt(2 * budget))
INFORMATION_LAW = Lemma(
    name="the information law",
    source="here; after Xu & Raginsky 2017, Lemma 1",
    says=(
        "E_r = E[C/(Lip sqrt v)|init = r] <= sqrt(2 (rho/n) I_r) for every r (the process X/(Lip sqrt v) "
        "has proxy rho/n, and C <= X); E I_r = I(f;D|init) <= U. Then E[C/(Lip sqrt v)] <= sqrt(2 rho "
        "U/n)."
    ),
    statement=(INFORMATION_CLAIM,),
    hypotheses={"given r": GIVEN_INIT, "budget": le(mean_given, budget)},
    steps=(
        Step(
            "tangent of the root at U",
            le(sp.sqrt(2 * rho * one_info / n), sp.sqrt(rho / n) * (one_info + budget) / sp.sqrt(2 * budget)),
            Polynomial(),
        ),
        Step("given r", LINEAR, Polynomial()),
        Step(
            "means over r",
            le(mean_c, sp.sqrt(rho / n) * (mean_given + budget) / sp.sqrt(2 * budget)),
            Expectation(LINEAR, {one_mean: mean_c, one_info: mean_given}),
            uses=("given r",),
        ),
        Step("at the budget", INFORMATION_CLAIM, Polynomial(), uses=("means over r",)),
    ),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {n: 1, rho: 1, budget: 2, one_mean: 2, one_info: 2, **means(mean_c, 2), **means(mean_given, 2)},
            le(mean_c, sp.sqrt(exact("194/100") * rho * budget / n)),
        ),
        Mutant(
            "the information may exceed U",
            {n: 1, rho: 1, budget: 2, one_mean: 4, one_info: 8, **means(mean_c, 4), **means(mean_given, 8)},
            without=("budget",),
        ),
    ),
)


above = reals("u", positive=True)
start = reals("d", positive=True)
CLIP_RISK = lt(sp.exp(-exact(TAIL_EXPONENT)), TAIL_CHANCE)
REST = CHERNOFF * TAIL_EXPONENT
LEFT = eq(rho / (n * sp.sqrt(REST * rho / n)), sp.sqrt(REST * rho / n) / 60)
MILLS = le(sp.exp(-n * above**2 / (2 * rho)), above / start * sp.exp(-n * above**2 / (2 * rho)))
LEFT_OVER = eq(
    sp.diff(-rho / (n * start) * sp.exp(-n * above**2 / (2 * rho)), above),
    above / start * sp.exp(-n * above**2 / (2 * rho)),
)
CLIPPING = Lemma(
    name="what clipping the ratio costs",
    source="here",
    says=(
        "A variable of proxy rho/n about its mean exceeds mean + d by E(.)_+ <= int_d^inf exp(-n u^2/(2 "
        "rho)) du. For u >= d the integrand is at most (u/d) exp(-n u^2/(2 rho)), whose antiderivative is"
        " -(rho/(n d)) exp(-n u^2/(2 rho)); at d^2 = 60 rho/n what is left is (d/60) exp(-30), and "
        "exp(-30) < 1e-13."
    ),
    statement=(
        MILLS,
        LEFT_OVER,
        CLIP_RISK,
        LEFT,
        eq(TAIL_CHANCE, exact(10) ** -13),
    ),
    hypotheses={"beyond d": ge(above, start)},
    steps=(
        Step("integrand", MILLS, Polynomial(), uses=()),
        Step("antiderivative", LEFT_OVER, Identity(), uses=()),
        Step("the tail", CLIP_RISK, Ball({}), uses=()),
        Step("d/60", LEFT, Identity(), uses=()),
        Step("ten to the -13", eq(TAIL_CHANCE, exact(10) ** -13), Identity(), uses=()),
    ),
    mutants=(
        Mutant("below d", {above: "1/2", start: 1, n: 1, rho: 1}, of=0, without=("beyond d",)),
        Mutant("exponent 29", {above: 1, start: 1, n: 1, rho: 1}, lt(sp.exp(-29), exact(10) ** -13), of=2),
    ),
    covers=("TAIL_EXPONENT", "TAIL_CHANCE"),
)

dim = reals("dim", positive=True)
distance, square = reals("E|x-mu| E|x-mu|^2", nonnegative=True)
FARTHEST = le(distance + sp.sqrt(dim * rho), REACH * sp.sqrt(dim * rho))
REACH_LEMMA = Lemma(
    name="how large the ratio is on average",
    source="here",
    says=(
        "|X|/(Lip sqrt v) is at most the mean of a_i (|x_i - mu| + sqrt(d rho)) with mean a_i <= 1. As "
        "E|x - mu| <= sqrt(E|x - mu|^2), and each of the d coordinates has variance at most rho, that is "
        "at most 2 sqrt(d rho) on average."
    ),
    statement=(FARTHEST,),
    hypotheses={"root of a mean": le(distance**2, square), "variances": le(square, dim * rho)},
    steps=(Step("both distances", FARTHEST, Polynomial()),),
    mutants=(
        Mutant(
            "2 becomes 1.94",
            {distance: 1, square: 1, dim: 1, rho: 1},
            le(distance + sp.sqrt(dim * rho), exact("194/100") * sp.sqrt(dim * rho)),
        ),
        Mutant("any variance", {distance: 2, square: 4, dim: 1, rho: 1}, without=("variances",)),
    ),
    covers=("REACH",),
)

LEMMAS = (DONSKER_VARADHAN, OPTIMUM, ROOT_OF_MEAN, INFORMATION_LAW, CLIPPING, REACH_LEMMA)
