"""ECLipsE-Fast: one multiplier a layer in closed form, for any interval of slopes.

Xu and Sivaranjani (NeurIPS 2024), generalised from [0, 1] to slopes [alpha, beta] with
beta > |alpha|. What comes out is a proposal; lmi.py or zonotope.py prove it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float

from .batch import Weights
from .rounding import Numbers, largest_eigenvalue
from .sector import Sector


@dataclass(frozen=True, eq=False)
class Proposal:
    """Multipliers of the hidden units, layer after layer (normalised to rho = 1), and rho."""

    multipliers: Float[np.ndarray, "nets hidden"]
    rho: Numbers


def applies(slopes: Sector) -> bool:
    return slopes.high > abs(slopes.low)


def fast(weights: Sequence[Weights], slopes: Sector, first_norm: Numbers) -> Proposal:
    """B_i = W_i M_{i-1}^-1 W_i^T, lambda_i = 2 / (beta (beta - alpha) lambda_max(B_i)),
    M_i^-1 = (I + p lambda_i B_i)(I - r^2 lambda_i B_i)^-1 / lambda_i, rho = lambda_max(B_{K+1}).

    first_norm : an upper bound of ||W_1||
    """
    lambdas = []
    b = np.zeros((len(first_norm), 0, 0))
    top = first_norm**2
    for i, w in enumerate(weights[1:]):
        lam = 2.0 / (slopes.high * (slopes.high - slopes.low) * top)
        lambdas.append(np.repeat(lam[:, None], weights[i].shape[-2], axis=1))
        b = _onward(w, weights[0], b, lam[:, None, None], slopes)
        top = b[:, 0, 0] if b.shape[-1] == 1 else largest_eigenvalue(b)
    return Proposal(np.concatenate(lambdas, axis=1), top)


def valued(weights: Sequence[Weights], slopes: Sector, proposal: Proposal) -> Proposal:
    """The least rho that multipliers, one a layer, prove; the one proposed where rounding decides."""
    b, place = np.zeros((len(proposal.rho), 0, 0)), 0
    try:
        for below, w in pairwise(weights):
            b = _onward(w, weights[0], b, proposal.multipliers[:, place, None, None], slopes)
            place += below.shape[-2]
    except np.linalg.LinAlgError:  # a multiplier at its very limit
        return proposal
    rho = b[:, 0, 0] if b.shape[-1] == 1 else largest_eigenvalue(b)
    return Proposal(proposal.multipliers, np.where((rho > 0.0) & (rho < proposal.rho), rho, proposal.rho))


def _onward(
    w: np.ndarray, first: np.ndarray, b: np.ndarray, factor: np.ndarray, slopes: Sector
) -> np.ndarray:
    """B_{i+1} from B_i, W_{i+1} and lambda_i; an empty B_i stands for the B_1 = W_1 W_1^T of `first`."""
    r2, p = slopes.radius**2, slopes.product
    if b.size:
        return np.asarray(_through(w, factor * b, r2, p) / factor)
    if first.shape[-1] < first.shape[-2]:
        return np.asarray(_through_wide(w, first, factor, slopes) / factor)
    return np.asarray(_through(w, factor * (first @ first.transpose(0, 2, 1)), r2, p) / factor)


def _through_wide(w: np.ndarray, first: np.ndarray, factor: np.ndarray, slopes: Sector) -> np.ndarray:
    """The same for S = factor V V^T and fewer inputs than units, on the side of the inputs:
    (I + p S)(I - r^2 S)^-1 = I + c^2 factor V (I - r^2 factor V^T V)^-1 V^T, as c^2 = p + r^2."""
    ends = w @ first
    inner = np.eye(first.shape[-1]) - slopes.radius**2 * factor * (first.transpose(0, 2, 1) @ first)
    solved = np.linalg.solve(inner, ends.transpose(0, 2, 1))
    value = w @ w.transpose(0, 2, 1) + slopes.centre**2 * factor * (ends @ solved)
    return np.asarray(0.5 * (value + value.transpose(0, 2, 1)))


def _through(w: np.ndarray, scaled: np.ndarray, r2: float, p: float) -> np.ndarray:
    """W (I + p S)(I - r^2 S)^-1 W^T for symmetric S with r^2 S < 1/2 or so: a stable solve."""
    solved = np.linalg.solve(np.eye(scaled.shape[-1]) - r2 * scaled, w.transpose(0, 2, 1))
    value = w @ (solved + p * (scaled @ solved))
    return np.asarray(0.5 * (value + value.transpose(0, 2, 1)))
