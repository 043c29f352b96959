"""What the checkers of certificates share: rounding bounds, living units, positivity.

gamma_k = k u / (1 - k u), u = 2^-53, bounds the relative error of a sum of k products in any
order of summation (Higham, Accuracy and Stability, section 3.1).
"""

from __future__ import annotations

import numpy as np
from scipy.linalg.lapack import dpotrf

from ..networks import Network

UNIT, UNDERFLOW = 2.0**-53, 2.0**-900  # the latter exceeds what all products that underflow lose
SCALE_LIMIT = 400.0  # beyond 2^400 rescaling might itself underflow


def gamma(terms: int) -> float:
    """gamma_k with two terms to spare for its own rounding and that of what it multiplies."""
    return (terms + 2) * UNIT / (1.0 - (terms + 2) * UNIT)


def above(x: np.ndarray, terms: int) -> np.ndarray:
    """An upper bound of a sum of non-negative numbers that took at most `terms` roundings."""
    return np.asarray(x * (1.0 + gamma(terms)))


def living(net: Network) -> list[np.ndarray]:
    """Units, inputs first, on a path of non-zero weights; the others only ever add constants."""
    ahead, back = [np.ones(net.arch.widths[0], bool)], [np.ones(net.arch.widths[-1], bool)]
    for w in net.weights:
        ahead.append(((w != 0.0) & ahead[-1]).any(axis=1))
    for w in reversed(net.weights):
        back.append(((w != 0.0) & back[-1][:, None]).any(axis=0))
    return [f & b for f, b in zip(ahead, reversed(back), strict=True)]


def reduced(net: Network) -> list[np.ndarray]:
    """Weights between living units."""
    alive = living(net)
    return [w[np.ix_(up, down)] for w, down, up in zip(net.weights, alive, alive[1:], strict=False)]


def is_positive(s: np.ndarray, error: np.ndarray) -> bool:
    """S + F >= 0 for every symmetric |F| <= error: a shifted Cholesky factorisation that completes.

    Equilibrated by powers of two first. If Cholesky of A completes, lambda_min(A) >= -g/(1-g) tr A
    with g = gamma_{n+1} (Rump, BIT 46, 2006); 3 (n + 1) allows for multiplying by reciprocals.
    |x' F x| <= sum_i x_i^2 w_i sum_j E_ij / w_j for any weights w > 0; w_i about sqrt E_ii suits E.
    """
    diagonal = np.diag(s)
    if not (np.isfinite(s).all() and np.isfinite(error).all() and (diagonal > 0.0).all()):
        return False
    power = -np.rint(0.5 * np.log2(diagonal))
    if np.abs(power).max() >= SCALE_LIMIT:
        return False
    outer = np.exp2(power)[:, None] * np.exp2(power)
    s, error, n = s * outer, error * outer, len(s)
    weight = np.sqrt(np.diag(error) + gamma(3 * n + 3))
    slack = weight * (error @ (1.0 / weight))
    shift = gamma(3 * n + 3) * (1.0 + gamma(3 * n + 3)) * np.trace(s) + slack + UNDERFLOW
    s[np.diag_indices(n)] = np.nextafter(np.diag(s) - above(shift, n + 12), -np.inf)
    return bool(dpotrf(s, lower=1)[1] == 0)
