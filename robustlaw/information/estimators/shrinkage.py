"""Entropies of frequencies that are pulled towards the uniform law. All of them need the alphabet."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import xlogy

from ...evidence import Estimate
from .counts import Counts, Given, estimate, grouped, require_alphabet


def james_stein(counts: Given, alphabet: int | None = None) -> Estimate:
    """Entropy of s/K + (1 - s) c/n with s = (1 - sum p^2) / ((n-1) sum (1/K - p)^2) in [0, 1].

    Hausser and Strimmer, "Entropy inference and the James-Stein estimator", 2009.
    """
    c, k = _ready(counts, alphabet)
    share = james_stein_share(c, k)
    p = c.sizes / c.total
    return estimate(_entropy(c, share / k + (1.0 - share) * p, share / k, k), "James-Stein")


def james_stein_share(c: Counts, alphabet: int) -> float:
    """Weight s of the uniform law; 1 where the formula reads 0/0."""
    p = c.sizes / c.total
    empty = alphabet - c.observed
    far = float(c.cells @ (1.0 / alphabet - p) ** 2) + empty / alphabet**2
    below = (c.total - 1.0) * far
    return min(1.0, max(0.0, 1.0 - float(c.cells @ p**2)) / below) if below > 0.0 else 1.0


def jeffreys(counts: Given, alphabet: int | None = None) -> Estimate:
    """Entropy of (c + a) / (n + K a), a = 1/2."""
    c, k = _ready(counts, alphabet)
    return _dirichlet(c, k, 0.5, "Dirichlet 1/2 (Jeffreys)")


def laplace(counts: Given, alphabet: int | None = None) -> Estimate:
    """Entropy of (c + a) / (n + K a), a = 1."""
    c, k = _ready(counts, alphabet)
    return _dirichlet(c, k, 1.0, "Dirichlet 1 (Laplace)")


def perks(counts: Given, alphabet: int | None = None) -> Estimate:
    """Entropy of (c + a) / (n + K a), a = 1/K (Perks; Schuermann and Grassberger)."""
    c, k = _ready(counts, alphabet)
    return _dirichlet(c, k, 1.0 / k, "Dirichlet 1/K (Schuermann-Grassberger)")


def minimax(counts: Given, alphabet: int | None = None) -> Estimate:
    """Entropy of (c + a) / (n + K a), a = sqrt(n) / K (Trybula)."""
    c, k = _ready(counts, alphabet)
    return _dirichlet(c, k, math.sqrt(c.total) / k, "Dirichlet sqrt(n)/K (minimax)")


def _ready(counts: Given, alphabet: int | None) -> tuple[Counts, int]:
    c = grouped(counts)
    return c, require_alphabet(c, alphabet)


def _dirichlet(c: Counts, alphabet: int, pseudo: float, method: str) -> Estimate:
    total = c.total + alphabet * pseudo
    return estimate(_entropy(c, (c.sizes + pseudo) / total, pseudo / total, alphabet), method)


def _entropy(c: Counts, seen: np.ndarray, unseen: float, alphabet: int) -> float:
    """Entropy with chance seen[i] for each cell of count sizes[i] and `unseen` for each empty one."""
    return -float(c.cells @ xlogy(seen, seen)) - (alphabet - c.observed) * float(xlogy(unseen, unseen))
