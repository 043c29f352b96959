"""Awkward tiny networks in number; ROBUSTLAW_STRESS=10000 runs as many (some minutes)."""

import os

from hypothesis import given, settings
from lipschitz_stress import complaints, efforts

from robustlaw.testing.networks import tiny_networks

COUNT = int(os.environ.get("ROBUSTLAW_STRESS", "300"))


@given(tiny_networks(), efforts)
@settings(max_examples=COUNT)
def test_brackets_contain_the_truth_and_only_true_claims_are_believed(recipe, effort):
    assert complaints(recipe, effort) == []


@given(tiny_networks())
def test_recipes_make_the_same_network_again(recipe):
    first, second = recipe.network(), recipe.network()
    assert first.arch.widths == recipe.widths
    assert all((a == b).all() for a, b in zip(first.weights, second.weights, strict=True))
