"""Exact information of channels on binary labels that no permutation of the bits changes.

Label i belongs to bit i and k of N bits are kept. Then m is uniform on the k-subsets, so that
I = log binom(N, k) - E_h H(m | h), and a mask's probability depends on the data through h, the
number of labels 1, and j, the number of those that are kept:
H(m | h) = -sum_j binom(h, j) binom(N-h, k-j) p_hj log p_hj.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
from jaxtyping import Float, Int
from mpmath import mp
from scipy.special import gammaln, xlog1py, xlogy

from ...data.checks import EPS
from ...errors import BrokenInvariant
from ...evidence import Bracket, log_binomial
from ..scalars import DIGITS, around

Counts = Int[np.ndarray, " counts"]
Values = Float[np.ndarray, " counts"]
Nodes = Int[np.ndarray, " nodes"]

_TAIL = 36.0  # the counts left out have probability at most 2 e^-36
_ALL = 128  # counts h up to which each is evaluated
_FINE = 33  # Chebyshev nodes in h beyond that; every second one makes the comparison
_FEW = 600  # counts j up to which no window is sought
_DROP = 80.0  # the window holds all j within e^-80 of the most likely
_NORMALISED = 1e-10
_INTERPOLATED = "entropy given the number of ones is interpolated; the ends show the change with the nodes"


def exchangeable_information(
    bits: int, kept: int, one: float, entropy: Callable[[int], tuple[float, float]], method: str
) -> Bracket:
    """log binom(N, k) - E_h entropy(h) with h ~ Bin(N, one).

    entropy : h -> H(m | h) and a bound on its error
    """
    size = log_binomial(bits, kept)
    counts = likely_counts(bits, one)
    nodes = counts if len(counts) <= _ALL else _chebyshev(counts)
    values, errors = np.array([entropy(int(h)) for h in nodes]).T
    weights = _binomial_weights(bits, one, counts)
    slack = errors.max() + 2.0 * math.exp(-_TAIL) * size.upper + 64.0 * EPS * size.upper
    if len(nodes) == len(counts):
        mean, notes = float(weights @ values), tuple[str, ...]()
    else:
        mean = float(weights @ _interpolated(counts, nodes, values))
        slack += abs(mean - float(weights @ _interpolated(counts, nodes[::2], values[::2])))
        notes = (_INTERPOLATED,)
    return around(size.middle - mean, slack + size.width, method, *notes)


def entropy_given_count(
    bits: int, kept: int, h: int, log_law: Callable[[Counts, Counts], Float[np.ndarray, "counts forms"]]
) -> tuple[float, float]:
    """H(m | h) and a bound on its error, from log p_hj evaluated in two forms.

    Raises BrokenInvariant if the probabilities of all masks do not add up to 1 within 1e-10.
    """
    chosen, log_many = log_multiplicities(bits, kept, h)
    if len(chosen) > _FEW:
        coarse = np.unique(np.linspace(0, len(chosen) - 1, _FEW // 4).astype(np.int64))
        near = _likely(log_many[coarse] + _forms(log_law, h, chosen[coarse])[:, 0])
        window = slice(coarse[max(near[0] - 1, 0)], coarse[min(near[-1] + 1, len(coarse) - 1)] + 1)
        chosen, log_many = chosen[window], log_many[window]
    logs = _forms(log_law, h, chosen)
    joint = np.exp(log_many[:, None] + logs)
    totals = joint.sum(axis=0)
    if (abs(totals - 1.0) > _NORMALISED).any():
        raise BrokenInvariant(f"masks with h = {h} of {bits} labels 1 have probability {totals} in all")
    shift = np.log(totals)
    entropies = -(joint * (logs - shift)).sum(axis=0) / totals
    error = abs(entropies[0] - entropies[1]) + abs(shift).max() + 64.0 * EPS * (entropies.max() + len(chosen))
    return float(entropies.mean()), float(error)


@lru_cache(maxsize=512)
def log_multiplicities(bits: int, kept: int, h: int) -> tuple[Counts, Values]:
    """All j, and log of binom(h, j) binom(N-h, k-j).

    Anchored near the largest at high precision and continued by ratios: log-gamma functions of
    size N log N would leave an error of 1e-10 at N = 1e5.
    """
    j = np.arange(max(0, kept - bits + h), min(h, kept) + 1)
    middle = int(np.clip(round(h * kept / bits), j[0], j[-1])) - int(j[0])
    up = np.log(h - j[:-1]) + np.log(kept - j[:-1]) - np.log(j[1:]) - np.log(bits - h - kept + j[1:])
    below, above = -np.cumsum(up[:middle][::-1])[::-1], np.cumsum(up[middle:])
    with mp.workdps(DIGITS):
        parts = ((h, j[middle]), (bits - h, kept - j[middle]))
        anchor = float(sum(_log_binomial(int(n), int(k)) for n, k in parts))
    return j, np.concatenate([below, [0.0], above]) + anchor


def likely_counts(bits: int, one: float) -> Counts:
    """All h but those that Bernstein's inequality gives probability at most 2 e^-36 in all."""
    variance = bits * one * (1.0 - one)
    reach = _TAIL / 3.0 + math.sqrt((_TAIL / 3.0) ** 2 + 2.0 * _TAIL * variance)
    if one in (0.0, 1.0):
        reach = 0.0
    low, high = max(0, math.floor(bits * one - reach)), min(bits, math.ceil(bits * one + reach))
    return np.arange(low, high + 1)


def _log_binomial(n: int, k: int) -> Any:
    return mp.loggamma(n + 1) - mp.loggamma(k + 1) - mp.loggamma(n - k + 1)


def _forms(
    log_law: Callable[[Counts, Counts], Float[np.ndarray, "counts forms"]], h: int, chosen: Counts
) -> Float[np.ndarray, "counts forms"]:
    return log_law(np.full(len(chosen), h), chosen)


def _likely(logs: Values) -> Nodes:
    return np.flatnonzero(logs >= logs.max() - _DROP)


def _binomial_weights(bits: int, one: float, counts: Counts) -> Values:
    logs = xlogy(counts, one) + xlog1py(bits - counts, -one)
    logs = logs - gammaln(counts + 1.0) - gammaln(bits - counts + 1.0)
    weights = np.exp(logs - logs.max())
    return np.asarray(weights / weights.sum())


def _chebyshev(counts: Counts) -> Nodes:
    """Integers near the Chebyshev points of the window, ends included."""
    places = 0.5 * (1.0 - np.cos(np.pi * np.arange(_FINE) / (_FINE - 1)))
    return counts[np.unique(np.rint(places * (len(counts) - 1)).astype(np.int64))]


def _interpolated(counts: Counts, nodes: Nodes, values: Float[np.ndarray, " nodes"]) -> Values:
    """The polynomial through (nodes, values), by the barycentric formula."""
    x = (nodes - nodes[0]) / (nodes[-1] - nodes[0]) * 4.0 - 2.0  # capacity 1: no overflow
    gaps = x[:, None] - x
    np.fill_diagonal(gaps, 1.0)
    weights = 1.0 / gaps.prod(axis=1)
    at = (counts - nodes[0]) / (nodes[-1] - nodes[0]) * 4.0 - 2.0
    distance = at[:, None] - x
    hit = distance == 0.0
    terms = weights / np.where(hit, 1.0, distance)
    smooth = terms @ values / terms.sum(axis=1)
    return np.asarray(np.where(hit.any(axis=1), hit @ values, smooth))
