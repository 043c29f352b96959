"""Weights, biases and pruning masks of torch modules as float64 arrays."""

from __future__ import annotations

import numpy as np
from torch import Tensor, nn


def as_array(tensor: Tensor | None, length: int = 0) -> np.ndarray:
    """A copy in float64; zeros of the given length for None."""
    if tensor is None:
        return np.zeros(length)
    return np.asarray(tensor.detach().cpu().double().numpy().copy())


def mask(layer: nn.Module) -> np.ndarray:
    """The mask of torch.nn.utils.prune, all True without one."""
    found = getattr(layer, "weight_mask", None)
    if found is None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        return np.ones(tuple(weight.shape), dtype=bool)
    return np.asarray(as_array(found) != 0.0)


def masked_weight(layer: nn.Module) -> np.ndarray:
    """The masked weight; `weight` itself may be stale after an optimiser step on a pruned layer."""
    original = getattr(layer, "weight_orig", None)
    if original is None:
        weight = layer.weight
        assert isinstance(weight, Tensor)
        return as_array(weight)
    return np.where(mask(layer), as_array(original), 0.0)
