"""Branch and bound over activation patterns.

A node fixes the signs of some units. It is a leaf once its bound is at most the target, once
no point has its signs, or when time is up. Every leaf keeps what proves its bound, so that the
largest proved bound is an upper end whenever the search stops: never the best value found.
"""

from __future__ import annotations

import heapq
import time
from dataclasses import dataclass

import numpy as np

from ..attained import certified_norms
from ..batch import Batch
from .cells import Cells
from .model import Model, Pattern
from .relaxation import Relaxation
from .tree import Node, leaves

Threshold = tuple[float, float] | None
# Against a threshold nodes are closed this much below it (relative): room for rounding.
BELOW = 1e-9


@dataclass(eq=False)
class Search:
    """State of one search.

    cells     : None where every pattern counts as reached
    best      : norm that is attained (scaled), or, without cells, that of the steepest pattern
    witness   : point that attains `best_attained` (on the given network's scale)
    threshold : (low, high) on the given scale: prune below low, stop once a point attains high
    """

    model: Model
    relaxation: Relaxation
    cells: Cells | None
    tolerance: float
    deadline: float
    attained: float
    witness: np.ndarray | None = None
    threshold: Threshold = None
    steepest: Pattern | None = None
    nodes: int = 0
    finished: bool = False

    def __post_init__(self) -> None:
        self.batch = Batch.of([self.model.net])
        self.pattern_height = 0.0

    def target(self) -> float:
        """Nodes with at most this bound are closed (scaled)."""
        with np.errstate(over="ignore"):
            if self.threshold is not None:
                return float(np.ldexp(self.threshold[0] * (1.0 - BELOW), -self.relaxation.exponent))
            best = float(np.ldexp(self.attained, -self.relaxation.exponent))
        if self.cells is None:
            best = max(best, self.pattern_height)
        return best * (1.0 + self.tolerance)

    def run(self) -> Node:
        """The tree; `finished` says whether every leaf is closed."""
        root = Node(self.model.root)
        if self.cells is not None:
            root.point = np.zeros(self.model.inputs)
        self._bound(root)
        heap = [(self._rank(root), 0, root)]
        count = 0
        while heap and not self._won():
            if time.monotonic() > self.deadline:
                return root
            node = heapq.heappop(heap)[2]
            if node.bound <= self.target() and not node.closed:
                self._bound(node)  # with a better target than when it was made
            if node.closed or node.unit < 0:
                continue
            children = (self._child(node, -1), self._child(node, 1))
            node.children, node.warm = children, None
            for child in sorted(children, key=lambda c: c.bound):
                if child.support is None and not child.closed:
                    count += 1
                    heapq.heappush(heap, (self._rank(child, count), count, child))
        self.finished = not heap
        return root

    def _won(self) -> bool:
        if self.threshold is None:
            return False
        with np.errstate(over="ignore"):
            height = float(np.ldexp(self.pattern_height, self.relaxation.exponent))
        return max(self.attained, height * (1.0 - BELOW)) >= self.threshold[1]

    def _rank(self, node: Node, count: int = 0) -> float:
        """Best first; depth first, larger child first, against a threshold."""
        return -node.bound if self.threshold is None else -float(count)

    def _child(self, parent: Node, sign: int) -> Node:
        child = Node(parent.child_signs(sign), parent.bound)
        if self.cells is not None and not self._reached(child, parent, sign):
            return child
        child.warm = parent.warm
        self._bound(child)
        child.bound = min(child.bound, parent.bound)
        return child

    def _reached(self, child: Node, parent: Node, sign: int) -> bool:
        """False if no point has the child's signs; else its point is looked for and tried."""
        assert self.cells is not None
        if parent.point is not None:
            value = self.cells.value(parent.signs, parent.unit, parent.point)
            if sign * value > 1e-12:
                child.point = parent.point
                return True
        child.point, child.support = self.cells.visit(child.signs)
        if child.point is not None:
            self.consider(child.point)
        return child.support is None

    def _bound(self, node: Node) -> None:
        target = self.target()
        step = self.relaxation.step(node.signs, target, node.warm)
        self.nodes += 1
        node.bound, node.unit, node.proof, node.warm = step.value, step.unit, step.proof, step.warm
        node.closed = step.value <= target
        if self.cells is None and step.pattern is not None:
            height = self.relaxation.length(step.pattern)
            if height > self.pattern_height:
                self.pattern_height, self.steepest = height, step.pattern

    def consider(self, point: np.ndarray) -> None:
        """Keep the point if its certified gradient is the steepest so far."""
        value = float(certified_norms(self.batch, point[None, None])[0, 0])
        if value > self.attained:
            self.attained, self.witness = value, point

    def upper(self, root: Node) -> float:
        """The proved upper end, on the scale of the given network."""
        found = [leaf for leaf in leaves(root) if leaf.support is None]
        return self.relaxation.prove(found) if found else 0.0
