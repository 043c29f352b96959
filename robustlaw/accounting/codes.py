"""Lengths, in nats, of prefix codes: each is a Bracket whose upper end may be charged.

A length function l is a prefix code's (up to rounding to whole bits, which nothing here
needs) exactly when its Kraft sum, the sum of exp(-l) over all messages, is at most 1.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from ..constants import TWO_SIDED
from ..errors import InvalidArgument
from ..evidence import LOG2, Bracket, log_binomial, log_factorial, log_of_integer, sum_of
from ..networks.grid import check_bits


def uniform_length(choices: int) -> Bracket:
    """log of the number of equally long messages."""
    if choices < 1:
        raise InvalidArgument("choices", choices, "give at least one message")
    return log_of_integer(choices)


def integer_length(value: int) -> Bracket:
    """A code for all integers: probability (2/3)/((|j|+1)(|j|+2)), which sums to exactly 1."""
    size = abs(int(value))
    share = log_of_integer(TWO_SIDED.numerator * (size + 1) * (size + 2))
    return share - Bracket.exact(float(TWO_SIDED.denominator)).log()


def mask_length(total: int, kept: int) -> Bracket:
    """Which `kept` of `total` entries: the count, then the subset."""
    return uniform_length(total + 1) + log_binomial(total, kept)


def binned_mask_length(totals: Sequence[int], kept: Sequence[int]) -> Bracket:
    """The same in bins that are known beforehand: a count and a subset for each bin."""
    return sum_of([mask_length(n, k) for n, k in zip(totals, kept, strict=True)])


def flat_length(entries: int, bits: int) -> Bracket:
    """`bits` for every entry."""
    return LOG2 * float(entries * check_bits(bits))


def enumerative_length(level_counts: Sequence[int]) -> Bracket:
    """How often each level occurs, then which of those arrangements it is."""
    entries, levels = sum(level_counts), len(level_counts)
    # most of many levels occur equally often, namely never
    repeated = Counter(level_counts).items()
    arrangements = log_factorial(entries) - sum_of([log_factorial(c) * float(k) for c, k in repeated])
    return log_binomial(entries + levels - 1, levels - 1) + arrangements.at_least(0.0)


def levels_length(level_counts: Sequence[int], bits: int) -> Bracket:
    """The shorter of the flat and the enumerative code, with one bit that says which."""
    flat = flat_length(sum(level_counts), bits)
    listed = enumerative_length(level_counts)
    return LOG2 + (flat if flat.upper <= listed.upper else listed)
