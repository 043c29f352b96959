"""Steep points for l_inf inputs: gradients of large 1-norm that are really attained."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .attained import Points, certified_row_sums
from .batch import Batch
from .probes import climb, gaussian, reach
from .targets import FAR, realising
from .zonotope import zonotope

KEEP, STARTS = 8, 16


def search(
    batch: Batch, patterns: Float[np.ndarray, "patterns columns"], random: np.random.Generator
) -> tuple[float, Float[np.ndarray, " inputs"]]:
    """(certified 1-norm, point) for a batch of one network; (0, origin) if nothing is certain.

    patterns : signs of the living units (first column: the constant part) worth realising
    """
    x = gaussian(batch, random)
    x = np.concatenate([np.zeros((1, 1, x.shape[2])), x], axis=1)
    if batch.arch.layers > 1:
        x = np.concatenate([x, climb(batch, _best(batch, x, STARTS), random)], axis=1)
    if len(patterns):
        x = np.concatenate([x, _realised(batch, patterns)], axis=1)
    x = _best(batch, x, KEEP)
    values = certified_row_sums(batch, x)[0]
    pick = int(values.argmax())
    return float(values[pick]), x[0, pick]


def _best(batch: Batch, x: Points, keep: int) -> Float[np.ndarray, "nets best inputs"]:
    values = certified_row_sums(batch, x)
    order = np.argsort(-values, axis=1, kind="stable")[:, :keep]
    return np.take_along_axis(x, order[:, :, None], axis=1)


def _realised(batch: Batch, patterns: np.ndarray) -> Float[np.ndarray, "nets found inputs"]:
    """Points of the patterns where there are any, and far out along the signs of each gradient."""
    weights, _ = batch.scaled()
    z = zonotope(weights[0], weights[1], batch.sector)
    signs = np.ones((1, len(patterns), z.rows.shape[1]))
    signs[0][:, np.concatenate([[True], batch.alive[1][0]])] = patterns
    corners = np.sign(signs @ z.rows) * FAR * reach(batch)
    return np.concatenate([realising(batch, z, signs), corners, -corners], axis=1)
