"""Gradients of the losses of ReLU networks, written out: less memory traffic than recorded ones.

With deltas D_l = dL/dZ_l of shape (units, samples): dL/dW_l = D_l H_{l-1}^T, dL/db_l = row sums
of D_l, and D_{l-1} = (W_l^T D_l) 1[H_{l-1} > 0]. Below a single output unit with weights a the
deltas are a_i S with S = 1[H > 0] dL/df, so only S is stored, and a goes into the small matrices.
All large arrays are made once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from .losses import Batch
from .mlp import Mlp
from .softmax import probability_errors

Scaled = tuple[Tensor, Tensor | None]


def product(left: Tensor, right: Tensor, out: Tensor) -> None:
    """out = left @ right for each network.

    On the CPU by numpy, which takes one matrix after the other, so that no product depends on its
    place in the stack, and whose library uses wider instructions than torch's on some processors.
    """
    if out.is_cpu:
        np.matmul(left.numpy(), right.numpy(), out=out.numpy())
    else:
        torch.matmul(left, right, out=out)


def output_slope(loss: str, outputs: Tensor, data: Batch) -> Float[Tensor, "nets outputs samples"]:
    """dL/df of the weighted mean loss."""
    if loss == "mse":
        return (outputs - data.labels[:, None]).mul_(2.0 * data.share)
    if loss == "softmax":
        return probability_errors(outputs, data.labels).mul_(data.share)
    margin = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
    rise = -data.labels * torch.sigmoid(-data.labels * margin) * data.share
    return rise[:, None] if outputs.shape[1] == 1 else torch.stack([-rise, rise], 1)


def needed_below(layer: int, names: Iterable[str]) -> bool:
    """Whether any of the named tensors belongs to a layer below this one."""
    return any(int(name[1:]) <= layer for name in names)


def scaled(weights: Tensor, scale: Tensor | None) -> Tensor:
    """Rows of `weights` times the scale of the units that they lead to."""
    return weights if scale is None else weights * scale


def descend(back: Tensor, delta: Tensor, hidden: Tensor, slot: Tensor) -> Scaled:
    """(delta, scale) of the layer with values `hidden`, below weights `back`; `slot` is written over."""
    scale, slopes = None, slot
    if back.shape[1] == 1:
        scale, slopes = back.transpose(1, 2), delta.expand_as(hidden)
    else:
        product(back.transpose(1, 2), delta, slot)
    torch.ops.aten.threshold_backward.grad_input(slopes, hidden, 0, grad_input=slot)
    return slot, scale


class ReluGradients:
    """Workspace of `nets` networks on `samples` samples; a call overwrites the gradients given.

    After a call `hidden` and `outputs` hold the values of the layers, and `deltas` the pairs
    (delta, scale) of those it came down to, by layer; a delta is their product, scale None being 1.
    """

    def __init__(self, arch: Mlp, loss: str, samples: int, like: Tensor) -> None:
        nets = like.shape[0]
        self._loss = loss
        self.hidden = [like.new_empty(nets, w, samples) for w in arch.widths[1:-1]]
        self.outputs = like.new_empty(nets, arch.widths[-1], samples)
        self.deltas: dict[int, Scaled] = {}
        self._slots = [torch.empty_like(h) for h in self.hidden]

    def _forward(self, weights: Sequence[Tensor], biases: Sequence[Tensor], columns: Tensor) -> None:
        below = columns
        for layer, out in enumerate([*self.hidden, self.outputs]):
            product(weights[layer], below, out)
            out.add_(biases[layer][:, :, None])
            if layer < len(self.hidden):
                out.clamp_(min=0.0)
            below = out

    @torch.no_grad()
    @np.errstate(over="ignore", invalid="ignore")  # a run that diverges is a result: its loss says so
    def __call__(
        self,
        weights: Sequence[Tensor],
        biases: Sequence[Tensor],
        data: Batch,
        gradients: Mapping[str, Tensor],
    ) -> None:
        """Write dL/dW and dL/db of the named tensors over `gradients`."""
        weights = [w.detach() for w in weights]
        self._forward(weights, [b.detach() for b in biases], data.columns)
        delta, scale = output_slope(self._loss, self.outputs, data), None
        for layer in reversed(range(len(weights))):
            self.deltas[layer] = delta, scale
            below = self.hidden[layer - 1] if layer else data.columns
            self._write(layer, delta, scale, below, gradients)
            if layer == 0 or not needed_below(layer, gradients):
                return
            back = scaled(weights[layer], scale)
            delta, scale = descend(back, delta, self.hidden[layer - 1], self._slots[layer - 1])

    def _write(
        self,
        layer: int,
        delta: Tensor,
        scale: Tensor | None,
        below: Tensor,
        gradients: Mapping[str, Tensor],
    ) -> None:
        slot = gradients.get(f"W{layer + 1}")
        if slot is not None:
            product(delta, below.transpose(1, 2), slot)
            if scale is not None:
                slot.mul_(scale)
        slot = gradients.get(f"b{layer + 1}")
        if slot is not None:
            torch.sum(delta, 2, out=slot)
            if scale is not None:
                slot.mul_(scale[:, :, 0])
