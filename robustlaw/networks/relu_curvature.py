"""Hessians of the losses of ReLU networks times a direction, written out (Pearlmutter 1994).

The passes of the gradient are differentiated along a direction, V_l and v_l in the weights and biases.
With R for that derivative and the names of relu_gradients.py, as the network is piecewise linear,
RZ_l = V_l H_{l-1} + W_l RH_{l-1} + v_l and RH_l = 1[H_l > 0] RZ_l going up, then
RD_{l-1} = 1[H_{l-1} > 0] (V_l^T D_l + W_l^T RD_l) coming down. The product is RD_l H_{l-1}^T +
D_l RH_{l-1}^T in the weights and the row sums of RD_l in the biases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from .losses import Batch
from .relu_gradients import ReluGradients, Scaled, descend, needed_below, product, scaled


def bent(loss: str, outputs: Tensor, moved: Tensor, data: Batch) -> Tensor:
    """Change of dL/df, (nets, outputs, samples), as the outputs change by `moved`."""
    if loss == "mse":
        return moved * (2.0 * data.share)
    if outputs.shape[1] == 1:
        return moved * (_steepness(outputs[:, 0]) * data.share)[:, None]
    change = (moved[:, 1] - moved[:, 0]) * _steepness(outputs[:, 1] - outputs[:, 0]) * data.share
    return torch.stack([-change, change], 1)


def _steepness(margin: Tensor) -> Tensor:
    """Second derivative of the logistic loss; the same for both labels."""
    return torch.sigmoid(margin) * torch.sigmoid(-margin)


class ReluCurvature:
    """Hessian products at the point where `first` was called last."""

    def __init__(self, loss: str, first: ReluGradients) -> None:
        self._loss, self._first = loss, first
        self._moved = [torch.empty_like(h) for h in (*first.hidden, first.outputs)]
        self._slots = [torch.empty_like(h) for h in first.hidden]

    @torch.no_grad()
    @np.errstate(over="ignore", invalid="ignore")  # what is not finite is refused where it is used
    def __call__(
        self,
        weights: Sequence[Tensor],
        data: Batch,
        direction: Mapping[str, Tensor],
        products: Mapping[str, Tensor],
    ) -> None:
        """Write the Hessian times `direction` over `products`; both have the same tensors, by name."""
        moved = self._up(weights, direction, data.columns)
        assert moved[-1] is not None
        turned: Scaled = bent(self._loss, self._first.outputs, moved[-1], data), None
        for layer in reversed(range(len(weights))):
            below = self._first.hidden[layer - 1] if layer else data.columns
            self._write(layer, turned, below, moved[layer - 1] if layer else None, products)
            if layer == 0 or not needed_below(layer, direction):
                return
            turned = self._down(layer, weights[layer], direction.get(f"W{layer + 1}"), turned)

    def _up(
        self, weights: Sequence[Tensor], direction: Mapping[str, Tensor], columns: Tensor
    ) -> list[Tensor | None]:
        """RH of every layer, of the outputs last; None below all of the direction."""
        found: list[Tensor | None] = []
        for layer, out in enumerate(self._moved):
            parts = []
            if (own := direction.get(f"W{layer + 1}")) is not None:
                parts.append((own, self._first.hidden[layer - 1] if layer else columns))
            if found and (below := found[-1]) is not None:
                parts.append((weights[layer], below))
            if parts:
                left, right = zip(*parts, strict=True)
                product(_joined(left, 2), _joined(right, 1), out)
            shift = direction.get(f"b{layer + 1}")
            if shift is not None:
                out.add_(shift[:, :, None]) if parts else out.copy_(shift[:, :, None].expand_as(out))
            if layer < len(self._first.hidden):
                torch.ops.aten.threshold_backward.grad_input(
                    out, self._first.hidden[layer], 0, grad_input=out
                )
            found.append(out if parts or shift is not None else None)
        return found

    def _write(
        self,
        layer: int,
        turned: Scaled,
        below: Tensor,
        moved: Tensor | None,
        products: Mapping[str, Tensor],
    ) -> None:
        delta, scale = turned
        slot = products.get(f"b{layer + 1}")
        if slot is not None:
            torch.sum(delta, 2, out=slot)
            if scale is not None:
                slot.mul_(scale[:, :, 0])
        slot = products.get(f"W{layer + 1}")
        if slot is None:
            return
        product(delta, below.transpose(1, 2), slot)
        if scale is not None:
            slot.mul_(scale)
        if moved is not None:
            delta, scale = self._first.deltas[layer]
            rest = torch.empty_like(slot)
            product(delta, moved.transpose(1, 2), rest)
            slot.add_(rest if scale is None else rest.mul_(scale))

    def _down(self, layer: int, weight: Tensor, direction: Tensor | None, turned: Scaled) -> Scaled:
        """RD of the layer below `layer`."""
        back, right = [scaled(weight, turned[1])], [turned[0]]
        if direction is not None:
            delta, scale = self._first.deltas[layer]
            back, right = [*back, scaled(direction, scale)], [*right, delta]
        hidden, slot = self._first.hidden[layer - 1], self._slots[layer - 1]
        return descend(_joined(back, 1), _joined(right, 1), hidden, slot)


def _joined(parts: Sequence[Tensor], axis: int) -> Tensor:
    """Factors side by side: one product adds up all of theirs."""
    return parts[0] if len(parts) == 1 else torch.cat(list(parts), axis)
