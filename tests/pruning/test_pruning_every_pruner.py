"""What holds for every pruner: exact counts, zeros off the mask, provenance, named errors."""

import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, PRUNERS, QUICK, relabelled, same_masks, same_network, sample

import robustlaw as rl
from robustlaw.data import Dataset
from robustlaw.errors import (
    InfeasibleDensity,
    InvalidArgument,
    LabelOutOfRange,
    NonFinite,
    ShapeMismatch,
    UnknownName,
)
from robustlaw.networks import (
    Dependence,
    LipschitzPenalty,
    Mlp,
    Recipe,
    StraightThrough,
    batch,
    initial_stack,
)
from robustlaw.pruning import PRUNERS as PUBLIC
from robustlaw.pruning import EdgePopup, IterativeMagnitude, Mask, Random, Reinitialised, Session, kept_count

EVERY = pytest.mark.parametrize("pruner", PRUNERS.values(), ids=list(PRUNERS))


@EVERY
@settings(max_examples=6)
@given(
    widths=st.lists(st.integers(1, 6), min_size=2, max_size=3),
    density=st.sampled_from([0.05, 0.1, 0.3, 0.5, 0.7, 1.0]),
    n=st.integers(1, 18),
    decay=st.booleans(),
    part=st.booleans(),
)
def test_exactly_the_asked_count_and_positive_zeros_elsewhere(pruner, widths, density, n, decay, part):
    arch = Mlp((*widths, 1))
    maskable = frozenset({"W1"}) if part else None
    total = arch.shapes[0][0] * arch.shapes[0][1] if part else arch.weight_count
    recipe = Recipe(steps=5, optimiser="adamw" if decay else "sgd", weight_decay=0.1, learning_rate=0.02)
    if round(density * total) == 0:
        return
    stack = rl.train(arch, sample(n=n, dim=widths[0]), pruner(density), ["a", 5], recipe, maskable=maskable)
    for net in range(2):
        kept = [m[net] for m in stack.masks]
        chosen = kept[:1] if part else kept
        assert sum(int(m.sum()) for m in chosen) == kept_count(density, total)
        assert all(m.all() for m in kept[len(chosen) :])
        for w, m in zip(stack.weights, kept, strict=True):
            assert not w[net][~m].any()
            assert not torch.signbit(w[net][~m]).any()


@EVERY
def test_provenance(pruner):
    chosen = pruner(0.4)
    data, recipe = sample(), Recipe(steps=8, learning_rate=0.02, frozen=frozenset({"b2"}))
    stack = rl.train(ARCH, data, chosen, ["a", 5], recipe)
    assert stack.dependence is chosen.dependence
    assert stack.method == chosen.name
    assert stack.maskable == {"W1", "W2"}
    wanted = {"b2", "W1", "W2"} if isinstance(chosen, EdgePopup) else {"b2"}
    assert stack.frozen == wanted
    for seed, net in zip(("a", 5), stack, strict=True):
        facts = net.origin.facts
        assert facts["seed"] == seed
        assert facts["density"] == 0.4
        assert facts["converged"] is False
        assert facts["steps"] == 8
        mse = float(np.mean((net(data.x)[:, 0] - data.y) ** 2))
        assert facts["loss"] == pytest.approx(mse, rel=1e-5)  # float32 against float64
        # the initial values are those of the seed, whatever happened since
        fresh = rl.train(ARCH, data, None, [seed], Recipe(steps=1))[0].origin.initial
        again = isinstance(chosen, Reinitialised)  # which says in its name that they are others
        assert all(np.array_equal(v, fresh[k]) != again for k, v in net.origin.initial.items() if k[0] == "W")
        assert all(np.array_equal(v, fresh[k]) for k, v in net.origin.initial.items() if k[0] == "b")


@EVERY
@pytest.mark.parametrize("count", [1, 5, 17, 28, 55, 56])
def test_counts_declared_fixed_are_those_of_every_mask(pruner, count):
    """What the information of a mask is capped with: a wrong count would be a wrong certificate."""
    keys, data = (0, 1, "a"), sample()
    start = initial_stack(ARCH, list(keys), QUICK.initialisation)
    session = Session(start, batch([data.x], [data.y]), QUICK, keys, (count,) * 3, ("W1", "W2"))
    chosen = pruner(count / 56)
    masks, fixed = chosen.choose(session), chosen.fixed_counts(session.shapes, count)
    assert chosen.exact
    assert all(sum(int(m[net].sum()) for m in masks) == count for net in range(3))
    if fixed is not None:
        assert all(tuple(int(m[net].sum()) for m in masks) == fixed for net in range(3))


def test_declared_dependence():
    expected = {
        "Random": Dependence.NONE,
        "ErdosRenyi": Dependence.NONE,
        "Balanced": Dependence.NONE,
        "Pyramidal": Dependence.NONE,
        "MagnitudeAtInit": Dependence.NONE,
        "Snip": Dependence.LABELS,
        "IterativeSnip": Dependence.LABELS,
        "Force": Dependence.LABELS,
        "Grasp": Dependence.LABELS,
        "SynFlow": Dependence.NONE,
        "NtkSap": Dependence.NONE,
        "NtkSapOnInputs": Dependence.INPUTS,
        "ProsPr": Dependence.TRAINING,
        "MagnitudeAfterTraining": Dependence.TRAINING,
        "IterativeInSource": Dependence.TRAINING,
        "IterativeMagnitude": Dependence.TRAINING,
        "GradualMagnitude": Dependence.TRAINING,
        "Set": Dependence.TRAINING,
        "RigL": Dependence.TRAINING,
        "EdgePopup": Dependence.TRAINING,
    }
    assert {name: kind.dependence for name, kind in PUBLIC.items()} == expected


@EVERY
def test_masks_follow_the_labels_exactly_where_declared(pruner):
    data = sample(n=30)
    masks = [rl.train(ARCH, d, pruner(0.4), range(4), QUICK) for d in (data, relabelled(data))]
    assert same_masks(*masks) == (not pruner(0.4).dependence.on_labels)


@EVERY
def test_seeds_differ_and_the_same_seed_twice_is_the_same_bits(pruner):
    data = sample()
    one, two = (rl.train(ARCH, data, pruner(0.4), [3, "3"], QUICK) for _ in range(2))
    assert same_network(one, 0, two, 0)
    assert same_network(one, 1, two, 1)
    assert not torch.equal(one.masks[0][0], one.masks[0][1])


SETTINGS = {
    "plain": QUICK,
    "penalty": Recipe(steps=6, penalty=LipschitzPenalty(0.05), optimiser="adamw", weight_decay=0.1),
    "rounded": Recipe(steps=6, straight_through=StraightThrough(2, "zero"), schedule="cosine"),
    "stopping": Recipe(steps=40, stop_at=0.9, check_every=5, learning_rate=0.02),
}


@EVERY
@pytest.mark.parametrize("recipe", SETTINGS.values(), ids=list(SETTINGS))
def test_a_network_does_not_depend_on_its_companions(pruner, recipe):
    """Different densities and data sets in one stack, one network alone, another order."""
    densities = [1.0, 0.1, 0.5, 0.3, 0.75, 0.2] * 3
    data = [sample(seed, n=19) for seed in range(18)]
    many = rl.train(ARCH, data, pruner(0.5), range(18), recipe, densities=densities)
    for places in ([17], [4, 1], [9, 3, 2]):
        few = rl.train(
            ARCH,
            [data[p] for p in places],
            pruner(0.5),
            places,
            recipe,
            densities=[densities[p] for p in places],
        )
        for there, place in enumerate(places):
            assert same_network(many, place, few, there)


@EVERY
def test_shared_data_are_the_same_as_a_copy_each(pruner):
    data = sample()
    shared = rl.train(ARCH, data, pruner(0.3), range(3), QUICK)
    copies = rl.train(ARCH, [data] * 3, pruner(0.3), range(3), QUICK)
    assert all(same_network(shared, place, copies, place) for place in range(3))


@EVERY
@pytest.mark.parametrize("density", [0.0, 1.5, -1.0, math.nan, math.inf])
def test_densities_outside_the_unit_interval(pruner, density):
    with pytest.raises(InfeasibleDensity, match="density"):
        pruner(density)
    with pytest.raises(InfeasibleDensity, match="density"):
        rl.train(ARCH, sample(), pruner(0.5), [0], QUICK, densities=[density])


@EVERY
def test_density_one_keeps_everything_and_a_density_that_keeps_nothing_is_refused(pruner):
    stack = rl.train(ARCH, sample(), pruner(1.0), [0], QUICK)
    assert all(m.all() for m in stack.masks)
    with pytest.raises(InfeasibleDensity, match="keeps none of 56"):
        rl.train(ARCH, sample(), pruner(0.001), [0], QUICK)


def test_no_pruner_is_plain_training():
    stack = rl.train(ARCH, sample(), None, range(2), QUICK)
    assert stack.method == "dense"
    assert stack.dependence is Dependence.NONE
    assert all(m.all() for m in stack.masks)
    kept = rl.train(ARCH, sample(), Random(1.0), range(2), QUICK)
    assert all(torch.equal(a, b) for a, b in zip(stack.weights, kept.weights, strict=True))


def test_by_default_frozen_weights_are_not_masked():
    recipe = Recipe(steps=3, frozen=frozenset({"W2"}))
    stack = rl.train(ARCH, sample(), Random(0.5), [0], recipe)
    assert stack.maskable == {"W1"}
    assert stack.masks[1].all()
    assert int(stack.masks[0].sum()) == 24


def test_errors_of_train():
    data = sample()
    with pytest.raises(ShapeMismatch, match="data"):
        rl.train(Mlp((5, 1)), data)
    with pytest.raises(ShapeMismatch, match="data"):
        rl.train(ARCH, [data, data], None, range(3))
    with pytest.raises(ShapeMismatch, match="data"):
        rl.train(ARCH, [], None, [0])
    with pytest.raises(ShapeMismatch, match="x, y"):
        rl.train(ARCH, [data, sample(n=5)], None, range(2))
    with pytest.raises(ShapeMismatch, match="x, y"):
        rl.train(ARCH, [data, sample(dim=5)], None, range(2))
    with pytest.raises(ShapeMismatch, match="densities"):
        rl.train(ARCH, data, Random(0.5), range(2), densities=[0.5])
    with pytest.raises(InvalidArgument, match="seeds"):
        rl.train(ARCH, data, None, [])
    with pytest.raises(UnknownName, match="maskable"):
        rl.train(ARCH, data, Random(0.5), maskable=frozenset({"b1"}))
    with pytest.raises(InvalidArgument, match="maskable"):
        rl.train(ARCH, data, Random(0.5), maskable=frozenset())
    with pytest.raises(InvalidArgument, match="maskable"):
        rl.train(ARCH, data, Random(0.5), recipe=Recipe(frozen=frozenset({"W1", "W2"})))
    with pytest.raises(ShapeMismatch, match="mse"):
        rl.train(Mlp((6, 2)), data, None, [0], QUICK)


@pytest.mark.parametrize("kind", list(PRUNERS))
def test_a_frozen_tensor_that_does_not_exist(kind):
    with pytest.raises(UnknownName, match="W9"):
        rl.train(ARCH, sample(), PRUNERS[kind](0.5), [0], Recipe(steps=4, frozen=frozenset({"W9"})))


def test_labels_and_inputs_are_checked_by_the_data_set():
    x = np.ones((3, 6))
    with pytest.raises(LabelOutOfRange):
        Dataset.from_arrays(x, [1.0, -1.0, 1.1])
    with pytest.raises(NonFinite):
        Dataset.from_arrays(x, [1.0, math.nan, 1.0])
    with pytest.raises(NonFinite):
        Dataset.from_arrays(x * math.inf, [1.0, 1.0, 1.0])


def test_names_of_choices():
    with pytest.raises(InvalidArgument, match="rate"):
        IterativeMagnitude(0.5, rate=1.0)
    with pytest.raises(InvalidArgument, match="rewind_to"):
        IterativeMagnitude(0.5, rewind_to=-1)
    with pytest.raises(InvalidArgument, match="rewind_to"):
        rl.train(ARCH, sample(), IterativeMagnitude(0.5, rewind_to=8), [0], QUICK)


MISSPELT = """
from robustlaw.errors import UnknownName
from robustlaw.networks import Recipe, StraightThrough
from robustlaw.pruning import Force, IterativeMagnitude, MagnitudeAfterTraining, MagnitudeAtInit, ProsPr, Snip

for kind in (Force, IterativeMagnitude, MagnitudeAfterTraining, MagnitudeAtInit, Snip):
    for scope in ("layer", "Global", ""):
        try:
            kind(0.5, scope=scope)
        except UnknownName as error:
            assert "layerwise" in str(error)
        else:
            print(kind, scope)
for call in (
    lambda: MagnitudeAfterTraining(0.5, afterwards="hope"),
    lambda: ProsPr(0.5, order="third"),
    lambda: StraightThrough(start="one"),
    lambda: Recipe(loss="hinge"),
    lambda: Recipe(optimiser="lbfgs"),
    lambda: Recipe(schedule="step"),
):
    try:
        print(call())
    except UnknownName:
        pass
"""


def test_misspelt_choices_are_named_without_the_type_checks_of_the_tests():
    root = Path(rl.__file__).parents[1]
    done = subprocess.run(
        [sys.executable, "-c", MISSPELT],
        env=os.environ | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@EVERY
def test_smallest_networks(pruner):
    """One hidden unit, one sample, one input."""
    stack = rl.train(Mlp((1, 1, 1)), sample(n=1, dim=1), pruner(0.5), [0, 1], QUICK)
    for net in stack:
        assert Mask.of(net).nnz == 1
        assert Mask.of(net).effective().nnz == 0
