"""b-bit grids with a coded scale: the same levels for straight-through training and for codes.

A grid of b bits and scale s has the 2^b levels s (i - (2^b - 1)/2), i = 0 .. 2^b - 1. One
bit is a pair of signs. Scales are powers 2^(j/8) with integer j, so a scale is named by j.
"""

from __future__ import annotations

import torch
from torch import Tensor

from ..errors import InvalidArgument

STEPS_PER_OCTAVE = 8
MAX_BITS = 16
# Candidate scales for a layer: this many steps to either side of the starting guess.
SCALE_SEARCH = 12


def check_bits(bits: int) -> int:
    """`bits` itself. Raises InvalidArgument outside 1..MAX_BITS."""
    if not 1 <= bits <= MAX_BITS:
        raise InvalidArgument("bits", bits, f"give between 1 and {MAX_BITS} bits a weight")
    return bits


def scale_of(exponent: Tensor) -> Tensor:
    """2^(j/8)."""
    scale: Tensor = torch.exp2(exponent / STEPS_PER_OCTAVE)
    return scale


def level_index(values: Tensor, scale: Tensor, bits: int) -> Tensor:
    """Index 0 .. 2^b - 1 of the nearest level; ties go to the upper one."""
    top = 2**bits - 1
    index: Tensor = torch.floor(values / scale + 0.5 * (top + 1)).clamp(0, top)
    return index


def level_value(index: Tensor, scale: Tensor, bits: int) -> Tensor:
    """The level with that index."""
    level: Tensor = scale * (index - 0.5 * (2**bits - 1))
    return level


def best_exponent(values: Tensor, kept: Tensor, bits: int) -> Tensor:
    """Scale exponent j of every matrix that makes the squared error over kept entries smallest.

    values, kept : (nets, out, in). Returns (nets, 1, 1); 0 where nothing is kept.
    """
    count = kept.sum((1, 2), keepdim=True).clamp(min=1)
    spread = (values.masked_fill(~kept, 0.0).abs().sum((1, 2), keepdim=True) / count).clamp(min=1e-30)
    # A uniform grid of b bits covers about +-2.5 mean sizes; one bit puts the levels at the mean size.
    guess = torch.round(STEPS_PER_OCTAVE * torch.log2(2.0 * spread * (1.0 + 0.35 * bits) / 2**bits))
    offsets = torch.arange(-SCALE_SEARCH, SCALE_SEARCH + 1, device=values.device, dtype=values.dtype)
    errors = [_error(values, kept, scale_of(guess + o), bits) for o in offsets]
    best = torch.stack(errors).argmin(0)
    return torch.where(kept.any(2).any(1)[:, None, None], guess + offsets[best], 0.0)


def _error(values: Tensor, kept: Tensor, scale: Tensor, bits: int) -> Tensor:
    rounded = level_value(level_index(values, scale, bits), scale, bits)
    return (values - rounded).masked_fill(~kept, 0.0).square().sum((1, 2), keepdim=True)


def round_to_grid(values: Tensor, kept: Tensor, bits: int) -> Tensor:
    """Kept entries on the best grid, the others 0; gradients pass straight through."""
    with torch.no_grad():
        scale = scale_of(best_exponent(values, kept, bits))
        rounded = level_value(level_index(values, scale, bits), scale, bits).masked_fill(~kept, 0.0)
    return values + (rounded - values).detach()
