"""Masks at initialisation: uniform subsets, largest weights, and sensitivities by differences."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, QUICK, same_masks, sample
from scipy import stats

import robustlaw as rl
from robustlaw.errors import InvalidArgument
from robustlaw.networks import ACTIVATIONS, Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.pruning import MagnitudeAtInit, Random, Snip, kept_count
from robustlaw.pruning.scores import magnitude, snip

SMOOTH = sorted(a.name for a in ACTIVATIONS.values() if not a.kink)


def test_random_masks_are_uniform_subsets():
    arch, runs = Mlp((3, 2, 1)), 800
    recipe = Recipe(steps=1)
    stack = rl.train(arch, sample(dim=3), Random(0.5), range(runs), recipe)
    flat = torch.cat([m.flatten(1) for m in stack.masks], dim=1).numpy()
    assert (flat.sum(1) == 4).all()
    # entries: binomial; subsets: all 70 equally likely, chi squared. One chance in 1e9 to fail
    for kept in flat.sum(0):
        assert stats.binomtest(int(kept), runs, 0.5).pvalue > 1e-9
    _, counts = np.unique(flat, axis=0, return_counts=True)
    assert len(counts) <= 70
    counts = np.pad(counts, (0, 70 - len(counts)))
    assert stats.chisquare(counts).pvalue > 1e-9


def test_random_masks_do_not_look_at_the_initial_weights():
    # a different initialisation draws from another stream of the same seed
    data = sample()
    one = rl.train(ARCH, data, Random(0.3), range(3), QUICK)
    two = rl.train(ARCH, data, Random(0.3), range(3), Recipe(steps=1, initialisation=TorchDefault()))
    assert same_masks(one, two)


@pytest.mark.parametrize("scope", ["global", "layerwise"])
def test_magnitude_keeps_the_largest_initial_weights(scope):
    stack = rl.train(ARCH, sample(), MagnitudeAtInit(0.4, scope=scope), range(3), QUICK)
    for net in stack:
        sizes = [np.abs(net.origin.initial[f"W{i + 1}"]) for i in range(2)]
        groups = [(s, m) for s, m in zip(sizes, net.masks, strict=True)]
        if scope == "global":
            groups = [tuple(np.concatenate([a.ravel() for a in part]) for part in zip(*groups, strict=True))]
        else:
            assert [int(m.sum()) for m in net.masks] == [19, 3]  # of 48 and 8: 19.3 and 3.2 for 22
        for size, mask in groups:
            assert size[mask].min() > size[~mask].max()


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(SMOOTH),
    st.sampled_from(["mse", "cross_entropy"]),
    st.integers(1, 9),
)
def test_snip_scores_are_central_differences_in_the_mask(seed, widths, name, loss, n):
    arch = Mlp((*widths, 1), name)
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)
    stack = initial_stack(arch, [seed, "b"], TorchDefault(), dtype=torch.float64)
    layers = list(range(arch.layers))
    scores = snip(stack, batch([x], [y], dtype=torch.float64), Recipe(loss=loss), layers)

    def total(net, layer, place, value):
        weights = [w.copy() for w in net.weights]
        weights[layer][place] *= value
        f = net.replace(weights)(x)[:, 0]
        return np.mean((f - y) ** 2) if loss == "mse" else np.mean(np.logaddexp(0.0, -y * f))

    step = 1e-6
    for place, net in enumerate(stack):
        for layer, score in enumerate(scores):
            assert score.dtype == np.float64
            for entry in np.ndindex(*score.shape[1:]):
                rise = total(net, layer, entry, 1.0 + step) - total(net, layer, entry, 1.0 - step)
                assert score[place][entry] == pytest.approx(abs(rise) / (2.0 * step), abs=3e-6, rel=3e-6)


def test_snip_scores_the_weights_that_are_trained():
    data, stack = sample(), rl.train(ARCH, sample(), Snip(0.25), [3, 8], QUICK)
    start = initial_stack(ARCH, [3, 8], QUICK.initialisation)
    scores = snip(start, batch([data.x], [data.y]), QUICK, [0, 1])
    for place in range(2):
        assert torch.equal(torch.tensor(stack[place].origin.initial["W1"]), start.weights[0][place].double())
        flat = np.concatenate([s[place].ravel() for s in scores])
        kept = np.concatenate([m[place].numpy().ravel() for m in stack.masks])
        assert kept.sum() == kept_count(0.25, 56)
        assert flat[kept].min() >= flat[~kept].max()


def test_snip_is_summed_over_samples_before_the_absolute_value():
    # two samples with opposite gradients: the sensitivity of the full batch is 0
    x, y = np.array([[1.0], [-1.0]]), np.array([1.0, 1.0])
    stack = initial_stack(Mlp((1, 1)), [0], TorchDefault(), dtype=torch.float64)
    w, b = float(stack.weights[0]), float(stack.biases[0])
    score = snip(stack, batch([x], [y], dtype=torch.float64), Recipe(), [0])[0]
    # d/dm mean (m w x + b - 1)^2 = 2 w^2: the parts (b - 1) w cancel
    assert score.item() == pytest.approx(2.0 * w * w, rel=1e-12)
    assert abs(b) > 0.0


def test_snip_scores_do_not_depend_on_the_companions():
    data = batch([sample().x], [sample().y])
    many = snip(initial_stack(ARCH, list(range(20)), TorchDefault()), data, QUICK, [0, 1])
    for place in (0, 7, 19):
        alone = snip(initial_stack(ARCH, [place], TorchDefault()), data, QUICK, [0, 1])
        assert all(np.array_equal(a[0], b[place]) for a, b in zip(alone, many, strict=True))


def test_snip_refuses_losses_without_meaning():
    with pytest.raises(InvalidArgument, match="mse"):
        rl.train(Mlp((6, 2)), sample(), Snip(0.5), [0], QUICK)


def test_magnitude_is_exact_in_float64():
    stack = initial_stack(ARCH, [0, 1], TorchDefault())
    scores = magnitude(stack, [1])
    assert len(scores) == 1
    assert np.array_equal(scores[0], np.abs(stack.weights[1].numpy().astype(np.float64)))
