"""The estimator of Nemenman, Shafee and Bialek ("Entropy and inference, revisited", 2002).

A mixture of symmetric Dirichlet priors with parameter b in (0, inf), weighted so that the expected
entropy xi(b) = psi(K b + 1) - psi(b + 1) is uniform on (0, log K) before any data. The posterior
weight of b is the evidence Gamma(K b) / Gamma(n + K b) prod_i Gamma(c_i + b) / Gamma(b) times dxi/db.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from jaxtyping import Float
from scipy.special import digamma, gammaln, polygamma

from ...evidence import Estimate
from .counts import Counts, Given, estimate, grouped, require_alphabet

Nodes = Float[np.ndarray, " nodes"]

# The integrand in u = log b is smooth and falls off exponentially on both sides, where the
# trapezoidal rule converges faster than any power of the step: 1/20 leaves an error near 1e-12.
# Many cells make the posterior sharper than that; the nodes then move to where it lives.
NODES = 1401
LEFT, RIGHT = -30.0, 40.0
NEGLIGIBLE = 45.0  # log weights this far below the largest add less than rounding
ENOUGH = 100  # nodes that a sharp posterior has to spread over
LARGE = 1e4  # beyond it dxi/db cancels, and its expansion in 1/b is exact to rounding
STIRLING = 10.0  # beyond it Stirling's series gives ratios of Gamma functions without cancellation


def nsb(counts: Given, alphabet: int | None = None) -> Estimate:
    """Posterior mean of the entropy, with the posterior standard deviation as standard error."""
    c = grouped(counts)
    k = require_alphabet(c, alphabet)
    if k == 1:
        return estimate(0.0, "NSB", 0.0)
    b, weight = _posterior(c, k)
    mean, square = _moments(c, k, b)
    value = float(weight @ mean)
    variance = float(weight @ (square - mean**2) + weight @ (mean - value) ** 2)
    return estimate(value, "NSB", math.sqrt(max(variance, 0.0)))


def _posterior(c: Counts, k: int) -> tuple[Nodes, Nodes]:
    """Nodes in b and their weights, which sum to 1."""
    left, right = LEFT - math.log(k), RIGHT
    while True:
        u = np.linspace(left, right, NODES)
        b = np.exp(u)
        log_weight = _log_evidence(c, k, b) + np.log(b * _prior(k, b))
        log_weight -= log_weight.max()  # evidences may be far below the smallest float
        heavy = np.flatnonzero(log_weight > -NEGLIGIBLE)
        if len(heavy) >= ENOUGH:
            weight = np.exp(log_weight)
            return b, weight / weight.sum()
        left, right = u[max(heavy[0] - 1, 0)], u[min(heavy[-1] + 1, NODES - 1)]


def _prior(k: int, b: Nodes) -> Nodes:
    """dxi/db = K psi_1(K b + 1) - psi_1(b + 1) > 0."""
    exact = k * polygamma(1, k * b + 1.0) - polygamma(1, b + 1.0)
    series = (1.0 - 1.0 / k) / (2.0 * b**2) - (1.0 - 1.0 / k**2) / (6.0 * b**3)
    return np.asarray(np.where(b < LARGE, exact, series))


def _log_evidence(c: Counts, k: int, b: Nodes) -> Nodes:
    cells = [m * _log_rising(b, size) for size, m in zip(c.sizes, c.cells, strict=True)]
    return np.asarray(sum(cells) - _log_rising(k * b, c.total))


def _log_rising(x: Nodes, n: float) -> Nodes:
    """log Gamma(x + n) / Gamma(x) = log x + ... + log(x + n - 1)."""
    small = gammaln(x + n) - gammaln(x)
    y = np.maximum(x, STIRLING)
    large = n * np.log(y) + (y + n - 0.5) * np.log1p(n / y) - n + _stirling(y + n) - _stirling(y)
    return np.asarray(np.where(x < STIRLING, small, large))


def _stirling(x: Nodes) -> Nodes:
    """log Gamma(x) - (x - 1/2) log x + x - log(2 pi) / 2, right to 1e-13 for x >= 10."""
    z = 1.0 / x**2
    series = 1 / 12 - z * (1 / 360 - z * (1 / 1260 - z * (1 / 1680 - z * (1 / 1188 - z * 691 / 360360))))
    return np.asarray(series / x)


def _moments(c: Counts, k: int, b: Nodes) -> tuple[Nodes, Nodes]:
    """E[H | b] and E[H^2 | b]; empty cells count as cells (Wolpert and Wolf 1995)."""
    total = c.total + k * b
    top, slope = digamma(total + 2.0), polygamma(1, total + 2.0)
    over = _over_cells(c, k, b)
    mean = digamma(total + 1.0) - over(lambda a: a * digamma(a + 1.0)) / total

    def gap(a: Nodes) -> Nodes:
        return np.asarray(digamma(a + 1.0) - top)

    def alone(a: Nodes) -> Nodes:  # what a cell adds with itself, less what the pairs below have of it
        own = (digamma(a + 2.0) - top) ** 2 + polygamma(1, a + 2.0) - slope
        return np.asarray(a * (a + 1.0) * own - a**2 * (gap(a) ** 2 - slope))

    pairs = over(lambda a: a * gap(a)) ** 2 - slope * total**2
    return mean, (pairs + over(alone)) / (total * (total + 1.0))


def _over_cells(c: Counts, k: int, b: Nodes) -> Callable[[Callable[[Nodes], Nodes]], Nodes]:
    """The sum of a function of the posterior parameters c_i + b over all K cells."""

    def over(value: Callable[[Nodes], Nodes]) -> Nodes:
        seen = [m * value(b + size) for size, m in zip(c.sizes, c.cells, strict=True)]
        return np.asarray(sum(seen) + (k - c.observed) * value(b))

    return over
