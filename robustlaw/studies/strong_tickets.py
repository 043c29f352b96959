"""Networks imitated by frozen random weights in sparse sources: certified errors and what the mask costs.

A config is one random target and one source.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..accounting import Code, describe
from ..constructions import strong_ticket
from ..constructions.strong_tickets import CODES
from ..data.checks import require_count, require_positive, whole
from ..networks import Mlp, Network
from ..pruning.selection import check_density
from ..seeds import generator
from .config import PlainConfig

NAME = "strong_tickets"
VERSION = 1
chunk_size = 16


@dataclass(frozen=True)
class StrongConfig(PlainConfig):
    """A target with normal weights of variance 1/fan_in and biases of deviation .3.

    units, density, radius : of strong_ticket
    probes : random points of the sphere |x| = radius at which the two are compared
    Raises InvalidArgument, InfeasibleDensity.
    """

    seed: int
    units: int
    density: float
    widths: tuple[int, ...] = (4, 6, 2)
    radius: float = 2.0
    probes: int = 500

    def __post_init__(self) -> None:
        whole("seed", self.seed)
        require_count("units", self.units)
        require_count("probes", self.probes)
        require_positive("radius", self.radius)
        check_density(self.density)
        Mlp(self.widths)


def bucket(config: Mapping[str, Any]) -> Hashable:
    return int(config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(StrongConfig.of(c)) for c in configs]


def _one(cell: StrongConfig) -> dict[str, Any]:
    rng = generator("target", "strong tickets", cell.seed)
    target = Network.from_arrays(
        [
            (rng.standard_normal(s) / np.sqrt(s[1]), 0.3 * rng.standard_normal(s[0]))
            for s in Mlp(cell.widths).shapes
        ]
    )
    made = strong_ticket(target, cell.units, cell.density, cell.radius, cell.seed, str(cell.density))
    x = generator("probe", "strong tickets", cell.seed).standard_normal((cell.probes, cell.widths[0]))
    x *= cell.radius / np.linalg.norm(x, axis=1, keepdims=True)
    ledger = made.ledger
    return {
        "distance": made.distance,
        "seen": float(np.abs(made.network(x) - target(x)).max()),
        "kept": made.kept,
        "candidates": made.candidates,
        "total": made.total,
        "weights": target.arch.parameter_count,
        "nats": ledger.p_eff.upper,
        "nats_all": describe(made.network, Code(1, "zero", "uniform"), CODES).p_eff.upper,
        "weight_nats": ledger.total("weights").upper,
        "counted_nats": made.events().p_eff.upper,
    }
