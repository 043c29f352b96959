"""What every pruner is, and the session it works in."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.checks import whole
from ..errors import InvalidArgument, MissingCapability, UnknownName
from ..networks import Batch, Dependence, Mlp, Recipe, Stack, fit
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
    maskable : names of the weight tensors that masks are chosen in
    biases   : names of the biases that are masked along with these weights. To masks, scores and
               counts they are one more column of their layer, the last one
    """

    start: Stack
    data: Batch
    recipe: Recipe
    keys: tuple[Key, ...]
    counts: tuple[int, ...]
    maskable: tuple[str, ...]
    biases: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.biases and self.start.bias_masks is None:
            object.__setattr__(self, "start", self.start.masking_biases())

    @property
    def layer_numbers(self) -> list[int]:
        return [int(name[1:]) - 1 for name in self.maskable]

    @property
    def biased(self) -> frozenset[int]:
        """Numbers of the layers whose biases are maskable."""
        return frozenset(int(name[1:]) - 1 for name in self.biases)

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """(out, in) of the maskable tensors, (out, in + 1) where biases are maskable."""
        return entry_shapes(self.start.arch, self.maskable, self.biases)

    @property
    def maskable_total(self) -> int:
        return sum(out * into for out, into in self.shapes)

    def search(self, stack: Stack, first_step: int = 0, last_step: int | None = None) -> Stack:
        """Train as the recipe says, on unrounded weights: for finding masks.

        A search that ends at a given step stops for nothing before it.
        """
        plain = replace(self.recipe, straight_through=None)
        if last_step is not None:
            plain = replace(plain, stop_at=None, plateau=None)
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
        """Masks of the whole stack from scores of the maskable tensors, of `shapes`.

        counts        : kept entries of each network, by default the session's
        within        : networks whose kept entries are the candidates
        min_per_layer : kept entries that every tensor is left with
        """
        pool = None if within is None else self.kept_entries(within)
        wanted = counts or self.counts
        return self.of_all_layers(select_masks(scores, wanted, scope, self.keys, pool, min_per_layer))

    def kept_entries(self, stack: Stack) -> list[np.ndarray]:
        """Masks of the maskable tensors."""
        return [m.cpu().numpy() for m in self.of_maskable(stack.entry_masks)]

    def of_maskable(self, masks: Sequence[Tensor]) -> list[Tensor]:
        """Of the masks of every layer, those of the maskable tensors."""
        sized = zip(self.layer_numbers, self.shapes, strict=True)
        return [masks[layer][:, :, :columns] for layer, (_, columns) in sized]

    def of_all_layers(self, chosen: Sequence[np.ndarray]) -> list[Tensor]:
        """Masks of every layer, as `Stack.with_masks` takes them, from those of the maskable tensors."""
        masks = [torch.ones_like(m) for m in self.start.entry_masks]
        for layer, mask in zip(self.layer_numbers, chosen, strict=True):
            masks[layer][:, :, : mask.shape[2]] = torch.as_tensor(mask, device=masks[layer].device)
        return masks


@dataclass(frozen=True)
class Pruner(ABC):
    """A way to end with a given fraction of the maskable entries.

    density        : kept fraction, in (0, 1]
    include_biases : whether the biases that are trained are maskable along with their layers' weights.
                     Density and counts then refer to both; a masked bias is 0 for good
    Raises InfeasibleDensity, or MissingCapability where biases make no sense.
    """

    density: float
    include_biases: bool = field(default=False, kw_only=True)

    dependence: ClassVar[Dependence]
    why_no_biases: ClassVar[str] = ""

    def __post_init__(self) -> None:
        check_density(self.density)
        if not isinstance(self.include_biases, bool):
            raise InvalidArgument("include_biases", self.include_biases, "give True or False")
        if self.include_biases and self.why_no_biases:
            raise MissingCapability(f"{type(self).__name__} cannot mask biases: {self.why_no_biases}")

    @property
    def name(self) -> str:
        return type(self).__name__

    @abstractmethod
    def choose(self, session: Session) -> list[Tensor]:
        """The masks of every layer, as `Stack.entry_masks` has them, without the last training."""

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        """`choose` at several kept counts, the same for all networks."""
        return [self.choose(replace(session, counts=(k,) * len(session.keys))) for k in counts]

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        """Kept entries of each maskable tensor where no data decide them, else None.

        shapes : (out, in) of each tensor, (out, in + 1) of one whose biases are maskable too
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
        """Scores of the maskable tensors, of the session's `shapes`; higher is better."""

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


def maskable_biases(pruner: Pruner, names: Sequence[str], recipe: Recipe) -> tuple[str, ...]:
    """Names of the biases to mask along with the weights `names`: those that are trained, if any are asked.

    Raises InvalidArgument if biases are asked and none is trained.
    """
    if not pruner.include_biases:
        return ()
    biases = tuple(b for b in (f"b{name[1:]}" for name in names) if b not in recipe.frozen)
    if not biases:
        raise InvalidArgument("include_biases", True, f"no bias of {', '.join(names)} is trained")
    return biases


def entry_shapes(arch: Mlp, names: Sequence[str], biases: Sequence[str]) -> list[tuple[int, int]]:
    """(out, in) of the weights `names`, with one more column where the layer's bias is among `biases`."""
    places = [(name[1:], *arch.shapes[int(name[1:]) - 1]) for name in names]
    return [(out, into + (f"b{number}" in biases)) for number, out, into in places]
