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


def effective_biases(masks: Sequence[Tensor], biases: Sequence[Tensor]) -> list[Tensor]:
    """Kept biases of units on a path of kept weights from an input to an output, (nets, out) a layer.

    A unit that no input reaches sends on a constant, whatever its bias: that is not counted, here or
    where it arrives.
    """
    return [b & m.any(dim=2) for b, m in zip(biases, effective(masks), strict=True)]


def with_counts(stack: Stack) -> Stack:
    """The same networks, `facts` telling their kept entries and how many of them can matter.

    kept      : kept weights, and biases, of the maskable tensors
    effective : those of them on a path of kept weights from an input to an output, or the bias of a
                unit on such a path
    dead_units: hidden units that are on no such path
    collapsed : names of the maskable weight tensors that have kept nothing, such as "W2"
    """
    every = frozenset(f"W{i + 1}" for i in range(stack.arch.layers))
    names = sorted((stack.maskable or every) & every)
    layers = [int(name[1:]) - 1 for name in names]
    alive = effective(stack.masks)
    kept = torch.stack([stack.masks[i].flatten(1).sum(1) for i in layers]).cpu()
    useful = torch.stack([alive[i].flatten(1).sum(1) for i in layers]).cpu()
    biases = _bias_counts(stack)
    dead = sum(((~m.any(dim=2)).sum(1) for m in alive[:-1]), torch.zeros(len(stack), dtype=torch.long)).cpu()
    before = stack.facts or ({},) * len(stack)
    told = tuple(
        {
            **facts,
            "kept": int(kept[:, i].sum()) + biases[0][i],
            "effective": int(useful[:, i].sum()) + biases[1][i],
            "dead_units": int(dead[i]),
            "collapsed": ",".join(n for n, k in zip(names, kept[:, i].tolist(), strict=True) if k == 0),
        }
        for i, facts in enumerate(before)
    )
    return replace(stack, facts=told)


def _bias_counts(stack: Stack) -> tuple[list[int], list[int]]:
    """Kept and effective biases of each network, in the layers where biases are maskable."""
    layers = [i for i in range(stack.arch.layers) if f"b{i + 1}" in (stack.maskable or ())]
    if stack.bias_masks is None or not layers:
        return [0] * len(stack), [0] * len(stack)
    useful = effective_biases(stack.masks, stack.bias_masks)
    kept, alive = (torch.cat([m[i] for i in layers], dim=1).sum(1) for m in (stack.bias_masks, useful))
    return kept.tolist(), alive.tolist()
