"""What is counted where biases are maskable: kept, effective, and masks as values."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import sample

import robustlaw as rl
from robustlaw.errors import ShapeMismatch
from robustlaw.networks import (
    Mlp,
    Recipe,
)
from robustlaw.pruning import (
    Mask,
    Random,
)


def test_effective_entries_by_hand():
    """Unit 1 is on a path, 2 has a bias and no input, 3 has an input and no output."""
    first = np.array([[1, 0], [0, 0], [0, 1]], dtype=bool)
    second = np.array([[1, 1, 0]], dtype=bool)
    mask = Mask((first, second), (np.array([1, 1, 1], dtype=bool), np.array([1], dtype=bool)))
    assert (mask.nnz, mask.layer_counts, mask.density) == (8, (5, 3), 8 / 13)
    useful = mask.effective()
    assert [b.tolist() for b in useful.biases] == [[True, False, False], [True]]
    assert useful.nnz == 4
    assert [d.tolist() for d in mask.dead_units()] == [[False, True, True]]
    assert mask.collapsed == ()
    assert Mask((first, np.zeros((1, 3), bool)), mask.biases).collapsed == ("W2",)
    assert not any(b.any() for b in Mask((first, np.zeros((1, 3), bool)), mask.biases).effective().biases)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 5), min_size=2, max_size=4), st.floats(0.1, 1.0))
def test_facts_count_as_masks_do(seed, widths, density):
    arch = Mlp(tuple(widths))
    if round(density * arch.parameter_count) == 0:
        return
    recipe = Recipe(steps=1, loss="mse" if widths[-1] == 1 else "cross_entropy")
    if widths[-1] > 2:
        return
    stack = rl.train(arch, sample(dim=widths[0]), Random(density, include_biases=True), [seed, "x"], recipe)
    for net in stack:
        mask = Mask.of(net)
        assert net.origin.facts["kept"] == mask.nnz
        assert net.origin.facts["effective"] == mask.effective().nnz
        assert net.origin.facts["dead_units"] == sum(int(d.sum()) for d in mask.dead_units())
        # what is effective stays so alone, and what is not changes the outputs by constants only
        assert mask.effective().issubset(mask)
        assert mask.effective().effective() == mask.effective()
        x = np.random.default_rng(seed).normal(size=(5, widths[0]))
        useful = mask.effective()
        bare = net.replace([w * m for w, m in zip(net.weights, useful.layers, strict=True)])
        if all(m[:, d].sum() == 0 for m, d in zip(net.masks[1:], mask.dead_units(), strict=True)):
            # units that no input reaches send on nothing at all
            assert np.ptp(net(x) - bare(x), axis=0).max() <= 1e-9


def test_mask_values_with_biases():
    weights = (np.ones((2, 3), bool), np.ones((1, 2), bool))
    some = (np.array([True, False]), np.array([True]))
    mask, plain = Mask(weights, some), Mask(weights)
    assert mask != plain
    assert mask.sha256 != plain.sha256
    assert (mask & mask) == mask
    assert mask.issubset(Mask(weights, (np.ones(2, bool), np.ones(1, bool))))
    assert not Mask(weights, (np.ones(2, bool), np.ones(1, bool))).issubset(mask)
    with pytest.raises(ShapeMismatch, match="both have to mask the same tensors"):
        mask.issubset(plain)
    with pytest.raises(ShapeMismatch, match="vector"):
        Mask(weights, (np.ones(3, bool), np.ones(1, bool)))
    with pytest.raises(ValueError, match="read-only"):
        mask.biases[0][0] = False
