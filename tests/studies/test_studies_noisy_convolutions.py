"""Pruned convolutions: outputs, scores, training and masks against independent computations."""

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.seeds import generator
from robustlaw.studies import noisy_convolutions as study
from robustlaw.studies.image_sets import noisy_parts
from robustlaw.studies.noisy_convolutions import METHODS, NoisyConvolutionsConfig

TOTAL = 2 * 9 + 3 * 2 * 9 + 10 * 3 * 16


def config(**change):
    plain = {
        "method": "Random",
        "seed": 0,
        "counts": (200, 40),
        "train": 120,
        "test": 40,
        "variance": 0.3,
        "channels": (2, 3),
        "scored": 2,
        "epochs": 2,
        "synflow_rounds": 5,
    } | change
    if plain["method"] == "IterativeMagnitude":
        plain.setdefault("rounds", (400, 200, 100, 40))
    return NoisyConvolutionsConfig(**plain)


def convolved(w, b, x, stride):
    """A 3 x 3 convolution with a border of zeros, sum by sum, and ReLU."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    out = range(0, x.shape[2], stride)
    places = [[np.einsum("oirc,nirc->no", w, padded[:, :, i : i + 3, j : j + 3]) for j in out] for i in out]
    return np.maximum(np.moveaxis(np.array(places), (0, 1), (2, 3)) + b[None, :, None, None], 0.0)


def by_hand(weights, biases, x):
    h = convolved(weights[0], biases[0], x, 1)
    h = convolved(weights[1], biases[1], h, 2)
    return h.reshape(len(x), -1) @ weights[2].T + biases[2]


@settings(max_examples=10)
@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 3))
def test_outputs_are_those_of_sums(seed, first, second):
    rng, cell = np.random.default_rng(seed), config(channels=(first, second), counts=(5,))
    weights = [rng.normal(size=shape) for shape in cell.shapes]
    biases = [rng.normal(size=shape[0]) for shape in cell.shapes]
    x = rng.normal(size=(3, 1, 8, 8))
    ours = study.outputs(
        *([torch.as_tensor(a) for a in group] for group in (weights, biases)), torch.as_tensor(x)
    )
    assert np.allclose(ours.numpy(), by_hand(weights, biases, x), rtol=1e-12, atol=1e-12)


def test_snip_scores_are_differences_of_the_loss():
    cell = config(seed=3)
    few = noisy_parts(cell.images, 3)[0].few(2)
    weights = [w.double().numpy() for w in study.initial(cell)]
    biases = [np.zeros(len(w)) for w in weights]
    scores, rng, step = study.sensitivities(cell, few), np.random.default_rng(0), 1e-5

    def loss():
        f = by_hand(weights, biases, few.x.astype(np.float64).reshape(-1, 1, 8, 8))
        return np.mean(np.log(np.exp(f).sum(1)) - f[np.arange(len(f)), few.y])

    for layer, score in enumerate(scores):
        for _ in range(4):
            place = tuple(int(rng.integers(s)) for s in score.shape)
            value, ends = weights[layer][place], []
            for factor in (1.0 + step, 1.0 - step):
                weights[layer][place] = value * factor
                ends.append(loss())
            weights[layer][place] = value
            rise = abs(ends[0] - ends[1]) / (2.0 * step)
            assert float(score[place]) == pytest.approx(rise, rel=1e-5, abs=1e-8)


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.floats(0.05, 1.0))
def test_flows_of_a_layer_sum_to_the_whole_flow(seed, density):
    rng = np.random.default_rng(seed)
    sizes = [torch.as_tensor(rng.random(s) * (rng.random(s) < density)) for s in config().shapes]
    zeros = [torch.zeros(len(w), dtype=torch.float64) for w in sizes]
    whole = float(study.outputs(sizes, zeros, torch.ones((1, 1, 8, 8), dtype=torch.float64)).sum())
    for flow in study.flows(sizes):
        assert float(flow.sum()) == pytest.approx(whole, rel=1e-10, abs=1e-12)


@settings(max_examples=15)
@given(st.integers(0, 10**6), st.floats(0.03, 0.4))
def test_weights_without_flow_do_not_matter(seed, density):
    """Other values for kept weights that no path leads through change outputs by a constant at most."""
    rng = np.random.default_rng(seed)
    masks = [torch.as_tensor((rng.random(s) < density).astype(float)) for s in config().shapes]
    alive = [f > 0.0 for f in study.flows(masks)]
    assert all(bool((m[a] == 1.0).all()) for m, a in zip(masks, alive, strict=True))
    weights = [torch.as_tensor(rng.normal(size=m.shape)) * m for m in masks]
    zeros = [torch.zeros(len(w), dtype=torch.float64) for w in weights]
    thinned = [w * a for w, a in zip(weights, alive, strict=True)]
    x = torch.as_tensor(rng.normal(size=(4, 1, 8, 8)))
    assert torch.allclose(study.outputs(weights, zeros, x), study.outputs(thinned, zeros, x), atol=1e-12)


def test_training_is_that_of_a_module_with_masked_weights():
    """An own loop: weights times masks in the forward pass, so that off the mask nothing has a gradient."""
    cell = config(epochs=3)
    train, _ = noisy_parts(cell.images, 0)
    rng = np.random.default_rng(1)
    masks = [torch.as_tensor((rng.random(s) < 0.5).astype(np.float32)) for s in cell.shapes]
    leaves = [w.clone().requires_grad_() for w in study.initial(cell)]
    biases = [torch.zeros(len(w), requires_grad=True) for w in leaves]
    optimiser = torch.optim.Adam([*leaves, *biases], lr=1e-3)
    x, y = torch.as_tensor(train.x).view(-1, 1, 8, 8), torch.as_tensor(train.y)
    for epoch in range(3):
        order = generator("order", cell.key, epoch).permutation(120)
        for places in (order[:64], order[64:]):
            optimiser.zero_grad()
            f = study.outputs([w * m for w, m in zip(leaves, masks, strict=True)], biases, x[places])
            torch.nn.functional.cross_entropy(f, y[places]).backward()
            optimiser.step()
    weights, shifts = study.trained(cell, masks, train)
    for ours, leaf, mask in zip(weights, leaves, masks, strict=True):
        assert not ours[mask == 0.0].any()
        assert torch.allclose(ours, leaf.detach() * mask, rtol=1e-4, atol=1e-6)
    for ours, bias in zip(shifts, biases, strict=True):
        assert torch.allclose(ours, bias.detach(), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_masks_have_the_counts_and_rows_are_reproducible(method):
    cell = config(method=method)
    train, _ = noisy_parts(cell.images, 0)
    levels = study._masks(cell, train)
    assert [sum(int(m.sum()) for m in masks) for masks in levels] == [200, 40]
    row = study.run([cell.plain()])[0]
    other = replace(cell, seed=1).plain()
    assert study.run([other, cell.plain()])[1] == row
    assert study.run([other])[0] != row
    assert json.loads(json.dumps(row)) == row
    assert row["off_mask"] == [0, 0]
    assert row["kept"] == [200, 40]
    assert all(0 <= alive <= kept for alive, kept in zip(row["effective"], row["kept"], strict=True))
    assert all(0 <= right <= 120 for right in row["train_right"])
    assert all(0 <= right <= 40 for right in row["test_right"])


def test_iterative_pruning_keeps_the_largest_of_those_left():
    cell = config(method="IterativeMagnitude", counts=(TOTAL, 400, 200, 100))
    train, _ = noisy_parts(cell.images, 0)
    for before, after in itertools.pairwise(study._masks(cell, train)):
        sizes = torch.cat([w.abs().flatten() for w in study.trained(cell, before, train)[0]])
        old, new = (torch.cat([m.flatten() for m in masks]) > 0.0 for masks in (before, after))
        assert not (new & ~old).any()
        assert float(sizes[new].min()) >= float(sizes[old & ~new].max())


def test_networks_learn():
    row = study.run([config(counts=(TOTAL,), epochs=40, learning_rate=0.01, variance=0.0).plain()])[0]
    assert row["train_right"][0] > 100  # of 120, where 12 are chance


def test_a_config_survives_json():
    cell = config(method="IterativeMagnitude")
    assert NoisyConvolutionsConfig.of(json.loads(json.dumps(cell.plain()))) == cell


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"method": "Grasp"}, UnknownName),
        ({"counts": ()}, InvalidArgument),
        ({"counts": (40, 200)}, InvalidArgument),
        ({"counts": (TOTAL + 1,)}, InvalidArgument),
        ({"counts": (0,)}, InvalidArgument),
        ({"method": "IterativeMagnitude", "rounds": (400, 40)}, InvalidArgument),
        ({"channels": (0, 3)}, InvalidArgument),
        ({"epochs": 0}, InvalidArgument),
        ({"learning_rate": 0.0}, InvalidArgument),
        ({"variance": -1.0}, InvalidArgument),
        ({"train": 0}, InvalidArgument),
    ],
)
def test_wrong_configs_are_refused(change, error):
    with pytest.raises(error):
        config(**change)
