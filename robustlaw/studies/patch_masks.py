"""Masks of networks on two patches: random ones, and ones of equal count that lost or were given the signal.

All are made from one uniform number u a weight, drawn without the data: the weights with u below the
density, or a given number of weights with the smallest u.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Float64, Int64

from ..accounting import DataFreeMask, Event, FixedSizeMask

Uniforms = Float64[np.ndarray, "nets classes neurons inputs"]
Masks = Bool[np.ndarray, "nets classes neurons inputs"]
EQUAL_COUNT = ("removed", "random", "placed")


def bernoulli(u: Uniforms, density: float) -> Masks:
    """Each weight kept with chance `density`, by itself; a lower density keeps a part of the same weights."""
    return np.asarray(u < density)


def smallest(u: Uniforms, kept: int) -> Masks:
    """The `kept` weights with the smallest numbers."""
    flat = u.reshape(len(u), -1)
    masks = np.zeros(flat.shape, dtype=bool)
    np.put_along_axis(masks, np.argpartition(flat, kept - 1, axis=1)[:, :kept], True, axis=1)
    return masks.reshape(u.shape)


def removed(u: Uniforms, kept: int) -> Masks:
    """No neuron sees its own class's signal; the weights next in line take the lost places.

    This is the law of a random mask of that count given that no class keeps a signal neuron.
    """
    blind = u.copy()
    classes = np.arange(u.shape[1])
    blind[:, classes, :, classes] = 2.0
    return smallest(blind, kept)


def placed(
    u: Uniforms,
    kept: int,
    initial: Float64[np.ndarray, "nets classes neurons inputs"],
    coordinates: Int64[np.ndarray, "nets classes"],
) -> Masks:
    """One weight a class at the class's coordinate, in place of the last ones in line.

    The neuron is the one with the largest initial weight there: a function of the coordinate and the
    initial weights, so that the coordinates are all the data can tell this mask.
    """
    chosen = u.copy()
    nets = np.arange(len(u))
    for j in range(u.shape[1]):  # classes
        there = initial[nets, j, :, coordinates[:, j]]
        chosen[nets, j, there.argmax(axis=1), coordinates[:, j]] = -1.0
    return smallest(chosen, kept)


def mask_events(name: str, classes: int, inputs: int) -> list[Event]:
    """What the accountant is told of a mask: nothing of the data, or one of `inputs` coordinates a class."""
    return [FixedSizeMask(inputs, 1)] * classes if name == "placed" else [DataFreeMask()]
