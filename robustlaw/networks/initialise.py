"""Seeded initial values: every network has its own stream, whatever its companions are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch
from ..seeds import generator
from .mlp import Mlp
from .origin import Dependence
from .stack import Stack

Key = int | str


@dataclass(frozen=True)
class He:
    """Normal weights of variance 2/fan_in, zero biases (He et al. 2015)."""

    def draw(
        self, shape: tuple[int, int], last: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        del last
        return rng.normal(0.0, math.sqrt(2.0 / shape[1]), shape), np.zeros(shape[0])


@dataclass(frozen=True)
class TorchDefault:
    """Uniform weights and biases on +-1/sqrt(fan_in), as torch.nn.Linear draws them."""

    def draw(
        self, shape: tuple[int, int], last: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        del last
        bound = 1.0 / math.sqrt(shape[1])
        return rng.uniform(-bound, bound, shape), rng.uniform(-bound, bound, shape[0])


@dataclass(frozen=True)
class Small:
    """Normal hidden weights of deviation scale/sqrt(fan_in), zero biases, output +-1/sqrt(fan_in).

    Small hidden weights let training choose the directions; the output layer is meant to be frozen.
    """

    scale: float = 0.3

    def __post_init__(self) -> None:
        _check_scale(self.scale)

    def draw(
        self, shape: tuple[int, int], last: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        width = 1.0 / math.sqrt(shape[1])
        if last:
            return width * rng.choice([-1.0, 1.0], shape), np.zeros(shape[0])
        return rng.normal(0.0, self.scale * width, shape), np.zeros(shape[0])


@dataclass(frozen=True)
class SignedConstant:
    """Weights +-scale/sqrt(fan_in) with fair signs, zero biases: the frozen source of a supermask."""

    scale: float = 0.6

    def __post_init__(self) -> None:
        _check_scale(self.scale)

    def draw(
        self, shape: tuple[int, int], last: bool, rng: np.random.Generator
    ) -> tuple[np.ndarray, np.ndarray]:
        size = (1.0 if last else self.scale) / math.sqrt(shape[1])
        return size * rng.choice([-1.0, 1.0], shape), np.zeros(shape[0])


@dataclass(frozen=True)
class DensityScaled:
    """Weights of another kind over the root of each layer's kept share; biases as they are.

    He's become normal of variance 2/(fan_in density): his rule with the mean number of kept inputs of
    a unit in place of all of them.

    layer_densities : kept share of every layer. Initial values are drawn without the data, so these
                      numbers have to be fixed without the data; see pruning.density_scaled
    """

    layer_densities: tuple[float, ...]
    source: He | TorchDefault | Small | SignedConstant = He()

    def __post_init__(self) -> None:
        object.__setattr__(self, "layer_densities", tuple(float(r) for r in self.layer_densities))
        for share in self.layer_densities:
            if not 0.0 < share <= 1.0:
                raise InvalidArgument("layer_densities", share, "give kept shares above 0 and at most 1")


def _check_scale(scale: float) -> None:
    if not 0.0 < scale < math.inf:
        raise InvalidArgument("scale", scale, "give a positive finite number")


Initialisation = He | TorchDefault | Small | SignedConstant | DensityScaled


def initial_stack(
    arch: Mlp,
    keys: Sequence[Key],
    initialisation: Initialisation,
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Stack:
    """A dense stack, one network a key, drawn on the CPU in float64 and then cast.

    `facts` call the key "seed": whatever is drawn later for a network, such as its batches, is named by it.
    """
    if not keys:
        raise InvalidArgument("keys", keys, "give at least one seed")
    draws = [drawn_layers(arch, initialisation, key) for key in keys]

    def batch(pick: int, layer: int) -> Tensor:
        return torch.as_tensor(np.stack([d[layer][pick] for d in draws])).to(device=device, dtype=dtype)

    weights = tuple(batch(0, i) for i in range(arch.layers))
    biases = tuple(batch(1, i) for i in range(arch.layers))
    masks = tuple(torch.ones_like(w, dtype=torch.bool) for w in weights)
    facts = tuple({"seed": key} for key in keys)
    stack = Stack(arch, weights, biases, masks, dependence=Dependence.NONE, method="dense", facts=facts)
    return stack.starting_here()


def drawn_layers(arch: Mlp, initialisation: Initialisation, *key: Key) -> list[tuple[np.ndarray, np.ndarray]]:
    """Weights and biases of each layer, from the stream that is named by the key."""
    rng, scales, source = generator("init", *key), [1.0] * arch.layers, initialisation
    if isinstance(source, DensityScaled):
        scales, source = [1.0 / math.sqrt(r) for r in source.layer_densities], source.source
    if len(scales) != arch.layers:
        raise ShapeMismatch("layer_densities", len(scales), f"give one for each of {arch.layers} layers")
    draws = [source.draw(shape, i == arch.layers - 1, rng) for i, shape in enumerate(arch.shapes)]
    return [(scale * w, b) for scale, (w, b) in zip(scales, draws, strict=True)]
