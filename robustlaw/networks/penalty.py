"""Penalties on the steepness of the networks of a stack, one number a network.

A penalty keeps in `state` what it follows from step to step, networks along the first axis.

The free-pattern Lipschitz constant of f = v.relu(W x + b) is FGL = max over unit u of
sum_i (v_i w_i . u)_+, at least Lip(f), and equal to it when the rows of W are linearly
independent. The maximiser is tracked by power steps u <- g/|g|, g = sum of the v_i w_i with
v_i w_i . u > 0; each step can only increase the sum. Where no product is positive, u turns round.
The gradient holds u fixed (envelope theorem).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, MissingCapability
from ..seeds import generator
from .losses import Batch
from .mlp import Mlp
from .recipe import GradientPenalty, LipschitzPenalty, Recipe, SpectralPenalty
from .stack import forward

State = dict[str, Tensor]


class FreePatternPenalty:
    """Keeps one direction a network from step to step."""

    def __init__(self, arch: Mlp, penalty: LipschitzPenalty, start: Float[Tensor, "nets inputs"]) -> None:
        if arch.layers != 2 or arch.widths[-1] != 1 or arch.activation != "relu":
            raise MissingCapability(
                f"the penalty needs one hidden ReLU layer and one output, not {arch}; train without it"
            )
        self._penalty = penalty
        self.state: State = {"direction": start / start.norm(dim=1, keepdim=True)}

    @property
    def direction(self) -> Tensor:
        return self.state["direction"]

    def __call__(
        self, weights: Sequence[Tensor], biases: Sequence[Tensor] = (), data: Batch | None = None
    ) -> Float[Tensor, " nets"]:
        del biases, data
        slopes = weights[0] * weights[1].transpose(1, 2)
        with torch.no_grad():
            u = self.direction[:, :, None]
            for _ in range(self._penalty.iterations):
                active = (slopes @ u > 0.0).to(slopes.dtype)
                g = slopes.transpose(1, 2) @ active
                size = g.norm(dim=1, keepdim=True)
                u = torch.where(size > 0.0, g / size.clamp(min=1e-30), -u)
            self.state = {"direction": u[:, :, 0]}
        constant = torch.relu(slopes @ self.direction[:, :, None]).sum((1, 2))
        return self._penalty.weight * constant.square()


class SpectralNorms:
    """Follows the largest singular direction of every layer by power steps v <- W^T W v / |.|.

    |W v|^2 with v held fixed has the gradient of |W|^2 (envelope theorem). The direction of a layer
    that is 0 stays where it is.
    """

    def __init__(self, arch: Mlp, penalty: SpectralPenalty, nets: int, like: Tensor) -> None:
        self._penalty = penalty
        self.state: State = {
            str(layer): _direction(nets, width, like, "spectral", layer)
            for layer, width in enumerate(arch.widths[:-1])
        }

    @torch.no_grad()
    def _follow(self, weight: Tensor, v: Tensor) -> Tensor:
        v = v[:, :, None]
        for _ in range(self._penalty.iterations):
            ahead = weight.transpose(1, 2) @ (weight @ v)
            size = ahead.norm(dim=1, keepdim=True)
            v = torch.where(size > 0.0, ahead / size.clamp(min=1e-30), v)
        return v[:, :, 0]

    def __call__(self, weights: Sequence[Tensor], biases: Sequence[Tensor], data: Batch) -> Tensor:
        del biases, data
        self.state = {
            name: self._follow(w, v) for w, (name, v) in zip(weights, self.state.items(), strict=True)
        }
        squares = torch.stack(
            [
                (w @ v[:, :, None]).square().sum((1, 2))
                for w, v in zip(weights, self.state.values(), strict=True)
            ]
        )
        whole = squares.prod(0) if self._penalty.form == "product" else squares.sum(0)
        return self._penalty.weight * whole


class InputGradients:
    """Mean squared norm of the gradient in the inputs, at the samples of the batch."""

    def __init__(self, arch: Mlp, penalty: GradientPenalty) -> None:
        if arch.widths[-1] > 2:
            raise MissingCapability(
                f"the gradient penalty is of one output or of the margin of two, not of {arch.widths[-1]}; "
                "train without it, or with a SpectralPenalty"
            )
        self._arch, self._penalty = arch, penalty
        self.state: State = {}

    def __call__(self, weights: Sequence[Tensor], biases: Sequence[Tensor], data: Batch) -> Tensor:
        nets = weights[0].shape[0]
        columns = data.columns.expand(nets, -1, -1).detach().clone().requires_grad_()
        outputs = forward(self._arch, weights, biases, columns)
        margin = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
        (slopes,) = torch.autograd.grad(margin.sum(), columns, create_graph=True)
        return self._penalty.weight * (slopes.square().sum(1) * data.share).sum(1)


def penalty_of(
    recipe: Recipe, arch: Mlp, nets: int, like: Tensor
) -> FreePatternPenalty | SpectralNorms | InputGradients:
    """The recipe's penalty for that many networks, at its start. Raises MissingCapability."""
    match recipe.penalty:
        case SpectralPenalty() as spectral:
            return SpectralNorms(arch, spectral, nets, like)
        case GradientPenalty() as slopes:
            return InputGradients(arch, slopes)
        case LipschitzPenalty() as pattern:
            return FreePatternPenalty(arch, pattern, _direction(nets, arch.widths[0], like, "fgl"))
    raise InvalidArgument("penalty", recipe.penalty, "give a penalty of robustlaw.networks")


def _direction(nets: int, width: int, like: Tensor, *name: int | str) -> Tensor:
    """A unit vector that is the same for every network."""
    start = generator("probe", *name).normal(size=(1, width))
    return torch.as_tensor(start / np.linalg.norm(start)).to(like).expand(nets, -1).contiguous()
