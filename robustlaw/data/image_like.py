"""Random fields in the place of photographs: classes whose images vary smoothly."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float64

from ..errors import InvalidArgument
from ..seeds import generator
from .checks import require_count, require_positive, whole
from .labelled_images import LabelledImages

# Fields that an image adds to the template of its class, against a template.
WITHIN = 0.5


@dataclass(frozen=True)
class ImageLike:
    """Images template[class] + field/2, templates and fields drawn from one law.

    Both are stationary Gaussian fields on a torus with power |k|^-spectrum at wave number k != 0 and none
    at 0: mean 0, and variance 1 in every pixel. Classes are fair and independent.

    side     : pixels a row and a column, at least 2
    classes  : how many templates
    spectrum : 2 is what photographs have, roughly; 0 is white noise
    """

    side: int
    classes: int
    spectrum: float = 2.0

    def __post_init__(self) -> None:
        require_count("side", self.side, 2)
        require_count("classes", self.classes)
        if self.spectrum != 0.0:
            require_positive("spectrum", self.spectrum)

    @property
    def power(self) -> Float64[np.ndarray, "side side"]:
        """Variance of each Fourier coefficient of a field, over that of white noise; their mean is 1."""
        waves = self.side * np.fft.fftfreq(self.side)
        square = waves[:, None] ** 2 + waves[None, :] ** 2
        square[0, 0] = np.inf if self.spectrum else 1.0
        power = square ** (-self.spectrum / 2.0)
        power[0, 0] = 0.0
        return np.asarray(power / power.mean())

    def fields(self, n: int, rng: np.random.Generator) -> Float64[np.ndarray, "n side side"]:
        """n independent fields: white noise, its Fourier coefficients scaled."""
        white = np.fft.fft2(rng.standard_normal((n, self.side, self.side)))
        return np.asarray(np.fft.ifft2(white * np.sqrt(self.power)).real)

    def templates(self, seed: int) -> Float64[np.ndarray, "classes side side"]:
        """The middle of every class."""
        return self.fields(self.classes, generator("target", "image-like", seed))

    def sample(self, n: int, seed: int) -> LabelledImages:
        """n images around the templates of the seed; the same seed gives the same bits."""
        n, seed = whole("n", n, 1), whole("seed", seed)
        labels = generator("labels", "image-like", seed).integers(self.classes, size=n)
        fields = self.fields(n, generator("data", "image-like", seed))
        pixels = self.templates(seed)[labels] + WITHIN * fields
        if not np.isfinite(pixels).all():
            raise InvalidArgument("spectrum", self.spectrum, "the powers overflow; give a smaller one")
        return LabelledImages(pixels.astype(np.float32), labels.astype(np.int64), self.classes)
