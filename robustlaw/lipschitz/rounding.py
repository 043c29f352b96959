"""Inequalities that stay true in float64: positive semidefiniteness, norms, sums.

u = 2^-53 is the unit roundoff and gamma_k = k u / (1 - k u). Every dot product of length k
is within gamma_k of the sum of absolute products, for any order of summation (Higham,
Accuracy and Stability, section 3.1). Nothing here trusts an eigenvalue routine: eigenvalues
propose a number, a Cholesky factorisation that completes proves it.
"""

from __future__ import annotations

import numpy as np
import torch
from jaxtyping import Bool, Float

UNIT = 2.0**-53
# Products that underflow lose less than 2^-1074 each; the sums here stay far below 2^100 terms
# and factors of size 1, so this covers them.
UNDERFLOW = 2.0**-900
# The same for sums whose factors are carried along with the error.
TINY = 2.0**-1000
# The least exponent to which a matrix is rescaled: beyond it rescaling itself might underflow.
SCALE_LIMIT = 400
# G^32 leaves little of what is not the top eigenvector; Rayleigh steps converge cubically.
SQUARINGS, RAYLEIGH_STEPS = 5, 2

Matrices = Float[np.ndarray, "nets rows columns"]
Squares = Float[np.ndarray, "nets size size"]
Numbers = Float[np.ndarray, " nets"]


def gamma(terms: int) -> float:
    """gamma_k = k u / (1 - k u), with one term to spare for its own rounding."""
    k = (terms + 1) * UNIT
    return k / (1.0 - k)


def up(x: np.ndarray, terms: int = 4) -> np.ndarray:
    """An upper bound of a non-negative number computed in float64 with at most `terms` roundings."""
    return np.asarray(np.nextafter(x * (1.0 + gamma(terms + 1)), np.inf))


def down(x: np.ndarray, terms: int = 4) -> np.ndarray:
    """A lower bound of a non-negative number computed in float64 with at most `terms` roundings.

    0 where the computation overflowed: nothing is known there.
    """
    lowered = np.maximum(np.nextafter(x * (1.0 - gamma(terms + 1)), -np.inf), 0.0)
    return np.where(np.isfinite(x), lowered, 0.0)


def row_norms_up(rows: Float[np.ndarray, "nets rows columns"]) -> Float[np.ndarray, "nets rows"]:
    """Upper bounds of the Euclidean norms of the rows."""
    return up(np.sqrt(np.einsum("eij,eij->ei", rows, rows)) + UNDERFLOW, rows.shape[-1] + 2)


def frobenius_up(matrices: Matrices) -> Numbers:
    """Upper bounds of the Frobenius norms."""
    size = matrices.shape[-1] * matrices.shape[-2]
    return up(np.sqrt(np.einsum("eij,eij->e", matrices, matrices)) + UNDERFLOW, size + 2)


def is_positive(matrices: Squares, error: Squares) -> Bool[np.ndarray, " nets"]:
    """True only where S + F is positive semidefinite for every symmetric F with |F| <= error.

    |x' F x| <= sum_i x_i^2 w_i sum_j error_ij / w_j for any weights w > 0; w_i about sqrt error_ii
    suits errors of Gram matrices, whatever their scale.
    """
    size = matrices.shape[-1]
    diagonal = np.maximum(np.einsum("eii->ei", matrices), UNDERFLOW)
    weight = np.sqrt(np.einsum("eii->ei", error) + gamma(3 * (size + 1)) * diagonal)
    slack = up(weight * (error @ (1.0 / weight)[:, :, None])[:, :, 0], size + 12)
    return is_positive_by(matrices, slack)


def is_positive_by(matrices: Squares, slack: Float[np.ndarray, "nets size"]) -> Bool[np.ndarray, " nets"]:
    """True only where S - diag(slack) is positive semidefinite.

    The matrix is rescaled by powers of two to a diagonal near 1 (exact; without it a badly
    scaled network is rejected), lowered by a multiple of I, and factorised. If floating-point
    Cholesky of A completes, then lambda_min(A) >= -gamma_{n+1}/(1 - gamma_{n+1}) tr A (Rump,
    Verification of positive definiteness, BIT 46, 2006, for any order of operations). Blocked
    solvers may multiply by reciprocals of pivots, which doubles the error of a division: gamma is
    taken at 3 (n + 1). Reads the lower triangle of S.
    """
    size = matrices.shape[-1]
    scale, usable = _equilibration(np.einsum("eii->ei", matrices))
    scaled = matrices * scale[:, :, None]
    scaled *= scale[:, None, :]
    trace = np.einsum("eii->e", scaled)
    growth = gamma(3 * (size + 1))
    shift = up(growth / (1.0 - growth) * trace, size + 4)[:, None] + up(slack * scale * scale) + UNDERFLOW
    usable &= np.isfinite(trace) & np.isfinite(shift).all(axis=1)
    usable &= np.isfinite(scaled).all(axis=(1, 2))
    scaled[~usable] = np.eye(size)
    diagonal = np.einsum("eii->ei", scaled)
    lowered = np.nextafter(diagonal - np.where(usable[:, None], up(shift), 0.0), -np.inf)
    scaled[:, np.arange(size), np.arange(size)] = lowered
    return np.asarray(usable & _completes(scaled))


def _completes(matrices: Squares) -> Bool[np.ndarray, " nets"]:
    """Whether floating-point Cholesky of each matrix completes. Numpy's is the faster one, but says
    only that some matrix failed; torch's says which."""
    try:
        factors = np.linalg.cholesky(matrices)
    except np.linalg.LinAlgError:
        _, info = torch.linalg.cholesky_ex(torch.from_numpy(matrices))
        return np.asarray(info.numpy() == 0)
    return np.asarray(np.isfinite(np.einsum("eii->ei", factors)).all(axis=1))


def _equilibration(diagonal: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Powers of two that bring the diagonal near 1, and whether all of them are representable."""
    positive = np.isfinite(diagonal) & (diagonal > 0.0)
    exponent = -np.rint(0.5 * np.log2(np.where(positive, diagonal, 1.0)))
    usable = positive.all(axis=1) & (np.abs(exponent) < SCALE_LIMIT).all(axis=1)
    return np.exp2(np.where(usable[:, None], exponent, 0.0)), usable


def gram(rows: Matrices) -> tuple[Squares, Squares]:
    """W W^T and a bound on its entrywise rounding error, gamma_n |w_i| |w_j| (Cauchy-Schwarz)."""
    norms = row_norms_up(rows)
    bound = gamma(2 * rows.shape[-1] + 8) * norms[:, :, None] * norms[:, None, :]
    return rows @ rows.transpose(0, 2, 1), bound + UNDERFLOW


def norm_upper(matrices: Matrices) -> Numbers:
    """Spectral norms, rounded upward and proved: s^2 I - W W^T is positive semidefinite.

    Entries should be of size about 1 (see Batch.scaled), otherwise the underflow term weighs.
    """
    wide = matrices if matrices.shape[-2] <= matrices.shape[-1] else matrices.transpose(0, 2, 1)
    rows, columns = wide.shape[-2:]
    # of rank 1 it is the norm: room for whoever proves s^2 I - W W^T >= 0 again
    best = up(frobenius_up(wide), rows * (2 * rows + columns + 12) + 16)
    if wide.shape[-2] == 1:
        return best
    square = wide @ wide.transpose(0, 2, 1)
    todo = np.arange(len(wide))
    for guess in (quick_eigenvalue, largest_eigenvalue):
        found = _proved_norm(square[todo], guess(square[todo]), wide.shape[-1])
        best[todo] = np.minimum(best[todo], found)
        todo = todo[np.isinf(found)]
        if not len(todo):
            break
    return best


def _proved_norm(square: Squares, guess: Numbers, terms: int) -> Numbers:
    """sqrt of at least lambda_max, proved, for Gram matrices of rows with `terms` entries; or inf.

    Entry (i, j) of the Gram matrix is off by gamma |w_i| |w_j|, so diag(n gamma |w_i|^2) outweighs it.
    """
    size = square.shape[-1]
    diagonal = np.einsum("eii->ei", square)
    error = up(gamma(2 * terms + 8) * size * diagonal + UNDERFLOW * size)
    margin = 2.0 * (gamma(3 * (size + 1)) * size * guess + error.max(axis=1))
    best = np.full(len(square), np.inf)
    todo = np.flatnonzero(np.isfinite(guess))
    for growth in (1.0, 10.0, 100.0):
        trial = guess[todo] + growth * margin[todo]
        gap = -square[todo]
        gap[:, np.arange(size), np.arange(size)] += trial[:, None]
        proved = is_positive_by(gap, error[todo] + 4.0 * UNIT * trial[:, None])
        best[todo[proved]] = up(np.sqrt(trial[proved]), 2)
        todo = todo[~proved]
        if not len(todo):
            break
    return best


def quick_eigenvalue(matrices: Squares) -> Numbers:
    """The largest eigenvalue of Gram matrices, nearly always: for guesses that are proved later.

    Squarings and steps of Rayleigh quotient iteration cost less than half of what the eigenvalue
    routine does. NaN where they broke down.
    """
    power = matrices
    with np.errstate(all="ignore"):
        for _ in range(SQUARINGS):
            power = power / np.einsum("eii->e", power)[:, None, None]
            power = power @ power
        place = np.einsum("eii->ei", power).argmax(axis=1)
        x = power[np.arange(len(power)), place][:, :, None]
        for _ in range(RAYLEIGH_STEPS):
            x, theta = _rayleigh(matrices, x)
            try:
                x = np.linalg.solve(matrices - theta * np.eye(matrices.shape[-1]), x)
            except np.linalg.LinAlgError:  # an exact eigenvalue somewhere: the quotients are good there
                break
        return np.asarray(_rayleigh(matrices, x)[1][:, 0, 0])


def _rayleigh(matrices: Squares, x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Columns of length 1 and their quotients."""
    x = x / np.sqrt(np.einsum("eij,eij->e", x, x))[:, None, None]
    return x, x.transpose(0, 2, 1) @ (matrices @ x)


def largest_eigenvalue(matrices: Squares) -> Numbers:
    """Approximate: for choosing multipliers, never for a bound."""
    return np.asarray(np.linalg.eigvalsh(matrices)[:, -1])
