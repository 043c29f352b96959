"""The proofs of an l_inf bracket, checked again: intervals, diagonals, all sign patterns.

With slopes in [low, high], c = (low + high)/2, r = (high - low)/2, every gradient of a network
with one hidden layer and one output is B sigma, sigma in [-1, 1]^{h+1}, B = [c A 1, r A].
"""

import math
from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import numpy as np

from ..networks import Network, activation
from .certificate import ABOVE, GAMMA, TINY, living, prove_positive, require

MOST_SIGNS, TRIED_FIRST = 20, 8


def row_sum(jacobian: np.ndarray, error: np.ndarray) -> float:
    """At most the largest 1-norm of a row of every matrix within `error`."""
    sizes = np.maximum(np.abs(jacobian) - error, 0.0)
    return max(math.fsum(row) * (1.0 - 4 * GAMMA) for row in sizes)


def prove_interval(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:  # noqa: ARG001
    """Row sums of the Jacobian's interval hull, slopes varying freely, computed afresh."""
    act, weights = activation(net.arch.activation), _kept(net)
    c, r = 0.5 * (act.slope_low + act.slope_high), 0.5 * (act.slope_high - act.slope_low)
    centre, radius = weights[-1], np.zeros_like(weights[-1])
    for w in weights[-2::-1]:
        size = np.abs(centre)
        radius = radius * (abs(c) + r) + (r + 4 * GAMMA) * size
        centre, size = c * centre, abs(c) * size
        radius = (radius + (len(w) + 4) * GAMMA * (size + radius) + TINY) @ np.abs(w)
        centre = centre @ w
    total = (np.abs(centre) + radius).sum(axis=1) * (1.0 + (4 * sum(net.arch.widths) + 2) * GAMMA)
    require(total.max() <= upper, "intervals of slopes prove less")


def prove_diagonals(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """[[D_1, -B], [-B', D_2]] >= 0 proves tau' B sigma <= (sum D_1 + sum D_2)/2 for all signs."""
    left, right = np.array(numbers["left"]), np.array(numbers["right"])
    b, error = _gradients(net)
    require(b.shape == (len(left), len(right)), "the diagonals do not fit the living inputs and units")
    total = sum(map(Fraction, (*left.tolist(), *right.tolist())))
    require(total <= 2 * Fraction(upper), "the diagonals add up to more than twice the upper end")
    matrix = np.block([[np.diag(left), -b], [-b.T, np.diag(right)]])
    # |x' E y| <= sum E_ij (x_i^2 w_j / w_i + y_j^2 w_i / w_j)/2 for any w > 0: here their square roots
    across = np.sqrt(right) / np.sqrt(left)[:, None]
    doubt = np.concatenate([(error / across).sum(axis=1), (error * across).sum(axis=0)])
    prove_positive(matrix, doubt * ABOVE)


def prove_enumeration(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:  # noqa: ARG001
    """|B sigma|_1 of every sign vector, or |B' tau|_1, whichever are fewer."""
    b, error = _gradients(net)
    b, error = (b, error) if b.shape[1] <= b.shape[0] else (b.T, error.T)
    count, top = b.shape[1], 0.0
    require(count <= MOST_SIGNS, "too many sign patterns to try")
    head = min(count, TRIED_FIRST)
    tails = np.array(list(product((1.0, -1.0), repeat=count - head))).reshape(2 ** (count - head), -1).T
    for first in product((1.0, -1.0), repeat=head):
        if first[0] > 0.0:  # the opposite signs give the same
            fixed = b[:, :head] @ np.array(first)
            top = max(top, float(np.abs(fixed[:, None] + b[:, head:] @ tails).sum(axis=0).max()))
    rounding = (2 * sum(b.shape) + 2) * GAMMA * np.abs(b).sum()
    total = (top + error.sum() + rounding) * (1.0 + (4 * sum(b.shape) + 2) * GAMMA)
    require(total <= upper, "a sign pattern may be steeper")


def _kept(net: Network) -> list[np.ndarray]:
    """Weights between living units."""
    alive = living(net)
    return [w[np.ix_(up, down)] for w, down, up in zip(net.weights, alive, alive[1:], strict=False)]


def _gradients(net: Network) -> tuple[np.ndarray, np.ndarray]:
    """B of the living inputs and units, and an entrywise bound of its rounding error."""
    require(net.arch.layers == 2 and net.arch.widths[-1] == 1, "not one hidden layer and one output")
    act, (w, v) = activation(net.arch.activation), _kept(net)
    c, r = 0.5 * (act.slope_low + act.slope_high), 0.5 * (act.slope_high - act.slope_low)
    a = (v[0][:, None] * w).T
    sizes = np.column_stack([abs(c) * np.abs(a).sum(axis=1), r * np.abs(a)])
    return np.column_stack([c * a.sum(axis=1), r * a]), (len(w) + 6) * GAMMA * sizes * ABOVE + TINY


CHECKERS = {
    "linf interval": prove_interval,
    "linf diagonals": prove_diagonals,
    "linf enumeration": prove_enumeration,
}
STEEPNESS = {"linf": row_sum}
