"""Gradient descent on patch networks, in products with patches, against autograd on the filters."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw import errors
from robustlaw.data.two_patches import TwoPatches
from robustlaw.networks.patch_stack import PatchStack, log_losses
from robustlaw.studies.patch_descent import descend

SEED = st.integers(0, 2**31)


def problem(seed, nets=2, classes=3, neurons=2, inputs=6, n=7, power=3, density=0.7, size=0.5):
    rng = np.random.default_rng(seed)
    model = TwoPatches(classes, inputs, noise=0.6)
    samples = [model.sample(n, rng) for _ in range(nets)]
    masks = rng.random((nets, classes, neurons, inputs)) < density
    start = PatchStack(np.where(masks, size * rng.standard_normal(masks.shape), 0.0), masks, power)
    place = np.stack([s.labels for s in samples])
    labels = np.where(rng.random(place.shape) < 0.3, rng.integers(classes, size=place.shape), place)
    noise = np.stack([s.noise for s in samples])
    return model, start, noise, place, labels, np.stack([s.patches for s in samples])


def by_autograd(start, patches, labels, rate, steps):
    """Each network by itself, on its filters, with torch's cross-entropy."""
    results = []
    for e in range(len(start)):
        mask = torch.as_tensor(start.masks[e])
        w = torch.as_tensor(start.weights[e]).clone().requires_grad_(True)
        x, y = torch.as_tensor(patches[e]), torch.as_tensor(labels[e])
        for _ in range(steps):
            z = torch.einsum("nkd,jrd->nkjr", x, w * mask)
            scores = (torch.relu(z) ** start.power).sum(dim=(1, 3))
            (slope,) = torch.autograd.grad(torch.nn.functional.cross_entropy(scores, y), w)
            w = (w - rate * slope * mask).detach().requires_grad_(True)
        results.append((w * mask).detach().numpy())
    return np.stack(results)


@settings(max_examples=25)
@given(SEED, st.integers(2, 4), st.sampled_from([1, 12]))
def test_steps_are_those_of_autograd(seed, power, steps):
    model, start, noise, place, labels, patches = problem(seed, power=power)
    found = descend(start, noise, model.signals, place, labels, 0.1, steps, 1e-9)
    expected = by_autograd(start, patches, labels, 0.1, steps)
    np.testing.assert_allclose(found.stack.weights, expected, rtol=1e-9, atol=1e-11)
    losses = log_losses(found.stack.scores(patches), labels).mean(axis=1)
    np.testing.assert_allclose(found.loss, losses, rtol=1e-9, atol=1e-12)
    assert found.steps.tolist() == [steps, steps]


@settings(max_examples=15)
@given(SEED)
def test_a_short_step_lowers_the_loss_as_finite_differences_say(seed):
    """(L(w) - L(w - r g))/r is |g|^2 up to r; g by central differences of the stack's own loss."""
    model, start, noise, place, labels, patches = problem(seed, nets=1, inputs=4, n=4)

    def loss(weights):
        return log_losses(PatchStack(weights, start.masks).scores(patches), labels).mean()

    step, slopes = 1e-5, []
    for at in np.argwhere(start.masks):
        up, down = start.weights.copy(), start.weights.copy()
        up[tuple(at)] += step
        down[tuple(at)] -= step
        slopes.append((loss(up) - loss(down)) / (2.0 * step))
    rate = 1e-3
    moved = descend(start, noise, model.signals, place, labels, rate, 1, 1e-12).stack.weights
    np.testing.assert_allclose((start.weights - moved)[start.masks] / rate, slopes, rtol=1e-4, atol=1e-6)


@settings(max_examples=15)
@given(SEED)
def test_a_network_does_not_depend_on_its_neighbours(seed):
    model, start, noise, place, labels, _ = problem(seed, nets=4)
    together = descend(start, noise, model.signals, place, labels, 0.2, 40, 0.05)
    for e in range(4):
        part = [v[e : e + 1] for v in (noise, place, labels)]
        alone = descend(start.take([e]), part[0], model.signals, *part[1:], 0.2, 40, 0.05)
        assert np.array_equal(alone.stack.weights[0], together.stack.weights[e])
        assert (alone.steps[0], alone.loss[0]) == (together.steps[e], together.loss[e])


@settings(max_examples=15)
@given(SEED)
def test_renamed_classes_are_renamed_networks(seed):
    """Names of classes, and with them the coordinates of their signals, mean nothing to descent."""
    model, start, noise, place, labels, _ = problem(seed)
    named = np.random.default_rng(seed).permutation(3)  # class j becomes named[j]
    back = np.argsort(named)
    inputs = np.concatenate([back, np.arange(3, 6)])
    renamed = PatchStack(start.weights[:, back][..., inputs], start.masks[:, back][..., inputs])
    plain = descend(start, noise, model.signals, place, labels, 0.1, 15, 1e-9)
    other = descend(renamed, noise[..., inputs], model.signals, named[place], named[labels], 0.1, 15, 1e-9)
    expected = plain.stack.weights[:, back][..., inputs]
    np.testing.assert_allclose(other.stack.weights, expected, rtol=1e-9, atol=1e-12)


def test_it_stops_at_the_goal_and_leaves_masked_weights_alone():
    model, start, noise, place, _, _ = problem(3, inputs=30, neurons=5, size=0.1)
    labels = place
    found = descend(start, noise, model.signals, place, labels, 0.2, 5000, 0.05)
    assert (found.loss <= 0.05).all()
    assert (found.steps > 0).all()
    assert (found.steps < 5000).all()
    assert not found.stack.weights[~start.masks].any()
    before = descend(start, noise, model.signals, place, labels, 0.2, int(found.steps[0]) - 1, 1e-9)
    assert before.loss[0] > 0.05
    done = descend(found.stack, noise, model.signals, place, labels, 0.2, 10, 1.0)
    assert done.steps.tolist() == [0, 0]
    assert np.array_equal(done.stack.weights, found.stack.weights)


def test_the_start_is_not_overwritten():
    model, start, noise, place, labels, _ = problem(4)
    before = start.weights.copy()
    descend(start, noise, model.signals, place, labels, 0.2, 5, 1e-9)
    assert np.array_equal(start.weights, before)


def test_large_scores_do_not_overflow():
    """Scores of 1e12 on wrong labels: the loss is finite and so is a step of the right size."""
    model, start, noise, place, labels, _ = problem(5, size=1e4)
    found = descend(start, noise, model.signals, place, (labels + 1) % 3, 1e-9, 3, 1e-9)
    assert np.isfinite(found.loss).all()
    assert np.isfinite(found.stack.weights).all()


def test_divergence_is_an_error_and_not_a_number():
    model, start, noise, place, labels, _ = problem(6, size=1e3)
    with pytest.raises(errors.InvalidArgument, match="diverges"):
        descend(start, noise, model.signals, place, (labels + 1) % 3, 1e3, 200, 1e-9)


@pytest.mark.parametrize("change", [{"rate": 0.0}, {"steps": 0}])
def test_wrong_use_is_refused(change):
    model, start, noise, place, labels, _ = problem(7)
    rate, steps = ({"rate": 0.1, "steps": 5} | change).values()
    with pytest.raises(errors.InvalidArgument):
        descend(start, noise, model.signals, place, labels, rate, steps, 0.1)
