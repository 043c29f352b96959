"""Networks on two patches: scores, losses and errors against loops, torch and exact statements."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kstest

from robustlaw import errors
from robustlaw.data.two_patches import TwoPatches
from robustlaw.networks.patch_stack import PatchStack, fresh_scores, log_losses, relu_power, wrong


def stack(seed=0, nets=2, classes=3, neurons=4, inputs=7, density=0.7, power=3, size=1.0) -> PatchStack:
    rng = np.random.default_rng(seed)
    masks = rng.random((nets, classes, neurons, inputs)) < density
    return PatchStack(np.where(masks, size * rng.standard_normal(masks.shape), 0.0), masks, power)


def patches(seed=1, copies=1, n=5, inputs=7) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((copies, n, 2, inputs))


@given(st.integers(0, 2**31), st.integers(2, 5), st.sampled_from([1, 2]))
def test_scores_are_the_sums_they_are_said_to_be(seed, power, copies):
    nets, x = stack(seed, power=power), patches(seed, copies)
    found = nets.scores(x)
    for e in range(2):
        own = x[e % copies]
        for i in range(5):
            for j in range(3):
                terms = [
                    max(float(w @ own[i, k]), 0.0) ** power for w in nets.weights[e, j] for k in range(2)
                ]
                assert found[e, i, j] == pytest.approx(math.fsum(terms), rel=1e-11, abs=1e-13)


@given(st.integers(0, 2**31))
def test_the_order_of_patches_and_of_neurons_does_not_matter(seed):
    nets, x = stack(seed), patches(seed)
    turned = np.random.default_rng(seed).permutation(4)
    moved = PatchStack(nets.weights[:, :, turned], nets.masks[:, :, turned])
    np.testing.assert_allclose(nets.scores(x), nets.scores(x[:, :, ::-1]), rtol=1e-12)
    np.testing.assert_allclose(nets.scores(x), moved.scores(x), rtol=1e-12)


@given(st.integers(0, 2**31))
def test_renamed_classes_rename_the_scores(seed):
    nets, x = stack(seed), patches(seed)
    named = np.random.default_rng(seed).permutation(3)
    renamed = PatchStack(nets.weights[:, named], nets.masks[:, named])
    np.testing.assert_allclose(renamed.scores(x), nets.scores(x)[:, :, named], rtol=1e-12)


def test_losses_are_torchs_and_stay_finite():
    scores = np.random.default_rng(0).standard_normal((2, 6, 3)) * 40.0
    labels = np.random.default_rng(1).integers(3, size=(1, 6))
    expected = torch.nn.functional.cross_entropy(
        torch.as_tensor(scores).transpose(1, 2),
        torch.as_tensor(np.broadcast_to(labels, (2, 6)).copy()),
        reduction="none",
    )
    np.testing.assert_allclose(log_losses(scores, labels), expected.numpy(), rtol=1e-12, atol=1e-14)
    huge = np.array([[[1e300, 0.0], [0.0, 1e300]]])
    assert log_losses(huge, np.array([[0, 0]])).tolist() == [[0.0, 1e300]]


def test_a_tie_goes_to_the_class_with_the_smaller_number():
    scores = np.array([[[1.0, 1.0], [0.0, 2.0]]])
    assert wrong(scores, np.array([[0, 1]])).tolist() == [[False, False]]
    assert wrong(scores, np.array([[1, 0]])).tolist() == [[True, True]]


def test_fresh_scores_have_the_law_of_scores_on_fresh_inputs():
    """Every class's score, under every label, by Kolmogorov and Smirnov; and the errors."""
    model = TwoPatches(3, 7, noise=0.8)
    nets = stack(3, size=0.6)
    rng = np.random.default_rng(5)
    fresh = fresh_scores(nets, model, rng.standard_normal((1, 4000, 12)))
    assert fresh.shape == (2, 4000, 3, 3)
    for label in range(3):
        sample = model.sample(12_000, rng)
        own = nets.scores(sample.patches[sample.labels == label][None])
        for e in range(2):
            for j in range(3):
                assert kstest(fresh[e, :, label, j], own[e, :, j]).pvalue > 1e-3
            seen = [s[e : e + 1] for s in (fresh[:, :, label], own)]
            rates = [wrong(s, np.full((1, s.shape[1]), label)).mean() for s in seen]
            assert abs(rates[0] - rates[1]) < 4.0 * math.sqrt(0.25 / 4000 + 0.25 / 3500)


@given(st.integers(0, 2**31), st.integers(2, 4))
def test_without_signal_coordinates_a_network_guesses_exactly(seed, classes):
    nets = stack(seed, classes=classes)
    masks = nets.masks.copy()
    masks[..., :classes] = False
    blind = PatchStack(np.where(masks, nets.weights, 0.0), masks)
    assert not blind.sees_signal.any()
    normals = np.random.default_rng(seed).standard_normal((1, 30, 4 * classes))
    scores = fresh_scores(blind, TwoPatches(classes, 7), normals).reshape(2, -1, classes)
    labels = np.tile(np.arange(classes), 30)[None]
    assert wrong(scores, labels).mean(axis=1).tolist() == pytest.approx([(classes - 1) / classes] * 2)


@given(st.integers(0, 2**31), st.floats(0.05, 0.95))
def test_counts_of_signal_neurons(seed, density):
    nets = stack(seed, density=density)
    expected = [[sum(nets.masks[e, j, r, j] for r in range(4)) for j in range(3)] for e in range(2)]
    assert nets.signal_neurons.tolist() == expected
    assert nets.sees_signal.tolist() == [bool(m[..., :3].any()) for m in nets.masks]
    assert nets.kept.tolist() == [int(m.sum()) for m in nets.masks]


def test_powers_are_products():
    values = np.array([-2.0, 0.0, 0.5, 3.0])
    assert relu_power(values, 3).tolist() == [0.0, 0.0, 0.125, 27.0]
    assert values.tolist() == [-2.0, 0.0, 0.5, 3.0]


def test_take_keeps_the_networks_asked_for():
    nets = stack(nets=3)
    assert np.array_equal(nets.take([2, 0]).weights, nets.weights[[2, 0]])
    assert len(nets.take([1])) == 1


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"power": 1}, errors.InvalidArgument),
        ({"masks": np.zeros((2, 3, 4, 7), dtype=bool)}, errors.InvalidArgument),
        ({"weights": np.full((2, 3, 4, 7), np.nan)}, errors.NonFinite),
    ],
)
def test_wrong_stacks_are_refused(change, error):
    nets = stack()
    with pytest.raises(error):
        PatchStack(**({"weights": nets.weights, "masks": nets.masks, "power": 3} | change))
