"""The upper end of a network some of whose units say the same, proved again.

If (w_j, b_j) = k (w_i, b_i) for two units of a layer, then phi(z_j) = k phi(z_i): for every phi if k = 1,
for k > 0 if phi is linear on both sides of 0. So unit j can join unit i: k times its column of the next
layer is added to the column of i, and replaced by 0. Only what is exact in float64 is accepted, so
both networks are one function, and what proves Lip of the one proves that of the other.
"""

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from ..evidence import Bracket, Certificate
from ..networks import Network, activation
from .certificate import prove_upper, require


def prove_merged(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """Multipliers of the network after unit j of a layer joins unit i, for each (layer, j, i) in turn."""
    weights, kink = [w.copy() for w in net.weights], activation(net.arch.activation).kink
    for layer, j, i in np.array(numbers["joined"]).reshape(-1, 3).astype(int).tolist():
        require(layer >= 0 and j >= 0 and i >= 0 and i != j, "two different units of a layer are joined")
        mine, other = (_exact(*weights[layer][unit], net.biases[layer][unit]) for unit in (i, j))
        k = sum(map(abs, other)) / sum(map(abs, mine))
        require(k == 1 or (kink and k > 0), f"the activation is not homogeneous, and the ratio is {k}")
        require(other == [k * x for x in mine], f"unit {j} of layer {layer + 1} is no multiple of unit {i}")
        onward = weights[layer + 1]
        total = [x + k * y for x, y in zip(_exact(*onward[:, i]), _exact(*onward[:, j]), strict=True)]
        onward[:, i], onward[:, j] = [float(x) for x in total], 0.0
        require(_exact(*onward[:, i]) == total, "the sum of two columns is not a column of floats")
    layers = list(zip(weights, net.biases, strict=True))
    merged = Network.from_arrays(layers, net.arch.activation)
    prove_upper(merged, Bracket(0.0, upper, certificate=Certificate("multipliers", numbers)), "multipliers")


def _exact(*numbers: float) -> list[Fraction]:
    return [Fraction(float(x)) for x in numbers]


CHECKERS = {"merged multipliers": prove_merged}
