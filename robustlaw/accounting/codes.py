"""Lengths, in nats, of prefix codes: each is a Bracket whose upper end may be charged.

A length function l is a prefix code's (up to rounding to whole bits, which nothing here
needs) exactly when its Kraft sum, the sum of exp(-l) over all messages, is at most 1.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import lru_cache

from ..errors import InvalidArgument
from ..evidence import NATS, Bracket
from ..networks.grid import check_bits

LOG2 = Bracket.exact(2.0).log()
_EXACT_FACTORIALS = 64


@lru_cache(maxsize=4096)
def log_factorial(n: int) -> Bracket:
    """log n!, enclosed. Beyond small n by Stirling's series, whose partial sums alternate around it."""
    if n < 0:
        raise InvalidArgument("n", n, "a factorial needs n >= 0")
    if n < _EXACT_FACTORIALS:
        return _log_of_integer(math.factorial(n))
    x = Bracket.exact(float(n))
    tau = (Bracket(math.pi, math.nextafter(math.pi, 4.0)) * 2.0 * x).log() * 0.5
    main = x.log() * float(n) - Bracket.exact(float(n), unit=NATS) + tau
    first = _nats(Bracket.exact(1.0) / (x * 12.0))
    second = _nats(Bracket.exact(1.0) / (x * x * x * 360.0))
    low, high = main + first - second, main + first
    return Bracket(low.lower, high.upper, "Stirling's alternating series", NATS)


def log_binomial(n: int, k: int) -> Bracket:
    """log C(n, k), enclosed."""
    if not 0 <= k <= n:
        raise InvalidArgument("k", k, f"choose between 0 and {n}")
    if k in (0, n):
        return Bracket.exact(0.0, unit=NATS)
    if n <= 5000:
        return _log_of_integer(math.comb(n, k))
    return (log_factorial(n) - log_factorial(k) - log_factorial(n - k)).at_least(0.0)


def uniform_length(choices: int) -> Bracket:
    """log of the number of equally long messages."""
    if choices < 1:
        raise InvalidArgument("choices", choices, "give at least one message")
    return _log_of_integer(choices)


def integer_length(value: int) -> Bracket:
    """A code for all integers: probability (2/3)/((|j|+1)(|j|+2)), which sums to exactly 1."""
    size = abs(int(value))
    return _log_of_integer(3 * (size + 1) * (size + 2)) - LOG2


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


def sum_of(lengths: Sequence[Bracket]) -> Bracket:
    """The length of several messages one after another."""
    return sum(lengths, start=Bracket.exact(0.0, unit=NATS))


def _log_of_integer(value: int) -> Bracket:
    if value == 1:
        return Bracket.exact(0.0, unit=NATS)
    # math.log of an int is log of its leading 53 bits plus a multiple of log 2: three roundings.
    log = math.log(value)
    slack = 4.0 * math.ulp(log)
    return Bracket(log - slack, log + slack, "logarithm of an integer", NATS)


def _nats(value: Bracket) -> Bracket:
    return Bracket(value.lower, value.upper, value.method, NATS)
