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
    recorded   : True where this package trained the network; a history that somebody states is an
                 assumption of every verdict that it makes cheaper
    facts      : plain values worth keeping with the network (seed, final loss, ...)
    """

    dependence: Dependence = Dependence.TRAINING
    frozen: frozenset[str] = frozenset()
    initial: Mapping[str, np.ndarray] | None = None
    maskable: frozenset[str] | None = None
    method: str = "unknown"
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    recorded: bool = False

    @property
    def assumption(self) -> str | None:
        """What rests on somebody's word: a mask, a tensor or a start that is said not to know the data."""
        claims = []
        if self.dependence is not Dependence.TRAINING:
            claims.append(f"the mask depends on {_LOOKS_AT[self.dependence]}")
        if self.frozen:
            claims.append(f"{', '.join(sorted(self.frozen))} never saw the data")
        if self.initial:
            claims.append("the initial values were drawn without the data")
        if self.maskable is not None:
            claims.append(f"masks were chosen in {', '.join(sorted(self.maskable)) or 'nothing'} only")
        return None if self.recorded or not claims else " and ".join(claims)


_LOOKS_AT = {
    Dependence.NONE: "seeds and initial weights alone",
    Dependence.INPUTS: "the inputs, not the labels",
    Dependence.LABELS: "the data through a score at initialisation",
}
