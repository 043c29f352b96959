"""Forward passes in float64 with a proven bound on their rounding error."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..errors import NonFinite
from .activations import activation
from .network import Network, as_inputs

UNIT_ROUNDOFF = 2.0**-53
# Smooth activations come from the math library; this many ulps of error are granted to each value,
# and as many of min(|z|, 1): far in its left tail a GELU is only accurate on that scale.
LIBRARY_ULPS = 8
# More than the error of a product that underflows, 2^-1075.
UNDERFLOW = float(np.finfo(np.float64).tiny)


def gamma(k: int) -> float:
    """k u/(1 - k u): relative error of a sum of k products in any order (Higham 2002, section 3.1)."""
    return k * UNIT_ROUNDOFF / (1.0 - k * UNIT_ROUNDOFF)


def forward_enclosed(
    net: Network, x: Float[np.ndarray, "samples inputs"]
) -> tuple[Float[np.ndarray, "samples outputs"], Float[np.ndarray, "samples outputs"]]:
    """Outputs and bounds on their error against exact arithmetic on the same float64 numbers.

    The error of the inputs of a layer is carried through |W| and through the largest slope.
    Raises ShapeMismatch, or NonFinite if the outputs or their errors overflow.
    """
    act = activation(net.arch.activation)
    steepest = max(abs(act.slope_low), abs(act.slope_high))
    library = 0.0 if act.kink or act.name == "identity" else LIBRARY_ULPS * 2.0 * UNIT_ROUNDOFF
    h = as_inputs(x, net.arch.widths[0])
    error = np.zeros_like(h)
    with np.errstate(over="ignore", invalid="ignore"):
        for layer, (w, b) in enumerate(net.layers):
            h, error = _affine(w, b, h, error)
            if layer < net.arch.layers - 1:
                z, h = h, act.value(h)
                # leaky slopes are one more product: a rounding of the value itself
                rounding = library * (np.abs(h) + np.minimum(np.abs(z), 1.0)) + 2.0 * UNIT_ROUNDOFF * np.abs(
                    h
                )
                error = (error * steepest + rounding) * (1.0 + 4.0 * UNIT_ROUNDOFF) + UNDERFLOW
    if not (np.isfinite(h).all() and np.isfinite(error).all()):
        raise NonFinite("outputs", h[~np.isfinite(h)][:3], "the forward pass overflows: rescale the network")
    return h, error


def _affine(w: np.ndarray, b: np.ndarray, h: np.ndarray, error: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W h + b with its error bound, the inputs being off by at most `error`."""
    size = np.abs(w)
    k = w.shape[1] + 2
    rounding = gamma(k) * ((np.abs(h) + error) @ size.T + np.abs(b))
    spread = (error @ size.T + rounding) * (1.0 + 8.0 * k * UNIT_ROUNDOFF)
    return h @ w.T + b, spread + k * UNDERFLOW
