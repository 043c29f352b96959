"""How a stack is trained: one frozen value that names every choice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..data.checks import require_count, require_number
from ..errors import InvalidArgument, UnknownName
from .grid import check_bits
from .initialise import He, Initialisation
from .origin import tensor_names

# With stacks and samples padded to a multiple of this, every network and sample goes through full
# vector registers wherever it stands. Measured on torch's CPU kernels; the tests check it.
LANES = 16

Optimiser = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine"]
Loss = Literal["mse", "cross_entropy"]


@dataclass(frozen=True)
class StraightThrough:
    """Train through a b-bit grid: forward on rounded weights, gradients as if not rounded.

    bits  : 1 means signs
    start : "zero" rounds the weights, "initial" rounds their change since initialisation
    """

    bits: int = 1
    start: Literal["zero", "initial"] = "initial"

    def __post_init__(self) -> None:
        check_bits(self.bits)
        if self.start not in ("zero", "initial"):
            raise UnknownName("start", self.start, ("zero", "initial"))


@dataclass(frozen=True)
class LipschitzPenalty:
    """Adds weight * FGL^2 to the loss of a network with one hidden ReLU layer and one output.

    FGL is the free-pattern Lipschitz constant, the largest sum of kept slopes along one
    direction; `iterations` warm-started power steps a training step follow the maximiser.
    """

    weight: float = 0.003
    iterations: int = 6

    def __post_init__(self) -> None:
        if not (self.weight > 0.0 and math.isfinite(self.weight)) or self.iterations < 1:
            raise InvalidArgument("penalty", self, "give a positive weight and at least one iteration")


@dataclass(frozen=True)
class Recipe:
    """One way to train.

    steps      : most full-batch steps
    stop_at    : stop a network once its loss is at most this; None trains all steps
    check_every: steps between two readings of the losses
    frozen     : names of tensors that stay at their initial value, such as "W2", "b1"
    lanes      : stacks are padded to a multiple of this many networks, so that the bits of a
                 result do not depend on the companions; 1 for large networks trained alone
    Raises InvalidArgument or UnknownName.
    """

    initialisation: Initialisation = He()
    loss: Loss = "mse"
    optimiser: Optimiser = "adam"
    learning_rate: float = 0.02
    weight_decay: float = 0.0
    schedule: Schedule = "constant"
    steps: int = 500
    stop_at: float | None = 1e-3
    check_every: int = 50
    frozen: frozenset[str] = frozenset()
    penalty: LipschitzPenalty | None = None
    straight_through: StraightThrough | None = None
    lanes: int = LANES

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("loss", self.loss, get_args(Loss)),
            ("optimiser", self.optimiser, get_args(Optimiser)),
            ("schedule", self.schedule, get_args(Schedule)),
        ):
            if value not in choices:
                raise UnknownName(name, value, choices)
        require_number("learning_rate", self.learning_rate)
        require_number("weight_decay", self.weight_decay)
        if self.stop_at is not None:
            require_number("stop_at", self.stop_at)
        for name, count in (("lanes", self.lanes), ("steps", self.steps), ("check_every", self.check_every)):
            require_count(name, count)
        object.__setattr__(self, "frozen", tensor_names("frozen", self.frozen))
        if not (self.learning_rate > 0.0 and math.isfinite(self.learning_rate)):
            raise InvalidArgument("learning_rate", self.learning_rate, "give a positive finite number")
        if not 0.0 <= self.weight_decay < math.inf:
            raise InvalidArgument("weight_decay", self.weight_decay, "give a finite number of at least 0")
        if self.stop_at is not None and math.isnan(self.stop_at):
            raise InvalidArgument("stop_at", self.stop_at, "give a loss to stop at, or None")

    def rate(self, step: int) -> float:
        """Learning rate of step 0, 1, ..., steps - 1."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / self.steps))
