"""Images with classes: what fits together, the digits, and random fields of a known spectrum."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from unchecked import outcomes

from robustlaw.data import ImageLike, LabelledImages, digit_images
from robustlaw.errors import InvalidArgument
from robustlaw.seeds import generator


def images(n=4, side=3, classes=5):
    pixels = np.arange(n * side * side, dtype=np.float32).reshape(n, side, side)
    return LabelledImages(pixels, np.arange(n) % classes, classes)


@given(st.lists(st.integers(0, 3), min_size=1, max_size=6))
def test_taken_images_keep_their_labels(places):
    whole = images()
    part = whole.take(places)
    assert len(part) == len(places)
    assert np.array_equal(part.rows, whole.rows[places])
    assert part.labels.tolist() == places
    assert part.classes == 5


WRONG = {
    "np.zeros((4, 9), np.float32), labels, 5": "ShapeMismatch",
    "np.zeros((4, 0, 3), np.float32), labels, 5": "ShapeMismatch",
    "pixels, labels[:3], 5": "ShapeMismatch",
    "pixels, np.array([0, 1, 2, 5]), 5": "InvalidArgument",
    "pixels, np.array([0, -1, 2, 3]), 5": "InvalidArgument",
    "pixels * np.float32(np.nan), labels, 5": "NonFinite",
    "pixels, labels, 0": "InvalidArgument",
    "pixels.tolist(), labels, 5": "InvalidArgument",
    "pixels.astype(float), labels, 5": "InvalidArgument",
    "pixels, labels.astype(float), 5": "InvalidArgument",
}


def test_what_does_not_fit_is_refused():
    setup = "pixels, labels = np.ones((4, 3, 3), np.float32), np.arange(4)"
    calls = {f"data.LabelledImages({arguments})": error for arguments, error in WRONG.items()}
    found = outcomes(setup, ["data.LabelledImages(pixels, labels, 5)", *calls])
    assert found.pop("data.LabelledImages(pixels, labels, 5)") == "fine"
    assert {call: told.split(":")[0] for call, told in found.items()} == calls


def test_digits_are_scikit_learns():
    from sklearn.datasets import load_digits

    bundle, ours = load_digits(), digit_images()
    assert np.array_equal(ours.pixels * 16.0, bundle.images)
    assert np.array_equal(ours.labels, bundle.target)
    assert (ours.classes, len(ours)) == (10, 1797)
    assert ours.pixels.min() == 0.0
    assert ours.pixels.max() == 1.0


@settings(max_examples=20)
@given(st.integers(2, 12), st.sampled_from([0.0, 1.0, 2.0, 3.5]))
def test_power_falls_as_the_wave_number_says(side, spectrum):
    power = ImageLike(side, 3, spectrum).power
    assert power[0, 0] == 0.0
    assert power.mean() == pytest.approx(1.0)
    for a, b in np.ndindex(side, side):
        near, far = min(a, side - a), min(b, side - b)
        if near or far:
            square = near**2 + far**2
            assert power[a, b] == pytest.approx(power[0, 1] * square ** (-spectrum / 2.0), rel=1e-12)


@pytest.mark.parametrize("side", [7, 8])
def test_fields_have_that_covariance(side):
    """Second moments of 4000 fields against sum over k of power cos(2 pi k.(s - t)/side)/side^2."""
    law, n = ImageLike(side, 2), 4000
    flat = law.fields(n, np.random.default_rng(0)).reshape(n, -1)
    places = np.stack(np.meshgrid(*[np.arange(side)] * 2, indexing="ij"), -1).reshape(-1, 2)
    shift = places[:, None] - places[None]
    phase = 2.0 * np.pi / side * np.tensordot(shift, places, axes=(2, 1))
    truth = (np.cos(phase) * law.power.reshape(-1)).mean(-1)
    assert np.allclose(np.diag(truth), 1.0)
    # products of two normals of variance 1 have variance at most 2: six deviations of a mean of n
    assert np.abs(flat.T @ flat / n - truth).max() < 6.0 * (2.0 / n) ** 0.5
    assert np.abs(flat.mean(0)).max() < 6.0 / n**0.5
    assert np.abs(flat.sum(1)).max() < 1e-9  # no power at wave number 0


def test_images_stray_by_half_a_field_from_their_template():
    law = ImageLike(6, 3)
    sample = law.sample(3000, seed=5)
    own = law.templates(5)
    stray = sample.pixels - own[sample.labels]
    assert stray.std() == pytest.approx(0.5, rel=0.03)
    assert np.bincount(sample.labels, minlength=3).min() > 900  # 1000 expected, deviation 26
    for k in range(3):
        mean = sample.pixels[sample.labels == k].mean(0)
        assert np.abs(mean - own[k]).max() < 0.5 * 6.0 / 900**0.5


def test_the_same_seed_gives_the_same_bits_and_another_one_other_images():
    one, two, other = (ImageLike(4, 3).sample(20, seed) for seed in (1, 1, 2))
    assert np.array_equal(one.pixels, two.pixels)
    assert np.array_equal(one.labels, two.labels)
    assert not np.array_equal(one.pixels, other.pixels)
    # templates, labels and fields are streams of their own
    fresh = ImageLike(4, 3).fields(3, generator("target", "image-like", 1))
    assert np.array_equal(fresh, ImageLike(4, 3).templates(1))
    assert np.array_equal(ImageLike(4, 3).sample(5, 1).labels.shape, (5,))


@pytest.mark.parametrize("change", [{"side": 1}, {"classes": 0}, {"spectrum": -1.0}, {"spectrum": np.nan}])
def test_laws_without_meaning_are_refused(change):
    with pytest.raises(InvalidArgument):
        ImageLike(**{"side": 4, "classes": 3} | change)
