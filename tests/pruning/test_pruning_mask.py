"""Masks as values: counts, effective entries by paths, fingerprints."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import ShapeMismatch
from robustlaw.networks import Network
from robustlaw.pruning import Mask


def random_mask(widths, density, seed):
    rng = np.random.default_rng(seed)
    return Mask(tuple(rng.random((b, a)) < density for a, b in itertools.pairwise(widths)))


def on_a_path(mask):
    """Entries on some path from an input to an output, by listing every path."""
    used = [np.zeros(m.shape, dtype=bool) for m in mask.layers]
    widths = [mask.layers[0].shape[1], *(m.shape[0] for m in mask.layers)]
    for path in itertools.product(*(range(w) for w in widths)):
        if all(m[path[i + 1], path[i]] for i, m in enumerate(mask.layers)):
            for i, m in enumerate(used):
                m[path[i + 1], path[i]] = True
    return used


WIDTHS = st.lists(st.integers(1, 4), min_size=2, max_size=5)


@given(WIDTHS, st.floats(0, 1), st.integers(0, 10**6))
def test_effective_entries_are_those_on_a_path(widths, density, seed):
    mask = random_mask(widths, density, seed)
    effective = mask.effective()
    assert all(np.array_equal(a, b) for a, b in zip(effective.layers, on_a_path(mask), strict=True))
    assert effective.issubset(mask)
    assert effective.effective() == effective


@given(WIDTHS, st.floats(0, 1), st.integers(0, 10**6))
def test_what_is_not_effective_does_not_matter_without_biases(widths, density, seed):
    mask = random_mask(widths, density, seed)
    rng = np.random.default_rng(seed)
    full = [rng.normal(size=m.shape) for m in mask.layers]
    x = rng.normal(size=(4, widths[0]))
    outputs = [
        Network.from_arrays([(w * m, np.zeros(len(w))) for w, m in zip(full, some.layers, strict=True)])(x)
        for some in (mask, mask.effective())
    ]
    assert np.allclose(*outputs, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize(("density", "share"), [(0.3, 0.323), (0.15, 0.177), (0.1, 0.128), (0.05, 0.074)])
def test_expected_effective_share_of_two_random_layers(density, share):
    d, h = 30, 100_000
    formula = (density * d + 1.0 - (1.0 - density) ** d) / (d + 1.0)
    assert formula == pytest.approx(share, abs=6e-4)
    mask = random_mask([d, h, 1], density, 0)
    survivors, effective = density * (d + 1) * h, mask.effective().nnz
    # units are independent, each contributing B (X + 1{X > 0}) with B and X binomial: its second moment
    # is at most density ((density d)^2 + 3 density d + 1)
    spread = math.sqrt(h * density * ((density * d) ** 2 + 3.0 * density * d + 1.0))
    assert abs(effective - formula * survivors) <= 6.0 * spread
    assert 6.0 * spread <= 0.15 * formula * survivors  # so the test can tell


def test_counts():
    mask = Mask((np.array([[1, 0, 1], [0, 0, 0]]), np.array([[0, 1]])))
    assert mask.layer_counts == (2, 1)
    assert mask.nnz == 3
    assert mask.density == 3 / 8
    assert mask.effective().nnz == 0
    assert Mask.of(Network.from_arrays([(np.ones((2, 3)), np.zeros(2))])).density == 1.0


def test_packing_and_fingerprint_are_stable():
    mask = Mask((np.array([[1, 0, 1], [0, 1, 0]]), np.array([[1, 1]])))
    assert mask.packed() == bytes([0b10101011])
    assert mask.sha256 == "be1e7c4e1f194b9e3c811d47db24c8364fef30cf1cc991d8111a56ba43c11a98"
    other = Mask((np.array([[1, 0], [1, 0], [1, 0]]), np.array([[1, 1, 0]])))
    assert other.sha256 != mask.sha256


@given(WIDTHS, st.floats(0, 1), st.integers(0, 10**6))
def test_equality_is_equality_of_entries(widths, density, seed):
    one, two = random_mask(widths, density, seed), random_mask(widths, density, seed + 1)
    same = all(np.array_equal(a, b) for a, b in zip(one.layers, two.layers, strict=True))
    assert (one == two) == same
    assert one == Mask(one.layers)
    assert hash(one) == hash(Mask(one.layers))
    assert one != "mask"


def test_shape_is_part_of_the_fingerprint():
    flat = np.ones(6, dtype=bool)
    assert len({Mask((flat.reshape(s),)).sha256 for s in ((1, 6), (2, 3), (3, 2), (6, 1))}) == 4


@given(WIDTHS, st.integers(0, 10**6))
def test_meet_and_subset(widths, seed):
    one, two = random_mask(widths, 0.6, seed), random_mask(widths, 0.6, seed + 1)
    both = one & two
    assert both.issubset(one)
    assert both.issubset(two)
    assert both == two & one
    assert (one & one) == one
    assert one.issubset(two) == ((one & two) == one)


def test_masks_of_other_shapes_are_not_compared():
    wide, narrow = Mask((np.ones((2, 3)), np.ones((1, 2)))), Mask((np.ones((1, 3)), np.ones((1, 1))))
    for operation in (Mask.issubset, Mask.__and__):
        with pytest.raises(ShapeMismatch, match="other"):
            operation(wide, narrow)
        with pytest.raises(ShapeMismatch, match="other"):
            operation(wide, Mask((np.ones((2, 3)),)))


@pytest.mark.parametrize(
    "layers", [(), (np.ones(3),), (np.ones((0, 3)),), (np.ones((2, 3)), np.ones((1, 3)))], ids=str
)
def test_layers_that_make_no_network(layers):
    with pytest.raises(ShapeMismatch, match="layers"):
        Mask(layers)


def test_a_mask_cannot_be_changed_and_does_not_follow_its_source():
    source = np.ones((2, 2), dtype=bool)
    mask = Mask((source,))
    source[0, 0] = False
    assert mask.nnz == 4
    with pytest.raises(ValueError, match="read-only"):
        mask.layers[0][0, 0] = False
