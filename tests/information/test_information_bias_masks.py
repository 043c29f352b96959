"""Channels of pruners that mask biases: the bits are those of weights and biases, and so are all caps."""

import math

import numpy as np
import pytest

import robustlaw as rl
from robustlaw.errors import InvalidArgument
from robustlaw.information import (
    FixedInputs,
    LayerSizes,
    label_information,
    mask_information,
    noisy_fixed_inputs,
)
from robustlaw.information.enumeration import labelings
from robustlaw.information.supports import AnyMask, fixed_size
from robustlaw.networks import Mlp, Recipe, TorchDefault
from robustlaw.pruning import (
    ErdosRenyi,
    Grasp,
    IterativeMagnitude,
    MagnitudeAfterTraining,
    NoisyTopK,
    Random,
    Repaired,
    RigL,
    Shuffled,
    Snip,
    SynFlow,
)

ARCH = Mlp((3, 4, 1))
RECIPE = Recipe(steps=12, stop_at=None, initialisation=TorchDefault())
PRUNERS = {
    "Random": Random,
    "ErdosRenyi": ErdosRenyi,
    "Snip": Snip,
    "Snip layerwise": lambda density, **more: Snip(density, "layerwise", **more),
    "Grasp": Grasp,
    "SynFlow": lambda density, **more: SynFlow(density, rounds=5, **more),
    "MagnitudeAfterTraining": MagnitudeAfterTraining,
    "IterativeMagnitude": IterativeMagnitude,
    "RigL": lambda density, **more: RigL(density, every=4, **more),
    "Shuffled": lambda density, **more: Shuffled(Snip(density, **more)),
}
EVERY = pytest.mark.parametrize("kind", PRUNERS.values(), ids=list(PRUNERS))


def inputs(n=4, dim=3, seed=0):
    return np.random.default_rng(seed).normal(size=(n, dim))


def bits_of(net):
    """Weights with their biases as last column, layer after layer."""
    pairs = zip(net.masks, net.bias_masks, strict=True)
    return np.concatenate([np.column_stack([m, b]).ravel() for m, b in pairs])


@EVERY
def test_enumeration_is_the_entropy_of_the_masks_of_all_trainings(kind):
    x, n, pruner = inputs(), 4, kind(0.5, include_biases=True)
    counts: dict[bytes, int] = {}
    for y in 2.0 * labelings(n, 0, 2**n) - 1.0:
        net = rl.train(ARCH, rl.data.Dataset.from_arrays(x, y), pruner, [7], RECIPE)[0]
        mask = bits_of(net).tobytes()
        counts[mask] = counts.get(mask, 0) + 1
    p = np.array(list(counts.values())) / 2**n
    found = label_information(ARCH, x, pruner, RECIPE, init=7)[0]
    assert found.kept == 11  # of 21, rounded up
    assert found.distinct == len(counts)
    assert found.information.lower - 1e-12 <= -(p * np.log(p)).sum() <= found.information.upper + 1e-12


@EVERY
def test_masks_of_a_channel_are_those_of_training_and_lie_in_the_support(kind):
    x, pruner = inputs(), kind(0.4, include_biases=True)
    channel = FixedInputs(ARCH, x, pruner, RECIPE, init=5)
    data = channel.sample_data(20, np.random.default_rng(0))
    masks = channel.sample_masks(data, np.arange(20))
    assert channel.n_bits == 21
    channel.support.check(masks)
    outputs = channel.maker.masked_outputs(masks, x[None], np.arange(20))
    for y, mask, values in zip(2.0 * data - 1.0, masks, outputs, strict=True):
        net = rl.train(ARCH, rl.data.Dataset.from_arrays(x, y), pruner, [5], RECIPE)[0]
        assert np.array_equal(mask, bits_of(net))
        start = [(net.origin.initial[f"W{i}"], net.origin.initial[f"b{i}"]) for i in (1, 2)]
        pairs = zip(start, net.masks, net.bias_masks, strict=True)
        bare = rl.Network.from_arrays([(np.where(m, w, 0.0), np.where(k, b, 0.0)) for (w, b), m, k in pairs])
        assert np.allclose(bare(x)[:, 0], values, atol=1e-12)


def test_caps_count_weights_and_biases():
    arch, x = Mlp((10, 30, 30, 2)), inputs(3, 10)
    for pruner, support in (
        (Snip(0.1, include_biases=True), fixed_size(1322, 132)),
        (Snip(0.1), fixed_size(1260, 126)),
        (Snip(0.1, "layerwise", include_biases=True), LayerSizes((330, 930, 62), (33, 93, 6))),
        (Repaired(Snip(0.1, include_biases=True)), AnyMask(1322)),
    ):
        assert FixedInputs(arch, x, pruner, RECIPE).support == support
    some = FixedInputs(arch, x, Snip(0.1, include_biases=True), RECIPE, maskable=frozenset({"W2"})).support
    assert some == fixed_size(930, 93)
    part = Recipe(steps=1, frozen=frozenset({"b1", "b3"}))
    kept = FixedInputs(arch, x, Snip(0.1, "layerwise", include_biases=True), part).support
    assert kept.totals == (300, 930, 60)
    with pytest.raises(InvalidArgument, match="no bias"):
        FixedInputs(arch, x, Snip(0.1, include_biases=True), Recipe(frozen=frozenset({"b1", "b2", "b3"})))


def test_the_exact_information_lies_in_brackets_that_sample_the_channel():
    x, pruner = inputs(), Snip(0.2, include_biases=True)
    exact = label_information(ARCH, x, pruner, RECIPE)[0].information
    channel = FixedInputs(ARCH, x, pruner, RECIPE)
    found = mask_information(channel, "I(m;Y|X,init)", level=0.99, runs=600, seed=0)
    assert found.lower <= exact.upper
    assert exact.lower <= found.upper <= math.log(math.comb(21, 4)) + 1e-9


def test_noisy_scores_of_biases_have_a_density_of_the_same_bits():
    x = inputs()
    pruner = NoisyTopK(Snip(0.3, include_biases=True), 0.05)
    channel = noisy_fixed_inputs(ARCH, x, pruner, RECIPE)
    assert channel.n_bits == 21
    data = channel.sample_data(4, np.random.default_rng(0))
    masks = np.eye(21, dtype=bool)
    single = noisy_fixed_inputs(ARCH, x, NoisyTopK(Snip(1 / 21, include_biases=True), 0.05), RECIPE)
    for row in data:
        chances = np.exp(single.log_prob(masks, np.repeat(row[None], 21, axis=0)))
        assert chances.sum() == pytest.approx(1.0, abs=1e-6)
