"""A piecewise linear network as the exact methods see it: which units bend, and affine maps.

A pattern says for every hidden unit whether it is on (+1), off (-1) or left open (0). With all
units below fixed a pre-activation is an affine form in x; with some open it is affine in x and
in the outputs of the open units. Both are computed in float64 for searching and in integers
(float64 numbers are integers over powers of two) for proving.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import numpy as np
from jaxtyping import Bool, Int8

from ...networks import Network
from ..batch import Batch
from ..sector import Sector

Pattern = Int8[np.ndarray, " hidden"]


@dataclass(frozen=True, eq=False)
class Scaled:
    """Matrix of Python integers times 2^-shift."""

    entries: np.ndarray
    shift: int

    @classmethod
    def of(cls, array: np.ndarray) -> Scaled:
        """Exact: a float64 number is an integer over a power of two."""
        ratios = [float(x).as_integer_ratio() for x in array.ravel()]
        shift = max((d.bit_length() - 1 for _, d in ratios), default=0)
        whole = np.empty(len(ratios), dtype=object)
        whole[:] = [n << (shift - d.bit_length() + 1) for n, d in ratios]
        return cls(whole.reshape(array.shape), shift)

    def floats(self) -> np.ndarray:
        """Nearest float64 numbers: off by at most a factor 1 +- 2^-53 where not subnormal."""
        scale = 1 << max(self.shift, 0)
        return np.array([_ratio(int(n), scale) for n in self.entries.ravel()]).reshape(self.entries.shape)


def _ratio(numerator: int, denominator: int) -> float:
    try:
        return numerator / denominator
    except OverflowError:
        return float("inf") if numerator > 0 else float("-inf")


@dataclass(frozen=True, eq=False)
class Model:
    """One network; units are numbered through all hidden layers.

    open_units : units on a path from an input to an output; only these are branched on
    root       : the pattern with which a search starts: 0 for open units, the constant sign of
                 the others (off where a unit leads nowhere or is constantly 0)
    weights, biases : scaled by powers of two, so that each layer's largest weight is in [1/2, 1)
    powers     : pre-activations of layer k are 2^powers[k] times the scaled ones
    """

    net: Network
    slopes: Sector
    weights: tuple[np.ndarray, ...]
    biases: tuple[np.ndarray, ...]
    powers: np.ndarray
    open_units: Bool[np.ndarray, " hidden"]

    @classmethod
    def of(cls, net: Network) -> Model:
        """Any activation; patterns mean something for those with a kink."""
        batch = Batch.of([net])
        exponents = batch.scaled()[1]
        powers = np.cumsum(exponents[0])
        with np.errstate(over="ignore", under="ignore"):
            weights = [np.ldexp(w, -int(e)) for w, e in zip(net.weights, exponents[0], strict=True)]
            biases = [np.ldexp(b, -int(p)) for b, p in zip(net.biases, powers, strict=True)]
        alive = np.concatenate([a[0] for a in batch.alive[1:-1]])
        return cls(net, batch.sector, tuple(weights), tuple(biases), powers, alive)

    @property
    def inputs(self) -> int:
        return self.net.arch.widths[0]

    @property
    def exponent(self) -> int:
        """The Jacobian of the network is 2^exponent times the scaled one."""
        return int(self.powers[-1])

    @property
    def outputs(self) -> int:
        return self.net.arch.widths[-1]

    @property
    def hidden(self) -> int:
        return len(self.open_units)

    @cached_property
    def edges(self) -> list[int]:
        """First unit of each hidden layer, then the number of units."""
        return [0, *(int(e) for e in np.cumsum(self.net.arch.widths[1:-1]))]

    @cached_property
    def layer_of(self) -> np.ndarray:
        return np.repeat(np.arange(len(self.edges) - 1), self.net.arch.widths[1:-1])

    @cached_property
    def exact_weights(self) -> list[Scaled]:
        return [Scaled.of(w) for w in self.net.weights]

    @cached_property
    def exact_biases(self) -> list[Scaled]:
        return [Scaled.of(b) for b in self.net.biases]

    @cached_property
    def exact_slopes(self) -> tuple[int, int, int]:
        """(off, on, shift): the two slopes as integers over 2^shift."""
        pair = Scaled.of(np.array([self.slopes.low, self.slopes.high]))
        return int(pair.entries[0]), int(pair.entries[1]), pair.shift

    @cached_property
    def root(self) -> Pattern:
        signs = np.where(self.open_units, 0, -1).astype(np.int8)
        off, on, shift = self.exact_slopes
        value, power = np.zeros(0, dtype=object), 0
        for layer, (w, b) in enumerate(zip(self.exact_weights[:-1], self.exact_biases[:-1], strict=True)):
            part = slice(self.edges[layer], self.edges[layer + 1])
            total = w.shift + power
            z = w.entries @ value if layer else np.zeros(len(b.entries), dtype=object)
            z, total = _aligned(z, total, b)
            here = np.where((z > 0) & ~self.open_units[part], 1, signs[part])
            signs[part] = here
            value = np.where(self.open_units[part], 0, np.where(here > 0, on, off) * z)
            power = total + shift
        return signs

    def steps(self, signs: np.ndarray) -> np.ndarray:
        """Slope of each fixed unit."""
        return np.where(signs > 0, self.slopes.high, self.slopes.low)

    def forms(self, signs: np.ndarray, layer: int) -> np.ndarray:
        """Pre-activations of a layer as forms on (x, t), scaled, in float64: (units, d + 1).

        All open units of the layers below have to be fixed.
        """
        d = self.inputs
        value = np.eye(d, d + 1)
        for k in range(layer + 1):
            z = self.weights[k] @ value
            z[:, d] += self.biases[k]
            value = self.steps(signs[self.edges[k] : self.edges[k + 1]])[:, None] * z if k < layer else z
        return value

    def exact_forms(self, signs: np.ndarray, layer: int) -> np.ndarray:
        """`forms` in integers, up to one positive factor for the layer."""
        return self.exact_layers(signs, layer)[-1].entries

    def exact_layers(self, signs: np.ndarray, layer: int) -> list[Scaled]:
        """Forms of layers 0 .. layer, each with its own power of two."""
        d = self.inputs
        value, power = np.eye(d, d + 1, dtype=int).astype(object), 0
        found = []
        for k in range(layer + 1):
            found.append(self.next_forms(Scaled(value, power), k))
            value, power = self._switched(found[-1], signs, k)
        return found

    def next_forms(self, value: Scaled, layer: int) -> Scaled:
        """W v + b t for the outputs v of the layer below, as forms whose last column is t."""
        w, b = self.exact_weights[layer], self.exact_biases[layer]
        z, shift = w.entries @ value.entries, w.shift + value.shift
        last, total = _aligned(z[:, -1], shift, b)
        z = z << (total - shift) if total > shift else z
        z[:, -1] = last
        return Scaled(z, total)

    def switched(self, z: Scaled, signs: np.ndarray, layer: int) -> Scaled:
        """Outputs of a layer's units, all fixed."""
        return Scaled(*self._switched(z, signs, layer))

    def _switched(self, z: Scaled, signs: np.ndarray, layer: int) -> tuple[np.ndarray, int]:
        off, on, shift = self.exact_slopes
        part = signs[self.edges[layer] : self.edges[layer + 1]]
        factors = np.array([on if s > 0 else off for s in part], dtype=object)
        return factors[:, None] * z.entries, z.shift + shift

    def linear_parts(self, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """(rows of open units, rows of outputs) over (x, outputs of open units), scaled, float64."""
        free = np.flatnonzero(signs == 0)
        size = self.inputs + len(free)
        value, found = np.eye(self.inputs, size), np.zeros((len(free), size))
        for k, w in enumerate(self.weights[:-1]):
            z = w @ value
            part = signs[self.edges[k] : self.edges[k + 1]]
            value = self.steps(part)[:, None] * z
            here = np.flatnonzero(part == 0)
            places = np.searchsorted(free, self.edges[k] + here)
            found[places] = z[here]
            value[here] = 0.0
            value[here, self.inputs + places] = 1.0
        return found, self.weights[-1] @ value

    def exact_linear_parts(self, signs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """`linear_parts` computed without rounding from the given weights, then rounded once.

        On the scale of the given weights: nothing here was divided by powers of two.
        """
        free = np.flatnonzero(signs == 0)
        size = self.inputs + len(free)
        off, on, shift = self.exact_slopes
        value, power = np.eye(self.inputs, size, dtype=int).astype(object), 0
        found = np.zeros((len(free), size))
        for k, w in enumerate(self.exact_weights[:-1]):
            z = Scaled(w.entries @ value, w.shift + power)
            part = signs[self.edges[k] : self.edges[k + 1]]
            here = np.flatnonzero(part == 0)
            places = np.searchsorted(free, self.edges[k] + here)
            found[places] = Scaled(z.entries[here], z.shift).floats()
            value = np.array([on if s > 0 else off for s in part], dtype=object)[:, None] * z.entries
            power = z.shift + shift
            value[here] = 0
            value[here, self.inputs + places] = 1 << power
        last = self.exact_weights[-1]
        return found, Scaled(last.entries @ value, last.shift + power).floats()

    def exact_square(self, jacobian: Scaled) -> Fraction:
        """Squared length of a Jacobian with one row."""
        total = sum(int(g) * int(g) for g in jacobian.entries.ravel())
        return Fraction(total, 1 << (2 * jacobian.shift))


def _aligned(z: np.ndarray, shift: int, b: Scaled) -> tuple[np.ndarray, int]:
    """z 2^-shift + b as integers over the larger power of two."""
    total = max(shift, b.shift)
    raised = np.array([int(x) << (total - shift) for x in z], dtype=object)
    return raised + np.array([int(x) << (total - b.shift) for x in b.entries], dtype=object), total


def lengths(rows: Sequence[np.ndarray] | np.ndarray) -> np.ndarray:
    """Euclidean lengths of the rows."""
    array = np.asarray(rows)
    return np.asarray(np.sqrt(np.einsum("ij,ij->i", array, array)))
