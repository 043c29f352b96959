"""Gradients and Hessian products of every network's own loss, in float64 on the CPU.

Those of ReLU networks are written out, number by number in an order that ignores the rest of the
stack; those of other activations are recorded, on networks padded as in training.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterator, Mapping

import torch
from torch import Tensor

from .chunk import chunk_size
from .losses import Batch, check_loss, stack_loss
from .mlp import Mlp
from .recipe import Recipe
from .relu_curvature import ReluCurvature
from .relu_gradients import ReluGradients
from .stack import Stack, forward
from .training import lanes_filled

Tensors = dict[str, Tensor]

# What the largest layer of the networks of a chunk may fill.
CHUNK_BYTES = 2**19


class Point(ABC):
    """Some networks, at some values of their weights and biases."""

    @abstractmethod
    def gradient(self) -> Tensors:
        """dL/dt of each asked tensor t, masked entries included."""

    @abstractmethod
    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        """H v for the Hessian in the asked tensors and a v that has all of them; after `gradient`."""


class Written(Point):
    """ReLU networks."""

    def __init__(
        self, arch: Mlp, loss: str, values: Mapping[str, Tensor], data: Batch, asked: Collection[str]
    ) -> None:
        self._weights = [values[f"W{i + 1}"] for i in range(arch.layers)]
        self._biases = [values[f"b{i + 1}"] for i in range(arch.layers)]
        self._data, self._loss = data, loss
        self._empty = {name: torch.empty_like(values[name]) for name in asked}
        self._first = ReluGradients(arch, loss, data.columns.shape[2], self._weights[0])

    def gradient(self) -> Tensors:
        found = {name: torch.empty_like(t) for name, t in self._empty.items()}
        self._first(self._weights, self._biases, self._data, found)
        return found

    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        found = {name: torch.empty_like(t) for name, t in self._empty.items()}
        ReluCurvature(self._loss, self._first)(self._weights, self._data, direction, found)
        return found


class Recorded(Point):
    """Networks of any activation."""

    def __init__(
        self, arch: Mlp, loss: str, values: Mapping[str, Tensor], data: Batch, asked: Collection[str]
    ) -> None:
        leaves = {k: v.detach().clone().requires_grad_(k in asked) for k, v in values.items()}
        self._leaves = {name: leaves[name] for name in asked}
        weights = [leaves[f"W{i + 1}"] for i in range(arch.layers)]
        biases = [leaves[f"b{i + 1}"] for i in range(arch.layers)]
        self._total = stack_loss(loss, forward(arch, weights, biases, data.columns), data).sum()
        self._gradient: Tensors = {}

    def gradient(self) -> Tensors:
        found = torch.autograd.grad(self._total, list(self._leaves.values()), create_graph=True)
        self._gradient = dict(zip(self._leaves, found, strict=True))
        return {name: g.detach() for name, g in self._gradient.items()}

    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        along = [(g * direction[name]).sum() for name, g in self._gradient.items()]
        found = torch.autograd.grad(sum(along), list(self._leaves.values()), allow_unused=True)
        # a loss that is linear in a tensor has no curvature there
        return {
            name: torch.zeros_like(leaf) if h is None else h
            for (name, leaf), h in zip(self._leaves.items(), found, strict=True)
        }


def point(
    arch: Mlp, loss: str, values: Mapping[str, Tensor], data: Batch, asked: Collection[str]
) -> Point:
    """The networks with these weights and biases, for derivatives in the tensors `asked`."""
    kind = Written if arch.activation == "relu" else Recorded
    return kind(arch, loss, values, data, asked)


def in_chunks(stack: Stack, data: Batch, recipe: Recipe) -> Iterator[tuple[slice, Tensors, Batch]]:
    """Places, tensors and data of as many networks at a time as the cache holds.

    The last ones are repeated where a chunk has more networks than places.
    Raises ShapeMismatch or InvalidArgument where the recipe's loss is not defined.
    """
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    shared = wide(data) if data.copies == 1 else None
    written = stack.arch.activation == "relu"
    padded = lanes_filled(range(len(stack)), 1 if written else recipe.lanes)
    size = _written_size(stack.arch, data) if written else chunk_size(stack.arch, data, recipe)
    for first in range(0, len(padded), size):
        places = padded[first : first + size]
        index = torch.as_tensor(places, device=stack.weights[0].device)
        tensors = {name: t.detach()[index].cpu().double() for name, t in stack.tensors.items()}
        yield slice(first, min(first + size, len(stack))), tensors, shared or wide(data.take(places))


def _written_size(arch: Mlp, data: Batch) -> int:
    return max(1, CHUNK_BYTES // (8 * max(arch.widths[1:]) * data.columns.shape[2]))


def wide(data: Batch) -> Batch:
    """The same data in float64 on the CPU."""
    return Batch(*(t.cpu().double() for t in (data.columns, data.labels, data.share)))
