"""Networks whose Lipschitz constants are known, for testing a bound of your own."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..networks import Network


@dataclass(frozen=True, eq=False)
class ReferenceNetwork:
    """A network, its exact l2 Lipschitz constant, and why it is that."""

    name: str
    network: Network
    lipschitz: float
    why: str


def _net(*layers: tuple[object, object]) -> Network:
    return Network.from_arrays([(np.array(w, float), np.array(b, float)) for w, b in layers])


_ORTHOGONAL = np.array([[0.6, 0.8, 0.0], [-0.8, 0.6, 0.0]])

REFERENCE_NETWORKS = (
    ReferenceNetwork(
        "absolute value",
        _net(([[1], [-1]], [0, 0]), ([[1, 1]], [0])),
        1.0,
        "relu(x) + relu(-x) = |x|; the product of norms says 2",
    ),
    ReferenceNetwork(
        "identity in disguise",
        _net(([[1], [-1]], [0, 0]), ([[1, -1]], [0])),
        1.0,
        "relu(x) - relu(-x) = x, though both units on together would give 2",
    ),
    ReferenceNetwork(
        "overlap",
        _net(([[1], [-1]], [1, 1]), ([[1, -1]], [0])),
        2.0,
        "with biases both units are on between -1 and 1",
    ),
    ReferenceNetwork(
        "hat",
        _net(([[1], [1], [1]], [1, 0, -1]), ([[1, -2, 1]], [0])),
        1.0,
        "relu(x+1) - 2 relu(x) + relu(x-1) rises to 1 and falls",
    ),
    ReferenceNetwork(
        "far away",
        _net(([[1]], [-1000]), ([[1]], [0])),
        1.0,
        "relu(x - 1000) is flat on any box that ends below 1000",
    ),
    ReferenceNetwork(
        "orthonormal rows",
        _net((_ORTHOGONAL, [0.1, -0.2]), ([[3, 4]], [0])),
        5.0,
        "every pattern is realised and the columns are orthogonal, so the constant is |v|",
    ),
    ReferenceNetwork(
        "positive weights",
        _net(([[1, 2], [2, 1]], [0, 0]), ([[1, 1]], [0])),
        math.sqrt(18.0),
        "all units on is steepest: |W1^T v|",
    ),
    ReferenceNetwork("constant", _net(([[0, 0]], [1]), ([[5]], [2])), 0.0, "no path from an input"),
)
