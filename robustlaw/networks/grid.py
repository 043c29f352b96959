"""b-bit grids with a coded scale: the same levels for straight-through training and for codes.

A grid of b bits and scale s has the 2^b levels s (i - (2^b - 1)/2), i = 0 .. 2^b - 1. One
bit is a pair of signs. Scales are powers 2^(j/8) with integer j, so a scale is named by j.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from ..data.checks import whole
from ..errors import InvalidArgument

STEPS_PER_OCTAVE = 8
MAX_BITS = 16
# Candidate scales for a layer: this many steps to either side of the starting guess.
SCALE_SEARCH = 12


# All scales of float64. Looked up rather than computed: torch's exp2 and log2 round differently
# in a vector register and in the rest of a loop, so they would depend on the size of the stack.
_LOWEST = -1074 * STEPS_PER_OCTAVE
_SCALES = torch.tensor(
    [
        math.ldexp(2.0 ** (j % STEPS_PER_OCTAVE / STEPS_PER_OCTAVE), j // STEPS_PER_OCTAVE)
        for j in range(_LOWEST, 1024 * STEPS_PER_OCTAVE)
    ],
    dtype=torch.float64,
)
# Where round(8 log2 m) goes up by one, for m from 1/2 to 1.
_HALF_STEPS = torch.tensor(
    [2.0 ** ((i + 0.5) / STEPS_PER_OCTAVE - 1.0) for i in range(STEPS_PER_OCTAVE)], dtype=torch.float64
)


def check_bits(bits: int) -> int:
    """`bits` itself. Raises InvalidArgument outside 1..MAX_BITS."""
    if not 1 <= (count := whole("bits", bits)) <= MAX_BITS:
        raise InvalidArgument("bits", bits, f"give between 1 and {MAX_BITS} bits a weight")
    return count


def scale_of(exponent: Tensor) -> Tensor:
    """2^(j/8)."""
    place = (exponent - _LOWEST).clamp(0, len(_SCALES) - 1).long()
    return _SCALES.to(exponent.device)[place].to(exponent.dtype)


def _nearest_exponent(size: Tensor) -> Tensor:
    """round(8 log2(size)) for positive sizes."""
    mantissa, octave = torch.frexp(size)
    step = torch.bucketize(mantissa.double(), _HALF_STEPS.to(size.device))
    return (STEPS_PER_OCTAVE * (octave - 1) + step).to(size.dtype)


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
    """Scale exponent j of every matrix whose squared error over kept entries no neighbour beats.

    The best of a window around a guess, then on as long as a neighbour is better.
    values, kept : (nets, out, in). Returns (nets, 1, 1); 0 where nothing is kept.
    """
    count = kept.sum((1, 2), keepdim=True).clamp(min=1)
    spread = (values.masked_fill(~kept, 0.0).abs().sum((1, 2), keepdim=True) / count).clamp(min=1e-30)
    # A uniform grid of b bits covers about +-2.5 mean sizes; one bit puts the levels at the mean size.
    guess = _nearest_exponent(2.0 * spread * (1.0 + 0.35 * bits) / 2**bits)
    offsets = torch.arange(-SCALE_SEARCH, SCALE_SEARCH + 1, device=values.device, dtype=values.dtype)
    errors = [_error(values, kept, scale_of(guess + o), bits) for o in offsets]
    best = torch.stack(errors).argmin(0)
    exponent = guess + offsets[best]
    # inside the window the neighbours are known to be no better
    edge = best % (2 * SCALE_SEARCH) == 0
    zero = ~((values != 0.0) & kept).any(2).any(1)[:, None, None]
    if bool((edge & ~zero).any()):
        exponent = torch.where(zero, exponent, _descend(values, kept & ~zero, exponent, bits))
    if bool((edge & zero).any()):
        exponent = torch.where(zero, _vanishing(values, kept, exponent, bits), exponent)
    return torch.where(kept.any(2).any(1)[:, None, None], exponent, 0.0)


def _descend(values: Tensor, kept: Tensor, exponent: Tensor, bits: int) -> Tensor:
    """Walk each exponent up, then down, while that makes its error smaller: long tails leave the window."""
    error = _error(values, kept, scale_of(exponent), bits)
    for way in (1, -1):
        while True:
            ahead = _error(values, kept, scale_of(exponent + way), bits)
            better = ahead < error
            if not bool(better.any()):
                break
            exponent, error = torch.where(better, exponent + way, exponent), torch.where(better, ahead, error)
    return exponent


def _vanishing(values: Tensor, kept: Tensor, exponent: Tensor, bits: int) -> Tensor:
    """For matrices of zeros: the largest exponent, up to the given one, without an error.

    The error grows with the scale, so halving finds in a dozen steps where walking would take thousands.
    """
    low, high = torch.full_like(exponent, float(_LOWEST)), exponent
    low = torch.where(_error(values, kept, scale_of(high), bits) == 0.0, high, low)
    while bool((high - low > 1.0).any()):
        middle = torch.floor((low + high) / 2.0)
        vanishes = _error(values, kept, scale_of(middle), bits) == 0.0
        low, high = torch.where(vanishes, middle, low), torch.where(vanishes, high, middle)
    return low


def _error(values: Tensor, kept: Tensor, scale: Tensor, bits: int) -> Tensor:
    rounded = level_value(level_index(values, scale, bits), scale, bits)
    return (values - rounded).masked_fill(~kept, 0.0).square().sum((1, 2), keepdim=True)


def round_to_grid(values: Tensor, kept: Tensor, bits: int) -> Tensor:
    """Kept entries on the best grid, the others 0; gradients pass straight through."""
    with torch.no_grad():
        scale = scale_of(best_exponent(values, kept, bits))
        rounded = level_value(level_index(values, scale, bits), scale, bits).masked_fill(~kept, 0.0)
    # in this order the value is the level itself, to the last bit
    return rounded + (values - values.detach())
