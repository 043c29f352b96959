"""Smooth activations, one hidden layer and output, two inputs at most: subdivision of the plane.

Triangles of the projective plane are cut until the bound over each is at most the target. A chord
in place of each slope makes the bound right to second order, so that few triangles are left
around a maximum. Where one bundle of parallel units alone is not saturated, which is everywhere
far away, the bound is the supremum itself; no box, and nothing is lost at infinity.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from fractions import Fraction

import numpy as np

from ...evidence import Certificate
from ..attained import certified_norms
from ..batch import Batch
from ..probes import reach
from ..rounding import gamma
from .extent import extent
from .model import Model
from .search import BELOW, Threshold
from .slopes import SHAPES
from .triangles import START, Bundles, halves

# Triangles at most, and doubles in one part of their bounds.
MOST, WORKING_SET = 400_000, 1_000_000
# Corners with more binary places than this might be rounded.
PLACES = 2.0**50
# Weights of very different sizes are left to other methods: products must not vanish.
LEAST, LARGEST = 2.0**-60, 2.0**60


@dataclass(frozen=True, eq=False)
class Plane:
    """A network as functions on at most two inputs.

    inputs : those that matter; unit : lengths are measured in it (a power of two)
    order  : place of each bundle among the bundles by first unit, as the certificate has them
    peaks  : finite points at which single bundles are steepest
    """

    model: Model
    inputs: np.ndarray
    unit: float
    bundles: Bundles
    order: np.ndarray
    peaks: np.ndarray

    @classmethod
    def of(cls, model: Model) -> Plane | None:
        """None for other shapes, and where numbers differ too much in size."""
        net, units = model.net, np.flatnonzero(model.open_units)
        batch = Batch.of([net])
        inputs = np.flatnonzero(batch.alive[0][0])
        if batch.activation.name not in SHAPES or net.arch.layers != 2 or net.arch.widths[-1] != 1:
            return None
        if not 1 <= len(inputs) <= 2:
            return None
        w, b = net.weights[0][np.ix_(units, inputs)], net.biases[0][units]
        v = model.weights[1][0, units]
        if not all(_moderate(x) for x in (w, v, b)):
            return None
        w = np.column_stack([w, np.zeros((len(w), 2 - len(inputs)))])
        bundle, first = _bundled(w)
        rays, place = _by_angle(w[first])
        lead = np.abs(w[first]).argmax(axis=1)
        ratio = w[np.arange(len(w)), lead[bundle]] / rays[bundle, lead[bundle]]
        share, unit = v * ratio, _power(4.0 * reach(batch)[0])
        found = [_bundle(batch, rays[c], *(x[bundle == c] for x in (ratio, b, share))) for c in place]
        total = float(np.sqrt(((v[:, None] * w) ** 2).sum(axis=1)).sum())
        names = np.argsort(place)[bundle]
        u = np.argsort(names, kind="stable")
        bundles = Bundles(
            batch.activation,
            np.column_stack([w[u] * unit, b[u]]),
            share[u],
            names[u],
            rays[place],
            np.array([ends for ends, _ in found]),
            8.0 * gamma(8 * len(v) + 64) * total,
        )
        return cls(model, inputs, unit, bundles, place, np.concatenate([points for _, points in found]))

    def ranges(self) -> np.ndarray:
        """Of the bundles in the order of their first units, for shares of rays as they are there."""
        found = np.zeros((len(self.order), 2))
        found[self.order] = self.bundles.ranges
        return found

    def point(self, corner: np.ndarray) -> np.ndarray:
        """The network's input at a finite homogeneous point."""
        x = np.zeros(self.model.inputs)
        x[self.inputs] = (self.unit * corner[:2] / corner[2])[: len(self.inputs)]
        return x


def _bundled(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(bundle of each row, first row of each bundle): rows that are exactly parallel."""
    names: dict[Fraction | None, int] = {}
    directions = [Fraction(float(y)) / Fraction(float(x)) if x else None for x, y in rows]
    bundle = np.array([names.setdefault(key, len(names)) for key in directions])
    return bundle, np.array([int((bundle == c).argmax()) for c in range(len(names))])


def _by_angle(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(rows turned into one half plane, their order by angle)."""
    flip = (rows[:, 1] < 0.0) | ((rows[:, 1] == 0.0) & (rows[:, 0] < 0.0))
    rays = np.where(flip[:, None], -rows, rows)
    return rays, np.argsort(np.arctan2(rays[:, 1], rays[:, 0]), kind="stable")


def _bundle(
    batch: Batch, ray: np.ndarray, ratio: np.ndarray, b: np.ndarray, share: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """(range of the bundle's slope along its ray, points where it is extreme)."""
    act = batch.activation
    unit = _power(float(np.median((1.0 + np.abs(b)) / np.abs(ratio))))
    ends, peaks = extent(act, np.column_stack([ratio * unit, b]), share)
    if len(share) == 1:
        sector = np.array([act.slope_low, act.slope_high]) * share[0]
        ends = np.array([np.nextafter(sector.min(), -np.inf), np.nextafter(sector.max(), np.inf)])
    length = float(ray @ ray)
    return ends, (unit * peaks[:, :1] / peaks[:, 1:]) * (ray / length)


def _power(x: float) -> float:
    return float(np.exp2(np.rint(np.log2(x))))


def _moderate(x: np.ndarray) -> bool:
    size = np.abs(x[x != 0.0])
    return bool(np.isfinite(x).all() and (size > LEAST).all() and (size < LARGEST).all())


@dataclass(eq=False)
class Subdivision:
    """All triangles that were made, as a tree; `attained` is a certified lower end that grows.

    threshold : (low, high): bounds below low are good enough, and so is an attained value of high
    """

    plane: Plane
    attained: float
    tolerance: float
    deadline: float
    threshold: Threshold = None
    witness: np.ndarray | None = None
    top: float = 0.0
    count: int = 0
    cuts: list[np.ndarray] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.batch = Batch.of([self.plane.model.net])
        self.exponent = int(self.plane.model.powers[-1] - self.plane.model.powers[-2])
        for x in self.plane.peaks:
            self._consider(np.append(x / self.plane.unit, 1.0))

    def run(self) -> bool:
        """Whether every triangle's bound is at most the target; `top` is the largest bound."""
        bundles = self.plane.bundles
        if len(bundles.rays) == 1:
            ends = np.abs(bundles.ranges).max() * np.sqrt((bundles.rays**2).sum())
            self.top = float(ends) + bundles.slack
            return True
        corners, names = START, np.arange(len(START))
        bound, self.count = self._bounds(corners), len(START)
        while True:
            self._look(corners)
            active = (bound > self.target()) & (np.abs(corners * PLACES) % 1.0 == 0.0).all(axis=(1, 2))
            self.top = max([self.top, *bound[~active].tolist()])
            corners, bound, names = corners[active], bound[active], names[active]
            if not len(corners):
                return self.top <= self.target()
            won = self.threshold is not None and self.attained >= self.threshold[1]
            if won or time.monotonic() > self.deadline or self.count > MOST:
                self.top = max(self.top, float(bound.max()))
                return False
            children, side = halves(corners)
            self.cuts.append(np.column_stack([names, side]))
            corners = children.reshape(-1, 3, 3)
            names = self.count + np.arange(len(corners))
            self.count += len(corners)
            # not the parent's where that is smaller: the leaves alone are in the certificate
            bound = self._bounds(corners)

    def target(self) -> float:
        value = self.attained * (1.0 + self.tolerance)
        if self.threshold is not None:
            value = max(value, self.threshold[0] * (1.0 - BELOW))
        return float(np.ldexp(value, -self.exponent))

    def _bounds(self, corners: np.ndarray) -> np.ndarray:
        part = max(1, WORKING_SET // (9 * len(self.plane.bundles.forms)))
        return np.concatenate(
            [self.plane.bundles.bounds(corners[i : i + part]) for i in range(0, len(corners), part)]
        )

    def _look(self, corners: np.ndarray) -> None:
        """The steepest of the triangles' middles."""
        middle = corners.mean(axis=1)
        part = max(1, WORKING_SET // (3 * len(self.plane.bundles.forms)))
        g = [self.plane.bundles.gradients(middle[i : i + part]) for i in range(0, len(middle), part)]
        square = (np.concatenate(g) ** 2).sum(axis=1)
        place = int(square.argmax())
        if np.ldexp(np.sqrt(square[place]), self.exponent) > self.attained:
            self._consider(middle[place])

    def _consider(self, corner: np.ndarray) -> None:
        x = self.plane.point(corner)
        value = float(certified_norms(self.batch, x[None, None])[0, 0]) if np.isfinite(x).all() else 0.0
        if value > self.attained:
            self.attained, self.witness = value, x

    def upper(self) -> float:
        """The largest bound, on the given scale."""
        return float(np.nextafter(np.ldexp(self.top * (1.0 + gamma(64)), self.exponent), np.inf))

    def certificate(self) -> Certificate:
        """kind "triangles": the side at which each is cut, -1 for none, in preorder; and ranges."""
        side, child = np.full(self.count, -1), np.zeros(self.count, dtype=int)
        begin = len(START)
        for cut in self.cuts:
            side[cut[:, 0]] = cut[:, 1]
            child[cut[:, 0]] = begin + 2 * np.arange(len(cut))
            begin += 2 * len(cut)
        decisions: list[float] = []
        stack = list(range(len(START)))[::-1] if self.count else []
        while stack:
            node = stack.pop()
            decisions.append(float(side[node]))
            if side[node] >= 0:
                stack += [int(child[node]) + 1, int(child[node])]
        ranges = np.ldexp(self.plane.ranges(), self.exponent)
        numbers = {"sides": tuple(decisions), "ranges": tuple(ranges.ravel().tolist())}
        return Certificate("triangles", {**numbers, "unit": (self.plane.unit,)})
