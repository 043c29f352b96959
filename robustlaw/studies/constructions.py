"""Explicit interpolants of fair labels on the sphere, weighed by the description-length law.

A config is one construction on one data set; those on the same data share it.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import lipschitz
from ..constructions import (
    HAT,
    SMOOTH,
    BumpSum,
    Interpolant,
    bumps,
    projected_bumps,
    relu_caps,
    rounded_bumps,
    steepest_pair,
    supermask_caps,
    upper_side,
)
from ..data import Dataset, Problem, Sphere
from ..data.checks import require_number, whole
from ..errors import InfeasibleConstruction, InvalidArgument, UnknownName
from ..networks.grid import check_bits
from .config import PlainConfig

NAME = "constructions"
VERSION = 1
chunk_size = 8
KINDS = ("bumps", "smooth", "projected", "rounded", "caps", "supermask")


@dataclass(frozen=True)
class ConstructionConfig(PlainConfig):
    """One construction on n fair labels of points of the sphere of R^dim.

    kept  : D of projections, the first D coordinates; dim for none
    bits  : of each coordinate of "rounded"
    share : s of "supermask"; caps by themselves take the widest
    units : frozen weights a side and coordinate of "supermask"
    Raises InvalidArgument, UnknownName.
    """

    kind: str
    n: int
    dim: int
    seed: int
    kept: int = 0
    bits: int = 64
    share: float = 0.15
    units: int = 20
    delta: float = 0.05

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise UnknownName("kind", self.kind, KINDS)
        whole("n", self.n, 2)
        Sphere(self.dim)
        if not 0 <= whole("kept", self.kept) <= self.dim:
            raise InvalidArgument("kept", self.kept, f"choose 1 to {self.dim}, or 0 for no projection")
        if self.kind == "projected" and not self.kept:
            raise InvalidArgument("kept", self.kept, "say to how many dimensions to project")
        if self.kind == "rounded":
            check_bits(self.bits)
        whole("units", self.units, 1)
        for name, value in (("share", self.share), ("delta", self.delta)):
            require_number(name, value)
            if not 0.0 < value < 1.0:
                raise InvalidArgument(name, value, "give a number between 0 and 1")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Constructions on equal data come together."""
    return (config["n"], config["dim"], config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [ConstructionConfig(**c) for c in configs]
    first = cells[0]
    data = Problem(Sphere(first.dim)).sample(first.n, first.seed)
    least = steepest_pair(data.x, data.y)
    return [{**_row(cell, data), "least": [least.lower, least.upper]} for cell in cells]


def _row(cell: ConstructionConfig, data: Dataset) -> dict[str, Any]:
    """Where a construction does not exist, why, and nothing else."""
    try:
        found, distance = construct(cell, data)
    except InfeasibleConstruction as reason:
        return {"infeasible": str(reason)}
    side = upper_side(found, data, cell.delta)
    assert side.evidence.theory is not None
    theory = side.evidence.theory
    everywhere = found.lipschitz
    if cell.kind == "caps" and found.network is not None:
        everywhere = lipschitz.bracket(found.network, "fast")
    return {
        "infeasible": None,
        "lipschitz": [found.lipschitz.lower, found.lipschitz.upper],
        "domain": found.domain,
        "everywhere": None if cell.kind == "supermask" else [everywhere.lower, everywhere.upper],
        "closed": closed_form(found),
        "misfit": float(np.max(np.abs(found(data.x) - data.y))),
        "error": found.error,
        "distance": distance,
        "spare": found.spare,
        "numbers": found.numbers,
        "nats": found.ledger.p_eff.upper,
        "correlation": [side.correlation.lower, side.correlation.upper],
        "rate": side.rate.middle,
        "bound": [theory.lower, theory.upper],
        "verdict": str(side.evidence.verdict),
        "ratio": side.ratio,
    }


def construct(cell: ConstructionConfig, data: Dataset) -> tuple[Interpolant, float]:
    """The construction, and how far it may be from the function it imitates."""
    x, y = data.x, data.y
    frame = np.eye(cell.dim)[: cell.kept] if cell.kept else None
    if cell.kind == "supermask":
        made = supermask_caps(x, y, cell.share, cell.units, cell.seed)
        return made.interpolant, made.distance
    if cell.kind == "caps":
        return relu_caps(x, y), 0.0
    if cell.kind == "rounded":
        return rounded_bumps(x, y, cell.bits, frame), 0.0
    profile = SMOOTH if cell.kind == "smooth" else HAT
    if frame is None:
        return bumps(x, y, profile=profile), 0.0
    return projected_bumps(x, y, frame, profile=profile), 0.0


def closed_form(found: Interpolant) -> float:
    """The Lipschitz constant by its formula, in plain floats: (max slope)/r, or sqrt((2 - s)/s)."""
    if isinstance(found.function, BumpSum):
        return float(np.abs(found.y).max()) * found.function.profile.slope.middle / found.function.radius
    assert found.network is not None
    share = 1.0 - float(np.abs(found.network.biases[-2]).min())  # biases are -(1 - s) and -1
    return math.sqrt((2.0 - share) / share)
