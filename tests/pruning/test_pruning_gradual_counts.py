"""Layer counts of gradual magnitude pruning that no data decide: declared, met, and charged."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, relabelled, sample

import robustlaw as rl
from robustlaw.errors import InfeasibleDensity
from robustlaw.information import LayerSizes
from robustlaw.information.pruner_channels import MaskMaker
from robustlaw.networks import Mlp, Recipe
from robustlaw.pruning import GradualMagnitude, kept_count

DEEP = Mlp((6, 5, 3, 1))


def counts_of(stack):
    return {tuple(int(m.sum()) for m in net.masks) for net in stack}


@settings(max_examples=40)
@given(
    density=st.sampled_from([0.1, 0.2, 0.37, 0.5, 0.9, 1.0]),
    prunings=st.integers(1, 12),
    steps=st.integers(1, 14),
    span=st.sampled_from([(0.0, 0.0), (0.1, 0.7), (0.3, 0.9), (0.0, 0.99)]),
    returning=st.booleans(),
    floor=st.integers(0, 1),
    stop_at=st.sampled_from([None, 1e9]),
)
def test_every_network_ends_at_the_declared_counts(density, prunings, steps, span, returning, floor, stop_at):
    """Whatever the data, and also where training is so short that several prunings fall on one step."""
    pruner = GradualMagnitude(density, prunings, *span, returning, "layerwise", floor)
    recipe = Recipe(steps=steps, learning_rate=0.05, stop_at=stop_at, check_every=1)
    wanted = pruner.fixed_counts(DEEP.shapes, kept_count(density, 48))
    assert sum(wanted) == kept_count(density, 48)
    data = sample(n=9)
    for known in (data, relabelled(data)):
        assert counts_of(rl.train(DEEP, known, pruner, range(2), recipe)) == {wanted}


@given(
    st.lists(st.integers(1, 60), min_size=1, max_size=5),
    st.floats(0.02, 1.0),
    st.integers(1, 20),
    st.booleans(),
)
def test_declared_counts_are_shares_of_shares(sizes, density, prunings, returning):
    """Each pruning by itself: within one entry of its share of the layer before, and never above it."""
    sizes = np.array(sizes)
    count = max(1, round(density * int(sizes.sum())))
    pruner = GradualMagnitude(0.5, prunings, returning=returning, scope="layerwise")
    left, total = sizes, int(sizes.sum())
    for number, found in enumerate(pruner.layer_schedule(sizes, count), 1):
        kept = math.floor(count + (total - count) * (1.0 - number / prunings) ** 3 + 0.5)
        assert abs(sum(found) - kept) <= (number < prunings)  # a tie of rounding, by floats here
        share = sum(found) / int((sizes if returning else left).sum())
        assert np.abs(np.array(found) - share * (sizes if returning else left)).max() < 1.0
        assert returning or (np.array(found) <= left).all()
        left = np.array(found)
    assert left.sum() == count
    if prunings == 1:
        assert left.tolist() == GradualMagnitude(0.5, 1, scope="layerwise").layer_schedule(sizes, count)[0]


def test_rounds_end_at_counts_of_their_own():
    """The one-shot share of a layer is not what rounds of rounding leave: both cannot be the cap."""
    nested, again = (
        GradualMagnitude(0.1, 10, scope="layerwise", returning=returning) for returning in (False, True)
    )
    differ = [
        k for k in range(1, 49) if nested.fixed_counts(DEEP.shapes, k) != again.fixed_counts(DEEP.shapes, k)
    ]
    assert differ
    k = differ[0]
    stack = rl.train(
        DEEP, sample(), GradualMagnitude(k / 48, 10, scope="layerwise"), range(3), Recipe(steps=40)
    )
    assert counts_of(stack) == {nested.fixed_counts(DEEP.shapes, k)}


def test_the_channel_is_charged_layer_by_layer():
    recipe = Recipe(steps=40)
    maker = MaskMaker(ARCH, GradualMagnitude(0.25, scope="layerwise"), recipe)
    kept = maker.pruner.fixed_counts(ARCH.shapes, 14)
    assert maker.support == LayerSizes((48, 8), kept)
    by_layer = sum(math.log(math.comb(n, k)) for n, k in zip((48, 8), kept, strict=True))
    assert maker.support.log_size.middle == pytest.approx(by_layer, rel=1e-12)
    assert by_layer < math.log(math.comb(56, 14)) - 1.0
    masks = maker.masks(sample().x[None], np.sign(sample().x[None, :, 0]), np.zeros(1, dtype=np.int64))
    maker.support.check(masks)


def test_what_the_data_decide_is_not_declared():
    assert GradualMagnitude(0.5).fixed_counts(ARCH.shapes, 28) is None
    assert GradualMagnitude(0.5, returning=True).fixed_counts(ARCH.shapes, 28) is None
    data, pruner = sample(), GradualMagnitude(0.3)
    assert len(counts_of(rl.train(ARCH, data, pruner, range(8), Recipe(steps=40, learning_rate=0.1)))) > 1
    with pytest.raises(InfeasibleDensity, match="min_per_layer"):
        GradualMagnitude(0.1, scope="layerwise", min_per_layer=3).fixed_counts(DEEP.shapes, 5)
