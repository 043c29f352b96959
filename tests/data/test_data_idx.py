"""IDX files: what is written is read, and whatever else is refused by name, mutated bytes included."""

import gzip
import struct
import zlib

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from robustlaw.data import idx
from robustlaw.data.idx import images_of, labels_of, read_images, read_labels
from robustlaw.errors import UnreadableFile

SIZES = npst.array_shapes(min_dims=3, max_dims=3, max_side=5)
PIXELS = SIZES.flatmap(lambda shape: npst.arrays(np.uint8, shape))
LABELS = npst.arrays(np.uint8, st.integers(1, 30), elements=st.integers(0, 9))


def written(array, magic):
    return struct.pack(f">{1 + array.ndim}I", magic, *array.shape) + array.tobytes()


def attempt(read, raw):
    """The entries, or the words of the one error there may be."""
    try:
        return read(raw, "the file")
    except UnreadableFile as error:
        return str(error)


IMAGE_FILE = written(np.arange(24, dtype=np.uint8).reshape(2, 3, 4), 2051)
LABEL_FILE = written(np.arange(10, dtype=np.uint8), 2049)


@given(PIXELS, st.booleans())
def test_images_are_read_as_written(pixels, packed):
    raw = written(pixels, 2051)
    assert np.array_equal(images_of(gzip.compress(raw) if packed else raw, "x"), pixels)


@given(LABELS, st.booleans())
def test_labels_are_read_as_written(labels, packed):
    raw = written(labels, 2049)
    assert np.array_equal(labels_of(gzip.compress(raw) if packed else raw, "x"), labels)


def test_files_are_known_by_their_bytes_and_not_by_their_name(tmp_path):
    (tmp_path / "plain.gz").write_bytes(IMAGE_FILE)
    (tmp_path / "packed").write_bytes(gzip.compress(LABEL_FILE))
    assert read_images(tmp_path / "plain.gz").shape == (2, 3, 4)
    assert read_labels(tmp_path / "packed").tolist() == list(range(10))


@settings(max_examples=400)
@given(st.data())
def test_mutated_files_are_read_whole_or_refused_by_name(data):
    """Changed, cut or inserted bytes: nothing but UnreadableFile, or an array that fits every byte."""
    read, source = data.draw(st.sampled_from([(images_of, IMAGE_FILE), (labels_of, LABEL_FILE)]))
    packed = data.draw(st.booleans())
    raw = bytearray(gzip.compress(source, mtime=0) if packed else source)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(raw) - 1)) if raw else 0
        match data.draw(st.sampled_from(["change", "cut", "insert", "append", "remove"])):
            case "change" if raw:
                raw[place] = data.draw(st.integers(0, 255))
            case "cut":
                del raw[place:]
            case "insert":
                raw[place:place] = data.draw(st.binary(min_size=1, max_size=6))
            case "append":
                raw += data.draw(st.binary(min_size=1, max_size=6))
            case _:
                del raw[place : place + 1]
    found = attempt(read, bytes(raw))
    if isinstance(found, str):
        assert found.startswith("the file: ")
        return
    plain = zlib.decompress(raw, wbits=31) if raw[:2] == b"\x1f\x8b" else bytes(raw)
    assert plain == written(found, 2051 if read is images_of else 2049)
    assert read is images_of or found.max() <= 9


@given(st.binary(max_size=60))
def test_any_bytes_are_read_whole_or_refused(raw):
    for read, magic in ((images_of, 2051), (labels_of, 2049)):
        found = attempt(read, raw)
        assert found.startswith("the file: ") if isinstance(found, str) else written(found, magic) == raw


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"", "shorter than the header"),
        (IMAGE_FILE[:15], "shorter than the header"),
        (LABEL_FILE + bytes(20), "holds labels: exchange the files"),
        (struct.pack("<4I", 2051, 2, 3, 4) + bytes(24), "it is no IDX file"),
        (struct.pack(">4I", 2051, 0, 3, 4), "none may be 0"),
        (IMAGE_FILE[:-1], "cut off"),
        (IMAGE_FILE + b"\0", "followed by other bytes"),
        (struct.pack(">4I", 2051, 2**32 - 1, 2**32 - 1, 2**32 - 1), "cut off"),
        (gzip.compress(IMAGE_FILE, mtime=0)[:-3], "cut off"),
        (gzip.compress(IMAGE_FILE, mtime=0) + b"\0", "follow its gzip data"),
        (gzip.compress(IMAGE_FILE, mtime=0) * 2, "follow its gzip data"),
        (gzip.compress(IMAGE_FILE, mtime=0)[:-8] + bytes(8), "damaged gzip data"),
        (b"\x1f\x8bnonsense", "damaged gzip data"),
    ],
)
def test_what_is_wrong_is_said(raw, words):
    with pytest.raises(UnreadableFile, match=words):
        images_of(raw, "x")


def test_labels_beyond_the_classes_are_refused():
    with pytest.raises(UnreadableFile, match="label 9 where labels are 0 to 4"):
        labels_of(LABEL_FILE, "x", classes=5)


def test_missing_files_and_folders_are_refused(tmp_path):
    for path in (tmp_path / "none", tmp_path):
        with pytest.raises(UnreadableFile, match="no such file"):
            read_images(path)


@pytest.mark.parametrize("packed", [False, True])
def test_nothing_larger_than_allowed_is_unpacked(tmp_path, monkeypatch, packed):
    raw = written(np.zeros((100, 10, 10), dtype=np.uint8), 2051)
    monkeypatch.setattr(idx, "MOST_BYTES", 2000)
    file = tmp_path / "x"
    file.write_bytes(gzip.compress(raw) if packed else raw)
    with pytest.raises(UnreadableFile, match="more than 2000 bytes"):
        read_images(file)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=10)
@given(PIXELS)
def test_reading_changes_no_file(tmp_path, pixels):
    file = tmp_path / "x"
    file.write_bytes(written(pixels, 2051))
    found = read_images(file)
    assert not found.flags.writeable
    assert file.read_bytes() == written(pixels, 2051)
