"""ProsPr against differences of the loss after training, and against SNIP where it takes no step."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_networks import all_gradients, loss
from pruning_runs import ARCH, QUICK, same_masks, sample

import robustlaw as rl
from robustlaw.errors import InvalidArgument, NonFinite
from robustlaw.networks import Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.networks.losses import stack_loss
from robustlaw.networks.stack import forward
from robustlaw.pruning import ProsPr, Session, Snip

LOSSES = ("mse", "cross_entropy")


def session(seed, arch, recipe, n=7, maskable=None):
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, arch.widths[0])), rng.choice([-1.0, 1.0], n)
    keys = (seed, "b")
    start = initial_stack(arch, keys, TorchDefault(), dtype=torch.float64)
    names = maskable or tuple(f"W{i + 1}" for i in range(arch.layers))
    data = batch([x], [y], dtype=torch.float64)
    return Session(start, data, recipe, keys, (1, 1), names), x, y


def descended(weights, biases, x, y, steps, rate, kind, frozen):
    """Weights and biases after so many steps of gradient descent."""
    for _ in range(steps):
        rises, shifts = all_gradients(weights, biases, x, y, kind)
        weights = [w if f"W{i + 1}" in frozen else w - rate * rises[i] for i, w in enumerate(weights)]
        biases = [b if f"b{i + 1}" in frozen else b - rate * shifts[i] for i, b in enumerate(biases)]
    return weights, biases


@settings(max_examples=25)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 4), min_size=1, max_size=3),
    st.sampled_from(LOSSES),
    st.integers(0, 3),
    st.sampled_from([0.1, 0.7]),
    st.sets(st.sampled_from(["W1", "b1", "W2"])),
)
def test_scores_are_central_differences_of_the_loss_after_training(seed, widths, kind, steps, rate, frozen):
    """Frozen tensors are masked too, but not moved; at least one tensor is left to move."""
    arch = Mlp((*widths, 1), "tanh")
    frozen = frozenset(f for f in frozen if int(f[1:]) <= arch.layers and f != f"W{arch.layers}")
    made, x, y = session(seed, arch, Recipe(loss=kind, frozen=frozen))
    scores = ProsPr(0.5, steps=steps, learning_rate=rate).scores(made)

    def after(net, layer, entry, factor):
        weights = [w.copy() for w in net.weights]
        weights[layer][entry] *= factor
        return loss(*descended(weights, list(net.biases), x, y, steps, rate, kind, frozen), x, y, kind)

    step = 1e-5
    for place, net in enumerate(made.start):
        for layer, score in enumerate(scores):
            for entry in np.ndindex(*score.shape[1:]):
                ends = [after(net, layer, entry, 1.0 + sign * step) for sign in (1.0, -1.0)]
                rise = abs(ends[0] - ends[1]) / (2.0 * step)
                assert score[place][entry] == pytest.approx(rise, abs=1e-8, rel=1e-6)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.sampled_from(LOSSES), st.integers(1, 3))
def test_first_order_takes_the_last_gradient_back_unchanged(seed, kind, steps):
    made, x, y = session(seed, Mlp((3, 4, 1), "tanh"), Recipe(loss=kind))
    scores = ProsPr(0.5, steps=steps, learning_rate=0.3, order="first").scores(made)
    for place, net in enumerate(made.start):
        ends = descended(list(net.weights), list(net.biases), x, y, steps, 0.3, kind, frozenset())
        for score, w, g in zip(scores, net.weights, all_gradients(*ends, x, y, kind)[0], strict=True):
            assert np.allclose(score[place], np.abs(w * g), rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("order", ["second", "first"])
def test_without_a_step_it_is_snip(activation, order):
    made, _, _ = session(4, Mlp((6, 8, 1), activation), Recipe())
    none = ProsPr(0.4, steps=0, order=order)
    assert all(np.array_equal(a, b) for a, b in zip(none.scores(made), Snip(0.4).scores(made), strict=True))
    masks = [rl.train(ARCH, sample(), kind, range(4), QUICK) for kind in (none, Snip(0.4), ProsPr(0.4))]
    assert same_masks(masks[0], masks[1])
    assert not same_masks(masks[0], masks[2])


@pytest.mark.parametrize("kind", LOSSES)
@pytest.mark.parametrize("frozen", [frozenset(), frozenset({"b1", "W2"})])
def test_relu_networks_are_differentiated_through_their_training(kind, frozen):
    """The same trajectory, recorded from end to end."""
    arch = Mlp((5, 7, 6, 1))
    made, _, _ = session(2, arch, Recipe(loss=kind, frozen=frozen), n=20)
    leaves = {k: t.clone().requires_grad_() for k, t in made.start.tensors.items()}
    values = dict(leaves)

    def total(values):
        weights, biases = ([values[f"{k}{i}"] for i in (1, 2, 3)] for k in "Wb")
        return stack_loss(kind, forward(arch, weights, biases, made.data.columns), made.data).sum()

    for _ in range(3):
        names = [k for k in values if k not in frozen]
        slopes = torch.autograd.grad(total(values), [values[k] for k in names], create_graph=True)
        values |= {k: values[k] - 0.2 * g for k, g in zip(names, slopes, strict=True)}
    total(values).backward()
    scores = ProsPr(0.5, learning_rate=0.2).scores(made)
    for layer, score in enumerate(scores):
        leaf = leaves[f"W{layer + 1}"]
        truth = (leaf * leaf.grad).detach().abs().numpy()
        assert np.abs(score - truth).max() <= 1e-12 * truth.max()


def test_scores_of_one_layer_are_those_among_all():
    every, _, _ = session(3, Mlp((4, 5, 3, 1)), Recipe())
    one, _, _ = session(3, Mlp((4, 5, 3, 1)), Recipe(), maskable=("W2",))
    assert np.array_equal(ProsPr(0.5).scores(every)[1], ProsPr(0.5).scores(one)[0])


def test_steps_that_diverge_are_an_error_with_a_name():
    with pytest.raises(NonFinite, match="scores"):
        rl.train(ARCH, sample(), ProsPr(0.5, steps=40, learning_rate=1e9), [0], QUICK)


def test_wrong_use_is_named():
    with pytest.raises(InvalidArgument, match="steps"):
        ProsPr(0.5, steps=-1)
    with pytest.raises(InvalidArgument, match="learning_rate"):
        ProsPr(0.5, learning_rate=0.0)
