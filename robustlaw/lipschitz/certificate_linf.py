"""The proofs of an l_inf upper end, checked again: intervals, diagonals, all sign patterns.

With slopes in [low, high], c = (low + high)/2, r = (high - low)/2, every gradient of a network
with one hidden layer and one output is B sigma, sigma in [-1, 1]^{h+1}, B = [c A 1, r A].
"""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np

from ..evidence import Bracket
from ..networks import Network, activation
from .certificate_rounding import UNDERFLOW, above, gamma, is_positive, reduced

MOST_SIGNS, TRIED_FIRST = 20, 8


def check_interval(net: Network, bracket: Bracket) -> str:
    """Row sums of the Jacobian's interval hull, slopes varying freely, computed afresh."""
    act, weights = activation(net.arch.activation), reduced(net)
    c, r = 0.5 * (act.slope_low + act.slope_high), 0.5 * (act.slope_high - act.slope_low)
    centre, radius = weights[-1], np.zeros_like(weights[-1])
    for w in weights[-2::-1]:
        size = np.abs(centre)
        radius = radius * (abs(c) + r) + (r + gamma(4)) * size
        centre, size = c * centre, abs(c) * size
        radius = (radius + gamma(w.shape[0] + 2) * (size + radius) + UNDERFLOW) @ np.abs(w)
        centre = centre @ w
    total = above((np.abs(centre) + radius).sum(axis=1), 4 * sum(net.arch.widths)).max()
    return "" if total <= bracket.upper else "upper: intervals of slopes prove less"


def check_diagonals(net: Network, bracket: Bracket) -> str:
    """[[D_1, -B], [-B', D_2]] >= 0 proves tau' B sigma <= (sum D_1 + sum D_2)/2 for all signs."""
    assert bracket.certificate is not None, "the caller has looked"
    numbers = bracket.certificate.numbers
    left, right = np.array(numbers["left"]), np.array(numbers["right"])
    b, error = _gradients(net)
    if b.shape != (len(left), len(right)):
        return "upper: the diagonals do not fit the living inputs and units"
    if sum(map(Fraction, (*left.tolist(), *right.tolist()))) > 2 * Fraction(bracket.upper):
        return "upper: the diagonals add up to more than twice the upper end"
    zeros = np.zeros((len(left), len(left))), np.zeros((len(right), len(right)))
    matrix = np.block([[np.diag(left), -b], [-b.T, np.diag(right)]])
    doubt = np.block([[zeros[0], error], [error.T, zeros[1]]])
    return "" if is_positive(matrix, doubt) else "upper: the diagonals prove nothing"


def check_enumeration(net: Network, bracket: Bracket) -> str:
    """|B sigma|_1 of every sign vector, or |B' tau|_1, whichever are fewer."""
    b, error = _gradients(net)
    b, error = (b, error) if b.shape[1] <= b.shape[0] else (b.T, error.T)
    count = b.shape[1]
    if count > MOST_SIGNS:
        return "upper: too many sign patterns to try"
    head = min(count, TRIED_FIRST)
    tails = np.array(list(product((1.0, -1.0), repeat=count - head))).reshape(2 ** (count - head), -1).T
    top = 0.0
    for first in product((1.0, -1.0), repeat=head):
        if first[0] > 0.0:  # the opposite signs give the same
            fixed = b[:, :head] @ np.array(first)
            top = max(top, float(np.abs(fixed[:, None] + b[:, head:] @ tails).sum(axis=0).max()))
    total = above(np.asarray(top + error.sum() + gamma(2 * sum(b.shape)) * np.abs(b).sum()), 4 * sum(b.shape))
    return "" if total <= bracket.upper else "upper: a sign pattern may be steeper"


def _gradients(net: Network) -> tuple[np.ndarray, np.ndarray]:
    """B of the living inputs and units, and an entrywise bound of its rounding error."""
    if net.arch.layers != 2 or net.arch.widths[-1] != 1:
        raise ValueError("this proof needs one hidden layer and one output")
    act, (w, v) = activation(net.arch.activation), reduced(net)
    c, r = 0.5 * (act.slope_low + act.slope_high), 0.5 * (act.slope_high - act.slope_low)
    a = (v[0][:, None] * w).T
    sizes = np.column_stack([abs(c) * np.abs(a).sum(axis=1), r * np.abs(a)])
    return np.column_stack([c * a.sum(axis=1), r * a]), gamma(len(w) + 4) * sizes + UNDERFLOW


CHECKERS = {
    "linf interval": check_interval,
    "linf diagonals": check_diagonals,
    "linf enumeration": check_enumeration,
}
