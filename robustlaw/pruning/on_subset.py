"""Masks found on a part of the data (Paul et al. 2022); the last training is on all of it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Literal, get_args

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from ..data.checks import require_count
from ..errors import UnknownName
from ..networks import Batch, Dependence
from ..networks.recipe import LANES
from ..networks.stack import forward
from ..networks.training import lanes_filled
from ..seeds import generator
from .base import Pruner, Session
from .controls import Wrapper, fresh_start
from .selection import check_density, drawn, select_rows

Order = Literal["random", "easiest", "hardest"]


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
    order: Order = field(init=False)
    restarts: int = field(init=False)
    early: int = field(init=False)

    def __init__(
        self, pruner: Pruner, fraction: float, order: Order = "random", restarts: int = 4, early: int = 20
    ) -> None:
        super().__init__(pruner)
        require_count("restarts", restarts)
        require_count("early", early)
        if order not in get_args(Order):
            raise UnknownName("order", order, get_args(Order))
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
    """EL2N of every sample: |f - y|, or the distance of the probabilities from the label's, averaged."""
    padded = lanes_filled(range(len(session.keys)), session.recipe.lanes)
    data, last = session.data.take(padded), min(early, session.recipe.steps)
    total = torch.zeros(1, dtype=torch.float64)
    for number in range(restarts):
        net = session.search(fresh_start(session, f"restart {number}"), last_step=last).take(padded)
        with torch.no_grad():
            f = forward(net.arch, net.weights, net.biases, data.columns).double().cpu()
        y = data.labels.double().cpu()
        if session.recipe.loss == "mse":
            total = total + (f[:, 0] - y).abs()
        else:
            margin = f[:, 0] if f.shape[1] == 1 else f[:, 1] - f[:, 0]
            # both probabilities are off by the same amount
            total = total + torch.sigmoid(-y * margin) * 2.0**0.5
    real = (data.share > 0).cpu()
    return (total / restarts)[: len(session.keys), real].numpy()


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
