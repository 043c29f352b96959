"""One hidden layer: points at which a wanted pattern of slopes is (nearly) realised.

If the relevant rows of W are linearly independent every pattern is realised, and the pattern
that maximises |A s| attains the free-pattern constant. Otherwise the least-squares point, and
points far out along the maximising direction, are good starts.
"""

from __future__ import annotations

import numpy as np

from .attained import Points
from .batch import Batch
from .probes import reach
from .sector import extreme_inputs
from .zonotope import Zonotope

# Far enough for biases not to matter, near enough for pre-activations to keep their signs.
FAR = 1e5


# Rounds of alternating projections; they converge to a point of the pattern's cell if it has one.
ROUNDS = 30


def realising(batch: Batch, z: Zonotope, signs: np.ndarray) -> Points:
    """A point a pattern where W x + b has, as far as found, the wanted signs; then both far ends.

    Alternates between the reachable pre-activations and those of the pattern, at a margin.
    signs : (E, patterns, columns), +-1; the first column is the constant part and counts as +1
    """
    low, high = extreme_inputs(batch.activation)
    w, b, alive = batch.weights[0], batch.biases[0], batch.alive[1]
    rows = np.where(alive[:, :, None], w, 0.0)
    length = np.sqrt(np.einsum("eij,eij->ei", rows, rows))
    chosen = signs[:, :, 1:]
    goal = np.where(chosen > 0.0, high, low)
    if batch.activation.kink:
        goal = goal * (length * np.maximum(reach(batch), 1e-12)[:, None])[:, None]
    with np.errstate(all="ignore"):
        inverse = np.linalg.pinv(rows).transpose(0, 2, 1)
        forward, offset = rows.transpose(0, 2, 1), np.where(alive, b, 0.0)[:, None]
        wanted = goal
        for _ in range(ROUNDS if batch.activation.kink else 1):
            solved = (wanted - offset) @ inverse
            reached = solved @ forward + offset
            if np.all(chosen * reached > 0.0, axis=2, where=alive[:, None]).all():
                break
            wanted = chosen * np.maximum(chosen * reached, np.abs(goal))
        steep = np.einsum("ec,eci->ei", signs[:, 0], z.rows)
        size = np.sqrt(np.einsum("ei,ei->e", steep, steep))
        far = steep * (FAR * reach(batch) / np.where(size > 0.0, size, 1.0))[:, None]
    points = np.concatenate([solved, far[:, None], -far[:, None]], axis=1)
    return np.where(np.isfinite(points), points, 0.0)


def pattern_norm(z: Zonotope, signs: np.ndarray) -> np.ndarray:
    """|B s| of the first pattern on the original scale: what realising it would attain. Approximate."""
    steep = np.einsum("ec,eci->ei", signs[:, 0], z.rows)
    return np.asarray(np.ldexp(np.sqrt(np.einsum("ei,ei->e", steep, steep)), z.exponent))
