"""Paths of kept weights through masks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Bool
from torch import Tensor

from ..evidence import LayerCollapse


def units_reached(masks: Sequence[Bool[Tensor, "nets _out _in"]]) -> list[Bool[Tensor, "nets _units"]]:
    """Units that a path of kept entries from an input reaches, level by level, the inputs first."""
    units = [torch.ones_like(masks[0][:, 0, :])]
    for m in masks:
        units.append((m & units[-1][:, None, :]).any(dim=2))
    return units


def collapses(masks: Sequence[Bool[Tensor, "nets _out _in"]]) -> dict[int, LayerCollapse]:
    """The networks without a path from an input to an output, by their place in the stack."""
    alive = torch.stack([level.any(dim=1) for level in units_reached(masks)], dim=1).cpu()
    places = torch.nonzero(~alive[:, -1])[:, 0].tolist()
    kept = torch.stack([m.flatten(1).sum(1) for m in masks], dim=1).cpu()
    total = tuple(m[0].numel() for m in masks)
    stops = alive.long().argmin(dim=1)  # the first level that nothing reaches
    return {i: LayerCollapse(tuple(kept[i].tolist()), total, int(stops[i])) for i in places}
