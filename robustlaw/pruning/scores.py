"""Scores of entries, higher is better, as float64 arrays (nets, out, in) on the CPU.

Gradients are those of each network's own loss on the full batch, with respect to the effective
weights, masked ones included. Stacks are padded as in training, so that not even a rounding
depends on the companions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor

from ..networks import Batch, Recipe, Stack
from ..networks.losses import check_loss, stack_loss
from ..networks.stack import forward
from ..networks.training import lanes_filled


def magnitude(stack: Stack, layers: list[int]) -> list[np.ndarray]:
    """|w| of each entry."""
    return [stack.weights[i].detach().abs().double().cpu().numpy() for i in layers]


def snip(stack: Stack, data: Batch, recipe: Recipe, layers: list[int]) -> list[np.ndarray]:
    """|w dL/dw|, the sensitivity |dL/dm| at m = 1 (Lee, Ajanthan, Torr 2019)."""
    return sensitivities(stack, stack, data, recipe, layers)


def sensitivities(
    stack: Stack, dense: Stack, data: Batch, recipe: Recipe, layers: list[int]
) -> list[np.ndarray]:
    """|theta dL/dw| with the weights theta of `dense` and the gradient at those of `stack`.

    For an entry that is masked in `stack` this is how much its return would change the loss, to
    first order (de Jorge et al. 2021).
    """
    weights, total = _loss_of_leaves(stack, data, recipe, layers, 1.0)
    gradients = torch.autograd.grad(total, weights)
    wide = [dense.weights[i].detach().double().cpu() for i in layers]
    return [(g[: len(stack)] * w).abs().numpy() for g, w in zip(gradients, wide, strict=True)]


def gradient_flow(
    stack: Stack, data: Batch, recipe: Recipe, layers: list[int], temperature: float
) -> list[np.ndarray]:
    """w H g, with g and H the gradient and Hessian in the maskable entries (Wang, Zhang, Grosse 2020).

    To first order, removing an entry changes |g|^2 by -2 w H g: what has the smallest score is
    removed with the largest gain, or the smallest loss, of gradient norm.
    """
    weights, total = _loss_of_leaves(stack, data, recipe, layers, temperature)
    first = torch.autograd.grad(total, weights, create_graph=True)
    product = sum(((g.detach() * g).sum() for g in first), torch.zeros((), dtype=torch.float64))
    second: Sequence[Tensor | None] = torch.autograd.grad(product, weights, allow_unused=True)
    nets = len(stack)
    return [
        # a loss that is linear in a tensor has no curvature there
        np.zeros(tuple(w[:nets].shape)) if h is None else (w * h).detach().numpy()[:nets]
        for w, h in zip(weights, second, strict=True)
    ]


def _loss_of_leaves(
    stack: Stack, data: Batch, recipe: Recipe, layers: list[int], temperature: float
) -> tuple[list[Tensor], Tensor]:
    """The weights of `layers` as leaves, and the sum over networks of their losses."""
    padded = lanes_filled(range(len(stack)), recipe.lanes)
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    stack, data = stack.take(padded), data.take(padded)
    weights = [w.detach().double().cpu() for w in stack.weights]
    biases = [b.detach().double().cpu() for b in stack.biases]
    leaves = [weights[i].requires_grad_() for i in layers]
    wide = Batch(*(t.double().cpu() for t in (data.columns, data.labels, data.share)))
    outputs = forward(stack.arch, weights, biases, wide.columns) / temperature
    return leaves, stack_loss(recipe.loss, outputs, wide).sum()
