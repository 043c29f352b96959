"""Stacks of ReLU networks with batch normalisation after every hidden layer, and their gradients.

A layer takes h to relu(g (W h - mean)/sqrt(var + EPSILON) + s), with mean and (biased) variance over the
samples that pass together; the last layer is W h + b. Hidden layers have no bias: the mean would take it
away. Laws and Lipschitz bounds of this package are for networks without normalisation (Stack); these here
are for experiments on training alone.

Outside training nothing is averaged along the way: `outputs` takes the statistics anew from the samples it
is told to, so a network between two others has statistics of its own.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch
from .initialise import He, Initialisation, Key, drawn_layers
from .mlp import Mlp
from .softmax import probability_errors

EPSILON = 1e-5  # added to every variance, as torch does

Columns = Float[Tensor, "copies inputs samples"]
Values = Float[Tensor, "nets numbers"]


@dataclass(frozen=True, eq=False)
class NormalisedStack:
    """Networks of one architecture, every number of one in a row: weights first, layer after layer, then
    the gains of all hidden units, their shifts, and the biases of the outputs.

    A network between two others is the mean of their rows.
    Raises ShapeMismatch, or InvalidArgument unless the activation is ReLU and there is a hidden layer.
    """

    arch: Mlp
    values: Values

    def __post_init__(self) -> None:
        if self.arch.activation != "relu" or self.arch.layers < 2:
            raise InvalidArgument("arch", self.arch, "give ReLU networks with a hidden layer")
        if self.values.shape[1] != number_count(self.arch):
            raise ShapeMismatch(
                "values", tuple(self.values.shape), f"give {number_count(self.arch)} a network"
            )

    def __len__(self) -> int:
        return len(self.values)

    @property
    def weights(self) -> Float[Tensor, "nets weights"]:
        """What masks are chosen in: all weights, nothing else."""
        return self.values[:, : self.arch.weight_count]


def number_count(arch: Mlp) -> int:
    """Weights, gains, shifts and output biases of a network."""
    return arch.weight_count + 2 * sum(arch.widths[1:-1]) + arch.widths[-1]


def split(arch: Mlp, values: Tensor) -> tuple[list[Tensor], list[Tensor], list[Tensor], Tensor]:
    """Views: weights (nets, out, in), gains and shifts (nets, units, 1), output biases (nets, outputs, 1)."""
    hidden = list(arch.widths[1:-1])
    sizes = [out * into for out, into in arch.shapes] + hidden + hidden + [arch.widths[-1]]
    parts = torch.split(values, sizes, dim=1)
    weights = [p.view(-1, *shape) for p, shape in zip(parts, arch.shapes, strict=False)]
    columns = [p[:, :, None] for p in parts[arch.layers :]]
    return weights, columns[: len(hidden)], columns[len(hidden) : -1], columns[-1]


def initial_normalised(
    arch: Mlp,
    keys: Sequence[Key],
    initialisation: Initialisation | None = None,
    dtype: torch.dtype = torch.float32,
) -> NormalisedStack:
    """Weights drawn for each key (He's by default), gains 1, shifts and biases 0."""
    rows = []
    for key in keys:
        drawn = [w.ravel() for w, _ in drawn_layers(arch, initialisation or He(), key)]
        hidden, outputs = sum(arch.widths[1:-1]), arch.widths[-1]
        rows.append(np.concatenate([*drawn, np.ones(hidden), np.zeros(hidden + outputs)]))
    return NormalisedStack(arch, torch.as_tensor(np.stack(rows)).to(dtype))


def outputs(
    stack: NormalisedStack, columns: Columns, reference: Columns | None = None
) -> Float[Tensor, "nets classes samples"]:
    """Outputs at the samples, normalised by the statistics of `reference`; by default, of the samples."""
    weights, gains, shifts, bias = split(stack.arch, stack.values)
    # both go through together, the reference first
    known = columns.shape[2] if reference is None else reference.shape[2]
    h = columns if reference is None else torch.cat([reference, columns], dim=2)
    for w, g, s in zip(weights, gains, shifts, strict=False):
        u = w @ h
        u.sub_(u[:, :, :known].mean(2, keepdim=True))
        variance = u[:, :, :known].square().mean(2, keepdim=True)
        h = u.mul_(g * (variance + EPSILON).rsqrt()).add_(s).clamp_(min=0.0)
    return weights[-1] @ (h if reference is None else h[:, :, known:]) + bias


class NormalisedGradients:
    """Gradients of the mean softmax cross-entropy of a batch, written out: no recording, no new memory.

    With d the gradient at g u + s, u the normalised values and r = 1/sqrt(var + EPSILON), the gradient before
    the normalisation is g r (d - mean d - u mean(d u)), means over the batch.
    """

    def __init__(self, arch: Mlp, samples: int, like: Values) -> None:
        nets, hidden = len(like), arch.widths[1:-1]
        self.arch, self.samples = arch, samples
        self.gradient = torch.zeros_like(like)
        self._units, self._after, self._back, self._spare = (
            [like.new_empty(nets, width, samples) for width in hidden] for _ in range(4)
        )

    def __call__(self, values: Values, columns: Columns, labels: Float[Tensor, "nets samples"]) -> Values:
        """The gradient at `values`, in a tensor that the next call overwrites."""
        weights, gains, shifts, bias = split(self.arch, values)
        h, scales = columns, []
        for i, (g, s) in enumerate(zip(gains, shifts, strict=True)):
            u = torch.bmm(weights[i], h, out=self._units[i])
            u.sub_(u.mean(2, keepdim=True))
            variance = torch.mul(u, u, out=self._spare[i]).mean(2, keepdim=True)
            scales.append(variance.add_(EPSILON).rsqrt_())
            u.mul_(scales[-1])
            h = torch.addcmul(s, g, u, out=self._after[i]).clamp_(min=0.0)
        d = probability_errors(torch.baddbmm(bias, weights[-1], h), labels).div_(self.samples)
        self._backward(d, weights, gains, scales, columns)
        return self.gradient

    def _backward(
        self, d: Tensor, weights: list[Tensor], gains: list[Tensor], scales: list[Tensor], columns: Tensor
    ) -> None:
        to_weights, to_gains, to_shifts, to_bias = split(self.arch, self.gradient)
        to_bias.copy_(d.sum(2, keepdim=True))
        for i in range(self.arch.layers - 1, -1, -1):
            before = self._after[i - 1] if i else columns
            to_weights[i].copy_(torch.bmm(d, before.transpose(1, 2)))
            if i == 0:
                return
            d = torch.bmm(weights[i].transpose(1, 2), d, out=self._back[i - 1])
            spare, u = self._spare[i - 1], self._units[i - 1]
            d.mul_(torch.sign(before, out=spare))
            to_shifts[i - 1].copy_(d.sum(2, keepdim=True))
            to_gains[i - 1].copy_(torch.mul(d, u, out=spare).sum(2, keepdim=True))
            d.sub_(to_shifts[i - 1] / self.samples)
            d.addcmul_(u, to_gains[i - 1], value=-1.0 / self.samples)
            d.mul_(gains[i - 1] * scales[i - 1])
