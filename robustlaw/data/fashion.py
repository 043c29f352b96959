"""FashionMNIST from files that the user supplies; nothing is downloaded."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import numpy as np

from ..errors import UnreadableFile
from .idx import file_bytes, images_of, labels_of
from .labelled_images import LabelledImages

CLASSES, SIDE, WHITE = 10, 28, 255.0
SIZES = {"train": 60000, "t10k": 10000}
# Of the gzip files as published: a header cannot tell FashionMNIST from MNIST.
PUBLISHED_MD5 = {
    "train-images-idx3-ubyte": "8d4fb7e6c68d591d4c3dfef9ec88bf0d",
    "train-labels-idx1-ubyte": "25c81989df183df01b3e8a0aad5dffbe",
    "t10k-images-idx3-ubyte": "bef4ecab320f06d8554ea6380940ec79",
    "t10k-labels-idx1-ubyte": "bb300cfdad3c16e7a12a480ee83cd310",
}
VARIABLE = "ROBUSTLAW_FASHION_MNIST"
SUPPLY = (
    "put the four FashionMNIST files train-images-idx3-ubyte, train-labels-idx1-ubyte, "
    "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each plain or with .gz, in one folder, and name "
    f"it in the environment variable {VARIABLE}"
)

Identity = Literal["published", "user-asserted"]


@dataclass(frozen=True, eq=False)
class FashionMnist:
    """60000 training and 10000 test images of 28 x 28 pixels in [0, 1], 10 classes.

    folder   : where the four files are, plain or packed; of two the packed one is read
    identity : "published" if all four are the published gzip files by their MD5, else "user-asserted":
               that they are FashionMNIST is then the user's word
    sha256   : of each file as it lies there, by its name without .gz
    Raises UnreadableFile.
    """

    folder: str | Path
    train: LabelledImages = field(init=False)
    test: LabelledImages = field(init=False)
    identity: Identity = field(init=False)
    sha256: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        found = {name: (file := _file(self.folder, name), file_bytes(file)) for name in PUBLISHED_MD5}
        digests = {name: hashlib.md5(raw, usedforsecurity=False) for name, (_, raw) in found.items()}
        published = all(d.hexdigest() == PUBLISHED_MD5[name] for name, d in digests.items())
        for part, start in (("train", "train"), ("test", "t10k")):
            images, labels = found[f"{start}-images-idx3-ubyte"], found[f"{start}-labels-idx1-ubyte"]
            object.__setattr__(self, part, _part(images, labels, SIZES[start]))
        object.__setattr__(self, "identity", "published" if published else "user-asserted")
        object.__setattr__(
            self, "sha256", {name: hashlib.sha256(raw).hexdigest() for name, (_, raw) in found.items()}
        )


def fashion_hashes(folder: str | Path) -> dict[str, str]:
    """SHA-256 of the four files, not unpacked: names the data without reading them. Raises UnreadableFile."""
    return {
        name: hashlib.sha256(file_bytes(_file(folder, name))).hexdigest() for name in sorted(PUBLISHED_MD5)
    }


def supplied_files() -> dict[str, str]:
    """`fashion_hashes` of the folder that the environment names, empty if it names none.

    Raises UnreadableFile.
    """
    folder = os.environ.get(VARIABLE)
    return fashion_hashes(folder) if folder else {}


def _file(folder: str | Path, name: str) -> Path:
    packed, plain = Path(folder) / f"{name}.gz", Path(folder) / name
    file = packed if packed.is_file() else plain
    if not file.is_file():
        raise UnreadableFile(f"{folder}: neither {name}.gz nor {name} is there; {SUPPLY}")
    return file


def _part(images: tuple[Path, bytes], labels: tuple[Path, bytes], size: int) -> LabelledImages:
    pixels, classes = images_of(images[1], str(images[0])), labels_of(labels[1], str(labels[0]), CLASSES)
    if pixels.shape != (size, SIDE, SIDE):
        raise UnreadableFile(f"{images[0]}: holds images {pixels.shape}, not {(size, SIDE, SIDE)}; {SUPPLY}")
    if classes.shape != (size,):
        raise UnreadableFile(f"{labels[0]}: holds {len(classes)} labels, not {size}; {SUPPLY}")
    return LabelledImages(pixels / np.float32(WHITE), classes.astype(np.int64), CLASSES)
