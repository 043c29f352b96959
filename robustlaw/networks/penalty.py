"""The free-pattern Lipschitz constant (FGL) as a differentiable penalty.

For f = v.relu(W x + b): FGL = max over unit u of sum_i (v_i w_i . u)_+, at least Lip(f), and
equal to it when the rows of W are linearly independent. The maximiser is tracked by power
steps u <- g/|g|, g = sum of the v_i w_i with v_i w_i . u > 0; each step can only increase the
sum. Where no product is positive, u turns round. The gradient holds u fixed (envelope theorem).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import MissingCapability
from .mlp import Mlp
from .recipe import LipschitzPenalty


class FreePatternPenalty:
    """Keeps one direction a network from step to step."""

    def __init__(self, arch: Mlp, penalty: LipschitzPenalty, start: Float[Tensor, "nets inputs"]) -> None:
        if arch.layers != 2 or arch.widths[-1] != 1 or arch.activation != "relu":
            raise MissingCapability(
                f"the penalty needs one hidden ReLU layer and one output, not {arch}; train without it"
            )
        self._penalty = penalty
        self.direction = start / start.norm(dim=1, keepdim=True)

    def __call__(self, weights: Sequence[Tensor]) -> Float[Tensor, " nets"]:
        slopes = weights[0] * weights[1].transpose(1, 2)
        with torch.no_grad():
            u = self.direction[:, :, None]
            for _ in range(self._penalty.iterations):
                active = (slopes @ u > 0.0).to(slopes.dtype)
                g = slopes.transpose(1, 2) @ active
                size = g.norm(dim=1, keepdim=True)
                u = torch.where(size > 0.0, g / size.clamp(min=1e-30), -u)
            self.direction = u[:, :, 0]
        constant = torch.relu(slopes @ self.direction[:, :, None]).sum((1, 2))
        return self._penalty.weight * constant.square()

    def take(self, places: Sequence[int]) -> None:
        """Keep the directions of the networks at `places`."""
        index = torch.as_tensor(places, dtype=torch.long, device=self.direction.device)
        self.direction = self.direction[index]
