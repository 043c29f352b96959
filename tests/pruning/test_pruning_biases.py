"""Biases that masks are chosen in: exact counts, zeros that stay, and what is refused."""

import copy
import itertools
import pickle
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, PRUNERS, QUICK, same_network, sample, session_with_biases

import robustlaw as rl
from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.networks import (
    He,
    Homotopy,
    Mlp,
    Recipe,
    StraightThrough,
    TorchDefault,
    batch,
    initial_stack,
)
from robustlaw.networks.entries import entries_of
from robustlaw.pruning import (
    EdgePopup,
    Grasp,
    Inverted,
    IterativeMagnitude,
    MagnitudeAfterTraining,
    Mask,
    NoisyTopK,
    NtkSap,
    OnSubset,
    PermutedLabels,
    Random,
    RandomLabels,
    Reinitialised,
    Repaired,
    RigL,
    Session,
    Set,
    Shuffled,
    Snip,
    geometric_counts,
    kept_count,
    matched_random,
)
from robustlaw.pruning.controls import Wrapper

WRAPPERS = {
    "Shuffled": Shuffled,
    "Reinitialised": Reinitialised,
    "Inverted": Inverted,
    "Repaired by moves": lambda inner: Repaired(inner, "move"),
    "OnSubset": lambda inner: OnSubset(inner, 0.5),
    "OnSubset hardest": lambda inner: OnSubset(inner, 0.4, "hardest", restarts=1, early=2),
    "OnSubset easiest": lambda inner: OnSubset(inner, 0.4, "easiest", restarts=1, early=2),
    "NoisyTopK": lambda inner: NoisyTopK(inner, 0.01),
    "PermutedLabels": PermutedLabels,
    "RandomLabels": RandomLabels,
}


def included(make):
    return lambda density: replace(make(density), include_biases=True)


BIASED = {
    name: included(make)
    for name, make in PRUNERS.items()
    if not isinstance(made := make(0.5), Wrapper | NoisyTopK) and not made.why_no_biases
}
BIASED |= {
    name: lambda density, wrap=wrap: wrap(Snip(density, include_biases=True))
    for name, wrap in WRAPPERS.items()
}
EVERY = pytest.mark.parametrize("pruner", BIASED.values(), ids=list(BIASED))
OPTIMISERS = [
    {"optimiser": "adam", "weight_decay": 0.1},
    {"optimiser": "adamw", "weight_decay": 0.1},
    {"optimiser": "sgd", "momentum": 0.9, "weight_decay": 0.1},
    {"optimiser": "adam", "batch_size": 4, "gradient_noise": 0.1},
]


def assert_masked(stack, place):
    for value, mask in zip((*stack.weights, *stack.biases), (*stack.masks, *stack.bias_masks), strict=True):
        off = value[place][~mask[place]]
        assert not off.any()
        assert not torch.signbit(off).any()


@EVERY
@settings(max_examples=6)
@given(
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=3),
    density=st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.7, 1.0]),
    n=st.integers(1, 18),
    how=st.sampled_from(OPTIMISERS),
    part=st.booleans(),
    zeros=st.booleans(),
)
def test_exactly_the_asked_count_and_positive_zeros_elsewhere(pruner, widths, density, n, how, part, zeros):
    """Zero-initialised biases are many ties."""
    arch = Mlp((*widths, 1))
    shapes = arch.shapes[:1] if part else arch.shapes
    total = sum(out * (into + 1) for out, into in shapes)
    recipe = Recipe(
        steps=5, learning_rate=0.02, stop_at=None, initialisation=He() if zeros else TorchDefault(), **how
    )
    if round(density * total) == 0:
        return
    chosen = pruner(density)
    maskable = frozenset({"W1"}) if part else None
    stack = rl.train(arch, sample(n=n, dim=widths[0]), chosen, ["a", 5], recipe, maskable=maskable)
    assert stack.maskable == {f"{kind}{i + 1}" for i in range(len(shapes)) for kind in "Wb"}
    for place in range(2):
        kept = [(w[place], b[place]) for w, b in zip(stack.masks, stack.bias_masks, strict=True)]
        counted = sum(int(w.sum()) + int(b.sum()) for w, b in kept[: len(shapes)])
        assert counted == kept_count(density, total) == stack.facts[place]["kept"]
        assert all(w.all() and b.all() for w, b in kept[len(shapes) :])
        assert_masked(stack, place)
        assert Mask.of(stack[place]).nnz == stack[place].kept


@EVERY
@pytest.mark.parametrize("count", [1, 5, 17, 33, 64, 65])
def test_counts_declared_fixed_are_those_of_every_mask(pruner, count):
    session, chosen = session_with_biases(ARCH, count), pruner(count / 65)
    assert session.maskable_total == ARCH.parameter_count == 65
    masks, fixed = chosen.choose(session), chosen.fixed_counts(session.shapes, count)
    assert [tuple(m.shape) for m in masks] == [(3, 8, 7), (3, 1, 9)]
    counts = [tuple(int(m[net].sum()) for m in masks) for net in range(3)]
    assert all(sum(c) == count for c in counts)
    assert fixed is None or counts == [fixed] * 3


@EVERY
def test_a_network_does_not_depend_on_its_companions(pruner):
    seeds = [3, "b", 8]
    many = rl.train(ARCH, sample(), pruner(0.4), seeds, QUICK)
    for place, seed in enumerate(seeds):
        alone = rl.train(ARCH, sample(), pruner(0.4), [seed], QUICK)
        assert same_network(alone, 0, many, place)
        assert all(
            torch.equal(a[0], b[place]) for a, b in zip(alone.bias_masks, many.bias_masks, strict=True)
        )


@pytest.mark.parametrize("steps", range(1, 8))
@pytest.mark.parametrize("how", OPTIMISERS, ids=lambda how: how["optimiser"])
def test_masked_biases_are_zero_after_every_step(steps, how):
    recipe = Recipe(steps=steps, stop_at=None, initialisation=TorchDefault(), learning_rate=0.1, **how)
    moving = [RigL(0.3, every=2, include_biases=True)] if steps > 3 else []
    for pruner in (Snip(0.3, include_biases=True), *moving):
        stack = rl.train(ARCH, sample(), pruner, [0, 1], recipe)
        assert not all(bool(m.all()) for m in stack.bias_masks)
        for place in range(2):
            assert_masked(stack, place)


@pytest.mark.parametrize(
    "extra",
    [
        {"homotopy": Homotopy(trials=20)},
        {"straight_through": StraightThrough(bits=2)},
        {"straight_through": StraightThrough(bits=1, start="zero")},
        {"homotopy": Homotopy(trials=5), "frozen": frozenset({"b2"})},
        {"radius": 2.0},
    ],
    ids=["homotopy", "rounding changes", "rounding", "homotopy, frozen", "ball"],
)
def test_other_trainers_leave_masked_biases_at_zero(extra):
    recipe = Recipe(steps=6, initialisation=TorchDefault(), **extra)
    dense = rl.train(ARCH, sample(), None, [0, 1], recipe)
    stack = rl.train(ARCH, sample(), Random(0.5, include_biases=True), [0, 1], recipe)
    assert dense.bias_masks is None
    for place in range(2):
        assert_masked(stack, place)
        moved = stack.biases[0][place] != stack.initial["b1"][place]
        assert bool(moved[stack.bias_masks[0][place]].any())
    if "frozen" in extra:
        assert stack.maskable == {"W1", "W2", "b1"}
        assert torch.equal(stack.biases[1], stack.initial["b2"])
        assert stack.frozen == {"b2"}


# what these draw depends on the number of inputs, or on which column is an edge
OF_INPUTS = ("Reinitialised", "Repaired by moves", "OnSubset hardest", "OnSubset easiest")
ONE_LAYER = {name: make for name, make in BIASED.items() if name not in OF_INPUTS}


@pytest.mark.parametrize("pruner", ONE_LAYER.values(), ids=list(ONE_LAYER))
@pytest.mark.parametrize("count", [4, 13, 22])
def test_a_maskable_bias_is_the_weight_of_a_constant_input(pruner, count):
    """An oracle without biases: one more input that is always 1. Moments and regrowth are the same too."""
    recipe = Recipe(steps=24, stop_at=None, initialisation=TorchDefault(), weight_decay=0.01)
    data, keys, chosen = sample(), (0, 1, "a"), pruner(count / 28)
    narrow = initial_stack(Mlp((6, 4, 1)), list(keys), TorchDefault(), dtype=torch.float64)
    wide = initial_stack(Mlp((7, 4, 1)), list(keys), TorchDefault(), dtype=torch.float64)
    (w, v), (b, c) = narrow.weights, narrow.biases
    wide = replace(wide, weights=(entries_of(w, b), v), biases=(torch.zeros_like(b), c)).starting_here()
    with_constant = np.column_stack([data.x, np.ones(data.n)])
    sessions = [
        Session(start, batch([x], [data.y], dtype=torch.float64), plan, keys, (count,) * 3, ("W1",), biases)
        for start, x, plan, biases in (
            (narrow, data.x, recipe, ("b1",)),
            (wide, with_constant, replace(recipe, frozen=frozenset({"b1"})), ()),
        )
    ]
    mine, theirs = (chosen.run(session) for session in sessions)
    assert torch.equal(mine.entry_masks[0], theirs.masks[0])
    assert torch.allclose(entries_of(mine.weights[0], mine.biases[0]), theirs.weights[0], atol=1e-9)
    assert torch.allclose(mine.biases[1], theirs.biases[1], atol=1e-9)
    assert all(torch.equal(a, b) for a, b in zip(chosen.choose(sessions[0]), (mine.entry_masks), strict=True))


def test_rewinding_goes_back_to_the_initial_biases_and_no_further():
    recipe = Recipe(steps=6, stop_at=None, initialisation=TorchDefault())
    session = session_with_biases(ARCH, 20, recipe=recipe)
    ticket = IterativeMagnitude(0.3, rate=0.5, include_biases=True)._ticket(session)
    assert not all(bool(m.all()) for m in ticket.bias_masks)
    for b, mask, first in zip(ticket.biases, ticket.bias_masks, session.start.biases, strict=True):
        assert torch.equal(b, torch.where(mask, first, 0.0))
        assert not torch.signbit(b[~mask]).any()


@settings(max_examples=15)
@given(st.integers(0, 1000), st.sampled_from(["global", "layerwise"]), st.sampled_from([0.2, 0.5]))
def test_iterative_magnitude_is_nested(seed, scope, rate):
    pruner = IterativeMagnitude(0.1, rate=rate, scope=scope, include_biases=True)
    session = session_with_biases(Mlp((4, 5, 1)), 4, keys=(seed, "x"), recipe=Recipe(steps=6, stop_at=None))
    counts = pruner.schedule(session.maskable_total, 4)
    levels = pruner.choose_at(session, counts)
    for count, masks in zip(counts, levels, strict=True):
        assert all(sum(int(m[net].sum()) for m in masks) == count for net in range(2))
    for wide, narrow in itertools.pairwise(levels):
        assert all(not (n & ~w).any() for w, n in zip(wide, narrow, strict=True))
    at_once = pruner.choose(session)
    assert all(torch.equal(a, b) for a, b in zip(at_once, levels[-1], strict=True))


def test_the_published_network_has_1322_maskable_entries():
    """The kept counts read off Figure 1a of No Free Prune (arXiv 2402.01089), reached by training."""
    arch = Mlp((10, 30, 30, 2))
    session = session_with_biases(arch, 1)
    assert session.maskable_total == 1260 + 62
    rounds = IterativeMagnitude(0.5).schedule(session.maskable_total, 8)
    assert rounds[-13:] == [140, 112, 89, 71, 56, 44, 35, 28, 22, 17, 13, 10, 8]
    one_shot = geometric_counts(session.maskable_total, 0.8, 22, "floor")
    assert {141, 113, 90, 72} <= set(one_shot)
    assert {142, 114, 10} <= set(geometric_counts(session.maskable_total, 0.8, 22, "ceil"))
    recipe = Recipe(steps=2, loss="cross_entropy", stop_at=None)
    data = sample(dim=10)
    for pruner, count in (
        (IterativeMagnitude(0.5, include_biases=True), 140),
        (Snip(0.5, include_biases=True), 141),
        (Grasp(0.5, include_biases=True), 90),
        (Random(0.5, include_biases=True), 142),
    ):
        net = rl.train(arch, data, replace(pruner, density=count / 1322), [0], recipe)[0]
        assert net.kept == count == net.origin.facts["kept"]
        assert net.density == count / 1322
        assert net.maskable_count == 1322


@pytest.mark.parametrize("kind", [Set, RigL])
def test_exchanges_reach_biases_and_keep_the_counts_of_layers(kind):
    recipe = Recipe(steps=40, stop_at=None, initialisation=TorchDefault())
    pruner = kind(0.4, every=2, fraction=0.5, include_biases=True)
    session = session_with_biases(ARCH, 26, keys=tuple(range(6)), recipe=recipe)
    fixed, masks = pruner.fixed_counts(session.shapes, 26), pruner.choose(session)
    early = replace(pruner, every=29).choose(session)
    assert all(tuple(int(m[net].sum()) for m in masks) == fixed for net in range(6))
    assert any(bool((a[:, :, -1] != b[:, :, -1]).any()) for a, b in zip(masks, early, strict=True))


@pytest.mark.parametrize("how", ["add", "move"])
def test_repair_leaves_biases_alone(how):
    session = session_with_biases(Mlp((4, 6, 5, 1)), 25, keys=tuple(range(10)))
    inner = Random(0.4, include_biases=True)
    before, after = inner.choose(session), Repaired(inner, how).choose(session)
    assert any(not torch.equal(a, b) for a, b in zip(before, after, strict=True))
    assert all(torch.equal(a[:, :, -1], b[:, :, -1]) for a, b in zip(before, after, strict=True))
    for a, b in zip(before, after, strict=True):
        assert torch.equal(a.sum((1, 2)), b.sum((1, 2))) == (how == "move")
        assert how == "move" or bool((b | ~a).all())


def test_masks_found_are_not_changed_by_repairing_them():
    """A pruner may hand out masks that it goes on using."""
    session = session_with_biases(ARCH, 20)
    found = Random(0.3, include_biases=True).choose(session)
    before = [m.clone() for m in found]

    class Stored(Random):
        def choose(self, session):
            return found

    again = Repaired(Stored(0.3, include_biases=True), "add").choose(session)
    assert any(not torch.equal(a, b) for a, b in zip(again, before, strict=True))
    assert all(torch.equal(a, b) for a, b in zip(found, before, strict=True))


def test_wrappers_take_over_what_is_maskable():
    inner = Snip(0.5, include_biases=True)
    for wrap in (*WRAPPERS.values(), matched_random):
        assert wrap(inner).include_biases
        assert not wrap(Snip(0.5)).include_biases
    again = pickle.loads(pickle.dumps(Shuffled(inner)))
    assert again == Shuffled(inner) == copy.deepcopy(again)
    assert again != Shuffled(Snip(0.5))


def test_by_default_no_bias_is_masked():
    """A bug of public pruning code: biases pruned unasked."""
    for make in PRUNERS.values():
        assert not make(0.5).include_biases
    stack = rl.train(ARCH, sample(), Snip(0.1), [0], Recipe(steps=3, initialisation=TorchDefault()))
    assert stack.bias_masks is None
    assert stack[0].bias_masks is None
    assert stack.maskable == {"W1", "W2"}
    assert all(bool(b.all()) for b in stack.biases)
    assert stack[0].kept == kept_count(0.1, 56)


def test_frozen_biases_are_not_masked_and_what_is_impossible_is_refused():
    pruner = Snip(0.3, include_biases=True)
    for frozen, total in (({"b1"}, 57), ({"b2"}, 64), ({"W1"}, 9)):
        recipe = Recipe(steps=3, initialisation=TorchDefault(), frozen=frozenset(frozen))
        stack = rl.train(ARCH, sample(), pruner, [0, 1], recipe)
        assert stack.facts[0]["kept"] == kept_count(0.3, total)
        for name in frozen:
            assert torch.equal(stack.tensors[name], stack.initial[name])
        masks = {f"b{i + 1}": m for i, m in enumerate(stack.bias_masks)}
        assert all(bool(m.all()) for name, m in masks.items() if name not in stack.maskable)
        for other in (MagnitudeAfterTraining, RigL, Set):
            made = other(
                0.3, include_biases=True, **({} if other is MagnitudeAfterTraining else {"every": 1})
            )
            assert rl.train(ARCH, sample(), made, [0], recipe).facts[0]["kept"] == kept_count(0.3, total)
    with pytest.raises(InvalidArgument, match="no bias of W1, W2 is trained"):
        rl.train(ARCH, sample(), pruner, [0], Recipe(steps=1, frozen=frozenset({"b1", "b2"})))
    with pytest.raises(MissingCapability, match="EdgePopup cannot mask biases"):
        EdgePopup(0.5, include_biases=True)
    with pytest.raises(MissingCapability, match="NtkSap cannot mask biases"):
        NtkSap(0.5, include_biases=True)
