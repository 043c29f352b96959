"""Networks are frozen, their history fits them, and wrong use gets a named error."""

import copy
import pickle

import numpy as np
import pytest
from unchecked import outcomes

import robustlaw as rl
from robustlaw.errors import InvalidArgument, NonFinite, ShapeMismatch, UnknownName, UnreadableFile
from robustlaw.networks import Dependence, Mlp, Network, Origin, load_network, save_network

SETUP = """
W1, b1, W2, b2 = np.ones((8, 4)), np.zeros(8), np.ones((1, 8)), np.zeros(1)
pairs = [(W1, b1), (W2, b2)]
FA = rl.Network.from_arrays
net = FA(pairs)
Origin = networks.Origin
"""
REFUSED = {
    "FA('abc')": "layers = abc",
    "FA(None)": "layers = None",
    "FA([W1, b1])": "layers = ",
    "FA([(W1, b1, b1)])": "layers = ",
    "FA([(W1, None)])": "b1 = ",
    "FA(pairs, ['relu'])": "activation = ",
    "FA(pairs, None)": "activation = None",
    "FA(pairs, masks=3)": "masks = 3",
    "FA(pairs, masks='ab')": "masks = ab",
    "FA(pairs, origin='x')": "origin = x",
    "rl.Network((4, 8, 1), (W1, W2), (b1, b2), (W1 > 0, W2 > 0))": "arch = ",
    "rl.Network(net.arch, 3, (b1, b2), (W1 > 0, W2 > 0))": "weights = 3",
    "rl.Network.from_torch(3)": "no torch.nn.Module",
    "net('abc')": "x = abc",
    "net(None)": "x = None",
    "net(np.ones((1, 4)) * 1j)": "x = ",
    "net.gradients(np.ones((1, 4)) * 1j)": "x = ",
    "net([[1.0], [1.0, 2.0]])": "x = ",
    "net.replace(weights=['a', 'b'])": "W1 = ",
    "rl.Mlp(3)": "widths = 3",
    "rl.Mlp('abc')": "widths = a",
    "rl.Mlp(('3', '4', '1'))": "widths = 3",
    "rl.Mlp((3, 2.5, 1))": "widths = 2.5",
    "rl.Mlp((3, True, 1))": "widths = True",
    "rl.Mlp((3, 4, 1), activation=3)": "activation = 3",
    "networks.StraightThrough('8')": "bits = 8",
    "networks.StraightThrough(2.5)": "bits = 2.5",
    "Origin(frozen='W1')": "frozen = W1",
    "Origin(maskable='W1')": "maskable = W1",
    "Origin(frozen=3)": "frozen = 3",
    "Origin(dependence='some')": "dependence = some",
    "Origin(dependence=3)": "dependence = 3",
    "Origin(initial=[W1])": "initial = ",
    "Origin(initial={'W1': 'a'})": "initial W1 = a",
}
ACCEPTED = [
    "hash(rl.Mlp(tuple(np.array([3, 4, 1]))))",
    "net(np.ones((2, 4), dtype=np.float32))",
    "net([[1, 2, 3, 4]])",
    "FA(zip([W1, W2], [b1, b2]))",
    "rl.Network(net.arch, [W1.tolist(), W2], [b1, b2], [W1.astype(int), W2 > 0])",
    "Origin('none', {'W1'}, maskable=['W1'])",
]


@pytest.fixture(scope="module")
def found():
    return outcomes(SETUP, [*REFUSED, *ACCEPTED])


@pytest.mark.parametrize(("text", "says"), REFUSED.items())
def test_wrong_use_is_named(found, text, says):
    assert not found[text].startswith(("raw", "fine"))
    assert says in found[text]


@pytest.mark.parametrize("text", ACCEPTED)
def test_what_means_the_same_is_accepted(found, text):
    assert found[text] == "fine"


def parts():
    return np.ones((1, 2)), np.zeros(1), np.ones((1, 2), dtype=bool)


def test_the_constructor_copies():
    w, b, m = parts()
    net = Network(Mlp((2, 1)), (w[:, :],), (b,), (m,))
    w[0, 0], b[0], m[0, 1] = 7.0, 7.0, False
    assert np.array_equal(net(np.ones((1, 2))), [[2.0]])
    assert net.kept == 2
    for twin in (copy.deepcopy(net), pickle.loads(pickle.dumps(net))):
        assert not any(a.flags.writeable for a in (*twin.weights, *twin.biases, *twin.masks))


def test_narrow_numbers_are_widened():
    w, b, m = parts()
    net = Network(Mlp((2, 1)), (w.astype(np.float32),), (b.astype(np.float32),), (m,))
    assert net.weights[0].dtype == net.biases[0].dtype == np.float64


@pytest.mark.parametrize(
    ("origin", "error", "says"),
    [
        (Origin(frozen=frozenset({"W9"})), UnknownName, "frozen = W9"),
        (Origin(maskable=frozenset({"b1"})), UnknownName, "maskable = b1"),
        (Origin(initial={"W2": np.ones((1, 2))}), UnknownName, "initial = W2"),
        (Origin(initial={"W1": np.ones((2, 1))}), ShapeMismatch, "initial W1"),
        (Origin(initial={"b1": np.array([np.nan])}), NonFinite, "initial b1"),
    ],
)
def test_a_history_of_other_tensors_is_refused(origin, error, says):
    w, b, _ = parts()
    with pytest.raises(error, match=says):
        Network.from_arrays([(w, b)], origin=origin)


def test_initial_values_do_not_follow_their_source():
    start = np.ones((1, 2))
    origin = Origin(initial={"W1": start})
    start[:] = 7.0
    assert np.array_equal(origin.initial["W1"], np.ones((1, 2)))


def test_a_dependence_may_be_written_out():
    assert Origin(Dependence("none")).dependence is Dependence.NONE


@pytest.mark.parametrize("key", ["mask1", "act", "w1", "M", "arr_0"])
def test_unknown_arrays_in_a_file_are_refused(tmp_path, key):
    w, b, _ = parts()
    np.savez(tmp_path / "net.npz", **{"W1": w, "b1": b, key: w})
    with pytest.raises(UnreadableFile, match=f"{key}'.*W1, b1, M1, activation"):
        load_network(tmp_path / "net.npz")


def test_a_saved_network_is_loaded(tmp_path):
    w, b, _ = parts()
    save_network(Network.from_arrays([(w, b)]), tmp_path / "net.npz")
    assert np.array_equal(load_network(tmp_path / "net.npz").weights[0], w)


def test_representations_are_one_line():
    w, b, _ = parts()
    net = Network.from_arrays([(w, b)], masks=[[[1, 1]]], origin=Origin(method="Snip"))
    assert repr(net) == "Network(2-1 relu, 2 of 2 weights kept, Snip)"
    sample = rl.Problem(rl.data.Gaussian(2)).sample(5, 3)
    assert repr(sample) == "Dataset(5 samples, 2 inputs, g known, Gaussian, seed 3)"
    with pytest.raises(InvalidArgument):
        Network.from_arrays([])
