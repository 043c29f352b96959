"""Masks found on other labels: what the labels are, what the masks know, and what is trained on."""

import itertools
import math

import numpy as np
import pytest
import torch
from pruning_runs import ARCH, QUICK, relabelled, same_masks, sample
from scipy import stats

import robustlaw as rl
from robustlaw.data import Dataset
from robustlaw.errors import InvalidArgument
from robustlaw.information import FixedInputs
from robustlaw.information.enumeration import label_information
from robustlaw.networks import Dependence, Mlp, batch, initial_stack
from robustlaw.pruning import (
    IterativeMagnitude,
    OnSubset,
    PermutedLabels,
    Random,
    RandomLabels,
    Session,
    Snip,
)
from robustlaw.seeds import generator

KINDS = pytest.mark.parametrize("kind", [PermutedLabels, RandomLabels])


def session(keys=(3, 4, "a"), data=None, count=20):
    data = data or sample()
    start = initial_stack(ARCH, list(keys), QUICK.initialisation)
    return Session(start, batch([data.x], [data.y]), QUICK, tuple(keys), (count,) * len(keys), ("W1", "W2"))


@pytest.mark.parametrize("pruner", [Snip(20 / 56), IterativeMagnitude(20 / 56, rate=0.5)])
def test_the_mask_is_the_pruners_own_on_those_labels(pruner):
    data = sample()
    order = generator("labels", 5, "permuted", 2).permutation(20)
    signs = generator("labels", 5, "random", 2).choice([-1.0, 1.0], 20)
    for kind, labels in ((PermutedLabels, data.y[order]), (RandomLabels, signs)):
        found = kind(pruner, 2).choose(session((5,), data))
        alone = pruner.choose(session((5,), Dataset.from_arrays(data.x, labels)))
        assert all(map(torch.equal, found, alone))
        assert not all(map(torch.equal, found, pruner.choose(session((5,), data))))


@KINDS
def test_labels_only_are_changed(kind):
    rng = np.random.default_rng(0)
    data = Dataset.from_arrays(rng.normal(size=(21, 6)), rng.uniform(-1.0, 1.0, 21))
    made = session(data=data)
    new = kind(Snip(0.4)).relabelled(made).data
    real = made.data.share > 0
    assert torch.equal(new.share, made.data.share)
    assert torch.equal(new.columns, made.data.columns.expand(3, -1, -1))
    assert not new.labels[:, ~real].any()
    for labels in new.labels[:, real]:
        if kind is PermutedLabels:
            assert torch.equal(labels.sort().values, made.data.labels[0, real].sort().values)
        else:
            assert (labels.abs() == 1.0).all()
    assert len({tuple(row) for row in new.labels.tolist()}) == 3  # a draw for each network
    again = kind(Snip(0.4), 1).relabelled(made).data
    assert not torch.equal(again.labels, new.labels)


def test_every_label_goes_everywhere_equally_often():
    runs, n = 2000, 5
    y = np.linspace(-1.0, 1.0, n)
    data = Dataset.from_arrays(np.eye(n, 6), y)
    moved = PermutedLabels(Snip(0.4)).relabelled(session(tuple(range(runs)), data)).data.labels[:, :n].numpy()
    for place, value in itertools.product(range(n), y.astype(np.float32)):
        hits = int((moved[:, place] == value).sum())
        assert stats.binomtest(hits, runs, 1.0 / n).pvalue > 1e-9
    fair = RandomLabels(Snip(0.4)).relabelled(session(tuple(range(runs)), data)).data.labels[:, :n].numpy()
    assert all(stats.binomtest(int((c > 0).sum()), runs, 0.5).pvalue > 1e-9 for c in fair.T)


def test_declared_dependence():
    trained = IterativeMagnitude(0.5)
    assert PermutedLabels(Snip(0.5)).dependence is Dependence.LABELS
    assert PermutedLabels(trained).dependence is Dependence.TRAINING
    assert PermutedLabels(RandomLabels(trained)).dependence is Dependence.INPUTS
    for pruner in (Snip(0.5), trained, OnSubset(Snip(0.5), 0.5, "hardest"), PermutedLabels(Snip(0.5))):
        assert RandomLabels(pruner).dependence is Dependence.INPUTS
    assert RandomLabels(Random(0.5)).dependence is Dependence.NONE


@pytest.mark.parametrize("pruner", [Snip(0.4), OnSubset(Snip(0.4), 0.5, "hardest", restarts=1, early=2)])
def test_masks_of_random_labels_follow_the_inputs_alone(pruner):
    data = sample()
    moved = Dataset.from_arrays(data.x[::-1].copy(), data.y)
    masks = [
        rl.train(ARCH, d, RandomLabels(pruner), range(4), QUICK) for d in (data, relabelled(data), moved)
    ]
    assert same_masks(masks[0], masks[1])
    assert not same_masks(masks[0], masks[2])
    losses = [[facts["loss"] for facts in stack.facts] for stack in masks[:2]]
    assert losses[0] != losses[1]  # the last training knows the real ones


def test_given_the_permutation_the_mask_knows_as_much_as_the_pruners_own():
    """Exactly: over all labelings, a permutation of the samples is one of the labelings."""
    arch, x = Mlp((3, 4, 1)), np.random.default_rng(3).normal(size=(5, 3))
    (own,) = label_information(arch, x, Snip(0.4), QUICK)
    (permuted,) = label_information(arch, x, PermutedLabels(Snip(0.4)), QUICK)
    assert own.information.lower > 1.0
    assert permuted.information == own.information
    (blind,) = label_information(arch, x, RandomLabels(Snip(0.4)), QUICK)
    assert (blind.information.lower, blind.information.upper, blind.distinct) == (0.0, 0.0, 1)


def test_with_the_permutation_hidden_the_mask_knows_the_multiset_at_most():
    """Exactly, over all permutations and labelings of four samples: 0 < I(m;Y|X) = I(m;S|X) <= log 5."""
    n = 4
    channel = FixedInputs(Mlp((3, 4, 1)), np.random.default_rng(2).normal(size=(n, 3)), Snip(0.4), QUICK)
    labels = np.array(list(itertools.product((0, 1), repeat=n)), dtype=np.int8)
    masks = channel.sample_masks(labels, np.zeros(2**n, dtype=np.int64))
    name = {tuple(y): m.tobytes() for y, m in zip(labels.tolist(), masks, strict=True)}
    kinds = sorted(set(name.values()))
    law = np.zeros((2**n, len(kinds)))
    for row, y in enumerate(labels.tolist()):
        for order in itertools.permutations(range(n)):
            law[row, kinds.index(name[tuple(y[i] for i in order)])] += 1.0 / math.factorial(n)
    of_labels = stats.entropy(law.mean(0)) - stats.entropy(law, axis=1).mean()
    sums = labels.sum(1)
    by_sum = np.stack([law[sums == s].mean(0) for s in range(n + 1)])
    weights = np.bincount(sums) / 2**n
    of_multiset = stats.entropy(law.mean(0)) - weights @ stats.entropy(by_sum, axis=1)
    assert of_labels == pytest.approx(of_multiset, rel=1e-12)
    assert 0.1 < of_labels <= stats.entropy(weights) <= math.log(n + 1)


@KINDS
def test_errors(kind):
    with pytest.raises(InvalidArgument, match="draw"):
        kind(Snip(0.5), -1)
    assert kind(Snip(0.5)).name == f"{kind.__name__}(Snip)"
