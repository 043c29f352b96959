"""A layer's weights and biases as one matrix: a bias is the weight of one more input, which is always 1."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from ..errors import ShapeMismatch


def entries_of(weights: Tensor, biases: Tensor | None) -> Tensor:
    """(nets, out, in + 1) with the biases (nets, out) in the last column; without biases the weights."""
    return weights if biases is None else torch.cat([weights, biases[:, :, None]], dim=2)


def parted(entries: Tensor, inputs: int) -> tuple[Tensor, Tensor | None]:
    """The weights of a layer with so many inputs, and its biases where there is a column of them."""
    if entries.shape[2] == inputs:
        return entries, None
    if entries.shape[2] != inputs + 1:
        raise ShapeMismatch("entries", tuple(entries.shape), f"give {inputs} columns, or {inputs + 1}")
    return entries[:, :, :inputs].contiguous(), entries[:, :, inputs].contiguous()


def parted_layers(
    entries: Sequence[Tensor], inputs: Sequence[int]
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...] | None]:
    """`parted` of every layer: all have a column of biases, or none has. Raises ShapeMismatch."""
    if len(entries) != len(inputs):
        raise ShapeMismatch("entries", len(entries), f"the architecture has {len(inputs)} layers")
    pairs = [parted(layer, width) for layer, width in zip(entries, inputs, strict=True)]
    biases = tuple(b for _, b in pairs if b is not None)
    if biases and len(biases) < len(pairs):
        raise ShapeMismatch(
            "entries", [tuple(e.shape) for e in entries], "give a column of biases to every layer, or to none"
        )
    return tuple(w for w, _ in pairs), biases or None
