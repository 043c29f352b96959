"""One line of an arrangement of hyperplanes in integers: nothing about it stays open."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

import numpy as np


@dataclass(frozen=True, eq=False)
class ExactLine:
    """Sign patterns along a line, in order, and the planes that contain all of it.

    inside : planes that contain the line, at least those it was made from
    signs  : (segments, planes), 0 on those inside
    """

    inside: np.ndarray
    signs: np.ndarray

    @classmethod
    def of(cls, forms: np.ndarray, chosen: np.ndarray) -> ExactLine | None:
        """The line on which the chosen forms vanish; None if they are dependent.

        forms : integers (planes, r + 1), the last column belonging to t
        """
        rows = [[int(x) for x in forms[i]] for i in chosen]
        rank = forms.shape[1] - 1
        along = cofactors([row[:-1] for row in rows], rank)
        if not any(along):
            return None
        slope = forms[:, :-1] @ np.array(along, dtype=object)
        pivot = int(np.flatnonzero(slope != 0)[0])
        value = forms @ np.array(cofactors([*rows, [int(x) for x in forms[pivot]]], rank + 1), dtype=object)
        if slope[pivot] < 0:
            value = -value
        inside = np.flatnonzero((slope == 0) & (value == 0))
        crossing = np.flatnonzero(slope != 0)
        start = np.array([_sign(-s if s else v) for s, v in zip(slope, value, strict=True)], dtype=np.int8)
        tau = {int(i): Fraction(-int(value[i]), int(slope[i])) for i in crossing}
        signs = [start]
        for _, group in groupby(sorted(tau, key=tau.__getitem__), key=tau.__getitem__):
            signs.append(signs[-1].copy())
            places = list(group)
            signs[-1][places] = -signs[-1][places]
        return cls(inside, np.array(signs))


def _sign(x: int) -> int:
    return (x > 0) - (x < 0)


def cofactors(rows: list[list[int]], columns: int) -> list[int]:
    """c with c . f = det of the rows (columns - 1 of them) and f, for every form f."""
    minors = {0: 1}
    for row in rows:
        longer: dict[int, int] = {}
        for mask, minor in minors.items():
            for c in range(columns):
                if not mask >> c & 1 and row[c]:
                    sign = -1 if (mask >> (c + 1)).bit_count() & 1 else 1
                    longer[mask | 1 << c] = longer.get(mask | 1 << c, 0) + sign * row[c] * minor
        minors = longer
    full = (1 << columns) - 1
    return [(-1) ** (columns - 1 - c) * minors.get(full & ~(1 << c), 0) for c in range(columns)]


def independent_columns(matrix: np.ndarray) -> list[int]:
    """Columns of an integer matrix that are a basis of its column space."""
    rest, found = matrix.copy(), []
    last = 1
    for j in range(matrix.shape[1]):
        places = np.flatnonzero(rest[:, j] != 0)
        if len(places):
            found.append(j)
            pivot = rest[places[0]].copy()
            rest = (rest * pivot[j] - np.outer(rest[:, j], pivot)) // last
            last = pivot[j]
            rest[places[0]] = 0
    return found
