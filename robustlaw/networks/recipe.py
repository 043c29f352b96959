"""How a stack is trained: one frozen value that names every choice."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

from ..data.checks import require_count, require_number, require_positive
from ..errors import InvalidArgument, UnknownName
from .grid import check_bits
from .initialise import He, Initialisation
from .origin import tensor_names

# With stacks and samples padded to a multiple of this, every network and sample goes through full
# vector registers wherever it stands. Measured on torch's CPU kernels; the tests check it.
LANES = 16

Optimiser = Literal["adam", "adamw", "sgd"]
Schedule = Literal["constant", "cosine"]
NoiseUnit = Literal["one", "gradient"]
Loss = Literal["mse", "cross_entropy", "softmax"]


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
        _check_penalty(self, self.weight, self.iterations)


@dataclass(frozen=True)
class SpectralPenalty:
    """Adds a function of the layers' spectral norms, at any depth and with any activation.

    form : "product" adds weight * prod |W_l|^2, which bounds the squared Lipschitz constant where the
           activation's slopes are at most 1; "sum" adds weight * sum |W_l|^2
    `iterations` warm-started power steps a training step follow each norm.
    """

    weight: float = 0.003
    iterations: int = 2
    form: Literal["product", "sum"] = "product"

    def __post_init__(self) -> None:
        _check_penalty(self, self.weight, self.iterations)
        if self.form not in ("product", "sum"):
            raise UnknownName("form", self.form, ("product", "sum"))


@dataclass(frozen=True)
class GradientPenalty:
    """Adds weight times the mean over the samples of |grad_x f|^2; f is the margin of two outputs."""

    weight: float = 0.003

    def __post_init__(self) -> None:
        _check_penalty(self, self.weight, 1)


@dataclass(frozen=True)
class Homotopy:
    """Interpolate by Levenberg-Marquardt steps on ever sharper softplus networks, then on the network.

    Made for few parameters a sample, below about 2, and small mean squares; another trainer than the
    optimisers, with another implicit bias. Costs n^2 times the parameters a step.

    sharpness : b of the softplus stages, rising; not used by activations without a kink
    trials    : most steps of the last stage, refused ones included
    """

    sharpness: tuple[float, ...] = (3.0, 10.0, 30.0, 100.0, 300.0)
    trials: int = 150

    def __post_init__(self) -> None:
        object.__setattr__(self, "sharpness", tuple(self.sharpness))
        for value in self.sharpness:
            require_positive("sharpness", value)
        require_count("trials", self.trials)


@dataclass(frozen=True)
class Plateau:
    """Stop a network once its loss has changed by less than `change` in `times` readings in a row."""

    change: float = 0.01
    times: int = 3

    def __post_init__(self) -> None:
        require_positive("change", self.change)
        require_count("times", self.times)


Penalty = LipschitzPenalty | SpectralPenalty | GradientPenalty


def _check_penalty(penalty: object, weight: float, iterations: int) -> None:
    require_number("penalty", weight)
    if not (weight > 0.0 and math.isfinite(weight)) or iterations < 1:
        raise InvalidArgument("penalty", penalty, "give a positive weight and at least one iteration")


@dataclass(frozen=True)
class Recipe:
    """One way to train.

    loss       : "cross_entropy" is for labels +-1, "softmax" for classes 0, 1, ... with an output each
    momentum   : of SGD
    steps      : most steps of the optimiser
    batch_size : samples a step, drawn without replacement anew every epoch; None takes all
    radius     : after every step weights and biases are brought back to the ball of this Euclidean
                 norm; None leaves them free
    gradient_noise : deviation of the normal noise added to every entry of the gradients
    noise_unit : what that deviation is a multiple of: 1 ("one"), or the root mean square of the gradient
                 of the same tensor at the same step ("gradient")
    stop_at    : stop a network once its loss is at most this; None trains all steps
    plateau    : stop a network once its loss has settled; None trains on
    check_every: steps between two readings of the losses
    frozen     : names of tensors that stay at their initial value, such as "W2", "b1"
    homotopy   : train by it rather than by the optimiser, whose fields then have no say
    lanes      : stacks are padded to a multiple of this many networks, so that the bits of a
                 result do not depend on the companions; 1 for large networks trained alone
    Raises InvalidArgument or UnknownName.
    """

    initialisation: Initialisation = He()
    loss: Loss = "mse"
    optimiser: Optimiser = "adam"
    learning_rate: float = 0.02
    weight_decay: float = 0.0
    momentum: float = 0.0
    schedule: Schedule = "constant"
    steps: int = 500
    stop_at: float | None = 1e-3
    plateau: Plateau | None = None
    check_every: int = 50
    batch_size: int | None = None
    radius: float | None = None
    gradient_noise: float = 0.0
    noise_unit: NoiseUnit = "one"
    frozen: frozenset[str] = frozenset()
    penalty: Penalty | None = None
    straight_through: StraightThrough | None = None
    homotopy: Homotopy | None = None
    lanes: int = LANES

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("loss", self.loss, get_args(Loss)),
            ("optimiser", self.optimiser, get_args(Optimiser)),
            ("schedule", self.schedule, get_args(Schedule)),
            ("noise_unit", self.noise_unit, get_args(NoiseUnit)),
        ):
            if value not in choices:
                raise UnknownName(name, value, choices)
        require_number("learning_rate", self.learning_rate)
        require_number("weight_decay", self.weight_decay)
        if self.stop_at is not None:
            require_number("stop_at", self.stop_at)
        self._check_extras()
        for name, count in (("lanes", self.lanes), ("steps", self.steps), ("check_every", self.check_every)):
            require_count(name, count)
        object.__setattr__(self, "frozen", tensor_names("frozen", self.frozen))
        if not (self.learning_rate > 0.0 and math.isfinite(self.learning_rate)):
            raise InvalidArgument("learning_rate", self.learning_rate, "give a positive finite number")
        if not 0.0 <= self.weight_decay < math.inf:
            raise InvalidArgument("weight_decay", self.weight_decay, "give a finite number of at least 0")
        if self.stop_at is not None and math.isnan(self.stop_at):
            raise InvalidArgument("stop_at", self.stop_at, "give a loss to stop at, or None")

    def _check_extras(self) -> None:
        for name, value in (("momentum", self.momentum), ("gradient_noise", self.gradient_noise)):
            require_number(name, value)
            if not 0.0 <= value < math.inf:
                raise InvalidArgument(name, value, "give a finite number of at least 0")
        if self.momentum >= 1.0 or (self.momentum and self.optimiser != "sgd"):
            raise InvalidArgument("momentum", self.momentum, "it belongs to sgd and is below 1")
        if self.batch_size is not None:
            require_count("batch_size", self.batch_size)
        if self.radius is not None:
            require_positive("radius", self.radius)
        if self.homotopy is not None:
            self._check_homotopy()

    def _check_homotopy(self) -> None:
        """What changes the loss or the weights of gradient training may not be dropped in silence."""
        plain: dict[str, object] = {
            "penalty": None,
            "straight_through": None,
            "batch_size": None,
            "radius": None,
            "plateau": None,
        }
        plain |= {"weight_decay": 0.0, "gradient_noise": 0.0, "loss": "mse"}
        for name, value in plain.items():
            if getattr(self, name) != value:
                raise InvalidArgument(name, getattr(self, name), f"the homotopy needs {value!r}")

    @property
    def draws(self) -> bool:
        """Whether training itself is random, given the initial values."""
        return self.batch_size is not None or self.gradient_noise > 0.0

    def rate(self, step: int) -> float:
        """Learning rate of step 0, 1, ..., steps - 1."""
        if self.schedule == "constant":
            return self.learning_rate
        return self.learning_rate * 0.5 * (1.0 + math.cos(math.pi * step / self.steps))
