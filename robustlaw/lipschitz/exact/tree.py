"""The search tree and its certificate: a list of decisions that splits all patterns.

Written in preorder, so that the leaves partition the patterns by construction: a number j >= 0
is a split of unit j (off first, then on), -1 a leaf with a proved bound, and -2 - k a leaf
that no point reaches, by a Farkas vector supported on k forms.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from ...evidence import Certificate
from .model import Pattern

BOUNDED, IMPOSSIBLE = -1, -2


@dataclass(eq=False, slots=True)
class Node:
    """A set of patterns: those that agree with the fixed signs.

    bound   : of the Jacobian's norm, scaled; as far as known, proved only at the end
    point   : one with the fixed signs, None if none is known
    closed  : the bound is at most what the search aimed at
    proof   : diagonal or multipliers of a bounded leaf
    support : units (t as number `hidden`) whose forms contradict each other
    """

    signs: Pattern
    bound: float = np.inf
    point: np.ndarray | None = None
    unit: int = -1
    proof: np.ndarray | None = None
    warm: np.ndarray | None = None
    support: tuple[int, ...] | None = None
    children: tuple[Node, Node] | None = None
    closed: bool = False

    def child_signs(self, sign: int) -> Pattern:
        signs = self.signs.copy()
        signs[self.unit] = sign
        return signs


def leaves(root: Node) -> list[Node]:
    """All leaves, off children first."""
    found, stack = [], [root]
    while stack:
        node = stack.pop()
        if node.children is None:
            found.append(node)
        else:
            stack.extend(reversed(node.children))
    return found


def certificate(
    root: Node, common: dict[str, tuple[float, ...]], numbers: Callable[[Node], np.ndarray]
) -> Certificate:
    """kind "tree": decisions, numbers of the bounded leaves, and supports of the impossible ones."""
    decisions: list[float] = []
    bounds: list[np.ndarray] = []
    supports: list[float] = []
    stack = [root]
    while stack:
        node = stack.pop()
        if node.children is not None:
            decisions.append(node.unit)
            stack.extend(reversed(node.children))
        elif node.support is not None:
            decisions.append(IMPOSSIBLE - len(node.support))
            supports.extend(node.support)
        else:
            decisions.append(BOUNDED)
            bounds.append(numbers(node))
    flat = np.concatenate(bounds) if bounds else np.zeros(0)
    return Certificate(
        "tree",
        {
            **common,
            "tree": tuple(float(x) for x in decisions),
            "bounds": tuple(flat.tolist()),
            "supports": tuple(float(x) for x in supports),
        },
    )
