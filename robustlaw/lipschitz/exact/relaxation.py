"""What a search needs from an upper bound over part of the patterns."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np

from .model import Pattern
from .tree import Node


@dataclass(frozen=True, eq=False)
class Step:
    """What a relaxation says about a node.

    value   : bound of the Jacobian's norm (scaled, approximate); closed if at most the target
    unit    : to split next, -1 if there is none
    proof   : numbers from which the bound can be proved
    warm    : what a child starts from
    pattern : a full pattern that is steep if reached
    """

    value: float
    unit: int
    proof: np.ndarray
    warm: np.ndarray | None
    pattern: Pattern | None = None


class Relaxation(ABC):
    """Upper bounds over all patterns that agree with some fixed signs."""

    @property
    @abstractmethod
    def exponent(self) -> int:
        """Bounds times 2^exponent are on the scale of the given network."""

    @abstractmethod
    def step(self, signs: Pattern, target: float, warm: np.ndarray | None) -> Step:
        """The node's bound; computing may stop once it is at most the target."""

    @abstractmethod
    def prove(self, leaves: list[Node]) -> float:
        """The largest proved bound of the leaves, on the scale of the given network; sets their proofs."""

    @abstractmethod
    def length(self, signs: Pattern) -> float:
        """Norm of the Jacobian of a full pattern (scaled, approximate)."""

    @abstractmethod
    def numbers(self, leaf: Node) -> np.ndarray:
        """The leaf's proof as the certificate wants it, on the scale of the given network."""
