"""Finite classes of 1-Lipschitz functions and what they repeat of the noise, many data sets at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float32
from scipy.special import ndtr

from robustlaw.data import Dataset, Gaussian, Linear, Problem, RandomSigns, Sphere

Batch = Float32[np.ndarray, "draws samples inputs"]
Noise = Float32[np.ndarray, "draws samples"]
Values = Float32[np.ndarray, "draws samples functions"]
Correlations = Float32[np.ndarray, "draws functions"]

CELLS = 4_000_000  # numbers of one batch, so that it stays near the cache


@dataclass(frozen=True)
class Bench:
    """A problem, n samples, and centred functions of slope at most 1."""

    problem: Problem
    n: int
    functions: Callable[[Batch], Values]
    noise: Callable[[Batch, np.random.Generator], Noise]
    inputs: Callable[[int, Bench, np.random.Generator], Batch]

    def batches(self, draws: int, seed: int) -> Iterator[tuple[Batch, Noise]]:
        """Inputs and noise of `draws` data sets."""
        rng = np.random.default_rng(seed)
        width = self.functions(np.zeros((1, 1, self.dim), dtype=np.float32)).shape[2]
        rows = max(1, CELLS // (self.n * max(self.dim, width)))
        for start in range(0, draws, rows):
            x = self.inputs(min(rows, draws - start), self, rng)
            yield x, self.noise(x, rng)

    @property
    def dim(self) -> int:
        return self.problem.dim

    def correlations(self, draws: int, seed: int) -> Correlations:
        """(1/n) sum_i z_i f_k(x_i) of every function on every data set."""
        return np.concatenate([self._repeated(x, z) for x, z in self.batches(draws, seed)])

    def best_and_first(self, draws: int, seed: int) -> Correlations:
        """The largest correlation and that of function 0, for classes too large to keep all."""
        found = (self._repeated(x, z) for x, z in self.batches(draws, seed))
        return np.concatenate([np.stack([c.max(axis=1), c[:, 0]], axis=1) for c in found])

    def _repeated(self, x: Batch, z: Noise) -> Correlations:
        return np.asarray(np.matmul(z[:, None, :], self.functions(x))[:, 0, :] / np.float32(self.n))

    def data(self, x: np.ndarray, z: np.ndarray) -> Dataset:
        """One of the data sets as the package takes it (clean target 0)."""
        y = z.astype(np.float64)
        return Dataset.from_arrays(x.astype(np.float64), y, np.zeros(self.n), problem=self.problem)


def normal_inputs(count: int, bench: Bench, rng: np.random.Generator) -> Batch:
    x = rng.standard_normal((count, bench.n, bench.dim), dtype=np.float32)
    x *= np.float32(1.0 / math.sqrt(bench.dim))
    return x


def sphere_inputs(count: int, bench: Bench, rng: np.random.Generator) -> Batch:
    x = rng.standard_normal((count, bench.n, bench.dim), dtype=np.float32)
    x /= np.sqrt(np.einsum("dni,dni->dn", x, x))[:, :, None]
    return x


def signs(x: Batch, rng: np.random.Generator) -> Noise:
    return (2 * rng.integers(0, 2, x.shape[:2], dtype=np.int8) - 1).astype(np.float32)


def noise_by_input(x: Batch, rng: np.random.Generator) -> Noise:
    """Mean 0 given x, of size B = 3/2 where the first coordinate is large, else 0.45."""
    size = np.where(np.abs(x[:, :, 0]) * math.sqrt(x.shape[2]) > 0.674, 1.5, 0.45).astype(np.float32)
    return size * signs(x, rng)


def coordinates(x: Batch) -> Values:
    return x


def folded(x: Batch) -> Values:
    """|x_1 - c| without its mean, for normal x_1 of deviation s."""
    s = 1.0 / math.sqrt(x.shape[2])
    c = s * np.linspace(-2.5, 2.5, 16)
    mean = s * math.sqrt(2.0 / math.pi) * np.exp(-0.5 * (c / s) ** 2) + c * (1.0 - 2.0 * ndtr(-c / s))
    return np.asarray(np.abs(x[:, :, :1] - c.astype(np.float32)) - mean.astype(np.float32))


def zigzag(x: Batch) -> Values:
    """Piecewise linear functions of x_1 with slopes +-1, without their means."""
    s = 1.0 / math.sqrt(x.shape[2])
    c = s * np.linspace(-2.0, 2.0, 6)
    slopes = np.random.default_rng(3).choice([-1.0, 1.0], (20, len(c) + 1))
    mean = s * (np.exp(-0.5 * (c / s) ** 2) / math.sqrt(2.0 * math.pi) - (c / s) * ndtr(-c / s))
    hinge = np.maximum(x[:, :, :1] - c.astype(np.float32), 0.0) - mean.astype(np.float32)
    turns = np.diff(slopes, axis=1).T.astype(np.float32)
    return np.asarray(x[:, :, :1] * slopes[:, 0].astype(np.float32) + hinge @ turns)


NORMAL = Bench(Problem(Gaussian(64)), 16, coordinates, signs, normal_inputs)
WIDE = Bench(Problem(Gaussian(4096)), 1, coordinates, signs, normal_inputs)
BENCHES = {
    "64 normal coordinates": NORMAL,
    "48 coordinates of a sphere": Bench(Problem(Sphere(48)), 16, coordinates, signs, sphere_inputs),
    "16 folded lines": Bench(Problem(Gaussian(2)), 30, folded, signs, normal_inputs),
    "20 zigzags": Bench(Problem(Gaussian(2)), 30, zigzag, signs, normal_inputs),
    "noise that depends on x": Bench(
        Problem(Gaussian(64), Linear(0.5, bound=0.5), RandomSigns()),
        16,
        coordinates,
        noise_by_input,
        normal_inputs,
    ),
}


def best_subsets(x: Correlations) -> Correlations:
    """For each k the largest correlation of a sum of k coordinates over sqrt k: supermasks."""
    ordered = -np.sort(-x, axis=1)
    sizes = np.sqrt(np.arange(1, x.shape[1] + 1, dtype=np.float32))
    return np.asarray(np.cumsum(ordered, axis=1) / sizes)


def fewest_wrong(classifiers: int, n: int, draws: int, seed: int) -> np.ndarray:
    """Least number of n fair labels that any of K classifiers fixed before gets wrong."""
    rng = np.random.default_rng(seed)
    fixed = np.random.default_rng(99).choice([-1.0, 1.0], (n, classifiers)).astype(np.float32)
    found = []
    rows = max(1, CELLS // max(n, classifiers))
    for start in range(0, draws, rows):
        labels = 2.0 * rng.integers(0, 2, (min(rows, draws - start), n)).astype(np.float32) - 1.0
        found.append((n - (labels @ fixed).max(axis=1)) / 2.0)
    return np.rint(np.concatenate(found)).astype(int)


@dataclass(frozen=True)
class SignSums:
    """f = s sum_k sigma_k x_k/sqrt d with the best of the 2^d signs, for x ~ N(0, I_d/d) and fair labels.

    c : (1/n) sum z f/s;  q : (1/n) sum (f/s)^2. Exact in law: z_i x_i are again independent N(0, I_d/d)
    with mean m = N(0, I_d/(n d)); c = |m|_1/sqrt d, and the rest of the squares, a chi-square of n - 1
    degrees of freedom, does not depend on m.
    """

    dim: int
    n: int

    def draw(self, draws: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        rng = np.random.default_rng(seed)
        total, rows = [], max(1, CELLS // self.dim)
        for start in range(0, draws, rows):
            g = rng.standard_normal((min(rows, draws - start), self.dim), dtype=np.float32)
            total.append(np.abs(g, out=g).sum(axis=1, dtype=np.float64))
        c = np.concatenate(total) / (self.dim * math.sqrt(self.n))
        rest = rng.chisquare(self.n - 1, draws) / (self.n * self.dim)
        return c, c**2 + rest

    @property
    def scale(self) -> float:
        """s, fixed before the data: the one that fits best on average."""
        c = math.sqrt(2.0 / (math.pi * self.n))
        return c / (c**2 + (self.n - 1) / (self.n * self.dim))
