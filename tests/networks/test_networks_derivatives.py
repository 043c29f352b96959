"""Float64 derivatives for scores: written against recorded, against differences, and chunk by chunk."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from training_runs import SEEDS, WIDE, problem

from robustlaw.errors import InvalidArgument, ShapeMismatch
from robustlaw.networks import Mlp, Recipe, TorchDefault, derivatives, initial_stack
from robustlaw.networks.derivatives import Recorded, Written, in_chunks

WIDTHS = st.lists(st.integers(1, 6), min_size=1, max_size=4)


def setting(seed, widths, n, copies=1):
    stack = initial_stack(Mlp(tuple(widths)), [seed, "b"], TorchDefault(), dtype=WIDE)
    return stack, problem(seed, n, widths[0], copies, WIDE)


def directions(stack, asked, seed):
    rng = np.random.default_rng(seed)
    return {name: torch.as_tensor(rng.normal(size=tuple(stack.tensors[name].shape))) for name in asked}


def close(ours, theirs):
    """To 1e-12 of the largest entry that a network has."""
    scale = torch.stack([t.abs().flatten(1).amax(1) for t in theirs.values()]).amax(0)
    return all(
        bool(((ours[name] - t).abs().flatten(1).amax(1) <= 1e-12 * scale).all()) for name, t in theirs.items()
    )


@settings(max_examples=60)
@given(SEEDS, WIDTHS, st.integers(1, 20), st.sampled_from([1, 2]), st.data())
def test_written_hessian_products_are_the_recorded_ones(seed, inner, n, copies, data):
    loss = data.draw(st.sampled_from(["mse", "cross_entropy"]))
    outputs = data.draw(st.integers(1, 2)) if loss == "cross_entropy" else 1
    stack, batch = setting(seed, (*inner, outputs), n, copies)
    asked = data.draw(st.lists(st.sampled_from(sorted(stack.tensors)), min_size=1, unique=True))
    found = []
    for kind in (Written, Recorded):
        one = kind(stack.arch, loss, asked)
        first = one.gradient(stack.tensors, batch)
        found.append((first, one.curved(first), one.curved(directions(stack, asked, seed))))
    for ours, theirs in zip(*found, strict=True):
        assert ours.keys() == theirs.keys() == set(asked)
        assert close(ours, theirs)


def active(values, columns):
    """Which hidden units are on, network by network and sample by sample."""
    patterns, below = [], columns.expand(2, -1, -1)
    for layer in range(1, len(values) // 2):
        z = values[f"W{layer}"] @ below + values[f"b{layer}"][:, :, None]
        patterns.append((z > 0.0).flatten(1))
        below = z.clamp(min=0.0)
    return torch.cat(patterns, 1)


@settings(max_examples=25)
@given(SEEDS, st.lists(st.integers(1, 5), min_size=2, max_size=3), st.integers(1, 9))
def test_hessian_products_are_central_differences_of_gradients(seed, inner, n):
    """Between kinks the gradient is a polynomial of the weights: of degree 5 here, in steps of 1e-5."""
    stack, batch = setting(seed, (*inner, 1), n)
    asked, step = sorted(stack.tensors), 1e-5
    along = directions(stack, asked, seed)
    loss = Written(stack.arch, "mse", asked)
    ends = [{k: t + sign * step * along[k] for k, t in stack.tensors.items()} for sign in (1.0, -1.0)]
    ahead, behind = (loss.gradient(values, batch) for values in ends)
    between = torch.ne(*(active(values, batch.columns) for values in ends)).any(1)
    loss.gradient(stack.tensors, batch)
    for name, product in loss.curved(along).items():
        off = (ahead[name] - behind[name]) / (2.0 * step) - product
        assert bool((off.abs() <= 1e-6 * (1.0 + product.abs().amax()))[~between].all())


@pytest.mark.parametrize("activation", ["relu", "tanh"])
def test_a_second_point_in_the_same_workspace(activation):
    """Neither the gradient nor the Hessian remembers where it was before, or how many networks."""
    stack = initial_stack(Mlp((3, 5, 4, 1), activation), [0, 1, 2], TorchDefault(), dtype=WIDE)
    batch, asked = problem(0, 11, 3, dtype=WIDE), ["W1", "b2", "W3"]
    used = derivatives.derivatives(stack.arch, "mse", asked)
    for places in ([0, 1, 2], [1, 2, 0], [2], [0, 1]):
        part = stack.take(places).tensors
        fresh = derivatives.derivatives(stack.arch, "mse", asked)
        ours, theirs = (d.gradient(part, batch) for d in (used, fresh))
        assert all(torch.equal(ours[k], theirs[k]) for k in asked)
        ours, theirs = (d.curved(ours) for d in (used, fresh))
        assert all(torch.equal(ours[k], theirs[k]) for k in asked)


@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize("copies", [1, 37])
@pytest.mark.parametrize("loss", ["mse", "cross_entropy"])
def test_bits_do_not_depend_on_the_chunks(activation, copies, loss, monkeypatch):
    stack = initial_stack(Mlp((3, 7, 5, 1), activation), list(range(37)), TorchDefault())
    data, recipe, found = problem(1, 21, 3, copies), Recipe(loss=loss), []
    for size in (1, 2**13, 2**22):
        monkeypatch.setattr(derivatives, "CHUNK_BYTES", size)
        monkeypatch.setattr("robustlaw.networks.chunk.WANTED_BYTES", size)
        one = derivatives.derivatives(stack.arch, loss, sorted(stack.tensors))
        parts, places = [], []
        for part, values, points in in_chunks(stack, data, recipe):
            first = one.gradient(values, points)
            both = [*first.values(), *one.curved(first).values()]
            parts.append([t[: part.stop - part.start] for t in both])
            places += range(part.start, part.stop)
        assert places == list(range(37))
        found.append([torch.cat(group) for group in zip(*parts, strict=True)])
        assert (len(parts) > 2) == (size < 2**22)
    for other in found[1:]:
        assert all(torch.equal(a, b) for a, b in zip(found[0], other, strict=True))


def test_losses_without_meaning_are_refused():
    stack = initial_stack(Mlp((3, 2)), [0], TorchDefault())
    with pytest.raises(ShapeMismatch, match="mse"):
        next(in_chunks(stack, problem(0, 5, 3), Recipe()))
    between = problem(0, 5, 3)
    between.labels[:, 0] = 0.5
    with pytest.raises(InvalidArgument, match="cross-entropy"):
        next(in_chunks(stack, between, Recipe(loss="cross_entropy")))
