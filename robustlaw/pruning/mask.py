"""A mask as a value of its own: counts, reachable entries, a fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..errors import ShapeMismatch
from ..networks import Network


@dataclass(frozen=True, eq=False)
class Mask:
    """Boolean matrices (out, in), one a layer, True where the weight is kept. Immutable."""

    layers: tuple[np.ndarray, ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "layers", tuple(np.array(m, dtype=bool, copy=True) for m in self.layers))
        if not self.layers or any(m.ndim != 2 or 0 in m.shape for m in self.layers):
            raise ShapeMismatch(
                "layers", [m.shape for m in self.layers], "give (out, in) matrices, one a layer"
            )
        for below, above in zip(self.layers, self.layers[1:], strict=False):
            if below.shape[0] != above.shape[1]:
                raise ShapeMismatch("layers", (below.shape, above.shape), "consecutive layers have to fit")
        for m in self.layers:
            m.setflags(write=False)

    @classmethod
    def of(cls, net: Network) -> Mask:
        return cls(net.masks)

    @property
    def nnz(self) -> int:
        """Kept entries."""
        return sum(self.layer_counts)

    @property
    def layer_counts(self) -> tuple[int, ...]:
        return tuple(int(m.sum()) for m in self.layers)

    @property
    def density(self) -> float:
        return self.nnz / sum(m.size for m in self.layers)

    def effective(self) -> Mask:
        """Entries on a path of kept entries from an input to an output: all that can matter."""
        reached = _units_reached(self.layers)
        needed = _units_reached([m.T for m in reversed(self.layers)])[::-1]
        return Mask(
            tuple(m & reached[i][None, :] & needed[i + 1][:, None] for i, m in enumerate(self.layers))
        )

    def dead_units(self) -> tuple[np.ndarray, ...]:
        """For each hidden layer, True where a unit is on no path of kept entries from input to output."""
        return tuple(np.logical_not(np.any(m, axis=1)) for m in self.effective().layers[:-1])

    @property
    def collapsed(self) -> tuple[str, ...]:
        """Names of the layers that have kept nothing, such as "W2": the network is a constant."""
        return tuple(f"W{i + 1}" for i, kept in enumerate(self.layer_counts) if kept == 0)

    def packed(self) -> bytes:
        """One bit an entry, layers in order."""
        return np.packbits(np.concatenate([m.ravel() for m in self.layers])).tobytes()

    @property
    def sha256(self) -> str:
        shapes = repr([m.shape for m in self.layers]).encode()
        return hashlib.sha256(shapes + self.packed()).hexdigest()

    def issubset(self, other: Mask) -> bool:
        self._check_same_shapes(other)
        return all(not np.any(a & ~b) for a, b in zip(self.layers, other.layers, strict=True))

    def __and__(self, other: Mask) -> Mask:
        self._check_same_shapes(other)
        return Mask(tuple(a & b for a, b in zip(self.layers, other.layers, strict=True)))

    def _check_same_shapes(self, other: Mask) -> None:
        mine, theirs = [m.shape for m in self.layers], [m.shape for m in other.layers]
        if mine != theirs:
            raise ShapeMismatch("other", theirs, f"the masks have to be of one architecture, {mine}")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Mask) and self.sha256 == other.sha256

    def __hash__(self) -> int:
        return hash(self.sha256)


def _units_reached(layers: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Units that a path of kept entries reaches, from the first side, level by level."""
    units: list[np.ndarray] = [np.ones(layers[0].shape[1], dtype=bool)]
    for m in layers:
        units.append(np.any(m & units[-1][None, :], axis=1))
    return units
