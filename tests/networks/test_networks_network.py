"""Architectures, single networks and stacks: shapes, values, gradients, named errors."""

import copy
import math
import pickle
from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from jaxtyping import TypeCheckError

from robustlaw.errors import InvalidArgument, NonFinite, ShapeMismatch, UnknownName
from robustlaw.networks import (
    ACTIVATIONS,
    He,
    Mlp,
    Network,
    SignedConstant,
    Small,
    Stack,
    TorchDefault,
    initial_stack,
)

SMOOTH = sorted(a.name for a in ACTIVATIONS.values() if not a.kink)


def random_layers(widths, seed):
    rng = np.random.default_rng(seed)
    return [(rng.normal(size=(b, a)), rng.normal(size=b)) for a, b in pairwise(widths)]


def naive_forward(layers, name, x):
    """One sample, one unit at a time, with scalar activations of our own."""
    scalar = {
        "relu": lambda z: max(z, 0.0),
        "leaky_relu": lambda z: z if z > 0 else 0.01 * z,
        "identity": lambda z: z,
        "tanh": math.tanh,
        "sigmoid": lambda z: 1.0 / (1.0 + math.exp(-z)),
        "softplus": lambda z: math.log1p(math.exp(z)),
        "elu": lambda z: z if z > 0 else math.expm1(z),
        "gelu": lambda z: 0.5 * z * math.erfc(-z / math.sqrt(2.0)),
        "silu": lambda z: z / (1.0 + math.exp(-z)),
    }[name]
    h = [float(v) for v in x]
    for number, (w, b) in enumerate(layers):
        h = [sum(w[i][j] * h[j] for j in range(len(h))) + b[i] for i in range(len(b))]
        if number < len(layers) - 1:
            h = [scalar(v) for v in h]
    return h


WIDTHS = st.lists(st.integers(1, 5), min_size=2, max_size=4)


@given(WIDTHS, st.sampled_from(sorted(ACTIVATIONS)), st.integers(0, 10**6))
def test_forward_is_the_naive_loop(widths, name, seed):
    layers = random_layers(widths, seed)
    net = Network.from_arrays(layers, name)
    x = np.random.default_rng(seed + 1).normal(size=(3, widths[0]))
    naive = np.array([naive_forward(layers, name, row) for row in x])
    # sums of at most 6 terms of size at most about 1e3
    assert np.allclose(net(x), naive, rtol=1e-12, atol=1e-11)


@given(WIDTHS, st.sampled_from(SMOOTH), st.integers(0, 10**6))
def test_gradients_are_central_differences(widths, name, seed):
    net = Network.from_arrays(random_layers(widths, seed), name)
    x = np.random.default_rng(seed + 1).normal(size=(2, widths[0]))
    step = 1e-5
    shifts = step * np.eye(widths[0])
    rise = np.stack([(net(x + s) - net(x - s)) / (2.0 * step) for s in shifts], axis=2)
    size = np.prod([np.linalg.norm(w, 2) + 1.0 for w in net.weights])
    # ELU has jumps in its second derivative: first order only, at step * size^2
    assert np.abs(net.gradients(x) - rise).max() <= 5.0 * step * size**2


def test_gradient_at_a_kink_is_the_one_to_its_left():
    net = Network.from_arrays([([[2.0]], [0.0]), ([[3.0]], [0.0])], "leaky_relu")
    assert net.gradients(np.array([[0.0], [1.0]]))[:, 0, 0].tolist() == pytest.approx([0.06, 6.0], rel=1e-15)


def test_gradients_of_a_linear_model_are_its_matrix():
    (w, b) = random_layers([3, 2], 0)[0]
    assert np.array_equal(Network.from_arrays([(w, b)]).gradients(np.zeros((4, 3))), np.stack([w] * 4))


@pytest.mark.parametrize("widths", [(3,), (), (3, 0), (3, -1, 1)])
def test_mlp_needs_two_positive_integers(widths):
    with pytest.raises(InvalidArgument, match="widths"):
        Mlp(widths)


def test_mlp_counts():
    arch = Mlp((10, 30, 30, 2))
    assert arch.shapes == ((30, 10), (30, 30), (2, 30))
    assert arch.weight_count == 1260
    assert arch.parameter_count == 1322
    assert arch.layers == 3
    with pytest.raises(UnknownName):
        Mlp((2, 1), "sine")


class TestNetworkErrors:
    W, B = np.ones((2, 3)), np.zeros(2)

    def test_shapes(self):
        with pytest.raises(ShapeMismatch, match="W2"):
            Network.from_arrays([(self.W, self.B), (np.ones((1, 3)), np.zeros(1))])
        with pytest.raises(ShapeMismatch, match="b1"):
            Network.from_arrays([(self.W, np.zeros(3))])
        with pytest.raises(ShapeMismatch, match="b1"):
            Network.from_arrays([(self.W, np.zeros((2, 1)))])
        with pytest.raises(ShapeMismatch, match="mask1"):
            Network.from_arrays([(self.W, self.B)], masks=[np.ones((3, 2), dtype=bool)])
        with pytest.raises(ShapeMismatch, match="masks"):
            Network.from_arrays([(self.W, self.B)], masks=[])
        for w in (np.ones(3), np.ones((2, 3, 1)), np.ones((0, 3)), np.float64(3.0)):
            with pytest.raises(ShapeMismatch, match="W1"):
                Network.from_arrays([(w, self.B)])

    def test_values(self):
        for bad in (math.nan, math.inf, -math.inf):
            with pytest.raises(NonFinite, match="W1"):
                Network.from_arrays([(np.full((2, 3), bad), self.B)])
            with pytest.raises(NonFinite, match="b1"):
                Network.from_arrays([(self.W, np.array([0.0, bad]))])
        mask = np.array([[True, True, False], [True, True, True]])
        with pytest.raises(InvalidArgument, match="W1"):
            Network.from_arrays([(self.W, self.B)], masks=[mask])
        with pytest.raises(InvalidArgument, match="layers"):
            Network.from_arrays([])

    @pytest.mark.parametrize(
        "w", [[[1.0], [1.0, 2.0]], np.array([["1", "2"]]), np.array([[1j, 2.0]]), [[object()]]]
    )
    def test_what_is_not_a_real_matrix(self, w):
        with pytest.raises(InvalidArgument, match="W1"):
            Network.from_arrays([(w, [0.0])])

    @pytest.mark.parametrize("mask", [[[0.5, 1.0]], [[2, 1]], [[math.nan, 1.0]], [["a", "b"]]])
    def test_what_is_not_a_mask(self, mask):
        with pytest.raises(InvalidArgument, match="mask1"):
            Network.from_arrays([([[1.0, 1.0]], [0.0])], masks=[mask])

    def test_a_layer_too_few(self):
        net = Network.from_arrays(random_layers([3, 2, 1], 0))
        with pytest.raises(ShapeMismatch, match="weights"):
            Network(net.arch, net.weights[:1], net.biases, net.masks)
        with pytest.raises(ShapeMismatch, match="masks"):
            Network(net.arch, net.weights, net.biases, (*net.masks, net.masks[0]))

    @pytest.mark.parametrize("x", [np.zeros(3), np.zeros((1, 2)), np.zeros((2, 3, 1))])
    def test_inputs(self, x):
        net = Network.from_arrays(random_layers([3, 2, 1], 0))
        with pytest.raises((ShapeMismatch, TypeCheckError), match="x"):  # the types may be checked first
            net.forward(x)


def test_masks_of_integers_count_as_booleans():
    net = Network.from_arrays([([[1.0, 0.0]], [0.0])], masks=[[[1, 0]]])
    assert net.masks[0].dtype == bool
    assert net.kept == 1
    assert net.density == 0.5


def test_a_network_cannot_be_changed_and_does_not_follow_its_sources():
    w = np.ones((1, 2))
    net = Network.from_arrays([(w, np.zeros(1))])
    w[0, 0] = 7.0
    assert net.weights[0][0, 0] == 1.0
    for array in (net.weights[0], net.biases[0], net.masks[0]):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        net.weights = ()  # type: ignore[misc]
    other = net.replace(weights=[2.0 * net.weights[0]])
    assert other.weights[0][0, 1] == 2.0
    assert np.array_equal(other.masks[0], net.masks[0])


def test_copies_and_pickles_compute_the_same():
    net = Network.from_arrays(random_layers([3, 4, 1], 5), "tanh")
    x = np.random.default_rng(0).normal(size=(5, 3))
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert np.array_equal(twin(x), net(x))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_indexing_a_stack_is_exact(dtype):
    stack = initial_stack(Mlp((3, 4, 1)), [1, 2, 3], TorchDefault(), dtype=dtype)
    for place, net in enumerate(stack):
        for mine, theirs in zip((*net.weights, *net.biases), (*stack.weights, *stack.biases), strict=True):
            assert mine.dtype == np.float64
            back = torch.tensor(mine).to(dtype)
            assert torch.equal(back, theirs[place])
            assert np.array_equal(mine, back.double().numpy())
        assert np.array_equal(net.origin.initial["W1"], net.weights[0])
    with pytest.raises(IndexError):
        stack[3]
    assert np.array_equal(stack[-1].weights[0], stack[2].weights[0])


def test_a_network_does_not_follow_its_stack():
    stack = initial_stack(Mlp((3, 1)), [1], He(), dtype=torch.float64)
    net, before = stack[0], stack[0].weights[0].copy()
    stack.weights[0].zero_()
    assert np.array_equal(net.weights[0], before)


def test_stack_forward_is_each_network_alone():
    stack = initial_stack(Mlp((3, 4, 2), "gelu"), list(range(5)), TorchDefault(), dtype=torch.float64)
    x = np.random.default_rng(0).normal(size=(5, 6, 3))
    together = stack.forward(torch.as_tensor(x)).numpy()
    shared = stack.forward(torch.as_tensor(x[:1])).numpy()
    for place, net in enumerate(stack):
        assert np.allclose(together[place], net(x[place]), rtol=0, atol=1e-14)
        assert np.allclose(shared[place], net(x[0]), rtol=0, atol=1e-14)


def test_stack_errors():
    stack = initial_stack(Mlp((3, 2, 1)), [0, 1], He())
    w, b, m = stack.weights, stack.biases, stack.masks
    with pytest.raises(ShapeMismatch, match="W2"):
        Stack(stack.arch, (w[0], w[0]), b, m)
    with pytest.raises(ShapeMismatch, match="weights"):
        Stack(stack.arch, w[:1], b, m)
    with pytest.raises(ShapeMismatch, match="b1"):
        Stack(stack.arch, w, (b[0][:1], b[1]), m)
    with pytest.raises(ShapeMismatch, match="facts"):
        Stack(stack.arch, w, b, m, facts=({},))
    with pytest.raises(InvalidArgument, match="W1"):
        Stack(stack.arch, w, b, (torch.zeros_like(m[0]), m[1]))
    with pytest.raises(InvalidArgument, match="keys"):
        initial_stack(stack.arch, [], He())


def test_with_masks_leaves_positive_zeros():
    stack = initial_stack(Mlp((4, 3)), [0], He())
    pruned = stack.with_masks([torch.zeros_like(stack.masks[0])])
    assert not torch.signbit(pruned.weights[0]).any()
    assert torch.equal(pruned.weights[0], torch.zeros_like(pruned.weights[0]))
    assert pruned[0].kept == 0


@pytest.mark.parametrize("init", [He(), TorchDefault(), Small(0.3), SignedConstant(0.6)], ids=repr)
def test_initial_values_have_the_promised_law(init):
    arch = Mlp((50, 400, 1))
    stack = initial_stack(arch, ["a", "b"], init)
    w, last = stack.weights[0].double().numpy(), stack.weights[1].double().numpy()
    count = w.size
    promised = {
        He: math.sqrt(2.0 / 50),
        TorchDefault: math.sqrt(1.0 / 150),
        Small: 0.3 / math.sqrt(50),
        SignedConstant: 0.6 / math.sqrt(50),
    }[type(init)]
    # six standard errors of a mean and of a deviation (kurtosis at most 3)
    assert abs(w.mean()) <= 6.0 * promised / math.sqrt(count)
    assert abs(w.std() / promised - 1.0) <= 6.0 / math.sqrt(2.0 * count)
    if isinstance(init, Small | SignedConstant):
        assert np.allclose(np.abs(last), 1.0 / 20.0, rtol=1e-6)
    if not isinstance(init, TorchDefault):
        assert not any(b.any() for b in stack.biases)
    assert not np.array_equal(w[0], w[1])


@given(st.integers(1, 6), st.permutations(["a", 3, "b", 17]))
def test_initial_values_depend_on_the_key_alone(width, keys):
    arch = Mlp((3, width, 1))
    alone = {key: initial_stack(arch, [key], He()) for key in keys}
    stack = initial_stack(arch, keys, He())
    for place, key in enumerate(keys):
        assert torch.equal(stack.weights[0][place], alone[key].weights[0][0])


@pytest.mark.parametrize("kind", [Small, SignedConstant])
@pytest.mark.parametrize("scale", [0.0, -1.0, math.nan, math.inf])
def test_scales_are_positive_and_finite(kind, scale):
    with pytest.raises(InvalidArgument, match="scale"):
        kind(scale)
