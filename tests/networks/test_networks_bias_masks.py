"""Masks of biases in networks and stacks: kept by copies, files and modules of torch, and held to 0."""

import copy
import pickle

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils import prune

from robustlaw.errors import InvalidArgument, ShapeMismatch, UnknownName, UnreadableFile
from robustlaw.networks import Mlp, Network, Origin, Recipe, TorchDefault, batch, fit, initial_stack
from robustlaw.networks.entries import entries_of, parted, parted_layers
from robustlaw.networks.files import load_network, save_network

W1, B1 = np.array([[1.0, -2.0], [0.5, 0.25]]), np.array([0.5, 0.0])
W2, B2 = np.array([[3.0, 7.0]]), np.array([1.0 / 3.0])
KEPT = [np.array([True, False]), np.array([True])]


def network(**more):
    return Network.from_arrays([(W1, B1), (W2, B2)], bias_masks=KEPT, **more)


def stack(seeds=(0, 1, 2), arch=None):
    arch = arch or Mlp((3, 4, 1))
    start = initial_stack(arch, list(seeds), TorchDefault()).masking_biases()
    rng = np.random.default_rng(0)
    masks = [torch.as_tensor(rng.random((len(seeds), out, into + 1)) < 0.6) for out, into in arch.shapes]
    return start.with_masks(masks), masks


def same(one, two):
    assert (one.bias_masks is None) == (two.bias_masks is None)
    groups = ("weights", "biases", "masks") + (("bias_masks",) if one.bias_masks is not None else ())
    return all(
        np.array_equal(a, b) and a.dtype == b.dtype
        for group in groups
        for a, b in zip(getattr(one, group), getattr(two, group), strict=True)
    )


def test_kept_entries_are_weights_and_biases():
    net, plain = network(), Network.from_arrays([(W1, B1), (W2, B2)])
    assert (net.kept, net.maskable_count, net.density) == (8, 9, 8 / 9)
    assert "8 of 9 weights and biases kept" in repr(net)
    assert (plain.kept, plain.maskable_count, plain.density, plain.bias_masks) == (6, 6, 1.0, None)
    assert "6 of 6 weights kept" in repr(plain)
    x = np.random.default_rng(0).normal(size=(5, 2))
    assert np.array_equal(net(x), plain(x))


def test_copies_keep_the_masks_and_stay_frozen():
    net = network()
    for again in (copy.copy(net), copy.deepcopy(net), pickle.loads(pickle.dumps(net)), net.replace()):
        assert same(again, net)
        with pytest.raises(ValueError, match="read-only"):
            again.bias_masks[0][0] = False
    changed = net.replace(biases=[np.array([2.0, 0.0]), B2])
    assert same(Network.from_arrays(list(changed.layers), bias_masks=KEPT), changed)
    with pytest.raises(InvalidArgument, match="biases off the mask have to be 0"):
        net.replace(biases=[np.array([2.0, 1e-300]), B2])


def test_what_does_not_fit_is_named():
    pairs = [(W1, B1), (W2, B2)]
    for masks, error, words in (
        ([KEPT[0]], ShapeMismatch, "one mask for each of the 2 layers"),
        ([KEPT[1], KEPT[1]], ShapeMismatch, "bias_mask1"),
        ([np.array([2, 0]), KEPT[1]], InvalidArgument, "bias_mask1"),
        ("ab", InvalidArgument, "bias_masks"),
        ([np.array([False, True]), KEPT[1]], InvalidArgument, "b1"),
    ):
        with pytest.raises(error, match=words):
            Network.from_arrays(pairs, bias_masks=masks)
    with pytest.raises(UnknownName, match="maskable"):
        Network.from_arrays(pairs, origin=Origin(maskable=frozenset({"W1", "b1"})))
    named = network(origin=Origin(maskable=frozenset({"W1", "b1"})))
    assert "masks were chosen in W1, b1 only" in named.origin.assumption
    with pytest.raises(UnknownName, match="b3"):
        network(origin=Origin(maskable=frozenset({"b3"})))


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.integers(0, 10**6), st.booleans())
def test_files_round_trip_exactly(tmp_path_factory, widths, seed, with_masks):
    rng = np.random.default_rng(seed)
    shapes = list(zip(widths[1:], widths, strict=False))
    masks, kept = [rng.random(s) < 0.6 for s in shapes], [rng.random(s[0]) < 0.5 for s in shapes]
    layers = [
        (np.where(m, rng.normal(size=m.shape), 0.0), np.where(k, rng.normal(size=k.shape), 0.0))
        for m, k in zip(masks, kept, strict=True)
    ]
    net = Network.from_arrays(layers, "relu", masks, bias_masks=kept if with_masks else None)
    path = tmp_path_factory.mktemp("nets") / "net.npz"
    save_network(net, path)
    assert same(load_network(path), net)
    with np.load(path) as arrays:
        assert {"Mb1" in arrays.files, f"Mb{len(shapes)}" in arrays.files} == {with_masks}


def test_files_without_and_with_some_masks(tmp_path):
    path = tmp_path / "net.npz"
    both = {"W1": W1, "b1": B1, "W2": W2, "b2": B2}
    np.savez(path, **both)
    assert load_network(path).bias_masks is None
    np.savez(path, **both, Mb1=KEPT[0], Mb2=KEPT[1])
    assert same(load_network(path), network())
    for wrong in ({"Mb1": KEPT[0]}, {"Mb1": KEPT[0], "Mb2": KEPT[1], "Mb3": KEPT[1]}, {"Mb": KEPT[0]}):
        np.savez(path, **both, **wrong)
        with pytest.raises(UnreadableFile):
            load_network(path)
    np.savez(path, **both, Mb1=np.array([False, True]), Mb2=KEPT[1])
    with pytest.raises(InvalidArgument, match="off the mask"):
        load_network(path)


def test_pruned_biases_of_torch_keep_their_masks():
    torch.manual_seed(0)
    module = nn.Sequential(
        nn.Linear(4, 6), nn.ReLU(), nn.Linear(6, 5), nn.ReLU(), nn.Linear(5, 1, bias=False)
    )
    assert Network.from_torch(module).bias_masks is None
    prune.l1_unstructured(module[0], "bias", amount=4)
    prune.random_unstructured(module[2], "weight", amount=9)
    net = Network.from_torch(module)
    assert [int(m.sum()) for m in net.bias_masks] == [2, 5, 1]
    assert np.array_equal(net.bias_masks[0], module[0].bias_mask.numpy() != 0)
    assert not net.biases[0][~net.bias_masks[0]].any()
    assert net.kept == 24 + 30 - 9 + 5 + 2 + 5 + 1
    with torch.no_grad():
        module[0].bias_orig += 1.0
    assert not Network.from_torch(module).biases[0][~net.bias_masks[0]].any()


def test_a_convolution_repeats_the_mask_of_its_biases():
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(1, 3, 2), nn.AvgPool2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(12, 2))
    prune.custom_from_mask(module[0], "bias", torch.tensor([1.0, 0.0, 1.0]))
    net = Network.from_torch(module, input_shape=(1, 5, 5))
    assert net.bias_masks[0].tolist() == [True] * 4 + [False] * 4 + [True] * 4
    assert not net.biases[0][4:8].any()
    assert net.bias_masks[1].all()
    first = nn.Sequential(nn.AvgPool2d(2), nn.Flatten(), nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 1))
    prune.custom_from_mask(first[2], "bias", torch.tensor([0.0, 1.0, 0.0]))
    kept = Network.from_torch(first, input_shape=(1, 4, 4)).bias_masks
    assert kept[0].tolist() == [False, True, False]


def test_entries_are_weights_and_a_column_of_biases():
    w, b = torch.randn(2, 3, 4), torch.randn(2, 3)
    joined = entries_of(w, b)
    assert joined.shape == (2, 3, 5)
    assert entries_of(w, None) is w
    back = parted(joined, 4)
    assert torch.equal(back[0], w)
    assert torch.equal(back[1], b)
    assert parted(w, 4)[1] is None
    with pytest.raises(ShapeMismatch, match="give 4 columns, or 5"):
        parted(torch.zeros(2, 3, 6), 4)
    with pytest.raises(ShapeMismatch, match="to every layer, or to none"):
        parted_layers([joined, torch.zeros(2, 1, 3)], [4, 3])
    with pytest.raises(ShapeMismatch, match="2 layers"):
        parted_layers([joined], [4, 3])


def test_a_stack_holds_its_biases_to_their_masks():
    made, masks = stack()
    assert all(torch.equal(a, b) for a, b in zip(made.entry_masks, masks, strict=True))
    for b, m in zip(made.biases, made.bias_masks, strict=True):
        assert not b[~m].any()
        assert not torch.signbit(b[~m]).any()
    for place, net in enumerate(made):
        assert all(
            np.array_equal(k, m[place].numpy()) for k, m in zip(net.bias_masks, made.bias_masks, strict=True)
        )
    with pytest.raises(InvalidArgument, match="biases off the mask"):
        type(made)(
            made.arch,
            made.weights,
            tuple(b + 1.0 for b in made.biases),
            made.masks,
            bias_masks=made.bias_masks,
        )
    with pytest.raises(ShapeMismatch, match="bias_mask"):
        type(made)(made.arch, made.weights, made.biases, made.masks, bias_masks=made.bias_masks[:1] * 2)
    weights_alone = made.with_masks([torch.ones_like(m) for m in made.masks])
    assert all(torch.equal(a, b) for a, b in zip(weights_alone.bias_masks, made.bias_masks, strict=True))


def test_taking_and_putting_networks_takes_their_bias_masks_along():
    made, _ = stack()
    part = made.take([2, 0])
    assert all(torch.equal(a, b[[2, 0]]) for a, b in zip(part.bias_masks, made.bias_masks, strict=True))
    dense = initial_stack(made.arch, [0, 1, 2], TorchDefault())
    mixed = dense.masking_biases().put([2, 0], part)
    assert all(
        torch.equal(a[[0, 2]], b[[0, 2]]) for a, b in zip(mixed.bias_masks, made.bias_masks, strict=True)
    )
    assert all(bool(m[1].all()) for m in mixed.bias_masks)
    for one, other in ((dense, part), (made, dense.take([0]))):
        with pytest.raises(InvalidArgument, match="both stacks"):
            one.put([0, 1][: len(other)], other)


def test_a_mask_of_biases_that_keeps_all_changes_no_bit_of_training():
    rng = np.random.default_rng(0)
    data = batch([rng.normal(size=(20, 3))], [rng.choice([-1.0, 1.0], 20)])
    start = initial_stack(Mlp((3, 4, 1)), [0, 1], TorchDefault())
    recipe = Recipe(steps=9, weight_decay=0.1, stop_at=None)
    plain, open_ = fit(start, data, recipe), fit(start.masking_biases(), data, recipe)
    assert plain.bias_masks is None
    assert all(bool(m.all()) for m in open_.bias_masks)
    mine, theirs = (*plain.weights, *plain.biases), (*open_.weights, *open_.biases)
    assert all(torch.equal(a, b) for a, b in zip(mine, theirs, strict=True))


def test_frozen_biases_under_a_mask_are_known_never_to_have_moved():
    made, _ = stack()
    rng = np.random.default_rng(0)
    data = batch([rng.normal(size=(20, 3))], [rng.choice([-1.0, 1.0], 20)])
    assert not all(torch.equal(b, made.initial[f"b{i + 1}"]) for i, b in enumerate(made.biases))
    trained = fit(made, data, Recipe(steps=3, stop_at=None, frozen=frozenset({"b1"})))
    assert trained.frozen == {"b1"}
    assert torch.equal(trained.biases[0], made.biases[0])
    # trained once, it is not frozen any more
    again = fit(fit(made, data, Recipe(steps=3)), data, Recipe(steps=3, frozen=frozenset({"b1"})))
    assert again.frozen == frozenset()
