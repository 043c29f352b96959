"""What the public strategies promise, and theorems about information stated with them."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import testing
from robustlaw.data import Dataset
from robustlaw.errors import InvalidArgument
from robustlaw.information import mask_information
from robustlaw.lipschitz import bracket

LOG2 = math.log(2.0)


def middle(channel):
    found = mask_information(channel)
    assert found.width < 1e-9
    return found.middle


@given(testing.masks(), testing.masks(bits=9, kept=4), testing.masks(bits=st.integers(3, 5), kept=2))
def test_masks_have_the_asked_size(free, fixed, between):
    assert 1 <= free.size <= 64
    assert (fixed.size, fixed.sum()) == (9, 4)
    assert (between.size in (3, 4, 5), between.sum()) == (True, 2)
    assert free.dtype == fixed.dtype == bool


@given(testing.channels())
@settings(max_examples=60)
def test_information_is_at_most_what_labels_and_masks_hold(channel):
    value = middle(channel)
    assert -1e-12 <= value <= min(channel.source.n * LOG2, math.log(len(channel.masks))) + 1e-12


@given(testing.channels(), st.integers(1, 8))
@settings(max_examples=60)
def test_coarser_masks_know_no_more(channel, cells):
    cells = min(cells, len(channel.masks))
    assert middle(testing.coarsened(channel, cells)) <= middle(channel) + 1e-12


@given(testing.channels(labels=2) | testing.channels(labels=3))
@settings(max_examples=60)
def test_coarser_data_are_known_no_better(channel):
    assert middle(testing.merged_data(channel)) <= middle(channel) + 1e-12


@given(testing.channels(labels=1), testing.channels(labels=2))
@settings(max_examples=60)
def test_independent_blocks_add_up(one, two):
    assert middle(testing.side_by_side(one, two)) == pytest.approx(middle(one) + middle(two), abs=1e-9)


@given(testing.channels(), st.integers(0, 10**6))
@settings(max_examples=40)
def test_the_order_of_masks_and_labels_does_not_matter(channel, seed):
    random = np.random.default_rng(seed)
    rows, columns = random.permutation(len(channel.probabilities)), random.permutation(len(channel.masks))
    bits = random.permutation(channel.n_bits)
    table = channel.probabilities[rows][:, columns]
    other = type(channel)(table, channel.masks[columns][:, bits])
    assert middle(other) == pytest.approx(middle(channel), abs=1e-12)


@given(testing.channels(deterministic=True))
@settings(max_examples=30)
def test_deterministic_channels_tell_the_entropy_of_their_mask(channel):
    assert channel.deterministic
    p = channel.probabilities.mean(axis=0)
    entropy = -sum(x * math.log(x) for x in p if x > 0)
    assert middle(channel) == pytest.approx(entropy, abs=1e-12)


@given(testing.datasets(), testing.problems(dim=5))
@settings(max_examples=40, deadline=None)
def test_data_sets_and_problems_know_their_truth(data, problem):
    assert isinstance(data, Dataset)
    assert np.allclose(data.y, data.g + data.z)
    assert np.abs(data.y).max() <= 1.0
    assert 0.0 < problem.proxy < math.inf
    assert problem.dim == 5


@given(testing.networks(), testing.tiny_networks())
@settings(max_examples=25, deadline=None)
def test_networks_are_small_and_finite(net, recipe):
    assert sum(net.arch.widths[1:-1]) <= 8
    assert all(np.isfinite(w).all() for w in net.weights)
    found = bracket(net, "fast")
    assert 0.0 <= found.lower <= found.upper
    assert recipe.network().arch.widths == recipe.widths


@pytest.mark.parametrize("reference", testing.REFERENCE_NETWORKS, ids=lambda r: r.name)
def test_reference_networks_have_the_constants_they_claim(reference):
    found = bracket(reference.network, "exact")
    assert found.lower <= reference.lipschitz * (1.0 + 1e-12)
    assert reference.lipschitz * (1.0 - 1e-12) <= found.upper
    assert found.width <= 1e-9


def test_wrong_use_is_named():
    channel = testing.side_by_side(*[_blind(1)] * 2)
    with pytest.raises(InvalidArgument, match="cells"):
        testing.coarsened(channel, 0)
    with pytest.raises(InvalidArgument, match="two labels"):
        testing.merged_data(_blind(1))


def _blind(n):
    from robustlaw.information import FiniteChannel

    return FiniteChannel(np.full((2**n, 2), 0.5), np.array([[False], [True]]))
