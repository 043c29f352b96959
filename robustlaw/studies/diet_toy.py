"""The toy on which lottery tickets on a data diet are looked at: classes of clusters, and subsets of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from ..data.checks import require_count, require_positive, whole
from ..errors import InvalidArgument
from ..networks import Mlp
from ..networks.normalised import NormalisedStack, initial_normalised, outputs
from ..networks.normalised_training import Descent, Pool, Reading, descend
from ..networks.softmax import probability_errors
from ..seeds import generator
from .config import PlainConfig

ARMS = ("all", "random", "easiest", "hardest", "half wrong labels")


@dataclass(frozen=True)
class DietToy(PlainConfig):
    """One seed of the toy: every class is a mixture of normal clusters, in equal shares.

    spread  : deviation of the clusters' centres in every direction, that of a cluster being 1
    n       : samples of every data set, test data included
    widths  : of the network, inputs first; batch normalisation after every hidden layer
    steps   : of the whole schedule; a training from a rewind point at step t goes on from step t
    share   : of the samples that a subset has
    scored  : short runs whose errors score the samples, each of `early` steps
    Raises InvalidArgument.
    """

    seed: int
    classes: int = 10
    clusters: int = 3
    spread: float = 0.7
    n: int = 4000
    widths: tuple[int, ...] = (20, 64, 64, 10)
    steps: int = 500
    batch_size: int = 32
    learning_rate: float = 0.3
    share: float = 0.25
    scored: int = 5
    early: int = 50

    def __post_init__(self) -> None:
        for name in ("clusters", "n", "scored", "early", "steps", "batch_size"):
            require_count(name, getattr(self, name))
        for name in ("spread", "learning_rate", "share"):
            require_positive(name, getattr(self, name))
        whole("classes", self.classes, 2)
        if Mlp(self.widths).widths[-1] != self.classes or len(self.widths) < 3:
            raise InvalidArgument("widths", self.widths, f"give hidden layers and {self.classes} outputs")
        if self.share > 1.0 or self.size < 1 or self.early > self.steps:
            raise InvalidArgument(
                "share, early", (self.share, self.early), "give a part of data and schedule"
            )

    @property
    def arch(self) -> Mlp:
        return Mlp(self.widths)

    @property
    def plan(self) -> Descent:
        return Descent(self.steps, self.batch_size, self.learning_rate)

    @property
    def size(self) -> int:
        """Samples of a subset."""
        return int(self.share * self.n)

    @property
    def key(self) -> str:
        return f"data diet {self.seed}"


def data_sets(cell: DietToy, names: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
    """Independent data sets of one law, (sets, n, d) and (sets, n); the centres belong to the seed."""
    dim = cell.widths[0]
    centres = cell.spread * generator("target", cell.key).standard_normal((cell.classes, cell.clusters, dim))
    x, y = [], []
    for name in names:
        rng = generator("data", cell.key, name)
        label, cluster = rng.integers(cell.classes, size=cell.n), rng.integers(cell.clusters, size=cell.n)
        x.append(centres[label, cluster] + rng.standard_normal((cell.n, dim)))
        y.append(label)
    return np.stack(x), np.stack(y)


def half_wrong(cell: DietToy, labels: np.ndarray) -> np.ndarray:
    """The labels with a random half of them drawn anew, uniformly."""
    rng = generator("noise", cell.key)
    places = rng.permutation(len(labels))[: len(labels) // 2]
    changed = labels.copy()
    changed[places] = rng.integers(cell.classes, size=len(places))
    return changed


def pool_of(x: np.ndarray, y: np.ndarray) -> Pool:
    return Pool(torch.as_tensor(x).float(), torch.as_tensor(y).float())


def initial_points(cells: Sequence[DietToy]) -> NormalisedStack:
    """The initial network of every seed."""
    return initial_normalised(cells[0].arch, [cell.key for cell in cells])


def early_errors(cells: Sequence[DietToy], pool: Pool, sets: Sequence[int]) -> np.ndarray:
    """EL2N (cells, n): norm of probabilities less the label's after `early` steps, mean over short runs.

    The runs start at initial weights of their own, as those of `networks.error_norms` do.
    """
    first, runs = cells[0], range(cells[0].scored)
    names = [[f"{cell.key} scored {run}" for run in runs] for cell in cells]
    start = initial_normalised(first.arch, [name for own in names for name in own])
    readings = [Reading(s, name) for s, own in zip(sets, names, strict=True) for name in own]
    trained = descend(start, pool, readings, first.plan, last=first.early)
    norms = []
    for i, s in enumerate(sets):
        own = NormalisedStack(first.arch, trained.values[i * len(runs) : (i + 1) * len(runs)])
        found = probability_errors(outputs(own, pool.columns([s])), pool.labels[[s]])
        norms.append(torch.linalg.vector_norm(found.double(), dim=1).mean(0).numpy())
    return np.stack(norms)
