"""What training draws at random: orders of the samples, and noise on gradients.

Both are functions of a network's key and of the step alone, drawn on the CPU in blocks of epochs
or steps, so that neither companions nor a restart in the middle of a schedule change them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor

from ..seeds import generator
from .losses import Batch
from .recipe import LANES, Recipe

# Epochs, or steps, that one generator serves: enough that its making costs little.
BLOCK = 16

Key = int | str


class Minibatches:
    """Each network goes through its samples in its own random order, anew every epoch."""

    def __init__(self, data: Batch, keys: Sequence[Key], size: int) -> None:
        self._data, self._keys = data, keys
        self._samples = int((data.share > 0.0).sum())
        self._size = min(size, self._samples)
        self.per_epoch = -(-self._samples // self._size)
        self._rows = data.columns.transpose(1, 2).contiguous()
        self._epoch, self._block = -1, -1
        self._drawn = np.empty(0)
        self._index = torch.empty(0)

    @property
    def padded_size(self) -> int:
        return -(-self._size // LANES) * LANES

    def order(self, epoch: int) -> np.ndarray:
        """(nets, samples): every network's order in an epoch."""
        if epoch // BLOCK != self._block:
            self._block = epoch // BLOCK
            straight = np.tile(np.arange(self._samples), (BLOCK, 1))
            self._drawn = np.stack(
                [generator("order", k, self._block).permuted(straight, axis=1) for k in self._keys]
            )
        return self._drawn[:, epoch % BLOCK]

    def _turn(self, epoch: int) -> None:
        """Indices (nets, batches, padded size) of an epoch; places without a sample repeat the first."""
        shape = (len(self._keys), self.per_epoch, self.padded_size)
        index = np.zeros(shape, dtype=np.int64)
        order = self.order(epoch)
        for number in range(self.per_epoch):
            part = order[:, number * self._size : (number + 1) * self._size]
            index[:, number, : part.shape[1]] = part
        self._index = torch.as_tensor(index).to(self._rows.device)
        self._epoch = epoch

    def at(self, step: int) -> Batch:
        """The batch of a step; its last one in an epoch may be smaller than the others."""
        epoch, number = divmod(step, self.per_epoch)
        if epoch != self._epoch:
            self._turn(epoch)
        index, size = self._index[:, number], min(self._size, self._samples - number * self._size)
        if self._data.copies == 1:
            rows, labels = self._rows[0][index], self._data.labels[0][index]
        else:
            nets = torch.arange(len(index), device=index.device)[:, None]
            rows, labels = self._rows[nets, index], self._data.labels[nets, index]
        share = torch.zeros_like(self._data.share[:1]).expand(self.padded_size).clone()
        share[:size] = 1.0 / size
        return Batch(rows.transpose(1, 2), labels, share)


class GradientNoise:
    """Adds normal noise to every entry of the gradients, as the recipe says."""

    def __init__(self, keys: Sequence[Key], recipe: Recipe, gradients: Mapping[str, Tensor]) -> None:
        self._keys, self._deviation, self._gradients = keys, recipe.gradient_noise, gradients
        self._relative = recipe.noise_unit == "gradient"
        self._counts = [g[0].numel() for g in gradients.values()]
        self._block = -1
        self._drawn: list[Tensor] = []

    def _draw(self, block: int) -> None:
        shape, first = (BLOCK, sum(self._counts)), next(iter(self._gradients.values()))
        draws = np.stack(
            [generator("noise", k, "gradient", block).standard_normal(shape) for k in self._keys]
        )
        whole = torch.as_tensor(self._deviation * draws).to(first)
        self._drawn = [part.transpose(0, 1) for part in torch.split(whole, self._counts, dim=2)]
        self._block = block

    def add(self, step: int) -> None:
        if step // BLOCK != self._block:
            self._draw(step // BLOCK)
        for gradient, drawn in zip(self._gradients.values(), self._drawn, strict=True):
            noise = drawn[step % BLOCK].reshape(gradient.shape)
            gradient += _sizes(gradient) * noise if self._relative else noise


def _sizes(gradient: Tensor) -> Tensor:
    """Root mean square of each network's entries, shaped to multiply them."""
    return gradient.square().mean(tuple(range(1, gradient.dim())), keepdim=True).sqrt()
