"""FashionMNIST's files: sizes, identity and what is missing are checked; the files here are made up."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from robustlaw.data import FashionMnist, fashion
from robustlaw.data.fashion import PUBLISHED_MD5, fashion_hashes
from robustlaw.errors import UnreadableFile


def image_file(count, side=28):
    pixels = (np.arange(count * side * side, dtype=np.int64) // 784 % 256).astype(np.uint8)
    return struct.pack(">4I", 2051, count, side, side) + pixels.tobytes()


def label_file(count):
    return struct.pack(">2I", 2049, count) + (np.arange(count) % 10).astype(np.uint8).tobytes()


@pytest.fixture(scope="module")
def contents():
    return {
        name: (image_file if "images" in name else label_file)(60000 if name.startswith("train") else 10000)
        for name in PUBLISHED_MD5
    }


@pytest.fixture(scope="module")
def folder(contents, tmp_path_factory):
    """The four files, those of the test part packed."""
    where = tmp_path_factory.mktemp("fashion")
    for name, raw in contents.items():
        packed = name.startswith("t10k")
        (where / (f"{name}.gz" if packed else name)).write_bytes(
            gzip.compress(raw, 1, mtime=0) if packed else raw
        )
    return where


def test_files_of_the_user_are_read_and_called_theirs(folder):
    data = FashionMnist(folder)
    assert data.identity == "user-asserted"
    for part, count in ((data.train, 60000), (data.test, 10000)):
        assert part.pixels.shape == (count, 28, 28)
        assert part.classes == 10
        assert part.labels[:12].tolist() == [*range(10), 0, 1]
        # image number i is all i mod 256, white being 255
        assert np.array_equal(part.pixels[:300, 3, 4], (np.arange(300) % 256).astype(np.float32) / 255)
        assert part.rows.shape == (count, 784)
    for name, digest in data.sha256.items():
        file = next(f for f in folder.iterdir() if f.name.startswith(name))
        assert digest == hashlib.sha256(file.read_bytes()).hexdigest()
    assert fashion_hashes(folder) == dict(data.sha256)


def test_published_files_are_known_by_their_digests(folder, monkeypatch):
    own = {
        name: hashlib.md5(next(f for f in folder.iterdir() if f.name.startswith(name)).read_bytes())
        for name in PUBLISHED_MD5
    }
    monkeypatch.setattr(fashion, "PUBLISHED_MD5", {name: d.hexdigest() for name, d in own.items()})
    assert FashionMnist(folder).identity == "published"
    monkeypatch.setitem(fashion.PUBLISHED_MD5, "t10k-labels-idx1-ubyte", "0" * 32)
    assert FashionMnist(folder).identity == "user-asserted"


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("train-labels-idx1-ubyte", label_file(59999), "59999 labels, not 60000"),
        ("t10k-images-idx3-ubyte", image_file(10000, 27), "not .10000, 28, 28"),
        ("t10k-labels-idx1-ubyte", image_file(1), "exchange the files"),
        ("train-images-idx3-ubyte", b"", "shorter than the header"),
    ],
)
def test_wrong_files_are_refused(folder, tmp_path, name, raw, words):
    for file in folder.iterdir():
        if not file.name.startswith(name):
            (tmp_path / file.name).symlink_to(file)
    (tmp_path / name).write_bytes(raw)
    with pytest.raises(UnreadableFile, match=words):
        FashionMnist(tmp_path)


def test_missing_files_are_asked_for(folder, tmp_path):
    for read in (FashionMnist, fashion_hashes):
        with pytest.raises(UnreadableFile, match="put the four FashionMNIST files"):
            read(tmp_path)
    (tmp_path / "train-images-idx3-ubyte").symlink_to(folder / "train-images-idx3-ubyte")
    with pytest.raises(UnreadableFile, match="neither train-labels-idx1-ubyte"):
        FashionMnist(tmp_path)


def test_the_packed_file_is_read_where_there_are_two(folder, tmp_path):
    for file in folder.iterdir():
        (tmp_path / file.name).symlink_to(file)
    (tmp_path / "t10k-labels-idx1-ubyte").write_bytes(b"not looked at")
    assert len(FashionMnist(tmp_path).test) == 10000
