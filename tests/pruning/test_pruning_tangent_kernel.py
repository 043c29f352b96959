"""NTK-SAP against the trace of the tangent kernel in plain numpy, and what its masks look at."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from pruning_runs import ARCH, QUICK, relabelled, same_masks, sample

import robustlaw as rl
from robustlaw.data import Dataset
from robustlaw.errors import InvalidArgument
from robustlaw.networks import He, Mlp, Recipe, TorchDefault, batch, initial_stack
from robustlaw.pruning import NtkSap, NtkSapOnInputs, Session
from robustlaw.pruning.tangent_kernel import kernel_derivatives


def outputs(weights, biases, x):
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        x = x @ w.T + b
        x = np.tanh(x) if i < len(weights) - 1 else x
    return x


def jacobian_rows(weights, biases, x, layers):
    """df/dw of every entry of some layers, (entries, samples, outputs), by hand."""
    values = [x]
    for i, (w, b) in enumerate(zip(weights, biases, strict=True)):
        z = values[-1] @ w.T + b
        values.append(np.tanh(z) if i < len(weights) - 1 else z)
    rows = {}
    back = np.broadcast_to(np.eye(weights[-1].shape[0]), (len(x), *[weights[-1].shape[0]] * 2))
    for i in range(len(weights) - 1, -1, -1):
        # back[n, o, u] = df_o/dz_u
        rows[i] = np.einsum("nou,ni->uino", back, values[i])
        if i:
            back = np.einsum("nou,ui->noi", back, weights[i]) * (1.0 - values[i] ** 2)[:, None, :]
    return [rows[i] for i in layers]


def trace(theta, biases, masks, x, layers):
    """Mean over the inputs of |J m|^2, at the weights theta m."""
    weights = [w * m for w, m in zip(theta, masks, strict=True)]
    rows = jacobian_rows(weights, biases, x, layers)
    return sum(
        np.sum((r * masks[i][:, :, None, None]) ** 2) for i, r in zip(layers, rows, strict=True)
    ) / len(x)


@settings(max_examples=20)
@given(
    st.integers(0, 10**6),
    st.lists(st.integers(1, 3), min_size=1, max_size=3),
    st.integers(1, 2),
    st.integers(1, 5),
    st.booleans(),
)
def test_over_all_directions_they_are_derivatives_of_the_trace(seed, widths, top, n, every):
    """E (a v)^2 = |a|^2 over normal v is the sum over unit vectors v, which needs no drawing.

    Opposite directions cancel the third order in eps, which leaves eps^2 relative.
    """
    arch = Mlp((*widths, top), "tanh")
    rng = np.random.default_rng(seed)
    theta = [rng.normal(size=s) for s in arch.shapes]
    biases = [rng.normal(size=s[0]) for s in arch.shapes]
    masks = [(rng.random(s) < 0.7).astype(float) for s in arch.shapes]
    x, layers = rng.normal(size=(n, widths[0])), list(range(arch.layers)) if every else [0]
    data, eps = batch([x], [np.zeros(n)], dtype=torch.float64), 1e-4
    values = tuple([torch.as_tensor(a)[None] for a in group] for group in (theta, biases))
    slopes = [np.zeros(arch.shapes[i]) for i in layers]
    for layer in layers:
        for entry in np.ndindex(*arch.shapes[layer]):
            for sign in (1.0, -1.0):
                shifts = {i: torch.zeros(1, *arch.shapes[i], dtype=torch.float64) for i in layers}
                shifts[layer][0][entry] = sign
                kept = [torch.as_tensor(m)[None] for m in masks]
                found = kernel_derivatives(arch, values, shifts, kept, data, eps)
                slopes = [s + f[0].numpy() / (2.0 * eps**2) for s, f in zip(slopes, found, strict=True)]
    step = 1e-5
    for place, layer in enumerate(layers):
        for entry in np.ndindex(*arch.shapes[layer]):
            ends = []
            for sign in (1.0, -1.0):
                moved = [m.copy() for m in masks]
                moved[layer][entry] += sign * step
                ends.append(trace(theta, biases, moved, x, layers))
            rise = (ends[0] - ends[1]) / (2.0 * step)
            size = 1.0 + np.abs(slopes[place]).max()
            assert abs(slopes[place][entry] - rise) <= 1e-6 * size


@settings(max_examples=20)
@given(st.integers(0, 10**6), st.lists(st.integers(1, 3), min_size=1, max_size=3), st.integers(1, 2))
def test_they_are_central_differences_of_the_squared_change(seed, widths, top):
    arch, n, eps = Mlp((*widths, top), "tanh"), 4, 0.3
    rng = np.random.default_rng(seed)
    theta, v = ([rng.normal(size=s) for s in arch.shapes] for _ in range(2))
    biases = [rng.normal(size=s[0]) for s in arch.shapes]
    masks = [(rng.random(s) < 0.7).astype(float) for s in arch.shapes]
    x = rng.normal(size=(n, widths[0]))
    values = tuple([torch.as_tensor(a)[None] for a in group] for group in (theta, biases))
    kept, shifts = ([torch.as_tensor(a)[None] for a in group] for group in (masks, v))
    data = batch([x], [np.zeros(n)], dtype=torch.float64)
    found = kernel_derivatives(arch, values, dict(enumerate(shifts)), kept, data, eps)

    def change(masks):
        here = outputs([w * m for w, m in zip(theta, masks, strict=True)], biases, x)
        moved = [(w + eps * s) * m for w, s, m in zip(theta, v, masks, strict=True)]
        return np.mean(np.sum((here - outputs(moved, biases, x)) ** 2, axis=1))

    for layer, slopes in enumerate(found):
        for entry in np.ndindex(*arch.shapes[layer]):
            ends = []
            for sign in (1.0, -1.0):
                moved = [m.copy() for m in masks]
                moved[layer][entry] += sign * 1e-5
                ends.append(change(moved))
            rise = (ends[0] - ends[1]) / 2e-5
            assert slopes[0].numpy()[entry] == pytest.approx(rise, abs=1e-7, rel=1e-6)


def session(start, data, recipe=QUICK):
    return Session(start, batch([data.x], [data.y]), recipe, ("a", 5, 7), (20,) * 3, ("W1", "W2"))


def masks_of(pruner, made):
    return pruner.choose(made)


def equal(one, other):
    return all(torch.equal(a, b) for a, b in zip(one, other, strict=True))


@pytest.mark.parametrize("kind", [NtkSap, NtkSapOnInputs])
def test_the_weights_that_are_trained_are_not_looked_at(kind):
    pruner, data = kind(20 / 56, rounds=3), sample()
    one, two = (initial_stack(ARCH, keys, He()) for keys in (["a", 5, 7], ["other", 6, 8]))
    found = masks_of(pruner, session(one, data))
    assert equal(found, masks_of(pruner, session(two, data)))
    # their law is
    assert not equal(
        found, masks_of(pruner, session(one, data, replace(QUICK, initialisation=TorchDefault())))
    )


def test_inputs_are_looked_at_where_declared_and_labels_never():
    data = sample(n=30)
    scaled = Dataset.from_arrays(data.x * np.linspace(0.1, 3.0, 6), data.y)
    for kind, looks in ((NtkSap, False), (NtkSapOnInputs, True)):
        stacks = [rl.train(ARCH, d, kind(0.4, rounds=3), range(4), QUICK) for d in (data, scaled)]
        assert same_masks(*stacks) != looks
        again = rl.train(ARCH, relabelled(data), kind(0.4, rounds=3), range(4), QUICK)
        assert same_masks(stacks[0], again)


@pytest.mark.parametrize("kind", [NtkSap, NtkSapOnInputs])
def test_every_round_and_redraw_draws_anew(kind):
    start = initial_stack(ARCH, ["a", 5, 7], He())
    made = session(start, sample())
    first, second = (kind(0.5).scores(made, start, number)[0] for number in range(2))
    assert not np.allclose(first, second, rtol=0.1)
    both = kind(0.5, redraws=2).scores(made, start, 0)[0]
    assert not np.allclose(both, first, rtol=0.1)
    # entries of no network share their draws
    assert not np.allclose(first[0], first[1], rtol=0.1)


def test_many_redraws_find_what_the_inputs_weigh():
    """The derivative in m_ij grows with the second moment of input j: so do the kept entries."""
    rng = np.random.default_rng(0)
    scale = np.array([0.1, 0.1, 0.1, 2.0, 2.0, 2.0])
    data = Dataset.from_arrays(rng.normal(size=(50, 6)) * scale, rng.choice([-1.0, 1.0], 50))
    stack = rl.train(ARCH, data, NtkSapOnInputs(0.4, rounds=1, redraws=100), range(4), QUICK)
    kept = stack.masks[0].sum((0, 1))
    assert int(kept[3:].sum()) > 4 * int(kept[:3].sum())


def test_the_mean_over_redraws_is_taken_before_its_size():
    start = initial_stack(ARCH, ["a", 5, 7], He())
    made = session(start, sample())
    together = NtkSap(0.5, redraws=2).scores(made, start, 0)
    pruner = NtkSap(0.5)
    alone = [pruner._derivatives(made, start, [0, 1, 2] + [2] * 13, 0, r) for r in range(2)]
    for layer, scores in enumerate(together):
        mean = (alone[0][layer] + alone[1][layer])[:3] / 2.0
        assert np.array_equal(scores, mean.abs().numpy())


def test_wrong_use_is_named():
    for settings_ in ({"redraws": 0}, {"epsilon": 0.0}, {"rounds": 0}, {"points": 0}):
        with pytest.raises(InvalidArgument, match=next(iter(settings_))):
            NtkSap(0.5, **settings_)
    with pytest.raises(InvalidArgument, match="epsilon"):
        NtkSapOnInputs(0.5, epsilon=-1.0)


def test_two_classes():
    stack = rl.train(
        Mlp((6, 5, 2)), sample(), NtkSap(0.5, rounds=3), [0, 1], Recipe(steps=3, loss="cross_entropy")
    )
    assert all(sum(int(m[net].sum()) for m in stack.masks) == 20 for net in range(2))
