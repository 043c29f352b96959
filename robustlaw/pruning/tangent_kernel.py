"""NTK-SAP (Wang et al. 2023): keep the entries that the trace of the tangent kernel rests on.

With J = df/dw, E |f(x; theta m) - f(x; (theta + eps v) m)|^2 over normal v is eps^2 |J m|^2 up to higher
orders in eps, the trace of the kernel on x that the maskable entries make; an entry's score is the size of
its derivative in m. The weights theta are drawn afresh from the law of the initial ones each time: the
masks do not look at the weights that are trained.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from ..data.checks import require_count, require_positive
from ..networks import Batch, Dependence, Mlp, Stack, batch
from ..networks.derivatives import wide
from ..networks.initialise import drawn_layers
from ..networks.stack import forward
from ..networks.training import lanes_filled
from ..seeds import generator
from .base import Key, Session
from .in_rounds import InRounds
from .scores import empty_scores

STREAM = "tangent kernel"


@dataclass(frozen=True)
class TangentKernel(InRounds):
    """NTK-SAP in rounds, on inputs that a subclass names.

    redraws : weights and directions drawn in a round, over which the derivative is averaged
    epsilon : of the finite difference; 0.01 and one redraw are what the authors' program does by default
    """

    redraws: int = 1
    epsilon: float = 0.01
    why_no_biases: ClassVar[str] = "the kernel is that of the weights, biases are redrawn as they are"

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("redraws", self.redraws)
        require_positive("epsilon", self.epsilon)

    @abstractmethod
    def inputs(self, session: Session, places: Sequence[int], number: int, redraw: int) -> Batch:
        """What the networks at `places` see, in float64."""

    def scores(self, session: Session, masked: Stack, number: int) -> list[np.ndarray]:
        found = empty_scores(masked, session.layer_numbers)
        lanes, nets = session.recipe.lanes, len(masked)
        for first in range(0, nets, lanes):
            places = range(first, min(first + lanes, nets))
            filled = lanes_filled(places, lanes)
            part = [self._derivatives(session, masked, filled, number, r) for r in range(self.redraws)]
            for scores, slopes in zip(found.values(), zip(*part, strict=True), strict=True):
                scores[first : places.stop] = torch.stack(slopes).mean(0).abs()[: len(places)]
        return list(found.values())

    def _derivatives(
        self, session: Session, masked: Stack, places: Sequence[int], number: int, redraw: int
    ) -> list[Tensor]:
        names = [(session.keys[place], STREAM, number, redraw) for place in places]
        values = _redrawn(session, names)
        shifts = _shifts(session, names)
        masks = [m[torch.as_tensor(places, device=m.device)].cpu().double() for m in masked.masks]
        data = self.inputs(session, places, number, redraw)
        return kernel_derivatives(masked.arch, values, shifts, masks, data, self.epsilon)


@dataclass(frozen=True)
class NtkSap(TangentKernel):
    """NTK-SAP on normal inputs: the mask is drawn from seeds and the architecture alone.

    points : inputs drawn for each set of weights
    """

    points: int = 128
    dependence: ClassVar[Dependence] = Dependence.NONE

    def __post_init__(self) -> None:
        super().__post_init__()
        require_count("points", self.points)

    def inputs(self, session: Session, places: Sequence[int], number: int, redraw: int) -> Batch:
        shape = (self.points, session.start.arch.widths[0])
        streams = [generator("data", session.keys[p], STREAM, number, redraw) for p in places]
        x = [rng.standard_normal(shape) for rng in streams]
        return batch(x, [np.zeros(self.points)] * len(x), dtype=torch.float64)


@dataclass(frozen=True)
class NtkSapOnInputs(TangentKernel):
    """NTK-SAP on the inputs of the training data; labels are not looked at."""

    dependence: ClassVar[Dependence] = Dependence.INPUTS

    def inputs(self, session: Session, places: Sequence[int], number: int, redraw: int) -> Batch:
        del number, redraw
        return wide(session.data.take(places))


def kernel_derivatives(
    arch: Mlp,
    values: tuple[list[Tensor], list[Tensor]],
    shifts: Mapping[int, Tensor],
    masks: Sequence[Tensor],
    data: Batch,
    epsilon: float,
) -> list[Tensor]:
    """d/dm of the mean over the inputs of |f(theta m) - f((theta + eps v) m)|^2.

    values : weights theta and biases of each layer
    shifts : v of each layer that a mask is chosen in
    """
    weights, biases = values
    leaves = {layer: masks[layer].clone().requires_grad_() for layer in shifts}
    kept = [leaves.get(layer, mask) for layer, mask in enumerate(masks)]
    here = [w * m for w, m in zip(weights, kept, strict=True)]
    there = [
        (w + epsilon * shifts[layer] if layer in shifts else w) * m
        for layer, (w, m) in enumerate(zip(weights, kept, strict=True))
    ]
    change = forward(arch, here, biases, data.columns) - forward(arch, there, biases, data.columns)
    total = (change.square().sum(1) * data.share).sum()
    return list(torch.autograd.grad(total, list(leaves.values())))


def _redrawn(
    session: Session, names: Sequence[tuple[Key, str, int, int]]
) -> tuple[list[Tensor], list[Tensor]]:
    arch, law = session.start.arch, session.recipe.initialisation
    drawn = [drawn_layers(arch, law, *name) for name in names]
    weights, biases = (
        [torch.as_tensor(np.stack([d[layer][pick] for d in drawn])) for layer in range(arch.layers)]
        for pick in range(2)
    )
    return weights, biases


def _shifts(session: Session, names: Sequence[tuple[Key, str, int, int]]) -> dict[int, Tensor]:
    streams = [generator("probe", *name) for name in names]
    return {
        layer: torch.as_tensor(np.stack([rng.standard_normal(shape) for rng in streams]))
        for layer, shape in zip(session.layer_numbers, session.shapes, strict=True)
    }
