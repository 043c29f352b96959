"""The upper end of a network without a bend, which is one matrix, proved again."""

import math
from collections.abc import Mapping

import numpy as np

from ..networks import Network, activation
from .certificate import ABOVE, GAMMA, product, prove_positive, require


def prove_linear(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:  # noqa: ARG001
    """||W_{K+1} ... W_1|| <= upper: s^2 I - V V' >= 0 for the computed product V and s below upper by
    the Frobenius norm of the error of V."""
    act = activation(net.arch.activation)
    require(net.arch.layers == 1 or act.slope_low == act.slope_high == 1.0, "the network is not linear")
    v, error = net.weights[0], np.zeros_like(net.weights[0])
    for w in net.weights[1:]:
        v, error = product(w, v, error, 0.0)
    v = v if len(v) <= v.shape[1] else v.T
    square = (upper - math.hypot(*error.ravel()) * ABOVE) ** 2 * (1.0 - 8.0 * GAMMA) * np.ones(len(v))
    require(upper > math.hypot(*error.ravel()) * ABOVE, "the product of the weights is too uncertain")
    gram = v @ v.T
    doubt = (v.shape[1] + 2) * GAMMA * len(v) * np.diag(gram) + 2.0 * GAMMA * square
    prove_positive(np.diag(square) - gram, doubt * ABOVE)


CHECKERS = {"linear": prove_linear}
