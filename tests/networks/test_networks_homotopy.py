"""The homotopy trainer: derivatives by differences, steps by a plain dense method, and what it keeps."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import robustlaw as rl
from robustlaw.errors import InvalidArgument, MissingCapability, ShapeMismatch
from robustlaw.networks import (
    Homotopy,
    Mlp,
    Recipe,
    SpectralPenalty,
    StraightThrough,
    TorchDefault,
    batch,
    fit,
    initial_stack,
)
from robustlaw.networks.activations import ACTIVATIONS
from robustlaw.networks.homotopy import Bend, Residuals, levenberg_marquardt, softplus

WIDE = torch.float64
SEEDS = st.integers(0, 10**6)
PLAN = Recipe(homotopy=Homotopy(), stop_at=1e-6)


def draw(seed, widths, n, density=1.0):
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths[:-1], strict=True))
    masks = [rng.random(s) < density for s in shapes]
    start = [
        (rng.normal(size=s) * m / np.sqrt(s[1]), 0.3 * rng.normal(size=s[0]))
        for s, m in zip(shapes, masks, strict=True)
    ]
    return start, masks, rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)


def residual_problem(seed, widths, n, frozen=frozenset(), density=1.0):
    start, masks, x, y = draw(seed, widths, n, density)
    return Residuals(Mlp(widths), start, masks, frozen, x, y)


def stack_and_data(widths, n, density, keys=(0,), dtype=WIDE, activation="relu"):
    stack = initial_stack(Mlp(widths, activation), list(keys), TorchDefault(), dtype=dtype)
    rng = np.random.default_rng(5)
    masks = [torch.as_tensor(rng.random(m.shape) < density) for m in stack.masks[:-1]]
    x, y = rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)
    return stack.with_masks([*masks, stack.masks[-1]]), batch([x], [y], dtype=dtype)


@given(SEEDS, st.sampled_from([1.0, 7.0, 300.0]), st.sampled_from([0.0, 0.01]))
def test_softplus_is_within_its_distance_and_has_its_slope(seed, sharpness, low):
    z = np.random.default_rng(seed).normal(size=50) * 3.0
    bend, kinked = softplus(sharpness, low), np.where(z > 0.0, z, low * z)
    gap = bend.value(z) - kinked
    assert (gap >= -1e-15).all()
    assert (gap <= (1.0 - low) * np.log(2.0) / sharpness + 1e-15).all()
    step = 1e-7
    rise = (bend.value(z + step) - bend.value(z - step)) / (2.0 * step)
    assert np.abs(bend.slope(z) - rise).max() <= 1e-6 + sharpness**2 * step


@settings(max_examples=30)
@given(
    SEEDS,
    st.lists(st.integers(1, 5), min_size=1, max_size=4),
    st.integers(1, 6),
    st.sampled_from(["softplus", "tanh", "relu"]),
)
def test_jacobian_is_a_central_difference(seed, inner, n, name):
    problem = residual_problem(seed, (*inner, 1), n, density=0.7)
    bend = softplus(3.0) if name == "softplus" else Bend(ACTIVATIONS[name].value, ACTIVATIONS[name].slope)
    theta = problem.read()
    rows, step = problem.forward(theta, bend)[1](), 1e-6
    assert rows.shape == (len(theta), n)
    for i in range(len(theta)):
        ends = [problem.forward(theta + s * step * np.eye(len(theta))[i], bend)[0] for s in (1.0, -1.0)]
        assert np.abs(rows[i] - (ends[0] - ends[1]) / (2.0 * step)).max() <= 1e-6 * (1.0 + np.abs(rows).max())


def plain_levenberg(problem, theta, bend, trials, damping):
    """The textbook: parameters' normal equations and an inverse, every quantity formed afresh."""
    growth = 2.0
    for _ in range(trials):
        r, jacobian = problem.forward(theta, bend)
        rows = jacobian()
        step = -np.linalg.inv(rows @ rows.T + damping * np.eye(len(theta))) @ (rows @ r)
        ahead = problem.forward(theta + step, bend)[0]
        if ahead @ ahead < r @ r:
            fall = r @ r - np.sum((r + rows.T @ step) ** 2)
            gain = (r @ r - ahead @ ahead) / fall
            damping, growth = max(damping * max(1.0 / 3.0, 1.0 - (2.0 * gain - 1.0) ** 3), 1e-10), 2.0
            theta = theta + step
        else:
            damping, growth = damping * growth, growth * 2.0
    return theta


@settings(max_examples=20)
@given(SEEDS, st.sampled_from([(2, 3, 1), (3, 3, 2, 1)]), st.sampled_from([4, 9, 40]))
def test_steps_are_those_of_the_plain_method(seed, widths, n):
    """Both systems, more samples than parameters and fewer; damping 1 keeps them well conditioned."""
    problem = residual_problem(seed, widths, n, density=0.8)
    theta, bend = problem.read(), softplus(3.0)
    ours, used = levenberg_marquardt(problem, theta, bend, 0.0, 4, 1.0)
    assert used == 4
    assert np.allclose(ours, plain_levenberg(problem, theta, bend, 4, 1.0), rtol=1e-8, atol=1e-8)


@given(SEEDS, st.integers(1, 30))
def test_the_square_never_rises(seed, trials):
    problem = residual_problem(seed, (3, 4, 1), 20)
    theta, bend = problem.read(), Bend(ACTIVATIONS["relu"].value, ACTIVATIONS["relu"].slope)
    before = np.sum(problem.forward(theta, bend)[0] ** 2)
    after, used = levenberg_marquardt(problem, theta, bend, 0.0, trials, 1e-3)
    assert np.sum(problem.forward(after, bend)[0] ** 2) <= before
    assert used <= trials


@pytest.mark.parametrize("widths", [(10, 24, 1), (10, 14, 10, 1), (10, 10, 9, 8, 1)])
@pytest.mark.parametrize("activation", ["relu", "tanh", "leaky_relu"])
def test_it_interpolates_with_few_parameters_a_sample(widths, activation):
    stack, data = stack_and_data(widths, 100, 0.5, (0, 1), activation=activation)
    kept = sum(int(m[0].sum()) for m in stack.masks) + sum(widths[1:])
    assert kept < 2.2 * 100
    trained = fit(stack, data, PLAN)
    for net, fact in zip(trained, trained.facts, strict=True):
        assert fact["trainer"] == "homotopy"
        assert fact["converged"]
        x, y = data.columns[0, :, :100].T.numpy(), data.labels[0, :100].numpy()
        assert np.mean((net(x)[:, 0] - y) ** 2) == pytest.approx(fact["loss"], rel=1e-9)
        assert fact["loss"] <= 1e-6


@settings(max_examples=12)
@given(SEEDS, st.sampled_from([set(), {"W2"}, {"W1", "b2"}]), st.sampled_from([torch.float32, WIDE]))
def test_masks_and_frozen_tensors_are_kept(seed, frozen, dtype):
    stack, data = stack_and_data((4, 6, 5, 1), 30, 0.5, (seed, seed + 1), dtype)
    trained = fit(stack, data, replace(PLAN, frozen=frozenset(frozen)))
    for w, m in zip(trained.weights, trained.masks, strict=True):
        assert w.dtype == dtype
        assert not w[~m].any()
        assert not torch.signbit(w[~m]).any()
    for name in frozen:
        assert torch.equal(trained.tensors[name], stack.tensors[name])
    assert trained.frozen == frozen
    assert not torch.equal(trained.tensors["b1"], stack.tensors["b1"])
    alone = fit(stack.take([1]), data, replace(PLAN, frozen=frozenset(frozen)))
    assert all(torch.equal(a[1], b[0]) for a, b in zip(trained.weights, alone.weights, strict=True))


def test_failure_is_a_result_and_the_loss_is_that_of_the_returned_weights():
    stack, data = stack_and_data((2, 3, 1), 60, 1.0, (0, 1), torch.float32)
    trained = fit(stack, data, PLAN)
    for net, fact in zip(trained, trained.facts, strict=True):
        assert not fact["converged"]
        x, y = data.columns[0, :, :60].T.double().numpy(), data.labels[0, :60].double().numpy()
        assert fact["loss"] == pytest.approx(np.mean((net(x)[:, 0] - y) ** 2), rel=1e-9)


def test_own_data_of_each_network():
    stack, _ = stack_and_data((4, 12, 1), 30, 0.8, (0, 1))
    rng = np.random.default_rng(0)
    x, y = [rng.normal(size=(21, 4)) for _ in range(2)], [rng.choice([-1.0, 1.0], 21) for _ in range(2)]
    trained = fit(stack, batch(x, y, dtype=WIDE), PLAN)
    for place, net in enumerate(trained):
        assert np.mean((net(x[place])[:, 0] - y[place]) ** 2) <= 1e-6


def test_a_pruner_ends_with_the_homotopy():
    data = rl.Problem(rl.data.Gaussian(6)).sample(40, 0)
    trained = rl.train(Mlp((6, 20, 1)), data, rl.pruning.Snip(0.5), seeds=[0, 1], recipe=PLAN)
    assert [f["trainer"] for f in trained.facts] == ["homotopy"] * 2
    assert all(f["converged"] for f in trained.facts)
    adam = rl.train(Mlp((6, 20, 1)), data, rl.pruning.Snip(0.5), seeds=[0], recipe=Recipe(steps=2))
    assert adam.facts[0]["trainer"] == "adam"


@pytest.mark.parametrize(
    "changes",
    [
        {"penalty": SpectralPenalty()},
        {"straight_through": StraightThrough()},
        {"batch_size": 3},
        {"radius": 1.0},
        {"weight_decay": 0.1},
        {"gradient_noise": 0.1},
        {"loss": "cross_entropy"},
    ],
)
def test_what_it_cannot_do_is_refused(changes):
    with pytest.raises(InvalidArgument, match=next(iter(changes))):
        replace(PLAN, **changes)


def test_steps_and_other_leaves_are_refused():
    stack, data = stack_and_data((4, 6, 1), 9, 1.0)
    for steps in ({"first_step": 3}, {"last_step": 3}):
        with pytest.raises(MissingCapability, match="rewound"):
            fit(stack, data, PLAN, **steps)
    sample = rl.Problem(rl.data.Gaussian(4)).sample(9, 0)
    with pytest.raises(MissingCapability, match="scores"):
        rl.train(Mlp((4, 6, 1)), sample, rl.pruning.EdgePopup(0.5), recipe=PLAN)
    with pytest.raises(InvalidArgument, match="frozen"):
        fit(stack, data, replace(PLAN, frozen=frozenset({"W1", "W2", "b1", "b2"})))
    with pytest.raises(ShapeMismatch, match="mse"):
        fit(initial_stack(Mlp((4, 2)), [0], TorchDefault()), data, PLAN)
    for bad in ({"trials": 0}, {"sharpness": (3.0, -1.0)}):
        with pytest.raises(InvalidArgument, match=next(iter(bad))):
            Homotopy(**bad)
