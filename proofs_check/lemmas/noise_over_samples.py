"""Concentration over n samples: proxies B^2 rho/n for bounded noise and s2 rho/n for independent noise."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy.core.relational import Relational

from ..engines import Expectation, Instance, Polynomial
from ..kernel.lemma import Lemma, Mutant, Step
from ..kernel.terms import ForAll, eq, exact, le, reals

t = reals("t")
bound, proxy, slope, n = reals("B rho L n", positive=True)
log_one, log_mean = sp.Function("k"), sp.Function("k_n")
noise = reals("z")
power, average = reals("s2 A", nonnegative=True)


def log_bound(size: Any, weight: Any) -> Any:
    """size^2 weight rho L^2/2."""
    return size**2 * weight * proxy * slope**2 / 2


ONE_LOG = ForAll((t,), le(log_one(t), log_bound(t, bound**2)))
ADDED = ForAll((t,), eq(log_mean(t), n * log_one(t / n)))
REDUCED = le(log_one(t / n), log_bound(t / n, bound**2))


def over_n(weight: Any) -> Relational:
    return le(log_mean(t), log_bound(t, weight / n))


normal = {
    log_one: sp.Lambda(t, t**2 * 2),
    log_mean: sp.Lambda(t, t**2 * exact("2/5")),
    bound: 2,
    proxy: 1,
    slope: 1,
    n: 5,
    t: 1,
}
MEAN_OF_SAMPLES = Lemma(
    name="bounded noise over n samples",
    source="here",
    says="k(t) <= t^2 B^2 rho L^2/2 is log E exp(t z h) for one sample. X is the mean over n independent "
    "samples, so its log mgf is k_n(t) = n k(t/n) <= t^2 (B^2 rho L^2/n)/2: X/L has variance proxy B^2"
    " rho/n.",
    hypotheses={"one sample": ONE_LOG, "independence": ADDED},
    statement=(over_n(bound**2),),
    steps=(
        Step("at t/n", REDUCED, Instance(ONE_LOG, {t: t / n}), uses=()),
        Step("sum", ADDED.claim, Instance(ADDED, {t: t}), uses=()),
        Step("together", over_n(bound**2), Polynomial()),
    ),
    mutants=(
        Mutant("B^2 loses 3 %", normal, over_n(bound**2 * exact("97/100"))),
        Mutant(
            "one sample n times over",
            {**normal, log_mean: sp.Lambda(t, t**2 * 2)},
            without=("independence",),
        ),
    ),
)

WEIGHTED = ForAll((t,), le(log_one(t), log_bound(t, 1)))
EACH = le(log_one(t * noise / n), log_bound(t * noise / n, 1))
AVERAGED = le(average, log_bound(t, power / n**2))
SUMMED = {"sum": eq(log_mean(t), n * average)}
INDEPENDENT_NOISE = Lemma(
    name="independent noise over n samples",
    source="here",
    says="Given the noise, which does not depend on x, X is the sum of (z_i/n) h_i with independent h_i of "
    "log mgf k(t) <= t^2 rho L^2/2. A is the mean over i of k(t z_i/n) and s2 that of z_i^2, so the "
    "log mgf of X is k_n(t) = n A <= t^2 (s2 rho L^2/n)/2: v = s2.",
    hypotheses={"one sample": WEIGHTED, **SUMMED},
    statement=(over_n(power),),
    steps=(
        Step("sample i", EACH, Instance(WEIGHTED, {t: t * noise / n}), uses=()),
        Step(
            "mean over the samples",
            AVERAGED,
            Expectation(EACH, {log_one(t * noise / n): average, noise**2: power}, (noise,)),
            uses=("sample i",),
        ),
        Step("together", over_n(power), Polynomial(), uses=("mean over the samples",)),
    ),
    mutants=(
        Mutant(
            "s2 loses 3 %",
            {**normal, log_one: sp.Lambda(t, t**2 / 2), power: 4, average: exact("2/25"), noise: 2},
            over_n(power * exact("97/100")),
        ),
        Mutant(
            "any sum",
            {**normal, log_one: sp.Lambda(t, t**2 / 2), power: 4, average: exact("2/25"), noise: 2}
            | {log_mean: sp.Lambda(t, t**2)},
            without=("sum",),
        ),
    ),
)

LEMMAS = (MEAN_OF_SAMPLES, INDEPENDENT_NOISE)
