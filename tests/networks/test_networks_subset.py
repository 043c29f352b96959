"""Parts of a data set: who is chosen, and what the part still claims."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

import robustlaw as rl
from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks import Mlp, Recipe, batch, fit, initial_stack
from robustlaw.networks.subsets import chosen, error_norms, subset

ARCH = Mlp((3, 8, 1))


def sample(n=30, seed=0):
    return rl.Problem(rl.data.Gaussian(3), noise=rl.data.RandomSigns()).sample(n, seed)


@given(st.integers(1, 40), st.integers(0, 9), st.data())
def test_the_extremes_are_chosen(n, seed, data):
    count = data.draw(st.integers(1, n))
    scores = np.random.default_rng(seed).integers(0, 5, n).astype(float)
    easy, hard, lot = (chosen(n, count, rule, scores, seed) for rule in ("easiest", "hardest", "random"))
    for places in (easy, hard, lot):
        assert len(set(places.tolist())) == count
        assert (np.diff(places) > 0).all()
    left = np.setdiff1d(np.arange(n), easy)
    assert not left.size or scores[easy].max() <= scores[left].min()
    left = np.setdiff1d(np.arange(n), hard)
    assert not left.size or scores[hard].min() >= scores[left].max()


def test_ties_and_random_parts_follow_the_seed():
    flat = np.zeros(50)
    assert len({tuple(chosen(50, 10, "hardest", flat, s)) for s in range(5)}) == 5
    assert len({tuple(chosen(50, 10, "random", None, s)) for s in range(5)}) == 5
    assert np.array_equal(chosen(50, 10, "random", None, 3), chosen(50, 10, "random", None, 3))
    places = np.concatenate([chosen(10, 3, "random", None, s) for s in range(2000)])
    share = np.bincount(places, minlength=10) / 2000
    assert np.abs(share - 0.3).max() <= 5.0 * np.sqrt(0.21 / 2000)  # five deviations


def test_error_norms_are_means_of_errors_of_networks_trained_alone():
    data = sample()
    scores = error_norms(ARCH, data, steps=20, runs=3, seed=4)
    plan = Recipe(steps=20, stop_at=None)
    errors = []
    for run in range(3):
        start = initial_stack(ARCH, [f"error norms 4 {run}"], plan.initialisation)
        net = fit(start, batch([data.x], [data.y]), plan)[0]
        errors.append(np.abs(net(data.x)[:, 0] - data.y))
    assert np.allclose(scores, np.mean(errors, axis=0), rtol=1e-12, atol=0.0)
    assert not np.allclose(scores, error_norms(ARCH, data, steps=20, runs=3, seed=5))


def test_a_short_run_is_the_beginning_of_the_recipes():
    data, plan = sample(), Recipe(steps=40, schedule="cosine", stop_at=None)
    start = initial_stack(ARCH, ["error norms 0 0"], plan.initialisation)
    net = fit(start, batch([data.x], [data.y]), plan, last_step=10)[0]
    scores = error_norms(ARCH, data, plan, steps=10, runs=1)
    assert np.allclose(scores, np.abs(net(data.x)[:, 0] - data.y), rtol=1e-12, atol=0.0)
    longer = error_norms(ARCH, data, Recipe(steps=5, schedule="cosine"), steps=10, runs=1)
    whole = fit(start, batch([data.x], [data.y]), Recipe(steps=10, schedule="cosine", stop_at=None))[0]
    assert np.allclose(longer, np.abs(whole(data.x)[:, 0] - data.y), rtol=1e-12, atol=0.0)


@pytest.mark.parametrize("outputs", [1, 2])
def test_error_norms_of_classes_are_distances_of_probabilities(outputs):
    data, arch = sample(), Mlp((3, 8, outputs))
    plan = Recipe(loss="cross_entropy", steps=9, stop_at=None)
    scores = error_norms(arch, data, plan, steps=9, runs=1)
    start = initial_stack(arch, ["error norms 0 0"], plan.initialisation)
    logits = torch.as_tensor(fit(start, batch([data.x], [data.y]), plan)[0](data.x))
    if outputs == 1:
        logits = torch.cat([torch.zeros_like(logits), logits], 1)
    wanted = torch.nn.functional.one_hot(torch.as_tensor((data.y > 0).astype(np.int64)), 2)
    assert np.allclose(scores, (logits.softmax(1) - wanted).norm(dim=1), rtol=1e-9)


def test_mislabelled_samples_are_hard():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(60, 3))
    y = np.sign(x[:, 0])
    wrong = np.abs(x[:, 0]).argsort()[-6:]  # clear cases
    y[wrong] *= -1.0
    data = rl.Dataset.from_arrays(x, y)
    scores = error_norms(ARCH, data, Recipe(learning_rate=0.005), steps=40)
    assert set(wrong) <= set(chosen(60, 12, "hardest", scores))
    assert not set(wrong) & set(chosen(60, 40, "easiest", scores))


def test_parts_claim_what_they_are():
    data = sample()
    lot = subset(data, 10, "random", seed=1)
    assert lot.problem is data.problem
    assert lot.seed is None
    hard = subset(data, 10, "hardest", error_norms(ARCH, data, runs=2, steps=5))
    assert hard.problem is None
    for part in (lot, hard):
        rows = [int(np.flatnonzero((data.x == row).all(1))[0]) for row in part.x]
        assert rows == sorted(rows)
        for name in ("y", "g", "z", "component"):
            assert np.array_equal(getattr(part, name), getattr(data, name)[rows])
    trained = rl.train(ARCH, hard, rl.pruning.Snip(0.5), recipe=Recipe(steps=3))
    assert trained.facts[0]["steps"] == 3


def test_errors():
    data = sample()
    with pytest.raises(InvalidArgument, match="count"):
        subset(data, 31)
    with pytest.raises(InvalidArgument, match="count"):
        subset(data, 0)
    with pytest.raises(InvalidArgument, match="scores"):
        subset(data, 3, "hardest")
    with pytest.raises(ShapeMismatch, match="scores"):
        subset(data, 3, "easiest", np.zeros(4))
    for changes in ({"steps": 0}, {"runs": 0}):
        with pytest.raises(InvalidArgument, match=next(iter(changes))):
            error_norms(ARCH, data, **changes)
