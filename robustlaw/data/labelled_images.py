"""Grey images with a class each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32, Int64

from ..errors import InvalidArgument, NonFinite, ShapeMismatch
from .checks import require_count, require_kind

Pixels = Float32[np.ndarray, "samples rows columns"]
Classes = Int64[np.ndarray, " samples"]


@dataclass(frozen=True, eq=False)
class LabelledImages:
    """n images.

    pixels  : (n, rows, columns)
    labels  : of 0, ..., classes - 1
    classes : how many there are, whether they occur or not
    Raises InvalidArgument, ShapeMismatch or NonFinite.
    """

    pixels: Pixels
    labels: Classes
    classes: int

    def __post_init__(self) -> None:
        require_count("classes", self.classes)
        for name, array, kind in (("pixels", self.pixels, np.float32), ("labels", self.labels, np.int64)):
            require_kind(name, array, np.ndarray, f"give an array of {kind.__name__}")
            if array.dtype != kind:
                raise InvalidArgument(name, array.dtype, f"give an array of {kind.__name__}")
        if self.pixels.ndim != 3 or 0 in self.pixels.shape:
            raise ShapeMismatch(
                "pixels", self.pixels.shape, "give (images, rows, columns), at least one each"
            )
        if self.labels.shape != self.pixels.shape[:1]:
            raise ShapeMismatch("labels", self.labels.shape, f"there are {len(self.pixels)} images")
        if not np.isfinite(self.pixels).all():
            raise NonFinite("pixels", self.pixels.shape, "every pixel has to be finite")
        wrong = self.labels[(self.labels < 0) | (self.labels >= self.classes)]
        if wrong.size:
            raise InvalidArgument("labels", wrong[:3], f"classes are numbered 0 to {self.classes - 1}")

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def rows(self) -> Float32[np.ndarray, "samples pixels"]:
        """Every image as one row of numbers."""
        return self.pixels.reshape(len(self), -1)

    def take(self, places: slice | Sequence[int] | np.ndarray) -> LabelledImages:
        """The images at `places`, in that order."""
        return LabelledImages(self.pixels[places], self.labels[places], self.classes)
