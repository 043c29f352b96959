"""Lower bounds: norms of gradients that are really attained.

Every unit's slope is enclosed at a point: at a kink the sign of the pre-activation is certain in spite
of rounding, or the slope may be any between the lowest and the highest; smooth slopes are enclosed by
the second derivative. Pre-activations are continuous, so this encloses the Jacobian at almost every
point nearby, and the smallest norm of the enclosure is a lower bound. A unit of uncertain sign costs
nothing where its input is constant near the point or nothing that is on listens to it.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ..networks import Activation
from .batch import Batch
from .rounding import TINY, UNIT, down, gamma, up
from .sector import Sector

Points = Float[np.ndarray, "nets points inputs"]
Values = Float[np.ndarray, "nets points"]

# Smooth activations and their slopes are computed with a few operations of the math library,
# each within 4 ulp and none amplified by more than 1 + |z|; 32 covers all of ACTIVATIONS.
LIBRARY = 32.0 * UNIT
# Radii are given to the checker this much larger than they are.
ROOM = 1.0 + 2.0**-24
ASSUMPTION = "the math library's smooth functions are right to 4 ulp"


def certified_norms(batch: Batch, x: Points) -> Values:
    """For each point a number that is at most the Jacobian's norm at points nearby; 0 if nothing is certain.

    Reads the weights as given, so the points live in the network's own input space.
    """
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        jacobian, error = _jacobians(batch, x)
        # another order of summation may lose some ulps more: 32 of them are left to who checks,
        # and ROOM of the radii, which count where a slope is unsure
        value = down(np.maximum(norm_below(jacobian) - _norm_above(error * ROOM), 0.0), 32)
    return _known(value, jacobian)


def certified_row_sums(batch: Batch, x: Points) -> Values:
    """The same for the norm l_inf to l_inf: the largest sum of absolute values of a row."""
    with np.errstate(over="ignore", invalid="ignore", under="ignore"):
        jacobian, error = _jacobians(batch, x)
        terms = jacobian.shape[-1] + 32
        value = down(np.maximum(np.abs(jacobian) - error * ROOM, 0.0).sum(axis=3).max(axis=2), terms)
    return _known(value, jacobian)


def _known(value: Values, jacobian: np.ndarray) -> Values:
    return np.where(np.isfinite(value) & np.isfinite(jacobian).all(axis=(2, 3)), value, 0.0)


def _jacobians(batch: Batch, x: Points) -> tuple[np.ndarray, np.ndarray]:
    """Jacobians (E, P, q, d) and an entrywise bound of how far those nearby are from them."""
    slopes, radii = _slopes(batch, x)
    return _backward(batch, slopes, radii, x.shape[1])


def _slopes(batch: Batch, x: Points) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Slope of every hidden unit as centre and radius."""
    act, sector = batch.activation, batch.sector
    value, error = x, np.zeros_like(x)
    slopes: list[np.ndarray] = []
    radii: list[np.ndarray] = []
    for w, b in zip(batch.weights[:-1], batch.biases[:-1], strict=True):
        size = np.abs(w).transpose(0, 2, 1)
        z = value @ w.transpose(0, 2, 1) + b[:, None, :]
        reach = (np.abs(value) + error) @ size + np.abs(b)[:, None, :]
        spread = error @ size if slopes else 0.0  # the inputs are exact
        doubt = up(spread + gamma(2 * w.shape[-1] + 4) * reach + TINY, 2 * w.shape[-1] + 8)
        if act.kink:
            clear = np.abs(z) > doubt
            slopes.append(np.where(clear, act.slope(z), sector.centre))
            radii.append(np.where(clear, 0.0, sector.radius))
            steep = np.where(clear, np.abs(slopes[-1]), sector.largest)
            error = up(steep * (doubt + UNIT * np.abs(z)))
        else:
            centre, radius = _smooth_slope(act, sector, z, doubt)
            slopes.append(centre)
            radii.append(radius)
            error = up(sector.largest * doubt + LIBRARY * (1.0 + np.abs(z)))
        value = act.value(z)
    return slopes, radii


def _smooth_slope(
    act: Activation, sector: Sector, z: np.ndarray, doubt: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """phi' moves by at most bend times the doubt, and never leaves its range."""
    assert act.bend is not None, f"{act.name} has no bound on its second derivative"
    slope = act.slope(z)
    reach = up(act.bend * doubt + LIBRARY * (1.0 + np.abs(z)))
    low, high = np.maximum(slope - reach, sector.low), np.minimum(slope + reach, sector.high)
    centre = 0.5 * (low + high)
    return centre, np.where(high > low, up(0.5 * (high - low) + UNIT * np.abs(centre)), 0.0)


def _backward(
    batch: Batch, slopes: list[np.ndarray], radii: list[np.ndarray], points: int
) -> tuple[np.ndarray, np.ndarray]:
    """Jacobians (E, P, q, d) and an entrywise bound on their error."""
    last = np.where(batch.alive[-2][:, None, :], batch.weights[-1], 0.0)
    jacobian = np.broadcast_to(last[:, None], (len(last), points, *last.shape[1:]))
    error = np.zeros_like(jacobian)
    for layer, (s, radius) in reversed(list(enumerate(zip(slopes, radii, strict=True)))):
        kept = batch.kept(layer)[:, None]
        left = jacobian * s[:, :, None, :]
        spread = error * (np.abs(s) + radius)[:, :, None, :] + np.abs(jacobian) * radius[:, :, None, :]
        spread = up(spread + UNIT * np.abs(left) + TINY)
        error = up(
            (spread + gamma(2 * s.shape[-1] + 4) * (np.abs(left) + spread)) @ np.abs(kept) + TINY,
            2 * s.shape[-1] + 4,
        )
        jacobian = left @ kept
    return np.asarray(jacobian), error


def norm_below(jacobian: np.ndarray) -> np.ndarray:
    """At most the spectral norm: |J y| / |y| for the approximate top right singular vector y.

    Rescaled by powers of two, so that squares neither overflow nor vanish. Entries have to be
    finite for the result to mean anything.
    """
    outputs, inputs = jacobian.shape[-2:]
    finite = np.where(np.isfinite(jacobian), jacobian, 0.0)
    _, exponent = np.frexp(np.abs(finite).max(axis=(2, 3)))
    clean = np.ldexp(finite, -exponent[:, :, None, None])
    if outputs == 1:
        value = np.sqrt(np.einsum("epqi,epqi->ep", clean, clean))
        return np.asarray(np.ldexp(down(value, inputs + 4), exponent))
    y = np.linalg.svd(clean, full_matrices=False)[2][..., :1, :]
    image = np.einsum("epqi,epoi->epq", clean, y)
    doubt = gamma(2 * inputs + 4) * np.einsum("epqi,epoi->epq", np.abs(clean), np.abs(y))
    sure = np.maximum(np.abs(image) - doubt, 0.0)
    length = up(np.sqrt((y * y).sum(axis=(2, 3))), inputs + 4)
    return np.asarray(np.ldexp(down(np.sqrt((sure * sure).sum(axis=2)) / length, outputs + 8), exponent))


def _norm_above(error: np.ndarray) -> np.ndarray:
    size = error.shape[-1] * error.shape[-2]
    largest = error.max(axis=(2, 3))
    shares = error / np.maximum(largest, TINY)[:, :, None, None]
    return up(largest * np.sqrt((shares * shares).sum(axis=(2, 3))), size + 6)
