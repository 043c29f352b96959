"""Where to look for a large gradient: points, far away points, and lines between them.

Nothing here is a bound: it proposes points, and attained.py says what they are worth.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Float, Float32

from .attained import Points, Values
from .batch import Batch

# Distances in units of the typical |b| / |w| of the first layer; the last stands for infinity.
SCALES, SCALES_SMOOTH = (0.5, 2.0, 8.0, 1e5), (0.02, 0.3, 1.0, 4.0)
POINTS = 128
# Doubles in the largest array at a time, and singles where many passes follow each other, to stay near
# the processor's cache.
WORKING_SET, SINGLES = 300_000, 75_000
# Points of one line that the sampled line search compares, and lines a round.
STEPS, LINES, ROUNDS = 24, 8, 12


def gaussian(batch: Batch, random: np.random.Generator, count: int = POINTS) -> Points:
    """The same directions for every network, at distances that suit its biases."""
    with np.errstate(over="ignore"):
        return np.asarray(_directions(batch, random, count) * reach(batch)[:, None, None])


def _directions(batch: Batch, random: np.random.Generator, count: int) -> Float[np.ndarray, "points inputs"]:
    """Points for a network of reach 1."""
    scales = SCALES if batch.activation.kink else SCALES_SMOOTH
    base = random.standard_normal((count, batch.weights[0].shape[-1]))
    base *= np.repeat(scales, -(-count // len(scales)))[:count, None]
    return np.asarray(base)


def reach(batch: Batch) -> Float[np.ndarray, " nets"]:
    """Distance at which first-layer biases (or the bend of a smooth activation) matter."""
    alive = batch.alive[1]
    rows = np.sqrt(np.einsum("eij,eij->ei", batch.weights[0], batch.weights[0]))
    offset = np.abs(batch.biases[0]) + (0.0 if batch.activation.kink else 1.0)
    count = np.maximum(alive.sum(axis=1), 1)
    row = np.where(alive, rows, 0.0).sum(axis=1) / count
    height = np.where(alive, offset, 0.0).sum(axis=1) / count
    with np.errstate(over="ignore"):
        return np.where((row > 0.0) & (height > 0.0), height / np.where(row > 0.0, row, 1.0), 1.0)


def steepest(batch: Batch, random: np.random.Generator, keep: int) -> Points:
    """The `keep` points of largest rough norm among the origin and POINTS Gaussian ones.

    A kink leaves the slopes alone when a network and its points are rescaled: every network sees the
    same points, and both signs of each, so that one product serves all, in float32.
    """
    if not batch.activation.kink:
        x = gaussian(batch, random)
        return best_points(batch, np.concatenate([np.zeros_like(x[:, :1]), x], axis=1), keep)
    half = _directions(batch, random, POINTS // 2)
    half = np.concatenate([np.zeros_like(half[:1]), half])
    base = np.concatenate([half, -half])
    scale, columns = reach(batch), np.ascontiguousarray(half.T, dtype=np.float32)
    weights, biases = _shadows(batch, scale)
    step = max(1, SINGLES // (len(base) * max(batch.arch.widths)))
    values = np.concatenate(
        [
            _squares([w[i : i + step] for w in weights], [b[i : i + step] for b in biases], columns, batch)
            for i in range(0, len(batch), step)
        ]
    )
    if keep == 1:
        best = values.argmax(axis=1)[:, None]
    else:
        best = np.argpartition(-values, keep - 1, axis=1)[:, :keep]
    with np.errstate(
        over="ignore", invalid="ignore"
    ):  # a point that is not finite is certified to be worth 0
        return np.asarray(base[best] * scale[:, None, None])


def _shadows(batch: Batch, scale: Float[np.ndarray, " nets"]) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Weights and biases in float32: inputs in units of `scale`, layers divided by powers of two."""
    with np.errstate(all="ignore"):
        power = np.ldexp(1.0, -batch.scaled()[1])
        size = np.cumprod(power, axis=1) / scale[:, None]
        weights = [
            np.multiply(w, s[:, None, None], out=np.empty(w.shape, np.float32), casting="same_kind")
            for w, s in zip(batch.weights, power.T, strict=True)
        ]
        biases = [(b * s[:, None]).astype(np.float32) for b, s in zip(batch.biases, size.T, strict=True)]
    return weights, biases


def _squares(
    weights: list[np.ndarray], biases: list[np.ndarray], columns: np.ndarray, batch: Batch
) -> Float32[np.ndarray, "nets points"]:
    """Squared Frobenius norms of the Jacobians at the columns and their negatives, for ranking; 0 where
    they overflow."""
    low, first, b = np.float32(batch.activation.slope_low), weights[0], biases[0][:, :, None]

    def slope(active: np.ndarray) -> np.ndarray:
        return active if low == 0.0 else low + (1 - low) * active

    with np.errstate(all="ignore"):
        half = (first.reshape(-1, first.shape[2]) @ columns).reshape(*first.shape[:2], -1)
        slopes = [slope(np.concatenate([half > -b, half < b], axis=2))]
        if len(weights) > 2:
            value = np.concatenate([b + half, b - half], axis=2) * slopes[0]
        for w, c in zip(weights[1:-1], biases[1:-1], strict=True):
            z = w @ value + c[:, :, None]
            slopes.append(slope(z > 0.0))
            value = z * slopes[-1]
        total = np.zeros((len(first), slopes[0].shape[2]), dtype=np.float32)
        for output in range(weights[-1].shape[1]):
            back = weights[-1][:, output, :, None]
            for w, s in zip(reversed(weights[:-1]), reversed(slopes), strict=True):
                back = w.transpose(0, 2, 1) @ (s * back)
            total += np.einsum("eip,eip->ep", back, back)
        return np.where(np.isfinite(total), total, 0)


def rough_norms(batch: Batch, x: Points) -> Values:
    """Gradient norms without any certainty; Frobenius for several outputs. For ranking."""
    with np.errstate(all="ignore"):
        slopes = _rough_slopes(batch, x)
        squares = np.zeros(x.shape[:2])
        for output in range(batch.weights[-1].shape[1]):
            back = batch.weights[-1][:, output][:, None, :].astype(x.dtype)
            for w, s in zip(reversed(batch.weights[:-1]), reversed(slopes), strict=True):
                back = (back * s) @ w.astype(x.dtype)
            squares += np.einsum("epi,epi->ep", back, back)
    return np.where(np.isfinite(squares), np.sqrt(squares), 0.0)


def _rough_slopes(batch: Batch, x: Points) -> list[np.ndarray]:
    """Slopes of the hidden units, layer after layer, in the precision of the points."""
    act, value, slopes = batch.activation, x, []
    last = len(batch.weights) - 2
    for i, (w, b) in enumerate(zip(batch.weights[:-1], batch.biases[:-1], strict=True)):
        z = value @ w.transpose(0, 2, 1).astype(x.dtype) + b[:, None, :].astype(x.dtype)
        if act.kink:
            slope = (z > 0.0).astype(x.dtype)
            slope = slope if act.slope_low == 0.0 else act.slope_low + (1.0 - act.slope_low) * slope
        else:
            slope = act.slope(z)
        slopes.append(slope)
        if i < last:
            value = z * slope if act.kink else act.value(z)
    return slopes


def best_points(batch: Batch, x: Points, keep: int) -> Float[np.ndarray, "nets best inputs"]:
    """The `keep` points of each network with the largest rough norm, largest first."""
    values = in_chunks(batch, x)
    order = np.argsort(-values, axis=1, kind="stable")[:, :keep]
    return np.take_along_axis(x, order[:, :, None], axis=1)


def in_chunks(batch: Batch, x: Points) -> Values:
    """rough_norms, a few networks at a time."""
    step = max(1, WORKING_SET // (x.shape[1] * max(batch.arch.widths)))
    parts = [
        rough_norms(batch.take(np.arange(i, min(i + step, len(x)))), x[i : i + step])
        for i in range(0, len(x), step)
    ]
    return np.concatenate(parts)


def climb(batch: Batch, start: Points, random: np.random.Generator) -> Points:
    """Line search along gradients and random directions from each start, for any depth.

    Each round looks at points of both signs and many lengths on one line a start, and moves
    to the best. Random directions are the same for every network. Returns as many points as
    it was given.
    """
    here, scale = start, reach(batch)
    value = in_chunks(batch, here)
    lengths = np.concatenate([-np.geomspace(1e3, 1e-3, STEPS // 2), np.geomspace(1e-3, 1e3, STEPS // 2)])
    for turn in range(ROUNDS):
        direction = np.broadcast_to(random.standard_normal(here.shape[1:]), here.shape)
        if turn % 3 == 0:
            direction = gradients(batch, here)
        length = np.sqrt(np.einsum("epi,epi->ep", direction, direction))
        direction = direction / np.where(length > 0.0, length, 1.0)[:, :, None]
        steps = lengths[None, None, :, None] * scale[:, None, None, None]
        line = here[:, :, None, :] + steps * direction[:, :, None, :]
        flat = line.reshape(len(here), -1, here.shape[-1])
        values = in_chunks(batch, flat).reshape(*here.shape[:2], STEPS)
        pick = values.argmax(axis=2)
        found = np.take_along_axis(values, pick[:, :, None], axis=2)[:, :, 0]
        better = found > value
        moved = np.take_along_axis(line, pick[:, :, None, None], axis=2)[:, :, 0]
        here = np.where(better[:, :, None], moved, here)
        value = np.where(better, found, value)
    return here


def gradients(batch: Batch, x: Points) -> Points:
    """Gradient of the sum of outputs."""
    with np.errstate(all="ignore"):
        back = batch.weights[-1].sum(axis=1)[:, None, :]
        for w, s in zip(reversed(batch.weights[:-1]), reversed(_rough_slopes(batch, x)), strict=True):
            back = (back * s) @ w
    return np.asarray(np.where(np.isfinite(back), back, 0.0))
