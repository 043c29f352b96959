"""Noisy images: noise of the stated variance, drawn once; disjoint parts; the user's files by digest."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.data import digit_images, fashion
from robustlaw.data.fashion import supplied_files
from robustlaw.errors import InvalidArgument, UnknownName, UnreadableFile
from robustlaw.studies import image_sets
from robustlaw.studies.image_sets import ImageSet, Part, identity, noisy_parts


def clean(source="digits", train=60, test=30):
    return noisy_parts(ImageSet(source, train, test, 0.0, {}), seed=3)


@pytest.mark.parametrize("source", ["digits", "image_like"])
def test_noise_is_normal_of_the_stated_variance_and_drawn_once(source):
    quiet, images = clean(source), ImageSet(source, 60, 30, 2.0, {})
    loud, again = noisy_parts(images, 3), noisy_parts(images, 3)
    draws = []
    for part, same, base in zip(loud, again, quiet, strict=True):
        assert np.array_equal(part.x, same.x)
        assert np.array_equal(part.y, base.y)
        z = (part.x - base.x).ravel().astype(np.float64)
        draws.append(z[:1000])
        # six deviations of the mean and of the mean square of n normals
        assert abs(z.mean()) < 6.0 * (2.0 / z.size) ** 0.5
        assert abs(np.mean(z**2) - 2.0) < 6.0 * 2.0 * (2.0 / z.size) ** 0.5
    assert not np.array_equal(*draws)
    assert not np.array_equal(noisy_parts(images, 4)[0].y, loud[0].y)


def test_digits_are_split_without_overlap():
    train, test = noisy_parts(ImageSet("digits", 1440, 357, 0.0, {}), 0)
    everything = digit_images()
    rows = np.concatenate([np.column_stack([p.x, p.y]) for p in (train, test)])
    whole = np.column_stack([everything.rows, everything.labels])
    assert np.array_equal(rows[np.lexsort(rows.T)], whole[np.lexsort(whole.T)])


def test_both_parts_of_random_fields_have_the_same_templates():
    train, test = clean("image_like", 400, 400)
    middles = [np.stack([p.x[p.y == k].mean(0) for k in range(10)]) for p in (train, test)]
    near = np.linalg.norm(middles[0] - middles[1], axis=1)
    far = np.linalg.norm(middles[0] - np.roll(middles[1], 1, axis=0), axis=1)
    assert (3.0 * near < far).all()


@settings(max_examples=30)
@given(st.lists(st.integers(0, 3), min_size=1, max_size=40), st.integers(1, 4))
def test_few_are_the_first_of_every_class(labels, each):
    y = np.array(labels)
    part = Part(np.arange(len(y), dtype=np.float32)[:, None], y)
    counts = {k: labels.count(k) for k in set(labels)}
    if min(counts.values()) < each:
        with pytest.raises(InvalidArgument, match="scored"):
            part.few(each)
        return
    wanted = [i for i, k in enumerate(labels) if labels[:i].count(k) < each]
    assert part.few(each).x[:, 0].tolist() == wanted
    assert part.few(each).y.tolist() == [labels[i] for i in wanted]


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"source": "mnist"}, UnknownName),
        ({"train": 0}, InvalidArgument),
        ({"test": 0}, InvalidArgument),
        ({"variance": -1.0}, InvalidArgument),
        ({"variance": float("nan")}, InvalidArgument),
        ({"source": "fashion"}, InvalidArgument),
        ({"files": {"a": "b"}}, InvalidArgument),
    ],
)
def test_sets_without_meaning_are_refused(change, error):
    plain = {"source": "digits", "train": 5, "test": 5, "variance": 1.0, "files": {}}
    with pytest.raises(error):
        ImageSet(**(plain | change))


def test_no_more_images_than_there_are():
    with pytest.raises(InvalidArgument, match="1797"):
        noisy_parts(ImageSet("digits", 1700, 98, 1.0, {}), 0)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """FashionMNIST's four files, with 90 and 40 made-up images."""
    monkeypatch.setattr(fashion, "SIZES", {"train": 90, "t10k": 40})
    for start, n in (("train", 90), ("t10k", 40)):
        pixels = np.random.default_rng(n).integers(256, size=(n, 28, 28), dtype=np.uint8)
        labels = (np.arange(n) % 10).astype(np.uint8)
        images = struct.pack(">4I", 2051, n, 28, 28) + pixels.tobytes()
        (tmp_path / f"{start}-images-idx3-ubyte").write_bytes(images)
        packed = gzip.compress(struct.pack(">2I", 2049, n) + labels.tobytes())
        (tmp_path / f"{start}-labels-idx1-ubyte.gz").write_bytes(packed)
    monkeypatch.setenv(fashion.VARIABLE, str(tmp_path))
    image_sets._read.cache_clear()
    yield tmp_path
    image_sets._read.cache_clear()


def test_files_of_the_user_are_tied_to_their_digests(folder, monkeypatch):
    images = ImageSet("fashion", 50, 40, 0.0, supplied_files())
    train, test = noisy_parts(images, 1)
    assert (train.x.shape, test.x.shape) == ((50, 784), (40, 784))
    assert identity(images) == "user-asserted"
    # drawn without replacement from the 90, the first 10 of every class at most
    assert np.bincount(train.y, minlength=10).max() <= 9
    other = ImageSet("fashion", 50, 40, 0.0, {**images.files, "t10k-labels-idx1-ubyte": "0" * 64})
    with pytest.raises(UnreadableFile, match="not those that these rows are about"):
        noisy_parts(other, 1)
    monkeypatch.delenv(fashion.VARIABLE)
    assert supplied_files() == {}
    with pytest.raises(UnreadableFile, match=r"ROBUSTLAW_FASHION_MNIST is not set.*put the four"):
        noisy_parts(images, 1)


def test_stand_ins_say_what_they_are():
    assert identity(ImageSet("digits", 5, 5, 0.0, {})) == "stand-in"
