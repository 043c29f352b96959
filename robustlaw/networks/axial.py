"""When a subspace of k dimensions meets a low-loss set: the threshold of a quadratic well, two ways.

The well is {w : sum_i ((w_i - c_i)/r_i)^2 <= 1}, its centre c at distance R from where one starts. A random
subspace through the start meets it from about k/D = 1 - (1/D) sum_i r_i^2/(R^2 + r_i^2) on: the squared
Gaussian width of the well seen from the start, by Gordon's escape theorem (Larsen et al. 2022; recalled,
not checked against the paper). Here are the closed form and the exact count of dimensions for given draws.

An axial subspace {w : w = m * w} of a mask m reaches the well exactly if the coordinates it gives up cost
no more than 1: sum over m_i = 0 of (c_i/r_i)^2.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Int

from ..data.checks import finite, require_positive
from ..errors import InvalidArgument, ShapeMismatch

Draws = Float[np.ndarray, "draws dims"]


def larsen_threshold(radii: Float[np.ndarray, " dims"], distance: float) -> float:
    """1 - (1/D) sum r_i^2/(R^2 + r_i^2), a share of the dimensions.

    Between 0 and 1; rises with the distance, falls as a radius grows. Raises InvalidArgument.
    """
    r = _checked(radii)
    require_positive("distance", distance)
    # r/R may be tiny or huge: its square is kept inside one quotient
    share = (r / distance) ** 2
    return float(1.0 - np.mean(share / (1.0 + share)))


def random_directions(dims: int, distance: float, draws: int, rng: np.random.Generator) -> Draws:
    """Centres at that distance, in uniformly random directions."""
    normal = rng.standard_normal((draws, dims))
    return np.asarray(distance * normal / np.linalg.norm(normal, axis=1, keepdims=True))


def random_subspace_dimensions(
    radii: Float[np.ndarray, " _radii"],
    centres: Draws,
    frames: Float[np.ndarray, "_draws _dims _dims"],
) -> Int[np.ndarray, " draws"]:
    """The least k for which the span of a frame's first k columns meets the well, by least squares.

    In units of the radii the well is a ball of radius 1, and the distance of the centre y from the span of
    k columns is |y| less its part along their orthonormal basis: one factorisation serves every k. With
    frames of independent normal entries the spans are uniformly random.
    """
    r = _checked(radii)
    if centres.shape[1] != len(r) or frames.shape != (len(centres), len(r), len(r)):
        raise ShapeMismatch("centres, frames", (centres.shape, frames.shape), f"give {len(r)} dimensions")
    basis = np.linalg.qr(frames / r[:, None])[0]
    along = np.einsum("nij,ni->nj", basis, centres / r)
    return _least_count(along**2)


def axial_dimensions(
    radii: Float[np.ndarray, " dims"], centres: Draws, order: Int[np.ndarray, "draws dims"]
) -> Int[np.ndarray, " draws"]:
    """The least k for which keeping the first k coordinates of an order, the others 0, reaches the well."""
    cost = (centres / _checked(radii)) ** 2
    return _least_count(np.take_along_axis(cost, order, axis=1))


def informed_order(radii: Float[np.ndarray, " dims"], centres: Draws) -> Int[np.ndarray, "draws dims"]:
    """Coordinates from the one that is dearest to give up: no order needs fewer of them."""
    return np.argsort(-((centres / _checked(radii)) ** 2), axis=1, kind="stable")


def _least_count(cost: Float[np.ndarray, "draws dims"]) -> Int[np.ndarray, " draws"]:
    """The least k with sum_{j >= k} cost_j <= 1; summed from the back, where the small ones are added."""
    rest = np.cumsum(cost[:, ::-1], axis=1)[:, ::-1]
    return np.asarray((rest > 1.0).sum(axis=1))


def _checked(radii: Float[np.ndarray, " dims"]) -> Float[np.ndarray, " dims"]:
    r = finite("radii", radii, 1)
    if not len(r) or (r <= 0.0).any():
        raise InvalidArgument("radii", r, "give positive radii, at least one")
    return r
