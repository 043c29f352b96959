"""Checks an upper end proved by a subdivision of the plane: smooth slopes, one hidden layer.

With at most two inputs that matter, bundles c of units with parallel rows and rays d_c, the
gradient is sum_c h_c(d_c . x) d_c, h_c(y) = sum_{i in c} q_i slope(k_i y + b_i). The certificate
claims a range of each h_c, proved here by cutting a line, and gives a subdivision of the plane:
triangles of homogeneous corners (x, t) |x_1| + |x_2| + t = 1, t = 0 far away, in preorder, each
with the side at whose middle it is cut, or -1. Over a leaf slopes are free in their ranges (the
longest vector of a zonotope), or replaced by chords, off by at most bend width^2 / 8.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from itertools import product

import numpy as np

from ..networks import Activation, Network, activation
from .certificate import GAMMA, living, require
from .certificate_slopes import BEND, chords, inputs, slope_ends, stays_below

RANGE, PLACES, WORKING_SET = 2.0**100, 2.0**52, 500_000


def prove_triangles(net: Network, upper: float, numbers: Mapping[str, tuple[float, ...]]) -> None:
    """Over no triangle the gradient is longer than the upper end."""
    act, alive = activation(net.arch.activation), living(net)
    shallow = net.arch.layers == 2 and net.arch.widths[-1] == 1 and act.name in BEND
    require(shallow and alive[0].sum() <= 2, "triangles prove something for a smooth layer on two inputs")
    w, b, v = net.weights[0][alive[1]][:, alive[0]], net.biases[0][alive[1]], net.weights[1][0, alive[1]]
    used = [a[a != 0.0] for a in (w, b, v)]
    moderate = all(((abs(x) > 1.0 / RANGE) & (abs(x) < RANGE)).all() for x in used)
    require(moderate, "weights of too different size for triangles")
    w = np.column_stack([w, np.zeros((len(w), 2 - w.shape[1]))])
    names: dict[Fraction | None, int] = {}
    bundle = np.array(
        [names.setdefault(Fraction(y) / Fraction(x) if x else None, len(names)) for x, y in w.tolist()]
    )
    rays = np.stack([w[int((bundle == c).argmax())] for c in range(len(names))])
    rays *= np.where((rays[:, 1] < 0.0) | ((rays[:, 1] == 0.0) & (rays[:, 0] < 0.0)), -1.0, 1.0)[:, None]
    lead = np.abs(rays).argmax(axis=1)[bundle]
    k = w[np.arange(len(w)), lead] / rays[bundle, lead]
    ranges = np.array(numbers["ranges"]).reshape(len(names), 2)
    for c, (low, high) in enumerate(ranges):
        some = bundle == c
        layer = np.column_stack([k[some], b[some]]), (v * k)[some]
        inside = all(stays_below(act, layer[0], s * layer[1], e) for s, e in ((1.0, high), (-1.0, -low)))
        require(inside, "a bundle of parallel units may be steeper than its range")
    a = v[:, None] * w
    slack = (8 * len(v) + 66) * GAMMA * 3.0 * float(np.sqrt((a * a).sum(axis=1)).sum())
    limit = upper * (1.0 - 66 * GAMMA) - slack
    if len(names) == 1:
        require(np.abs(ranges).max() * np.sqrt((rays**2).sum()) <= limit, "the range is larger")
        return
    (unit,) = numbers["unit"]
    exact = 1.0 / RANGE < unit < RANGE and np.frexp(unit)[0] == 0.5
    require(exact, "the unit of length has to be a power of two")
    corners = _leaves(numbers["sides"])
    require(not (np.abs(corners * PLACES) % 1.0).any(), "corners may be rounded")
    slopes = _Slopes(act, np.column_stack([w * unit, b]), v * k, bundle, rays, ranges)
    part = max(1, WORKING_SET // (9 * len(w)))
    for begin in range(0, len(corners), part):
        low = (slopes.longest(corners[begin : begin + part]) <= limit).all()
        require(low, "over a triangle the gradient may be longer")


class _Slopes:
    def __init__(
        self,
        act: Activation,
        forms: np.ndarray,
        q: np.ndarray,
        bundle: np.ndarray,
        rays: np.ndarray,
        ranges: np.ndarray,
    ) -> None:
        order = np.argsort(np.arctan2(rays[:, 1], rays[:, 0]))
        self.act, self.forms, self.q, self.rays, self.ranges = act, forms, q, rays[order], ranges[order]
        self.member = (bundle == order[:, None]).astype(float)
        self.columns = q[:, None] * rays[bundle]

    def longest(self, corners: np.ndarray) -> np.ndarray:
        low, high, z, finite = inputs(self.forms, corners)
        ends = np.sort(np.stack(slope_ends(self.act, low, high)) * self.q, axis=0) @ self.member.T
        ends = np.maximum(ends[0], self.ranges[:, 0]), np.minimum(ends[1], self.ranges[:, 1])
        centre = (0.5 * (ends[0] + ends[1]) @ self.rays)[:, None]
        sides = (0.5 * np.maximum(ends[1] - ends[0], 0.0))[:, :, None] * self.rays
        vertex = sides.sum(axis=1, keepdims=True) - 2.0 * np.cumsum(sides, axis=1)
        longest = np.maximum(_size(centre + vertex), _size(centre - vertex)).max(axis=1)
        values, error = chords(self.act, low[finite], high[finite], z[finite])
        length = _size(values @ self.columns).max(axis=1) + error @ _size(self.columns)
        longest[finite] = np.minimum(longest[finite], length)
        return np.asarray(longest)


def _size(x: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt((x * x).sum(axis=-1)))


def _leaves(sides: tuple[float, ...]) -> np.ndarray:
    """Corners of the triangles that are not cut. Raises ValueError if the list is no such tree."""
    todo = [np.diag([a, b, 1.0]) for a, b in product((1.0, -1.0), repeat=2)][::-1]
    found: list[np.ndarray] = []
    for side in sides:
        corners: np.ndarray = todo.pop() if todo else np.zeros(0)
        if side == -1.0 and len(corners):
            found.append(corners)
        elif side in (0.0, 1.0, 2.0) and len(corners):
            i, j = int(side), (int(side) + 1) % 3
            first, second = corners.copy(), corners.copy()
            first[j] = second[i] = 0.5 * (corners[i] + corners[j])
            todo += [second, first]
        else:
            raise ValueError("sides do not describe a subdivision")
    if todo:
        raise ValueError("sides end before the subdivision does")
    return np.array(found)


CHECKERS = {"triangles": prove_triangles}
