"""Flow repair: no unit of a masked layer without a kept input or a kept output.

Adding edges changes the kept count, and so p_eff: what was added is put on record. Moving edges
keeps the count, and cannot always help.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Int
from torch import Tensor

from ..data.checks import require_kind
from ..errors import UnknownName
from ..networks import Stack
from ..seeds import generator
from .base import Key, Pruner, Session
from .controls import inherit
from .selection import drawn

How = Literal["add", "move"]
Masks = Sequence[Bool[np.ndarray, "nets _out _in"]]


@dataclass(frozen=True, init=False)
class Repaired(Pruner):
    """Another pruner's mask, every hidden unit connected again where its layers are maskable.

    Edges are weights; a bias connects nothing, and kept ones stay as they are.

    how : "add" gives a unit without kept input, then one without kept output, a random edge;
          "move" takes it from the unit of the layer that has most, and leaves the counts alone.
          Moves cannot connect all units of a layer with fewer kept entries than units
    `facts` tell how many edges were added or moved.
    """

    pruner: Pruner = field(init=False)
    how: How = field(init=False)

    def __init__(self, pruner: Pruner, how: How = "add") -> None:
        require_kind("pruner", pruner, Pruner, "give a pruner such as Snip(0.5)")
        if how not in get_args(How):
            raise UnknownName("how", how, get_args(How))
        inherit(self, pruner)
        object.__setattr__(self, "how", how)

    @property
    def name(self) -> str:
        return f"Repaired({self.pruner.name}, {self.how})"

    @property
    def exact(self) -> bool:
        return self.how == "move" and self.pruner.exact

    def fixed_counts(self, shapes: Sequence[tuple[int, int]], count: int) -> tuple[int, ...] | None:
        return self.pruner.fixed_counts(shapes, count) if self.how == "move" else None

    def choose(self, session: Session) -> list[Tensor]:
        return self._repaired(session)[0]

    def run(self, session: Session) -> Stack:
        masks, changed = self._repaired(session)
        start = session.start.with_masks(masks)
        before = start.facts or ({},) * len(start)
        name = {"add": "edges_added", "move": "edges_moved"}[self.how]
        told = tuple({**fact, name: int(n)} for fact, n in zip(before, changed, strict=True))
        return session.finish(replace(start, facts=told))

    def _repaired(self, session: Session) -> tuple[list[Tensor], Int[np.ndarray, " nets"]]:
        chosen = [m.cpu().numpy().copy() for m in self.pruner.choose(session)]
        inputs = session.start.arch.widths[:-1]
        found = [m[:, :, :n] for m, n in zip(chosen, inputs, strict=True)]
        mend = added if self.how == "add" else moved
        mended = mend(found, session.keys, session.layer_numbers)
        new = [(a & ~b).sum(axis=(1, 2)) for a, b in zip(mended, found, strict=True)]
        for mask, edges, n in zip(chosen, mended, inputs, strict=True):
            mask[:, :, :n] = edges
        parts = zip(session.layer_numbers, session.shapes, strict=True)
        masks = [chosen[layer][:, :, :columns] for layer, (_, columns) in parts]
        return session.of_all_layers(masks), np.sum(new, axis=0)


def added(masks: Masks, keys: Sequence[Key], layers: Sequence[int]) -> list[np.ndarray]:
    """One random edge for every unit of `layers` without kept input, then without kept output."""
    mended = [m.copy() for m in masks]
    for layer in layers:
        lonely = np.logical_not(np.any(mended[layer], axis=2))
        mended[layer] |= lonely[:, :, None] & _one_each(keys, layer, "input", mended[layer].shape[1:])
    for layer in layers:
        if layer == 0:  # inputs that nothing reads are no units
            continue
        unread = np.logical_not(np.any(mended[layer], axis=1))
        out, into = mended[layer].shape[1:]
        edges = _one_each(keys, layer, "output", (into, out)).transpose(0, 2, 1)
        mended[layer] |= unread[:, None, :] & edges
    return mended


def _one_each(keys: Sequence[Key], layer: int, side: str, shape: tuple[int, ...]) -> np.ndarray:
    """In each row one random place."""
    scores = drawn(keys, lambda key: generator("mask", key, "repair", side, layer).random(shape))
    return np.asarray(scores == scores.max(axis=2, keepdims=True))


def moved(masks: Masks, keys: Sequence[Key], layers: Sequence[int]) -> list[np.ndarray]:
    """Edges go from the unit with most to the units with none, in their column and then in their row."""
    mended = [m.copy() for m in masks]
    for layer in layers:
        shape = mended[layer].shape[1:]
        scores = _random_order(keys, layer, shape)
        _fill_rows(mended[layer], scores)
        if layer > 0:
            # a move within a row takes no unit its last input
            _fill_rows(mended[layer].transpose(0, 2, 1), scores.transpose(0, 2, 1))
    return mended


def _random_order(keys: Sequence[Key], layer: int, shape: tuple[int, ...]) -> np.ndarray:
    return drawn(keys, lambda key: generator("mask", key, "repair", "move", layer).random(shape))


def _fill_rows(mask: Bool[np.ndarray, "nets rows columns"], scores: np.ndarray) -> None:
    """In place: as long as a row is empty and another has two entries, one moves, in its column."""
    nets = np.arange(len(mask))
    for _ in range(mask.shape[1]):
        kept = mask.sum(axis=2)
        empty, rich = kept.argmin(axis=1), kept.argmax(axis=1)
        go = nets[(kept[nets, empty] == 0) & (kept[nets, rich] > 1)]
        if not len(go):
            return
        column = np.where(mask[go, rich[go]], scores[go, rich[go]], -1.0).argmax(axis=1)
        mask[go, rich[go], column] = False
        mask[go, empty[go], column] = True
