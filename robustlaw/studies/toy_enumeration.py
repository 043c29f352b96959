"""Exact I(m;D|init) of a toy: every data set is trained on, and the masks are counted.

Six points of the cube {-1,1}^3 with labels +-1, a network of one hidden layer, full-batch gradient
descent in float64. Full-batch training ignores the order of the samples, so a data set is a set of
points (28 subsets of six of the eight, 64 labelings: 1792 equally likely ones) or, where points may
repeat, a multiset of the 16 labelled points with its multinomial weight (54264 of them).
The mask is a function of the data, so its information is its entropy. Scores are rounded
before they are ranked and ties go by one seeded order for all data sets: otherwise rounding
errors of the processor would look like information.
After Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 4, which samples instead.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import torch
from scipy.special import xlogy

from ..data.checks import require_count, require_positive
from ..errors import InvalidArgument, UnknownName
from ..networks import Mlp, Recipe
from ..networks.initialise import TorchDefault, initial_stack
from ..networks.losses import Batch
from ..pruning import Grasp, Pruner, Random, ScorePruner, Snip, SynFlow
from ..pruning.base import Session
from ..pruning.selection import select_masks
from ..seeds import generator
from .config import PlainConfig
from .toy_descent import Tiny, descend

NAME = "toy_enumeration"
VERSION = 1
chunk_size = 1
PANELS = {"left": (Mlp((3, 4, 1)), "mse"), "right": (Mlp((3, 3, 2)), "cross_entropy")}
SCORED: dict[str, ScorePruner] = {
    "Snip": Snip(1.0, include_biases=True),
    "Grasp": Grasp(1.0, include_biases=True),
}
BLIND: dict[str, Pruner] = {
    "SynFlow": SynFlow(1.0, include_biases=True),
    "Random": Random(1.0, include_biases=True),
}
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", *SCORED, *BLIND)
LAWS = ("distinct", "repeated")
POINTS = 6
DIGITS = 10  # scores are rounded to 1e-10 before they are ranked
SAMPLES = (500, 1000, 32000)
REPEATS = 40
CHUNK = 8192


@dataclass(frozen=True)
class ToyConfig(PlainConfig):
    """One method on every data set, from one initialisation.

    panel : "left" (3-4-1, squared error) or "right" (3-3-2, cross-entropy)
    law   : "distinct" points, or "repeated"
    kept  : falling kept counts, of weights and biases; iterative pruning trains at each of them
    Raises UnknownName, InvalidArgument.
    """

    panel: str
    method: str
    init: int
    kept: tuple[int, ...]
    law: str = "distinct"
    rate: float = 0.1
    steps: int = 1000

    def __post_init__(self) -> None:
        for name, value, choices in (
            ("panel", self.panel, PANELS),
            ("method", self.method, METHODS),
            ("law", self.law, LAWS),
        ):
            if value not in choices:
                raise UnknownName(name, value, choices)
        require_positive("rate", self.rate)
        require_count("steps", self.steps)
        total = PANELS[self.panel][0].parameter_count
        falling = all(a > b for a, b in itertools.pairwise((total, *self.kept)))
        if not self.kept or not falling or self.kept[-1] < 0:
            raise InvalidArgument("kept", self.kept, f"give counts below {total} that fall")


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Every cell by itself: it holds thousands of networks."""
    return str(sorted(config.items()))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(ToyConfig.of(c)) for c in configs]


@dataclass(frozen=True, eq=False)
class Everything:
    """All data sets: inputs (sets, samples, 3), labels (sets, samples) and probabilities (sets,)."""

    x: np.ndarray
    y: np.ndarray
    chance: np.ndarray


@cache
def everything(law: str) -> Everything:
    """Every data set of six labelled points, in a fixed order with the points of a set sorted."""
    corners = np.array(list(itertools.product((-1.0, 1.0), repeat=3)))
    if law == "distinct":
        chosen = [
            (subset, labels)
            for subset in itertools.combinations(range(8), POINTS)
            for labels in itertools.product((-1.0, 1.0), repeat=POINTS)
        ]
        x = np.array([corners[list(subset)] for subset, _ in chosen])
        return Everything(x, np.array([y for _, y in chosen]), np.full(len(chosen), 1.0 / len(chosen)))
    bags = list(itertools.combinations_with_replacement(range(16), POINTS))
    index = np.array(bags)
    repeats = [math.prod(math.factorial(bag.count(i)) for i in set(bag)) for bag in bags]
    orders = math.factorial(POINTS) / np.array(repeats)
    return Everything(corners[index % 8], np.where(index < 8, -1.0, 1.0), orders / 16.0**POINTS)


def _one(cell: ToyConfig) -> dict[str, Any]:
    data = everything(cell.law)
    codes: dict[int, list[list[np.ndarray]]] = {DIGITS: [], DIGITS + 2: []}
    gap = math.inf
    for first in range(0, len(data.y), CHUNK):
        part = slice(first, first + CHUNK)
        search = _Search(cell, data.x[part], data.y[part])
        for digits, found in codes.items():
            found.append([_codes(masks) for masks in search.masks(digits)])
        gap = min(gap, search.smallest_gap)
    coarse, fine = ([np.concatenate(level) for level in zip(*found, strict=True)] for found in codes.values())
    rng = generator("probe", f"toy {cell.init}", cell.method)
    laws = [_law_of(masks, data.chance) for masks in coarse]
    return {
        "kept": list(cell.kept),
        "bits": [_bits(law) for law in laws],
        "distinct": [len(law) for law in laws],
        "changed": [int(np.sum(a != b)) for a, b in zip(coarse, fine, strict=True)],
        "smallest_gap": gap if math.isfinite(gap) else None,
        **{f"plug_in_{t}": [_plug_in(law, t, rng) for law in laws] for t in SAMPLES},
    }


class _Search:
    """One method on a part of the data sets, all from one initialisation and one order of ties."""

    def __init__(self, cell: ToyConfig, x: np.ndarray, y: np.ndarray) -> None:
        self.cell, self.x, self.y = cell, x, y
        self.arch, self.loss = PANELS[cell.panel]
        key = f"toy {cell.init}"
        single = initial_stack(self.arch, [key], TorchDefault(), dtype=torch.float64)
        self.start = single.take([0] * len(y))
        self.keys = (key,) * len(y)
        self.smallest_gap = math.inf
        self._scores: list[np.ndarray] | None = None

    def masks(self, digits: int) -> list[list[np.ndarray]]:
        """Masks (sets, out, in + 1) of each layer at every kept count; the last column is the bias."""
        if self.cell.method == "IterativeMagnitude":
            return self._iterated(digits)
        if self.cell.method in BLIND:
            found = BLIND[self.cell.method].choose_at(self._session(), self.cell.kept)
            return [[m.numpy() for m in masks] for masks in found]
        if self._scores is None:
            self._scores = self._weighed()
            self._note_gaps(self._scores)
        return [self._select(self._scores, kept, digits, None) for kept in self.cell.kept]

    def _iterated(self, digits: int) -> list[list[np.ndarray]]:
        """Train, keep the largest of the survivors, put them back to their initial values, repeat."""
        found, masks = [], [np.ones(s, dtype=bool) for s in self._shapes()]
        for kept in self.cell.kept:
            scores = self._trained(masks)
            masks = self._select(scores, kept, digits, masks)
            found.append(masks)
        return found

    def _weighed(self) -> list[np.ndarray]:
        if self.cell.method == "MagnitudeAfterTraining":
            return self._trained([np.ones(s, dtype=bool) for s in self._shapes()])
        return SCORED[self.cell.method].scores(self._session())

    def _session(self) -> Session:
        names = ("W1", "W2")
        recipe = Recipe(loss="mse" if self.loss == "mse" else "cross_entropy", stop_at=None)
        columns = torch.as_tensor(self.x.transpose(0, 2, 1).copy())
        share = torch.full((POINTS,), 1.0 / POINTS, dtype=torch.float64)
        batch = Batch(columns, torch.as_tensor(self.y), share)
        return Session(self.start, batch, recipe, self.keys, (1,) * len(self.y), names, ("b1", "b2"))

    def _trained(self, masks: Sequence[np.ndarray]) -> list[np.ndarray]:
        """Sizes of weights and biases, (sets, out, in + 1) a layer, after training under the masks."""
        values, kept = [], []
        for layer, mask in enumerate(masks):
            weights, bias = self.start.weights[layer].numpy(), self.start.biases[layer].numpy()
            values += [weights.transpose(1, 2, 0), bias.T]
            kept += [mask[:, :, :-1].transpose(1, 2, 0), mask[:, :, -1].T]
        tiny = Tiny((values[0], values[1], values[2], values[3]), (kept[0], kept[1], kept[2], kept[3]))
        share = np.full(self.y.T.shape, 1.0 / POINTS)
        x = self.x.transpose(1, 2, 0)
        steps, rate = self.cell.steps, self.cell.rate
        after = descend(tiny, x, self.y.T, share, steps, rate, self.loss != "mse").values
        joined = [np.concatenate([after[i], after[i + 1][:, None]], axis=1) for i in (0, 2)]
        return [np.abs(layer).transpose(2, 0, 1) for layer in joined]

    def _select(
        self, scores: Sequence[np.ndarray], kept: int, digits: int, within: Sequence[np.ndarray] | None
    ) -> list[np.ndarray]:
        rounded = [np.round(s, digits) for s in scores]
        return select_masks(rounded, (kept,) * len(self.y), "global", self.keys, within)

    def _shapes(self) -> list[tuple[int, int, int]]:
        return [(len(self.y), out, into + 1) for out, into in self.arch.shapes]

    def _note_gaps(self, scores: Sequence[np.ndarray]) -> None:
        flat = np.sort(np.concatenate([s.reshape(len(s), -1) for s in scores], axis=1), axis=1)
        gaps = np.diff(flat, axis=1)
        apart = gaps[gaps > 10.0**-DIGITS]
        self.smallest_gap = min(self.smallest_gap, float(apart.min()) if apart.size else math.inf)


def _codes(masks: Sequence[np.ndarray]) -> np.ndarray:
    """Each network's mask as one whole number."""
    flat = np.concatenate([m.reshape(len(m), -1) for m in masks], axis=1)
    return np.asarray(flat @ (1 << np.arange(flat.shape[1], dtype=np.int64)))


def _law_of(codes: np.ndarray, chance: np.ndarray) -> np.ndarray:
    """Probabilities of the different masks."""
    _, place = np.unique(codes, return_inverse=True)
    law = np.bincount(place, weights=chance)
    return np.asarray(law / law.sum())  # of a single mask exactly 1


def _bits(law: np.ndarray) -> float:
    return abs(float((law * np.log2(law)).sum()))


def _plug_in(law: np.ndarray, samples: int, rng: np.random.Generator) -> float:
    """Mean of the plug-in entropy of that many sampled data sets, bits."""
    counts = rng.multinomial(samples, law / law.sum(), size=REPEATS) / samples
    return abs(float((xlogy(counts, counts) / math.log(2.0)).sum(1).mean()))
