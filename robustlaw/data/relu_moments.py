"""Certified enclosures of E relu(s T + b) for a symmetric variable T.

For symmetric T, E relu(s T + b) = max(b, 0) + E relu(s T - |b|), so only the excess over a
threshold c >= 0 is ever computed, in forms whose terms are all positive or whose cancellation
is bounded. The excess grows with s (s T is larger in convex order), so the ends of an
enclosure of s give the ends of the result.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from scipy.special import betainc, erfcx

from .checks import EPS

Array = np.ndarray
Excess = Callable[[Array, Array], tuple[Array, Array]]


def symmetric_relu_mean(excess: Excess, low: Array, high: Array, b: Array) -> tuple[Array, Array]:
    """Ends of E relu(s T + b) for low <= s <= high.

    excess : (s, c) -> ends of E relu(s T - c) for c >= 0
    """
    gain, threshold = np.maximum(b, 0.0), np.abs(b)
    lower = gain + np.maximum(excess(low, threshold)[0], 0.0)
    upper = gain + excess(high, threshold)[1]
    inside = np.maximum(np.nextafter(lower, -np.inf), gain)
    touched = high > 0.0
    return np.where(touched, inside, gain), np.where(touched, np.nextafter(upper, np.inf), gain)


# Beyond 37 standard deviations the excess is below 1e-300 and close to underflow.
FAR = 37.0


def gaussian_excess(s: Array, c: Array) -> tuple[Array, Array]:
    """Ends of E relu(s N - c), N standard normal, c >= 0.

    With t = c/s and the Mills ratio R: s phi(t) (1 - t R(t)). The subtraction loses a factor
    1/(1 - t R) <= 3 + t^2, and so does an error of eps in t or in t^2 inside phi; about nine
    such roundings occur, and 32 (4 + t^2) eps leaves room for twice as many and for erfcx.
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = np.where(s > 0.0, c / s, np.inf)
    t = np.minimum(ratio, FAR)
    density = np.exp(-0.5 * t * t) / math.sqrt(2.0 * math.pi)
    value = s * (density * (1.0 - t * math.sqrt(0.5 * math.pi) * erfcx(t / math.sqrt(2.0))))
    slack = 32.0 * (4.0 + t * t) * EPS
    lower = np.where(ratio > FAR, 0.0, value * (1.0 - slack))
    return lower, np.nextafter(value * (1.0 + slack), np.inf)


# Where the difference of two almost equal terms would lose more than this factor, a series
# of positive terms is summed instead; it then needs about 36 (1 + d / CANCELLATION) terms.
CANCELLATION = 50.0
# Values below this fraction of s are enclosed by [0, TINY s]: powers underflow there.
TINY = 1e-290


def sphere_excess(dim: int) -> Excess:
    """Ends of E relu(s T - c), T a coordinate of the unit sphere of R^dim, c >= 0.

    T has density proportional to (1 - t^2)^((dim-3)/2). With tau = c/s and q = 1 - tau^2 the
    excess is s (A - tau P(T > tau)), A = kappa q^((dim-1)/2)/(dim-1), P an incomplete beta.
    An error of eps in q costs dim eps/2 in A and in P; 64 (dim + 16) eps covers both and the
    incomplete beta, times the loss by cancellation, at most 1 + (dim-1) tau^2/q.
    """
    peak = _density_at_zero(dim) / (dim - 1)
    base = 64.0 * (dim + 16.0) * EPS

    def excess(s: Array, c: Array) -> tuple[Array, Array]:
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            tau = np.where(s > 0.0, np.minimum(c / s, 1.0), 1.0)
            q = np.where(c < s, ((s - c) / s) * ((s + c) / s), 0.0)
            loss = np.where(q > 0.0, 1.0 + (dim - 1) * tau * tau / q, np.inf)
        with np.errstate(under="ignore"):
            first = peak * q ** (0.5 * (dim - 1))
        series = loss > CANCELLATION
        direct = first - tau * 0.5 * betainc(0.5 * (dim - 1), 0.5, q)
        value = np.where(series, first * _positive_series(dim, np.where(series, q, 0.0)), direct)
        slack = np.where(series, base, base * loss)
        lower = np.where(first > TINY, s * value * (1.0 - slack), 0.0)
        upper = np.where(first > TINY, s * value * (1.0 + slack), s * TINY)
        return lower, np.where(c < s, upper, 0.0)

    return excess


def _positive_series(dim: int, q: Array) -> Array:
    """1 - tau P/A = sum_k c_(k-1) q^k / (2 (a + 1 + k)), a = (dim-3)/2, c_k = prod (a+1/2+j)/(a+1+j).

    From Euler's transformation of the incomplete beta; successive terms shrink by at least q.
    """
    a, k = 0.5 * (dim - 3), 1
    weight = np.array(q, dtype=np.float64)
    total = np.zeros_like(weight)
    while np.any(weight > EPS * (1.0 - q) * np.maximum(total, q / (a + 2.0))):
        total = total + weight / (2.0 * (a + 1.0 + k))
        weight = weight * q * ((a + 0.5 + k) / (a + 1.0 + k))
        k += 1
    return total


def _density_at_zero(dim: int) -> float:
    """Gamma(dim/2) / (sqrt(pi) Gamma((dim-1)/2)) by its recursion: a relative error of dim eps at most."""
    start, value = (2, 1.0 / math.pi) if dim % 2 == 0 else (3, 0.5)
    steps = np.arange(start, dim, 2, dtype=np.float64)
    return float(value * np.prod(steps / (steps - 1.0)))
