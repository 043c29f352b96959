"""Lipschitz constants, on a ball, of signed sums of powers of ReLUs: h(x) = sum_a s_a relu(<v_a, x>)^q.

For q > 1 such a function has no global Lipschitz constant unless it is 0. On |x| <= r, a convex set, the
constant is the largest |grad h|, grad h = q sum_a s_a relu(<v_a, x>)^(q-1) v_a.
Above: with U = diag(|v_a|^((q-2)/2)) V,
    Lip <= q r^(q-1) ||U||^2,
since grad h is q times the sum of rows u_a with factors s_a relu(<v_a, x>)^(q-1) |v_a|^(-(q-2)/2), which are
of size at most r^(q-2) |<u_a, x>| because of relu(<v_a, x>) <= |v_a| r. TIGHT for orthogonal rows: both
sides are q r^(q-1) max |v_a|^q then. Below: the gradient at points of the ball. Source: here.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float64

from ..data.checks import finite, require_count, require_positive
from ..errors import ShapeMismatch
from ..evidence import Bracket
from .rounding import TINY, gamma, norm_upper, up

Rows = Float64[np.ndarray, "rows inputs"]
Signs = Float64[np.ndarray, " rows"]
Points = Float64[np.ndarray, "points inputs"]
Values = Float64[np.ndarray, "points rows"]

ASCENTS = 20
# Points are pulled in by this share of the radius: far more than the rounding of their lengths.
INSIDE = 2.0**-30


def bracket_powers(rows: Rows, signs: Signs, power: int, radius: float) -> Bracket:
    """Certified bracket on the Lipschitz constant of h on the ball of that radius around 0.

    signs : factors +-1 of the rows
    power : q, a whole number of at least 2
    The witness is a point of the ball whose gradient attains the lower end.
    Raises InvalidArgument, ShapeMismatch or NonFinite.
    """
    rows, signs = finite("rows", rows, 2), finite("signs", signs, 1)
    if signs.shape != (len(rows),) or not np.isin(signs, (-1.0, 1.0)).all():
        raise ShapeMismatch("signs", signs, f"give +1 or -1 for each of the {len(rows)} rows")
    require_count("power", power, 2)
    require_positive("radius", radius)
    if not rows.any():
        return Bracket.exact(0.0, "a constant")
    scale = 2.0 ** -math.frexp(float(np.abs(rows).max()))[1]  # exact, and h is homogeneous in the rows
    unit = rows * scale
    factor = radius ** (power - 1) / scale**power
    high = float(up(np.array(upper_factor(unit, power) * factor), 4 * power + 8))
    points = climbed(unit, signs, power)
    sizes = gradient_sizes(unit, signs, power, points)
    best = int(sizes.argmax())
    low = max(0.0, float(sizes[best]) * factor * (1.0 - gamma(4 * power + 8)))
    witness = tuple((points[best] * radius).tolist())
    return Bracket(low, high, "gradient at a point; rows as an operator", witness=witness)


def upper_factor(rows: Rows, power: int) -> float:
    """q ||U||^2, rounded up."""
    lengths = np.sqrt(np.einsum("ai,ai->a", rows, rows))
    scaled = np.sqrt(lengths ** (power - 2))[:, None] * rows
    norm = norm_upper(scaled[None])
    # lengths are off by a relative gamma of inputs + 2, their powers by (power - 2)/2 times that
    return float(up(power * norm * norm, power * (rows.shape[1] + 8) + 8)[0])


def climbed(rows: Rows, signs: Signs, power: int) -> Points:
    """Points of the unit ball where the gradient may be longest: from every row, by x <- H grad / |H grad|.

    Half of the squared length of the gradient has the gradient H grad h, H the Hessian.
    """
    x = _unit(rows[rows.any(axis=1)])
    best, sizes = x, np.full(len(x), -np.inf)
    for _ in range(ASCENTS):
        positive = np.maximum(x @ rows.T, 0.0)
        gradient = (signs * positive ** (power - 1)) @ rows
        length = np.einsum("pi,pi->p", gradient, gradient)
        better = length > sizes
        best, sizes = np.where(better[:, None], x, best), np.where(better, length, sizes)
        x = _unit((signs * positive ** (power - 2) * (positive > 0.0) * (gradient @ rows.T)) @ rows)
    return best * (1.0 - INSIDE)


def gradient_sizes(rows: Rows, signs: Signs, power: int, points: Points) -> Float64[np.ndarray, " points"]:
    """|grad h| at every point, rounded down."""
    low, high = power_ends(rows, points, power - 1)
    middle, radius = 0.5 * (low + high), 0.5 * (high - low)
    gradient, size = (signs * middle) @ rows, np.abs(rows)
    terms = 2 * len(rows) + 8
    error = up((radius + gamma(terms) * high) @ size + TINY, terms)
    lengths = np.sqrt(np.einsum("pi,pi->p", gradient, gradient)) * (1.0 - gamma(rows.shape[1] + 8))
    off = up(np.sqrt(np.einsum("pi,pi->p", error, error)), rows.shape[1] + 8)
    return np.asarray(np.maximum(power * (lengths - off) * (1.0 - gamma(8)), 0.0))


def power_ends(rows: Rows, points: Points, power: int) -> tuple[Values, Values]:
    """Ends of relu(<v_a, x>)^power for every point and row."""
    products = points @ rows.T
    error = up(gamma(rows.shape[1] + 2) * (np.abs(points) @ np.abs(rows).T) + TINY, rows.shape[1] + 8)
    low, high = (np.maximum(products + sign * error, 0.0) ** power for sign in (-1.0, 1.0))
    room = gamma(2 * power + 8)
    return low * (1.0 - room), high * (1.0 + room)


def _unit(rows: Points) -> Points:
    """Rows of length 1; a zero row stays."""
    lengths = np.sqrt(np.einsum("pi,pi->p", rows, rows))
    return np.asarray(rows / np.where(lengths > 0.0, lengths, 1.0)[:, None])
