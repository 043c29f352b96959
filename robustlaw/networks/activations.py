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
from scipy.special import expit, ndtr
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


def _tanh_slope(z: Array) -> Array:
    # 1/cosh^2 without overflow
    return np.asarray(4.0 * expit(2.0 * z) * expit(-2.0 * z))


def _gelu_slope(z: Array) -> Array:
    # beyond 40 the normal density is 0 in float64, and z * z might overflow
    near = np.clip(z, -40.0, 40.0)
    return np.asarray(ndtr(z) + near * np.exp(-0.5 * near * near) / np.sqrt(2.0 * np.pi))


def _silu_slope(z: Array) -> Array:
    return np.asarray(expit(z) * (1.0 + z * expit(-z)))


def _softplus(z: Tensor) -> Tensor:
    # torch's own turns into the identity above a threshold, off by 2e-9 in float64
    return torch.logaddexp(z, torch.zeros_like(z))


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
        Activation("tanh", 0.0, 1.0, torch.tanh, np.tanh, _tanh_slope, bend=0.7699),
        Activation("sigmoid", 0.0, 0.25, torch.sigmoid, expit, lambda z: expit(z) * expit(-z), bend=0.0963),
        Activation(
            "softplus",
            0.0,
            1.0,
            _softplus,
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
            lambda z: z * ndtr(z),
            _gelu_slope,
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
    if not isinstance(name, str) or name not in ACTIVATIONS:
        raise UnknownName("activation", name, ACTIVATIONS)
    return ACTIVATIONS[name]
