"""Sparse networks with one output fall apart: f = sum_c f_c over disjoint blocks of inputs.

Then Lip(f)^2 = sum_c Lip(f_c)^2, and a steep point of f is made of the steepest parts of several
points, one block of inputs from each. Upper ends need nothing of the kind: multipliers of the
parts concatenate, so the optimum of the whole is already the sum.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from .attained import Points
from .batch import Batch
from .probes import gradients

# Larger squares count as this, so that sums of them stay finite.
LARGEST = 1e300


def recombined(batch: Batch, points: Points) -> Float[np.ndarray, "nets 1 inputs"]:
    """One point a network, (E, 1, inputs): every block of inputs from the point steepest there.

    Equal to one of the given points where a network has one part or several outputs.
    """
    with np.errstate(over="ignore"):
        squares = np.minimum(gradients(batch, points) ** 2, LARGEST)
    made = points[np.arange(len(batch)), squares.sum(axis=2).argmax(axis=1)]
    for e in range(len(batch) if batch.weights[-1].shape[1] == 1 else 0):
        count, labels = _parts(batch, e)
        for part in range(count if count > 1 else 0):
            block = labels == part
            made[e, block] = points[e, squares[e][:, block].sum(axis=1).argmax()][block]
    return np.asarray(made[:, None])


def falls_apart(batch: Batch) -> bool:
    """Some network has one output and several parts."""
    return batch.weights[-1].shape[1] == 1 and any(_parts(batch, e)[0] > 1 for e in range(len(batch)))


def _parts(batch: Batch, e: int) -> tuple[int, np.ndarray]:
    """Number of parts and the part of each input (-1 where it does not matter)."""
    alive = np.concatenate([a[e] for a in batch.alive[:-1]])
    edges = np.cumsum([0, *batch.arch.widths[:-1]])
    rows, columns = [], []
    for layer, w in enumerate(batch.weights[:-1]):
        kept = batch.alive[layer + 1][e][:, None] & batch.alive[layer][e] & (w[e] != 0.0)
        above, below = np.nonzero(kept)
        rows.append(above + edges[layer + 1])
        columns.append(below + edges[layer])
    ends = np.concatenate(rows), np.concatenate(columns)
    graph = coo_array((np.ones(len(ends[0])), ends), shape=(len(alive), len(alive)))
    _, labels = connected_components(graph, directed=False)
    inputs = np.where(alive, labels, -1)[: edges[1]]
    found = np.unique(inputs[inputs >= 0])
    return len(found), np.where(inputs >= 0, np.searchsorted(found, inputs), -1)
