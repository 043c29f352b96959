"""From a torch.nn.Sequential of linear layers, convolutions and one kind of activation to a Network."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from itertools import groupby
from typing import Any

import numpy as np
from torch import nn

from ..errors import MissingCapability, ShapeMismatch
from .activations import LEAK
from .convolutions import CONVOLUTIONS, Layer, Shape, average_pool, checked_shape, convolution
from .torch_arrays import bias_mask, mask, masked_bias, masked_weight, masks_biases
from .torch_checks import SOFTPLUS_THRESHOLD, require_plain

# Modules that change nothing once training is over.
TRANSPARENT = (nn.Flatten, nn.Dropout, nn.Identity)
# The network's name for each activation, and whether the module has that very slope.
NAMES: dict[type[nn.Module], tuple[str, Callable[[Any], bool]]] = {
    nn.ReLU: ("relu", lambda _: True),
    nn.LeakyReLU: ("leaky_relu", lambda m: m.negative_slope == LEAK),
    nn.Tanh: ("tanh", lambda _: True),
    nn.Sigmoid: ("sigmoid", lambda _: True),
    nn.Softplus: ("softplus", lambda m: m.beta == 1.0 and m.threshold == SOFTPLUS_THRESHOLD),
    nn.ELU: ("elu", lambda m: m.alpha == 1.0),
    nn.GELU: ("gelu", lambda m: m.approximate == "none"),
    nn.SiLU: ("silu", lambda _: True),
}


LINEAR = (nn.Linear, *CONVOLUTIONS, nn.AvgPool2d)


def read_sequential(
    module: nn.Module, input_shape: tuple[int, ...] | None = None
) -> tuple[list[tuple[np.ndarray, np.ndarray]], str, list[np.ndarray], list[np.ndarray] | None]:
    """Layers (W, b), the activation's name and the masks of torch.nn.utils.prune (all kept if none).

    Masks of the biases come last, None if no bias has one.

    input_shape : shape of one input, (channels, height, width) or (channels, length); needed for
                  convolutions and pools, which become their matrices on the flattened input. A pool is
                  multiplied into the layer beside it, in float64
    Raises MissingCapability for layers, activations or orders that a Network cannot hold.
    """
    if not isinstance(module, nn.Module):
        raise MissingCapability(f"{module!r} is no torch.nn.Module; for arrays there is Network.from_arrays")
    require_plain(module, (nn.Sequential, *TRANSPARENT, *LINEAR))
    steps = [m for m in _flat(module) if not isinstance(m, TRANSPARENT)]
    groups = [(is_linear, list(some)) for is_linear, some in groupby(steps, lambda m: isinstance(m, LINEAR))]
    linear = [some for is_linear, some in groups if is_linear]
    between = [m for is_linear, some in groups if not is_linear for m in some]
    weighted = [sum(not isinstance(m, nn.AvgPool2d) for m in some) for some in linear]
    ends = bool(groups) and groups[0][0] and groups[-1][0]
    if not ends or max(weighted) > 1 or len(between) != len(linear) - 1:
        raise MissingCapability(
            "the module has to alternate Linear (or a convolution), activation, ..., Linear, with average "
            "pools beside linear layers only; found " + ", ".join(type(m).__name__ for m in steps)
        )
    names = {_activation(m) for m in between} or {"relu"}
    if len(names) > 1:
        raise MissingCapability(f"all activations have to be of one kind; found {', '.join(sorted(names))}")
    layers = _matrices(linear, None if input_shape is None else checked_shape(input_shape))
    bias_masks = [kept for *_, kept in layers] if masks_biases(module) else None
    return [(w, b) for w, b, *_ in layers], names.pop(), [kept for _, _, kept, _ in layers], bias_masks


def _matrices(linear: list[list[nn.Module]], shape: Shape | None) -> list[Layer]:
    """One matrix for each group of layers without an activation between them."""
    found: list[Layer] = []
    for group in linear:
        (w, b, kept, bias_kept), shape = _matrix(group[0], shape)
        for m in group[1:]:
            (v, c, also, own), shape = _matrix(m, shape)
            w, b, bias_kept = v @ w, v @ b + c, own | ((also.astype(float) @ bias_kept) > 0.0)
            kept = (also.astype(float) @ kept) > 0.0
        found.append((w, b, kept, bias_kept))
    return found


def _matrix(m: nn.Module, shape: Shape | None) -> tuple[Layer, Shape]:
    if isinstance(m, nn.Linear):
        if shape is not None and math.prod(shape) != m.in_features:
            raise ShapeMismatch("input_shape", shape, f"{m} is handed {math.prod(shape)} numbers")
        count = m.out_features
        return (masked_weight(m), masked_bias(m, count), mask(m), bias_mask(m, count)), (count,)
    if shape is None:
        raise MissingCapability(f"{m}: say the shape of one input, input_shape=(channels, ...)")
    return average_pool(m, shape) if isinstance(m, nn.AvgPool2d) else convolution(m, shape)


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
