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
    """Boolean matrices (out, in), one a layer, True where the weight is kept. Immutable.

    biases : boolean vectors (out,), one a layer, or None where biases are not maskable
    """

    layers: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...] | None = None

    def __post_init__(self) -> None:
        for name in ("layers", "biases"):
            if (masks := getattr(self, name)) is not None:
                copies = tuple(np.array(m, dtype=bool, copy=True) for m in masks)
                object.__setattr__(self, name, copies)
        if not self.layers or any(m.ndim != 2 or 0 in m.shape for m in self.layers):
            raise ShapeMismatch(
                "layers", [m.shape for m in self.layers], "give (out, in) matrices, one a layer"
            )
        for below, above in zip(self.layers, self.layers[1:], strict=False):
            if below.shape[0] != above.shape[1]:
                raise ShapeMismatch("layers", (below.shape, above.shape), "consecutive layers have to fit")
        if self.biases is not None and [b.shape for b in self.biases] != [m.shape[:1] for m in self.layers]:
            raise ShapeMismatch(
                "biases", [b.shape for b in self.biases], "give a vector (out,) for each layer"
            )
        for m in self._arrays:
            m.setflags(write=False)

    @classmethod
    def of(cls, net: Network) -> Mask:
        return cls(net.masks, net.bias_masks)

    @property
    def _arrays(self) -> tuple[np.ndarray, ...]:
        return (*self.layers, *(self.biases or ()))

    @property
    def nnz(self) -> int:
        """Kept entries."""
        return sum(self.layer_counts)

    @property
    def layer_counts(self) -> tuple[int, ...]:
        """Kept weights of each layer, and its kept biases where these are maskable."""
        weights = [int(m.sum()) for m in self.layers]
        biases = [0 for _ in weights] if self.biases is None else [int(b.sum()) for b in self.biases]
        return tuple(w + b for w, b in zip(weights, biases, strict=True))

    @property
    def density(self) -> float:
        return self.nnz / sum(m.size for m in self._arrays)

    def effective(self) -> Mask:
        """Entries that can matter to how the outputs vary with the inputs.

        These are the weights on a path of kept weights from an input to an output, and the biases of
        units on such a path. A unit that no input reaches sends on a constant, whatever its bias:
        that is not counted, here or where it arrives.
        """
        reached = _units_reached(self.layers)
        needed = _units_reached([m.T for m in reversed(self.layers)])[::-1]
        useful = tuple(m & reached[i][None, :] & needed[i + 1][:, None] for i, m in enumerate(self.layers))
        if self.biases is None:
            return Mask(useful)
        return Mask(useful, tuple(b & np.any(m, axis=1) for b, m in zip(self.biases, useful, strict=True)))

    def dead_units(self) -> tuple[np.ndarray, ...]:
        """For each hidden layer, True where a unit is on no path of kept entries from input to output."""
        return tuple(np.logical_not(np.any(m, axis=1)) for m in self.effective().layers[:-1])

    @property
    def collapsed(self) -> tuple[str, ...]:
        """Names of the weights that have kept nothing, such as "W2": the network is a constant."""
        return tuple(f"W{i + 1}" for i, m in enumerate(self.layers) if not m.any())

    def packed(self) -> bytes:
        """One bit an entry, the weights of all layers in order and then the biases."""
        return np.packbits(np.concatenate([m.ravel() for m in self._arrays])).tobytes()

    @property
    def sha256(self) -> str:
        shapes = repr([m.shape for m in self._arrays]).encode()
        return hashlib.sha256(shapes + self.packed()).hexdigest()

    def issubset(self, other: Mask) -> bool:
        self._check_same_shapes(other)
        return all(not np.any(a & ~b) for a, b in zip(self._arrays, other._arrays, strict=True))

    def __and__(self, other: Mask) -> Mask:
        self._check_same_shapes(other)
        both = [a & b for a, b in zip(self._arrays, other._arrays, strict=True)]
        depth = len(self.layers)
        return Mask(tuple(both[:depth]), tuple(both[depth:]) or None)

    def _check_same_shapes(self, other: Mask) -> None:
        mine, theirs = [m.shape for m in self._arrays], [m.shape for m in other._arrays]
        if mine != theirs:
            remedy = f"both have to mask the same tensors of one architecture, {mine}"
            raise ShapeMismatch("other", theirs, remedy)

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
