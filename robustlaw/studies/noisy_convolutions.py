"""The same question for convolutions: how well pruned networks fit noisy digits, a row a method and seed.

Two 3 x 3 convolutions with ReLU, the second in steps of 2, and a linear layer over all that they leave,
on 8 x 8 images. Trained by torch's own Adam under masks on the weights: gradients off the mask are
set to 0, so that Adam never moves what is not kept and it stays exactly 0. Biases start at 0, are
trained, and never pruned.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ..data.checks import require_count, require_positive
from ..errors import InvalidArgument, UnknownName
from ..pruning.in_rounds import exponential_schedule
from ..pruning.selection import select_masks
from ..seeds import generator
from .config import PlainConfig
from .image_sets import ImageSet, Part, noisy_parts

NAME = "noisy_convolutions"
VERSION = 1
chunk_size = 1
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Random", "Snip", "SynFlow")
SIDE, CLASSES = 8, 10
functional = torch.nn.functional


@dataclass(frozen=True)
class NoisyConvolutionsConfig(PlainConfig):
    """One method and seed on scikit-learn's digits; fields as in NoisyImagesConfig.

    channels : of the two convolutions
    epochs   : of every training, none of which ends before
    Raises InvalidArgument or UnknownName.
    """

    method: str
    seed: int
    counts: tuple[int, ...]
    train: int
    test: int
    variance: float
    rounds: tuple[int, ...] = ()
    channels: tuple[int, int] = (8, 16)
    scored: int = 10
    epochs: int = 20
    learning_rate: float = 1e-3
    batch_size: int = 64
    synflow_rounds: int = 100

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("method", self.method, METHODS)
        for name in ("scored", "epochs", "batch_size", "synflow_rounds"):
            require_count(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate)
        if len(self.channels) != 2 or min(self.channels) < 1:
            raise InvalidArgument("channels", self.channels, "give two positive numbers")
        falling = all(a > b for a, b in zip(self.counts, self.counts[1:], strict=False))
        if not self.counts or not falling or not 0 < self.counts[-1] <= self.counts[0] <= self.total:
            raise InvalidArgument("counts", self.counts, f"give falling kept counts from 1 to {self.total}")
        if self.method == "IterativeMagnitude" and not set(self.counts) <= {*self.rounds, self.total}:
            raise InvalidArgument("rounds", self.rounds, "the rounds have to pass through every count")
        self.images  # noqa: B018 - whose own checks are the rest of these

    @property
    def images(self) -> ImageSet:
        return ImageSet("digits", self.train, self.test, self.variance, {})

    @property
    def shapes(self) -> tuple[tuple[int, ...], ...]:
        """Of the weights; the second convolution leaves a quarter of the places."""
        first, second = self.channels
        return (first, 1, 3, 3), (second, first, 3, 3), (CLASSES, second * SIDE * SIDE // 4)

    @property
    def total(self) -> int:
        """Weights that masks are chosen in."""
        return sum(int(np.prod(shape)) for shape in self.shapes)

    @property
    def key(self) -> str:
        return f"noisy convolutions {self.seed}"


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Every network is trained alone."""
    return tuple(sorted((name, str(v)) for name, v in config.items()))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(NoisyConvolutionsConfig.of(c)) for c in configs]


Weights = list[Tensor]


def outputs(weights: Sequence[Tensor], biases: Sequence[Tensor], x: Tensor) -> Tensor:
    """Of images (n, 1, 8, 8): (n, 10)."""
    h = functional.conv2d(x, weights[0], biases[0], padding=1).relu()
    h = functional.conv2d(h, weights[1], biases[1], stride=2, padding=1).relu()
    return functional.linear(h.flatten(1), weights[2], biases[2])


def initial(cell: NoisyConvolutionsConfig) -> Weights:
    """Normal weights of variance 2/fan_in."""
    rng = generator("init", cell.key)
    drawn = [rng.normal(0.0, np.sqrt(2.0 / np.prod(shape[1:])), shape) for shape in cell.shapes]
    return [torch.as_tensor(w, dtype=torch.float32) for w in drawn]


def trained(cell: NoisyConvolutionsConfig, masks: Weights, train: Part) -> tuple[Weights, Weights]:
    """Weights and biases after all epochs, from the initial ones under the masks."""
    leaves = [(w * m).requires_grad_() for w, m in zip(initial(cell), masks, strict=True)]
    biases = [torch.zeros(len(w), requires_grad=True) for w in leaves]
    optimiser = torch.optim.Adam([*leaves, *biases], lr=cell.learning_rate, fused=True)
    x, y = pictures(train), torch.as_tensor(train.y)
    for epoch in range(cell.epochs):
        order = torch.as_tensor(generator("order", cell.key, epoch).permutation(len(y)))
        for first in range(0, len(y), cell.batch_size):
            places = order[first : first + cell.batch_size]
            optimiser.zero_grad()
            loss = functional.cross_entropy(outputs(leaves, biases, x[places]), y[places])
            loss.backward()  # type: ignore[no-untyped-call]
            for leaf, mask in zip(leaves, masks, strict=True):
                assert leaf.grad is not None
                leaf.grad.mul_(mask)
            optimiser.step()
    return [w.detach() for w in leaves], [b.detach() for b in biases]


def pictures(part: Part) -> Tensor:
    """(n, 1, 8, 8)."""
    return torch.as_tensor(part.x).view(-1, 1, SIDE, SIDE)


def _one(cell: NoisyConvolutionsConfig) -> dict[str, Any]:
    train, test = noisy_parts(cell.images, cell.seed)
    told: dict[str, Any] = {"kept": list(cell.counts), "largest": int(np.bincount(train.y).max())}
    levels = [_weighed(cell, masks, train, test) for masks in _masks(cell, train)]
    return told | {name: [level[name] for level in levels] for name in levels[0]}


def _weighed(cell: NoisyConvolutionsConfig, masks: Weights, train: Part, test: Part) -> dict[str, Any]:
    weights, biases = trained(cell, masks, train)
    off = sum(int(((w != 0.0) & (m == 0.0)).sum()) for w, m in zip(weights, masks, strict=True))
    alive = sum(int((flow > 0.0).sum()) for flow in flows(masks))
    return {
        "effective": alive,
        "off_mask": off,
        "train_right": _right(weights, biases, train),
        "test_right": _right(weights, biases, test),
    }


def _right(weights: Weights, biases: Weights, part: Part) -> int:
    return int((outputs(weights, biases, pictures(part)).argmax(1) == torch.as_tensor(part.y)).sum())


def _masks(cell: NoisyConvolutionsConfig, train: Part) -> list[Weights]:
    """The masks at each kept count, of floats 0 and 1."""
    if cell.method in ("IterativeMagnitude", "SynFlow"):
        found = _iterated(cell, train) if cell.method == "IterativeMagnitude" else _by_flow(cell)
        return [found[count] for count in cell.counts]
    full = [torch.ones(shape) for shape in cell.shapes]
    if cell.method == "MagnitudeAfterTraining":
        scores = [w.abs() for w in trained(cell, full, train)[0]]
    elif cell.method == "Snip":
        scores = sensitivities(cell, train.few(cell.scored))
    else:
        rng = generator("mask", cell.key)
        scores = [torch.as_tensor(rng.random(shape)) for shape in cell.shapes]
    return [best(cell, scores, count, full) for count in cell.counts]


def _iterated(cell: NoisyConvolutionsConfig, train: Part) -> dict[int, Weights]:
    """Keep the largest trained weights of those left, rewind, again."""
    masks = [torch.ones(shape) for shape in cell.shapes]
    found = {cell.total: masks}
    for count in (k for k in cell.rounds if k >= cell.counts[-1]):
        weights = trained(cell, masks, train)[0]
        masks = found[count] = best(cell, [w.abs() for w in weights], count, masks)
    return found


def _by_flow(cell: NoisyConvolutionsConfig) -> dict[int, Weights]:
    """SynFlow in rounds, afresh for every count."""
    found, start = {}, initial(cell)
    for count in cell.counts:
        masks = [torch.ones(shape) for shape in cell.shapes]
        for kept in exponential_schedule(cell.total, count, cell.synflow_rounds):
            sizes = [w.abs() * m for w, m in zip(start, masks, strict=True)]
            masks = best(cell, flows(sizes), kept, masks)
        found[count] = masks
    return found


def sensitivities(cell: NoisyConvolutionsConfig, few: Part) -> Weights:
    """SNIP's |w dL/dw| at the initial weights, in float64."""
    weights = [w.double().requires_grad_() for w in initial(cell)]
    biases = [torch.zeros(len(w), dtype=torch.float64) for w in weights]
    loss = functional.cross_entropy(outputs(weights, biases, pictures(few).double()), torch.as_tensor(few.y))
    slopes = torch.autograd.grad(loss, weights)
    return [(w.detach() * g).abs() for w, g in zip(weights, slopes, strict=True)]


def flows(sizes: Sequence[Tensor]) -> Weights:
    """SynFlow's scores of weights of at least 0; of masks, positive where a path of kept weights leads."""
    leaves = [w.double().requires_grad_() for w in sizes]
    biases = [torch.zeros(len(w), dtype=torch.float64) for w in leaves]
    total = outputs(leaves, biases, torch.ones((1, 1, SIDE, SIDE), dtype=torch.float64)).sum()
    slopes = torch.autograd.grad(total, leaves)
    return [w.detach() * g for w, g in zip(leaves, slopes, strict=True)]


def best(cell: NoisyConvolutionsConfig, scores: Weights, count: int, within: Weights) -> Weights:
    """The `count` kept entries of highest score in all layers together, ties broken by the seed."""
    flat = [s.double().reshape(1, len(s), -1).numpy() for s in scores]
    pool = [m.bool().reshape(1, len(m), -1).numpy() for m in within]
    chosen = select_masks(flat, [count], "global", [cell.key], pool)
    return [torch.as_tensor(m).reshape(w.shape).float() for m, w in zip(chosen, within, strict=True)]
