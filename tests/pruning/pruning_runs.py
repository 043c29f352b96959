"""Small data sets, the pruners, and comparisons that the tests of this folder share."""

import numpy as np
import torch

from robustlaw.data import Dataset
from robustlaw.networks import Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.pruning import (
    Balanced,
    EdgePopup,
    ErdosRenyi,
    Force,
    GradualMagnitude,
    Grasp,
    Inverted,
    IterativeMagnitude,
    IterativeSnip,
    MagnitudeAfterTraining,
    MagnitudeAtInit,
    NoisyTopK,
    NtkSap,
    NtkSapOnInputs,
    OnSubset,
    PermutedLabels,
    ProsPr,
    Pyramidal,
    Random,
    RandomLabels,
    Reinitialised,
    Repaired,
    RigL,
    Session,
    Set,
    Shuffled,
    Snip,
    SynFlow,
)

ARCH = Mlp((6, 8, 1))
QUICK = Recipe(steps=8, learning_rate=0.02)
PRUNERS = {
    "Random": Random,
    "ErdosRenyi": ErdosRenyi,
    "Balanced": Balanced,
    "Pyramidal": Pyramidal,
    "MagnitudeAtInit": MagnitudeAtInit,
    "MagnitudeAtInit global": lambda density: MagnitudeAtInit(density, scope="global"),
    "Snip": Snip,
    "Snip layerwise": lambda density: Snip(density, scope="layerwise"),
    "IterativeSnip": lambda density: IterativeSnip(density, rounds=4),
    "IterativeSnip layerwise": lambda density: IterativeSnip(density, rounds=3, scope="layerwise"),
    "Force": lambda density: Force(density, rounds=4),
    "Force layerwise": lambda density: Force(density, rounds=3, scope="layerwise"),
    "Grasp": Grasp,
    "SynFlow": lambda density: SynFlow(density, rounds=10),
    "SynFlow layerwise": lambda density: SynFlow(density, rounds=5, scope="layerwise"),
    "NtkSap": lambda density: NtkSap(density, rounds=3, points=20),
    "NtkSapOnInputs": lambda density: NtkSapOnInputs(density, rounds=3, redraws=2),
    "NtkSap layerwise": lambda density: NtkSap(density, rounds=2, points=7, scope="layerwise"),
    "ProsPr": ProsPr,
    "ProsPr first order": lambda density: ProsPr(density, steps=2, order="first"),
    "MagnitudeAfterTraining": MagnitudeAfterTraining,
    "MagnitudeAfterTraining rewind": lambda density: MagnitudeAfterTraining(density, afterwards="rewind"),
    "MagnitudeAfterTraining stop": lambda density: MagnitudeAfterTraining(density, afterwards="stop"),
    "IterativeMagnitude": lambda density: IterativeMagnitude(density, rate=0.5),
    "IterativeMagnitude layerwise": lambda density: IterativeMagnitude(density, rate=0.5, scope="layerwise"),
    "IterativeMagnitude rewinding": lambda density: IterativeMagnitude(density, rate=0.5, rewind_to=3),
    "GradualMagnitude": GradualMagnitude,
    "GradualMagnitude layerwise": lambda density: GradualMagnitude(density, prunings=3, scope="layerwise"),
    "GradualMagnitude returning": lambda density: GradualMagnitude(density, prunings=4, returning=True),
    "Set": lambda density: Set(density, every=1),
    "Set regrowing": lambda density: Set(density, every=1, fraction=0.3, regrow_dropped=True),
    "RigL": lambda density: RigL(density, every=1, fraction=0.6),
    "RigL elsewhere": lambda density: RigL(density, every=2, regrow_dropped=False, layers="uniform"),
    "EdgePopup": EdgePopup,
    "IterativeMagnitude as trained": lambda density: IterativeMagnitude(
        density, rate=0.5, rewind="schedule", rewind_to=2
    ),
    "Shuffled": lambda density: Shuffled(Snip(density)),
    "Reinitialised": lambda density: Reinitialised(Snip(density)),
    "Inverted": lambda density: Inverted(Snip(density)),
    "Repaired by moves": lambda density: Repaired(Snip(density), "move"),
    "OnSubset": lambda density: OnSubset(Snip(density), 0.5),
    "OnSubset hardest": lambda density: OnSubset(Snip(density), 0.4, "hardest", restarts=1, early=2),
    "OnSubset easiest": lambda density: OnSubset(
        IterativeMagnitude(density, rate=0.5), 0.4, "easiest", restarts=2, early=3
    ),
    "PermutedLabels": lambda density: PermutedLabels(Snip(density)),
    "PermutedLabels trained": lambda density: PermutedLabels(IterativeMagnitude(density, rate=0.5)),
    "RandomLabels": lambda density: RandomLabels(Snip(density)),
    "RandomLabels trained": lambda density: RandomLabels(EdgePopup(density)),
    "NoisyTopK": lambda density: NoisyTopK(Snip(density), 0.01),
}


def sample(seed=0, n=20, dim=6):
    rng = np.random.default_rng(seed)
    return Dataset.from_arrays(rng.normal(size=(n, dim)), rng.choice([-1.0, 1.0], n))


def relabelled(data, seed=1):
    return Dataset.from_arrays(data.x, np.random.default_rng(seed).choice([-1.0, 1.0], data.n))


def same_masks(one, two):
    return all(torch.equal(a, b) for a, b in zip(one.masks, two.masks, strict=True))


def same_network(one, place, other, there):
    """Bitwise: weights, biases, masks and facts."""
    mine = (*one.weights, *one.biases, *one.masks)
    theirs = (*other.weights, *other.biases, *other.masks)
    bits = all(torch.equal(a[place], b[there]) for a, b in zip(mine, theirs, strict=True))
    return bits and one.facts[place] == other.facts[there]


def session_with_biases(arch, count, keys=(0, 1, "a"), recipe=QUICK, initialisation=None):
    """All weights and all biases are maskable."""
    start = initial_stack(arch, list(keys), initialisation or TorchDefault())
    data = sample(dim=arch.widths[0])
    weights, biases = (tuple(f"{kind}{i + 1}" for i in range(arch.layers)) for kind in "Wb")
    counts = (count,) * len(keys)
    return Session(start, batch([data.x], [data.y]), recipe, tuple(keys), counts, weights, biases)
