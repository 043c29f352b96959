"""Weights, biases and pruning masks of torch modules as float64 arrays."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn


def as_array(tensor: Tensor) -> np.ndarray:
    """A copy in float64."""
    return np.asarray(tensor.detach().cpu().double().numpy().copy())


def mask(layer: nn.Module) -> np.ndarray:
    """The mask of torch.nn.utils.prune, all True without one."""
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return _mask(layer, "weight", tuple(weight.shape))


def bias_mask(layer: nn.Module, length: int) -> np.ndarray:
    """The same for the biases, of which there are so many."""
    return _mask(layer, "bias", (length,))


def masks_biases(module: nn.Module) -> bool:
    """Whether any bias has a mask of torch.nn.utils.prune."""
    return any(hasattr(m, "bias_mask") for m in module.modules())


def _mask(layer: nn.Module, name: str, shape: tuple[int, ...]) -> np.ndarray:
    found = getattr(layer, f"{name}_mask", None)
    return np.ones(shape, dtype=bool) if found is None else np.asarray(as_array(found) != 0.0)


def masked_weight(layer: nn.Module) -> np.ndarray:
    """The masked weight; `weight` itself may be stale after an optimiser step on a pruned layer."""
    return _masked(layer, "weight")


def masked_bias(layer: nn.Module, length: int) -> np.ndarray:
    """The masked bias, stale or not; zeros of the given length without one."""
    return np.zeros(length) if layer.bias is None else _masked(layer, "bias")


def _masked(layer: nn.Module, name: str) -> np.ndarray:
    original = getattr(layer, f"{name}_orig", None)
    if original is None:
        return as_array(getattr(layer, name))
    return np.where(as_array(getattr(layer, f"{name}_mask")) != 0.0, as_array(original), 0.0)
