"""E networks of one architecture as batched tensors, trained side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch
from ..evidence import LayerCollapse
from .activations import activation
from .entries import entries_of, parted_layers
from .mlp import Mlp
from .network import Network
from .origin import Dependence, Origin
from .paths import collapses


@dataclass(frozen=True, eq=False)
class Stack:
    """Weights (nets, out, in), biases (nets, out) and boolean masks of E networks.

    initial    : the weights and biases before training, by name ("W1", "b1", ...), or None
    facts      : one mapping of plain values a network (seed, steps, final loss, converged, ...)
    bias_masks : boolean masks (nets, out) of the biases, or None where biases are never masked
    Indexing gives a Network in float64; the cast from float32 is exact.
    """

    arch: Mlp
    weights: tuple[Tensor, ...]
    biases: tuple[Tensor, ...]
    masks: tuple[Tensor, ...]
    initial: Mapping[str, Tensor] | None = None
    frozen: frozenset[str] = frozenset()
    maskable: frozenset[str] | None = None
    dependence: Dependence = Dependence.TRAINING
    method: str = "unknown"
    facts: tuple[Mapping[str, float | int | str | bool], ...] = ()
    bias_masks: tuple[Tensor, ...] | None = None

    def __post_init__(self) -> None:
        groups = {"W": self.weights, "b": self.biases, "mask": self.masks}
        if self.bias_masks is not None:
            groups["bias_mask"] = self.bias_masks
        for name, group in zip(("weights", "biases", "masks", "bias_masks"), groups.values(), strict=False):
            if len(group) != self.arch.layers:
                raise ShapeMismatch(name, len(group), f"the architecture has {self.arch.layers} layers")
        nets = self.weights[0].shape[0]
        for layer, shape in enumerate(self.arch.shapes):
            for name, group in groups.items():
                wanted = (nets, *shape) if name in ("W", "mask") else (nets, shape[0])
                if tuple(group[layer].shape) != wanted:
                    raise ShapeMismatch(f"{name}{layer + 1}", tuple(group[layer].shape), f"expected {wanted}")
        masked = [("W", "weights", self.masks), ("b", "biases", self.bias_masks or ())]
        for name, what, masks in masked:
            for layer, (value, m) in enumerate(zip(groups[name], masks, strict=False)):
                if bool((value.masked_fill(m, 0.0) != 0.0).any()):
                    remedy = f"{what} off the mask have to be 0; use with_masks"
                    raise InvalidArgument(f"{name}{layer + 1}", tuple(value.shape), remedy)
        if self.facts and len(self.facts) != nets:
            raise ShapeMismatch("facts", len(self.facts), f"give one mapping for each of the {nets} networks")

    def __len__(self) -> int:
        return int(self.weights[0].shape[0])

    def __getitem__(self, place: int) -> Network:
        if not -len(self) <= place < len(self):
            raise IndexError(f"network {place} of a stack of {len(self)}")
        initial = None if self.initial is None else {k: _wide(v[place]) for k, v in self.initial.items()}
        origin = Origin(
            self.dependence,
            self.frozen,
            initial,
            self.maskable,
            self.method,
            self.facts[place] if self.facts else {},
            recorded=True,
        )
        return Network(
            self.arch,
            tuple(_wide(w[place]) for w in self.weights),
            tuple(_wide(b[place]) for b in self.biases),
            _bools(self.masks, place),
            origin,
            None if self.bias_masks is None else _bools(self.bias_masks, place),
        )

    def __iter__(self) -> Iterator[Network]:
        return (self[i] for i in range(len(self)))

    @property
    def tensors(self) -> dict[str, Tensor]:
        """All weights and biases by name."""
        named = {f"W{i + 1}": w for i, w in enumerate(self.weights)}
        return named | {f"b{i + 1}": b for i, b in enumerate(self.biases)}

    def collapses(self) -> dict[int, LayerCollapse]:
        """The networks whose masks leave no path from an input to an output, by their place.

        They are constant. Empty where every network has a path.
        """
        return collapses(self.masks)

    def starting_here(self) -> Stack:
        """The same networks, their present values recorded as the initial ones."""
        return replace(self, initial={name: t.clone() for name, t in self.tensors.items()})

    @property
    def entry_masks(self) -> list[Tensor]:
        """One mask a layer: (nets, out, in), or (nets, out, in + 1) with the biases' in the last column."""
        if self.bias_masks is None:
            return list(self.masks)
        return [entries_of(m, b) for m, b in zip(self.masks, self.bias_masks, strict=True)]

    def masking_biases(self) -> Stack:
        """The same networks, biases being maskable from now on, and all kept so far."""
        return replace(self, bias_masks=tuple(torch.ones_like(b, dtype=torch.bool) for b in self.biases))

    def with_masks(self, masks: Sequence[Tensor]) -> Stack:
        """The same networks under other `entry_masks`; what falls off a mask becomes exactly 0.

        Masks of the weights alone leave the biases under the masks they have.
        """
        weight_masks, bias_masks = parted_layers(masks, self.arch.widths[:-1])
        kept = tuple(w.masked_fill(~m, 0.0) for w, m in zip(self.weights, weight_masks, strict=True))
        if bias_masks is None:
            return replace(self, weights=kept, masks=weight_masks)
        biases = tuple(b.masked_fill(~m, 0.0) for b, m in zip(self.biases, bias_masks, strict=True))
        return replace(self, weights=kept, biases=biases, masks=weight_masks, bias_masks=bias_masks)

    def take(self, places: Sequence[int]) -> Stack:
        """The networks at `places`, in that order."""
        index = torch.as_tensor(places, dtype=torch.long, device=self.weights[0].device)
        return replace(
            self,
            weights=tuple(w[index] for w in self.weights),
            biases=tuple(b[index] for b in self.biases),
            masks=tuple(m[index] for m in self.masks),
            bias_masks=self.bias_masks and tuple(m[index] for m in self.bias_masks),
            initial=None if self.initial is None else {k: v[index] for k, v in self.initial.items()},
            facts=tuple(self.facts[i] for i in places) if self.facts else (),
        )

    def put(self, places: Sequence[int], part: Stack) -> Stack:
        """The same networks, those at `places` with the weights, biases, masks and facts of `part`."""
        index = torch.as_tensor(places, dtype=torch.long, device=self.weights[0].device)
        if (self.bias_masks is None) != (part.bias_masks is None):
            raise InvalidArgument("part", part.bias_masks, "both stacks have masks of biases, or neither has")
        new = dict(zip(places, part.facts, strict=True)) if part.facts else {}
        old = self.facts or ({},) * len(self)

        def mixed(mine: Sequence[Tensor], theirs: Sequence[Tensor]) -> tuple[Tensor, ...]:
            return tuple(a.index_copy(0, index, b) for a, b in zip(mine, theirs, strict=True))

        return replace(
            self,
            weights=mixed(self.weights, part.weights),
            biases=mixed(self.biases, part.biases),
            masks=mixed(self.masks, part.masks),
            bias_masks=self.bias_masks and mixed(self.bias_masks, part.bias_masks or ()),
            facts=tuple(new.get(i, fact) for i, fact in enumerate(old)),
        )

    def forward(self, x: Float[Tensor, "copies samples inputs"]) -> Float[Tensor, "nets samples outputs"]:
        """Outputs; `copies` is 1 (inputs shared) or the number of networks."""
        return forward(self.arch, self.weights, self.biases, x.transpose(1, 2)).transpose(1, 2)


def forward(
    arch: Mlp,
    weights: Sequence[Tensor],
    biases: Sequence[Tensor],
    columns: Float[Tensor, "copies inputs samples"],
) -> Float[Tensor, "nets outputs samples"]:
    """Batched forward pass on samples that stand in columns."""
    phi = activation(arch.activation).torch
    h = columns.expand(weights[0].shape[0], -1, -1)
    for w, b in zip(weights[:-1], biases[:-1], strict=True):
        h = phi(torch.baddbmm(b[:, :, None], w, h))
    return torch.baddbmm(biases[-1][:, :, None], weights[-1], h)


def _bools(masks: Sequence[Tensor], place: int) -> tuple[np.ndarray, ...]:
    return tuple(m[place].cpu().numpy().copy() for m in masks)


def _wide(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)
