"""Every length function is a prefix code's: its Kraft sum over all messages is at most 1."""

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction

import mpmath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.errors import InvalidArgument
from robustlaw.evidence import NATS, Bracket

mpmath.mp.dps = 50


def kraft(lengths: Iterable[Bracket]) -> mpmath.mpf:
    """Sum of exp(-length) for the lengths that are charged.

    True lengths are at most the bracket's width below the charge, so the sum over the lower ends
    may exceed that of the true lengths by the factor exp(width) and no more: that is checked too.
    """
    found = list(lengths)
    widest = max(b.width for b in found)
    assert widest < 1e-9
    strict = mpmath.fsum(mpmath.exp(-mpmath.mpf(b.lower)) for b in found)
    assert strict <= mpmath.exp(mpmath.mpf(widest))
    return mpmath.fsum(mpmath.exp(-mpmath.mpf(b.upper)) for b in found)


def complete(total: mpmath.mpf) -> bool:
    """At most 1, and no shorter code could be charged: rounding alone keeps it from 1."""
    return 1 - mpmath.mpf(10) ** -9 <= total <= 1


def log_of(x) -> mpmath.mpf:
    return mpmath.log(mpmath.mpf(x))


@given(st.integers(-(10**400), 10**400))
def test_integer_length_is_the_log_of_a_rational_probability(value):
    size = abs(value)
    truth = log_of(3 * (size + 1) * (size + 2)) - log_of(2)
    assert acc.integer_length(value).lower <= truth <= acc.integer_length(value).upper


@pytest.mark.parametrize("reach", [0, 1, 7, 500])
def test_integer_code_is_complete(reach):
    """Up to `reach` by enumeration; beyond, the sum telescopes: (4/3)/(reach + 2)."""
    inside = kraft(acc.integer_length(j) for j in range(-reach, reach + 1))
    probability = sum(Fraction(2, 3 * (abs(j) + 1) * (abs(j) + 2)) for j in range(-reach, reach + 1))
    assert probability + Fraction(4, 3 * (reach + 2)) == 1
    assert complete(inside + mpmath.mpf(4) / (3 * (reach + 2)))


@pytest.mark.parametrize("total", [1, 2, 5, 10])
def test_mask_code_is_complete(total):
    masks = itertools.product((0, 1), repeat=total)
    assert complete(kraft(acc.mask_length(total, sum(m)) for m in masks))


@pytest.mark.parametrize("totals", [(1,), (3, 2), (2, 1, 4), (3, 3, 3)])
def test_binned_mask_code_is_complete(totals):
    places = [0, *itertools.accumulate(totals)]
    masks = itertools.product((0, 1), repeat=sum(totals))
    kept = ([sum(m[a:b]) for a, b in itertools.pairwise(places)] for m in masks)
    assert complete(kraft(acc.binned_mask_length(totals, k) for k in kept))


def arrangements(entries: int, levels: int) -> Iterable[list[int]]:
    """Level counts of every assignment of levels to entries."""
    for message in itertools.product(range(levels), repeat=entries):
        yield [message.count(i) for i in range(levels)]


@pytest.mark.parametrize(("entries", "levels"), [(1, 2), (6, 2), (4, 4), (2, 8), (3, 8), (5, 3)])
def test_enumerative_code_is_complete(entries, levels):
    assert complete(kraft(acc.enumerative_length(c) for c in arrangements(entries, levels)))


@pytest.mark.parametrize(("entries", "bits"), [(1, 1), (7, 1), (4, 2), (3, 2), (2, 3), (1, 6)])
def test_flat_code_and_the_shorter_of_two(entries, bits):
    counts = list(arrangements(entries, 2**bits))
    assert complete(kraft(acc.flat_length(entries, bits) for _ in counts))
    assert kraft(acc.levels_length(c, bits) for c in counts) <= 1
    for c in counts:
        shorter = min(acc.flat_length(entries, bits).upper, acc.enumerative_length(c).upper)
        assert acc.levels_length(c, bits).upper == pytest.approx(math.log(2.0) + shorter, rel=1e-12)


@pytest.mark.parametrize("choices", [1, 2, 3, 64, 10**30])
def test_uniform_code(choices):
    length = acc.uniform_length(choices)
    assert length.lower <= log_of(choices) <= length.upper
    assert length.unit == NATS


@given(st.lists(st.integers(0, 300), min_size=1, max_size=6))
def test_enumerative_length_is_the_log_of_an_integer(counts):
    entries, levels = sum(counts), len(counts)
    messages = math.factorial(entries)
    for c in counts:
        messages //= math.factorial(c)
    truth = log_of(messages * math.comb(entries + levels - 1, levels - 1))
    b = acc.enumerative_length(counts)
    assert b.lower <= truth <= b.upper


@pytest.mark.parametrize(
    "call",
    [
        lambda: acc.uniform_length(0),
        lambda: acc.flat_length(3, 0),
        lambda: acc.flat_length(3, 17),
    ],
)
def test_impossible_messages_are_refused(call):
    with pytest.raises(InvalidArgument):
        call()
