"""Gradients that training follows: written, recorded, and of penalties, against differences and modules."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import SEEDS, WIDE, masked, problem

from robustlaw.networks import (
    GradientPenalty,
    Mlp,
    Recipe,
    SpectralPenalty,
    TorchDefault,
    fit,
    initial_stack,
)
from robustlaw.networks.losses import stack_loss
from robustlaw.networks.penalty import InputGradients, SpectralNorms
from robustlaw.networks.relu_gradients import ReluGradients
from robustlaw.networks.stack import forward


def reference_loss(layers, x, y, loss):
    """Loss of one network in plain numpy."""
    h = x
    for i, (w, b) in enumerate(layers):
        h = h @ w.T + b
        h = np.maximum(h, 0.0) if i < len(layers) - 1 else h
    if loss == "mse":
        return np.mean((h[:, 0] - y) ** 2)
    margin = h[:, 0] if h.shape[1] == 1 else h[:, 1] - h[:, 0]
    return np.mean(np.logaddexp(0.0, -y * margin))


@settings(max_examples=25)
@given(SEEDS, st.lists(st.integers(1, 5), min_size=1, max_size=4), st.integers(1, 9), st.data())
def test_written_gradients_are_central_differences(seed, inner, n, data):
    """The loss is piecewise smooth, so a difference of step 1e-6 is off by 1e-6 times a curvature."""
    loss = data.draw(st.sampled_from(["mse", "cross_entropy"]))
    outputs = data.draw(st.integers(1, 2)) if loss == "cross_entropy" else 1
    copies = data.draw(st.sampled_from([1, 2]))
    sample = problem(seed, n, inner[0], copies, WIDE)
    stack = initial_stack(Mlp((*inner, outputs)), [seed, seed + 1], TorchDefault(), dtype=WIDE)
    slots = {name: torch.full_like(t, math.nan) for name, t in stack.tensors.items()}
    written = ReluGradients(stack.arch, loss, sample.columns.shape[2], stack.weights[0])
    written(stack.weights, stack.biases, sample, slots)
    rng, step = np.random.default_rng(seed), 1e-6
    for net in range(2):
        x = sample.columns[min(net, copies - 1), :, :n].T.numpy()
        y = sample.labels[min(net, copies - 1), :n].numpy()
        layers = [
            (w[net].numpy().copy(), b[net].numpy().copy())
            for w, b in zip(stack.weights, stack.biases, strict=True)
        ]
        for _ in range(6):
            layer, kind = int(rng.integers(len(layers))), int(rng.integers(2))
            array = layers[layer][kind]
            place = tuple(int(rng.integers(s)) for s in array.shape)
            kept, ends = array[place], []
            for sign in (1.0, -1.0):
                array[place] = kept + sign * step
                ends.append(reference_loss(layers, x, y, loss))
            array[place] = kept
            ours = float(slots["Wb"[kind] + str(layer + 1)][net][place])
            assert abs(ours - (ends[0] - ends[1]) / (2.0 * step)) <= 1e-5 * (1.0 + abs(ours))


@pytest.mark.parametrize("widths", [(4, 1), (4, 7, 1), (4, 7, 5, 1), (4, 6, 5, 3, 2)])
@pytest.mark.parametrize("frozen", [set(), {"W1"}, {"W1", "b1"}, {"b2", "W2"}])
def test_written_gradients_are_the_recorded_ones(widths, frozen):
    loss = "cross_entropy" if widths[-1] == 2 else "mse"
    sample, stack = (
        problem(3, 21, 4, dtype=WIDE),
        initial_stack(Mlp(widths), [0, 1, 2], TorchDefault(), dtype=WIDE),
    )
    slots = {k: torch.full_like(t, math.nan) for k, t in stack.tensors.items() if k not in frozen}
    ReluGradients(stack.arch, loss, 32, stack.weights[0])(stack.weights, stack.biases, sample, slots)
    leaves = {k: t.clone().requires_grad_() for k, t in stack.tensors.items()}
    weights, biases = ([leaves[f"{k}{i + 1}"] for i in range(stack.arch.layers)] for k in "Wb")
    stack_loss(loss, forward(stack.arch, weights, biases, sample.columns), sample).sum().backward()
    for name, slot in slots.items():
        assert torch.allclose(slot, leaves[name].grad, rtol=1e-12, atol=1e-15)


@settings(max_examples=15)
@given(SEEDS, st.lists(st.integers(1, 6), min_size=2, max_size=4), st.sampled_from(["product", "sum"]))
def test_spectral_penalty_is_that_of_the_singular_values(seed, widths, form):
    arch = Mlp(tuple(widths))
    rng = np.random.default_rng(seed)
    weights = [torch.as_tensor(rng.normal(size=(2, *shape))) for shape in arch.shapes]
    penalty = SpectralNorms(arch, SpectralPenalty(0.25, 3000, form), 2, weights[0])
    leaves = [w.clone().requires_grad_() for w in weights]
    value = penalty(leaves, [], problem(0, 1, widths[0], dtype=WIDE))
    squares = np.array([np.linalg.norm(w.numpy(), 2, axis=(1, 2)) ** 2 for w in weights])
    truth = 0.25 * (squares.prod(0) if form == "product" else squares.sum(0))
    assert (value.detach().numpy() <= truth * (1.0 + 1e-12)).all()
    assert np.allclose(value.detach().numpy(), truth, rtol=1e-3)
    value.sum().backward()
    for layer, leaf in enumerate(leaves):
        u, s, vt = np.linalg.svd(weights[layer].numpy(), full_matrices=False)
        if s.shape[1] > 1 and (s[:, 0] < 1.05 * s[:, 1]).any():
            continue  # nearly double singular values have no clear gradient
        rest = squares.prod(0) / squares[layer] if form == "product" else np.ones(2)
        exact = 0.5 * (rest * s[:, 0])[:, None, None] * u[:, :, :1] * vt[:, :1, :]
        assert np.allclose(leaf.grad.numpy(), exact, rtol=1e-3, atol=1e-3 * np.abs(exact).max())


@settings(max_examples=20)
@given(SEEDS, st.lists(st.integers(1, 4), min_size=2, max_size=4), st.sampled_from(["relu", "tanh", "gelu"]))
def test_gradient_penalty_is_the_mean_squared_slope(seed, widths, activation):
    arch = Mlp((*widths, 1), activation)
    stack, data = (
        initial_stack(arch, [seed], TorchDefault(), dtype=WIDE),
        problem(seed, 6, widths[0], dtype=WIDE),
    )
    setting = InputGradients(arch, GradientPenalty(0.5))
    leaves = [w.clone().requires_grad_() for w in stack.weights]
    value = setting(leaves, stack.biases, data)
    slopes = stack[0].gradients(data.columns[0, :, :6].T.numpy())
    assert float(value.detach()) == pytest.approx(0.5 * np.mean(np.sum(np.square(slopes), axis=-1)), rel=1e-9)
    value.sum().backward()
    for layer, leaf in enumerate(leaves):
        place, ends, step = (0, 0, 0), [], 1e-6
        for sign in (1.0, -1.0):
            moved = [w.clone() for w in stack.weights]
            moved[layer][place] += sign * step
            ends.append(float(setting(moved, stack.biases, data).detach()))
        found = 0.0 if leaf.grad is None else float(leaf.grad[place])
        assert abs(found - (ends[0] - ends[1]) / (2.0 * step)) <= 1e-6 * (1.0 + abs(found))


@pytest.mark.parametrize(
    "penalty", [SpectralPenalty(0.05), SpectralPenalty(0.05, form="sum"), GradientPenalty(0.3)]
)
@pytest.mark.parametrize("widths", [(4, 8, 1), (4, 8, 6, 1)])
def test_penalties_lower_what_they_penalise(penalty, widths):
    stack, data = masked(widths, [0, 1, 2], 1.0), problem(2, 25, 4)
    measures = []
    for chosen in (None, penalty):
        trained = fit(stack, data, Recipe(steps=200, penalty=chosen, learning_rate=0.01, stop_at=None))
        with torch.no_grad():
            if isinstance(penalty, GradientPenalty):
                value = torch.stack(
                    [
                        torch.as_tensor(np.square(net.gradients(data.columns[0, :, :25].T.numpy())).sum())
                        for net in trained
                    ]
                )
            else:
                norms = torch.stack([torch.linalg.matrix_norm(w, ord=2) for w in trained.weights])
                value = norms.prod(0) if penalty.form == "product" else norms.square().sum(0)
        measures.append(value)
    assert (measures[1] < 0.9 * measures[0]).all()


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("penalised", [False, True])
def test_recorded_and_written_steps_are_those_of_a_module(activation, penalised):
    """Adam in float64 for 20 steps, with and without a penalty on the input gradients."""
    stack = initial_stack(Mlp((3, 6, 5, 1), activation), [0, 1], TorchDefault(), dtype=WIDE)
    data = problem(0, 13, 3, dtype=WIDE)
    penalty = GradientPenalty(0.2) if penalised else None
    trained = fit(stack, data, Recipe(steps=20, stop_at=None, learning_rate=0.01, penalty=penalty))
    x, y = data.columns[0, :, :13].T.clone(), data.labels[0, :13]
    for place in range(2):
        layers = []
        for w, b in zip(stack.weights, stack.biases, strict=True):
            linear = torch.nn.Linear(w.shape[2], w.shape[1], dtype=WIDE)
            linear.weight.data, linear.bias.data = w[place].clone(), b[place].clone()
            layers += [linear, {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}[activation]()]
        module = torch.nn.Sequential(*layers[:-1])
        optimiser = torch.optim.Adam(module.parameters(), lr=0.01)
        for _ in range(20):
            points = x.clone().requires_grad_()
            output = module(points)[:, 0]
            loss = torch.nn.functional.mse_loss(output, y)
            if penalised:
                (slopes,) = torch.autograd.grad(output.sum(), points, create_graph=True)
                loss = loss + 0.2 * slopes.square().sum(1).mean()
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
        for layer, linear in enumerate(layers[:-1:2]):
            assert torch.allclose(trained.weights[layer][place], linear.weight, rtol=1e-9, atol=1e-11)
            assert torch.allclose(trained.biases[layer][place], linear.bias, rtol=1e-9, atol=1e-11)
