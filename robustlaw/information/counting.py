"""Log binomial coefficients as arrays: float values, not enclosures."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int
from scipy.special import gammaln

from ..data.checks import EPS


def log_binomials(n: int, k: Int[np.ndarray, " counts"]) -> Float[np.ndarray, " counts"]:
    """log C(n, k); +inf where there is no such subset, so that a code never uses it."""
    inside = (k >= 0) & (k <= n)
    safe = np.where(inside, k, 0)
    value = gammaln(n + 1) - gammaln(safe + 1) - gammaln(n - safe + 1)
    return np.where(inside, value, np.inf)


def counting_error(n: int) -> float:
    """More than log C(k, d) + log C(n - k, d) is off by: differences of log-gamma values of that size."""
    return float(16.0 * EPS * (1.0 + gammaln(n + 1)))
