"""How far apart points are, with directed rounding: what makes supports disjoint."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..data.checks import EPS, finite, row_norms
from ..errors import InvalidArgument, NonFinite, ShapeMismatch
from ..evidence import Bracket

Points = Float[np.ndarray, "points inputs"]
Square = Float[np.ndarray, "points _points"]
# Differences that are formed at a time when pairs are measured again, entries.
BLOCK = 2**22
# A direct difference and its norm: one rounding each beyond those that row_norms counts.
DIRECT = 2.0 * EPS
# Squares of differences below 1e-160 vanish; a norm loses less than this by it, whatever the dimension.
UNDERFLOW = 1e-150


def smallest_distance(points: Points) -> Bracket:
    """min over pairs of |x_i - x_j|. Raises InvalidArgument for fewer than two points."""
    x = finite("points", points, 2)
    if len(x) < 2:
        raise InvalidArgument("points", x.shape, "a distance needs two points")
    low, high = squared_distances(x)
    first, second = np.triu_indices(len(x), 1)
    near = low[first, second] <= high[first, second].min()
    ends = [np.min(end) for end in distances(x, first[near], second[near])]
    return Bracket(float(ends[0]), float(ends[1]), "pairs that may be nearest, measured one by one")


def steepest_pair(points: Points, values: Float[np.ndarray, " points"]) -> Bracket:
    """max over pairs of |y_i - y_j|/|x_i - x_j|: the least Lipschitz constant that interpolates.

    By McShane's extension it is attained; infinite where equal points have different values.
    """
    x, y = finite("points", points, 2), finite("values", values, 1)
    if y.shape != (len(x),):
        raise ShapeMismatch("values", y.shape, f"give one for each of the {len(x)} points")
    first, second = np.triu_indices(len(x), 1)
    rise = np.abs(y[first] - y[second])
    first, second, rise = first[rise > 0.0], second[rise > 0.0], rise[rise > 0.0]
    if not len(rise):
        return Bracket.exact(0.0, "all values are equal")
    low, high = (end[first, second] for end in squared_distances(x))
    with np.errstate(divide="ignore"):
        best = np.max(rise / np.sqrt(high)) * (1.0 - 4.0 * EPS)
        steep = rise / np.sqrt(low) * (1.0 + 4.0 * EPS) >= best
        near, far = distances(x, first[steep], second[steep])
        ends = np.max(rise[steep] / far) * (1.0 - 4.0 * EPS), np.max(rise[steep] / near) * (1.0 + 4.0 * EPS)
    return Bracket(float(ends[0]), float(ends[1]), "steepest pair")


def squared_distances(points: Points) -> tuple[Square, Square]:
    """Lower and upper ends of |x_i - x_j|^2 from the Gram matrix; loose where points are near.

    Each of the three sums of d products is off by (d + 2) eps/2 of the sum of its terms' sizes, which
    are at most |x_i|^2 + |x_j|^2 together twice over; (d + 8) eps leaves room for the rest.
    """
    squares = _squares(points)
    sums = squares[:, None] + squares[None, :]
    values = sums - 2.0 * (points @ points.T)
    error = 2.0 * (points.shape[1] + 8) * EPS * sums + np.finfo(np.float64).tiny
    return np.maximum(values - error, 0.0), np.maximum(values + error, 0.0)


def distances(points: Points, first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper ends of |x_i - x_j| for the pairs given, by their differences."""
    size = max(1, BLOCK // max(1, points.shape[1]))
    parts = [slice(begin, begin + size) for begin in range(0, len(first), size)]
    ends = [row_norms(points[first[part]] - points[second[part]]) for part in parts]
    low, high = (np.concatenate([end[i] for end in ends]) for i in (0, 1))
    return np.maximum(low * (1.0 - DIRECT) - UNDERFLOW, 0.0), high * (1.0 + DIRECT) + UNDERFLOW


def largest_inner_product(points: Points) -> Bracket:
    """max over pairs of <x_i, x_j>, from the Gram matrix; -|x|^2 at the least, and that for one point."""
    x = finite("points", points, 2)
    squares = _squares(x)
    error = (x.shape[1] + 8) * EPS * float(squares.max()) + float(np.finfo(np.float64).tiny)
    if len(x) == 1:
        return Bracket(-float(squares[0]) - error, -float(squares[0]) + error, "one point")
    first, second = np.triu_indices(len(x), 1)
    most = float(np.max((x @ x.T)[first, second]))
    return Bracket(most - error, most + error, "Gram matrix")


def _squares(points: Points) -> np.ndarray:
    """|x_i|^2. Raises NonFinite where it overflows."""
    with np.errstate(over="ignore"):
        squares = np.einsum("ij,ij->i", points, points)
    if not np.isfinite(4.0 * squares).all():
        raise NonFinite("points", float(np.abs(points).max()), "squares of the points overflow: rescale them")
    return np.asarray(squares)
