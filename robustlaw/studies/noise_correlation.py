"""Correlation of a network with the label noise while it is trained, pruned, rewound and trained again.

A config is one seed under one way to train: x ~ N(0, Id), y = teacher(x) + z with z ~ N(0, 1), and
    X = (1/n) sum_i (f(x_i) - E f) z_i,
E f being the mean over fresh inputs. One epoch is one full-batch step. In rounds, the smallest fifth of
the surviving weights is dropped and the rest goes back to its initial values. Before the first
step of a round the weights have never seen the data, so X is then what the mask alone knows; beside it
stands X of masks with the same counts in every layer and other places.
After Kumar, Luo & Sellke, arXiv 2402.01089v1, Figures 2 and 3.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from ..data.checks import require_count, require_positive, whole
from ..networks import Mlp, Recipe, Stack, fit
from ..networks.initialise import TorchDefault, initial_stack
from ..networks.losses import Batch, batch
from ..networks.parametrise import Masked
from ..networks.stack import forward
from ..pruning.base import Session
from ..pruning.scores import magnitude
from ..seeds import generator
from .config import PlainConfig

NAME = "noise_correlation"
VERSION = 1
chunk_size = 1


@dataclass(frozen=True)
class CorrelationConfig(PlainConfig):
    """One seed of one way to train.

    epochs : steps of a round; marks: epochs at which X is recorded, after that many steps and one
    rounds : trainings in all, each on 4/5 of the weights of the one before
    gradient_noise : deviation of the normal noise added to every entry of the gradients
    fresh  : inputs that E f is averaged over
    shared_noise : whether all seeds have one draw of z
    Raises InvalidArgument.
    """

    seed: int
    learning_rate: float = 1e-3
    gradient_noise: float = 0.0
    rounds: int = 1
    epochs: int = 100
    marks: tuple[int, ...] = (0, 10, 20, 30, 49, 99)
    n: int = 1000
    widths: tuple[int, ...] = (50, 100, 100, 100, 100, 1)
    teacher: tuple[int, ...] = (50, 50, 50, 1)
    fresh: int = 2000
    shared_noise: bool = False

    def __post_init__(self) -> None:
        for name in ("rounds", "epochs", "n", "fresh"):
            require_count(name, getattr(self, name))
        require_positive("learning_rate", self.learning_rate)
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
    x = rng.standard_normal((cell.n, cell.widths[0]))
    fresh = rng.standard_normal((cell.fresh, cell.widths[0]))
    teacher = initial_stack(Mlp(cell.teacher), [f"teacher {cell.seed}"], TorchDefault(), dtype=torch.float64)
    clean = teacher.forward(torch.as_tensor(x)[None])[0, :, 0].numpy()
    z = generator("noise", "noise correlation" if cell.shared_noise else key).standard_normal(cell.n)
    return Problem(
        batch([x], [clean + z]),
        torch.as_tensor(z),
        torch.as_tensor(fresh.T.copy(), dtype=torch.float32)[None],
    )


class _Watched(Masked):
    """Masked weights that write down X at the marked steps; made for a single network."""

    def __init__(self, stack: Stack, recipe: Recipe, drawn: Problem, marks: Sequence[int]) -> None:
        super().__init__(stack, recipe)
        self._drawn, self._marks, self.found = drawn, marks, dict[int, float]()

    def before_step(self, number: int) -> None:
        if number - 1 in self._marks:
            self.found[number - 1] = self.correlation()

    @torch.no_grad()
    def correlation(self) -> float:
        return correlation(self._stack, self.weights(), self.biases(), self._drawn)

    def take(self, places: Sequence[int]) -> _Watched:
        rest = _Watched(self._stack.take(places), self._recipe, self._drawn, self._marks)
        rest.found = self.found
        return rest


def correlation(
    stack: Stack, weights: Sequence[torch.Tensor], biases: Sequence[torch.Tensor], drawn: Problem
) -> float:
    """X of a single network with these weights."""
    n = len(drawn.noise)
    seen = forward(stack.arch, weights, biases, drawn.data.columns)[0, 0, :n]
    fresh = forward(stack.arch, weights, biases, drawn.fresh)[0, 0]
    return drawn.correlation(seen, fresh)


def _one(cell: CorrelationConfig) -> dict[str, Any]:
    drawn, arch = problem(cell), Mlp(cell.widths)
    names = (f"noise correlation {cell.seed}",)
    recipe = Recipe(
        initialisation=TorchDefault(),
        learning_rate=cell.learning_rate,
        gradient_noise=cell.gradient_noise,
        steps=cell.epochs,
        stop_at=None,
        lanes=1,
    )
    start = initial_stack(arch, names, recipe.initialisation)
    maskable = tuple(f"W{i + 1}" for i in range(arch.layers))
    session = Session(start, drawn.data, recipe, names, (arch.weight_count,), maskable)
    ticket, kept, rounds = start, arch.weight_count, []
    for number in range(cell.rounds):
        before = correlation(ticket, ticket.weights, ticket.biases, drawn)
        elsewhere = start.with_masks(shuffled(ticket.masks, cell.seed, number))
        watch = _Watched(ticket, recipe, drawn, cell.marks)
        trained = fit(ticket, drawn.data, recipe, watch)
        last = correlation(trained, trained.weights, trained.biases, drawn)
        rounds.append(
            {
                "kept": kept,
                "mask_only": before,
                "shuffled": correlation(elsewhere, elsewhere.weights, elsewhere.biases, drawn),
                "x": [watch.found.get(mark, last) for mark in cell.marks],
                "last": last,
            }
        )
        kept -= kept // 5
        scores = magnitude(trained, session.layer_numbers)
        ticket = start.with_masks(session.masks_from(scores, "global", (kept,), trained))
    return {"noise_power": float((drawn.noise**2).mean()), "rounds": rounds}


def shuffled(masks: Sequence[torch.Tensor], seed: int, number: int) -> list[torch.Tensor]:
    """Masks with the same count in every layer and places that know nothing."""
    rng = generator("mask", f"noise correlation {seed}", number)
    flat = [m.flatten().numpy() for m in masks]
    return [torch.as_tensor(rng.permutation(f)).view_as(m) for f, m in zip(flat, masks, strict=True)]
