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


def realising(batch: Batch, z: Zonotope, signs: np.ndarray) -> Points:
    """Three points a network: W x = target solved in the least-squares sense, and both far ends.

    signs : (E, columns), +-1; the first column is the constant part and counts as +1
    """
    low, high = extreme_inputs(batch.activation)
    w, b, alive = batch.weights[0], batch.biases[0], batch.alive[1]
    rows = np.where(alive[:, :, None], w, 0.0)
    length = np.sqrt(np.einsum("eij,eij->ei", rows, rows))
    wanted = np.where(signs[:, 1:] > 0.0, high, low)
    if batch.activation.kink:
        wanted = wanted * length * np.maximum(reach(batch), 1e-12)[:, None]
    with np.errstate(all="ignore"):
        offset = np.where(alive, wanted - b, 0.0)
        solved = np.einsum("eij,ej->ei", np.linalg.pinv(rows), offset)
        steep = np.einsum("ec,eci->ei", signs, z.rows)
        size = np.sqrt(np.einsum("ei,ei->e", steep, steep))
        far = steep * (FAR * reach(batch) / np.where(size > 0.0, size, 1.0))[:, None]
    points = np.stack([solved, far, -far], axis=1)
    return np.where(np.isfinite(points), points, 0.0)


def pattern_norm(z: Zonotope, signs: np.ndarray) -> np.ndarray:
    """|B s| on the original scale: what realising the pattern would attain. Approximate."""
    steep = np.einsum("ec,eci->ei", signs, z.rows)
    return np.asarray(np.ldexp(np.sqrt(np.einsum("ei,ei->e", steep, steep)), z.exponent))
