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
from .mlp import Mlp
from .network import Network
from .origin import Dependence, Origin
from .paths import collapses


@dataclass(frozen=True, eq=False)
class Stack:
    """Weights (nets, out, in), biases (nets, out) and boolean masks of E networks.

    initial : the weights and biases before training, by name ("W1", "b1", ...), or None
    facts   : one mapping of plain values a network (seed, steps, final loss, converged, ...)
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

    def __post_init__(self) -> None:
        for name in ("weights", "biases", "masks"):
            if len(getattr(self, name)) != self.arch.layers:
                raise ShapeMismatch(
                    name, len(getattr(self, name)), f"the architecture has {self.arch.layers} layers"
                )
        nets = self.weights[0].shape[0]
        for layer, shape in enumerate(self.arch.shapes):
            tensors = (("W", self.weights, (nets, *shape)), ("b", self.biases, (nets, shape[0])))
            for name, group, wanted in (*tensors, ("mask", self.masks, (nets, *shape))):
                if tuple(group[layer].shape) != wanted:
                    raise ShapeMismatch(f"{name}{layer + 1}", tuple(group[layer].shape), f"expected {wanted}")
        for layer, (w, m) in enumerate(zip(self.weights, self.masks, strict=True)):
            if bool((w.masked_fill(m, 0.0) != 0.0).any()):
                raise InvalidArgument(
                    f"W{layer + 1}", tuple(w.shape), "weights off the mask have to be 0; use with_masks"
                )
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
            tuple(m[place].cpu().numpy().copy() for m in self.masks),
            origin,
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

    def with_masks(self, masks: Sequence[Tensor]) -> Stack:
        """The same networks under other masks; weights that fall off the mask become exactly 0."""
        kept = tuple(w.masked_fill(~m, 0.0) for w, m in zip(self.weights, masks, strict=True))
        return replace(self, weights=kept, masks=tuple(masks))

    def take(self, places: Sequence[int]) -> Stack:
        """The networks at `places`, in that order."""
        index = torch.as_tensor(places, dtype=torch.long, device=self.weights[0].device)
        return replace(
            self,
            weights=tuple(w[index] for w in self.weights),
            biases=tuple(b[index] for b in self.biases),
            masks=tuple(m[index] for m in self.masks),
            initial=None if self.initial is None else {k: v[index] for k, v in self.initial.items()},
            facts=tuple(self.facts[i] for i in places) if self.facts else (),
        )

    def put(self, places: Sequence[int], part: Stack) -> Stack:
        """The same networks, those at `places` with the weights, biases, masks and facts of `part`."""
        index = torch.as_tensor(places, dtype=torch.long, device=self.weights[0].device)
        new = dict(zip(places, part.facts, strict=True)) if part.facts else {}
        old = self.facts or ({},) * len(self)
        return replace(
            self,
            weights=tuple(a.index_copy(0, index, b) for a, b in zip(self.weights, part.weights, strict=True)),
            biases=tuple(a.index_copy(0, index, b) for a, b in zip(self.biases, part.biases, strict=True)),
            masks=tuple(a.index_copy(0, index, b) for a, b in zip(self.masks, part.masks, strict=True)),
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


def _wide(tensor: Tensor) -> np.ndarray:
    return tensor.detach().cpu().numpy().astype(np.float64)
