"""Where a network's numbers come from: what the accountant may leave uncharged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from ..data.checks import real_array, require_kind
from ..errors import InvalidArgument, NonFinite, ShapeMismatch, UnknownName


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
    maskable   : names of the tensors the mask was chosen in
    method     : name of the pruner
    recorded   : True where this package trained the network; a history that somebody states is an
                 assumption of every verdict that it makes cheaper
    facts      : plain values worth keeping with the network (seed, final loss, ...)
    Raises UnknownName (a dependence that is none of the four) or InvalidArgument.
    """

    dependence: Dependence = Dependence.TRAINING
    frozen: frozenset[str] = frozenset()
    initial: Mapping[str, np.ndarray] | None = None
    maskable: frozenset[str] | None = None
    method: str = "unknown"
    facts: Mapping[str, float | int | str | bool] = field(default_factory=dict)
    recorded: bool = False

    def __post_init__(self) -> None:
        choices = [d.value for d in Dependence]
        if not isinstance(self.dependence, str) or self.dependence not in choices:
            raise UnknownName("dependence", self.dependence, choices)
        object.__setattr__(self, "dependence", Dependence(self.dependence))
        object.__setattr__(self, "frozen", tensor_names("frozen", self.frozen))
        if self.maskable is not None:
            object.__setattr__(self, "maskable", tensor_names("maskable", self.maskable))
        if self.initial is not None:
            require_kind("initial", self.initial, Mapping, "give the arrays by name, {'W1': ..., 'b1': ...}")
            initial = {name: real_array(f"initial {name}", v) for name, v in self.initial.items()}
            for array in initial.values():
                array.setflags(write=False)
            object.__setattr__(self, "initial", initial)

    def require_fit(self, shapes: Mapping[str, tuple[int, ...]], masked: Sequence[str]) -> None:
        """Raises UnknownName, ShapeMismatch or NonFinite unless all belongs to tensors of these shapes.

        masked : names of the tensors that have masks
        """
        initial = self.initial or {}
        groups = (("frozen", self.frozen, list(shapes)), ("maskable", self.maskable or (), masked))
        for argument, names, choices in (*groups, ("initial", initial, list(shapes))):
            for name in names:
                if name not in choices:
                    raise UnknownName(argument, name, choices)
        for name, value in initial.items():
            if value.shape != shapes[name]:
                raise ShapeMismatch(f"initial {name}", value.shape, f"the network's has {shapes[name]}")
            if not np.isfinite(value).all():
                raise NonFinite(f"initial {name}", value[~np.isfinite(value)][:3], "it has to be finite")

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


def tensor_names(argument: str, value: Any) -> frozenset[str]:
    """A set of names such as "W1". Raises InvalidArgument, for a bare string as well."""
    if isinstance(value, str) or not isinstance(value, Iterable):
        raise InvalidArgument(argument, value, "give a set of names, such as {'W1', 'b1'}")
    return frozenset(value)
