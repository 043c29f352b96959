"""Inputs of two patches, a signal that names the class and noise that does not.

The signal-noise model of the companion paper on pruning and generalisation (arXiv 2301.00335): one
patch is mu e_y, the other normal noise, in random order. As a law of inputs it is a mixture with one
component for each class and order, on each of which only the noise patch moves: its variance proxy
is that of the noise. The label of a clean sample is a function of its input, so that the laws of
robustness have no label noise to speak of; `problem` adds flipped labels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float64, Int64
from scipy.special import gammainc, gammaincinv

from ..errors import InvalidArgument
from .checks import require_count, require_positive
from .images import Shifted
from .isoperimetry import Distribution, Isoperimetry, Points, Vector
from .mixture import Mixture
from .noise import Flips
from .problem import Problem
from .spheres import unit_vectors
from .targets import Target, Values

Noise = Float64[np.ndarray, "samples inputs"]
Labels = Int64[np.ndarray, " samples"]


@dataclass(frozen=True, eq=False)
class PatchSample:
    """n inputs of two patches.

    noise        : the patch without signal
    labels       : the class that the signal names
    signal_first : whether the signal is the first patch
    model        : where they were drawn from
    """

    noise: Noise
    labels: Labels
    signal_first: Bool[np.ndarray, " samples"]
    model: TwoPatches

    @property
    def n(self) -> int:
        return len(self.labels)

    @property
    def patches(self) -> Float64[np.ndarray, "samples two inputs"]:
        """Both patches, in their order."""
        pair = np.stack([self.model.signals[self.labels], self.noise], axis=1)
        return np.where(self.signal_first[:, None, None], pair, pair[:, ::-1])

    def means_of(self, labels: Labels) -> Float64[np.ndarray, "classes inputs"]:
        """Mean of the sum of both patches over the samples with each label; 0 where there is none."""
        member = np.arange(self.model.classes)[:, None] == labels
        return np.asarray(member @ self.patches.sum(axis=1) / np.maximum(member.sum(axis=1), 1)[:, None])


@dataclass(frozen=True)
class TwoPatches:
    """x = (signal e_y, xi) or (xi, signal e_y): y uniform on `classes`, xi ~ N(0, noise^2 Id) in R^dim.

    signal, noise : mu and sigma_n
    Raises InvalidArgument.
    """

    classes: int
    dim: int
    signal: float = 1.0
    noise: float = 0.2

    def __post_init__(self) -> None:
        require_count("classes", self.classes, 2)
        require_count("dim", self.dim, self.classes)
        require_positive("signal", self.signal)
        require_positive("noise", self.noise)

    @property
    def signals(self) -> Float64[np.ndarray, "classes inputs"]:
        """The signal patch of each class."""
        return self.signal * np.eye(self.classes, self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> PatchSample:
        """n independent samples."""
        require_count("n", n)
        labels = rng.integers(self.classes, size=n)
        first = rng.random(n) < 0.5
        return PatchSample(self.noise * rng.standard_normal((n, self.dim)), labels, first, self)

    def radius(self, tail: float) -> float:
        """Radius noise (sqrt dim + tail): a normal noise patch is longer with chance <= exp(-tail^2/2).

        The length of a normal vector is a 1-Lipschitz function with mean at most sqrt dim.
        """
        require_positive("tail", tail)
        return self.noise * (math.sqrt(self.dim) + tail)

    def noise_patch(self, tail: float) -> NoisePatch:
        """The normal noise patch, held within `radius(tail)`."""
        return NoisePatch(self.dim, self.noise, self.radius(tail))

    def law(self, tail: float) -> Mixture:
        """Law of both patches in R^(2 dim), the noise patch held within `radius(tail)`.

        Component 2 y + o has class y, its signal first for o = 0. Of n inputs of the normal model some noise
        patch is outside with chance at most n exp(-tail^2/2).
        """
        ball = self.noise_patch(tail)
        parts = [
            Shifted(OnePatch(ball, place), np.roll(np.pad(s, (0, self.dim)), self.dim * (1 - place)))
            for s in self.signals
            for place in (1, 0)
        ]
        return Mixture(parts)

    def problem(self, flipped: float, tail: float = 6.0) -> Problem:
        """Labels +-1 of two classes (the second is +1), each flipped with chance `flipped`.

        Raises InvalidArgument unless there are two classes: the laws speak of one output.
        """
        if self.classes != 2:
            raise InvalidArgument("classes", self.classes, "labels +-1 need two classes")
        return Problem(self.law(tail), SignalSign(self), Flips(flipped))


@dataclass(frozen=True)
class SignalSign(Target):
    """+1 where a patch is the second class's signal, -1 where it is the first's.

    Raises InvalidArgument for an input without a signal.
    """

    model: TwoPatches

    def __call__(self, x: Points) -> Values:
        patches = x.reshape(len(x), 2, self.model.dim)
        found = (patches[:, :, None] == self.model.signals).all(axis=3).any(axis=1)
        if (found.sum(axis=1) != 1).any():
            raise InvalidArgument("x", x[found.sum(axis=1) != 1][:1], "one patch has to be a class's signal")
        return np.where(found[:, 1], 1.0, -1.0)


@dataclass(frozen=True)
class NoisePatch(Distribution):
    """N(0, deviation^2 Id) held within a ball: the normal law given |x| <= radius.

    Certificate: rho = deviation^2. The density is exp(-V) on a convex set with Hess V = Id/deviation^2, and
    such a law is a 1-Lipschitz image of the normal one (Caffarelli 2000, Theorem 11). UPPER.
    """

    dim: int
    deviation: float
    radius: float = 1.0

    def __post_init__(self) -> None:
        require_count("dim", self.dim)
        require_positive("deviation", self.deviation)
        require_positive("radius", self.radius)

    @property
    def isoperimetry(self) -> Isoperimetry:
        proxy = math.nextafter(self.deviation**2, math.inf)
        return Isoperimetry(proxy, "Caffarelli 2000, contraction of the normal law onto a log-concave one")

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    @property
    def _limit(self) -> float:
        """Half the squared radius, in units of the variance: |x|^2/2 has a gamma law of shape dim/2."""
        return 0.5 * (self.radius / self.deviation) ** 2

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        directions = unit_vectors(n, self.dim, rng)
        shares = rng.random(n) * gammainc(0.5 * self.dim, self._limit)
        lengths = self.deviation * np.sqrt(2.0 * gammaincinv(0.5 * self.dim, shares))
        return np.asarray(directions * np.minimum(lengths, self.radius * (1.0 - 2.0**-40))[:, None])

    def power_mean(self, q: int) -> float:
        """E relu(u.x)^q for a unit vector u: |x| and its direction are independent.

        E|x|^q E relu(direction)^q, the first with an incomplete gamma factor for the ball.
        """
        half = 0.5 * self.dim
        held = gammainc(half + 0.5 * q, self._limit) / gammainc(half, self._limit)
        # the gamma functions of dim in both factors cancel: what is left is the normal law's own mean
        normal = 2.0 ** (0.5 * q - 1.0) * math.gamma(0.5 * (q + 1)) / math.sqrt(math.pi)
        return float(self.deviation**q * normal * held)


@dataclass(frozen=True)
class OnePatch(Distribution):
    """The base on one of two patches, the other one 0."""

    base: NoisePatch
    place: int

    @property
    def dim(self) -> int:  # type: ignore[override]
        return 2 * self.base.dim

    @property
    def isoperimetry(self) -> Isoperimetry:
        return self.base.isoperimetry

    @property
    def radius(self) -> float:
        return self.base.radius

    @property
    def mean(self) -> Vector:
        return np.zeros(self.dim)

    def sample(self, n: int, rng: np.random.Generator) -> Points:
        x = np.zeros((n, 2, self.base.dim))
        x[:, self.place] = self.base.sample(n, rng)
        return x.reshape(n, self.dim)
