"""Real inputs: the hand-written digits that scikit-learn carries."""

from __future__ import annotations

from functools import cache
from importlib import import_module

import numpy as np

from ..errors import MissingCapability
from .dataset import Dataset
from .empirical import Assumed, Empirical
from .labelled_images import LabelledImages
from .noise import Flips
from .problem import Problem
from .targets import Lookup

DIGITS, SIDE = 1797, 8
WHITE = 16.0


@cache
def digits_problem(flip: float = 0.1, proxy: float | None = None) -> Problem:
    """Odd (+1) against even (-1) digits with a known share of flipped labels.

    Inputs: 64 pixels over 16, centred; E|x|^2 is about 4.7. No certificate exists, so rho is
    assumed, and `assumption` says so. The share flipped is ours, hence g = (1 - 2 flip) c(x), where
    the class c(x) counts as a function of the pixels.

    flip  : probability that a label is flipped, between 0 and 1/2
    proxy : the assumed rho; by default the largest eigenvalue of the sample covariance, which is
            what a normal law with that covariance would have
    Raises MissingCapability without scikit-learn.
    """
    pixels, numerals = _load()
    table = Empirical(pixels - pixels.mean(axis=0))
    given = proxy is not None
    rho = proxy if proxy is not None else table.gaussian_proxy()
    why = "given by the user" if given else "as if the digits were normal with their sample covariance"
    classes = np.where(numerals % 2 == 1, 1.0, -1.0)
    return Problem(Assumed(table, rho, why), Lookup(table.points, classes), Flips(flip))


def digits(n: int, seed: int, flip: float = 0.1, proxy: float | None = None) -> Dataset:
    """n of the 1797 digits, drawn without replacement, with labels as in `digits_problem`.

    Raises InvalidArgument for n > 1797.
    """
    return digits_problem(flip, proxy).sample(n, seed)


def digit_images() -> LabelledImages:
    """All 1797 digits in the order of the table, 8 x 8 pixels in [0, 1], classes 0 to 9.

    Raises MissingCapability without scikit-learn.
    """
    pixels, numerals = _load()
    return LabelledImages(
        pixels.reshape(-1, SIDE, SIDE).astype(np.float32), numerals.astype(np.int64), classes=10
    )


def _load() -> tuple[np.ndarray, np.ndarray]:
    try:
        bundle = import_module("sklearn.datasets").load_digits()
    except ModuleNotFoundError as error:
        raise MissingCapability("the digits come with scikit-learn: pip install robustlaw[data]") from error
    return np.asarray(bundle.data, dtype=np.float64) / WHITE, np.asarray(bundle.target)
