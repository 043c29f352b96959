"""What `verify` runs: grids of configs, by name."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..errors import InvalidArgument, UnknownName
from .law import LawConfig
from .top_k_sign import TopKSignConfig

LAW, TOP_K_SIGN = "robustlaw.studies.law", "robustlaw.studies.top_k_sign"
# what is run when nobody chooses: named, so that a new pruner does not lengthen every preset
METHODS = (
    "Dense",
    "Random",
    "MagnitudeAtInit",
    "Snip",
    "MagnitudeAfterTraining",
    "IterativeMagnitude",
    "EdgePopup",
)


@dataclass(frozen=True)
class Choices:
    """What a user may change in the main setting of a preset.

    methods, densities : every pair is run; "Dense" is run once, at density 1
    seeds     : 0 .. seeds - 1, one data set each
    inputs    : "gaussian" or "sphere"
    n, dim    : samples and input dimension
    """

    methods: tuple[str, ...] = METHODS
    densities: tuple[float, ...] = (0.5, 0.2, 0.08)
    seeds: int = 4
    inputs: str = "gaussian"
    n: int = 1000
    dim: int = 150

    def __post_init__(self) -> None:
        if self.seeds < 1:
            raise InvalidArgument("seeds", self.seeds, "give at least one seed")
        if not self.methods or not self.densities:
            raise InvalidArgument(
                "methods, densities", (self.methods, self.densities), "give at least one of each"
            )


Grid = tuple[str, list[dict[str, Any]]]


def _rows(
    choices: Choices, setting: str, hidden: Sequence[int], steps: int, **rest: Any
) -> Iterable[LawConfig]:
    for method in choices.methods:
        for density in (1.0,) if method == "Dense" else choices.densities:
            for seed in range(choices.seeds):
                yield LawConfig(
                    setting,
                    choices.inputs,
                    choices.n,
                    choices.dim,
                    tuple(hidden),
                    method,
                    density,
                    seed,
                    steps=steps,
                    **rest,
                )


def _top_k_sign(seeds: int) -> list[TopKSignConfig]:
    return [TopKSignConfig(1000, 1000, k, s) for k in (10, 30, 100, 300) for s in range(seeds)]


def smoke(choices: Choices) -> list[Grid]:
    """A few seconds: the path of `quick` on small networks of a fixed size, two seeds at most.

    A test of the machinery: its slacks mean nothing.
    """
    seeds = min(choices.seeds, 2)
    small = Choices(choices.methods, choices.densities, seeds, choices.inputs, 500, 32)
    digits = Choices(("Random",), (0.2,), seeds, "digits", 500, 64)
    laws = [*_rows(small, "main", (16,), 100), *_rows(digits, "digits", (8,), 60)]
    return [(TOP_K_SIGN, _plain(_top_k_sign(seeds))), (LAW, _plain(laws))]


def quick(choices: Choices) -> list[Grid]:
    """About a minute on two cores: every method, one setting, real digits, one well-fitted network."""
    seeds = choices.seeds
    digits = Choices(("Random", "IterativeMagnitude"), (0.2,), seeds, "digits", 1000, 64)
    fitted = Choices(("Dense",), (1.0,), min(seeds, 2), "sphere", 4352, 64)
    laws = [
        *_rows(fitted, "high fit", (192,), 800, recipe="high_fit", bits=(2, 3, 4), eps=0.9, radius=512.0),
        *_rows(choices, "main", (10,), 250),
        *_rows(digits, "digits", (16,), 250),
    ]
    return [(TOP_K_SIGN, _plain(_top_k_sign(seeds))), (LAW, _plain(laws))]


def full(choices: Choices) -> list[Grid]:
    """The settings A and B, and the rows that stretch the law; twice as many seeds as chosen."""
    seeds = 2 * choices.seeds
    kept = (0.5, 0.25, 0.1, 0.05, 0.02)
    methods = choices.methods
    main = Choices(methods, choices.densities, seeds, choices.inputs, choices.n, choices.dim)
    a, b = (Choices(methods, kept, seeds, "gaussian", n, d) for n, d in ((2000, 50), (5000, 100)))
    wide = Choices(methods, (0.5, 0.2, 0.08), seeds, "gaussian", 2000, 200)
    ordinary = Choices(("Dense", "Random", "IterativeMagnitude"), (0.2,), seeds, "gaussian", 1000, 64)
    deep = Choices(("Dense", "Random"), (0.2,), seeds, "gaussian", 1000, 64)
    high = Choices(("Dense", "Random"), (0.5,), seeds, "gaussian", 500, 200)
    sphere = Choices(methods, (0.5, 0.2, 0.08), seeds, "sphere", 1000, 64)
    digits = Choices(methods, (0.5, 0.2), seeds, "digits", 1000, 64)
    fitted = Choices(("Dense", "Random"), (0.5,), choices.seeds, "sphere", 4352, 64)
    codes = {"bits": (1, 2, 3, 4)}
    laws = [
        *_rows(fitted, "high fit", (192,), 1000, recipe="high_fit", bits=(2, 3, 4), eps=0.9, radius=512.0),
        *_rows(main, "main", (10,), 250),
        *_rows(a, "A", (40,), 300, **codes),
        *_rows(b, "B", (20,), 300, **codes),
        *_rows(wide, "wide inputs", (10,), 300, **codes),
        *_rows(sphere, "sphere", (16,), 250),
        *_rows(high, "few samples", (16,), 400, **codes),
        *_rows(ordinary, "ordinary training", (16,), 500, recipe="ordinary", **codes),
        *_rows(deep, "two hidden layers", (16, 16), 500, recipe="ordinary", **codes),
        *_rows(digits, "digits", (16,), 250),
    ]
    return [(TOP_K_SIGN, _plain(_top_k_sign(seeds))), (LAW, _plain(laws))]


PRESETS: dict[str, Callable[[Choices], list[Grid]]] = {
    "smoke": smoke,
    "quick": quick,
    "full": full,
}


def preset(name: str, choices: Choices | None = None) -> list[Grid]:
    """The grids of a preset; every config is checked here, before anything runs or is written.

    Raises UnknownName, InfeasibleDensity or InvalidArgument.
    """
    if name not in PRESETS:
        raise UnknownName("preset", name, PRESETS)
    chosen = choices or Choices()
    list(_rows(chosen, "main", (10,), 250))  # refuses wrong choices, also where a preset has its own
    return PRESETS[name](chosen)


def _plain(configs: Iterable[LawConfig | TopKSignConfig]) -> list[dict[str, Any]]:
    return [c.plain() for c in configs]
