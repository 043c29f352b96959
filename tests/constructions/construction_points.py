"""Points and labels for tests of the constructions."""

from __future__ import annotations

import hypothesis.strategies as st
import numpy as np

from robustlaw.constructions import HAT, SMOOTH, Interpolant, plateau

PROFILES = (HAT, SMOOTH, plateau(0.25))


@st.composite
def labelled(draw, most: int = 12, least_dim: int = 1):
    """Normal points, labels that are signs or numbers."""
    count = draw(st.integers(1, most))
    dim = draw(st.integers(least_dim, 9))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    y = rng.choice([-1.0, 1.0], count) if draw(st.booleans()) else rng.uniform(0.1, 1.0, count)
    return rng.standard_normal((count, dim)), y, rng


@st.composite
def on_sphere(draw, most: int = 10, most_dim: int = 40):
    """Unit vectors no two of which are within 25 degrees, and signs."""
    dim = draw(st.integers(2, most_dim))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    x: list[np.ndarray] = []
    for v in unit(rng.standard_normal((most, dim))):
        if all(v @ u < 0.9 for u in x):
            x.append(v)
    return np.stack(x), rng.choice([-1.0, 1.0], len(x)), rng


def unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def rotation(dim: int, rng: np.random.Generator) -> np.ndarray:
    return np.linalg.qr(rng.standard_normal((dim, dim)))[0]


def steepest(f: Interpolant, first: np.ndarray, second: np.ndarray) -> float:
    """Largest slope of f between pairs of rows, lowered by the rounding of float64 values."""
    gaps = np.linalg.norm(first - second, axis=1)
    rise = np.abs(f(first) - f(second)) - 1e-13 * (1.0 + f.lipschitz.upper)
    return float(np.max(rise[gaps > 0] / gaps[gaps > 0], initial=0.0))


def pairs(f: Interpolant, rng: np.random.Generator, sphere: bool, count: int = 400):
    """Pairs of points near the supports: far apart, near each other, and between centres."""
    own = rng.integers(len(f.x), size=(2, count))
    size = np.sqrt(f.x.shape[1])
    first = f.x[own[0]] + rng.standard_normal((count, f.x.shape[1])) * rng.uniform(0, 1.2, (count, 1)) / size
    mixed = rng.uniform(0, 1, (count, 1))
    second = np.where(
        rng.random((count, 1)) < 0.5,
        first + 1e-3 * rng.standard_normal(first.shape),
        mixed * f.x[own[0]] + (1 - mixed) * f.x[own[1]] + 1e-2 * rng.standard_normal(first.shape),
    )
    return (unit(first), unit(second)) if sphere else (first, second)
