"""The architecture of a fully connected network: widths and an activation."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..data.checks import require_kind, whole
from ..errors import InvalidArgument
from .activations import activation


@dataclass(frozen=True)
class Mlp:
    """f(x) = W_K act(... act(W_1 x + b_1) ...) + b_K.

    widths     : (inputs, hidden ..., outputs), all positive; two numbers mean a linear model
    activation : a name from networks.activations
    Raises InvalidArgument or UnknownName.
    """

    widths: tuple[int, ...]
    activation: str = "relu"

    def __post_init__(self) -> None:
        require_kind("widths", self.widths, Iterable, "give (inputs, hidden ..., outputs)")
        object.__setattr__(self, "widths", tuple(whole("widths", w, 1) for w in self.widths))
        if len(self.widths) < 2:
            raise InvalidArgument(
                "widths", self.widths, "give at least inputs and outputs, each a positive integer"
            )
        activation(self.activation)

    @property
    def shapes(self) -> tuple[tuple[int, int], ...]:
        """(out, in) of every weight matrix, first layer first."""
        return tuple((b, a) for a, b in zip(self.widths, self.widths[1:], strict=False))

    @property
    def layers(self) -> int:
        return len(self.widths) - 1

    @property
    def weight_count(self) -> int:
        return sum(b * a for b, a in self.shapes)

    @property
    def parameter_count(self) -> int:
        return self.weight_count + sum(self.widths[1:])
