"""Softmax cross-entropy of any number of classes, and its first two derivatives in the outputs.

With p = softmax(f) and e the unit vector of the label: the loss is -log p_label, its gradient p - e,
and its Hessian diag(p) - p p^T. Labels are whole numbers 0, 1, ... that stand in tensors of floats.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch

Outputs = Float[Tensor, "nets classes samples"]
Labels = Float[Tensor, "copies samples"]


def check_classes(classes: int, labels: Tensor) -> None:
    """Raises ShapeMismatch for a single output, InvalidArgument unless labels are 0, ..., classes - 1."""
    if classes < 2:
        raise ShapeMismatch("widths", classes, "softmax needs an output for each class, at least 2")
    wrong = labels[(labels < 0.0) | (labels >= classes) | (labels != labels.floor())]
    if wrong.numel():
        raise InvalidArgument(
            "y", wrong[:3].tolist(), f"softmax of {classes} outputs needs labels 0, 1, ..., {classes - 1}"
        )


def label_rows(outputs: Outputs, labels: Labels) -> Tensor:
    """Places (nets, 1, samples) of the labels among the outputs."""
    return labels.long()[:, None].expand(outputs.shape[0], 1, -1)


def log_losses(outputs: Outputs, labels: Labels) -> Float[Tensor, "nets samples"]:
    """-log p_label of every sample."""
    logarithms = torch.log_softmax(outputs, 1)
    return -logarithms.gather(1, label_rows(outputs, labels))[:, 0]


def probability_errors(outputs: Outputs, labels: Labels) -> Outputs:
    """p - e, the gradient of every sample's loss; a fresh tensor."""
    errors = torch.softmax(outputs, 1)
    rows = label_rows(outputs, labels)
    return errors.scatter_add_(1, rows, errors.new_full((), -1.0).expand(rows.shape))


def hessian_products(outputs: Outputs, moved: Outputs) -> Outputs:
    """(diag(p) - p p^T) moved, as p (moved - its mean under p): no cancellation of large products."""
    p = torch.softmax(outputs, 1)
    return p * (moved - (p * moved).sum(1, keepdim=True))
