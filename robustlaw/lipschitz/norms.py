"""Upper bounds from norms of weight products: the product bound and LipLT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .batch import Weights
from .eclipse import Proposal
from .rounding import UNDERFLOW, Numbers, frobenius_up, gamma, norm_upper, up
from .sector import Sector

Table = dict[tuple[int, int], np.ndarray]


def chain_norms(weights: Sequence[Weights]) -> Table:
    """Upper bounds of ||W_k ... W_j|| for all 1 <= j <= k, keyed (k, j).

    A floating-point product of matrices is off by at most gamma_{n_1 + n_2 + ...} times the
    product of the absolute matrices (Higham, section 3.5), whose Frobenius norm is added.
    """
    table: Table = {}
    for j in range(1, len(weights) + 1):
        value, size, terms = weights[j - 1], np.abs(weights[j - 1]), 0
        table[j, j] = norm_upper(value)
        for k in range(j + 1, len(weights) + 1):
            terms += value.shape[-2]
            value, size = weights[k - 1] @ value, np.abs(weights[k - 1]) @ size
            error = gamma(4 * terms + 16) * frobenius_up(size) + UNDERFLOW
            table[k, j] = up(norm_upper(value) + error)
    return table


def product(table: Table, slopes: Sector) -> Numbers:
    """Lip <= beta^K ||W_1|| ... ||W_{K+1}||, beta the largest slope in size."""
    layers = max(k for k, _ in table)
    value = table[1, 1]
    for k in range(2, layers + 1):
        value = up(value * table[k, k] * slopes.largest)
    return value


def liplt(table: Table, slopes: Sector) -> Numbers:
    """LipLT, equal to the sum over all 2^K cuts of Combettes and Pesquet (arXiv 1903.01014).

    phi = c id + r Q with Q 1-Lipschitz gives, for the norms N_kj = ||W_k ... W_j||,
    L_k = c^(k-1) N_k1 + sum_{j<k} c^(k-j-1) r N_{k,j+1} L_j, and Lip <= L_{K+1}
    (Fazlyab et al., NeurIPS 2023).
    """
    return _through_layers(table, slopes)[-1]


def liplt_proposal(table: Table, slopes: Sector, widths: Sequence[int]) -> Proposal:
    """Multipliers that prove LipLT: lambda_j = g_j / (r^2 L L_j), g_j = dL / dL_j, for L = L_{K+1}.

    L_k is a sum of sizes a of vectors t, so |z_k|^2 <= L_k sum |t|^2 / a. With z = r Q's part of a unit
    bounded by its input, these inequalities for all layers add up, with weights L g_j / L_j, to
    |f|^2 <= L^2 |x|^2: a multiplier for each layer.
    """
    bounds = _through_layers(table, slopes)
    layers, c, r = len(bounds), abs(slopes.centre), slopes.radius
    gains = {layers: np.ones_like(bounds[-1])}
    for j in range(layers - 1, 0, -1):
        terms = [gains[k] * c ** (k - j - 1) * r * table[k, j + 1] for k in range(j + 1, layers + 1)]
        gains[j] = np.sum(terms, axis=0)
    lam = [gains[j] / (r * r * bounds[-1] * bounds[j - 1]) for j in range(1, layers)]
    return Proposal(np.repeat(np.stack(lam, axis=1), widths, axis=1), bounds[-1] ** 2)


def _through_layers(table: Table, slopes: Sector) -> list[Numbers]:
    """L_1, ..., L_{K+1}."""
    layers = max(k for k, _ in table)
    c, r = abs(slopes.centre), slopes.radius
    bounds: list[Numbers] = []
    for k in range(1, layers + 1):
        value = c ** (k - 1) * table[k, 1]
        for j in range(1, k):
            value = value + c ** (k - j - 1) * r * table[k, j + 1] * bounds[j - 1]
        bounds.append(up(value, 4 * layers + 8))
    return bounds
