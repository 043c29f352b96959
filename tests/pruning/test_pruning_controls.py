"""Controls: what they change, what they leave alone, and the data a mask is found on."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from pruning_runs import ARCH, QUICK, same_masks, sample
from scipy import stats

import robustlaw as rl
from robustlaw.data import Dataset
from robustlaw.errors import InfeasibleDensity, InvalidArgument
from robustlaw.networks import Dependence, He, Recipe, StraightThrough, batch, fit, initial_stack
from robustlaw.pruning import (
    Inverted,
    IterativeMagnitude,
    MagnitudeAtInit,
    OnSubset,
    Random,
    Reinitialised,
    Session,
    Shuffled,
    Snip,
    matched_random,
)
from robustlaw.pruning.on_subset import early_errors


def session(keys=(3, 4, "a"), count=20, data=None, recipe=QUICK):
    data = data or sample()
    start = initial_stack(ARCH, list(keys), recipe.initialisation)
    return Session(start, batch([data.x], [data.y]), recipe, tuple(keys), (count,) * len(keys), ("W1", "W2"))


def counts_of(masks):
    return torch.stack([m.flatten(1).sum(1) for m in masks])


@pytest.mark.parametrize("pruner", [Snip(0.4), MagnitudeAtInit(0.4), IterativeMagnitude(0.4, rate=0.5)])
def test_a_shuffled_mask_has_the_same_layer_counts_at_other_places(pruner):
    """The public mutant rebinds a local name and leaves the mask as it was."""
    masks, shuffled = pruner.choose(session()), Shuffled(pruner).choose(session())
    assert torch.equal(counts_of(masks), counts_of(shuffled))
    assert not any(torch.equal(a, b) for a, b in zip(masks, shuffled, strict=True))
    assert Shuffled(pruner).dependence is pruner.dependence
    assert pruner.name in Shuffled(pruner).name


def test_shuffled_places_are_uniform_whatever_the_scores():
    runs = 600
    masks = Shuffled(MagnitudeAtInit(0.5)).choose(session(tuple(range(runs)), 28))
    for m, kept in zip(masks, (24, 4), strict=True):
        flat = m.flatten(1)
        assert (flat.sum(1) == kept).all()
        for total in flat.sum(0):
            assert stats.binomtest(int(total), runs, 0.5).pvalue > 1e-9


def test_reinitialised_keeps_the_mask_and_trains_fresh_weights():
    still = Recipe(steps=1, learning_rate=1e-30, optimiser="sgd", frozen=frozenset({"b1", "b2"}))
    data = sample()
    for pruner in (Snip(0.4), IterativeMagnitude(0.4, rate=0.5)):
        one = rl.train(ARCH, data, pruner, [0, "0"], still)
        two = rl.train(ARCH, data, Reinitialised(pruner), [0, "0"], still)
        assert same_masks(one, two)
        for net in two:
            for i, name in enumerate(("W1", "W2")):
                assert np.array_equal(net.weights[i], np.where(net.masks[i], net.origin.initial[name], 0.0))
        assert not torch.equal(two.initial["W1"], one.initial["W1"])
        assert not torch.equal(two.initial["W1"][0], two.initial["W1"][1])


def test_inverted_keeps_the_lowest_scores_zeros_first():
    """The public mutant ranks by 1/score and divides by zero."""
    made = session(count=20)
    for scope in ("global", "layerwise"):
        pruner = Snip(0.4, scope=scope)
        scores, masks = pruner.scores(made), Inverted(pruner).choose(made)
        assert torch.equal(counts_of(masks).sum(0), torch.tensor([20] * 3))
        groups = [([s], [m]) for s, m in zip(scores, masks, strict=True)]
        for values, kept in groups if scope == "layerwise" else [(scores, masks)]:
            for net in range(3):
                s = np.concatenate([v[net].ravel() for v in values])
                m = np.concatenate([k[net].numpy().ravel() for k in kept])
                assert s[m].max() <= s[~m].min()
    # weights of size 0 have score 0 and are kept first
    blank = Session(
        made.start.with_masks([torch.zeros_like(made.start.masks[0]), made.start.masks[1]]),
        *(made.data, made.recipe, made.keys, made.counts, made.maskable),
    )
    assert not any(m.any() for m in Inverted(MagnitudeAtInit(0.4, scope="global")).choose(blank)[1:])
    with np.errstate(divide="ignore"):
        assert not np.isfinite(1.0 / MagnitudeAtInit(0.4).scores(blank)[0]).any()


def test_inverted_and_its_pruner_part_the_entries_at_one_half():
    made = session(count=28)
    masks, inverse = Snip(0.5).choose(made), Inverted(Snip(0.5)).choose(made)
    assert all(torch.equal(a, ~b) for a, b in zip(masks, inverse, strict=True))


def test_matched_random():
    assert matched_random(Snip(0.3)) == Random(0.3)


def test_on_all_the_data_a_subset_is_the_pruner_itself():
    made = session()
    for order in ("random", "easiest", "hardest"):
        masks = OnSubset(Snip(0.4), 1.0, order).choose(made)
        assert all(map(torch.equal, masks, Snip(0.4).choose(made)))


def test_subsets_are_samples_of_the_data_with_equal_weight():
    data = sample(n=21)
    made = session(data=data)
    for order in ("random", "easiest", "hardest"):
        part = OnSubset(Snip(0.4), 0.3, order, restarts=1, early=2).part(made).data
        real = part.share > 0
        assert int(real.sum()) == 7  # 6.3 rounded up
        assert float(part.share.sum()) == pytest.approx(1.0)
        pairs = {
            (*x, y)
            for x, y in zip(data.x.astype(np.float32).tolist(), data.y, strict=True)
            for x in [tuple(x)]
        }
        for net in range(3):
            rows = part.columns[net].T[real].numpy().tolist()
            chosen = {(*x, float(y)) for x, y in zip(map(tuple, rows), part.labels[net][real], strict=True)}
            assert len(chosen) == 7
            assert chosen <= pairs
        assert not part.columns[:, :, ~real].any()
    random = OnSubset(Snip(0.4), 0.3).part(made).data
    assert not torch.equal(random.columns[0], random.columns[1])


def test_a_mask_on_a_subset_is_that_of_a_data_set_of_its_own():
    data = sample(n=24)
    made = session((5,), data=data)
    wrapped = OnSubset(IterativeMagnitude(0.4, rate=0.5), 0.5)
    part = wrapped.part(made).data
    real = part.share > 0
    alone = Dataset.from_arrays(
        part.columns[0].T[real].double().numpy(), part.labels[0][real].double().numpy()
    )
    found = rl.train(ARCH, alone, IterativeMagnitude(20 / 56, rate=0.5), [5], QUICK)
    assert all(map(torch.equal, wrapped.choose(made), found.masks))


def test_easy_and_hard_samples_are_told_by_their_early_errors():
    """One sample contradicts twenty others: its error is the largest at any weights."""
    rng = np.random.default_rng(0)
    x = np.repeat(rng.normal(size=(1, 6)), 21, axis=0)
    y = np.ones(21)
    y[13] = -1.0
    for loss, largest in (("mse", 2.0), ("cross_entropy", 2.0**0.5)):
        recipe = Recipe(steps=60, loss=loss, learning_rate=0.05, stop_at=None)
        made = session(data=Dataset.from_arrays(x, y), recipe=recipe)
        errors = early_errors(made, 3, 60)
        assert errors.shape == (3, 21)
        assert (errors.argmax(axis=1) == 13).all()
        assert (0.7 * largest < errors[:, 13]).all()
        assert (errors[:, 13] <= 1.05 * largest).all()
        hard = OnSubset(Snip(0.4), 0.05, "hardest", early=60).part(made).data
        easy = OnSubset(Snip(0.4), 0.9, "easiest", early=60).part(made).data
        assert (hard.labels[:, hard.share > 0] == -1.0).any(dim=1).all()
        assert (easy.labels[:, easy.share > 0] == 1.0).all()


def test_early_errors_by_hand():
    """Mean over restarts of |f - y| of networks trained for that many steps."""
    data = sample()
    made = session((3,), data=data)
    found = early_errors(made, 2, 4)
    by_hand = np.zeros(20)
    for number in range(2):
        start = initial_stack(ARCH, [f"3 restart {number}"], QUICK.initialisation)
        net = made.search(start, last_step=4)[0]
        by_hand += np.abs(net(data.x)[:, 0] - data.y) / 2
    assert np.allclose(found[0], by_hand, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_early_errors_are_error_norms_of_independent_runs(loss):
    """Each restart has initial weights and batches of its own, and no rounding; the norm is in float64."""
    data = sample()
    recipe = Recipe(steps=9, loss=loss, batch_size=5, straight_through=StraightThrough(2, "zero"))
    found = early_errors(session((3, "a"), data=data, recipe=recipe), 2, 4)
    plain = replace(recipe, straight_through=None, stop_at=None)
    for place, key in enumerate(("3", "'a'")):
        by_hand = np.zeros(20)
        for number in range(2):
            start = initial_stack(ARCH, [f"{key} restart {number}"], He())
            f = fit(start, batch([data.x], [data.y]), plain, last_step=4)[0](data.x.astype(np.float32))[:, 0]
            if loss == "mse":
                by_hand += np.abs(f - data.y) / 2
            else:
                p = 1.0 / (1.0 + np.exp(-f))
                target = data.y > 0
                by_hand += np.hypot(p - target, (1.0 - p) - ~target) / 2
        assert np.allclose(found[place], by_hand, rtol=1e-12, atol=0.0)
    one_run = early_errors(session((3, "a"), data=data, recipe=replace(recipe, batch_size=None)), 2, 4)
    assert not np.allclose(found, one_run)


def test_what_a_subset_looked_at():
    assert OnSubset(Random(0.5), 0.5).dependence is Dependence.NONE
    assert OnSubset(Snip(0.5), 0.5).dependence is Dependence.LABELS
    for order in ("easiest", "hardest"):
        assert OnSubset(Random(0.5), 0.5, order).dependence is Dependence.TRAINING


def test_errors():
    with pytest.raises(InfeasibleDensity, match="density"):
        OnSubset(Snip(0.5), 0.0)
    with pytest.raises(InvalidArgument, match="restarts"):
        OnSubset(Snip(0.5), 0.5, restarts=0)
