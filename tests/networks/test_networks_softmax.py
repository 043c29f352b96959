"""Softmax of any number of classes: against torch, differences, recorded derivatives, and companions."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import SEEDS, WIDE

from robustlaw import errors
from robustlaw.networks import GradientPenalty, Mlp, Recipe, TorchDefault, batch, fit, initial_stack
from robustlaw.networks.derivatives import Recorded, Written, in_chunks
from robustlaw.networks.losses import stack_loss
from robustlaw.networks.relu_curvature import bent
from robustlaw.networks.relu_gradients import output_slope
from robustlaw.networks.subsets import mean_error_norms

CLASSES = st.integers(2, 7)
entropy = torch.nn.functional.cross_entropy


def classes(seed, n, d, k, copies=1, dtype=WIDE):
    rngs = [np.random.default_rng([seed, i]) for i in range(copies)]
    return batch([r.normal(size=(n, d)) for r in rngs], [r.integers(k, size=n) for r in rngs], dtype=dtype)


def outputs_of(seed, data, k, nets=2, scale=3.0):
    rng = np.random.default_rng(seed)
    return torch.as_tensor(scale * rng.normal(size=(nets, k, data.columns.shape[2])))


@settings(max_examples=40)
@given(SEEDS, st.integers(1, 20), CLASSES, st.sampled_from([1, 2]), st.sampled_from([0.1, 3.0, 300.0]))
def test_loss_and_slope_are_torchs(seed, n, k, copies, scale):
    data = classes(seed, n, 2, k, copies)
    f = outputs_of(seed, data, k, scale=scale)
    ours, slope = stack_loss("softmax", f, data), output_slope("softmax", f, data)
    for net in range(2):
        logits = f[net, :, :n].T.clone().requires_grad_()
        theirs = entropy(logits, data.labels[min(net, copies - 1), :n].long())
        assert float(ours[net]) == pytest.approx(theirs.item(), rel=1e-12, abs=1e-14)
        theirs.backward()
        assert torch.allclose(slope[net, :, :n].T, logits.grad, rtol=1e-10, atol=1e-15)
        assert not slope[net, :, n:].any()


@settings(max_examples=30)
@given(SEEDS, st.integers(1, 6), CLASSES)
def test_bending_is_the_recorded_hessian(seed, n, k):
    data = classes(seed, n, 2, k)
    f, moved = outputs_of(seed, data, k), outputs_of(seed + 1, data, k)
    for net in range(2):
        labels = data.labels[0, :n].long()
        _, theirs = torch.autograd.functional.hvp(
            lambda logits, labels=labels: entropy(logits, labels),
            f[net, :, :n].T.contiguous(),
            moved[net, :, :n].T.contiguous(),
        )
        ours = bent("softmax", f, moved, data)[net, :, :n].T
        assert torch.allclose(ours, theirs, rtol=1e-9, atol=1e-14)


@settings(max_examples=25)
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=3), CLASSES, st.integers(1, 9))
def test_written_gradients_are_central_differences(seed, inner, k, n):
    data = classes(seed, n, inner[0], k)
    stack = initial_stack(Mlp((*inner, k)), [seed, "b"], TorchDefault(), dtype=WIDE)
    found = Written(stack.arch, "softmax", sorted(stack.tensors)).gradient(stack.tensors, data)
    rng, step = np.random.default_rng(seed), 1e-6
    x, y = data.columns[0, :, :n].T, data.labels[0, :n].long()

    def loss(net, name, place, shift):
        moved = {key: t[net].clone() for key, t in stack.tensors.items()}
        moved[name][place] += shift
        h = x
        for layer in range(1, stack.arch.layers + 1):
            h = h @ moved[f"W{layer}"].T + moved[f"b{layer}"]
            h = h.clamp(min=0.0) if layer < stack.arch.layers else h
        return float(entropy(h, y))

    for net in range(2):
        for name, slopes in found.items():
            place = tuple(int(rng.integers(s)) for s in slopes.shape[1:])
            rise = (loss(net, name, place, step) - loss(net, name, place, -step)) / (2.0 * step)
            ours = float(slopes[net][place])
            assert abs(ours - rise) <= 1e-5 * (1.0 + abs(ours))


@settings(max_examples=30)
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=3), CLASSES, st.sampled_from([1, 2]))
def test_written_derivatives_are_the_recorded_ones(seed, inner, k, copies):
    data = classes(seed, 9, inner[0], k, copies)
    stack = initial_stack(Mlp((*inner, k)), [seed, "b"], TorchDefault(), dtype=WIDE)
    found = []
    for kind in (Written, Recorded):
        one = kind(stack.arch, "softmax", sorted(stack.tensors))
        first = one.gradient(stack.tensors, data)
        found.append((first, one.curved(first)))
    for ours, theirs in zip(*found, strict=True):
        scale = max(float(t.abs().max()) for t in theirs.values())
        assert all(float((ours[name] - t).abs().max()) <= 1e-12 * scale for name, t in theirs.items())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("batch_size", [None, 5])
@pytest.mark.parametrize("copies", [1, 20])
def test_companions_do_not_matter(activation, batch_size, copies):
    arch, recipe = Mlp((6, 9, 5), activation), Recipe(loss="softmax", steps=20, batch_size=batch_size)
    data = classes(3, 21, 6, 5, copies, torch.float32)
    start = initial_stack(arch, list(range(20)), TorchDefault())
    many = fit(start, data, recipe)
    for places in ([3], [19, 3, 0], [*range(17)][::-1]):
        few = fit(start.take(places), data.take(places), recipe)
        for here, there in enumerate(places):
            assert all(torch.equal(few.tensors[k][here], t[there]) for k, t in many.tensors.items())
            assert few.facts[here] == many.facts[there]


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_derivatives_do_not_depend_on_the_companions(activation):
    data, found = classes(4, 13, 5, 4, dtype=torch.float32), []
    stack = initial_stack(Mlp((5, 8, 4), activation), list(range(9)), TorchDefault())
    for places in (list(range(9)), [7]):
        for _, values, points in in_chunks(stack.take(places), data, Recipe(loss="softmax")):
            one = (Written if activation == "relu" else Recorded)(stack.arch, "softmax", ["W1", "W2"])
            first = one.gradient(values, points)
            found.append([t[places.index(7)] for t in (*first.values(), *one.curved(first).values())])
    assert all(torch.equal(a, b) for a, b in zip(*found, strict=True))


def test_training_is_that_of_a_module():
    """Ten classes, mini-batches of everything, Adam in float64 for 20 steps."""
    data = classes(0, 13, 3, 4)
    start = initial_stack(Mlp((3, 6, 4)), [0], TorchDefault(), dtype=WIDE)
    trained = fit(start, data, Recipe(loss="softmax", steps=20, stop_at=None, learning_rate=0.01))
    layers = [torch.nn.Linear(3, 6, dtype=WIDE), torch.nn.ReLU(), torch.nn.Linear(6, 4, dtype=WIDE)]
    for layer, w, b in zip(layers[::2], start.weights, start.biases, strict=True):
        layer.weight.data, layer.bias.data = w[0].clone(), b[0].clone()
    module = torch.nn.Sequential(*layers)
    optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
    for _ in range(20):
        optimiser.zero_grad()
        entropy(module(data.columns[0, :, :13].T), data.labels[0, :13].long()).backward()
        optimiser.step()
    for layer, w in zip(layers[::2], trained.weights, strict=True):
        assert torch.allclose(w[0], layer.weight, rtol=1e-9, atol=1e-11)


def test_two_classes_are_the_cross_entropy_of_signs():
    data = classes(5, 30, 4, 2)
    signs = batch([data.columns[0, :, :30].T.numpy()], [2.0 * data.labels[0, :30].numpy() - 1.0], dtype=WIDE)
    start = initial_stack(Mlp((4, 7, 2)), [0, 1], TorchDefault(), dtype=WIDE)
    one = fit(start, data, Recipe(loss="softmax", steps=30, stop_at=None))
    two = fit(start, signs, Recipe(loss="cross_entropy", steps=30, stop_at=None))
    assert all(torch.allclose(one.tensors[k], t, rtol=1e-8, atol=1e-11) for k, t in two.tensors.items())


def test_error_norms_are_of_the_probabilities():
    data, plan = classes(6, 11, 3, 4), Recipe(loss="softmax", steps=3)
    found = mean_error_norms(Mlp((3, 5, 4)), [["one"]], data, plan, 3)[0]
    start = initial_stack(Mlp((3, 5, 4)), ["one"], plan.initialisation, dtype=WIDE)
    f = fit(start, data, plan).forward(data.columns[:, :, :11].transpose(1, 2))[0]
    wanted = torch.softmax(f, 1) - torch.eye(4, dtype=WIDE)[data.labels[0, :11].long()]
    assert np.allclose(found, wanted.norm(dim=1).numpy(), rtol=1e-10)


@pytest.mark.parametrize("label", [-1.0, 0.5, 3.0])
def test_labels_that_are_no_classes_are_refused(label):
    data = classes(0, 5, 3, 3)
    data.labels[0, 2] = label
    start = initial_stack(Mlp((3, 3)), [0], TorchDefault(), dtype=WIDE)
    with pytest.raises(errors.InvalidArgument, match="labels 0, 1"):
        fit(start, data, Recipe(loss="softmax"))
    with pytest.raises(errors.InvalidArgument, match="labels 0, 1"):
        next(in_chunks(start, data, Recipe(loss="softmax")))


def test_networks_without_an_output_a_class_are_refused():
    data = classes(0, 5, 3, 2)
    with pytest.raises(errors.ShapeMismatch, match="output for each class"):
        fit(initial_stack(Mlp((3, 1)), [0], TorchDefault()), data, Recipe(loss="softmax"))
    recipe = Recipe(loss="softmax", penalty=GradientPenalty())
    with pytest.raises(errors.MissingCapability, match="margin of two"):
        fit(initial_stack(Mlp((3, 3)), [0], TorchDefault(), dtype=WIDE), data, recipe)
