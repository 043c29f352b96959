"""Estimators that judge from singletons and doubletons how much has not been seen."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import digamma, xlogy

from ...evidence import Estimate
from .counts import Counts, Given, check_alphabet, estimate, grouped

TAIL = 40.0  # exp(-40) is below the rounding of a sum of order 1


def chao_shen(counts: Given, alphabet: int | None = None) -> Estimate:
    """-sum q log q / (1 - (1 - q)^n) with q = C c/n and C = 1 - f1/n the coverage (2003).

    If all are singletons, f1 = n - 1 is used, as in the authors' own code.
    """
    c = grouped(counts)
    check_alphabet(c, alphabet)
    n, singles = c.total, c.with_size(1)
    cover = 1.0 - (n - 1.0 if singles == n else singles) / n
    q = cover * c.sizes / n
    # a single cell has q = 1: kept a hair below 1, whose logarithm would be infinite
    seen = -np.expm1(n * np.log1p(-np.minimum(q, 1.0 - 2.0**-53)))
    return estimate(float(c.cells @ (-xlogy(q, q) / seen)), "Chao-Shen")


def chao_wang_jost(counts: Given, alphabet: int | None = None) -> Estimate:
    """The entropy's accumulation curve, continued from n samples to infinitely many (2013)."""
    c = grouped(counts)
    check_alphabet(c, alphabet)
    n, singles = c.total, c.with_size(1)
    value = _seen_part(c)
    if singles > 0.0:
        value += singles / n * _power_tail(1.0 - _rarity(c, singles), int(n))
    return estimate(value, "Chao-Wang-Jost")


def zhang(counts: Given, alphabet: int | None = None) -> Estimate:
    """sum (c/n) sum_{v <= n-c} (1/v) prod_{l <= v} (1 - (c-1)/(n-l)) (2012).

    The inner sum is psi(n) - psi(c) (Schuermann, "A note on entropy estimation", 2015).
    """
    c = grouped(counts)
    check_alphabet(c, alphabet)
    return estimate(_seen_part(c), "Zhang")


def _seen_part(c: Counts) -> float:
    return c.mean(digamma(c.total) - digamma(c.sizes))


def _rarity(c: Counts, singles: float) -> float:
    """A, the mean chance of the cells seen once."""
    n, doubles = c.total, c.with_size(2)
    if doubles > 0.0:
        return 2.0 * doubles / ((n - 1.0) * singles + 2.0 * doubles)
    return 2.0 / ((n - 1.0) * (singles - 1.0) + 2.0)


def _power_tail(x: float, n: int) -> float:
    """x^(1-n) [-log(1-x) - sum_{r<n} x^r / r] = sum_{k>=0} x^(k+1) / (n+k), for 0 <= x < 1.

    The bracket cancels when x^n is small; the series is short then.
    """
    if n * (1.0 - x) > 1.0:
        powers = np.arange(math.ceil(TAIL / (1.0 - x)), dtype=np.float64)
        return float((x ** (powers + 1.0) / (n + powers)).sum())
    r = np.arange(1.0, n)
    return float(x ** (1.0 - n) * (-math.log1p(-x) - (x**r / r).sum()))
