"""Scores of entries, higher is better, as float64 arrays (nets, out, in) on the CPU.

Gradients are those of each network's own loss on the full batch, with respect to the effective
weights, masked ones included. Not even a rounding depends on the companions.
"""

from __future__ import annotations

import numpy as np

from ..networks import Batch, Recipe, Stack
from ..networks.derivatives import derivatives, in_chunks


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
    found = empty_scores(stack, layers)
    loss = derivatives(stack.arch, recipe.loss, found.keys())
    for part, values, points in in_chunks(stack, data, recipe):
        theta = {name: dense.tensors[name][part].detach().cpu().double() for name in found}
        for name, gradient in loss.gradient(values, points).items():
            found[name][part] = (theta[name] * gradient[: len(theta[name])]).abs_()
    return list(found.values())


def gradient_flow(
    stack: Stack, data: Batch, recipe: Recipe, layers: list[int], temperature: float
) -> list[np.ndarray]:
    """w H g, with g and H the gradient and Hessian in the maskable entries (Wang, Zhang, Grosse 2020).

    To first order, removing an entry changes |g|^2 by -2 w H g: what has the smallest score is
    removed with the largest gain, or the smallest loss, of gradient norm.

    temperature : what the outputs are divided by
    """
    found = empty_scores(stack, layers)
    loss = derivatives(stack.arch, recipe.loss, found.keys())
    top = f"W{stack.arch.layers}"
    for part, values, points in in_chunks(stack, data, recipe):
        # the last layer u = w / temperature divides the outputs, and d/dw = (d/du) / temperature
        for name in (top, f"b{stack.arch.layers}"):
            values[name] = values[name] / temperature
        direction = loss.gradient(values, points)
        if top in direction:
            direction[top] = direction[top] / temperature**2
        for name, product in loss.curved(direction).items():
            found[name][part] = (values[name] * product)[: part.stop - part.start]
    return list(found.values())


def empty_scores(stack: Stack, layers: list[int]) -> dict[str, np.ndarray]:
    """Room for the scores of some layers, by the name of their weights."""
    return {f"W{i + 1}": np.empty(tuple(stack.weights[i].shape)) for i in layers}
