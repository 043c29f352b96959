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
CHUNK_BYTES = 2**20


class Derivatives(ABC):
    """Derivatives of the losses in some of the weights and biases."""

    def __init__(self, arch: Mlp, loss: str, asked: Collection[str]) -> None:
        self.arch, self.loss, self.asked = arch, loss, tuple(asked)

    @abstractmethod
    def gradient(self, values: Mapping[str, Tensor], data: Batch) -> Tensors:
        """dL/dt of each asked tensor t where all tensors have these values, masked entries included."""

    @abstractmethod
    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        """H v where `gradient` was asked last: Hessian in the asked tensors, a direction v in them all."""

    def layers_of(self, values: Mapping[str, Tensor]) -> tuple[list[Tensor], list[Tensor]]:
        """Weights and biases in order."""
        numbers = range(1, self.arch.layers + 1)
        return [values[f"W{i}"] for i in numbers], [values[f"b{i}"] for i in numbers]


class Written(Derivatives):
    """ReLU networks; the workspace is kept for as long as they come in the same number."""

    _point: tuple[list[Tensor], Batch]
    _gradients: ReluGradients | None = None
    _curvature: ReluCurvature | None = None

    def gradient(self, values: Mapping[str, Tensor], data: Batch) -> Tensors:
        weights, biases = self.layers_of(values)
        shape = (len(weights[0]), self.arch.widths[-1], data.columns.shape[2])
        if self._gradients is None or tuple(self._gradients.outputs.shape) != shape:
            self._gradients = ReluGradients(self.arch, self.loss, shape[2], weights[0])
            self._curvature = None
        found = {name: torch.empty_like(values[name]) for name in self.asked}
        self._gradients(weights, biases, data, found)
        self._point = weights, data
        return found

    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        assert self._gradients is not None
        self._curvature = self._curvature or ReluCurvature(self.loss, self._gradients)
        found = {name: torch.empty_like(direction[name]) for name in self.asked}
        self._curvature(*self._point, direction, found)
        return found


class Recorded(Derivatives):
    """Networks of any activation."""

    _leaves: tuple[Tensor, ...]
    _slopes: tuple[Tensor, ...]

    def gradient(self, values: Mapping[str, Tensor], data: Batch) -> Tensors:
        leaves = {k: v.detach().clone().requires_grad_(k in self.asked) for k, v in values.items()}
        weights, biases = self.layers_of(leaves)
        total = stack_loss(self.loss, forward(self.arch, weights, biases, data.columns), data).sum()
        self._leaves = tuple(leaves[name] for name in self.asked)
        self._slopes = torch.autograd.grad(total, self._leaves, create_graph=True)
        return {name: g.detach() for name, g in zip(self.asked, self._slopes, strict=True)}

    def curved(self, direction: Mapping[str, Tensor]) -> Tensors:
        along = [(g * direction[name]).sum() for name, g in zip(self.asked, self._slopes, strict=True)]
        whole = torch.stack(along).sum()
        found = torch.autograd.grad(whole, self._leaves, retain_graph=True, allow_unused=True)
        # a loss that is linear in a tensor has no curvature there
        filled = [torch.zeros_like(t) if h is None else h for t, h in zip(self._leaves, found, strict=True)]
        return dict(zip(self.asked, filled, strict=True))


def derivatives(arch: Mlp, loss: str, asked: Collection[str]) -> Derivatives:
    """Of networks of this architecture, in the tensors called `asked`."""
    return (Written if arch.activation == "relu" else Recorded)(arch, loss, asked)


def in_chunks(stack: Stack, data: Batch, recipe: Recipe) -> Iterator[tuple[slice, Tensors, Batch]]:
    """Places, tensors and data of as many networks at a time as the cache holds.

    After the last place the last network may be repeated.
    Raises ShapeMismatch or InvalidArgument where the recipe's loss is not defined.
    """
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    written = stack.arch.activation == "relu"
    lanes = 1 if written else recipe.lanes
    size = _written_size(stack.arch, data) if written else chunk_size(stack.arch, data, recipe)
    shared = wide(data) if data.copies == 1 else None
    for first in range(0, len(stack), size):
        places = range(first, min(first + size, len(stack)))
        part, filled = slice(places.start, places.stop), lanes_filled(places, lanes)
        tensors = {name: _filled(t[part], len(filled)) for name, t in stack.tensors.items()}
        yield part, tensors, shared or wide(data.take(filled))


def _filled(tensor: Tensor, count: int) -> Tensor:
    """In float64 on the CPU, the last network repeated up to `count`."""
    own = tensor.detach().cpu().double()
    spare = count - len(own)
    return torch.cat([own, own[-1:].expand(spare, *own.shape[1:])]) if spare else own


def _written_size(arch: Mlp, data: Batch) -> int:
    return max(1, CHUNK_BYTES // (8 * max(arch.widths[1:]) * data.columns.shape[2]))


def wide(data: Batch) -> Batch:
    """The same data in float64 on the CPU."""
    return Batch(*(t.cpu().double() for t in (data.columns, data.labels, data.share)))
