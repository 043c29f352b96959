"""W and J: how far trained weights can lie apart, and what a change of weights does to f.

All weights and biases of the network lie in one Euclidean ball of radius R, so W = 2R. On
|x| <= r, with slopes at most 1 and phi(0) = 0,
    |h_l| <= r_l = R (r_(l-1) + 1),    |f_w - f_w'| <= sum_l R^(L-l) (r_(l-1) |W_l - W_l'| + |b_l - b_l'|),
hence J = sqrt(sum_l R^(2(L-l)) (r_(l-1)^2 + 1)) by Cauchy-Schwarz.
"""

from __future__ import annotations

import math

import numpy as np

from ..errors import MissingCapability
from ..evidence import Bracket, round_up
from ..networks import Mlp, Network, activation

MOST_OCTAVES = 40
# Every inner product of k numbers is off by less than (k + 2) u relative, u = 1.11e-16, and its root
# by half of that: 1e-16 (k + 4).
NORM_ROOM, NORM_ULPS = 1e-16, 4


def weight_norm(net: Network) -> float:
    """Euclidean norm of all weights and biases together, rounded up."""
    squares = math.fsum(float(np.vdot(a, a)) for a in (*net.weights, *net.biases))
    return round_up(math.sqrt(squares) * (1.0 + NORM_ROOM * (net.arch.parameter_count + NORM_ULPS)), 2)


def has_sensitivity(arch: Mlp) -> bool:
    """True if the derivation of J covers the activation (one layer has none)."""
    act = activation(arch.activation)
    tame = max(abs(act.slope_low), abs(act.slope_high)) <= 1.0 and act.value(np.zeros(1))[0] == 0.0
    return arch.layers == 1 or bool(tame)


def sensitivity(arch: Mlp, radius: float, inputs: float) -> Bracket:
    """J of the architecture for weights in a ball of that radius, on |x| <= inputs.

    Raises MissingCapability for an activation the derivation does not cover.
    """
    if not has_sensitivity(arch):
        raise MissingCapability(
            f"J is derived for slopes at most 1 and phi(0) = 0, not for {arch.activation}"
        )
    r, size = Bracket.exact(radius), Bracket.exact(inputs)
    total = Bracket.exact(0.0)
    for _ in range(arch.layers):
        # every later layer multiplies what has been collected by R^2
        total = total * (r * r) + size * size + 1.0
        size = r * (size + 1.0)
    return total.sqrt()
