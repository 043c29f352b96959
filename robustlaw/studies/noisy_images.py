"""How well pruned classifiers fit noisy images with true labels, one row a method and seed.

After Kumar, Luo & Sellke, arXiv 2402.01089v1, Figure 1b: normal noise on the pixels, drawn once, a
network of two hidden layers, Adam, and training until the loss has settled. Every method ends with the
same kept counts of weights, put back to their initial values and trained again. Test accuracy stands
beside training accuracy, so that memorising can be told from generalising.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import torch

from ..data.checks import require_count
from ..errors import InvalidArgument, UnknownName
from ..networks import He, Mlp, Plateau, Recipe, Stack
from ..networks.initialise import initial_stack
from ..networks.losses import batch
from ..pruning.after_training import MagnitudeAfterTraining
from ..pruning.at_initialisation import Grasp, Random, Snip
from ..pruning.base import Pruner, Session
from ..pruning.in_rounds import SynFlow
from ..pruning.kept_counts import effective
from ..pruning.scores import magnitude
from .config import PlainConfig
from .image_sets import ImageSet, Part, identity, noisy_parts

NAME = "noisy_images"
VERSION = 1
chunk_size = 8
METHODS = ("IterativeMagnitude", "MagnitudeAfterTraining", "Random", "Snip", "SynFlow", "Grasp")
# Larger networks fill the processor one by one, smaller ones eight at a time.
LARGE, TOGETHER = 50_000, 8


@dataclass(frozen=True)
class NoisyImagesConfig(PlainConfig):
    """One method and seed.

    counts : kept weights of the networks that are weighed, falling; iterative pruning trains at each of
             `rounds` on its way, which include them
    source, train, test, variance, files : of the images, see ImageSet
    scored : training images of each class that SNIP and GraSP look at
    epochs : most epochs of a training; it ends before where the loss on all training images, read
             after each, has changed by less than `change` in `times` readings in a row
    Raises InvalidArgument or UnknownName.
    """

    method: str
    seed: int
    counts: tuple[int, ...]
    source: str
    train: int
    test: int
    variance: float
    rounds: tuple[int, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    widths: tuple[int, ...] = (784, 200, 200, 10)
    scored: int = 10
    epochs: int = 60
    change: float = 0.01
    times: int = 3
    learning_rate: float = 1e-3
    batch_size: int = 64
    synflow_rounds: int = 100
    grasp_temperature: float = 200.0

    def __post_init__(self) -> None:
        if self.method not in METHODS:
            raise UnknownName("method", self.method, METHODS)
        for name in ("scored", "epochs", "batch_size"):
            require_count(name, getattr(self, name))
        total = Mlp(self.widths).weight_count
        falling = all(a > b for a, b in zip(self.counts, self.counts[1:], strict=False))
        if not self.counts or not falling or not 0 < self.counts[-1] <= self.counts[0] <= total:
            raise InvalidArgument("counts", self.counts, f"give falling kept counts from 1 to {total}")
        if self.method == "IterativeMagnitude" and not set(self.counts) <= {*self.rounds, total}:
            raise InvalidArgument("rounds", self.rounds, "the rounds have to pass through every count")
        self.images, self.recipe  # noqa: B018 - whose own checks are the rest of these

    @property
    def images(self) -> ImageSet:
        return ImageSet(self.source, self.train, self.test, self.variance, self.files)

    @property
    def recipe(self) -> Recipe:
        an_epoch = -(-self.train // self.batch_size)
        return Recipe(
            initialisation=He(),
            loss="softmax",
            learning_rate=self.learning_rate,
            batch_size=self.batch_size,
            steps=self.epochs * an_epoch,
            stop_at=None,
            plateau=Plateau(self.change, self.times),
            check_every=an_epoch,
            lanes=1 if self.alone else TOGETHER,
        )

    @property
    def alone(self) -> bool:
        """Whether a network is trained by itself."""
        return Mlp(self.widths).weight_count > LARGE


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the seed, which small networks may differ in."""
    alone = NoisyImagesConfig.of(config).alone
    return tuple(sorted((name, str(v)) for name, v in config.items() if alone or name != "seed"))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    cells = [NoisyImagesConfig.of(c) for c in configs]
    first = cells[0]
    parts = [noisy_parts(first.images, cell.seed) for cell in cells]
    train, test = ([part[place] for part in parts] for place in (0, 1))
    arch, names = Mlp(first.widths), tuple(f"noisy images {cell.seed}" for cell in cells)
    start = initial_stack(arch, names, first.recipe.initialisation)
    maskable = tuple(f"W{i + 1}" for i in range(arch.layers))
    counts = (first.counts[0],) * len(cells)
    data = batch([part.x for part in train], [part.y for part in train])
    session = Session(start, data, first.recipe, names, counts, maskable)
    found = [_weighed(trained, train, test) for trained in _trained(first, session, train)]
    return [
        {
            "kept": list(first.counts),
            "largest": int(np.bincount(part.y).max()),
            "identity": identity(first.images),
            **{name: [level[name][i] for level in found] for name in found[0]},
        }
        for i, part in enumerate(train)
    ]


def _trained(cell: NoisyImagesConfig, session: Session, train: Sequence[Part]) -> list[Stack]:
    """The trained networks at each kept count."""
    if cell.method == "IterativeMagnitude":
        return _iterated(cell, session)
    pruner = _pruner(cell)
    scored = session
    if cell.method in ("Snip", "Grasp"):
        few = [part.few(cell.scored) for part in train]
        scored = replace(session, data=batch([part.x for part in few], [part.y for part in few]))
    chosen = pruner.choose_at(scored, cell.counts)
    return [session.finish(session.start.with_masks(masks)) for masks in chosen]


def _pruner(cell: NoisyImagesConfig) -> Pruner:
    return {
        "MagnitudeAfterTraining": MagnitudeAfterTraining(1.0, afterwards="rewind"),
        "Random": Random(1.0),
        "Snip": Snip(1.0),
        "SynFlow": SynFlow(1.0, rounds=cell.synflow_rounds),
        "Grasp": Grasp(1.0, temperature=cell.grasp_temperature),
    }[cell.method]


def _iterated(cell: NoisyImagesConfig, session: Session) -> list[Stack]:
    """Train, keep the largest weights of those left, rewind, down to the last count that is weighed."""
    trained = session.finish(session.start)
    levels = {session.maskable_total: trained}
    for count in (k for k in cell.rounds if k >= cell.counts[-1]):
        scores = magnitude(trained, session.layer_numbers)
        masks = session.masks_from(scores, "global", (count,) * len(session.keys), trained)
        levels[count] = trained = session.finish(session.start.with_masks(masks))
    return [levels[count] for count in cell.counts]


def _weighed(stack: Stack, train: Sequence[Part], test: Sequence[Part]) -> dict[str, list[Any]]:
    """Images that each network gets right, and how its training went."""
    alive = torch.stack([m.flatten(1).sum(1) for m in effective(stack.masks)]).sum(0)
    return {
        "effective": alive.tolist(),
        "train_right": _right(stack, train),
        "test_right": _right(stack, test),
        "loss": [float(fact["loss"]) for fact in stack.facts],
        "steps": [int(fact["steps"]) for fact in stack.facts],
        "settled": [bool(fact["converged"]) for fact in stack.facts],
    }


def _right(stack: Stack, parts: Sequence[Part]) -> list[int]:
    """Images whose class has the largest output; a tie at the top goes to the first class."""
    found = []
    for place, part in enumerate(parts):
        outputs = stack.take([place]).forward(torch.as_tensor(part.x)[None])[0]
        found.append(int((outputs.argmax(1) == torch.as_tensor(part.y)).sum()))
    return found


def iterates(total: int, smallest: int) -> tuple[int, ...]:
    """floor(.8 K) again and again from `total`, down to `smallest`."""
    counts = [total]
    while (following := counts[-1] * 4 // 5) >= smallest:
        counts.append(following)
    return tuple(counts[1:])
