"""Polygons of the projective plane (and intervals of the line) with integer corners.

A corner is (x, t) with t >= 0 up to a positive factor; t = 0 is infinitely far away, so
unbounded cells need no box. Every affine form is linear there, and its sign is exact.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import gcd

import numpy as np

# Ratios closer than this (relative) are compared exactly.
NEAR = 1e-9


@dataclass(frozen=True, eq=False)
class Cell:
    """Full-dimensional cell of dimension 1 or 2.

    corners : (dimension + 1, count) integers, in order around the polygon
    sides   : name of the form that vanishes on the side from corner i to corner i + 1; on the
              line, of the one that vanishes at corner i
    """

    corners: np.ndarray
    sides: tuple[int, ...]

    @property
    def is_polygon(self) -> bool:
        return len(self.corners) == 3

    def split(self, values: np.ndarray, name: int) -> tuple[Cell, Cell]:
        """The parts where the form with these values at the corners is negative, and positive."""
        part = self._part_polygon if self.is_polygon else self._part_line
        return part(-values, name), part(values, name)

    def _part_line(self, values: np.ndarray, name: int) -> Cell:
        keep = 0 if values[0] > 0 else 1
        corners, sides = [self._between(values, 0, 1)] * 2, [name, name]
        corners[keep], sides[keep] = self.corners[:, keep], self.sides[keep]
        return Cell(np.column_stack(corners), tuple(sides))

    def _part_polygon(self, values: np.ndarray, name: int) -> Cell:
        corners, sides = [], []
        count = len(self.sides)
        for i in range(count):
            j = (i + 1) % count
            if values[i] >= 0:
                corners.append(self.corners[:, i])
                # Leaving at corner i itself: the next side is the cut.
                sides.append(name if values[i] == 0 and values[j] < 0 else self.sides[i])
            if values[i] > 0 > values[j]:
                corners.append(self._between(values, i, j))
                sides.append(name)
            elif values[i] < 0 < values[j]:
                corners.append(self._between(values, i, j))
                sides.append(self.sides[i])
        return Cell(np.column_stack(corners), tuple(sides))

    def _between(self, values: np.ndarray, i: int, j: int) -> np.ndarray:
        v = abs(values[j]) * self.corners[:, i] + abs(values[i]) * self.corners[:, j]
        common = gcd(*(int(x) for x in v))
        return np.array([int(x) // common for x in v], dtype=object)

    def support(self, values: np.ndarray) -> tuple[int, ...]:
        """Sides whose forms, with t, combine to the form with these values, all of one sign.

        They meet at the finite corner where the form divided by t is least.
        """
        t = self.corners[-1]
        finite = [i for i in range(len(self.sides)) if t[i] > 0]
        ratios = [abs(values[i]) / t[i] for i in finite]
        least = min(ratios)
        close = [i for i, r in zip(finite, ratios, strict=True) if r <= least * (1.0 + NEAR)]
        best = (
            close[0]
            if len(close) == 1
            else min(close, key=lambda i: Fraction(abs(int(values[i])), int(t[i])))
        )
        return (self.sides[best - 1], self.sides[best]) if self.is_polygon else (self.sides[best],)

    def middle(self) -> np.ndarray:
        """A point inside, in float64."""
        columns = [_direction(self.corners[:, i]) for i in range(len(self.sides))]
        v = np.sum(columns, axis=0)
        return np.asarray(v[:-1] / v[-1])


def start(dimension: int, first_axis: int, t: int) -> list[tuple[tuple[int, ...], Cell]]:
    """Half lines or quadrants, with the signs of the axes; axis i is named first_axis + i."""
    if dimension == 1:
        return [((s,), Cell(np.array([[0, s], [1, 0]], dtype=object), (first_axis, t))) for s in (-1, 1)]
    found: list[tuple[tuple[int, ...], Cell]] = []
    for r in (-1, 1):
        for s in (-1, 1):
            corners = np.array([[0, r, 0], [0, 0, s], [1, 0, 0]], dtype=object)
            # From the origin along the first axis the second coordinate vanishes.
            found.append(((r, s), Cell(corners, (first_axis + 1, t, first_axis))))
    return found


def _direction(corner: np.ndarray) -> np.ndarray:
    """The corner over its largest entry, as floats."""
    size = max(abs(int(x)) for x in corner)
    return np.array([int(x) / size for x in corner])
