"""Kept counts level by level, as published figures round them, and what of a stack can matter."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Literal, get_args

import torch
from torch import Tensor

from ..data.checks import require_count, require_number
from ..errors import InvalidArgument, UnknownName
from ..networks import Stack
from ..networks.paths import units_reached

Rounding = Literal["floor", "nearest", "ceil"]


def geometric_counts(total: int, share: float, levels: int, rounding: Rounding = "nearest") -> list[int]:
    """total * share^j for j = 1, ..., levels, each rounded once, in exact arithmetic.

    Rounds that cut the survivors of the last (IterativeMagnitude.schedule) round again and again,
    and so drift below this.
    """
    require_count("total", total)
    require_count("levels", levels)
    require_number("share", share)
    if not 0.0 < share < 1.0:
        raise InvalidArgument("share", share, "give a share between 0 and 1")
    if rounding not in get_args(Rounding):
        raise UnknownName("rounding", rounding, get_args(Rounding))
    exact = [Fraction(repr(float(share))) ** j * total for j in range(1, levels + 1)]
    if rounding == "nearest":
        return [math.floor(k + Fraction(1, 2)) for k in exact]
    return [math.floor(k) if rounding == "floor" else math.ceil(k) for k in exact]


def effective(masks: Sequence[Tensor]) -> list[Tensor]:
    """Kept entries on a path of kept entries from an input to an output, (nets, out, in) a layer."""
    reached = units_reached(masks)
    needed = units_reached([m.transpose(1, 2) for m in reversed(masks)])[::-1]
    ends = zip(masks, reached, needed[1:], strict=False)
    return [m & before[:, None, :] & after[:, :, None] for m, before, after in ends]


def with_counts(stack: Stack) -> Stack:
    """The same networks, `facts` telling their kept weights and how many of them can matter.

    kept      : kept weights of the maskable tensors
    effective : those of them on a path of kept weights from an input to an output
    dead_units: hidden units that are on no such path
    collapsed : names of the maskable tensors that have kept nothing, such as "W2"
    """
    names = sorted(stack.maskable or (f"W{i + 1}" for i in range(stack.arch.layers)))
    layers = [int(name[1:]) - 1 for name in names]
    alive = effective(stack.masks)
    kept = torch.stack([stack.masks[i].flatten(1).sum(1) for i in layers]).cpu()
    useful = torch.stack([alive[i].flatten(1).sum(1) for i in layers]).cpu()
    dead = sum(((~m.any(dim=2)).sum(1) for m in alive[:-1]), torch.zeros(len(stack), dtype=torch.long)).cpu()
    before = stack.facts or ({},) * len(stack)
    told = tuple(
        {
            **facts,
            "kept": int(kept[:, i].sum()),
            "effective": int(useful[:, i].sum()),
            "dead_units": int(dead[i]),
            "collapsed": ",".join(n for n, k in zip(names, kept[:, i].tolist(), strict=True) if k == 0),
        }
        for i, facts in enumerate(before)
    )
    return replace(stack, facts=told)
