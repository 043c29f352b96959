"""A network's result is the same bits whatever trains beside it, wherever it stands."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import seeds
from robustlaw.networks import (
    LipschitzPenalty,
    Mlp,
    Recipe,
    StraightThrough,
    TorchDefault,
    batch,
    fit,
    initial_stack,
)

RECIPES = {
    "plain": Recipe(steps=40),
    "sgd": Recipe(steps=40, optimiser="sgd", learning_rate=0.1),
    "penalty": Recipe(steps=25, penalty=LipschitzPenalty(0.05), optimiser="adamw", weight_decay=0.1),
    "signs": Recipe(steps=25, straight_through=StraightThrough(1, "zero"), schedule="cosine"),
    "changes": Recipe(steps=25, straight_through=StraightThrough(2, "initial")),
    "stopping": Recipe(steps=80, stop_at=0.5, check_every=10, learning_rate=0.02),
    "logistic": Recipe(steps=25, loss="cross_entropy"),
}


def stack_of(arch, places, recipe, n, per_network=False):
    """Networks named by `places`; masks, weights and (optionally) data depend on the name alone."""
    stack = initial_stack(arch, places, TorchDefault())
    masks = []
    for layer, shape in enumerate(arch.shapes):
        draws = [np.random.default_rng([key, layer]).random(shape) < 0.3 + 0.02 * key for key in places]
        masks.append(torch.as_tensor(np.stack(draws)))
    names = places if per_network else [0]
    rngs = [np.random.default_rng([99, key]) for key in names]
    x, y = [r.normal(size=(n, arch.widths[0])) for r in rngs], [r.choice([-1.0, 1.0], n) for r in rngs]
    return fit(stack.with_masks(masks), batch(x, y), recipe)


def same_bits(one, place, other, there):
    for a, b in zip((*one.weights, *one.biases), (*other.weights, *other.biases), strict=True):
        assert torch.equal(a[place], b[there])
    assert one.facts[place] == other.facts[there]


@pytest.mark.parametrize("recipe", RECIPES.values(), ids=list(RECIPES))
@pytest.mark.parametrize("n", [32, 37])
@pytest.mark.parametrize("per_network", [False, True], ids=["shared", "own data"])
def test_companions_do_not_matter(recipe, n, per_network):
    arch = Mlp((7, 9, 1))
    many = stack_of(arch, list(range(20)), recipe, n, per_network)
    for places in ([3], [19, 3, 0], [*range(17)][::-1]):
        few = stack_of(arch, places, recipe, n, per_network)
        for there, key in enumerate(places):
            same_bits(many, key, few, there)


@settings(max_examples=15)
@given(
    st.lists(st.integers(1, 11), min_size=2, max_size=4),
    st.lists(st.integers(0, 30), min_size=1, max_size=18, unique=True),
    st.integers(1, 40),
    st.sampled_from(["relu", "tanh", "gelu", "softplus"]),
)
def test_any_architecture_in_any_company(widths, places, n, name):
    arch, recipe = Mlp((*widths, 1), name), Recipe(steps=15)
    together = stack_of(arch, places, recipe, n)
    same_bits(together, len(places) - 1, stack_of(arch, places[-1:], recipe, n), 0)


def test_the_same_seed_twice_is_the_same_bits():
    runs = [stack_of(Mlp((7, 9, 1)), [1, 2], RECIPES["plain"], 20) for _ in range(2)]
    same_bits(runs[0], 0, runs[1], 0)
    assert not torch.equal(runs[0].weights[0][0], runs[0].weights[0][1])


def test_global_random_state_is_neither_read_nor_written():
    torch.manual_seed(0)
    state = torch.get_rng_state()
    first = stack_of(Mlp((4, 3, 1)), [1], RECIPES["penalty"], 8)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(1)
    same_bits(first, 0, stack_of(Mlp((4, 3, 1)), [1], RECIPES["penalty"], 8), 0)


SCRIPT = """
from robustlaw.networks import He, Mlp, initial_stack
from robustlaw.seeds import generator
w = initial_stack(Mlp((3, 2, 1)), ["a", 7], He()).weights
print(w[0].double().sum().item().hex(), generator("mask", "a", 1).integers(2**60))
"""


def test_streams_do_not_depend_on_pythons_hash_seed():
    outputs = set()
    for salt in ("0", "1", "4242"):
        root = Path(seeds.__file__).parents[1]
        environment = os.environ | {"PYTHONHASHSEED": salt, "PYTHONPATH": str(root)}
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT], env=environment, capture_output=True, text=True, check=True
        )
        outputs.add(done.stdout)
    assert len(outputs) == 1


def test_streams_are_told_apart_by_role_and_key():
    names = [
        ("mask",),
        ("mask", 0),
        ("mask", 1),
        ("mask", "1"),
        ("mask", 1, 0),
        ("mask", 10),
        ("tie", 1),
        ("tie", "a"),
    ]
    draws = {seeds.generator(*name).integers(2**60) for name in names}
    assert len(draws) == len(names)
    with pytest.raises(KeyError, match="role"):
        seeds.generator("luck", 1)
