"""Networks of a stack that take their steps together."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from .losses import Batch, stack_loss
from .mlp import Mlp
from .packing import Packed
from .parametrise import Parametrisation
from .penalty import penalty_of
from .recipe import Recipe
from .relu_gradients import ReluGradients
from .stack import forward
from .streams import GradientNoise, Key, Minibatches

# Smaller networks go more than `lanes` at a time, until one layer's outputs fill this many bytes:
# enough work to hide the calls, and still within the cache of one core.
WANTED_BYTES = 2**18
MOST_GROUPS = 64
# Of weights and of layers' outputs that a step on an accelerator holds at most: values, gradients, two
# moments and what the products make on their way.
COPIES = 8


def chunk_size(arch: Mlp, data: Batch, recipe: Recipe) -> int:
    """Networks that are trained at a time, a multiple of `lanes`; on an accelerator, all that fit."""
    samples = data.columns.shape[2] if recipe.batch_size is None else recipe.batch_size
    if data.columns.device.type != "cpu":
        own = COPIES * (arch.parameter_count + samples * sum(arch.widths)) * data.columns.element_size()
        return recipe.lanes * max(1, _free_bytes(data.columns.device) // 2 // (recipe.lanes * own))
    bytes_each = max(arch.widths[1:]) * samples * data.columns.element_size()
    return recipe.lanes * max(1, min(MOST_GROUPS, WANTED_BYTES // (recipe.lanes * bytes_each)))


def _free_bytes(device: torch.device) -> int:
    """Memory that is free on an accelerator; without end where nobody can say."""
    return torch.cuda.mem_get_info(device)[0] if device.type == "cuda" else 2**60


class Chunk:
    """`places` names the networks; one that stands there twice is padding."""

    def __init__(
        self,
        places: list[int],
        arch: Mlp,
        model: Parametrisation,
        data: Batch,
        recipe: Recipe,
        keys: Sequence[Key],
    ) -> None:
        self.places, self.arch, self.recipe = places, arch, recipe
        self.model, self.data = model, data
        self.packed = Packed(model.leaves, recipe)
        like = self.packed.values
        self.penalty = None if recipe.penalty is None else penalty_of(recipe, arch, len(places), like)
        self.batches = None if recipe.batch_size is None else Minibatches(data, keys, recipe.batch_size)
        gradients = self.packed.gradients
        noisy = recipe.gradient_noise > 0.0
        self.noise = GradientNoise(keys, recipe, gradients) if noisy else None
        self.written: ReluGradients | None = None
        if model.direct and arch.activation == "relu":
            samples = data.columns.shape[2] if self.batches is None else self.batches.padded_size
            shaped = like.new_empty(len(places), 0)
            self.written = ReluGradients(arch, recipe.loss, samples, shaped)

    def loss(self, weights: Sequence[Tensor], data: Batch) -> Tensor:
        outputs = forward(self.arch, weights, self.model.biases(), data.columns)
        return stack_loss(self.recipe.loss, outputs, data)

    def _backward(self, data: Batch) -> None:
        """Leave the gradient of loss and penalty in the leaves."""
        weights = self.model.weights()
        extra = None
        if self.written is not None:
            self.written(weights, self.model.biases(), data, self.packed.gradients)
        else:
            self.packed.clear_gradients()
            extra = self.loss(weights, data)
        if self.penalty is not None:
            cost = self.penalty(weights, self.model.biases(), data)
            extra = cost if extra is None else extra + cost
        if extra is not None:
            extra.sum().backward()  # type: ignore[no-untyped-call]

    def step(self, number: int) -> None:
        self.model.before_step(number)
        self._backward(self.data if self.batches is None else self.batches.at(number))
        if self.noise is not None:
            self.noise.add(number)
        self.model.after_backward()
        self.packed.forget(self.model.forgotten())
        self.packed.step(self.recipe.rate(number))
        self.model.after_step()
        if self.recipe.radius is not None:
            self.model.project(self.recipe.radius)

    @torch.no_grad()
    def read(self) -> tuple[list[float], tuple[list[Tensor], list[Tensor], list[Tensor]]]:
        """Losses on all samples; weights, biases and masks."""
        weights = self.model.weights()
        losses = self.loss(weights, self.data).cpu().numpy()
        return [float(v) for v in losses], (weights, self.model.biases(), self.model.masks())

    def _states(self) -> list[dict[str, Tensor]]:
        """State of the optimiser, of the penalty, and of the parametrisation."""
        penalty = {} if self.penalty is None else self.penalty.state
        return [self.packed.state(), penalty, self.model.carried()]

    def state_of(self, here: int) -> list[dict[str, Tensor]]:
        """What the network at `here` carries from step to step."""
        return [{k: v[here] if v.dim() else v for k, v in part.items()} for part in self._states()]

    def load(self, states: Sequence[list[dict[str, Tensor]]]) -> None:
        """Go on from the states of the networks at `places`."""
        packed, penalty, model = (
            {k: torch.stack([s[part][k] for s in states]) if v.dim() else v for k, v in own.items()}
            for part, own in enumerate(states[0])
        )
        self.packed.load(packed)
        if self.penalty is not None:
            self.penalty.state = penalty
        self.model.carry_on(model)
