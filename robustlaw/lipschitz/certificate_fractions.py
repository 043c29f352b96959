"""Arrangements of planes in exact fractions, for a checker: cells along a line and around a point."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, groupby, product

import numpy as np

Vector = list[Fraction]


def patterns(forms: list[Vector], chosen: list[int], seen: set[tuple[int, ...]]) -> Iterator[np.ndarray]:
    """Signs of all cells next to the line of the chosen forms.

    None where they are dependent, or where the planes that contain their line are in `seen`, to
    which they are added.
    """
    r = len(forms[0]) - 1
    rows, pivots = reduced([forms[i] for i in chosen], r)
    if len(pivots) < r - 1 or r in pivots:
        return
    free = next(j for j in range(r) if j not in pivots)
    e, x = [Fraction(0)] * (r + 1), [Fraction(0)] * r + [Fraction(1)]
    e[free] = Fraction(1)
    for row, j in zip(rows, pivots, strict=True):
        e[j], x[j] = -row[free], -row[r]
    s, p = ([_dot(f, y) for f in forms] for y in (e, x))
    inside = [i for i in range(len(s)) if s[i] == 0 == p[i]]
    if tuple(inside) in seen:
        return
    seen.add(tuple(inside))
    around = sorted(_cells([forms[i][:r] for i in inside], r - 1))
    signs = np.array([_sign(-t if t else y) for t, y in zip(s, p, strict=True)])
    tau = {i: -p[i] / s[i] for i in range(len(s)) if s[i]}
    groups = [list(g) for _, g in groupby(sorted(tau, key=tau.__getitem__), tau.__getitem__)]
    for turned in [[], *groups]:
        signs[turned] *= -1
        for sides in around:
            signs[inside] = sides
            yield signs


def _cells(vectors: list[Vector], rank: int) -> set[tuple[int, ...]]:
    """Signs that full-dimensional cells of the planes through 0 with these normals have."""
    if len(vectors) == rank:
        return set(product((-1, 1), repeat=rank))
    found: set[tuple[int, ...]] = set()
    columns = reduced(vectors, rank)[1]
    vectors = [[v[j] for j in columns] for v in vectors]
    for some in combinations(vectors, rank - 1):
        rows, pivots = reduced(list(some), rank)
        if len(pivots) == rank - 1:
            free = next(j for j in range(rank) if j not in pivots)
            e = [Fraction(int(j == free)) for j in range(rank)]
            for row, j in zip(rows, pivots, strict=True):
                e[j] = -row[free]
            signs = [_sign(_dot(v, e)) for v in vectors]
            inner = _cells([v for v, x in zip(vectors, signs, strict=True) if not x], rank - 1)
            for turn, cell in product((-1, 1), inner):
                sides = iter(cell)
                found.add(tuple(turn * x if x else next(sides) for x in signs))
    return found


def reduced(rows: list[Vector], most: int) -> tuple[list[Vector], list[int]]:
    """Rows in reduced echelon form and their pivots, of which no more than `most` are looked for."""
    rest, done, pivots = [list(row) for row in rows], list[Vector](), list[int]()
    for j in range(len(rest[0]) if rest else 0):
        top = next((row for row in rest if row[j]), None)
        if top is None or len(pivots) == most:
            continue
        rest = [row for row in rest if row is not top]
        top = [x / top[j] for x in top]
        clear = [
            [[x - row[j] * y for x, y in zip(row, top, strict=True)] for row in part] for part in (rest, done)
        ]
        rest, done = clear[0], [*clear[1], top]
        pivots.append(j)
    return done, pivots


def _dot(x: Vector, y: Vector) -> Fraction:
    return sum((a * b for a, b in zip(x, y, strict=False)), Fraction(0))


def _sign(x: Fraction) -> int:
    return (x > 0) - (x < 0)
