"""Activation functions with what the certificates need: the range of their slopes.

`slope_low` and `slope_high` enclose the derivative everywhere, rounded outward where they
are not exact decimals. Values of the extreme slopes: GELU at -+sqrt 2, SiLU by solving
sigma''(z) = 0 (both recomputed in the tests).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from scipy.special import erf, expit, ndtr
from torch import Tensor

from ..errors import UnknownName

Array = np.ndarray


@dataclass(frozen=True)
class Activation:
    """A scalar nonlinearity: the same function for torch and for float64 numpy.

    kink : True if the function is piecewise linear with one kink at 0
    bend : bound on the second derivative's size, None where it has kinks
    """

    name: str
    slope_low: float
    slope_high: float
    torch: Callable[[Tensor], Tensor]
    value: Callable[[Array], Array]
    slope: Callable[[Array], Array]
    kink: bool = False
    bend: float | None = None


def _step(low: float) -> Callable[[Array], Array]:
    return lambda z: np.where(z > 0.0, 1.0, low)


def _silu_slope(z: Array) -> Array:
    s = expit(z)
    return np.asarray(s * (1.0 + z * (1.0 - s)))


LEAK = 0.01

ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("relu", 0.0, 1.0, torch.relu, lambda z: np.maximum(z, 0.0), _step(0.0), kink=True),
        Activation(
            "leaky_relu",
            LEAK,
            1.0,
            lambda z: torch.nn.functional.leaky_relu(z, LEAK),
            lambda z: np.where(z > 0.0, z, LEAK * z),
            _step(LEAK),
            kink=True,
        ),
        Activation("identity", 1.0, 1.0, lambda z: z, lambda z: z, np.ones_like, bend=0.0),
        Activation("tanh", 0.0, 1.0, torch.tanh, np.tanh, lambda z: 1.0 / np.cosh(z) ** 2, bend=0.7699),
        Activation("sigmoid", 0.0, 0.25, torch.sigmoid, expit, lambda z: expit(z) * expit(-z), bend=0.0963),
        Activation(
            "softplus",
            0.0,
            1.0,
            torch.nn.functional.softplus,
            lambda z: np.logaddexp(0.0, z),
            expit,
            bend=0.25,
        ),
        Activation(
            "elu",
            0.0,
            1.0,
            torch.nn.functional.elu,
            lambda z: np.where(z > 0.0, z, np.expm1(np.minimum(z, 0.0))),
            lambda z: np.exp(np.minimum(z, 0.0)),
            bend=1.0,
        ),
        Activation(
            "gelu",
            -0.128905,
            1.128905,
            torch.nn.functional.gelu,
            lambda z: 0.5 * z * (1.0 + erf(z / np.sqrt(2.0))),
            lambda z: ndtr(z) + z * np.exp(-0.5 * z * z) / np.sqrt(2.0 * np.pi),
            bend=0.798,
        ),
        Activation(
            "silu",
            -0.09984,
            1.09984,
            torch.nn.functional.silu,
            lambda z: z * expit(z),
            _silu_slope,
            bend=0.5,
        ),
    )
}


def activation(name: str) -> Activation:
    """The activation called `name`. Raises UnknownName."""
    if name not in ACTIVATIONS:
        raise UnknownName("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
