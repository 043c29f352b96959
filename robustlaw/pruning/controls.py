"""Controls: what is left of a method when one thing about its masks is undone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from torch import Tensor

from ..data.checks import require_kind
from ..errors import InvalidArgument
from ..networks import Stack, initial_stack
from .at_initialisation import Random
from .base import Key, Pruner, ScorePruner, Session
from .densities import random_places


def inherit(control: Pruner, pruner: Pruner) -> None:
    """Give a control the density, the kind of entries, and what the mask looks at, of the pruner it wraps."""
    for name, value in (
        ("pruner", pruner),
        ("density", pruner.density),
        ("include_biases", pruner.include_biases),
        ("dependence", pruner.dependence),
    ):
        object.__setattr__(control, name, value)


def matched_random(pruner: Pruner) -> Random:
    """A uniform mask of the same total. Raises InvalidArgument if that is not what the pruner is asked."""
    require_kind("pruner", pruner, Pruner, "give a pruner such as Snip(0.5)")
    if not pruner.exact:
        raise InvalidArgument("pruner", pruner.name, "its masks do not have the asked total; use Shuffled")
    return Random(pruner.density, include_biases=pruner.include_biases)


@dataclass(frozen=True, init=False)
class Wrapper(Pruner):
    """Does something about another pruner's masks, and leaves the number of kept entries to it."""

    pruner: Pruner = field(init=False)

    def __init__(self, pruner: Pruner) -> None:
        require_kind("pruner", pruner, Pruner, "give a pruner such as Snip(0.5)")
        inherit(self, pruner)

    @property
    def name(self) -> str:
        return f"{type(self).__name__}({self.pruner.name})"

    @property
    def exact(self) -> bool:
        return self.pruner.exact

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        return self.pruner.fixed_counts(shapes, count)


@dataclass(frozen=True, init=False)
class Shuffled(Wrapper):
    """As many entries in each layer as another pruner keeps, at random places.

    The mask knows no more about the data than the layer counts do.
    """

    def choose(self, session: Session) -> list[Tensor]:
        return self._places(session, self.pruner.choose(session))

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        return [self._places(session, masks) for masks in self.pruner.choose_at(session, counts)]

    def _places(self, session: Session, masks: Sequence[Tensor]) -> list[Tensor]:
        kept = [m.flatten(1).sum(1).cpu().numpy() for m in session.of_maskable(masks)]
        return random_places(session, np.stack(kept, axis=1), "shuffled")


@dataclass(frozen=True, init=False)
class Reinitialised(Wrapper):
    """Another pruner's mask on weights that are drawn afresh before the last training.

    The initial values on record are the fresh ones; the mask was found from the old ones.
    """

    def choose(self, session: Session) -> list[Tensor]:
        return self.pruner.choose(session)

    def choose_at(self, session: Session, counts: Sequence[int]) -> list[list[Tensor]]:
        return self.pruner.choose_at(session, counts)

    def run(self, session: Session) -> Stack:
        return session.finish(fresh_start(session, "again").with_masks(self.choose(session)))


def fresh_keys(session: Session, purpose: str) -> list[Key]:
    """For each network the name of streams that no other purpose draws from."""
    return [f"{key!r} {purpose}" for key in session.keys]


def fresh_start(session: Session, purpose: str) -> Stack:
    """The session's networks at other initial weights, from streams named by `purpose`."""
    old = session.start
    keys = fresh_keys(session, purpose)
    kind, device, dtype = session.recipe.initialisation, str(old.weights[0].device), old.weights[0].dtype
    new = initial_stack(old.arch, keys, kind, device, dtype)
    return replace(old, weights=new.weights, biases=new.biases, masks=new.masks, initial=new.initial)


@dataclass(frozen=True, init=False)
class Inverted(ScorePruner):
    """Keeps the entries of lowest score: what another pruner would remove first."""

    pruner: ScorePruner = field(init=False)

    def __init__(self, pruner: ScorePruner) -> None:
        require_kind("pruner", pruner, ScorePruner, "give a pruner that ranks scores, such as Snip(0.5)")
        inherit(self, pruner)
        for name in ("scope", "min_per_layer"):
            object.__setattr__(self, name, getattr(pruner, name))

    @property
    def name(self) -> str:
        return f"Inverted({self.pruner.name})"

    def scores(self, session: Session) -> list[np.ndarray]:
        return [-s for s in self.pruner.scores(session)]
