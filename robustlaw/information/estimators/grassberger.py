"""Grassberger's estimators: log c is replaced by a function whose mean is closer to n p log p."""

from __future__ import annotations

import math

import numpy as np
from scipy.special import digamma

from ...evidence import Estimate
from .counts import Given, check_alphabet, estimate, grouped


def grassberger_1988(counts: Given, alphabet: int | None = None) -> Estimate:
    """sum (c/n) [log n - psi(c) - (-1)^c / (c + 1)]."""
    c = grouped(counts)
    check_alphabet(c, alphabet)
    parity = 1.0 - 2.0 * np.mod(c.sizes, 2.0)
    value = c.mean(math.log(c.total) - digamma(c.sizes) - parity / (c.sizes + 1.0))
    return estimate(value, "Grassberger 1988")


def grassberger_2003(counts: Given, alphabet: int | None = None) -> Estimate:
    """log n - (1/n) sum c G(c), G(c) = psi(c) + (-1)^c [psi((c+1)/2) - psi(c/2)] / 2."""
    c = grouped(counts)
    check_alphabet(c, alphabet)
    parity = 1.0 - 2.0 * np.mod(c.sizes, 2.0)
    g = digamma(c.sizes) + 0.5 * parity * (digamma(0.5 * (c.sizes + 1.0)) - digamma(0.5 * c.sizes))
    return estimate(c.mean(math.log(c.total) - g), "Grassberger 2003")
