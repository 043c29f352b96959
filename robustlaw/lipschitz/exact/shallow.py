"""One hidden layer, one output: branch and bound over MaxCut relaxations.

Without cells every pattern counts as reached; what comes out is the free-pattern constant
max |A s|, an upper end for any activation, equal to Lip(f) if the rows of W are independent or
all output weights have one sign. With cells, patterns that no point
reaches are discarded, and the lower end is attained.
"""

from __future__ import annotations

import time

import numpy as np

from ...seeds import generator
from .cells import Cells
from .model import Model
from .search import Search, Threshold
from .shallow_bound import ShallowBound
from .tree import Node

# Share of the time for searching; the rest is for proving the leaves that were left open.
SEARCHING = 0.8


def search(
    model: Model,
    cells: Cells | None,
    attained: float,
    tolerance: float,
    deadline: float,
    threshold: Threshold = None,
) -> tuple[Search, Node]:
    """A finished or interrupted search, and its tree."""
    now = time.monotonic()
    stop = now + SEARCHING * (deadline - now)
    relaxation = ShallowBound(model, generator("probe", "lipschitz exact"), deadline)
    state = Search(model, relaxation, cells, tolerance, stop, attained, threshold=threshold)
    root = state.run()
    if cells is None and model.net.arch.activation in PIECEWISE and state.steepest is not None:
        point = Cells(model).visit(np.where(model.open_units, state.steepest, model.root))[0]
        if point is not None:
            state.consider(point)
    return state, root


PIECEWISE = ("relu", "leaky_relu")


def every_pattern_is_reached(model: Model) -> bool:
    """Fact 3: rows of W independent (approximately: this only says where to look for a witness)."""
    rows = model.weights[0][model.open_units]
    return bool(np.linalg.matrix_rank(rows) == len(rows))


def has_one_sign(model: Model) -> bool:
    v = model.weights[1][0][model.open_units]
    return bool(np.all(v > 0.0) or np.all(v < 0.0))
