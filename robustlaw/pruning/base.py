"""What every pruner is, and the session it works in."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.checks import whole
from ..errors import UnknownName
from ..networks import Batch, Dependence, Recipe, Stack, fit
from ..networks.origin import tensor_names
from ..networks.parametrise import Parametrisation
from ..networks.training import losses_of
from .selection import Scope, check_density, check_scope, layer_counts, select_masks

Key = int | str


@dataclass(frozen=True, eq=False)
class Session:
    """Everything a pruner may use for one stack.

    start    : dense networks at initialisation
    data     : their training data
    recipe   : how they are trained in the end; searches leave the rounding to a grid out
    keys     : name of each network, from which its random streams are drawn
    counts   : kept entries each network has to end with, among the maskable ones
    maskable : names of the tensors that masks are chosen in
    """

    start: Stack
    data: Batch
    recipe: Recipe
    keys: tuple[Key, ...]
    counts: tuple[int, ...]
    maskable: tuple[str, ...]

    @property
    def layer_numbers(self) -> list[int]:
        return [int(name[1:]) - 1 for name in self.maskable]

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(out, in) of the maskable tensors."""
        return [self.start.arch.shapes[i] for i in self.layer_numbers]

    @property
    def maskable_total(self) -> int:
        return sum(out * into for out, into in self.shapes)

    def search(self, stack: Stack, first_step: int = 0, last_step: int | None = None) -> Stack:
        """Train as the recipe says, on unrounded weights: for finding masks.

        A search that ends at a given step stops for nothing before it.
        """
        early = self.recipe.stop_at if last_step is None else None
        plain = replace(self.recipe, straight_through=None, stop_at=early)
        return fit(stack, self.data, plain, first_step=first_step, last_step=last_step)

    def finish(self, stack: Stack, first_step: int = 0) -> Stack:
        """The last training of a network, exactly as the recipe says."""
        return fit(stack, self.data, self.recipe, first_step=first_step)

    def measured(self, stack: Stack) -> Stack:
        """The same networks, `facts` telling their loss as they are now."""
        target = -math.inf if self.recipe.stop_at is None else self.recipe.stop_at
        losses = losses_of(stack, self.data, self.recipe)
        facts = tuple(
            {**before, "loss": loss, "converged": loss <= target}
            for before, loss in zip(stack.facts, losses, strict=True)
        )
        return replace(stack, facts=facts)

    def finish_with(self, stack: Stack, parametrisation: Parametrisation) -> Stack:
        """The last training, of other leaves than the weights."""
        return fit(stack, self.data, self.recipe, parametrisation)

    def take(self, places: Sequence[int]) -> Session:
        """The same session for the networks at `places`."""
        return replace(
            self,
            start=self.start.take(places),
            data=self.data.take(places),
            keys=tuple(self.keys[i] for i in places),
            counts=tuple(self.counts[i] for i in places),
        )

    def masks_from(
        self,
        scores: Sequence[np.ndarray],
        scope: Scope,
        counts: Sequence[int] | None = None,
        within: Stack | None = None,
        min_per_layer: int = 0,
    ) -> list[Tensor]:
        """Masks of the whole stack from scores (nets, out, in) of the maskable tensors.

        counts        : kept entries of each network, by default the session's
        within        : networks whose kept entries are the candidates
        min_per_layer : kept entries that every tensor is left with
        """
        pool = None if within is None else self.kept_entries(within)
        wanted = counts or self.counts
        return self.of_all_layers(select_masks(scores, wanted, scope, self.keys, pool, min_per_layer))

    def kept_entries(self, stack: Stack) -> list[np.ndarray]:
        """Masks of the maskable tensors."""
        return [stack.masks[i].cpu().numpy() for i in self.layer_numbers]

    def of_all_layers(self, chosen: Sequence[np.ndarray]) -> list[Tensor]:
        """Masks of every layer from those of the maskable tensors."""
        masks = [torch.ones_like(m) for m in self.start.masks]
        for layer, mask in zip(self.layer_numbers, chosen, strict=True):
            masks[layer] = torch.as_tensor(mask, device=self.start.weights[0].device)
        return masks


@dataclass(frozen=True)
class Pruner(ABC):
    """A way to end with a given fraction of the maskable weights.

    density : kept fraction, in (0, 1]
    """

    density: float

    dependence: ClassVar[Dependence]

    def __post_init__(self) -> None:
        check_density(self.density)

    @property
    def name(self) -> str:
        return type(self).__name__

    @abstractmethod
    def choose(self, session: Session) -> list[Tensor]:
        """The masks (nets, out, in) of every layer, without the last training."""

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        """`choose` at several kept counts, the same for all networks."""
        return [self.choose(replace(session, counts=(k,) * len(session.keys))) for k in counts]

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Kept entries of each maskable tensor where no data decide them, else None.

        Where it is not None, every mask that is chosen has exactly these counts.
        """
        del shapes, count
        return None

    @property
    def exact(self) -> bool:
        """Whether every mask has exactly the asked count in total."""
        return True

    def run(self, session: Session) -> Stack:
        """Find the masks and train the networks of the session."""
        return session.finish(session.start.with_masks(self.choose(session)))


@dataclass(frozen=True)
class ScorePruner(Pruner):
    """Keeps the entries of highest score, all weighed once.

    scope         : "global" weighs all entries against each other, "layerwise" those of a tensor
    min_per_layer : kept entries that every tensor is left with, whatever the scores
    """

    scope: Scope = "global"
    min_per_layer: int = 0

    def __post_init__(self) -> None:
        super().__post_init__()
        check_scope(self.scope)
        whole("min_per_layer", self.min_per_layer)

    @abstractmethod
    def scores(self, session: Session) -> list[np.ndarray]:
        """Scores (nets, out, in) of the maskable tensors, higher is better."""

    def choose(self, session: Session) -> list[Tensor]:
        return session.masks_from(self.scores(session), self.scope, min_per_layer=self.min_per_layer)

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        """One weighing serves every count."""
        scores, floor = self.scores(session), self.min_per_layer
        wanted = [(k,) * len(session.keys) for k in counts]
        return [session.masks_from(scores, self.scope, many, min_per_layer=floor) for many in wanted]

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        if self.scope == "global":
            return None
        sizes = np.array([out * into for out, into in shapes])
        return tuple(layer_counts(sizes, count, self.min_per_layer).tolist())


def maskable_names(stack: Stack, recipe: Recipe, maskable: frozenset[str] | None) -> tuple[str, ...]:
    """Names of the tensors to mask: the given ones, or every weight matrix that is trained."""
    weights = [f"W{i + 1}" for i in range(stack.arch.layers)]
    if maskable is None:
        return tuple(w for w in weights if w not in recipe.frozen)
    for name in tensor_names("maskable", maskable) - set(weights):
        raise UnknownName("maskable", name, weights)
    return tuple(w for w in weights if w in maskable)
