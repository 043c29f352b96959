"""The mask-only probe against exact information, by training on all 2^n labelings.

A config is one pruner on one initialisation at many densities: the exact I(m;Y|X,init), and the exact
means of T and of its positive part, which no lower bound built on them may exceed.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..data import Gaussian
from ..data.checks import require_count, require_positive, whole
from ..errors import InvalidArgument, UnknownName
from ..information import label_information, probe_statistic
from ..information.enumeration import labelings
from ..information.pruner_channels import MaskMaker, signs
from ..networks import Mlp, Recipe
from ..pruning import PRUNERS, kept_count
from ..seeds import generator
from .config import PlainConfig

NAME = "probe_enumerated"
VERSION = 1
chunk_size = 8
MOST_LABELS = 12  # all labelings are trained side by side


@dataclass(frozen=True)
class EnumeratedConfig(PlainConfig):
    """One pruner on n fair labels of n fixed normal inputs.

    method    : name of a pruner
    densities : kept shares of the weights
    init      : seed of initialisation and ties
    inputs    : seed of the inputs
    Raises InvalidArgument, InfeasibleDensity or UnknownName before anything runs.
    """

    method: str
    init: int
    densities: tuple[float, ...]
    n: int = 8
    widths: tuple[int, ...] = (3, 4, 1)
    inputs: int = 0
    steps: int = 100
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        if self.method not in PRUNERS:
            raise UnknownName("method", self.method, PRUNERS)
        if whole("n", self.n, 1) > MOST_LABELS:
            raise InvalidArgument("n", self.n, f"at most {MOST_LABELS} labels are enumerated here")
        require_count("steps", self.steps)
        require_positive("learning_rate", self.learning_rate)
        arch = Mlp(self.widths)
        if arch.widths[-1] != 1:
            raise InvalidArgument("widths", self.widths, "give a network with one output")
        if not self.densities:
            raise InvalidArgument("densities", self.densities, "give at least one")
        for density in self.densities:
            kept_count(density, arch.weight_count)


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Nothing is shared between pruners or initialisations."""
    return str(config["method"]), int(config["init"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(EnumeratedConfig.of(c)) for c in configs]


def _one(cell: EnumeratedConfig) -> dict[str, Any]:
    """Masks are found twice: once for the information, once for the probe."""
    arch = Mlp(cell.widths)
    x, _ = Gaussian(arch.widths[0]).draw(cell.n, generator("data", cell.inputs))
    pruner = PRUNERS[cell.method](cell.densities[0])
    recipe = Recipe(steps=cell.steps, stop_at=None, learning_rate=cell.learning_rate)
    exact = label_information(arch, x, pruner, recipe, densities=cell.densities, init=cell.init)
    maker = MaskMaker(arch, pruner, recipe, cell.init)
    z = signs(labelings(cell.n, 0, 2**cell.n))
    seeds = np.zeros(len(z), dtype=np.int64)
    (session,) = maker.sessions(x[None], z, seeds)
    counts = [kept_count(density, sum(maker.totals)) for density in cell.densities]
    found = [maker.flat(masks) for masks in pruner.choose_at(session, counts)]
    values = [probe_statistic(maker.masked_outputs(masks, x[None], seeds), z) for masks in found]
    return {
        "kept": [one.kept for one in exact],
        "lower": [one.information.lower for one in exact],
        "upper": [one.information.upper for one in exact],
        "mean": [float(t.mean()) for t in values],
        "positive": [float(np.maximum(t, 0.0).mean()) for t in values],
        "negative": [float(np.maximum(-t, 0.0).mean()) for t in values],
    }
