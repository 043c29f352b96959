"""Smooth activations on intervals: ranges of the slope, and straight lines close to it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ...networks import Activation
from ..rounding import UNIT

# Beyond it every slope here is within 1e-18 of its limit, and between it and the limit.
SATURATED = 50.0
# The math library is trusted to a few ulp of 1 + |z|, as for attained gradients.
LIBRARY = 32.0 * UNIT


@dataclass(frozen=True)
class Shape:
    """Where a slope turns around, and how much it bends.

    turns : inputs near which the slope is largest or smallest, each to within 1e-3
    bend  : bound on the slope's second derivative (ELU: on either side of its kink at 0)
    """

    turns: tuple[float, ...]
    bend: float


# Second derivatives of the slopes: of tanh' -2 (1 - y^2)(1 - 3 y^2), largest at 0, of sigma' at 0,
# of sigma 1 / (6 sqrt 3), of GELU' (z^3 - 4 z) N(z), of SiLU' 3 sigma'' + z sigma'''; rounded up.
SHAPES = {
    "tanh": Shape((0.0,), 2.0),
    "sigmoid": Shape((0.0,), 0.125),
    "softplus": Shape((), 0.0963),
    "elu": Shape((), 1.0),
    "gelu": Shape((-1.41421, 1.41421), 0.779),
    "silu": Shape((-2.39936, 2.39936), 0.309),
}
NEAR = 1e-3


def slope_range(act: Activation, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(least, largest) slope on [low, high], ends may be infinite; rounded outward."""
    left, right = (np.clip(z, -SATURATED, SATURATED) for z in (low, high))
    first, last = act.slope(left), act.slope(right)
    doubt = LIBRARY * (1.0 + np.maximum(np.abs(left), np.abs(right)))
    least, largest = np.minimum(first, last) - doubt, np.maximum(first, last) + doubt
    for turn in SHAPES[act.name].turns:
        inside = (low <= turn + NEAR) & (high >= turn - NEAR)
        if turn >= 0.0:
            largest = np.where(inside, act.slope_high, largest)
        else:
            least = np.where(inside, act.slope_low, least)
    return np.maximum(least, act.slope_low), np.minimum(largest, act.slope_high)


def chord(act: Activation, low: np.ndarray, high: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(value at low, rise, error): the slope on the finite [low, high] is value + rise (z - low) +- error.

    The chord of a function is off by at most bend (high - low)^2 / 8; a constant, half the range,
    is taken where it is better.
    """
    least, largest = slope_range(act, low, high)
    first, last = act.slope(low), act.slope(high)
    width = np.maximum(high - low, 0.0)
    rise = (last - first) / np.where(width > 0.0, width, 1.0)
    doubt = 4.0 * LIBRARY * (1.0 + np.maximum(np.abs(low), np.abs(high)))
    error = SHAPES[act.name].bend * width * width / 8.0 * (1.0 + 8.0 * UNIT) + doubt
    if act.name == "elu":
        error = np.where((low < 0.0) & (high > 0.0), np.inf, error)
    half = 0.5 * (largest - least) * (1.0 + 4.0 * UNIT) + UNIT
    straight = error < half
    value = np.where(straight, first, 0.5 * (least + largest))
    return value, np.where(straight, rise, 0.0), np.minimum(error, half)
