"""Algorithms that choose one function of a finite class by what they saw of the data."""

from functools import cache

import numpy as np

from robustlaw.accounting import Accountant, DataFreeMask, FixedSizeMask, FrozenWeights, Repeated
from robustlaw.data import Gaussian, Problem
from robustlaw.networks import Dependence, Network, Origin

# Clipped to [-1, 1], a coordinate times this is its sign but for one sample in ten thousand.
STEEP = 1e4


def coordinate(index, dim, scale=1.0):
    """f(x) = scale x_index, nothing trained: all it knows about the data is which coordinate."""
    mask = np.arange(dim) == index
    origin = Origin(
        Dependence.LABELS,
        frozenset({"W1", "b1"}),
        {"W1": np.full((1, dim), scale), "b1": np.zeros(1)},
        frozenset({"W1"}),
        "choose",
        recorded=True,
    )
    weight = np.where(mask, scale, 0.0)[None, :]
    return Network.from_arrays([(weight, np.zeros(1))], "identity", [mask[None, :]], origin)


def ledger(dim, forget=False):
    """log dim for the choice; with `forget` a wrong ledger that calls the mask data-free."""
    mask = Repeated(DataFreeMask(), 1) if forget else FixedSizeMask(dim, 1)
    return Accountant().ledger([mask, FrozenWeights(dim + 1)])


@cache
def chosen(dim, n, count, scale=1.0, fresh=50):
    """Runs of the algorithm that takes the coordinate whose sign, or value, repeats the labels most."""
    problem = Problem(Gaussian(dim))
    runs = []
    for seed in range(count):
        data = problem.sample(n, seed)
        scores = data.y @ (data.x if scale == 1.0 else np.sign(data.x))
        net = coordinate(int(np.argmax(scores)), dim, scale)
        runs.append((net, data, problem.sample(fresh, 10**6 + seed)))
    return runs
