"""Exact I(m;Y|X,init) of every pruner across densities, by training on all 2^n labelings.

A config is one pruner at one density on one set of inputs and one initialisation. Configs that
differ in density alone share one search.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from ..data import Gaussian
from ..data.checks import require_count, whole
from ..errors import InvalidArgument, UnknownName
from ..information.enumeration import MOST_LABELS, label_information
from ..networks import Mlp, Recipe
from ..pruning import PRUNERS, kept_count
from ..seeds import generator
from .config import PlainConfig

NAME = "label_information"
VERSION = 1
chunk_size = 8
METHODS = ("Random", "MagnitudeAtInit", "Snip", "MagnitudeAfterTraining", "IterativeMagnitude")
DENSITIES = (0.8, 0.6, 0.4, 0.2, 0.1)


@dataclass(frozen=True)
class LabelConfig(PlainConfig):
    """One pruner on n fair labels of n fixed normal inputs.

    method  : name of a pruner
    density : kept share of the weights
    init    : seed of initialisation and ties
    inputs  : seed of the inputs
    widths  : of the network, inputs first
    steps, learning_rate : of every training, full batch
    Raises InvalidArgument, InfeasibleDensity or UnknownName before anything runs.
    """

    method: str
    density: float
    init: int
    n: int = 12
    widths: tuple[int, ...] = (4, 8, 1)
    inputs: int = 0
    steps: int = 150
    learning_rate: float = 0.02

    def __post_init__(self) -> None:
        if self.method not in PRUNERS:
            raise UnknownName("method", self.method, PRUNERS)
        if whole("n", self.n, 1) > MOST_LABELS:
            raise InvalidArgument("n", self.n, f"at most {MOST_LABELS} labels can be enumerated")
        require_count("steps", self.steps)
        kept_count(self.density, Mlp(self.widths).weight_count)
        if self.widths[-1] != 1:
            raise InvalidArgument("widths", self.widths, "give a network with one output")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the density."""
    return tuple(str(config[f.name]) for f in fields(LabelConfig) if f.name != "density")


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [LabelConfig.of(c) for c in configs]
    first = cells[0]
    x, _ = Gaussian(first.widths[0]).draw(first.n, generator("data", first.inputs))
    found = label_information(
        Mlp(first.widths),
        x,
        PRUNERS[first.method](first.density),
        Recipe(steps=first.steps, stop_at=None, learning_rate=first.learning_rate),
        densities=[cell.density for cell in cells],
        init=first.init,
    )
    return [
        {
            "kept": one.kept,
            "distinct": one.distinct,
            "lower": one.information.lower,
            "upper": one.information.upper,
        }
        for one in found
    ]


def grid(
    methods: tuple[str, ...] = METHODS,
    densities: tuple[float, ...] = DENSITIES,
    inits: int = 8,
    n: int = 12,
    widths: tuple[int, ...] = (4, 8, 1),
    steps: int = 150,
) -> list[dict[str, Any]]:
    """Configs of the table: every pruner, density and initialisation."""
    whole("inits", inits, 1)
    return [
        LabelConfig(method, density, init, n, widths, steps=steps).plain()
        for method in methods
        for init in range(inits)
        for density in densities
    ]
