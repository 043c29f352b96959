"""Annealed ascent on the size of the gradient, from many points at once, for any depth.

The gradient's size is piecewise constant where the activation has a kink: there the step in its
slope is replaced by a logistic one, which sharpens from stage to stage. Smooth activations are
climbed as they are. The ascent direction of |grad f|^2 / 2 is the Hessian applied to the gradient,
one forward and one backward pass along a tangent.
Proposes points only; attained.py says what they are worth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float
from scipy.special import expit

from .attained import Points, Values
from .batch import Batch
from .probes import reach, rough_norms

# Sharpness of the logistic step, in units of 1 / (typical pre-activation of the layer).
STAGES = (1.0, 2.0, 4.0, 8.0, 16.0, 32.0)
STEPS, STEPS_SMOOTH = 12, 50
# First step, in units of the distance at which biases matter, and the least and largest after it.
FIRST, SHORTEST, LONGEST = 0.1, 1e-6, 10.0
# Half width of the central difference that stands for a smooth activation's second derivative.
DIFFERENCE = 1e-4

Directions = Float[np.ndarray, "nets points outputs"]


@dataclass(frozen=True, eq=False)
class _Surface:
    """The function that is climbed: the network itself, or with logistic steps of a sharpness."""

    batch: Batch
    sharpness: tuple[np.ndarray, ...] | None

    def bends(self, layer: int, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Value, slope and change of slope of the activation."""
        act = self.batch.activation
        if self.sharpness is None:
            slope = act.slope(z)
            change = (act.slope(z + DIFFERENCE) - act.slope(z - DIFFERENCE)) / (2.0 * DIFFERENCE)
            return act.value(z), slope, change
        k, low, jump = self.sharpness[layer], act.slope_low, act.slope_high - act.slope_low
        step = expit(k * z)
        value = low * z + jump * np.logaddexp(0.0, k * z) / k
        return value, low + jump * step, jump * k * step * (1.0 - step)

    def climb(self, x: Points, u: Directions) -> tuple[Values, Points]:
        """log |grad (u . f)|, and its gradient."""
        weights, biases = self.batch.weights, self.batch.biases
        value, slopes, changes = x, [], []
        for layer, (w, b) in enumerate(zip(weights[:-1], biases[:-1], strict=True)):
            value, slope, change = self.bends(layer, value @ w.transpose(0, 2, 1) + b[:, None])
            slopes.append(slope)
            changes.append(change)
        last = u @ weights[-1]
        back, signals = last, []
        for w, s in zip(reversed(weights[:-1]), reversed(slopes), strict=True):
            signals.append(back)
            back = (back * s) @ w
        moved, turns = back, []
        for w, s, change in zip(weights[:-1], slopes, changes, strict=True):
            z = moved @ w.transpose(0, 2, 1)
            turns.append(change * z)
            moved = s * z
        pull = np.zeros_like(last)
        for w, s, turn, signal in zip(
            reversed(weights[:-1]), reversed(slopes), reversed(turns), signals, strict=True
        ):
            pull = (pull * s + signal * turn) @ w
        square = np.einsum("epi,epi->ep", back, back)
        safe = np.where(square > 0.0, square, 1.0)
        height = np.where(square > 0.0, 0.5 * np.log(safe), -np.inf)
        return height, np.where(np.isfinite(pull), pull, 0.0) / safe[:, :, None]


def ascend(batch: Batch, start: Points) -> Points:
    """From each start, the point with the largest true gradient that the stages passed through."""
    with np.errstate(all="ignore"):
        here = best = np.asarray(start)
        highest = rough_norms(batch, best)
        scales = _typical(batch, here) if batch.activation.kink else None
        for stage in STAGES if batch.activation.kink else (1.0, 1.0):
            sharpness = None if scales is None else tuple(stage / s for s in scales)
            here = _stage(_Surface(batch, sharpness), here, steepest_outputs(batch, here))
            height = rough_norms(batch, here)
            better = height > highest
            best = np.where(better[:, :, None], here, best)
            highest = np.where(better, height, highest)
    return best


def _stage(surface: _Surface, x: Points, u: Directions) -> Points:
    """Gradient steps of Barzilai and Borwein's length; a step that loses height is shortened instead."""
    unit = reach(surface.batch)[:, None]
    height, slope = surface.climb(x, u)
    size = np.sqrt(np.einsum("epi,epi->ep", slope, slope))
    length = FIRST * unit / np.where(size > 0.0, size, 1.0)
    for _ in range(STEPS if surface.sharpness is not None else STEPS_SMOOTH // 2):
        trial = x + length[:, :, None] * slope
        new_height, new_slope = surface.climb(trial, u)
        ok = new_height >= height
        step, turn = trial - x, slope - new_slope
        along = np.einsum("epi,epi->ep", step, turn)
        bend = np.einsum("epi,epi->ep", step, step)
        ratio = np.where(along > 0.0, bend / np.where(along > 0.0, along, 1.0), 4.0 * length)
        x = np.where(ok[:, :, None], trial, x)
        slope = np.where(ok[:, :, None], new_slope, slope)
        height = np.where(ok, new_height, height)
        size = np.sqrt(np.einsum("epi,epi->ep", slope, slope))
        bounded = np.clip(np.where(ok, ratio, 0.25 * length) * size, SHORTEST * unit, LONGEST * unit)
        length = bounded / np.where(size > 0.0, size, 1.0)
    return x


def steepest_outputs(batch: Batch, x: Points) -> Directions:
    """The output direction along which f is steepest at each point."""
    outputs = batch.weights[-1].shape[1]
    if outputs == 1:
        return np.ones((*x.shape[:2], 1))
    act, value, slopes = batch.activation, x, []
    for w, b in zip(batch.weights[:-1], batch.biases[:-1], strict=True):
        z = value @ w.transpose(0, 2, 1) + b[:, None]
        slopes.append(act.slope(z))
        value = act.value(z)
    jacobian = np.broadcast_to(batch.weights[-1][:, None], (*x.shape[:2], *batch.weights[-1].shape[1:]))
    for w, s in zip(reversed(batch.weights[:-1]), reversed(slopes), strict=True):
        jacobian = (jacobian * s[:, :, None]) @ w[:, None]
    square = jacobian @ jacobian.transpose(0, 1, 3, 2)
    square = np.where(np.isfinite(square).all(axis=(2, 3), keepdims=True), square, 0.0)
    return np.asarray(np.linalg.eigh(square)[1][..., -1])


def _typical(batch: Batch, x: Points) -> tuple[np.ndarray, ...]:
    """Root mean square pre-activation of each layer at each point, as (nets, points, 1)."""
    value, found = x, []
    for w, b in zip(batch.weights[:-1], batch.biases[:-1], strict=True):
        z = value @ w.transpose(0, 2, 1) + b[:, None]
        square = np.mean(z * z, axis=2, keepdims=True)
        found.append(np.where(np.isfinite(square) & (square > 0.0), np.sqrt(square), 1.0))
        value = batch.activation.value(z)
    return tuple(found)
