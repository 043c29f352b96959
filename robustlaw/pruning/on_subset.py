"""Masks found on a part of the data (Paul et al. 2022); the last training is on all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data.checks import require_count
from ..errors import UnknownName
from ..networks import Batch, Dependence
from ..networks.recipe import LANES
from ..networks.subsets import Rule, mean_error_norms
from ..seeds import generator
from .base import Pruner, Session
from .controls import Wrapper, fresh_keys
from .selection import check_density, drawn, select_rows


@dataclass(frozen=True, init=False)
class OnSubset(Wrapper):
    """Another pruner, given only a fraction of the samples.

    fraction : share of the samples the mask is found on, rounded up
    order    : "random", or the "easiest" or "hardest" by EL2N: the error of a sample early in
               training, averaged over other initial weights
    restarts : how many other initial weights
    early    : steps of each of these short trainings, at most the recipe's
    """

    fraction: float = field(init=False)
    order: Rule = field(init=False)
    restarts: int = field(init=False)
    early: int = field(init=False)

    def __init__(
        self, pruner: Pruner, fraction: float, order: Rule = "random", restarts: int = 4, early: int = 20
    ) -> None:
        super().__init__(pruner)
        require_count("restarts", restarts)
        require_count("early", early)
        if order not in get_args(Rule):
            raise UnknownName("order", order, get_args(Rule))
        values = {"fraction": check_density(fraction), "order": order, "restarts": restarts, "early": early}
        for name, value in values.items():
            object.__setattr__(self, name, value)
        if order != "random":  # which samples are left is read off trained networks
            object.__setattr__(self, "dependence", Dependence.TRAINING)

    @property
    def name(self) -> str:
        return f"OnSubset({self.pruner.name}, {self.fraction:g}, {self.order})"

    def choose(self, session: Session) -> list[Tensor]:
        return self.pruner.choose(self.part(session))

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        return self.pruner.choose_at(self.part(session), counts)

    def part(self, session: Session) -> Session:
        """The session that knows only the chosen samples."""
        samples = int((session.data.share > 0).sum())
        kept = math.ceil(Fraction(repr(self.fraction)) * samples)
        scores = self._scores(session, samples)
        orders = drawn(session.keys, lambda key: generator("order", key, "tie").permutation(samples))
        chosen = select_rows(scores, np.full(len(scores), kept), orders)
        rows = np.nonzero(chosen)[1].reshape(len(scores), kept)
        return replace(session, data=_rows_of(session.data, rows))

    def _scores(self, session: Session, samples: int) -> Float[np.ndarray, "nets samples"]:
        if self.order == "random":
            return drawn(session.keys, lambda key: generator("order", key, "subset").random(samples))
        errors = early_errors(session, self.restarts, self.early)
        return errors if self.order == "hardest" else -errors


def early_errors(session: Session, restarts: int, early: int) -> Float[np.ndarray, "nets samples"]:
    """EL2N of every sample for each network, from runs at other initial weights than its own."""
    runs = [fresh_keys(session, f"restart {number}") for number in range(restarts)]
    plain = replace(session.recipe, straight_through=None)
    return mean_error_norms(session.start.arch, runs, session.data, plain, min(early, plain.steps))


def _rows_of(data: Batch, rows: Int[np.ndarray, "nets chosen"]) -> Batch:
    """The data of each network cut down to its own samples."""
    nets, kept = rows.shape
    real = torch.nonzero(data.share > 0)[:, 0]
    index = real[torch.as_tensor(rows, device=real.device)]
    wide = data.columns.expand(nets, -1, -1)
    columns = wide.gather(2, index[:, None, :].expand(-1, wide.shape[1], -1))
    labels = data.labels.expand(nets, -1).gather(1, index)
    share = torch.full((kept,), 1.0 / kept).to(data.share)
    pad = (0, -kept % LANES)
    return Batch(*(torch.nn.functional.pad(t, pad) for t in (columns, labels, share)))
