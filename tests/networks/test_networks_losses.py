"""Losses against torch's own, and the free-pattern penalty against all patterns."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, MissingCapability, NonFinite, ShapeMismatch, UnknownName
from robustlaw.networks import He, LipschitzPenalty, Mlp, Recipe, batch, fit, initial_stack
from robustlaw.networks.losses import stack_loss
from robustlaw.networks.penalty import FreePatternPenalty

WIDE = torch.float64
SEEDS = st.integers(0, 10**6)


def sample(seed, nets, n, outputs):
    rng = np.random.default_rng(seed)
    x = [rng.normal(size=(n, 2)) for _ in range(nets)]
    y = [rng.choice([-1.0, 1.0], n) for _ in range(nets)]
    data = batch(x, y, dtype=WIDE)
    f = torch.as_tensor(rng.normal(size=(nets, outputs, data.columns.shape[2])) * 3.0)
    return data, f, torch.as_tensor(np.stack(y))


@given(SEEDS, st.integers(1, 4), st.integers(1, 40))
def test_mse_is_torchs(seed, nets, n):
    data, f, y = sample(seed, nets, n, 1)
    ours = stack_loss("mse", f, data)
    theirs = [torch.nn.functional.mse_loss(f[e, 0, :n], y[e]) for e in range(nets)]
    assert torch.allclose(ours, torch.stack(theirs), rtol=1e-13, atol=0.0)


@given(SEEDS, st.integers(1, 4), st.integers(1, 40), st.integers(1, 2))
def test_cross_entropy_is_torchs(seed, nets, n, outputs):
    data, f, y = sample(seed, nets, n, outputs)
    ours = stack_loss("cross_entropy", f, data)
    for e in range(nets):
        logits = f[e, :, :n].T
        if outputs == 1:
            logits = torch.cat([torch.zeros_like(logits), logits], dim=1)
        theirs = torch.nn.functional.cross_entropy(logits, (y[e] > 0).long())
        # softplus of torch is the identity above 20, off by e^-20
        assert abs(float(ours[e] - theirs)) <= 1e-13 + math.exp(-20.0)


@given(SEEDS, st.integers(1, 40), st.sampled_from(["mse", "cross_entropy"]))
def test_padded_samples_have_no_say(seed, n, name):
    data, f, _ = sample(seed, 2, n, 1)
    before = stack_loss(name, f, data)
    assert data.columns.shape[2] % 16 == 0
    f[:, :, n:] = 1e6
    assert torch.equal(stack_loss(name, f, data), before)


def test_batches_hold_the_samples_in_columns():
    x = np.arange(6.0).reshape(3, 2)
    data = batch([x], [np.array([1.0, -1.0, 0.5])], dtype=WIDE)
    assert data.copies == 1
    assert np.array_equal(data.columns[0, :, :3].numpy(), x.T)
    assert not data.columns[0, :, 3:].any()
    assert data.share[:3].tolist() == [1.0 / 3.0] * 3
    assert not data.share[3:].any()
    assert data.take([0, 0, 0]) is data


def test_batch_errors():
    x, y = np.zeros((3, 2)), np.zeros(3)
    for xs, ys in (([], []), ([x], []), ([x, x[:2]], [y, y[:2]]), ([x], [y[:2]]), ([y], [y])):
        with pytest.raises(ShapeMismatch):
            batch(xs, ys)
    with pytest.raises(ShapeMismatch):
        batch([x[:0]], [y[:0]])
    with pytest.raises(NonFinite):
        batch([x * np.nan], [y])
    with pytest.raises(NonFinite):
        batch([x], [y + np.inf])


def test_losses_that_have_no_meaning_are_refused():
    x, y = np.ones((3, 2)), np.array([1.0, -1.0, 0.5])
    signs = np.sign(y)
    with pytest.raises(InvalidArgument, match="cross-entropy"):
        fit(initial_stack(Mlp((2, 1)), [0], He()), batch([x], [y]), Recipe(loss="cross_entropy"))
    for widths, loss in (((2, 2), "mse"), ((2, 3), "cross_entropy")):
        with pytest.raises(ShapeMismatch, match=loss):
            fit(initial_stack(Mlp(widths), [0], He()), batch([x], [signs]), Recipe(loss=loss))
    with pytest.raises(UnknownName):
        stack_loss("hinge", torch.zeros(1, 1, 16), batch([x], [y]))


def slopes_of(seed, h, d, nets=2):
    rng = np.random.default_rng(seed)
    w1, w2 = rng.normal(size=(nets, h, d)), rng.normal(size=(nets, 1, h))
    return [torch.as_tensor(w1), torch.as_tensor(w2)]


def brute_force(weights, net):
    """max over activation patterns of |sum of the kept v_i w_i|."""
    rows = (weights[0][net] * weights[1][net].T).numpy()
    patterns = np.array(list(itertools.product([0.0, 1.0], repeat=len(rows))))
    return float(np.linalg.norm(patterns @ rows, axis=1).max())


def value_of(weights, start, iterations):
    penalty = FreePatternPenalty(
        Mlp((weights[0].shape[2], weights[0].shape[1], 1)), LipschitzPenalty(1.0, iterations), start
    )
    return penalty(weights).sqrt()


@given(SEEDS, st.integers(1, 8), st.integers(1, 5))
def test_penalty_climbs_to_the_largest_pattern_from_some_start(seed, h, d):
    weights = slopes_of(seed, h, d)
    rng = np.random.default_rng(seed)
    starts = [torch.as_tensor(rng.normal(size=(2, d))) for _ in range(40)]
    found = torch.stack([value_of(weights, s, 20) for s in starts])
    for net in range(2):
        truth = brute_force(weights, net)
        assert float(found[:, net].max()) == pytest.approx(truth, rel=1e-12)
        assert float(found[:, net].min()) > 0.0


@given(SEEDS, st.integers(1, 8), st.integers(1, 5))
def test_more_power_steps_never_lose(seed, h, d):
    weights = slopes_of(seed, h, d)
    start = torch.as_tensor(np.random.default_rng(seed).normal(size=(2, d)))
    values = torch.stack([value_of(weights, start, k) for k in range(1, 9)])
    assert (values[1:] >= values[:-1] * (1.0 - 1e-14)).all()


def test_one_unit_is_penalised_whichever_way_the_search_starts():
    weights = [torch.tensor([[[3.0, 4.0]]], dtype=WIDE), torch.tensor([[[-2.0]]], dtype=WIDE)]
    for start in ([3.0, 4.0], [-3.0, -4.0], [0.0, 1.0]):
        assert float(value_of(weights, torch.tensor([start], dtype=WIDE), 2)) == pytest.approx(10.0)
    nothing = [torch.zeros(1, 3, 2, dtype=WIDE), torch.zeros(1, 1, 3, dtype=WIDE)]
    assert float(value_of(nothing, torch.ones(1, 2, dtype=WIDE), 5)) == 0.0


@given(SEEDS, st.integers(1, 6), st.integers(1, 4))
def test_penalty_gradient_is_a_central_difference(seed, h, d):
    weights = slopes_of(seed, h, d, nets=1)
    start = torch.as_tensor(np.random.default_rng(seed + 1).normal(size=(1, d)))
    arch, setting = Mlp((d, h, 1)), LipschitzPenalty(0.25, 40)
    penalty = FreePatternPenalty(arch, setting, start)
    leaves = [w.clone().requires_grad_() for w in weights]
    penalty(leaves).sum().backward()
    summit, step = penalty.direction.clone(), 1e-6

    def value(*changed):
        return float(FreePatternPenalty(arch, setting, summit)(changed))

    scale = sum(float(w.norm()) for w in weights) ** 4
    for which, leaf in enumerate(leaves):
        for place in np.ndindex(*leaf.shape):
            sides = []
            for sign in (1.0, -1.0):
                moved = [w.clone() for w in weights]
                moved[which][place] += sign * step
                sides.append(value(*moved))
            rise = (sides[0] - sides[1]) / (2.0 * step)
            # second derivatives of the maximum are of the order of the fourth power of the sizes
            assert abs(float(leaf.grad[place]) - rise) <= 10.0 * step * (1.0 + scale)


@pytest.mark.parametrize("arch", [Mlp((3, 4, 4, 1)), Mlp((3, 4, 2)), Mlp((3, 4, 1), "tanh"), Mlp((3, 1))])
def test_penalty_refuses_what_it_cannot_bound(arch):
    data = batch([np.ones((4, 3))], [np.ones(4)])
    recipe = Recipe(penalty=LipschitzPenalty(), steps=1, loss="cross_entropy")
    with pytest.raises(MissingCapability, match="hidden ReLU layer"):
        fit(initial_stack(arch, [0], He()), data, recipe)


@pytest.mark.parametrize("bad", [(0.0, 6), (-1.0, 6), (math.nan, 6), (math.inf, 6), (1.0, 0)])
def test_penalty_settings(bad):
    with pytest.raises(InvalidArgument, match="penalty"):
        LipschitzPenalty(*bad)
