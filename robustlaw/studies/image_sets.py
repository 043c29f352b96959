"""Noisy images with their true labels, split in two: what the studies of pruned classifiers train on.

Pixels are in [0, 1], or of variance about 1 for random fields; normal noise is added to every pixel
once, so that an image stays the same from epoch to epoch and can be memorised. Test images have
noise of the same law.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from jaxtyping import Float32, Int64

from ..data import FashionMnist, ImageLike, LabelledImages, digit_images
from ..data.checks import require_count, whole
from ..data.fashion import SUPPLY, VARIABLE
from ..errors import InvalidArgument, UnknownName, UnreadableFile
from ..seeds import generator


@dataclass(frozen=True)
class ImageSet:
    """Which images.

    source : "digits" (scikit-learn's), "image_like" (random fields, 28 x 28) or "fashion" (the user's files)
    train, test : how many; digits and FashionMNIST are drawn by the seed without replacement
    variance : of the noise on every pixel
    files  : SHA-256 of each of the user's files, which ties rows to them; empty for other sources
    Raises UnknownName or InvalidArgument.
    """

    source: str
    train: int
    test: int
    variance: float
    files: Mapping[str, str]

    def __post_init__(self) -> None:
        if self.source not in SOURCES:
            raise UnknownName("source", self.source, SOURCES)
        require_count("train", self.train)
        require_count("test", self.test)
        if not 0.0 <= self.variance < np.inf:
            raise InvalidArgument("variance", self.variance, "give a finite number of at least 0")
        if bool(self.files) is not (self.source == "fashion"):
            raise InvalidArgument(
                "files", dict(self.files), "they belong to the source fashion, which needs them"
            )


@dataclass(frozen=True, eq=False)
class Part:
    """Noisy images as rows, and their classes."""

    x: Float32[np.ndarray, "samples pixels"]
    y: Int64[np.ndarray, " samples"]

    def few(self, each: int) -> Part:
        """The first `each` examples of every class that occurs. Raises InvalidArgument."""
        places = [np.flatnonzero(self.y == label)[:each] for label in np.unique(self.y)]
        if min(map(len, places)) < each:
            raise InvalidArgument("scored", each, f"a class has {min(map(len, places))} training images only")
        chosen = np.sort(np.concatenate(places))
        return Part(self.x[chosen], self.y[chosen])


def noisy_parts(images: ImageSet, seed: int) -> tuple[Part, Part]:
    """Training and test images of a seed. Raises UnreadableFile where the user's files are not those."""
    train, test = SOURCES[images.source](images, whole("seed", seed))
    deviation = np.float32(images.variance**0.5)
    parts = []
    for name, part in (("train", train), ("test", test)):
        rng = generator("noise", "noisy images", name, seed)
        noise = rng.standard_normal(part.rows.shape, dtype=np.float32)
        parts.append(Part(part.rows + deviation * noise, part.labels))
    return parts[0], parts[1]


def identity(images: ImageSet) -> str:
    """ "stand-in", or what the user's files are known to be: "published" or "user-asserted"."""
    return _own(images).identity if images.source == "fashion" else "stand-in"


def _digits(images: ImageSet, seed: int) -> tuple[LabelledImages, LabelledImages]:
    return _split(digit_images(), images, seed)


def _image_like(images: ImageSet, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """One sample, so that both parts have the same templates."""
    whole_set = ImageLike(28, 10).sample(images.train + images.test, seed)
    return whole_set.take(slice(images.train)), whole_set.take(slice(images.train, None))


def _fashion(images: ImageSet, seed: int) -> tuple[LabelledImages, LabelledImages]:
    data = _own(images)
    return _drawn(data.train, images.train, seed, "train"), _drawn(data.test, images.test, seed, "test")


def _own(images: ImageSet) -> FashionMnist:
    folder = os.environ.get(VARIABLE)
    if not folder:
        raise UnreadableFile(f"{VARIABLE} is not set: {SUPPLY}")
    data = _read(folder)
    if dict(data.sha256) != dict(images.files):
        raise UnreadableFile(f"{folder}: the files are not those that these rows are about; {SUPPLY}")
    return data


@lru_cache(maxsize=1)
def _read(folder: str) -> FashionMnist:
    return FashionMnist(folder)


def _split(whole_set: LabelledImages, images: ImageSet, seed: int) -> tuple[LabelledImages, LabelledImages]:
    mixed = _drawn(whole_set, images.train + images.test, seed, "split")
    return mixed.take(slice(images.train)), mixed.take(slice(images.train, None))


def _drawn(whole_set: LabelledImages, count: int, seed: int, name: str) -> LabelledImages:
    if count > len(whole_set):
        raise InvalidArgument("train, test", count, f"there are {len(whole_set)} images")
    return whole_set.take(generator("data", "noisy images", name, seed).permutation(len(whole_set))[:count])


Source = Callable[[ImageSet, int], tuple[LabelledImages, LabelledImages]]
SOURCES: dict[str, Source] = {"digits": _digits, "image_like": _image_like, "fashion": _fashion}
