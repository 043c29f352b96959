"""Where a network's numbers come from: what the accountant may leave uncharged."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np


class Dependence(StrEnum):
    """What a mask is a function of, besides seeds and initial weights. Later members know more."""

    NONE = "none"
    INPUTS = "inputs"
    LABELS = "labels"
    TRAINING = "training"

    @property
    def on_labels(self) -> bool:
        return self in (Dependence.LABELS, Dependence.TRAINING)

    @property
    def on_data(self) -> bool:
        return self is not Dependence.NONE


@dataclass(frozen=True, eq=False)
class Origin:
    """The history of a network, as far as it is known.

    dependence : what the mask looked at; unknown counts as TRAINING, the most it can be
    frozen     : names such as "W2" or "b1" of tensors that the data never changed
    initial    : the float64 values before training, by the same names; they are drawn
                 independently of the data, so a code may use them for free
    maskable   : names of the weight tensors the mask was chosen in
    method     : name of the pruner
    facts      : plain values worth keeping with the network (seed, final loss, ...)
    """

    dependence: Dependence = Dependence.TRAINING
    frozen: frozenset[str] = frozenset()
    initial: Mapping[str, np.ndarray] | None = None
    maskable: frozenset[str] | None = None
    method: str = "unknown"
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
