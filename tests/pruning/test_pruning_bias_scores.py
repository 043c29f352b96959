"""Scores of biases: oracles, ties of zeros, and a flow through a constant input."""

import itertools

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy_networks import loss, outputs
from pruning_runs import session_with_biases

from robustlaw.networks import (
    He,
    Mlp,
    Recipe,
    TorchDefault,
    batch,
    initial_stack,
)
from robustlaw.pruning import (
    MagnitudeAtInit,
    Snip,
    SynFlow,
)
from robustlaw.pruning.scores import gradient_flow, magnitude, sensitivities
from robustlaw.pruning.synaptic_flow import flow_scores


@pytest.mark.parametrize(
    "pruner",
    [
        MagnitudeAtInit(0.5, scope="global", include_biases=True),
        MagnitudeAtInit(0.5, include_biases=True),
        Snip(0.5, include_biases=True),
        SynFlow(0.5, rounds=7, include_biases=True),
        SynFlow(0.5, rounds=5, scope="layerwise", include_biases=True),
    ],
    ids=lambda p: f"{p.name} {p.scope}",
)
def test_biases_that_start_at_zero_go_first(pruner):
    arch = Mlp((5, 6, 4, 1), "tanh")  # no weight of a smooth network has the score 0
    weights, biases = arch.weight_count, arch.parameter_count - arch.weight_count
    layered = pruner.scope == "layerwise"
    # layerwise rounds of SynFlow cut all paths to some weights, whose score then is 0 as well
    few = (55,) if pruner.name == "SynFlow" else (10, 30, 55)
    for count in few if layered else (1, 20, weights):
        masks = pruner.choose(session_with_biases(arch, count, initialisation=He()))
        for m in masks:
            whole = m[:, :, :-1].all(2).all(1)
            assert not bool(m[:, :, -1].any(1)[~whole].any())
            assert layered or not bool(m[:, :, -1].any())
        assert all(sum(int(m[net].sum()) for m in masks) == count for net in range(3))
    for extra in (1, biases):
        masks = pruner.choose(session_with_biases(arch, weights + extra, initialisation=He()))
        assert all(sum(int(m[net].sum()) for m in masks) == weights + extra for net in range(3))
        assert layered or all(bool(m[:, :, :-1].all()) for m in masks)


def test_which_of_the_tied_biases_stay_is_a_fair_draw():
    keys = tuple(range(400))
    session = session_with_biases(Mlp((3, 4, 1)), 16 + 2, keys=keys, initialisation=He())
    masks = MagnitudeAtInit(0.5, scope="global", include_biases=True).choose(session)
    kept = torch.cat([m[:, :, -1] for m in masks], dim=1).double()
    assert bool((kept.sum(1) == 2).all())
    # 5 biases, 2 kept: within 5 standard deviations of 2/5
    assert float((kept.mean(0) - 0.4).abs().max()) < 5.0 * (0.24 / 400) ** 0.5


def _flat(net):
    return np.concatenate([np.column_stack([w, b]).ravel() for w, b in net.layers])


def _layers(arch, flat):
    found, first = [], 0
    for out, into in arch.shapes:
        part = flat[first : first + out * (into + 1)].reshape(out, into + 1)
        found.append((part[:, :-1], part[:, -1]))
        first += part.size
    return [w for w, _ in found], [b for _, b in found]


def _gradient(arch, flat, x, y):
    """dL/d(all weights and biases) of a tanh network, by hand."""
    weights, biases = _layers(arch, flat)
    values = outputs(weights, biases, x)
    back = (2.0 * (values[-1][:, 0] - y) / len(y))[:, None]
    rows = []
    for i in range(len(weights) - 1, -1, -1):
        rows.append(np.column_stack([back.T @ values[i], back.sum(0)]).ravel())
        if i:
            back = (back @ weights[i]) * (1.0 - values[i] ** 2)
    return np.concatenate(rows[::-1])


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 4), min_size=1, max_size=3), st.integers(1, 9))
def test_gradient_scores_are_central_differences_in_the_masks(seed, widths, n):
    arch = Mlp((*widths, 1), "tanh")
    rng = np.random.default_rng(seed)
    x, y = rng.normal(size=(n, widths[0])), rng.choice([-1.0, 1.0], n)
    stack = initial_stack(arch, [seed, "b"], TorchDefault(), dtype=torch.float64)
    layers, data = list(range(arch.layers)), batch([x], [y], dtype=torch.float64)
    biased = frozenset(layers)
    masked = stack.masking_biases().with_masks(
        [torch.as_tensor(rng.random((2, out, into + 1)) < 0.6) for out, into in arch.shapes]
    )
    sizes = magnitude(stack, layers, biased)
    here = sensitivities(masked, stack, data, Recipe(), layers, biased)
    flow = gradient_flow(stack, data, Recipe(), layers, 1.0, biased)
    step = 1e-6
    for place in range(2):
        dense, now = _flat(stack[place]), _flat(masked[place])
        joined = [np.concatenate([s[place].ravel() for s in score]) for score in (sizes, here, flow)]
        assert np.array_equal(joined[0], np.abs(dense))

        def total(flat):
            return loss(*_layers(arch, flat), x, y)

        def norm(flat):
            return float((_gradient(arch, flat, x, y) ** 2).sum())

        for i, unit in enumerate(np.eye(len(dense))):
            slope = (total(now + step * unit) - total(now - step * unit)) / (2.0 * step)
            assert joined[1][i] == pytest.approx(abs(dense[i] * slope), abs=3e-6, rel=3e-6)
            fall = (norm(dense * (1 + step * unit)) - norm(dense * (1 - step * unit))) / (2.0 * step)
            assert 2.0 * joined[2][i] == pytest.approx(fall, abs=3e-5, rel=3e-5)


@settings(max_examples=30)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 4), min_size=2, max_size=5),
    st.lists(st.booleans(), min_size=4, max_size=4),
    st.floats(0.2, 1.0),
    st.sampled_from([1.0, 1e-30, 1e30]),
)
def test_flow_through_biases_is_that_of_a_constant_input(seed, widths, biased, part, scale):
    """R is linear in each |entry|, so that its score is what R loses without it."""
    rng = np.random.default_rng(seed)
    shapes = [
        (b, a + with_bias) for (a, b), with_bias in zip(itertools.pairwise(widths), biased, strict=False)
    ]
    sizes = [scale * rng.random((2, *shape)) * (rng.random((2, *shape)) < part) for shape in shapes]
    scores = flow_scores(sizes, widths[:-1])

    def flow(layers):
        h = np.ones(widths[0])
        for w in layers:
            h = w @ np.append(h, 1.0)[: w.shape[1]]
        return h.sum()

    for net in range(2):
        layers = [w[net] for w in sizes]
        found, wanted = [], []
        for layer, w in enumerate(layers):
            for entry in np.ndindex(*w.shape):
                less = [v.copy() for v in layers]
                less[layer][entry] = 0.0
                wanted.append(flow(layers) - flow(less))
                found.append(scores[layer][net][entry])
        found, wanted = np.array(found), np.array(wanted)
        if not wanted.any():
            assert not found.any()
            continue
        top = int(np.argmax(wanted))
        # differences of flows lose what is far below the largest: rounding of both terms
        assert np.allclose(found / found[top], wanted / wanted[top], rtol=1e-9, atol=1e-12)


def test_flow_with_biases_neither_overflows_nor_underflows_with_depth():
    rng = np.random.default_rng(0)
    for size in (1e-30, 1e30):
        sizes = [size * rng.random((1, 3, 4)) for _ in range(40)]
        scores = flow_scores(sizes, [3] * 40)
        assert all(np.isfinite(s).all() for s in scores)
        assert max(float(s.max()) for s in scores) > 0.0
