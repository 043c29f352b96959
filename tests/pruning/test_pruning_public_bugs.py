"""Mistakes known from public pruning code: each mutant is written out, and told from what we do.

Signs and data of GraSP, returning entries, dense gradients, signed drops, no-op shuffles, 1/score and
gradual traces have theirs beside the tests of those methods.
"""

import copy
import os
import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from pruning_runs import ARCH, PRUNERS, QUICK, sample
from scipy import stats

import robustlaw as rl
from robustlaw.errors import InvalidArgument, NonFinite
from robustlaw.networks import Mlp, Recipe, Stack, TorchDefault, batch, fit, initial_stack
from robustlaw.networks.parametrise import Masked
from robustlaw.pruning import Mask, Random, Reinitialised, Session, SynFlow, kept_count, select
from robustlaw.pruning.gradual import GradualMagnitude, _Gradual
from robustlaw.pruning.scores import snip

RNG = np.random.default_rng


def above_threshold(w, share):
    """Keep what is larger than the entry at the cut: one too few, and an index error at the end."""
    return np.abs(w) > np.sort(np.abs(w))[int(share * len(w))]


def test_off_by_one_at_the_threshold():
    w = RNG(0).normal(size=10)
    assert above_threshold(w, 0.2).sum() == 7
    with pytest.raises(IndexError):
        above_threshold(w, 1.0)
    for count in range(11):
        assert select(np.abs(w), count, RNG(1)).sum() == count


def test_ties_at_the_threshold():
    scores = np.array([0.0] * 12 + list(range(1, 9)), dtype=float)  # 18 of 20 wanted
    cut = np.sort(scores)[1]
    assert (scores > cut).sum() == 8  # prunes all tied entries
    assert (scores >= cut).sum() == 20  # keeps them all
    assert select(scores, 18, RNG(0)).sum() == 18
    for odd in (np.ones(20), np.full(20, np.inf), np.full(20, -np.inf)):
        assert select(odd, 18, RNG(0)).sum() == 18
    with pytest.raises(NonFinite):
        select(np.full(20, np.nan), 18, RNG(0))


def test_tied_entries_are_not_kept_in_the_order_of_their_rows():
    def first_rows(count):
        return np.arange(12) < count

    runs = 1500
    for chosen, fair in (
        (lambda _: first_rows(4), False),
        (lambda seed: select(np.ones(12), 4, RNG(seed)), True),
    ):
        kept = np.sum([chosen(seed) for seed in range(runs)], axis=0)
        worst = min(stats.binomtest(int(k), runs, 1.0 / 3.0).pvalue for k in kept)
        assert (worst > 1e-9) == fair


def test_bernoulli_masks_miss_the_count():
    stack = rl.train(ARCH, sample(), Random(0.25), range(40), Recipe(steps=1))
    totals = {sum(int(m[net].sum()) for m in stack.masks) for net in range(40)}
    mutant = {int((RNG(seed).random(56) < 0.25).sum()) for seed in range(40)}
    assert totals == {14}
    assert len(mutant) > 5


def test_scores_of_weights_that_are_not_the_trained_ones():
    """A second initialisation between scoring and training changes the scores behind the mask's back."""
    data = sample()
    start = initial_stack(ARCH, [0], QUICK.initialisation)
    session = Session(start, batch([data.x], [data.y]), QUICK, (0,), (14,), ("W1", "W2"))
    mutant = Reinitialised(PRUNERS["Snip"](0.25)).run(session)  # which says so in its name
    ours = PRUNERS["Snip"](0.25).run(session)
    for stack, faithful in ((ours, True), (mutant, False)):
        weights, biases = (tuple(stack.initial[f"{t}{i}"] for i in (1, 2)) for t in "Wb")
        trained_from = Stack(ARCH, weights, biases, start.masks)
        scores = snip(trained_from, session.data, QUICK, [0, 1])
        flat = np.concatenate([s.ravel() for s in scores])
        kept = np.concatenate([m.numpy().ravel() for m in stack.masks])
        assert (flat[kept].min() >= flat[~kept].max()) == faithful


def test_biases_are_neither_counted_nor_pruned():
    arch = Mlp((10, 30, 30, 2))
    assert (arch.weight_count, arch.parameter_count) == (1260, 1322)
    recipe = Recipe(steps=4, loss="cross_entropy", initialisation=TorchDefault())
    for kind in ("Random", "MagnitudeAtInit global", "Snip", "SynFlow"):
        stack = rl.train(arch, sample(dim=10), PRUNERS[kind](0.1), [0], recipe)
        assert sum(int(m.sum()) for m in stack.masks) == kept_count(0.1, 1260)
        assert all(b.all() for b in stack.biases)  # the mutant would have zeroed nine in ten


class LazilyMasked(Masked):
    """The mutant: weights are masked once, before training."""

    def after_backward(self):
        pass

    def after_step(self):
        pass

    def take(self, places):
        rest = super().take(places)
        rest.__class__ = LazilyMasked
        return rest


@pytest.mark.parametrize("optimiser", ["adam", "adamw", "sgd"])
def test_masking_only_once_leaves_weights_off_the_mask(optimiser):
    recipe = Recipe(steps=3, optimiser=optimiser, weight_decay=0.1)
    data = batch([sample().x], [sample().y])
    start = initial_stack(ARCH, [0], recipe.initialisation)
    masked = start.with_masks([torch.arange(m.numel()).view_as(m) % 2 == 0 for m in start.masks])
    with pytest.raises(InvalidArgument, match="off the mask"):
        fit(masked, data, recipe, LazilyMasked(masked, recipe))
    for steps in range(1, 4):
        net = fit(masked, data, recipe, last_step=steps)
        assert not any(w[~m].any() for w, m in zip(net.weights, net.masks, strict=True))


HASHED = """
import hashlib
import numpy as np
from pruning_runs import ARCH, PRUNERS, QUICK, sample
import robustlaw as rl
for name in ("Random", "ErdosRenyi", "Snip", "Set", "EdgePopup", "Shuffled", "OnSubset hardest", "NoisyTopK"):
    masks = rl.train(ARCH, sample(), PRUNERS[name](0.4), ["a", 5], QUICK).masks
    print(name, hashlib.sha256(b"".join(m.numpy().tobytes() for m in masks)).hexdigest())
print("mutant", hash("W1"))
"""


def test_masks_do_not_depend_on_the_hash_seed_of_the_process():
    paths = [str(Path(rl.__file__).parents[1]), str(Path(__file__).parent)]
    lines = []
    for seed in ("1", "2"):
        environment = os.environ | {"PYTHONPATH": os.pathsep.join(paths), "PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", HASHED], env=environment, capture_output=True, text=True, check=True
        )
        lines.append(done.stdout.splitlines())
    assert lines[0][:-1] == lines[1][:-1]
    assert len(set(lines[0])) == 9
    assert lines[0][-1] != lines[1][-1]


@pytest.mark.parametrize("kind", ["Random", "ErdosRenyi", "Set", "Shuffled"])
def test_layers_and_seeds_do_not_share_a_stream(kind):
    """The mutant draws every tensor from one constant key: equal shapes get equal masks."""
    arch = Mlp((8, 8, 8, 1))
    stack = rl.train(arch, sample(dim=8), PRUNERS[kind](0.5), [0, 1], QUICK)
    assert not torch.equal(stack.masks[0], stack.masks[1])
    assert not torch.equal(stack.masks[0][0], stack.masks[0][1])


@pytest.mark.parametrize("kind", list(PRUNERS))
def test_density_is_the_kept_fraction_everywhere(kind):
    """One name, one meaning: .2 keeps a fifth. The mutants remove it, or take it of what is left."""
    arch = Mlp((5, 8, 1))
    stack = rl.train(arch, sample(dim=5), PRUNERS[kind](0.2), [0], QUICK)
    assert sum(int(m.sum()) for m in stack.masks) == 10  # of 48, not 38, nor 0.2 of 10


def test_networks_survive_copies_pickles_and_later_training():
    data = sample()
    stack = rl.train(ARCH, data, PRUNERS["Snip"](0.3), [0], QUICK)
    net, again = stack[0], rl.train(ARCH, data, PRUNERS["Snip"](0.3), [0], QUICK)[0]
    values = net(data.x)
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net)), again):
        assert np.array_equal(twin(data.x), values)
        assert Mask.of(twin) == Mask.of(net)
    twin = copy.deepcopy(stack)
    fit(twin, batch([data.x], [data.y]), Recipe(steps=3, optimiser="adamw", weight_decay=0.5))
    assert np.array_equal(stack[0](data.x), values)
    assert np.array_equal(twin[0](data.x), values)


def test_collapse_under_flow_through_single_units_is_reported():
    """A chain of single units: all flow passes each entry, and one kept entry is no path."""
    stack = rl.train(Mlp((1, 1, 1, 1)), sample(dim=1), SynFlow(1 / 3), range(4), QUICK)
    for net in stack:
        assert net.origin.facts["effective"] == 0
        assert net.origin.facts["collapsed"].count("W") == 2
        assert len(np.unique(net(sample(dim=1).x))) == 1


def test_gradual_masks_are_taken_from_the_weights_the_mode_says():
    """The mutant returns entries in name only: it ranks weights that are already cut to 0."""
    data = sample(dim=5)
    start = initial_stack(Mlp((5, 1)), [0], TorchDefault())
    session = Session(start, batch([data.x], [data.y]), Recipe(steps=10), (0,), (1,), ("W1",))
    first = np.array([[[5.0, -4.0, 3.5, 1.0, 0.5]]])
    later = np.array([[[1.0, -2.0, 0.0, 0.0, 0.0]]])
    kept = {}
    for returning in (True, False):
        pruner = GradualMagnitude(0.2, prunings=2, start=0.0, end=0.6, returning=returning)
        rule = _Gradual(pruner, session)
        (mask,), _ = rule.update(3, [first], [], [np.ones((1, 1, 5), dtype=bool)])
        (mask,), _ = rule.update(6, [later], [], [mask])
        kept[returning] = int(mask[0, 0].argmax())
    mutant = int(np.abs(later).argmax())
    assert kept == {True: 2, False: 1}
    assert mutant != kept[True]
