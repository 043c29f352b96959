"""1-Lipschitz functions that may betray a false certificate."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count, takewhile

import numpy as np
from scipy.spatial.distance import cdist

from .checks import spectral_norm
from .isoperimetry import Points
from .spheres import unit_vectors
from .targets import Values

LEADING = 3  # of each family, how many members are tried
LARGEST_SET = 256  # points in a set whose distance function is tried


@dataclass(frozen=True)
class Witness:
    """A function of slope at most 1, and its description."""

    name: str
    function: Callable[[np.ndarray], np.ndarray]

    def __call__(self, x: Points) -> Values:
        return np.asarray(self.function(x), dtype=np.float64)


def candidates(points: Points, rng: np.random.Generator) -> list[Witness]:
    """Functions fitted to `points`: projections, norms, distances to points and sets, networks."""
    return [
        *_projections(points, rng),
        *_norms(points),
        *_distances(points),
        *_networks(points, rng),
    ]


def _projections(points: Points, rng: np.random.Generator) -> Iterator[Witness]:
    axes, principal = np.eye(points.shape[1]), _principal(points)
    for i in np.argsort(-points.std(axis=0))[:LEADING]:
        yield Witness(f"coordinate {i}", partial(_along, axes[i]))
    for rank, u in enumerate(principal[:LEADING]):
        yield Witness(f"projection on principal direction {rank + 1}", partial(_along, u))
    for rank, u in enumerate(unit_vectors(LEADING, points.shape[1], rng)):
        yield Witness(f"projection on random direction {rank + 1}", partial(_along, u))


def _norms(points: Points) -> Iterator[Witness]:
    dim, principal = points.shape[1], _principal(points)
    yield Witness("norm", partial(_distance_to, np.zeros(dim)))
    yield Witness("distance to the mean", partial(_distance_to, points.mean(axis=0)))
    yield Witness("largest coordinate", lambda x: np.max(x, axis=1))
    yield Witness("largest absolute coordinate", lambda x: np.max(np.abs(x), axis=1))
    for rank in takewhile(lambda r: r < dim, (2**k for k in count(1))):
        yield Witness(f"norm of {rank} principal coordinates", partial(_norm_along, principal[:rank]))


def _distances(points: Points) -> Iterator[Witness]:
    for rank, point in enumerate(points[:LEADING]):
        yield Witness(f"distance to sample {rank}", partial(_distance_to, point))
    height = points @ _principal(points)[0]
    low = points[height <= np.median(height)][:LARGEST_SET]
    yield Witness("distance to the lower half of the sample", lambda x: np.min(cdist(x, low), axis=1))
    side = float(np.abs(points).mean())
    corners = f"corners of [-{side:.3g}, {side:.3g}]^d with at most d/2 positive signs"
    yield Witness(f"distance to the {corners}", partial(_distance_to_half_cube, side))


def _networks(points: Points, rng: np.random.Generator) -> Iterator[Witness]:
    dim = points.shape[1]
    for rank in range(LEADING):
        w = rng.standard_normal((2 * dim, dim))
        a = rng.choice([-1.0, 1.0], 2 * dim)
        slope = spectral_norm(w) * np.linalg.norm(a)
        b = -(w @ points[rank])  # a kink near the data
        yield Witness(f"random network {rank + 1}", partial(_network, w, b, a / slope))


def _along(u: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(x @ u)


def _norm_along(axes: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(x @ axes.T, axis=1))


def _distance_to(point: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(np.linalg.norm(x - point, axis=1))


def _network(w: np.ndarray, b: np.ndarray, a: np.ndarray, x: np.ndarray) -> np.ndarray:
    return np.asarray(np.maximum(x @ w.T + b, 0.0) @ a)


def _distance_to_half_cube(side: float, x: np.ndarray) -> np.ndarray:
    """Distance to the corners of [-side, side]^d with at most d/2 positive signs.

    Each coordinate goes to its nearest sign; of too many positive ones, the cheapest are turned.
    Turning a positive coordinate x costs (x + side)^2 - (x - side)^2 = 4 side x.
    """
    nearest = np.sum((np.abs(x) - side) ** 2, axis=1)
    costs = np.cumsum(np.sort(np.where(x > 0.0, 4.0 * side * x, np.inf), axis=1), axis=1)
    excess = np.maximum((x > 0.0).sum(axis=1) - x.shape[1] // 2, 0)
    turned = np.where(excess > 0, costs[np.arange(len(x)), np.maximum(excess - 1, 0)], 0.0)
    return np.asarray(np.sqrt(nearest + turned))


def _principal(points: Points) -> np.ndarray:
    """Unit vectors as rows, largest variance first."""
    centred = points - points.mean(axis=0)
    return np.asarray(np.linalg.eigh(centred.T @ centred)[1].T[::-1])
