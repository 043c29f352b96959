"""Scores of entries, higher is better, as float64 arrays (nets, out, in) on the CPU.

Layers called `biased` get one more column, the scores of their biases.
Gradients are those of each network's own loss on the full batch, with respect to the effective
weights, masked ones included. Not even a rounding depends on the companions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import numpy as np

from ..networks import Batch, Recipe, Stack
from ..networks.derivatives import derivatives, in_chunks
from ..networks.entries import entries_of

NONE: frozenset[int] = frozenset()


def magnitude(stack: Stack, layers: list[int], biased: Set[int] = NONE) -> list[np.ndarray]:
    """|w| of each entry."""
    pairs = [(stack.weights[i], stack.biases[i] if i in biased else None) for i in layers]
    return [entries_of(w, b).detach().abs().double().cpu().numpy() for w, b in pairs]


def snip(
    stack: Stack, data: Batch, recipe: Recipe, layers: list[int], biased: Set[int] = NONE
) -> list[np.ndarray]:
    """|w dL/dw|, the sensitivity |dL/dm| at m = 1 (Lee, Ajanthan, Torr 2019)."""
    return sensitivities(stack, stack, data, recipe, layers, biased)


def sensitivities(
    stack: Stack, dense: Stack, data: Batch, recipe: Recipe, layers: list[int], biased: Set[int] = NONE
) -> list[np.ndarray]:
    """|theta dL/dw| with the weights theta of `dense` and the gradient at those of `stack`.

    For an entry that is masked in `stack` this is how much its return would change the loss, to
    first order (de Jorge et al. 2021).
    """
    found = empty_scores(stack, layers, biased)
    loss = derivatives(stack.arch, recipe.loss, found.keys())
    for part, values, points in in_chunks(stack, data, recipe):
        theta = {name: dense.tensors[name][part].detach().cpu().double() for name in found}
        for name, gradient in loss.gradient(values, points).items():
            found[name][part] = (theta[name] * gradient[: len(theta[name])]).abs_()
    return by_layer(found, layers)


def gradient_flow(
    stack: Stack,
    data: Batch,
    recipe: Recipe,
    layers: list[int],
    temperature: float,
    biased: Set[int] = NONE,
) -> list[np.ndarray]:
    """w H g, with g and H the gradient and Hessian in the maskable entries (Wang, Zhang, Grosse 2020).

    To first order, removing an entry changes |g|^2 by -2 w H g: what has the smallest score is
    removed with the largest gain, or the smallest loss, of gradient norm.

    temperature : what the outputs are divided by
    """
    found = empty_scores(stack, layers, biased)
    loss = derivatives(stack.arch, recipe.loss, found.keys())
    last = (f"W{stack.arch.layers}", f"b{stack.arch.layers}")
    for part, values, points in in_chunks(stack, data, recipe):
        # the last layer u = w / temperature divides the outputs, and d/dw = (d/du) / temperature
        values |= {name: values[name] / temperature for name in last}
        direction = loss.gradient(values, points)
        direction |= {name: direction[name] / temperature**2 for name in last if name in direction}
        for name, product in loss.curved(direction).items():
            found[name][part] = (values[name] * product)[: part.stop - part.start]
    return by_layer(found, layers)


def empty_scores(stack: Stack, layers: Sequence[int], biased: Set[int] = NONE) -> dict[str, np.ndarray]:
    """Room for the scores of some layers, by the names of their weights and of the biases of some."""
    names = [f"W{i + 1}" for i in layers] + [f"b{i + 1}" for i in layers if i in biased]
    return {name: np.empty(tuple(stack.tensors[name].shape)) for name in names}


def by_layer(found: Mapping[str, np.ndarray], layers: Sequence[int]) -> list[np.ndarray]:
    """Scores of each layer, those of its biases in the last column where there are any."""
    pairs = [(found[f"W{i + 1}"], found.get(f"b{i + 1}")) for i in layers]
    return [w if b is None else np.concatenate([w, b[:, :, None]], axis=2) for w, b in pairs]
