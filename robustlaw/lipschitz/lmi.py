"""The matrix inequality behind every multiplier bound, proved in float64.

For diagonal Lambda_i > 0, t > 0 and slopes in [c - r, c + r], p = c^2 - r^2, let P(Lambda, t)
be symmetric block tridiagonal on (dx, dy_1, ..., dy_K) with
    P_00 = I + p W_1^T Lambda_1 W_1,      P_ii = Lambda_i + p W_{i+1}^T Lambda_{i+1} W_{i+1},
    P_KK = Lambda_K - t W_{K+1}^T W_{K+1},  P_{i-1,i} = -c W_i^T Lambda_i.
P >= 0 implies Lip(f)^2 <= 1/t: the slope condition (dy - alpha dz)(beta dz - dy) >= 0, weighted
and summed, gives |dx|^2 - t |df|^2 >= delta^T P delta >= 0 (Fazlyab et al., NeurIPS 2019).
Any number of hidden layers and outputs; one multiplier a unit or a layer, as proposed.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from .batch import Weights
from .eclipse import Proposal
from .rounding import UNDERFLOW, UNIT, Numbers, Squares, gamma, is_positive, row_norms_up
from .sector import Sector

# Relative enlargements of rho tried in turn. Fast leaves the inequality an interior point, so
# rounding alone decides, and 1e-11 nearly always suffices.
ENLARGEMENTS = (1e-12, 1e-11, 1e-10, 1e-8, 1e-6)
# Relative room on the diagonal for a checker that bounds the same roundings more roughly.
ROOM = 1e-13


def proved_rho(weights: Sequence[Weights], slopes: Sector, proposal: Proposal) -> Numbers:
    """rho >= proposal.rho with Lip^2 <= rho proved; infinite where no enlargement sufficed."""
    bound = np.full(len(proposal.rho), np.inf)
    todo = np.flatnonzero(np.isfinite(proposal.rho) & np.isfinite(proposal.multipliers).all(axis=1))
    for growth in ENLARGEMENTS:
        if not len(todo):
            break
        rho = proposal.rho[todo] * (1.0 + growth)
        matrix, error = assemble([w[todo] for w in weights], slopes, proposal.multipliers[todo], rho)
        every = np.arange(matrix.shape[1])
        error[:, every, every] += ROOM * np.abs(matrix[:, every, every])
        proved = is_positive(matrix, error)
        bound[todo[proved]] = rho[proved] * (1.0 + growth)  # twice the room, for whoever proves it again
        todo = todo[~proved]
    return bound


def assemble(
    weights: Sequence[Weights], slopes: Sector, multipliers: np.ndarray, rho: Numbers
) -> tuple[Squares, Squares]:
    """P(Lambda, 1/rho) in float64 and a bound on the error of each entry.

    With p = 0 and more inputs than first units the input block is eliminated exactly:
    P_11 becomes Lambda_1 - c^2 Lambda_1 W_1 W_1^T Lambda_1 + ..., a smaller matrix.
    """
    c, p = slopes.centre, slopes.product
    sizes = [w.shape[-1] for w in weights]
    nets, hidden = len(rho), sizes[1:]
    lam = np.split(multipliers, np.cumsum(hidden)[:-1], axis=1)
    eliminate = p == 0.0 and sizes[0] > sizes[1]
    edges = np.cumsum([0, *(hidden if eliminate else sizes)])
    blocks = [slice(int(a), int(b)) for a, b in pairwise(edges)]
    total = int(edges[-1])
    matrix, error = np.zeros((nets, total, total)), np.full((nets, total, total), UNDERFLOW)
    diagonal = [*lam] if eliminate else [np.ones((nets, sizes[0])), *lam]
    matrix[:, np.arange(total), np.arange(total)] = np.concatenate(diagonal, axis=1)
    if eliminate:
        scaled = (lam[0][:, :, None] * weights[0]).transpose(0, 2, 1)
        _add_square(matrix, error, blocks[0], scaled, np.ones((nets, sizes[0])), -c * c, 0.0)
    else:
        _add_layer(matrix, error, blocks[0], blocks[1], weights[0], lam[0], slopes)
    upper = blocks if eliminate else blocks[1:]
    for w, values, below, above in zip(weights[1:-1], lam[1:], upper, upper[1:], strict=False):
        _add_layer(matrix, error, below, above, w, values, slopes)
    _add_square(matrix, error, blocks[-1], weights[-1], np.ones(weights[-1].shape[:2]), -1.0 / rho, 0.0)
    return matrix, error


def _add_layer(
    matrix: Squares,
    error: Squares,
    below: slice,
    above: slice,
    w: np.ndarray,
    values: np.ndarray,
    slopes: Sector,
) -> None:
    """The blocks -c Lambda W beside the diagonal, and p W^T Lambda W on it."""
    if slopes.product != 0.0:
        _add_square(matrix, error, below, w, values, slopes.product, slopes.product_error)
    coupling = -slopes.centre * values[:, :, None] * w
    for rows, columns, block in ((above, below, coupling), (below, above, coupling.transpose(0, 2, 1))):
        matrix[:, rows, columns] = block
        error[:, rows, columns] += 4.0 * UNIT * np.abs(block)


def _add_square(
    matrix: Squares,
    error: Squares,
    block: slice,
    w: np.ndarray,
    values: np.ndarray,
    factor: np.ndarray | float,
    factor_error: float,
) -> None:
    """Add factor W^T diag(values) W, with its rounding bounded by products of column lengths."""
    size = np.asarray(factor, dtype=np.float64).reshape(-1, 1, 1)
    term = size * (w.transpose(0, 2, 1) @ (values[:, :, None] * w))
    lengths = row_norms_up((np.sqrt(values)[:, :, None] * w).transpose(0, 2, 1))
    outer = lengths[:, :, None] * lengths[:, None, :]
    relative = gamma(2 * w.shape[-2] + 20)
    matrix[:, block, block] += term
    error[:, block, block] += (
        relative * np.abs(size) * outer + factor_error * outer + 2.0 * UNIT * np.abs(matrix[:, block, block])
    )
