"""Networks in files: exact round trips, and nothing but named errors from broken ones."""

import io
import pickle
import zipfile
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.errors import (
    InvalidArgument,
    NonFinite,
    RobustlawError,
    ShapeMismatch,
    UnknownName,
    UnreadableFile,
)
from robustlaw.networks import ACTIVATIONS, Network, files
from robustlaw.networks.files import load_network, read_arrays, save_network

W1, B1 = np.array([[1.0, -2.0], [0.1, 3e-310]]), np.array([0.5, -0.0])
W2, B2 = np.array([[1e300, 7.0]]), np.array([1.0 / 3.0])


class Bomb:
    """Unpickling it creates a file: the tests see whether anything was executed."""

    def __init__(self, target):
        self.target = target

    def __reduce__(self):
        return Path.touch, (self.target,)


def write(path, **arrays):
    np.savez(path, **arrays)
    return path


@given(st.lists(st.integers(1, 4), min_size=2, max_size=4), st.sampled_from(sorted(ACTIVATIONS)), st.data())
def test_round_trip_is_exact(tmp_path_factory, widths, name, draw):
    rng = np.random.default_rng(draw.draw(st.integers(0, 10**6)))
    shapes = list(zip(widths[1:], widths, strict=False))
    masks = [rng.random(s) < 0.6 for s in shapes]
    layers = [
        (
            np.where(m, rng.normal(size=m.shape) * 10.0 ** rng.integers(-300, 300), 0.0),
            rng.normal(size=len(m)),
        )
        for m in masks
    ]
    net = Network.from_arrays(layers, name, masks)
    path = tmp_path_factory.mktemp("nets") / "net.npz"
    save_network(net, path)
    back = load_network(path)
    assert back.arch == net.arch
    for group in ("weights", "biases", "masks"):
        for mine, theirs in zip(getattr(back, group), getattr(net, group), strict=True):
            assert mine.tobytes() == theirs.tobytes()
            assert mine.dtype == theirs.dtype


@pytest.mark.parametrize("name", ["net", "net.bin", "a.b.npz"])
def test_a_file_is_written_under_the_name_that_was_asked_for(tmp_path, name):
    save_network(Network.from_arrays([(W1, B1), (W2, B2)]), tmp_path / name)
    assert [p.name for p in tmp_path.iterdir()] == [name]
    assert load_network(tmp_path / name).arch.widths == (2, 2, 1)


def test_defaults_zero_biases_relu_and_full_masks(tmp_path):
    net = load_network(write(tmp_path / "net.npz", W1=W1.astype(np.float32), W2=np.array([[1, 2]])))
    assert net.arch.activation == "relu"
    assert [b.tolist() for b in net.biases] == [[0.0, 0.0], [0.0]]
    assert net.kept == 6
    assert np.array_equal(net.weights[0], W1.astype(np.float32).astype(np.float64))


def test_pickles_are_refused_and_not_executed(tmp_path):
    trap = tmp_path / "executed"
    objects = write(tmp_path / "objects.npz", W1=np.array([Bomb(trap)], dtype=object), b1=B1)
    renamed = tmp_path / "renamed.npz"
    renamed.write_bytes(pickle.dumps(Bomb(trap)))
    inside = tmp_path / "inside.npz"
    with zipfile.ZipFile(inside, "w") as archive:
        archive.writestr("W1", pickle.dumps(Bomb(trap)))
        archive.writestr("W1.npy", pickle.dumps(Bomb(trap)))
    before = tmp_path / "before.npz"
    before.write_bytes(pickle.dumps(Bomb(trap)) + write(tmp_path / "good.npz", W1=W1).read_bytes())
    for path in (objects, renamed, inside, before):
        with pytest.raises(UnreadableFile):
            load_network(path)
    assert not trap.exists()
    pickle.loads(pickle.dumps(Bomb(trap)))  # the trap does work
    assert trap.exists()


def test_files_that_are_no_arrays(tmp_path):
    text = tmp_path / "text.npz"
    text.write_text("W1 = 3")
    plain = tmp_path / "plain.npz"
    with plain.open("wb") as file:
        np.save(file, W1)
    cut = tmp_path / "cut.npz"
    cut.write_bytes(write(tmp_path / "whole.npz", W1=W1, b1=B1).read_bytes()[:-30])
    empty = tmp_path / "empty.npz"
    empty.write_bytes(b"")
    both = tmp_path / "both.npz"
    both.write_bytes(plain.read_bytes() + (tmp_path / "whole.npz").read_bytes())
    words = tmp_path / "words.npz"
    with zipfile.ZipFile(words, "w") as archive:
        archive.writestr("W1", "not an array")
    for path in (text, plain, cut, empty, both, words, tmp_path / "missing.npz", tmp_path):
        with pytest.raises(UnreadableFile):
            load_network(path)


@pytest.mark.parametrize(
    ("arrays", "error", "word"),
    [
        ({"W2": W2}, UnreadableFile, "W1"),
        ({}, UnreadableFile, "W1"),
        ({"W1": W1, "W3": W2}, UnreadableFile, "W3"),
        ({"W1": W1, "b2": B2}, UnreadableFile, "b2"),
        ({"W1": W1, "M2": W2 != 0}, UnreadableFile, "M2"),
        ({"W1": W1, "W2": W2, "M1": W1 != 0}, UnreadableFile, "mask"),
        ({"W1": W1, "W2": W2, "M2": W2 != 0}, UnreadableFile, "mask"),
        ({"W1": W1, "W2": W2.T}, ShapeMismatch, "W2"),
        ({"W1": W1, "b1": B2}, ShapeMismatch, "b1"),
        ({"W1": np.float64(1.0)}, ShapeMismatch, "W1"),
        ({"W1": np.zeros((0, 2))}, ShapeMismatch, "W1"),
        ({"W1": B1}, ShapeMismatch, "W1"),
        ({"W1": W1, "M1": np.ones((3, 2), dtype=bool)}, ShapeMismatch, "mask1"),
        ({"W1": W1, "M1": np.zeros((2, 2), dtype=bool)}, InvalidArgument, "off the mask"),
        ({"W1": W1, "M1": np.full((2, 2), 0.5)}, InvalidArgument, "mask1"),
        ({"W1": W1 * np.nan}, NonFinite, "W1"),
        ({"W1": W1, "b1": np.array([0.0, np.inf])}, NonFinite, "b1"),
        ({"W1": W1.astype(str)}, UnreadableFile, "W1"),
        ({"W1": W1, "b1": np.array(["a", "b"])}, UnreadableFile, "b1"),
        ({"W1": W1 * 1j}, UnreadableFile, "complex"),
        ({"W1": W1.astype(np.longdouble)}, UnreadableFile, "float128|longdouble|float96"),
        ({"W1": W1, "activation": np.array("swish")}, UnknownName, "swish"),
        ({"W1": W1, "activation": np.array(3)}, UnknownName, "activation"),
        ({"W1": W1, "activation": np.array(["relu", "tanh"])}, UnknownName, "activation"),
    ],
)
def test_named_errors(tmp_path, arrays, error, word):
    with pytest.raises(error, match=word):
        load_network(write(tmp_path / "net.npz", **arrays))


def test_what_unpacks_to_too_much_is_refused_before_it_is_unpacked(tmp_path, monkeypatch):
    path = tmp_path / "zeros.npz"
    np.savez_compressed(path, W1=np.zeros((100, 100)))
    assert load_network(path).arch.widths == (100, 100)
    monkeypatch.setattr(files, "MOST_BYTES", 80_000)  # with its header the array is a little larger
    monkeypatch.setattr(np, "load", lambda *_, **__: pytest.fail("it was unpacked"))
    with pytest.raises(UnreadableFile, match="80000"):
        read_arrays(path)


def test_an_array_without_a_name_is_not_a_crash(tmp_path):
    path, buffer = tmp_path / "net.npz", io.BytesIO()
    np.save(buffer, W1)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("W1.npy", buffer.getvalue())
        archive.writestr(".npy", buffer.getvalue())
    with pytest.raises(UnreadableFile, match="unknown array ''"):
        load_network(path)


def packed(compressed):
    buffer = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(buffer, W1=W1, b1=B1, W2=W2, b2=B2, M1=W1 != 0.0, M2=W2 != 0.0, activation=np.array("tanh"))
    return buffer.getvalue()


VALID = {True: packed(True), False: packed(False)}


@settings(max_examples=300)
@given(
    st.booleans(),
    st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), min_size=1, max_size=4),
    st.integers(0, 2),
)
def test_any_broken_bytes_give_a_network_or_a_named_error(tmp_path_factory, compressed, changes, cuts):
    content = bytearray(VALID[compressed])
    for place, value in changes:
        content[place % len(content)] = value
    path = tmp_path_factory.getbasetemp() / "broken.npz"
    path.write_bytes(bytes(content[cuts:]))
    with suppress(RobustlawError):
        assert isinstance(load_network(path), Network)


@settings(max_examples=150)
@given(st.binary(max_size=400), st.sampled_from(["W1.npy", "b1.npy", "M1.npy", "activation.npy", "W1"]))
def test_any_member_gives_a_network_or_a_named_error(tmp_path_factory, content, name):
    path = tmp_path_factory.getbasetemp() / "member.npz"
    header = b"\x93NUMPY\x01\x00"
    buffer = io.BytesIO()
    np.save(buffer, W1)
    for body in (content, header + content, buffer.getvalue()[: len(content)] + content):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(name, body)
            archive.writestr("W2.npy" if name == "W1.npy" else "W1.npy", buffer.getvalue())
        with suppress(RobustlawError):
            assert isinstance(load_network(path), Network)


def test_an_array_that_claims_more_than_it_holds(tmp_path):
    buffer = io.BytesIO()
    np.save(buffer, np.zeros((2, 2)))
    huge = buffer.getvalue().replace(b"(2, 2), }" + b" " * 12, b"(2, 200000000000000), }"[:21])
    big = buffer.getvalue().replace(
        b"'shape': (2, 2), }              ", b"'shape': (2, 2000000000000000), }"[:32]
    )
    for number, body in enumerate((huge, big)):
        path = tmp_path / f"{number}.npz"
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("W1.npy", body)
        with pytest.raises(UnreadableFile):
            load_network(path)
