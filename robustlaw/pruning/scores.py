"""Scores of kept entries, higher is better, as float64 arrays (nets, out, in) on the CPU."""

from __future__ import annotations

import numpy as np
import torch

from ..networks import Batch, Recipe, Stack
from ..networks.losses import check_loss, stack_loss
from ..networks.stack import forward
from ..networks.training import lanes_filled


def magnitude(stack: Stack, layers: list[int]) -> list[np.ndarray]:
    """|w| of each entry."""
    return [stack.weights[i].detach().abs().double().cpu().numpy() for i in layers]


def snip(stack: Stack, data: Batch, recipe: Recipe, layers: list[int]) -> list[np.ndarray]:
    """|w dL/dw| on the full batch, the sensitivity |dL/dm| at m = 1 (Lee, Ajanthan, Torr 2019).

    Padded as in training, so that not even a rounding depends on the companions.
    """
    nets, padded = len(stack), lanes_filled(range(len(stack)), recipe.lanes)
    check_loss(recipe.loss, stack.arch.widths[-1], data)
    stack, data = stack.take(padded), data.take(padded)
    weights = [w.detach().double().cpu().requires_grad_() for w in stack.weights]
    biases = [b.detach().double().cpu() for b in stack.biases]
    wide = Batch(*(t.double().cpu() for t in (data.columns, data.labels, data.share)))
    total = stack_loss(recipe.loss, forward(stack.arch, weights, biases, wide.columns), wide).sum()
    gradients = torch.autograd.grad(total, [weights[i] for i in layers])
    return [(g * weights[i]).abs().detach().numpy()[:nets] for g, i in zip(gradients, layers, strict=True)]
