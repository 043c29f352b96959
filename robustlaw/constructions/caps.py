"""A ReLU network of width 2n that fits n labels on the unit sphere (after Shmalo 2026).

phi_i(x) = [relu(<x_i, x> - (1 - s)) - relu(<x_i, x> - 1)]/s lives on a cap around x_i. Where caps are
disjoint, sqrt((1 + r_max)/2) <= 1 - s with r_max the largest inner product, the network's Lipschitz
constant *on the sphere* is max|y| sqrt((2 - s)/s). Its constant on all of R^d, which
lipschitz.bracket encloses, is another and larger number: far from the sphere many caps overlap.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from ..accounting import Entry, Ledger
from ..data.checks import EPS, require_number, row_norms
from ..errors import InfeasibleConstruction, InvalidArgument
from ..evidence import Bracket, round_up
from ..networks import Dependence, Network, Origin
from .interpolant import Interpolant, Points, Values, as_points, header, label_entry, words
from .separation import largest_inner_product

GRID = 2.0**-30  # 1 - s is a multiple of it, so that 1 - s and s are both exact
MARGIN = 2.0**-20  # left between caps of the largest s


@dataclass(frozen=True)
class Caps:
    """Caps around points of the sphere.

    rim     : k = 1 - s, of the largest inner products with the centre that are outside the cap
    lengths : encloses the lengths of all rows, and 1: float64 vectors are not of length 1 exactly
    inner   : encloses the largest inner product of two directions
    """

    rim: float
    lengths: Bracket
    inner: Bracket

    @property
    def share(self) -> float:
        """s = 1 - k, exact."""
        return 1.0 - self.rim

    @property
    def spare(self) -> float:
        """Lower end of k/|x_i| - sqrt((1 + r_max)/2): caps are disjoint where it is at least 0."""
        half = ((self.inner + 1.0) / 2.0).sqrt()
        return (Bracket.exact(self.rim) / self.lengths - half).lower

    def slope(self, lowered: float = 0.0) -> Bracket:
        """sqrt(a^2 - k^2), a = |x_i|: of <x_i, x> on the cap, its rim lowered so far."""
        k = Bracket.exact(self.rim) - lowered
        return (self.lengths * self.lengths - k * k).sqrt()


def relu_caps(x: Any, y: Any, share: float | None = None) -> Interpolant:
    """The network through unit vectors x; `lipschitz` is that on the sphere.

    share : s in (0, 1), by default nearly the largest for which the caps are disjoint
    A row of the first layer is a point, the bias fixes the cap, a row of the second is +-y_i/s; so p is
    n(d + 1). Raises InvalidArgument where a row is not of length 1 up to rounding,
    InfeasibleConstruction where caps meet (equal points always do).
    """
    points, labels = as_points(x, y)
    caps = disjoint_caps(points, share)
    heights = labels / caps.share
    weight = np.concatenate([points, points])
    bias = np.concatenate([np.full(len(points), -caps.rim), np.full(len(points), -1.0)])
    layers = [(weight, bias), (np.concatenate([heights, -heights])[None, :], np.zeros(1))]
    origin = Origin(Dependence.NONE, maskable=frozenset(), method="ReLU caps", recorded=True)
    net = Network.from_arrays(layers, origin=origin)
    told = () if share is None else (Entry("header", "share", words(1), "a number of the user's"),)
    entries = (
        header("ReLU caps"),
        *told,
        Entry("weights", "directions", words(points.size), f"{points.size} coordinates of 64 bits"),
        label_entry(labels),
    )
    return Interpolant(
        "ReLU caps",
        lambda p: net.forward(p)[:, 0],
        points,
        labels,
        _slope(caps, float(np.abs(labels).max())),
        "sphere",
        points.size + len(labels),
        Ledger(entries, name="ReLU caps"),
        _misfit(caps, labels),
        caps.spare,
        net,
    )


def disjoint_caps(points: Points, share: float | None) -> Caps:
    """The caps, proved to be disjoint. Raises InvalidArgument or InfeasibleConstruction."""
    if points.shape[1] < 2:
        raise InvalidArgument("x", points.shape, "a sphere needs at least two inputs")
    lengths = _unit_lengths(points)
    inner = largest_inner_product(points) / (lengths * lengths)
    inner = Bracket(max(-1.0, inner.lower), max(-1.0, inner.upper), inner.method)
    widest = 1.0 - math.sqrt(max(0.0, (1.0 + inner.upper) / 2.0)) - MARGIN
    if share is None:
        if not widest > GRID:
            raise InfeasibleConstruction("x", inner.upper, "two points are too near for caps of any size")
        rim = math.ceil((1.0 - widest) / GRID) * GRID
    else:
        require_number("share", share)
        if not GRID <= share < 1.0:
            raise InvalidArgument("share", share, "give s above 0 and below 1")
        rim = round((1.0 - share) / GRID) * GRID
    caps = Caps(rim, lengths, inner)
    if caps.spare < 0.0:
        raise InfeasibleConstruction(
            "share", caps.share, f"caps are disjoint up to {max(0.0, widest):.6g} only"
        )
    return caps


def _unit_lengths(points: Points) -> Bracket:
    low, high = row_norms(points)
    room = 4.0 * (points.shape[1] + 8) * EPS
    off = max(float(high.max()) - 1.0, 1.0 - float(low.min()))
    if off > room:
        raise InvalidArgument("x", off, f"give unit vectors; a length differs from 1 by more than {room:.2g}")
    return Bracket(min(1.0, float(low.min())), max(1.0, float(high.max())), "row norms")


def _slope(caps: Caps, height: float) -> Bracket:
    """max|y| sqrt(a^2 - k^2)/s; |y|/s is a float of the network, and off by a rounding."""
    found = caps.slope() * height / caps.share
    return found.widen(2.0 * EPS).named("max|y| sqrt((2 - s)/s) on the sphere, caps being disjoint")


def _misfit(caps: Caps, labels: Values) -> float:
    """Upper bound of max |f(x_i) - y_i|: at x_i the other bumps are exactly 0.

    Its own is (a^2 - k)/s, or 1 where a^2 > 1; fl(y/s) is off by a rounding.
    """
    lost = (Bracket.exact(1.0) - caps.lengths * caps.lengths).upper / caps.share
    return round_up(float(np.abs(labels).max()) * (max(0.0, lost) * (1.0 + 4.0 * EPS) + 2.0 * EPS))
