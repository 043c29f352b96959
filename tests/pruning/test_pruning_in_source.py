"""Tickets by iterative pruning of a random source: inside it, exact, and plain iterative pruning at 1."""

import numpy as np
import pytest
import torch
from pruning_runs import ARCH, sample

import robustlaw as rl
from robustlaw.accounting import Code, code_family, describe, usable_codes
from robustlaw.errors import InfeasibleDensity
from robustlaw.networks import Recipe
from robustlaw.pruning import IterativeInSource, IterativeMagnitude, kept_count

RECIPE = Recipe(steps=15, learning_rate=0.02)


def trained(pruner, seeds=(0, 1)):
    return rl.train(ARCH, sample(), pruner, list(seeds), RECIPE)


@pytest.mark.parametrize("scope", ["global", "layerwise"])
def test_tickets_lie_in_a_source_that_knows_no_data(scope):
    pruner = IterativeInSource(0.2, source=0.5, scope=scope)
    stack = trained(pruner)
    sources = [stack.initial[f"W{i + 1}"] != 0.0 for i in range(ARCH.layers)]
    for mask, source in zip(stack.masks, sources, strict=True):
        assert not (mask & ~source).any()
    for net in range(2):
        kept = sum(int(m[net].sum()) for m in stack.masks)
        room = sum(int(s[net].sum()) for s in sources)
        assert (kept, room) == (kept_count(0.2, ARCH.weight_count), kept_count(0.5, ARCH.weight_count))
    data = sample()
    other = rl.train(ARCH, rl.data.Dataset.from_arrays(data.x[::-1].copy(), -data.y), pruner, [0, 1], RECIPE)
    for name, value in stack.initial.items():
        assert torch.equal(value, other.initial[name])


def test_the_source_makes_the_mask_cheaper_to_tell():
    net = trained(IterativeInSource(0.2, source=0.5))[0]
    family = code_family((6,), masks=("uniform", "support"))
    assert Code(6, "zero", "support") in usable_codes(net, family)
    inside, anywhere = (
        describe(net, Code(6, "zero", m), family).total("mask") for m in ("support", "uniform")
    )
    assert inside.upper < anywhere.lower


def test_a_full_source_is_iterative_pruning():
    one, other = trained(IterativeInSource(0.3)), trained(IterativeMagnitude(0.3))
    for a, b in zip((*one.weights, *one.masks), (*other.weights, *other.masks), strict=True):
        assert torch.equal(a, b)


def test_rounds_start_from_the_source():
    """With a source as small as the ticket no round is left: the ticket is the source."""
    stack = trained(IterativeInSource(0.4, source=0.4))
    for i, mask in enumerate(stack.masks):
        assert torch.equal(mask, stack.initial[f"W{i + 1}"] != 0.0)


def test_networks_do_not_depend_on_their_companions():
    together, alone = (
        trained(IterativeInSource(0.2, source=0.6)),
        trained(IterativeInSource(0.2, source=0.6), [1]),
    )
    assert all(np.array_equal(a, b) for a, b in zip(together[1].weights, alone[0].weights, strict=True))


def test_a_source_has_to_have_room():
    with pytest.raises(InfeasibleDensity, match="source"):
        trained(IterativeInSource(0.5, source=0.2))
    with pytest.raises(InfeasibleDensity, match="density"):
        IterativeInSource(0.5, source=1.5)
