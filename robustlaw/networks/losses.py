"""Losses of a whole stack: one number a network, so that no network feels its neighbours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, NonFinite, ShapeMismatch, UnknownName
from .recipe import LANES
from .softmax import check_classes, log_losses


@dataclass(frozen=True, eq=False)
class Batch:
    """Training data of a stack, samples in columns.

    columns : (1 or nets, inputs, samples), padded with zero-weight samples
    labels  : (1 or nets, samples); classes are numbered 0, 1, ... for "softmax"
    share   : (samples,) weight of each sample, 1/n or 0
    """

    columns: Tensor
    labels: Tensor
    share: Tensor

    @property
    def copies(self) -> int:
        return int(self.columns.shape[0])

    def take(self, places: Sequence[int]) -> Batch:
        """The data of the networks at `places`; shared data stay shared."""
        if self.copies == 1:
            return self
        index = torch.as_tensor(places, dtype=torch.long, device=self.columns.device)
        return Batch(self.columns[index], self.labels[index], self.share)

    def double(self) -> Batch:
        """The same numbers in float64."""
        return Batch(self.columns.double(), self.labels.double(), self.share.double())


def batch(
    x: Sequence[np.ndarray],
    y: Sequence[np.ndarray],
    device: str = "cpu",
    dtype: torch.dtype = torch.float32,
) -> Batch:
    """A batch from one (n, d) array and (n,) labels for all networks, or one of each a network.

    Raises ShapeMismatch or NonFinite.
    """
    if len(x) != len(y) or not x:
        raise ShapeMismatch("x, y", (len(x), len(y)), "give as many label arrays as input arrays")
    if x[0].ndim != 2 or 0 in x[0].shape:
        raise ShapeMismatch("x", x[0].shape, "give (samples, inputs), both at least 1")
    for points, labels in zip(x, y, strict=True):
        if points.shape != x[0].shape or labels.shape != (x[0].shape[0],):
            raise ShapeMismatch("x, y", (points.shape, labels.shape), f"all as the first, {x[0].shape}")
        if not (np.isfinite(points).all() and np.isfinite(labels).all()):
            raise NonFinite("x, y", points.shape, "inputs and labels have to be finite")
    n = x[0].shape[0]
    pad = -n % LANES
    columns = np.pad(np.stack(x), ((0, 0), (0, pad), (0, 0))).transpose(0, 2, 1)
    labels_padded = np.pad(np.stack(y), ((0, 0), (0, pad)))
    share = np.pad(np.full(n, 1.0 / n), (0, pad))
    return Batch(*(torch.as_tensor(a.copy()).to(device, dtype) for a in (columns, labels_padded, share)))


def check_loss(name: str, outputs: int, data: Batch) -> None:
    """Raises ShapeMismatch or InvalidArgument where the loss is not defined."""
    if name == "softmax":
        check_classes(outputs, data.labels[:, data.share > 0.0])
    elif outputs > (2 if name == "cross_entropy" else 1):
        raise ShapeMismatch("widths", outputs, f"{name} has no meaning for that many outputs")
    if name == "cross_entropy":
        labels = data.labels[:, data.share > 0.0]
        if not bool((labels.abs() == 1.0).all()):
            raise InvalidArgument("y", labels[labels.abs() != 1.0][:3], "cross-entropy needs labels -1 and 1")


def stack_loss(
    name: str, outputs: Float[Tensor, "nets outputs samples"], data: Batch
) -> Float[Tensor, " nets"]:
    """Weighted mean loss of each network.

    mse           : (f - y)^2 of the single output
    cross_entropy : of labels +-1; logistic for one output, softmax for two (class 1 is +1)
    softmax       : cross-entropy of labels 0, 1, ..., one output a class
    """
    if name == "mse":
        return ((outputs[:, 0] - data.labels).square() * data.share).sum(1)
    if name == "cross_entropy":
        margin = outputs[:, 0] if outputs.shape[1] == 1 else outputs[:, 1] - outputs[:, 0]
        return (torch.nn.functional.softplus(-data.labels * margin) * data.share).sum(1)
    if name == "softmax":
        return (log_losses(outputs, data.labels) * data.share).sum(1)
    raise UnknownName("loss", name, ("mse", "cross_entropy", "softmax"))
