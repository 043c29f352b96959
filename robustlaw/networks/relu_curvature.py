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
from .softmax import hessian_products

Pair = tuple[Tensor, Tensor]


def bent(loss: str, outputs: Tensor, moved: Tensor, data: Batch) -> Tensor:
    """Change of dL/df, (nets, outputs, samples), as the outputs change by `moved`."""
    if loss == "mse":
        return moved * (2.0 * data.share)
    if loss == "softmax":
        return hessian_products(outputs, moved).mul_(data.share)
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
        self._turned = [torch.empty_like(h) for h in self._moved]

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
        for layer in range(len(self._moved)):
            factors = []
            if (own := direction.get(f"W{layer + 1}")) is not None:
                factors.append((own, self._first.hidden[layer - 1] if layer else columns))
            if found and (below := found[-1]) is not None:
                factors.append((weights[layer], below))
            shift = direction.get(f"b{layer + 1}")
            found.append(self._risen(factors, shift, layer) if factors or shift is not None else None)
        return found

    def _risen(self, factors: Sequence[Pair], shift: Tensor | None, layer: int) -> Tensor:
        """RH of a layer: the sum of products and a shift, where its units are active."""
        out = self._moved[layer]
        if factors:
            summed(factors, out, self._turned[layer])  # which is free on the way up
        else:
            out.zero_()
        if shift is not None:
            out.add_(shift[:, :, None])
        if layer < len(self._first.hidden):
            _silence(out, self._first.hidden[layer])
        return out

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
        hidden, out = self._first.hidden[layer - 1], self._turned[layer - 1]
        back = scaled(weight, turned[1])
        if direction is None:
            return descend(back, turned[0], hidden, out)
        delta, scale = self._first.deltas[layer]
        aside = scaled(direction, scale)
        # RH of that layer is not needed any more
        factors = [(aside.transpose(1, 2), delta), (back.transpose(1, 2), turned[0])]
        summed(factors, out, self._moved[layer - 1])
        _silence(out, hidden)
        return out, None


def summed(factors: Sequence[Pair], out: Tensor, spare: Tensor) -> None:
    """out = the sum of the products of one or two pairs; `spare` may be written over."""
    if len(factors) > 1 and sum(right.shape[1] for _, right in factors) <= out.shape[1]:
        # to put thin factors side by side costs less than to add up their products
        factors = [(torch.cat([f[0] for f in factors], 2), torch.cat([f[1] for f in factors], 1))]
    product(*factors[0], out)
    for left, right in factors[1:]:
        product(left, right, spare)
        out.add_(spare)


def _silence(values: Tensor, hidden: Tensor) -> None:
    """0 where the unit is off, in place."""
    torch.ops.aten.threshold_backward.grad_input(values, hidden, 0, grad_input=values)
