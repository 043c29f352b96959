"""Named training recipes of the law study, and names of what studies start from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from ..errors import UnknownName
from ..networks import (
    He,
    LipschitzPenalty,
    Recipe,
    SignedConstant,
    Small,
    StraightThrough,
)
from ..networks.initialise import Initialisation, TorchDefault

INITIALISATIONS: dict[str, Initialisation] = {"he": He(), "torch": TorchDefault()}
# Output weights +-1/sqrt(h) and biases 0 stay at their initial values and are never charged.
OUTPUT_AND_BIASES = frozenset({"W2", "b1", "b2"})
# Frozen supermask weights +-0.6 on inputs of norm about 1.
SUPERMASK_SCALE = 0.6


def low_slack(steps: int, inputs: int, method: str) -> Recipe:
    """Sign weights, small initialisation, Lipschitz penalty, decay: the tightest networks known here."""
    base = Recipe(
        initialisation=Small(0.3),
        optimiser="adamw",
        learning_rate=0.02,
        weight_decay=0.3,
        schedule="cosine",
        steps=steps,
        stop_at=None,
        frozen=OUTPUT_AND_BIASES,
        penalty=LipschitzPenalty(0.003),
        straight_through=StraightThrough(1, "zero"),
    )
    if method == "EdgePopup":
        source = SignedConstant(SUPERMASK_SCALE * inputs**0.5)
        return replace(base, initialisation=source, weight_decay=0.0, straight_through=None)
    if method in ("MagnitudeAfterTraining", "IterativeMagnitude"):
        return replace(base, straight_through=StraightThrough(2, "zero"))
    return base


def ordinary(steps: int, inputs: int, method: str) -> Recipe:
    """Every weight and bias trained by Adam with nothing to please the law."""
    del inputs, method
    return Recipe(initialisation=He(), learning_rate=0.01, schedule="cosine", steps=steps, stop_at=None)


def high_fit(steps: int, inputs: int, method: str) -> Recipe:
    """Fit the labels almost perfectly, each network alone; frozen tensors as in low_slack."""
    del inputs, method
    return Recipe(
        initialisation=Small(0.3),
        learning_rate=0.02,
        schedule="cosine",
        steps=steps,
        stop_at=None,
        frozen=OUTPUT_AND_BIASES,
        lanes=1,
    )


RECIPES: dict[str, Callable[[int, int, str], Recipe]] = {
    "low_slack": low_slack,
    "ordinary": ordinary,
    "high_fit": high_fit,
}


def recipe(name: str, steps: int, inputs: int, method: str) -> Recipe:
    """The recipe called `name` for a pruner and an input dimension. Raises UnknownName."""
    if name not in RECIPES:
        raise UnknownName("recipe", name, RECIPES)
    return RECIPES[name](steps, inputs, method)
