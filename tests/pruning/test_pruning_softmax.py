"""Pruning of networks with many classes: scores against differences of torch's loss, and whole runs."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import PRUNERS

from robustlaw.errors import InvalidArgument
from robustlaw.networks import Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.pruning import Grasp, RandomLabels, Session, Snip
from robustlaw.pruning.scores import gradient_flow, snip

PLAN = Recipe(loss="softmax", steps=6)
# signs in the place of labels have no meaning for classes
LEFT_OUT = {"RandomLabels", "RandomLabels trained"}
WIDE = torch.float64


def classes(seed, n, d, k, dtype=torch.float32):
    rng = np.random.default_rng(seed)
    return batch([rng.normal(size=(n, d))], [rng.integers(k, size=n)], dtype=dtype)


def session(widths=(6, 8, 4), keys=(0, 1), count=30, recipe=PLAN):
    arch = Mlp(widths)
    start = initial_stack(arch, list(keys), recipe.initialisation)
    names = tuple(f"W{i + 1}" for i in range(arch.layers))
    data = classes(0, 21, widths[0], widths[-1])
    return Session(start, data, recipe, tuple(keys), (count,) * len(keys), names)


def squared_gradient(weights, biases, data, n, temperature):
    """|g|^2 in the weights, of torch's loss on outputs over the temperature."""
    leaves = [w.clone().requires_grad_() for w in weights]
    h = data.columns[0, :, :n].T
    for layer, (w, b) in enumerate(zip(leaves, biases, strict=True)):
        h = h @ w.T + b
        h = torch.tanh(h) if layer < len(leaves) - 1 else h
    loss = torch.nn.functional.cross_entropy(h / temperature, data.labels[0, :n].long())
    return loss.detach(), torch.autograd.grad(loss, leaves)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.integers(2, 5), st.integers(1, 9), st.sampled_from([1.0, 200.0]))
def test_scores_are_differences_of_torchs_loss(seed, k, n, temperature):
    """SNIP: |w dL/dw|. GraSP: moving w by -t w changes |g|^2 by -2 t w (Hg)."""
    stack = initial_stack(Mlp((3, 4, k), "tanh"), [seed], TorchDefault(), dtype=WIDE)
    data, step = classes(seed, n, 3, k, WIDE), 1e-5
    sensitivity = snip(stack, data, Recipe(loss="softmax"), [0, 1])
    flow = gradient_flow(stack, data, Recipe(loss="softmax"), [0, 1], temperature)
    weights, biases = [w[0].clone() for w in stack.weights], [b[0] for b in stack.biases]
    largest = max(np.abs(s).max() for s in flow)
    rng = np.random.default_rng(seed)
    for layer in range(2):
        place = tuple(int(rng.integers(s)) for s in weights[layer].shape)
        value, losses, norms = weights[layer][place].clone(), [], []
        for factor in (1.0 + step, 1.0 - step):
            weights[layer][place] = value * factor
            losses.append(float(squared_gradient(weights, biases, data, n, 1.0)[0]))
            slopes = squared_gradient(weights, biases, data, n, temperature)[1]
            norms.append(sum(float(g.square().sum()) for g in slopes))
        weights[layer][place] = value
        rise = (losses[0] - losses[1]) / (2.0 * step)
        assert sensitivity[layer][0][place] == pytest.approx(abs(rise), rel=1e-6, abs=1e-8)
        bend = (norms[0] - norms[1]) / (4.0 * step)
        assert abs(flow[layer][0][place] - bend) <= 1e-6 * largest + 1e-9 * abs(bend)


@pytest.mark.parametrize("name", sorted(PRUNERS.keys() - LEFT_OUT))
def test_every_pruner_works_with_classes(name):
    asked, pruner = session(), PRUNERS[name](30 / 80)
    stack = pruner.run(asked)
    kept = sum(m.flatten(1).sum(1) for m in stack.masks)
    assert not pruner.exact or kept.tolist() == [30, 30]
    assert all(torch.isfinite(w).all() for w in stack.weights)
    again = pruner.run(asked.take([1]))
    assert all(torch.equal(a[1], b[0]) for a, b in zip(stack.masks, again.masks, strict=True))


def test_grasp_divides_the_outputs_of_classes():
    """As for labels +-1: the temperature changes the mask."""
    asked = session(keys=tuple(range(6)))
    hot, cold = (Grasp(30 / 80, temperature=t).choose(asked) for t in (200.0, 0.5))
    assert not all(torch.equal(a, b) for a, b in zip(hot, cold, strict=True))


def test_signs_are_no_classes():
    with pytest.raises(InvalidArgument, match="labels 0, 1"):
        RandomLabels(Snip(0.5)).choose(session())
    wrong = session()
    with pytest.raises(InvalidArgument, match="labels 0, 1"):
        Snip(0.5).choose(replace(wrong, data=replace(wrong.data, labels=wrong.data.labels - 1.0)))
