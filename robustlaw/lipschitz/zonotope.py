"""One hidden layer, one output: the gradient lives in a zonotope.

grad f(x) = A s(x) with columns a_i = v_i w_i and slopes s_i in [c - r, c + r]. With
B = [c A 1, r a_1, ..., r a_h], every gradient is B sigma for a sigma in [-1, 1]^{h+1}, so

    Lip(f)^2 <= max |B sigma|^2 <= sum_i D_i   whenever   Diag(D) - B^T B >= 0,

the dual of the MaxCut relaxation. It equals LipSDP-Neuron with multipliers v_i^2 / D_i.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float

from .batch import Weights
from .rounding import UNDERFLOW, UNIT, Numbers, gamma, is_positive_by, row_norms_up, up
from .sector import Sector

Rows = Float[np.ndarray, "nets columns inputs"]
Diagonal = Float[np.ndarray, "nets columns"]
Multipliers = Float[np.ndarray, "nets hidden"]

# A column this much shorter than the longest entry is left out and its length added to the bound.
NEGLIGIBLE = 2.0**-300
# First and further relative enlargements of a diagonal that is not proved as it stands.
# A factorisation of n rows needs a relative margin of n gamma_{3n}. What is proved here is checked
# again as a matrix inequality with more rows and a smaller least eigenvalue: leave it room, in D
# and, for gradients that nearly vanish at the mean slopes, in the sum.
ROOM = 32.0
ENLARGEMENTS = (1.0, 10.0, 100.0, 1e4, 1e6)


@dataclass(frozen=True, eq=False)
class Zonotope:
    """B stored by rows (column i of B is rows[:, i]), divided by the power of two 2^exponent.

    slack : bound on |(B - stored B) sigma|, from forming the columns and leaving short ones out
    order : rows of the matrix inequality in which the multipliers are checked again
    """

    rows: Rows
    exponent: np.ndarray
    slack: Numbers
    order: int = 0

    @cached_property
    def gram(self) -> Float[np.ndarray, "nets columns columns"]:
        """B^T B of the stored columns, rounded."""
        return np.asarray(self.rows @ self.rows.transpose(0, 2, 1))

    @property
    def used(self) -> np.ndarray:
        """Columns that are not zero."""
        return np.asarray((self.rows != 0.0).any(axis=2))


def zonotope(first: Weights, last: Weights, slopes: Sector) -> Zonotope:
    """B of f = v . phi(W x + b), from W (E, h, d) and v (E, 1, h) with entries of size about 1."""
    a = last[:, 0, :, None] * first
    rows = np.concatenate([slopes.centre * a.sum(axis=1, keepdims=True), slopes.radius * a], axis=1)
    lengths = row_norms_up(a).sum(axis=1)
    slack = up(gamma(2 * a.shape[1] + 16) * (slopes.centre + slopes.radius) * lengths + UNDERFLOW, 64)
    _, exponent = np.frexp(np.abs(rows).max(axis=(1, 2)))
    rows, slack = np.ldexp(rows, -exponent[:, None, None]), np.ldexp(slack, -exponent)
    short = np.abs(rows).max(axis=2) < NEGLIGIBLE
    rows[short] = 0.0
    slack = up(slack + NEGLIGIBLE * rows.shape[1] * rows.shape[2])
    return Zonotope(rows, exponent, slack, _order(first, slopes))


def room(first: Weights, slopes: Sector) -> float:
    """Relative enlargement of a diagonal, and of its sum, that leaves room for every later check."""
    return _margin(max(first.shape[1] + 1, _order(first, slopes)), first.shape[2])


def _order(first: Weights, slopes: Sector) -> int:
    hidden, inputs = first.shape[1:]
    return int(hidden + (0 if slopes.product == 0.0 and inputs > hidden else inputs))


def _margin(rows: int, inputs: int) -> float:
    return ROOM * rows * (gamma(3 * (rows + 1)) + gamma(2 * inputs + 8))


def proved_diagonal(z: Zonotope, proposal: Diagonal) -> tuple[Numbers, Diagonal]:
    """(bound, D): D a multiple of the proposal with Diag(D) >= B^T B proved, Lip <= bound.

    Both are on the scale of the stored columns. Where nothing could be proved the bound is
    infinite.
    """
    size = z.rows.shape[1]
    used = z.used
    d = np.where(used, proposal, 0.0)
    margin = _margin(max(size, z.order), z.rows.shape[-1])
    bound = np.full(len(d), np.inf)
    todo = np.arange(len(d))
    for growth in ENLARGEMENTS:
        trial = np.where(used[todo], d[todo] * (1.0 + growth * margin), 0.0)
        proved = _outweighs(z.rows[todo], np.where(used[todo], trial, 1.0))
        done = todo[proved]
        d[done] = trial[proved]
        total = up(trial[proved].sum(axis=1) * (1.0 + margin), size + 2)
        bound[done] = up(np.sqrt(total) + z.slack[done], 4)
        todo = todo[~proved]
        if not len(todo):
            break
    return bound, d


def _outweighs(rows: Rows, d: Diagonal) -> Bool[np.ndarray, " nets"]:
    """True only where Diag(d) - B^T B >= 0, or I - B Diag(d)^-1 B^T >= 0, which is the same.

    Both matrices are I minus a Gram matrix of the scaled columns b_i / sqrt(d_i), whose entries are
    right to 4 u: row i of the Gram matrix is off by gamma |t_i| |t_j|, outweighed by n gamma |t_i|^2.
    """
    positive = (d > 0.0) & np.isfinite(d)
    scaled = rows / np.sqrt(np.where(positive, d, 1.0))[:, :, None]
    thin = scaled if scaled.shape[1] <= scaled.shape[2] else scaled.transpose(0, 2, 1)
    square = thin @ thin.transpose(0, 2, 1)
    size = square.shape[-1]
    lengths = np.einsum("eii->ei", square)
    slack = up(gamma(2 * thin.shape[2] + 24) * size * lengths + 4.0 * UNIT + UNDERFLOW)
    np.negative(square, out=square)
    square[:, np.arange(size), np.arange(size)] += 1.0
    return np.asarray(positive.all(axis=1) & is_positive_by(square, slack))


def fitted(z: Zonotope, proposal: Diagonal) -> Diagonal:
    """The proposal times kappa = lambda_max(D^-1/2 B^T B D^-1/2): feasible up to rounding."""
    scale = np.where(z.used & (proposal > 0.0), 1.0 / np.sqrt(np.where(proposal > 0.0, proposal, 1.0)), 0.0)
    rows = z.rows * scale[:, :, None]
    small = rows if rows.shape[1] <= rows.shape[2] else rows.transpose(0, 2, 1)
    kappa = np.linalg.eigvalsh(small @ small.transpose(0, 2, 1))[:, -1]
    return np.asarray(proposal * kappa[:, None])


def from_multipliers(z: Zonotope, last: Weights, multipliers: Multipliers, rho: Numbers) -> Diagonal:
    """D_i = v_i^2 / lambda_i and D_0 = rho - sum D_i, on the scale of the stored columns."""
    v = last[:, 0, :]
    rest = v * v / multipliers
    first = np.maximum(rho - rest.sum(axis=1), UNIT * rho)
    d = np.concatenate([first[:, None], rest], axis=1)
    return np.asarray(np.ldexp(d, -2 * z.exponent[:, None]))


def multipliers(z: Zonotope, last: Weights, d: Diagonal) -> Multipliers:
    """lambda_i = v_i^2 / D_i of the hidden units; 1 where the unit does not matter."""
    v = np.ldexp(last[:, 0, :], -z.exponent[:, None])
    matters = d[:, 1:] > 0.0
    return np.where(matters, v * v / np.where(matters, d[:, 1:], 1.0), 1.0)
