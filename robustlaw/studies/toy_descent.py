"""Plain gradient descent on many tiny networks at once, in float64, compiled.

Made for enumerations: thousands of networks with one hidden layer and a handful of samples each,
for which the dispatch of a batched product costs more than the product. Networks are the last axis
of every array, so that the inner loops run over networks in vector registers; a network's result does
not depend on its neighbours, and samples and units are summed in a fixed order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float64
from numba import njit

BLOCK = 64  # networks worked on at once: their numbers stay in the first cache


@dataclass(frozen=True, eq=False)
class Tiny:
    """Networks f = W2 relu(W1 x + b1) + b2; networks along the last axis.

    Off-mask entries are 0 in `values` and False in `kept`. Order of the arrays: W1, b1, W2, b2.
    """

    values: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
    kept: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]

    def masked(self) -> tuple[np.ndarray, ...]:
        """The values with exact zeros off the mask."""
        return tuple(np.where(k, v, 0.0) for v, k in zip(self.values, self.kept, strict=True))


def descend(
    start: Tiny,
    x: Float64[np.ndarray, "samples inputs nets"],
    y: Float64[np.ndarray, "samples nets"],
    weight: Float64[np.ndarray, "samples nets"],
    steps: int,
    rate: float,
    cross_entropy: bool,
) -> Tiny:
    """`steps` full-batch steps theta <- theta - rate * gradient on the kept entries.

    y      : labels +-1; weight: share of each sample in its network's mean loss, summing to 1
    loss   : (f - y)^2 of a single output, or softmax cross-entropy of two (the second is +1)
    """
    parts = [np.ascontiguousarray(v, dtype=np.float64).copy() for v in start.masked()]
    kept = [np.ascontiguousarray(k, dtype=np.float64) for k in start.kept]
    nets = x.shape[2]
    for first in range(0, nets, BLOCK):
        block = slice(first, min(first + BLOCK, nets))
        own = [np.ascontiguousarray(p[..., block]) for p in parts]
        fixed = [np.ascontiguousarray(a[..., block]) for a in (*kept, x, y, weight)]
        run: Any = _run  # compiled: its signature is not known to type checkers
        run(*own, *fixed, steps, rate, cross_entropy)
        for part, values in zip(parts, own, strict=True):
            part[..., block] = values
    return Tiny((parts[0], parts[1], parts[2], parts[3]), start.kept)


@njit(cache=True)
@no_type_check
def _run(
    w1: np.ndarray,
    b1: np.ndarray,
    w2: np.ndarray,
    b2: np.ndarray,
    k1: np.ndarray,
    c1: np.ndarray,
    k2: np.ndarray,
    c2: np.ndarray,
    x: np.ndarray,
    y: np.ndarray,
    weight: np.ndarray,
    steps: int,
    rate: float,
    cross_entropy: bool,
) -> None:
    hidden, inputs, nets = w1.shape
    outputs, samples = w2.shape[0], x.shape[0]
    z, out, back = np.empty((hidden, nets)), np.empty((outputs, nets)), np.empty((outputs, nets))
    g1, h1, g2, h2 = np.empty_like(w1), np.empty_like(b1), np.empty_like(w2), np.empty_like(b2)
    for _ in range(steps):
        g1[:], h1[:], g2[:], h2[:] = 0.0, 0.0, 0.0, 0.0
        for i in range(samples):
            for j in range(hidden):
                for e in range(nets):
                    z[j, e] = b1[j, e]
                for k in range(inputs):
                    for e in range(nets):
                        z[j, e] += w1[j, k, e] * x[i, k, e]
            for o in range(outputs):
                for e in range(nets):
                    out[o, e] = b2[o, e]
                for j in range(hidden):
                    for e in range(nets):
                        out[o, e] += w2[o, j, e] * max(z[j, e], 0.0)
            if cross_entropy:
                for e in range(nets):
                    margin = y[i, e] * (out[1, e] - out[0, e])
                    share = -weight[i, e] * y[i, e] / (1.0 + np.exp(margin))
                    back[1, e], back[0, e] = share, -share
            else:
                for e in range(nets):
                    back[0, e] = 2.0 * weight[i, e] * (out[0, e] - y[i, e])
            for o in range(outputs):
                for e in range(nets):
                    h2[o, e] += back[o, e]
            for j in range(hidden):
                for o in range(outputs):
                    for e in range(nets):
                        g2[o, j, e] += back[o, e] * max(z[j, e], 0.0)
                for e in range(nets):
                    delta = 0.0
                    for o in range(outputs):
                        delta += back[o, e] * w2[o, j, e]
                    z[j, e] = delta if z[j, e] > 0.0 else 0.0
                for e in range(nets):
                    h1[j, e] += z[j, e]
                for k in range(inputs):
                    for e in range(nets):
                        g1[j, k, e] += z[j, e] * x[i, k, e]
        _step(w1, g1, k1, rate)
        _step(b1, h1, c1, rate)
        _step(w2, g2, k2, rate)
        _step(b2, h2, c2, rate)


@njit(cache=True)
@no_type_check
def _step(values: np.ndarray, slope: np.ndarray, kept: np.ndarray, rate: float) -> None:
    flat, gradient, mask = values.ravel(), slope.ravel(), kept.ravel()
    for e in range(flat.size):
        flat[e] = (flat[e] - rate * gradient[e]) if mask[e] > 0.0 else 0.0
