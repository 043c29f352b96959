"""Layer collapse: a mask that leaves no path of kept weights from an input to an output."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import InvalidArgument


@dataclass(frozen=True)
class LayerCollapse:
    """On record for every network without such a path; it is constant, whatever its weights are.

    kept  : kept weights of each layer, the first layer first
    total : weights of each layer
    stop  : number of the first layer, from 1, that no path from an input gets past
    """

    kept: tuple[int, ...]
    total: tuple[int, ...]
    stop: int

    def __post_init__(self) -> None:
        if len(self.kept) != len(self.total) or not 1 <= self.stop <= len(self.kept):
            raise InvalidArgument("stop", self.stop, f"name one of {len(self.total)} layers, with its counts")

    @property
    def nominal(self) -> int:
        """Kept weights, biases not counted."""
        return sum(self.kept)

    @property
    def effective(self) -> int:
        """Kept weights on a path from an input to an output."""
        return 0

    @property
    def layers(self) -> tuple[str, ...]:
        """Names of the layers that have kept nothing, such as "W2"; there may be none."""
        return tuple(f"W{i + 1}" for i, kept in enumerate(self.kept) if kept == 0)

    def __str__(self) -> str:
        empty = [
            f"W{i + 1} keeps none of its {n} weights" for i, n in enumerate(self.total) if not self.kept[i]
        ]
        why = " and ".join(empty) or f"no path of kept weights from an input gets past W{self.stop}"
        counts = f"{self.nominal} weights are kept nominally, {self.effective} of them effective"
        return f"{why}; {counts}: the network is constant, Lipschitz constant 0"
