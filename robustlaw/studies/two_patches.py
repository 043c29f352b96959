"""Pruning and generalisation on two patches: how test error depends on what a random mask keeps.

A config is one mask of one network on one data set: a Bernoulli mask of some density, or one of three
masks of equal count. Configs of one seed share data, initial weights and the uniform numbers that masks
are made of. After arXiv 2301.00335, whose theorems are recalled, not checked against the text:
    T3.1  mild pruning, p in [C log d/m, 1]: training loss reaches eps, population loss is
          O(K eps) + exp(-n^2/p), a bound that improves as p falls;
    T4.1  over-pruning, p = Theta(1/(K m log d)): training loss reaches eps, population loss
          Omega(log K): no better than guessing.
In that regime the dense network generalises already. Here sizes are small and the noise is strong,
so that it does not: the toy shows a stronger transition than the theorem states.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float64, Int64

from ..accounting import Accountant, TrainedWeights
from ..data.checks import require_count, require_number, require_positive, whole
from ..data.two_patches import PatchSample, TwoPatches
from ..errors import InfeasibleDensity, InvalidArgument, UnknownName
from ..networks.patch_stack import PatchStack, fresh_scores, log_losses, own_signal, wrong
from ..seeds import generator
from .config import PlainConfig
from .patch_descent import Descended, descend
from .patch_masks import EQUAL_COUNT, bernoulli, mask_events, placed, removed, smallest

NAME = "two_patches"
VERSION = 1
chunk_size = 40
MASKS = ("bernoulli", *EQUAL_COUNT)


@dataclass(frozen=True)
class TwoPatchesConfig(PlainConfig):
    """One mask of one network.

    mask    : "bernoulli" with `density`, or one that keeps `kept` weights: "random", "removed" (no neuron
              sees its class's signal) or "placed" (one weight a class at its largest mean coordinate)
    neurons : m, of each class
    signal, noise, spread : mu, sigma_n, and sigma_0 of the initial weights
    flipped : chance that a training label is another class than the signal names; 0 in the paper
    rate, steps, goal : of gradient descent, which stops at a training loss of `goal`
    fresh   : fresh noise patches, each tested under every label
    Raises InvalidArgument, UnknownName or InfeasibleDensity.
    """

    mask: str
    seed: int
    density: float | None = None
    kept: int | None = None
    classes: int = 2
    neurons: int = 12
    dim: int = 400
    n: int = 40
    signal: float = 1.0
    noise: float = 0.2
    spread: float = 0.05
    power: int = 3
    flipped: float = 0.0
    rate: float = 0.5
    steps: int = 40_000
    goal: float = 0.01
    fresh: int = 2000

    def __post_init__(self) -> None:
        if self.mask not in MASKS:
            raise UnknownName("mask", self.mask, MASKS)
        for name in ("neurons", "n", "steps", "fresh"):
            require_count(name, getattr(self, name))
        require_count("power", self.power, 2)
        for name in ("spread", "rate", "goal"):
            require_positive(name, getattr(self, name))
        self._require_size()
        require_number("flipped", self.flipped)
        if not 0.0 <= self.flipped < 1.0:
            raise InvalidArgument("flipped", self.flipped, "a chance below 1")
        self.model  # noqa: B018 -- which checks what is left

    def _require_size(self) -> None:
        if self.mask == "bernoulli":
            if self.density is None or self.kept is not None or not 0.0 < self.density <= 1.0:
                raise InfeasibleDensity("density", self.density, "a Bernoulli mask has a density in (0, 1]")
            return
        blind = self.classes * self.neurons * (self.dim - self.classes)
        if self.kept is None or self.density is not None or not 1 <= whole("kept", self.kept) <= blind:
            raise InfeasibleDensity("kept", self.kept, f"masks of equal count keep between 1 and {blind}")

    @property
    def model(self) -> TwoPatches:
        return TwoPatches(self.classes, self.dim, self.signal, self.noise)

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.classes, self.neurons, self.dim


def bucket(config: Mapping[str, Any]) -> Hashable:
    """All but the seed and the mask."""
    own = ("seed", "mask", "density", "kept")
    return tuple(sorted((name, str(v)) for name, v in config.items() if name not in own))


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row says how many classes kept their signal: in any neuron (`covered`), and in one whose initial
    weight there is positive (`live`). Descent starts from relu(mu w)^q, which is flat for the others."""
    cells = [TwoPatchesConfig.of(c) for c in configs]
    drawn = {seed: Drawn.of(next(c for c in cells if c.seed == seed)) for seed in {c.seed for c in cells}}
    trained = train(cells, [drawn[c.seed] for c in cells])
    normals = np.stack([_normals(cells[0], c.seed) for c in cells])
    error, loss = tested(trained.stack, cells[0].model, normals)
    right = 1.0 - _training_errors(trained.stack, [drawn[c.seed] for c in cells])
    kept, seen = trained.stack.kept, trained.stack.sees_signal
    neurons = trained.stack.signal_neurons
    positive = np.stack([drawn[c.seed].initial for c in cells]) > 0.0
    live = own_signal(trained.stack.masks & positive).any(axis=2).sum(axis=1)
    return [
        {
            "kept": int(kept[i]),
            "signal_neurons": neurons[i].tolist(),
            "covered": int((neurons[i] > 0).sum()),
            "live": int(live[i]),
            "sees_signal": bool(seen[i]),
            "loss": float(trained.loss[i]),
            "accuracy": float(right[i]),
            "steps": int(trained.steps[i]),
            "error": float(error[i]),
            "test_loss": float(loss[i]),
            **charges(cell, int(kept[i])),
        }
        for i, cell in enumerate(cells)
    ]


@dataclass(frozen=True, eq=False)
class Drawn:
    """What a seed decides: data, labels after flips, initial weights, and the numbers behind the masks."""

    sample: PatchSample
    labels: Int64[np.ndarray, " samples"]
    initial: Float64[np.ndarray, "classes neurons inputs"]
    uniforms: Float64[np.ndarray, "classes neurons inputs"]

    @classmethod
    def of(cls, cell: TwoPatchesConfig) -> Drawn:
        key = f"two patches {cell.seed}"
        sample = cell.model.sample(cell.n, generator("data", key))
        flips = generator("labels", key)
        turned = flips.random(cell.n) < cell.flipped
        other = (sample.labels + flips.integers(1, cell.classes, size=cell.n)) % cell.classes
        initial = cell.spread * generator("init", key).standard_normal(cell.shape)
        labels = np.where(turned, other, sample.labels)
        return cls(sample, labels, initial, generator("mask", key).random(cell.shape))


def train(cells: Sequence[TwoPatchesConfig], drawn: Sequence[Drawn]) -> Descended:
    """The masked networks after descent, one a cell; the cells differ in seed and mask only."""
    first = cells[0]
    initial = np.stack([d.initial for d in drawn])
    masks = masks_of(cells, drawn)
    start = PatchStack(np.where(masks, initial, 0.0), masks, first.power)
    noise = np.stack([d.sample.noise for d in drawn])
    places, labels = (np.stack(v) for v in ([d.sample.labels for d in drawn], [d.labels for d in drawn]))
    return descend(start, noise, first.model.signals, places, labels, first.rate, first.steps, first.goal)


def masks_of(cells: Sequence[TwoPatchesConfig], drawn: Sequence[Drawn]) -> np.ndarray:
    """Masks (nets, classes, neurons, inputs), made kind by kind."""
    kinds = [(c.mask, c.density, c.kept) for c in cells]
    masks = np.zeros((len(cells), *cells[0].shape), dtype=bool)
    for kind in dict.fromkeys(kinds):
        places = [i for i, k in enumerate(kinds) if k == kind]
        masks[places] = _made(kind, [drawn[i] for i in places])
    return masks


def _made(kind: tuple[str, float | None, int | None], drawn: Sequence[Drawn]) -> np.ndarray:
    name, density, kept = kind
    u = np.stack([d.uniforms for d in drawn])
    if density is not None:
        return bernoulli(u, density)
    assert kept is not None
    if name == "placed":
        coordinates = np.stack([d.sample.means_of(d.labels).argmax(axis=1) for d in drawn])
        return placed(u, kept, np.stack([d.initial for d in drawn]), coordinates)
    return removed(u, kept) if name == "removed" else smallest(u, kept)


def tested(
    stack: PatchStack, model: TwoPatches, normals: Float64[np.ndarray, "copies samples rows"]
) -> tuple[Float64[np.ndarray, " nets"], Float64[np.ndarray, " nets"]]:
    """Error and cross-entropy on fresh inputs, averaged over all labels for each noise patch."""
    scores = fresh_scores(stack, model, normals)
    flat = scores.reshape(len(stack), -1, model.classes)
    labels = np.tile(np.arange(model.classes), scores.shape[1])[None]
    return wrong(flat, labels).mean(axis=1), log_losses(flat, labels).mean(axis=1)


def charges(cell: TwoPatchesConfig, kept: int) -> dict[str, float]:
    """The accountant's view: nats of the mask and of float32 weights."""
    events = mask_events(cell.mask, cell.classes, cell.dim)
    ledger = Accountant().ledger([*events, TrainedWeights(kept)])
    return {"mask_nats": ledger.total("mask").upper, "weight_nats": ledger.total("weights").upper}


def _training_errors(stack: PatchStack, drawn: Sequence[Drawn]) -> Float64[np.ndarray, " nets"]:
    scores = stack.scores(np.stack([d.sample.patches for d in drawn]))
    return np.asarray(wrong(scores, np.stack([d.labels for d in drawn])).mean(axis=1))


def _normals(cell: TwoPatchesConfig, seed: int) -> np.ndarray:
    rng = generator("probe", f"two patches {seed}")
    return rng.standard_normal((cell.fresh, cell.classes * cell.neurons))
