"""One hidden layer with one kink, few inputs: every cell has an edge, and every edge is on a line.

After the inputs are reduced to the rank r of W_1 no cell contains a line, so each has a face of
dimension 1, on a line {w_i . x + b_i = 0, i in S} with r - 1 independent w_i. The units off S are
constant on each segment of the line; those of S take all signs next to it. So all gradients are
met by walking along C(h, r - 1) lines. Units that bend on the same hyperplane count as one; a
line on which further units vanish, or where rounding leaves an order open, is done exactly.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...evidence import Certificate
from ..attained import certified_norms
from ..batch import Batch
from ..rounding import gamma
from .cells import Cells
from .edge_exact import ExactLine, independent_columns
from .edge_lines import RECORDS, walk
from .model import Model

# Breakpoints that are affordable, and how many a slow machine does a second, exact lines and all.
MOST_STEPS, STEPS_A_SECOND = 1e8, 2e6
# Beyond it branch and bound is faster; minors have at most one row more.
MOST_RANK = 6
# Lines between two looks at the clock.
PART = 20_000
# Patterns of planes through one line that are looked at, where more meet there than has to be.
MOST_PATTERNS = 4096
# Forms and weights of very different sizes are left to other methods: here products of six must
# neither overflow nor vanish.
LEAST, LARGEST = 2.0**-40, 2.0**40


@dataclass(frozen=True, eq=False)
class Arrangement:
    """Hyperplanes on which units bend, each once.

    plane  : of each open unit; side : +1 if the unit is on where the plane's form is positive
    exact  : integer forms (planes, r + 1) on the chosen inputs and t; forms : the same in float64
    jumps, centre : gradients are centre + sum of sign times jump, on the scale of the model
    slack  : bound on what rounding changes of a gradient's length
    """

    model: Model
    units: np.ndarray
    plane: np.ndarray
    side: np.ndarray
    exact: np.ndarray
    forms: np.ndarray
    jumps: np.ndarray
    centre: np.ndarray
    slack: float

    @classmethod
    def of(cls, model: Model) -> Arrangement | None:
        """None if the rank is too large, or numbers differ too much in size."""
        units = np.flatnonzero(model.open_units)
        if np.linalg.matrix_rank(model.weights[0][units]) > MOST_RANK:
            return None
        whole = model.exact_forms(model.root, 0)[units]
        keys = [_primitive([int(x) for x in row]) for row in whole]
        names = {key: place for place, key in enumerate(dict.fromkeys(key for key, _ in keys))}
        plane = np.array([names[key] for key, _ in keys])
        side = np.array([sign for _, sign in keys], dtype=np.int8)
        exact = np.array(list(names), dtype=object)
        columns = independent_columns(exact[:, :-1])
        if len(columns) > MOST_RANK:
            return None
        first = units[[int(np.flatnonzero(plane == k)[0]) for k in range(len(names))]]
        forms = np.column_stack([model.net.weights[0][first][:, columns], model.net.biases[0][first]])
        sign = side[[int(np.flatnonzero(plane == k)[0]) for k in range(len(names))]]
        power = np.frexp(np.abs(forms[:, :-1]).max(axis=1))[1]
        with np.errstate(over="ignore", under="ignore"):
            forms = np.ldexp(forms * sign[:, None], -power[:, None])
        weights = [model.weights[0][units], model.weights[1][0, units]]
        if not all(_moderate(x) for x in (forms, *weights)):
            return None
        a = weights[1][:, None] * weights[0]
        radius, centre = 0.5 * (model.slopes.high - model.slopes.low), model.slopes.centre
        jumps = np.zeros((len(names), a.shape[1]))
        np.add.at(jumps, plane, radius * side[:, None] * a)
        total = float(np.sqrt((a * a).sum(axis=1)).sum()) * (abs(centre) + radius)
        slack = 4.0 * gamma(8 * len(units) + 4 * a.shape[1] + 64) * total
        exact = np.column_stack([exact[:, columns], exact[:, -1]])
        return cls(model, units, plane, side, exact, forms, jumps, centre * a.sum(axis=0), slack)

    @property
    def rank(self) -> int:
        return int(self.forms.shape[1]) - 1

    @cached_property
    def lines(self) -> int:
        return math.comb(len(self.forms), self.rank - 1)

    @property
    def steps(self) -> float:
        return float(self.lines) * len(self.forms)

    def pattern(self, signs: np.ndarray) -> np.ndarray:
        """Signs of the units from those of the planes."""
        full = self.model.root.copy()
        full[self.units] = signs[self.plane] * self.side
        return full

    def length(self, signs: np.ndarray) -> float:
        return float(np.linalg.norm(self.centre + signs @ self.jumps))


def _primitive(row: list[int]) -> tuple[tuple[int, ...], int]:
    """The form divided by its content and turned so that its first entry is positive; its sign."""
    content = math.gcd(*row)
    sign = 1 if next(x for x in row if x) > 0 else -1
    return tuple(sign * x // content for x in row), sign


def _moderate(x: np.ndarray) -> bool:
    size = np.abs(x[x != 0.0])
    return bool(np.isfinite(x).all() and (size > LEAST).all() and (size < LARGEST).all())


@dataclass(eq=False)
class Edges:
    """Walks all lines of one arrangement; `attained` is a certified lower end that grows."""

    planes: Arrangement
    attained: float
    deadline: float
    witness: np.ndarray | None = None
    top: float = 0.0

    def __post_init__(self) -> None:
        self.model = self.planes.model
        self.cells = Cells(self.model)
        self.batch = Batch.of([self.model.net])

    def run(self) -> bool:
        """Whether every line was done; the steepest gradient is then known."""
        planes, edges = self.planes, self.planes.rank - 1
        chosen = np.arange(edges)
        floor = self._scaled(self.attained)
        self.top, left = floor, planes.lines
        doubts, records = [], []
        while left > 0:
            part = min(left, PART)
            signs, values = np.zeros((RECORDS, len(planes.forms)), np.int8), np.zeros(RECORDS)
            open_lines = np.zeros((part, edges), np.int64)
            count, doubtful = walk(
                planes.forms, planes.jumps, planes.centre, chosen, part, self.top, planes.slack,
                signs, values, open_lines,
            )  # fmt: skip
            kept = min(count, RECORDS)
            records += [(float(values[i]), signs[i]) for i in range(kept)]
            self.top = max([self.top, *values[:kept].tolist()])
            doubts.append(open_lines[:doubtful])
            left -= part
            if time.monotonic() > self.deadline:
                return False
        for value, pattern in sorted(records, key=lambda item: -item[0])[:RECORDS]:
            if value > self._scaled(self.attained):
                self._realise(pattern)
        return self._exactly(np.concatenate(doubts))

    def _exactly(self, lines: np.ndarray) -> bool:
        """The lines left open by floating point."""
        seen: set[bytes] = set()
        for chosen in lines:
            if time.monotonic() > self.deadline:
                return False
            line = ExactLine.of(self.planes.exact, chosen)
            if line is None or line.inside.tobytes() in seen:
                continue
            seen.add(line.inside.tobytes())
            crowded = len(line.inside) >= self.planes.rank
            for signs in line.signs:
                if not self._around(signs, line.inside, crowded):
                    return False
        return True

    def _around(self, signs: np.ndarray, inside: np.ndarray, crowded: bool) -> bool:
        """All signs of the planes through a segment that may be steeper than what is known.

        If those planes are independent, points next to the segment have all of these signs;
        otherwise each pattern needs a point, or a proof that there is none.
        """
        size = np.sqrt((self.planes.jumps[inside] ** 2).sum(axis=1))
        rest = np.append(np.cumsum(size[::-1])[::-1], 0.0)
        stack, count = [(signs, 0)], 0
        while stack:
            pattern, fixed = stack.pop()
            length = self.planes.length(pattern)
            if length + rest[fixed] + self.planes.slack <= self.top:
                continue
            if fixed < len(inside):
                for sign in (-1, 1):
                    longer = pattern.copy()
                    longer[inside[fixed]] = sign
                    stack.append((longer, fixed + 1))
                continue
            count += 1
            if count > MOST_PATTERNS or time.monotonic() > self.deadline:
                return False
            point, support = self.cells.visit(self.planes.pattern(pattern))
            if crowded and point is None and support is None:
                return False  # neither found nor excluded
            if support is None:
                self.top = max(self.top, length)
                self._consider(point)
        return True

    def _realise(self, signs: np.ndarray) -> None:
        self._consider(self.cells.visit(self.planes.pattern(signs))[0])

    def _consider(self, point: np.ndarray | None) -> None:
        if point is not None and np.isfinite(point).all():
            value = float(certified_norms(self.batch, point[None, None])[0, 0])
            if value > self.attained:
                self.attained, self.witness = value, point

    def _scaled(self, value: float) -> float:
        with np.errstate(over="ignore"):
            return float(np.ldexp(value, -self.model.exponent))

    def upper(self) -> float:
        """At least every gradient's length, once all lines are done, on the given scale."""
        with np.errstate(over="ignore"):
            bound = (self.top + self.planes.slack) * (1.0 + gamma(64 + self.planes.jumps.shape[1]))
            return float(np.nextafter(np.ldexp(bound, self.model.exponent), np.inf))

    def certificate(self) -> Certificate:
        """kind "edges": every line is walked along again; nothing has to be known for it."""
        return Certificate("edges", {"lines": (float(self.planes.lines),)})
