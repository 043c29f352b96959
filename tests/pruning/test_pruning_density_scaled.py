"""Initial weights scaled up for sparse layers: the right size, drawn without the data, on record."""

import math

import numpy as np
import pytest
import torch
from pruning_runs import ARCH, QUICK, relabelled, sample

import robustlaw as rl
from robustlaw.errors import InfeasibleDensity, InvalidArgument, ShapeMismatch
from robustlaw.information.pruner_channels import MaskMaker
from robustlaw.networks import DensityScaled, He, Mlp, Recipe, SignedConstant, TorchDefault, initial_stack
from robustlaw.pruning import (
    ErdosRenyi,
    MagnitudeAtInit,
    Random,
    Reinitialised,
    RigL,
    Snip,
    density_scaled,
)

SOURCES = (He(), TorchDefault(), SignedConstant(0.6))


@pytest.mark.parametrize("source", SOURCES)
def test_weights_are_those_of_the_source_over_the_root_of_the_density(source):
    scaled = initial_stack(ARCH, [3, "a"], DensityScaled((0.25, 1.0), source))
    plain = initial_stack(ARCH, [3, "a"], source)
    assert torch.equal(scaled.weights[0], 2.0 * plain.weights[0])  # a power of two: exact in float32
    assert torch.equal(scaled.weights[1], plain.weights[1])
    assert all(map(torch.equal, scaled.biases, plain.biases))


def test_the_kept_inputs_of_a_unit_have_the_variance_of_a_dense_layer():
    """Fan-in 400: the squares of the kept weights into a unit add up to 2, as He's do in a dense layer."""
    arch, pruner = Mlp((400, 300, 1)), ErdosRenyi(0.1)
    recipe = density_scaled(Recipe(steps=1), arch, pruner)
    stack = rl.train(arch, sample(dim=400), pruner, range(2), recipe)
    first = stack.initial["W1"].masked_fill(~stack.masks[0], 0.0)
    squares = first.square().sum(2).double()
    # a mean over all kept weights: the square of one has the relative deviation sqrt 2
    kept = int(stack.masks[0].sum())
    assert float(squares.mean()) == pytest.approx(2.0, rel=6.0 * math.sqrt(2.0 / kept))
    unscaled = rl.train(arch, sample(dim=400), pruner, range(2), Recipe(steps=1))
    assert all(map(torch.equal, stack.masks, unscaled.masks))
    assert not torch.equal(stack.initial["W1"], unscaled.initial["W1"])


def test_densities_are_those_of_the_masks_and_on_record():
    pruner = ErdosRenyi(0.3)
    recipe = density_scaled(QUICK, ARCH, pruner)
    kept = pruner.fixed_counts(ARCH.shapes, 17)
    assert recipe.initialisation == DensityScaled((kept[0] / 48, kept[1] / 8))
    assert density_scaled(recipe, ARCH, pruner) == recipe  # once, not twice
    data = sample()
    stack = rl.train(ARCH, data, pruner, range(3), recipe)
    other = rl.train(ARCH, relabelled(data), pruner, range(3), recipe)
    assert all(torch.equal(stack.initial[name], other.initial[name]) for name in stack.initial)
    for net in stack:
        assert net.origin.facts["initialisation"] == str(recipe.initialisation)
        assert "DensityScaled" in net.origin.facts["initialisation"]
    assert rl.train(ARCH, data, None, [0], QUICK).facts[0]["initialisation"] == "He()"
    part = density_scaled(QUICK, ARCH, Random(0.5, scope="layerwise"), frozenset({"W1"}))
    assert part.initialisation == DensityScaled((0.5, 1.0))


def test_fresh_weights_and_channels_are_scaled_too():
    pruner = Reinitialised(RigL(0.25, every=2))
    recipe = density_scaled(QUICK, ARCH, pruner)
    again = rl.train(ARCH, sample(), pruner, [3], recipe).initial["W1"]
    plain = rl.train(ARCH, sample(), pruner, [3], QUICK).initial["W1"]
    scale = 1.0 / math.sqrt(recipe.initialisation.layer_densities[0])
    assert np.allclose(again.numpy(), scale * plain.numpy(), rtol=1e-6)
    starts = [MaskMaker(ARCH, MagnitudeAtInit(0.5), r).start([0]).weights[0] for r in (recipe, QUICK)]
    assert np.allclose(starts[0].numpy(), scale * starts[1].numpy(), rtol=1e-6)


def test_what_would_tell_the_data_or_nothing_is_refused():
    with pytest.raises(InvalidArgument, match="Snip"):
        density_scaled(QUICK, ARCH, Snip(0.5))
    assert density_scaled(QUICK, ARCH, Snip(0.5, scope="layerwise")).initialisation != He()
    with pytest.raises(InfeasibleDensity, match="W2 would keep nothing"):
        density_scaled(QUICK, ARCH, Random(0.02, scope="layerwise"))
    for shares in ((0.0, 1.0), (1.5, 1.0), (float("nan"), 1.0)):
        with pytest.raises(InvalidArgument, match="layer_densities"):
            DensityScaled(shares)
    with pytest.raises(ShapeMismatch, match="layer_densities"):
        initial_stack(ARCH, [0], DensityScaled((0.5,)))


def test_a_scale_for_other_masks_is_refused():
    recipe = density_scaled(QUICK, ARCH, ErdosRenyi(0.3))
    with pytest.raises(InvalidArgument, match=r"layer_densities.*W1 keeps"):
        rl.train(ARCH, sample(), ErdosRenyi(0.6), [0], recipe)
    with pytest.raises(InvalidArgument, match="layer_densities"):
        rl.train(ARCH, sample(), ErdosRenyi(0.3), [0, 1], recipe, densities=[0.3, 0.5])
    # a stated density need not be that of a whole number of entries
    stated = Recipe(steps=3, initialisation=DensityScaled((0.3, 0.3)))
    assert len(rl.train(ARCH, sample(), Random(0.3, scope="layerwise"), [0], stated)) == 1
    # where the data decide the counts, numbers that do not know them are as good as others
    assert len(rl.train(ARCH, sample(), Snip(0.3), [0], stated)) == 1
