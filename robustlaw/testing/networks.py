"""Tiny awkward networks, on which bounds fail if they fail at all.

One to three hidden layers; masks, units and inputs that lead nowhere, equal, opposite and
proportional units, integer weights (hyperplanes in degenerate position), no biases, and layers
scaled by 1e-6 to 1e6. What is drawn is a recipe of small numbers: it shrinks to the simplest one
that still fails, and its weights come from numpy, so that drawing costs little.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from ..networks import ACTIVATIONS, Network
from .draw import Draw

# At most so many hidden units in all: brute force tries every pattern of slopes.
MOST_UNITS = 8


@dataclass(frozen=True)
class Layer:
    """How one layer is awkward.

    exponent : weights (and biases, if `follows`) are times 10^exponent
    kept     : tenths of the weights that are kept; whole : weights are rounded to integers
    dead     : row without weights, deaf : column without; -1 for none
    twin     : the last row is so many times the first one; 0 for no twin
    """

    exponent: int
    follows: bool
    kept: int
    whole: bool
    dead: int
    deaf: int
    twin: float
    biased: bool

    def arrays(
        self, random: np.random.Generator, below: int, above: int
    ) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray]:
        """(weights, biases) and the mask."""
        w = random.standard_normal((above, below))
        mask = random.random((above, below)) < self.kept / 10
        b = random.standard_normal(above) * self.biased
        if self.whole:
            w, b = np.round(w), np.round(b)
        if self.dead >= 0:
            mask[self.dead % above] = False
        if self.deaf >= 0:
            mask[:, self.deaf % below] = False
        if self.twin and above > 1:
            w[-1], mask[-1] = self.twin * w[0], mask[0]
            b[-1] = self.twin * b[0] if self.follows else b[-1]
        scale = 10.0**self.exponent
        return (w * mask * scale, b * (scale if self.follows else 1.0)), mask


@dataclass(frozen=True)
class Recipe:
    """A network in few numbers; `seed` is of its normal weights."""

    widths: tuple[int, ...]
    activation: str
    layers: tuple[Layer, ...]
    seed: int

    def network(self) -> Network:
        random = np.random.default_rng([self.seed, 77])
        parts = [
            layer.arrays(random, *shape)
            for layer, shape in zip(self.layers, pairwise(self.widths), strict=True)
        ]
        return Network.from_arrays([p for p, _ in parts], self.activation, [m for _, m in parts])


plain = Layer(0, True, 10, False, -1, -1, 0.0, True)


def layers() -> SearchStrategy[Layer]:
    """Half of them plain, so that the awkward ones meet ordinary company."""
    awkward = st.builds(
        Layer,
        exponent=st.sampled_from([0, 0, 0, 1, -1, 3, -3, 6, -6]),
        follows=st.booleans(),
        kept=st.sampled_from([10, 7, 4]),
        whole=st.booleans(),
        dead=st.integers(-1, 2),
        deaf=st.integers(-1, 2),
        twin=st.sampled_from([0.0, 1.0, -1.0, 2.0, -0.25, 0.3]),
        biased=st.booleans(),
    )
    return st.just(plain) | awkward


@st.composite
def tiny_networks(draw: Draw) -> Recipe:
    """Recipes of networks; `.network()` makes one. A recipe prints as what made it."""
    hidden = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3).filter(lambda n: sum(n) <= MOST_UNITS))
    widths = (draw(st.integers(1, 6)), *hidden, draw(st.sampled_from([1, 1, 1, 2, 3])))
    return Recipe(
        widths,
        draw(st.sampled_from(sorted(ACTIVATIONS))),
        tuple(draw(layers()) for _ in widths[1:]),
        draw(st.integers(0, 2**16)),
    )


def networks() -> SearchStrategy[Network]:
    """The networks themselves: 1 to 3 hidden layers, at most 8 hidden units, every activation."""
    return tiny_networks().map(Recipe.network)
