"""Upper bounds from norms of weight products: the product bound and LipLT."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from .batch import Weights
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
    layers = max(k for k, _ in table)
    c, r = abs(slopes.centre), slopes.radius
    bounds: list[Float[np.ndarray, " nets"]] = []
    for k in range(1, layers + 1):
        value = c ** (k - 1) * table[k, 1]
        for j in range(1, k):
            value = value + c ** (k - j - 1) * r * table[k, j + 1] * bounds[j - 1]
        bounds.append(up(value, 4 * layers + 8))
    return bounds[-1]
