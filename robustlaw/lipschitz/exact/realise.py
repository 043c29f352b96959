"""Is there a point with these signs?  A point, or a proof in exact arithmetic that there is none.

The signs ask for g_i(x, 1) > 0 with affine forms g_i. Either some (x, t), t > 0, makes all
g_i(x, t) positive, or 0 is in the convex hull of the g_i and of the form t (Gordan). The point
of the hull nearest to 0, found by non-negative least squares, decides: it is the direction of
largest angular margin, or its weights are a Farkas vector. The vector's support is solved again
in integers; only then does a pattern count as unreachable.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from scipy.optimize import nnls

# Below this distance of the hull from 0 floating point may not tell the two cases apart.
THIN = 1e-6


@dataclass(frozen=True)
class Answer:
    """A point, as far as floats can tell, and rows whose hull is near 0.

    support : rows with positive weight, the form t being row len(forms)
    margin  : distance of the hull from 0, all rows having length 1
    """

    point: np.ndarray | None
    support: tuple[int, ...]
    margin: float = 0.0


def realise(forms: np.ndarray) -> Answer:
    """Answer for the rows g_i > 0 of `forms` (m, d + 1), whose last column belongs to t."""
    rows = np.vstack([forms, np.eye(1, forms.shape[1], forms.shape[1] - 1)])
    unit = typical(forms)
    rows[:, -1] *= unit
    size = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    rows = rows / np.where(size > 0.0, size, 1.0)[:, None]
    target = np.zeros(rows.shape[1] + 1)
    target[-1] = 1.0
    try:
        weights, _ = nnls(np.vstack([rows.T, np.ones(len(rows))]), target, maxiter=50 * len(rows) + 100)
    except RuntimeError:
        return Answer(None, ())
    nearest = weights @ rows
    support = tuple(int(i) for i in np.flatnonzero(weights > 0.0))
    margin = float(np.sqrt(nearest @ nearest))
    if not ((rows @ nearest).min() > 0.0 and nearest[-1] > 0.0):
        return Answer(None, support, margin)
    return Answer(nearest[:-1] / (nearest[-1] * unit), support, margin)


def candidates(support: tuple[int, ...]) -> Iterator[tuple[int, ...]]:
    """The support, and smaller ones in case some rows of it are parallel or flat."""
    yield support
    for size in (2, 3, len(support) - 1):
        if 1 < size < len(support):
            yield from combinations(support, size)


def typical(forms: np.ndarray) -> float:
    """Distance at which constants matter, so that t and x are alike in size."""
    slopes = np.sqrt(np.einsum("ij,ij->i", forms[:, :-1], forms[:, :-1]))
    keep = (slopes > 0.0) & (forms[:, -1] != 0.0)
    if not keep.any():
        return 1.0
    return float(np.exp2(np.rint(np.median(np.log2(np.abs(forms[keep, -1])) - np.log2(slopes[keep])))))


def is_contradiction(columns: list[list[int]], real: int) -> bool:
    """Exact: some y >= 0 with sum y_i g_i = 0 and y_i > 0 for one of the first `real` vectors.

    columns : integer vectors g_i, the last of which may be the form t (then not counted in
              `real`). Their dependency has to be unique up to a factor.
    """
    vector = dependency(columns)
    if vector is None:
        return False
    if all(y <= 0 for y in vector):
        vector = [-y for y in vector]
    return all(y >= 0 for y in vector) and any(y > 0 for y in vector[:real])


def dependency(columns: list[list[int]]) -> list[int] | None:
    """y with sum y_i columns_i = 0, if it is unique up to a factor.

    Elimination without fractions (Bareiss): divisions are exact and every pivot is the same minor.
    """
    count = len(columns)
    rows = [list(row) for row in zip(*columns, strict=True)]
    pivots: list[int] = []
    last = 1
    for j in range(count):
        rank = len(pivots)
        place = next((i for i in range(rank, len(rows)) if rows[i][j]), None)
        if place is None:
            continue
        rows[rank], rows[place] = rows[place], rows[rank]
        top = rows[rank]
        pivot = top[j]
        for i, row in enumerate(rows):
            if i != rank:
                factor = row[j]
                rows[i] = [(pivot * x - factor * y) // last for x, y in zip(row, top, strict=True)]
        last = pivot
        pivots.append(j)
    others = [j for j in range(count) if j not in pivots]
    if len(others) != 1:
        return None
    solution = [0] * count
    solution[others[0]] = -last
    for i, j in enumerate(pivots):
        solution[j] = rows[i][others[0]]
    return solution
