"""Full-batch gradient descent on patch networks, many at once, in float64, compiled.

All that descent ever does to the filter v of one neuron is to add multiples of the masked training
patches. Its products z_p = <v, x_p> with the P = n + classes distinct patches of a data set follow
    z <- z - rate G dL/dz,   G_pq = <mask * x_p, x_q>,
a loop over P x P matrices instead of P x inputs; the multiples are summed up on the way, and give the
filter back at the end. The result is that of descent on the filters, but for rounding. A network is
worked on alone, and depends on no neighbour.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, no_type_check

import numpy as np
from jaxtyping import Float64, Int64
from numba import njit

from ..data.checks import require_count, require_positive
from ..errors import InvalidArgument
from ..networks.patch_stack import PatchStack


@dataclass(frozen=True, eq=False)
class Descended:
    """Trained networks, the steps that each took, and its mean training loss at the end."""

    stack: PatchStack
    steps: Int64[np.ndarray, " nets"]
    loss: Float64[np.ndarray, " nets"]


def descend(
    start: PatchStack,
    noise: Float64[np.ndarray, "nets samples inputs"],
    signals: Float64[np.ndarray, "classes inputs"],
    place: Int64[np.ndarray, "nets samples"],
    labels: Int64[np.ndarray, "nets samples"],
    rate: float,
    steps: int,
    goal: float,
) -> Descended:
    """w <- w - rate mask * gradient of the mean softmax cross-entropy, until it is at most `goal`.

    noise  : the noise patch of every sample
    place  : which row of `signals` is its other patch; `labels` may differ, where they were flipped
    steps  : at most so many
    Raises InvalidArgument where descent diverges.
    """
    require_positive("rate", rate)
    require_count("steps", steps)
    nets, classes, neurons, inputs = start.weights.shape
    shared = np.broadcast_to(signals, (nets, *signals.shape))
    columns = np.ascontiguousarray(np.concatenate([noise, shared], axis=1).transpose(0, 2, 1))
    weights = start.weights.reshape(nets, classes * neurons, inputs).copy()
    masks = start.masks.reshape(weights.shape)
    run: Any = _run  # compiled: its signature is not known to type checkers
    taken, loss = np.zeros(nets, dtype=np.int64), np.zeros(nets)
    run(weights, masks, columns, place, labels, classes, start.power, rate, steps, goal, taken, loss)
    if not (np.isfinite(weights).all() and np.isfinite(loss).all()):
        raise InvalidArgument("rate", rate, "descent diverges; choose a smaller rate")
    return Descended(replace(start, weights=weights.reshape(start.weights.shape)), taken, loss)


@njit(cache=True)
@no_type_check
def _run(weights, masks, columns, place, labels, classes, power, rate, steps, goal, taken, loss):
    nets, rows, inputs = weights.shape
    patches = columns.shape[2]
    gram, z = np.empty((rows, patches, patches)), np.empty((rows, patches))
    pull = np.empty((place.shape[1], classes))
    for e in range(nets):
        _products(weights[e], masks[e], columns[e], gram, z)
        moved = np.zeros((rows, patches))
        for step in range(steps + 1):
            loss[e] = _errors(z, place[e], labels[e], power, pull)
            taken[e] = step
            if step == steps or loss[e] <= goal or not np.isfinite(loss[e]):
                break
            _step(z, moved, gram, pull, place[e], power, rate)
        for r in range(rows):
            for k in range(inputs):
                if masks[e, r, k]:
                    for p in range(patches):
                        weights[e, r, k] += moved[r, p] * columns[e, k, p]


@njit(cache=True)
@no_type_check
def _products(w, mask, x, gram, z):
    """z = w x and G = x' diag(mask) x for every neuron, as a sum over its kept inputs."""
    rows, inputs = w.shape
    patches = x.shape[1]
    gram[:], z[:] = 0.0, 0.0
    for r in range(rows):
        for k in range(inputs):
            if mask[r, k]:
                for p in range(patches):
                    z[r, p] += w[r, k] * x[k, p]
                    for s in range(patches):
                        gram[r, p, s] += x[k, p] * x[k, s]


@njit(cache=True)
@no_type_check
def _errors(z, place, labels, power, pull):
    """Mean loss; `pull` becomes (softmax - label)/n for every sample and class."""
    n, classes = pull.shape
    neurons, total = len(z) // classes, 0.0
    for i in range(n):
        largest = -np.inf
        for j in range(classes):
            score = 0.0
            for r in range(j * neurons, (j + 1) * neurons):
                score += max(z[r, i], 0.0) ** power + max(z[r, n + place[i]], 0.0) ** power
            pull[i, j] = score
            largest = max(largest, score)
        own, mass = pull[i, labels[i]], 0.0
        for j in range(classes):
            pull[i, j] = np.exp(pull[i, j] - largest)
            mass += pull[i, j]
        total += largest + np.log(mass) - own
        for j in range(classes):
            pull[i, j] = (pull[i, j] / mass - (1.0 if j == labels[i] else 0.0)) / n
    return total / n


@njit(cache=True)
@no_type_check
def _step(z, moved, gram, pull, place, power, rate):
    n, classes = pull.shape
    rows, patches = z.shape
    neurons = rows // classes
    share = np.empty(patches)
    for r in range(rows):
        j = r // neurons
        share[:] = 0.0
        for i in range(n):
            share[i] = pull[i, j]
            share[n + place[i]] += pull[i, j]
        for p in range(patches):
            share[p] *= -rate * power * max(z[r, p], 0.0) ** (power - 1)
        for p in range(patches):
            if share[p] != 0.0:
                moved[r, p] += share[p]
                for s in range(patches):
                    z[r, s] += share[p] * gram[r, p, s]
