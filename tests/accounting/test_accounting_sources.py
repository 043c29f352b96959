"""Masks inside a random source: what they are charged, and a decoder that reads them back."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.accounting.describe import mask_entry
from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.networks import Dependence, Network, Origin

FAMILY = acc.code_family((1, 4), masks=("uniform", "binned", "support"))
SUPPORT = acc.Code(4, "zero", "support")


def network(seed, kept, source, start=None, frozen=False):
    """A linear layer of 12 entries with a mask inside a source of given sizes."""
    rng = np.random.default_rng(seed)
    places = rng.permutation(12)
    initial = np.zeros(12)
    initial[places[:source]] = rng.normal(size=source)
    mask = np.zeros(12, dtype=bool)
    mask[places[:kept]] = True
    w = np.where(mask, initial if frozen else rng.normal(size=12), 0.0).reshape(3, 4)
    origin = Origin(
        Dependence.TRAINING,
        frozenset({"W1", "b1"} if frozen else {"b1"}),
        {"W1": initial.reshape(3, 4), "b1": np.zeros(3)},
        frozenset({"W1"}),
    )
    return Network.from_arrays([(w, np.zeros(3))], "relu", [mask.reshape(3, 4)], origin)


@given(st.integers(0, 400), st.integers(0, 300), st.integers(0, 300))
def test_a_mask_in_a_source_is_charged_for_its_source_alone(kept, more, rest):
    total, source = kept + more + rest, kept + more
    event = acc.MaskInSource(total, source, kept)
    assert event.charge().nats.upper == pytest.approx(math.log(math.comb(source, kept)), rel=1e-12, abs=1e-12)
    assert event.charge().nats.upper <= acc.FixedSizeMask(total, kept).charge().nats.upper
    saved = math.log(math.comb(total, kept)) - math.log(math.comb(source, kept))
    assert event.saved.widen(1e-12).contains(saved)


def test_the_budgets_of_the_figure():
    for source, nats in ((5440, 1764.4), (2720, 1357.1), (1088, 750.4)):
        assert acc.MaskInSource(5440, source, 544).charge().nats.upper == pytest.approx(nats, abs=0.05)


def test_the_masks_in_a_source_are_as_many_as_are_charged_for():
    """Counting: all masks of 3 entries inside a source of 7."""
    messages = set(itertools.combinations(range(7), 3))
    assert math.log(len(messages)) <= acc.MaskInSource(12, 7, 3).charge().nats.upper
    assert math.exp(-acc.MaskInSource(12, 7, 3).charge().nats.upper) * len(messages) <= 1.0


@settings(max_examples=30)
@given(st.integers(0, 10**6), st.integers(1, 12), st.integers(0, 11))
def test_a_decoder_reads_the_mask_back_from_count_and_number(seed, source, more):
    """The receiver sees where initial values are not 0, is told how many are kept, and which subset."""
    kept = more % (source + 1)
    net = network(seed, kept, source)
    room = np.flatnonzero(net.origin.initial["W1"].ravel())
    chosen = tuple(np.searchsorted(room, np.flatnonzero(net.masks[0].ravel())).tolist())
    number = list(itertools.combinations(range(len(room)), kept)).index(chosen)
    length = mask_entry(net, SUPPORT).nats
    told = math.log(len(room) + 1) + math.log(math.comb(len(room), kept))
    assert length.widen(1e-12).contains(told)
    # decoded
    again = np.zeros(12, dtype=bool)
    again[room[list(list(itertools.combinations(range(len(room)), kept))[number])]] = True
    assert np.array_equal(again, net.masks[0].ravel())
    # Kraft: every count with every subset, one message each
    messages = sum(math.comb(len(room), k) for k in range(len(room) + 1))
    kraft = sum(
        math.comb(len(room), k) * math.exp(-acc.mask_length(len(room), k).upper) for k in range(len(room) + 1)
    )
    assert messages == 2 ** len(room)
    assert kraft <= 1.0


def test_the_code_is_usable_exactly_where_it_can_be_decoded():
    inside = network(0, 3, 7)
    assert "support" in {c.mask for c in acc.usable_codes(inside, FAMILY)}
    assert acc.describe(inside, SUPPORT, FAMILY).total("mask").upper < (
        acc.describe(inside, acc.Code(4), FAMILY).total("mask").upper
    )
    outside = dict(inside.origin.initial)
    outside["W1"] = np.where(inside.masks[0], 0.0, outside["W1"])
    origin = Origin(Dependence.TRAINING, initial=outside, maskable=frozenset({"W1"}))
    astray = Network(inside.arch, inside.weights, inside.biases, inside.masks, origin)
    assert "support" not in {c.mask for c in acc.usable_codes(astray, FAMILY)}
    with pytest.raises(InvalidArgument, match="initial value is 0"):
        acc.describe(astray, SUPPORT, FAMILY)
    unknown = Network.from_arrays(list(inside.layers), "relu", inside.masks)
    assert "support" not in {c.mask for c in acc.usable_codes(unknown, FAMILY)}
    with pytest.raises(MissingCapability, match="initial value of W1"):
        acc.describe(unknown, SUPPORT, FAMILY)


def test_frozen_weights_leave_the_mask_alone():
    ledger = acc.describe(network(1, 4, 9, frozen=True), SUPPORT, FAMILY)
    assert ledger.total("weights").upper == 0.0
    assert ledger.total("mask").upper == pytest.approx(acc.mask_length(9, 4).upper, rel=1e-12)


def test_default_codes_are_what_they_were():
    assert {c.mask for c in acc.DEFAULT_CODES} == {"uniform", "binned"}
    assert len(acc.DEFAULT_CODES) == 64


@pytest.mark.parametrize("sizes", [(5, 6, 2), (5, 3, 4), (5, 3, -1)])
def test_impossible_sizes_are_refused(sizes):
    with pytest.raises(InvalidArgument):
        acc.MaskInSource(*sizes)
