"""Losses of the generalisation analogues: bounded, with their mean over a sample enclosed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ..constants import CLIPPED_SQUARE
from ..errors import UnknownName
from ..evidence import Bracket
from ..networks.enclosure import forward_enclosed
from .measure import Measured


@dataclass(frozen=True)
class Loss:
    """A loss in [0, limit]; `risk` is its mean over the sample a network was measured on."""

    name: str
    limit: float
    risk: Callable[[Measured], Bracket]
    signs_only: bool = False


def zero_one_risk(m: Measured) -> Bracket:
    """Share of labels whose sign the network does not give; outputs within rounding of 0 are open."""
    values, errors = forward_enclosed(m.net, m.data.x)
    margin, errors = values[:, 0] * np.sign(m.data.y), errors[:, 0]
    surely, perhaps = float(np.sum(margin < -errors)), float(np.sum(margin <= errors))
    return Bracket(surely, perhaps, "count") / float(m.n)


def squared_risk(m: Measured) -> Bracket:
    """Mean squared error of the output clipped to [-1, 1]."""
    return m.mse


LOSSES = {
    "zero-one": Loss("zero-one", 1.0, zero_one_risk, signs_only=True),
    "squared": Loss("squared", float(CLIPPED_SQUARE), squared_risk),
}


def loss_named(name: str) -> Loss:
    """The loss of that name. Raises UnknownName."""
    if not isinstance(name, str) or name not in LOSSES:
        raise UnknownName("loss", name, LOSSES)
    return LOSSES[name]
