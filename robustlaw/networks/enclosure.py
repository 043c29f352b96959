"""Forward passes in float64 with a proven bound on their rounding error."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from .activations import activation
from .network import Network

UNIT_ROUNDOFF = 2.0**-53
# Smooth activations come from the math library; this many ulps of error are granted to each value.
LIBRARY_ULPS = 8


def gamma(k: int) -> float:
    """k u/(1 - k u): relative error of a sum of k products in any order (Higham 2002, section 3.1)."""
    return k * UNIT_ROUNDOFF / (1.0 - k * UNIT_ROUNDOFF)


def forward_enclosed(
    net: Network, x: Float[np.ndarray, "samples inputs"]
) -> tuple[Float[np.ndarray, "samples outputs"], Float[np.ndarray, "samples outputs"]]:
    """Outputs and bounds on their error against exact arithmetic on the same float64 numbers.

    The error of the inputs of a layer is carried through |W| and through the largest slope.
    """
    act = activation(net.arch.activation)
    steepest = max(abs(act.slope_low), abs(act.slope_high))
    library = 0.0 if act.kink or act.name == "identity" else LIBRARY_ULPS * UNIT_ROUNDOFF
    h = np.asarray(x, dtype=np.float64)
    error = np.zeros_like(h)
    for layer, (w, b) in enumerate(net.layers):
        size = np.abs(w)
        k = w.shape[1] + 2
        spread = error @ size.T
        rounding = gamma(k) * ((np.abs(h) + error) @ size.T + np.abs(b))
        error = (spread + rounding) * (1.0 + 8.0 * k * UNIT_ROUNDOFF)
        h = h @ w.T + b
        if layer < net.arch.layers - 1:
            h = act.value(h)
            # leaky slopes are one more product: a rounding of the value itself
            error = (error * steepest + (library + 2.0 * UNIT_ROUNDOFF) * np.abs(h)) * (
                1.0 + 4.0 * UNIT_ROUNDOFF
            )
    return h, error + np.finfo(np.float64).tiny
