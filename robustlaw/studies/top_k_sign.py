"""Linear top-k-sign predictors: the smallest networks on which a wrong ledger is caught.

f(x) = sum of sign_j x_j over the k inputs most correlated with n fair labels. Lip(f) = sqrt k exactly;
the mask is all the information there is beyond one sign a kept weight.
"""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..accounting import Code
from ..data import Dataset, Gaussian, Problem
from ..errors import InvalidArgument
from ..evidence import to_json
from ..laws import DescriptionLength, Measured
from ..networks import Dependence, Network, Origin
from ..pruning.selection import select
from ..seeds import generator
from .config import PlainConfig

NAME = "top_k_sign"
VERSION = 1
chunk_size = 8


@dataclass(frozen=True)
class TopKSignConfig(PlainConfig):
    """n fair labels on normal inputs of dimension dim; k signs are kept."""

    n: int
    dim: int
    k: int
    seed: int
    delta: float = 0.05

    def __post_init__(self) -> None:
        if not 1 <= self.k <= self.dim or self.n < 2:
            raise InvalidArgument("k, dim, n", (self.k, self.dim, self.n), "1 <= k <= dim, and n >= 2")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Predictors on equal data come together."""
    return (config["n"], config["dim"], config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_row(TopKSignConfig(**c)) for c in configs]


def top_k_sign(data: Dataset, k: int, seed: int) -> Network:
    """The predictor as a linear network whose mask depends on the labels."""
    correlation = data.y @ data.x / data.n
    mask = select(np.abs(correlation), k, generator("tie", seed))
    weight = np.where(mask, np.sign(correlation), 0.0)[None, :]
    origin = Origin(
        Dependence.LABELS,
        frozenset({"b1"}),
        {"b1": np.zeros(1)},
        frozenset({"W1"}),
        "TopKSign",
        recorded=True,
    )
    return Network.from_arrays([(weight, np.zeros(1))], "identity", [mask[None, :]], origin)


def _row(cell: TopKSignConfig) -> dict[str, Any]:
    data = Problem(Gaussian(cell.dim)).sample(cell.n, cell.seed)
    measured = Measured(top_k_sign(data, cell.k, cell.seed), data)
    signs = (Code(1),)
    laws = (
        DescriptionLength(cell.delta, signs),
        DescriptionLength(cell.delta, signs, forget=("mask",)),
    )
    return {
        "kept": cell.k,
        "evidence": [json.loads(to_json(law.weigh(measured))) for law in laws],
    }
