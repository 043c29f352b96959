"""One or two inputs, any depth, one kink: every cell of the network, in exact arithmetic.

Cells are split layer by layer along the lines on which units change sign; all coordinates are
integers, so that no cell is lost, however thin, far away or degenerate.
"""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np

from ...evidence import Certificate
from ..attained import certified_norms
from ..batch import Batch
from .cell import Cell, start
from .deep_bound import jacobian_norms
from .model import Model, Scaled
from .tree import BOUNDED, IMPOSSIBLE

# Steepest cells whose middle is tried as a witness; thin ones may fail in floating point.
WITNESSES = 16
# A tree's node: (unit, off, on); None a cell, a tuple of names a contradiction.
Tree = Any


class OutOfTime(Exception):
    """The deadline has passed; what was found so far stands."""


@dataclass(eq=False)
class Enumeration:
    """All cells of one network.

    names : hidden units; then t is `hidden` and axis i is `hidden + 1 + i`
    """

    model: Model
    deadline: float
    cells: int = 0
    jacobians: dict[bytes, np.ndarray] = field(default_factory=dict)
    largest: Fraction = Fraction(0)
    steep: list[tuple[float, np.ndarray]] = field(default_factory=list)
    root: Tree = None

    def run(self) -> bool:
        """False if time was up before the last cell."""
        d, hidden = self.model.inputs, self.model.hidden
        value = Scaled(np.eye(d, d + 1, dtype=int).astype(object), 0)
        try:
            parts = [self._layer(self.model.root, cell, 0, value) for _, cell in start(d, hidden + 1, hidden)]
        except OutOfTime:
            return False
        halves = parts if d == 1 else [(hidden + 2, parts[0], parts[1]), (hidden + 2, parts[2], parts[3])]
        self.root = (hidden + 1, halves[0], halves[1])
        return True

    def _layer(self, signs: np.ndarray, cell: Cell, layer: int, value: Scaled) -> Tree:
        if layer == len(self.model.edges) - 1:
            return self._visit(cell, value)
        z = self.model.next_forms(value, layer)
        first, end = self.model.edges[layer], self.model.edges[layer + 1]
        units = first + np.flatnonzero(self.model.open_units[first:end])
        return self._split(signs, cell, layer, z, units)

    def _split(self, signs: np.ndarray, cell: Cell, layer: int, z: Scaled, units: np.ndarray) -> Tree:
        if time.monotonic() > self.deadline:
            raise OutOfTime
        first = self.model.edges[layer]
        values = z.entries[units - first] @ cell.corners
        positive, negative = (values > 0).any(axis=1), (values < 0).any(axis=1)
        cuts = np.flatnonzero(positive & negative)
        sure = np.flatnonzero(~(positive & negative))
        signs = signs.copy()
        signs[units[sure]] = np.where(positive[sure], 1, -1)
        if len(cuts):
            unit, rest = int(units[cuts[0]]), units[cuts[1:]]
            parts = []
            for sign, part in zip((-1, 1), cell.split(values[cuts[0]], unit), strict=True):
                signs[unit] = sign
                parts.append(self._split(signs, part, layer, z, rest))
            node: Tree = (unit, parts[0], parts[1])
        else:
            node = self._layer(signs, cell, layer + 1, self.model.switched(z, signs, layer))
        for i in sure:
            unit = int(units[i])
            names: tuple[int, ...] = (unit,)
            if positive[i] or negative[i]:
                names = (unit, *cell.support(values[i]), self.model.hidden)
            node = (unit, names, node) if positive[i] else (unit, node, names)
        return node

    def _visit(self, cell: Cell, value: Scaled) -> None:
        self.cells += 1
        last = self.model.exact_weights[-1]
        jacobian = Scaled(last.entries @ value.entries[:, :-1], last.shift + value.shift)
        size = self._keep(jacobian)
        if len(self.steep) < WITNESSES or size > self.steep[-1][0]:
            self.steep.append((size, cell.middle()))
            self.steep.sort(key=lambda item: -item[0])
            del self.steep[WITNESSES:]

    def _keep(self, jacobian: Scaled) -> float:
        """Norm of the Jacobian, approximately."""
        if self.model.outputs == 1:
            square = self.model.exact_square(jacobian)
            self.largest = max(self.largest, square)
            return math.sqrt(square)
        floats = jacobian.floats()
        self.jacobians[floats.tobytes()] = floats
        return float(np.linalg.norm(floats, 2))

    def upper(self) -> float:
        """The largest norm over all cells, rounded upward."""
        if self.model.outputs > 1:
            stack = np.stack(list(self.jacobians.values()))
            return float(jacobian_norms(stack).max())
        root = math.sqrt(self.largest)
        while Fraction(root) ** 2 < self.largest:
            root = math.nextafter(root, math.inf)
        return root

    def witness(self) -> tuple[float, np.ndarray | None]:
        """(norm, point): the steepest of the kept cells' middles that is certain in floating point."""
        if not self.steep:
            return 0.0, None
        points = np.stack([x for _, x in self.steep])
        points[~np.isfinite(points).all(axis=1)] = 0.0
        values = certified_norms(Batch.of([self.model.net]), points[None])[0]
        place = int(values.argmax())
        return float(values[place]), points[place]

    def certificate(self) -> Certificate:
        """kind "tree", as in tree.py; leaves without open units need no numbers."""
        decisions: list[float] = []
        supports: list[float] = []
        stack = [self.root]
        while stack:
            node = stack.pop()
            if node is None:
                decisions.append(BOUNDED)
            elif len(node) == 3 and not isinstance(node[2], int):
                decisions.append(node[0])
                stack += [node[2], node[1]]
            else:
                decisions.append(IMPOSSIBLE - len(node))
                supports += node
        slopes = self.model.slopes
        return Certificate(
            "tree",
            {
                "slope_low": (slopes.low,),
                "slope_high": (slopes.high,),
                "tree": tuple(float(x) for x in decisions),
                "bounds": (),
                "supports": tuple(float(x) for x in supports),
            },
        )
