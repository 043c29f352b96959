"""Bumps around the points, with disjoint supports: f(x) = sum_i y_i psi(|x - x_i|/r).

psi(0) = 1, psi = 0 from 1 on, slope at most S: with centres at least 2r apart Lip(f) is exactly
max|y_i| S/r on R^d (Bubeck & Sellke 2021, remark 1.1). After an orthogonal projection to D
dimensions, p is n(D + 1) instead of n(d + 1), and Lip about sqrt(d/D) times as large.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from jaxtyping import Float

from ..accounting import Entry, Ledger, integer_length
from ..data.checks import EPS, finite, require_positive, row_norms, whole
from ..errors import InfeasibleConstruction, InvalidArgument, ShapeMismatch
from ..evidence import Bracket, round_down, round_up
from ..networks.enclosure import gamma
from ..networks.grid import check_bits, level_index, level_value, scale_of
from ..seeds import generator
from .interpolant import WORD, Interpolant, Points, Values, as_points, header, label_entry, words
from .profiles import HAT, Profile, plateau
from .separation import smallest_distance

Frame = Float[np.ndarray, "kept inputs"]
Centres = Float[np.ndarray, "points kept"]
# Points that are compared with all centres at a time.
CHUNK = 4096
# Grids that are tried for rounded centres: scales 2^(j/8), around the largest entry.
SCALES = range(-24, 5)


@dataclass(frozen=True, eq=False)
class BumpSum:
    """The function: only the nearest centre can matter."""

    centres: Centres
    heights: Values
    radius: float
    profile: Profile
    frame: Frame | None = None

    def __call__(self, x: Points) -> Values:
        parts = [self._part(x[begin : begin + CHUNK]) for begin in range(0, len(x), CHUNK)]
        return np.concatenate([np.zeros(0), *parts])

    def _part(self, x: Points) -> Values:
        seen = x if self.frame is None else x @ self.frame.T
        squares = np.einsum("ij,ij->i", self.centres, self.centres)
        nearest = np.argmin(squares - 2.0 * (seen @ self.centres.T), axis=1)
        gaps = seen - self.centres[nearest]
        away = np.sqrt(np.einsum("ij,ij->i", gaps, gaps)) / self.radius
        return np.asarray(self.heights[nearest] * self.profile(away))


def bumps(x: Any, y: Any, radius: float | None = None, profile: Profile = HAT) -> Interpolant:
    """A bump around every point.

    radius  : of the supports, at most half the smallest distance; by default that half
    profile : HAT, SMOOTH or plateau(flat)
    With HAT, the largest radius and a closest pair of opposite signs, Lip = 2/|x_i - x_j| is the least
    that any interpolant can have. Raises InfeasibleConstruction for equal points or a larger radius.
    """
    points, labels = as_points(x, y)
    return _around("bumps", points, labels, points, radius, profile)


def projected_bumps(
    x: Any, y: Any, frame: Any, radius: float | None = None, profile: Profile = HAT
) -> Interpolant:
    """Bumps around the projected points, in the D dimensions of a frame chosen without the data.

    frame : (D, d) with orthonormal rows, for example random_frame(D, d, seed)
    Raises InfeasibleConstruction where projections meet, InvalidArgument for rows that are not
    orthonormal up to rounding.
    """
    points, labels = as_points(x, y)
    rows = finite("frame", frame, 2)
    if rows.shape[1] != points.shape[1] or not 1 <= len(rows) <= points.shape[1]:
        raise ShapeMismatch("frame", rows.shape, f"give (D, {points.shape[1]}), D from 1 to that")
    return _around("projected bumps", points, labels, points @ rows.T, radius, profile, rows)


def rounded_bumps(x: Any, y: Any, bits: int, frame: Any = None) -> Interpolant:
    """Bumps around points on a grid of `bits` bits a coordinate, flat where the points themselves are.

    The labels are still met exactly, at a price of `bits` log 2 nats a coordinate instead of 64 log 2.
    frame : as for projected_bumps, or None
    Raises InfeasibleConstruction where a point is not nearer to its centre than half of the way to the
    next centre: give more bits.
    """
    points, labels = as_points(x, y)
    rows = None if frame is None else finite("frame", frame, 2)
    seen = points if rows is None else points @ rows.T
    centres, exponent = _on_grid(seen, check_bits(bits))
    offset = float(row_norms(seen - centres)[1].max()) * (1.0 + 2.0 * EPS) + _drift(points, rows)
    room = _checked_radius(None, _largest_radius(centres), float(np.abs(centres).max()), "bits")
    flat = math.ceil(256.0 * round_up(offset / room)) / 256.0
    if not flat < 1.0:
        raise InfeasibleConstruction(
            "bits", bits, f"points are {offset:.3g} from their centres, which have room for {room:.3g}"
        )
    extra = (
        Entry("header", "grid", integer_length(exponent), f"scale 2^({exponent}/8) of the grid"),
        Entry("header", "flat part", words(1, 8), "in parts of 256 of the radius"),
    )
    return _around("rounded bumps", points, labels, centres, None, plateau(flat), rows, bits, extra)


def random_frame(kept: int, inputs: int, seed: int) -> Frame:
    """Orthonormal rows (kept, inputs) of uniform direction, drawn without the data."""
    if not 1 <= whole("kept", kept) <= whole("inputs", inputs):
        raise InvalidArgument("kept", kept, f"choose between 1 and {inputs}")
    rng = generator("probe", "frame", seed, kept, inputs)
    return np.asarray(np.linalg.qr(rng.standard_normal((inputs, kept)))[0].T)


def _around(
    name: str,
    x: Points,
    y: Values,
    centres: Centres,
    radius: float | None,
    profile: Profile,
    frame: Frame | None = None,
    bits: int = WORD,
    extra: tuple[Entry, ...] = (),
) -> Interpolant:
    room = _largest_radius(centres)
    own = _checked_radius(radius, room, float(np.abs(centres).max()))
    slope = Bracket.exact(float(np.abs(y).max())) * profile.slope / own * _stretch(frame)
    # a point is at its own centre up to the rounding of projections; a flat part covers that and the grid
    error = 0.0 if profile.flat > 0.0 or frame is None else round_up(slope.upper * _drift(x, frame))
    count = centres.size
    told = () if radius is None else (Entry("header", "radius", words(1), "a number of the user's"),)
    entries = (
        header(f"{name}, {profile.name}"),
        *told,
        *extra,
        Entry("weights", "centres", words(count, bits), f"{count} coordinates of {bits} bits"),
        label_entry(y),
    )
    return Interpolant(
        name,
        BumpSum(centres, y, own, profile, frame),
        x,
        y,
        slope.named("max|y| S/r |P|, supports being disjoint"),
        "R^d",
        count + len(y),
        Ledger(entries, name=name),
        error,
        max(0.0, round_down(2.0 * (room - own))) if math.isfinite(room) else math.inf,
    )


def _largest_radius(centres: Centres) -> float:
    """Half of the smallest distance, rounded down; infinite for one point."""
    return math.inf if len(centres) == 1 else 0.5 * smallest_distance(centres).lower


def _checked_radius(radius: float | None, room: float, size: float, blame: str = "x") -> float:
    if not room > 0.0:
        raise InfeasibleConstruction(blame, room, "two centres are equal, so no bumps there are disjoint")
    if radius is None:
        return room if math.isfinite(room) else max(1.0, size)
    require_positive("radius", radius)
    if radius > room:
        raise InfeasibleConstruction(
            "radius", radius, f"supports are certified to be disjoint up to {room!r} only"
        )
    return float(radius)


def _stretch(frame: Frame | None) -> Bracket:
    """The spectral norm of a frame: the root of 1 +- |P P' - I|.

    An entry of P P' is off by gamma(d) times a product of norms below 2, the identity of the norm by D of
    those; for a frame that is orthonormal up to rounding the bracket contains 1.
    """
    if frame is None:
        return Bracket.exact(1.0)
    gram = frame @ frame.T - np.eye(len(frame))
    defect = float(np.linalg.norm(gram)) + 4.0 * len(frame) * gamma(frame.shape[1] + 4)
    if defect > 1e-6:
        raise InvalidArgument("frame", defect, "its rows have to be orthonormal: take the QR factorisation")
    return Bracket(round_down(1.0 - defect), round_up(1.0 + defect)).sqrt()


def _drift(x: Points, frame: Frame | None) -> float:
    """How far a projection in float64 may be from the exact one."""
    if frame is None:
        return 0.0
    size = np.abs(x) @ np.abs(frame).T
    return float(row_norms(size)[1].max()) * gamma(frame.shape[1] + 4)


def _on_grid(points: Points, bits: int) -> tuple[Points, int]:
    """The points on the grid of that many bits whose largest error is the least, and its exponent."""
    values = torch.as_tensor(points)
    top = math.ceil(8.0 * math.log2(2.0 * max(float(np.abs(points).max()), 1e-300) / 2**bits))
    found: tuple[float, int, np.ndarray] | None = None
    for exponent in (top + j for j in SCALES):
        scale = scale_of(torch.tensor(float(exponent), dtype=torch.float64))
        rounded = level_value(level_index(values, scale, bits), scale, bits).numpy()
        error = float(row_norms(points - rounded)[1].max())
        if found is None or error < found[0]:
            found = error, exponent, rounded
    assert found is not None
    return found[2], found[1]
