"""Correlation of a network with the label noise while it is trained, pruned, rewound and trained again.

A config is one seed under one way to train: x ~ N(0, Id), y = teacher(x) + z with z ~ N(0, 1), and
    X = (1/n) sum_i (f(x_i) - E f) z_i,
E f being the mean over fresh inputs. One epoch is one full-batch step. In rounds, the smallest fifth of
the surviving weights is dropped and the rest goes back to its initial values; Adam's moments are kept,
which is what the published curves show (with new ones later rounds rise at once). Before the first
step of a round the weights have never seen the data, so X is then what the mask alone knows; beside it
stands X of masks with the same counts in every layer and other places.
After Kumar, Luo & Sellke, arXiv 2402.01089v1, Figures 2 and 3.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch

from ..data.checks import require_count, require_positive, whole
from ..errors import UnknownName
from ..networks import Mlp, Recipe, Stack, fit
from ..networks.initialise import TorchDefault, initial_stack
from ..networks.losses import Batch, batch
from ..networks.parametrise import Masked
from ..networks.recipe import NoiseUnit
from ..networks.stack import forward
from ..pruning.base import Session
from ..pruning.scores import magnitude
from ..seeds import generator
from .config import PlainConfig
from .recipes import INITIALISATIONS

NAME = "noise_correlation"
VERSION = 2
chunk_size = 1
MOMENTS = ("kept", "new")


@dataclass(frozen=True)
class CorrelationConfig(PlainConfig):
    """One seed of one way to train.

    epochs : steps of a round; marks: epochs at which X is recorded, after that many steps and one
    rounds : trainings in all, each on 4/5 of the weights of the one before
    gradient_noise, noise_unit : normal noise on every entry of the gradients, as `Recipe` has it
    fresh  : inputs that E f is averaged over
    shared_noise : whether all seeds have one draw of z
    initialisation : "torch" or "he", of the network
    spread  : standard deviation of the inputs' coordinates
    power   : mean square that the clean targets are scaled to; None leaves the teacher as it is
    moments : Adam's at the start of a round, "kept" from the one before or "new"
    Raises InvalidArgument.
    """

    seed: int
    learning_rate: float = 1e-3
    gradient_noise: float = 0.0
    noise_unit: NoiseUnit = "one"
    rounds: int = 1
    epochs: int = 100
    marks: tuple[int, ...] = (0, 10, 20, 30, 49, 99)
    n: int = 1000
    widths: tuple[int, ...] = (50, 100, 100, 100, 100, 1)
    teacher: tuple[int, ...] = (50, 50, 50, 1)
    fresh: int = 2000
    shared_noise: bool = False
    initialisation: str = "torch"
    spread: float = 1.0
    power: float | None = None
    moments: str = "kept"

    def __post_init__(self) -> None:
        for name in ("rounds", "epochs", "n", "fresh"):
            require_count(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate)
        if self.moments not in MOMENTS:
            raise UnknownName("moments", self.moments, MOMENTS)
        if self.initialisation not in INITIALISATIONS:
            raise UnknownName("initialisation", self.initialisation, INITIALISATIONS)
        require_positive("spread", self.spread)
        if self.power is not None:
            require_positive("power", self.power)
        for mark in self.marks:
            whole("marks", mark, 0)


def bucket(config: Mapping[str, Any]) -> Hashable:
    """Every seed is trained alone: such networks fill the processor by themselves."""
    return int(config["seed"])


def run(configs: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [_one(CorrelationConfig.of(c)) for c in configs]


@dataclass(frozen=True, eq=False)
class Problem:
    """Training data with their noise, and fresh inputs."""

    data: Batch
    noise: torch.Tensor
    fresh: torch.Tensor

    def correlation(self, outputs: torch.Tensor, means: torch.Tensor) -> float:
        """X from outputs (n,) on the training inputs and (m,) on fresh ones."""
        centred = outputs.double() - means.double().mean()
        return float((centred * self.noise).mean())


def problem(cell: CorrelationConfig) -> Problem:
    """Drawn from the seed; the teacher too, with torch's default initial weights."""
    key = f"noise correlation {cell.seed}"
    rng = generator("data", key)
    x = cell.spread * rng.standard_normal((cell.n, cell.widths[0]))
    fresh = cell.spread * rng.standard_normal((cell.fresh, cell.widths[0]))
    teacher = initial_stack(Mlp(cell.teacher), [f"teacher {cell.seed}"], TorchDefault(), dtype=torch.float64)
    clean = teacher.forward(torch.as_tensor(x)[None])[0, :, 0].numpy()
    if cell.power is not None:
        clean *= (cell.power / (clean**2).mean()) ** 0.5
    z = generator("noise", "noise correlation" if cell.shared_noise else key).standard_normal(cell.n)
    return Problem(
        batch([x], [clean + z]),
        torch.as_tensor(z),
        torch.as_tensor(fresh.T.copy(), dtype=torch.float32)[None],
    )


def correlation(
    stack: Stack, weights: Sequence[torch.Tensor], biases: Sequence[torch.Tensor], drawn: Problem
) -> float:
    """X of a single network with these weights."""
    n = len(drawn.noise)
    seen = forward(stack.arch, weights, biases, drawn.data.columns)[0, 0, :n]
    fresh = forward(stack.arch, weights, biases, drawn.fresh)[0, 0]
    return drawn.correlation(seen, fresh)


class _Rounds:
    """What happened in the rounds of one seed so far, and the ticket of the next one."""

    def __init__(self, cell: CorrelationConfig, drawn: Problem, start: Stack, recipe: Recipe) -> None:
        self.cell, self.drawn, self.start = cell, drawn, start
        self._count = start.arch.weight_count
        maskable = tuple(f"W{i + 1}" for i in range(start.arch.layers))
        names = (f"noise correlation {cell.seed}",)
        self._session = Session(start, drawn.data, recipe, names, (self._count,), maskable)
        self.told: list[dict[str, Any]] = []
        self._open(start)

    def _open(self, ticket: Stack) -> None:
        """What the ticket's mask knows before any step."""
        elsewhere = self.start.with_masks(shuffled(ticket.masks, self.cell.seed, len(self.told)))
        self._marks: dict[int, float] = {}
        self._before = {
            "kept": self._count,
            "mask_only": correlation(ticket, ticket.weights, ticket.biases, self.drawn),
            "shuffled": correlation(elsewhere, elsewhere.weights, elsewhere.biases, self.drawn),
        }

    def watch(self, epoch: int, value: Callable[[], float]) -> None:
        if epoch in self.cell.marks:
            self._marks[epoch] = value()

    def close(self, trained: Stack) -> Stack:
        """The ticket of the next round: the larger 4/5 of the trained weights, at their initial values."""
        last = correlation(trained, trained.weights, trained.biases, self.drawn)
        marked = [self._marks.get(mark, last) for mark in self.cell.marks]
        self.told.append({**self._before, "x": marked, "last": last})
        self._count -= self._count // 5
        scores = magnitude(trained, self._session.layer_numbers)
        ticket = self.start.with_masks(self._session.masks_from(scores, "global", (self._count,), trained))
        self._open(ticket)
        return ticket


class _Watched(Masked):
    """A single network that writes down X at the marked steps, and prunes itself between rounds."""

    def __init__(self, stack: Stack, recipe: Recipe, rounds: _Rounds) -> None:
        super().__init__(stack, recipe)
        self._rounds = rounds

    def before_step(self, number: int) -> None:
        epochs = self._rounds.cell.epochs
        if number:
            self._rounds.watch((number - 1) % epochs, self._correlation)
        if number and number % epochs == 0:
            self._go_on_from(self._rounds.close(self._now()))

    @torch.no_grad()
    def _correlation(self) -> float:
        return correlation(self._stack, self.weights(), self.biases(), self._rounds.drawn)

    def _now(self) -> Stack:
        weights, biases = (
            tuple(t.detach().clone() for t in group) for group in (self.weights(), self.biases())
        )
        return replace(self._stack, weights=weights, biases=biases)

    @torch.no_grad()
    def _go_on_from(self, ticket: Stack) -> None:
        for name, leaf in self.leaves.items():
            leaf.copy_(ticket.tensors[name])
        self.remask(ticket.masks)

    def take(self, places: Sequence[int]) -> _Watched:
        return _Watched(self._stack.take(places), self._recipe, self._rounds)


def _one(cell: CorrelationConfig) -> dict[str, Any]:
    drawn = problem(cell)
    together = cell.rounds if cell.moments == "kept" else 1  # rounds that one optimiser goes through
    recipe = Recipe(
        initialisation=INITIALISATIONS[cell.initialisation],
        learning_rate=cell.learning_rate,
        gradient_noise=cell.gradient_noise,
        noise_unit=cell.noise_unit,
        steps=cell.epochs * together,
        stop_at=None,
        lanes=1,
    )
    start = initial_stack(Mlp(cell.widths), [f"noise correlation {cell.seed}"], recipe.initialisation)
    rounds, ticket = _Rounds(cell, drawn, start, recipe), start
    for _ in range(0, cell.rounds, together):
        trained = fit(ticket, drawn.data, recipe, _Watched(ticket, recipe, rounds))
        ticket = rounds.close(trained)
    return {"noise_power": float((drawn.noise**2).mean()), "rounds": rounds.told}


def shuffled(masks: Sequence[torch.Tensor], seed: int, number: int) -> list[torch.Tensor]:
    """Masks with the same count in every layer and places that know nothing."""
    rng = generator("mask", f"noise correlation {seed}", number)
    flat = [m.flatten().numpy() for m in masks]
    return [torch.as_tensor(rng.permutation(f)).view_as(m) for f, m in zip(flat, masks, strict=True)]
