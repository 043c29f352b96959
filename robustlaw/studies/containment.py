"""Whether random sparse sources contain a target: counted draws, the exact chance and the union bound.

A config is one target of full layers, one density, and a share of the copies that the theorem asks for
(Gadhikar, Mukherjee & Burkholz, arXiv 2210.02412, theorems 2.1 and 2.2, recalled).
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..constructions import containment, every_copy_usable, failure_bound, find_ticket, source_copies
from ..constructions.containment_laws import contained_count
from ..data.checks import require_count, require_number, whole
from ..errors import InvalidArgument, MissingEdge
from ..networks import Mlp, Network
from ..seeds import generator
from .config import PlainConfig

NAME = "containment"
VERSION = 1
chunk_size = 4


@dataclass(frozen=True)
class ContainmentConfig(PlainConfig):
    """Draws of a source of one density in every layer.

    share   : of the copies of the theorem that the source has, rounded up
    tickets : targets with random weights that are embedded, each in a source of its own
    Raises InvalidArgument.
    """

    density: float
    seed: int
    share: float = 1.0
    widths: tuple[int, ...] = (5, 8, 3)
    draws: int = 200
    delta: float = 0.1
    tickets: int = 2

    def __post_init__(self) -> None:
        for name in ("density", "share", "delta"):
            require_number(name, getattr(self, name))
            if not 0.0 < getattr(self, name) <= 1.0:
                raise InvalidArgument(name, getattr(self, name), "give a share above 0, at most 1")
        require_count("draws", self.draws)
        whole("seed", self.seed)
        whole("tickets", self.tickets)
        Mlp(self.widths)


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Sources of low density are large: each is drawn alone."""
    return (config["density"], config["share"], config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(ContainmentConfig.of(c)) for c in configs]


def _one(cell: ContainmentConfig) -> dict[str, Any]:
    target = [np.ones(shape, dtype=bool) for shape in Mlp(cell.widths).shapes]
    edges, shares = [m.size for m in target], [cell.density] * len(target)
    asked = source_copies(edges, shares, cell.delta)
    # the share is a float: a hundredth more than a whole number is not yet one copy more
    copies = (*(max(1, int(np.ceil(cell.share * q - 0.01))) for q in asked[:-1]), 1)
    found = contained_count(target, shares, copies, cell.draws, cell.seed)
    embedded = [_embedded(cell, copies, number) for number in range(cell.tickets)]
    gaps = [gap for gap in embedded if gap is not None]
    return {
        "copies": list(copies),
        "found": found,
        "exact": containment(target, shares, copies).middle,
        "floor": every_copy_usable(edges, shares, copies).middle,
        "missed": failure_bound(edges, shares, copies),
        "embedded": len(gaps),
        "gap": max(gaps, default=0.0),
    }


def _embedded(cell: ContainmentConfig, copies: tuple[int, ...], number: int) -> float | None:
    """Largest difference between a ticket and its target at random inputs; None if an edge is missing."""
    rng = generator("target", "containment", cell.seed, number)
    target = Network.from_arrays(
        [(rng.standard_normal(s), rng.standard_normal(s[0])) for s in Mlp(cell.widths).shapes]
    )
    name = [cell.density] * target.arch.layers
    try:
        ticket = find_ticket(target, name, cell.delta, 1000 * cell.seed + number, copies)
    except MissingEdge:
        return None
    x = generator("probe", "containment", cell.seed, number).standard_normal((100, cell.widths[0]))
    return float(np.abs(ticket.network(x) - target(x)).max() / np.abs(target(x)).max())
