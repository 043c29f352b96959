"""From a torch.nn.Sequential of Linear layers and one kind of activation to a Network."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
from torch import Tensor, nn

from ..errors import MissingCapability
from .activations import LEAK

# Modules that change nothing once training is over.
TRANSPARENT = (nn.Flatten, nn.Dropout, nn.Identity)
# The network's name for each activation, and whether the module has that very slope.
NAMES: dict[type[nn.Module], tuple[str, Callable[[Any], bool]]] = {
    nn.ReLU: ("relu", lambda _: True),
    nn.LeakyReLU: ("leaky_relu", lambda m: m.negative_slope == LEAK),
    nn.Tanh: ("tanh", lambda _: True),
    nn.Sigmoid: ("sigmoid", lambda _: True),
    nn.Softplus: ("softplus", lambda m: m.beta == 1.0),
    nn.ELU: ("elu", lambda m: m.alpha == 1.0),
    nn.GELU: ("gelu", lambda m: m.approximate == "none"),
    nn.SiLU: ("silu", lambda _: True),
}


def read_sequential(
    module: nn.Module,
) -> tuple[list[tuple[np.ndarray, np.ndarray]], str, list[np.ndarray]]:
    """Layers (W, b), the activation's name and the masks of torch.nn.utils.prune (all kept if none).

    Raises MissingCapability for layers, activations or orders that a Network cannot hold.
    """
    steps = [m for m in _flat(module) if not isinstance(m, TRANSPARENT)]
    linear = [m for m in steps if isinstance(m, nn.Linear)]
    between = [m for m in steps if not isinstance(m, nn.Linear)]
    alternates = all(isinstance(m, nn.Linear) == (i % 2 == 0) for i, m in enumerate(steps))
    if not linear or not alternates or len(between) != len(linear) - 1:
        raise MissingCapability(
            "the module has to alternate Linear, activation, ..., Linear; found "
            + ", ".join(type(m).__name__ for m in steps)
        )
    names = {_activation(m) for m in between} or {"relu"}
    if len(names) > 1:
        raise MissingCapability(f"all activations have to be of one kind; found {', '.join(sorted(names))}")
    layers = [(_weight(m), _array(m.bias, m.out_features)) for m in linear]
    return layers, names.pop(), [_mask(m) for m in linear]


def _flat(module: nn.Module) -> Iterable[nn.Module]:
    if not isinstance(module, nn.Sequential):
        return [module]
    return [inner for child in module for inner in _flat(child)]


def _activation(module: nn.Module) -> str:
    name, exact = NAMES.get(type(module), ("", lambda _: False))
    if not exact(module):
        raise MissingCapability(
            f"{module} is not supported; supported are {', '.join(n for n, _ in NAMES.values())}"
        )
    return name


def _mask(layer: nn.Linear) -> np.ndarray:
    """The mask of torch.nn.utils.prune, all True without one."""
    mask = getattr(layer, "weight_mask", None)
    if mask is None:
        return np.ones((layer.out_features, layer.in_features), dtype=bool)
    return np.asarray(_array(mask, 0) != 0.0)


def _weight(layer: nn.Linear) -> np.ndarray:
    """The masked weight; `weight` itself may be stale after an optimiser step on a pruned layer."""
    original = getattr(layer, "weight_orig", None)
    if original is None:
        return _array(layer.weight, 0)
    return np.where(_mask(layer), _array(original, 0), 0.0)


def _array(tensor: Tensor | None, length: int) -> np.ndarray:
    if tensor is None:
        return np.zeros(length)
    return tensor.detach().cpu().double().numpy().copy()
