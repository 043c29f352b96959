"""Loss along the straight line between two networks: barriers, for each sample and on average.

Everything here asks only for a function from rows of numbers, one row a network, to the losses of every
network at every sample, so that it serves any model: `normalised_losses` gives it for networks with batch
normalisation, whose statistics are taken anew at every point of the line.

With a loss that is convex in the numbers no barrier is above 0; two equal ends have barrier 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from ..errors import InvalidArgument, ShapeMismatch
from .mlp import Mlp
from .normalised import Columns, NormalisedStack, Values, outputs
from .softmax import log_losses

PerSample = Float[Tensor, "nets samples"]
OnLine = Float[Tensor, "places nets samples"]
Losses = Callable[[Tensor], Tensor]


def between(first: Values, second: Float[Tensor, "_nets _numbers"], place: float) -> Values:
    """The rows at a place of the line: 0 is the first end, 1 the second."""
    if first.shape != second.shape:
        raise ShapeMismatch("first, second", (tuple(first.shape), tuple(second.shape)), "give equal shapes")
    return first + place * (second - first)


def along(losses: Losses, first: Values, second: Values, places: Sequence[float]) -> OnLine:
    """Losses at places of the line; at 0 and 1 those of the ends as they are."""
    if not places or not all(0.0 <= p <= 1.0 for p in places):
        raise InvalidArgument("places", list(places), "give places between 0 and 1, at least one")
    ends = {0.0: first, 1.0: second}
    return torch.stack([losses(ends[p] if p in ends else between(first, second, p)) for p in places])


def middle_barrier(losses: Losses, first: Values, second: Values) -> PerSample:
    """l((w + w')/2) - (l(w) + l(w'))/2 of every sample (Frankle et al. 2020; Paul et al. 2022)."""
    return excess(along(losses, first, second, (0.0, 0.5, 1.0)), (0.0, 0.5, 1.0))[1]


def excess(on_line: OnLine, places: Sequence[float]) -> OnLine:
    """Losses of every sample less the straight line between those of the two ends.

    The first place is 0 and the last 1. Raises InvalidArgument.
    """
    if len(places) != len(on_line) or places[0] != 0.0 or places[-1] != 1.0:
        raise InvalidArgument("places", list(places), "give one a row of losses, from 0 to 1")
    at = on_line.new_tensor(list(places))[:, None, None]
    return on_line - ((1.0 - at) * on_line[0] + at * on_line[-1])


def highest_excess(on_line: OnLine, places: Sequence[float]) -> Float[Tensor, " nets"]:
    """The largest mean excess over the places; never below 0, which the ends have."""
    return excess(on_line, places).mean(dim=2).amax(dim=0)


def normalised_losses(
    arch: Mlp, columns: Columns, labels: Tensor, reference: Columns | None = None
) -> Losses:
    """Softmax cross-entropy at some samples, normalised by the statistics of `reference`."""

    def losses(values: Tensor) -> Tensor:
        return log_losses(outputs(NormalisedStack(arch, values), columns, reference), labels)

    return losses


def normalised_errors(
    arch: Mlp, columns: Columns, labels: Tensor, reference: Columns | None = None
) -> Losses:
    """1 where the class is wrong, else 0."""

    def errors(values: Tensor) -> Tensor:
        found = outputs(NormalisedStack(arch, values), columns, reference)
        return (found.argmax(1) != labels).to(found.dtype)

    return errors
