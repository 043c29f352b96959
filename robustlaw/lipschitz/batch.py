"""Networks of one architecture side by side, after the exact reductions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Float, Int

from ..networks import Activation, Mlp, Network, activation
from .sector import Sector, sector

Weights = Float[np.ndarray, "nets _out _inputs"]
Biases = Float[np.ndarray, "nets _out"]
Alive = Bool[np.ndarray, "nets _units"]


@dataclass(frozen=True, eq=False)
class Batch:
    """E networks: weights (E, out, in), biases (E, out), and which units matter.

    weights : as given
    alive   : per layer, input layer first: the unit is reached from an input and reaches an
              output over non-zero weights; all others change nothing but a constant
    """

    arch: Mlp
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    alive: tuple[np.ndarray, ...]

    @classmethod
    def of(cls, nets: Sequence[Network]) -> Batch:
        """Networks of one architecture."""
        arch = nets[0].arch
        weights = tuple(np.stack([n.weights[i] for n in nets]) for i in range(arch.layers))
        biases = tuple(np.stack([n.biases[i] for n in nets]) for i in range(arch.layers))
        return cls(arch, weights, biases, reachable(weights))

    def __len__(self) -> int:
        return int(self.weights[0].shape[0])

    def take(self, places: Int[np.ndarray, " some"] | slice) -> Batch:
        return Batch(
            self.arch,
            tuple(w[places] for w in self.weights),
            tuple(b[places] for b in self.biases),
            tuple(a[places] for a in self.alive),
        )

    @property
    def activation(self) -> Activation:
        return activation(self.arch.activation)

    @property
    def sector(self) -> Sector:
        return sector(self.activation)

    @property
    def is_constant(self) -> Bool[np.ndarray, " nets"]:
        """No path from any input to any output."""
        return np.asarray(~self.alive[0].any(axis=1))

    def scaled(self) -> tuple[tuple[np.ndarray, ...], Int[np.ndarray, "nets layers"]]:
        """Reduced weights divided by powers of two, so that each layer's largest entry is in [1/2, 1).

        Bounds that depend on weights and slopes alone scale with the product of the powers.
        """
        return self._scaled

    @cached_property
    def _scaled(self) -> tuple[tuple[np.ndarray, ...], Int[np.ndarray, "nets layers"]]:
        reduced, exponents = [], []
        for layer in range(self.arch.layers):
            kept = self.kept(layer)
            flat = kept.reshape(len(kept), -1)
            _, exponent = np.frexp(np.maximum(flat.max(axis=1), -flat.min(axis=1)))
            reduced.append(_divided(kept, exponent))
            exponents.append(exponent.astype(np.int64))
        return tuple(reduced), np.stack(exponents, axis=1)

    def kept(self, layer: int) -> Weights:
        """Weights of a layer with those from and to units that do not matter set to 0."""
        below, above = self.alive[layer : layer + 2]
        if below.all() and above.all():
            return self.weights[layer]
        return np.where(above[:, :, None] & below[:, None, :], self.weights[layer], 0.0)


def _divided(matrices: Weights, exponent: Int[np.ndarray, " nets"]) -> Weights:
    """Divided by 2^exponent: by multiplication, which is several times faster, where that is exact."""
    if np.abs(exponent).max() < 1000:
        return np.asarray(matrices * np.exp2(-exponent.astype(np.float64))[:, None, None])
    return np.asarray(np.ldexp(matrices, -exponent[:, None, None]))


def reachable(weights: Sequence[Weights]) -> tuple[Alive, ...]:
    """Units on some path of non-zero weights from an input to an output, input layer first.

    This is the fixed point of dropping units with a zero incoming row or a zero outgoing
    column and inputs without a surviving weight.
    """
    forward = [np.ones(weights[0].shape[::2], dtype=bool)]
    for w in weights:
        forward.append(np.any((w != 0.0) & forward[-1][:, None, :], axis=2))
    backward = [np.ones(weights[-1].shape[:2], dtype=bool)]
    for w in reversed(weights):
        backward.append(np.any((w != 0.0) & backward[-1][:, :, None], axis=1))
    return tuple(f & b for f, b in zip(forward, reversed(backward), strict=True))
