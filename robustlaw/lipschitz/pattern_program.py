"""One hidden layer with one kink: linear programs for points near a wanted pattern of signs.

For signs s from the relaxation, minimise sum |v_i| |w_i| xi_i over x and xi >= 0 subject to
s_i (w_i . x + b_i) / |w_i| >= margin - xi_i: the pattern is realised where xi = 0, and elsewhere
the units that matter least give way. Line scans go on from there. The best source of lower ends
with about half as many inputs as units; with few inputs, line scans alone do as well.
"""

from __future__ import annotations

import numpy as np
from scipy.optimize import linprog

from .attained import Points
from .batch import Batch
from .probes import reach

# Distance that a point keeps from the kinks, in units of the distance at which biases matter.
MARGIN = 1e-3
# With fewer inputs a unit than this the patterns are too far from realisable to guide anything.
FEWEST_INPUTS = 0.2


def guides(batch: Batch) -> bool:
    """A kink, and enough inputs for the relaxation's patterns to mean something."""
    inputs, units = batch.arch.widths[:2]
    return batch.activation.kink and inputs >= FEWEST_INPUTS * units


def realise(batch: Batch, signs: np.ndarray) -> Points:
    """A point for each pattern; the origin where a program could not be solved.

    signs : (E, patterns, 1 + units), +-1; the first column is the constant part
    """
    unit = reach(batch)
    points = np.zeros((len(batch), signs.shape[1], batch.weights[0].shape[2]))
    for e in range(len(batch)):
        alive = batch.alive[1][e]
        w, b, v = batch.weights[0][e, alive], batch.biases[0][e, alive], batch.weights[1][e, 0, alive]
        with np.errstate(all="ignore"):
            length = np.sqrt(np.einsum("ij,ij->i", w, w))
            rows, offset = w / length[:, None], b / length / unit[e]
            cost = np.abs(v) * length
            cost = cost / cost.max()
        if not (np.isfinite(rows).all() and np.isfinite(offset).all() and np.isfinite(cost).all()):
            continue
        found: dict[bytes, np.ndarray] = {}
        for place, pattern in enumerate(signs[e][:, 1:][:, alive]):
            key = pattern.tobytes()
            if key not in found:
                found[key] = unit[e] * _nearest(rows, offset, cost, pattern)
            points[e, place] = found[key]
    return points


def _nearest(rows: np.ndarray, offset: np.ndarray, cost: np.ndarray, signs: np.ndarray) -> np.ndarray:
    units, inputs = rows.shape
    done = linprog(
        np.concatenate([np.zeros(inputs), cost]),
        A_ub=np.hstack([-signs[:, None] * rows, -np.eye(units)]),
        b_ub=signs * offset - MARGIN,
        bounds=[(None, None)] * inputs + [(0.0, None)] * units,
        method="highs",
    )
    return np.asarray(done.x[:inputs]) if done.status == 0 else np.zeros(inputs)
