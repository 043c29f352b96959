"""LipSDP-Neuron by a path-following Newton method on the barrier of barrier.py.

Every iterate is feasible, so stopping anywhere leaves a bound; accuracy alone depends on
convergence. At an exact centre the bound is within a factor exp(mu T / 2) of the optimum, T
the size of the inequality.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from .barrier import Barrier, Square, Vector

# Proved relative excess of the bound at the end of the path; the real one is 15 to 1000 times less.
GAP = 1e-5
# Newton steps; a path takes 20 to 130. Every step leaves a valid point, so the cap loses no bound.
STEPS = 400
# First multiple of the closed form's multipliers and of their best t: well inside the inequality.
INSIDE = 0.9
# No variable loses more than this share in one step, so that all stay positive.
LARGEST_LOSS = 0.95
# Share of the decrease that a linear model promises which a step has to deliver.
ARMIJO = 0.1
HALVINGS, DOUBLINGS = 40, 6


@dataclass(frozen=True, eq=False)
class Path:
    """Where the path ended: multipliers and rho (normalised as in eclipse.py), and how."""

    multipliers: np.ndarray
    rho: float
    steps: int
    finished: bool


@dataclass(frozen=True, eq=False)
class _Point:
    """A feasible point: its variables, the Cholesky factor of P, and logdet P."""

    y: np.ndarray
    factor: np.ndarray
    logdet: float

    def value(self, mu: float) -> float:
        return -math.log(self.y[-1]) - mu * self.logdet


def follow(barrier: Barrier, multipliers: Vector, gap: float = GAP) -> Path:
    """From any multipliers (N,) of a feasible point to the optimum within `gap`, relative.

    Returns the last iterate, or the start where even that is not feasible in float64
    (rho is then infinite).
    """
    start = _inside(barrier, multipliers)
    if start is None:
        return Path(multipliers, math.inf, 0, False)
    here, steps, mu = start, 0, 1.0
    last = 2.0 * gap / barrier.size
    while True:
        here, used, centred = _centre(barrier, here, mu, STEPS - steps)
        steps += used
        if mu <= last or not centred:
            break
        mu = max(0.1 * mu, last)
    ends = [(barrier.gain(lam), lam) for lam in (here.y[:-1], start.y[:-1])]
    rho, best = min(ends, key=lambda end: end[0])
    return Path(best, rho, steps, centred)


def _inside(barrier: Barrier, multipliers: Vector) -> _Point | None:
    """INSIDE the given multipliers; deeper layers shrink faster if that is not feasible."""
    factors = np.full(barrier.units, INSIDE)
    for _ in range(HALVINGS):
        lam = multipliers * factors
        rho = barrier.gain(lam)
        if math.isfinite(rho) and rho > 0.0:
            y = np.append(lam, INSIDE / rho)
            return _point(y, barrier.matrix(y))
        for depth, rows in enumerate(barrier.rows):
            factors[rows] *= 0.5 ** (depth + 1)
    return None


def _centre(barrier: Barrier, here: _Point, mu: float, budget: int) -> tuple[_Point, int, bool]:
    """Newton steps until the squared decrement of F is below mu / 4; False if the budget ran out.

    A decrease below rounding also counts: nothing more can be gained in float64.
    """
    for step in range(budget):
        gradient, hessian = barrier.derivatives(here.y, _inverse(here.factor), mu)
        direction = _solve(hessian, -gradient)
        decrement = -float(gradient @ direction)
        value = here.value(mu)
        if not decrement > max(0.25 * mu, 1e-15 * abs(value)):
            return here, step, True
        found = _search(barrier, here, here.y * direction, mu, decrement)
        if found is None:
            return here, step, True
        here = found
    return here, budget, False


def _search(barrier: Barrier, here: _Point, step: Vector, mu: float, decrement: float) -> _Point | None:
    """Backtracking from the longest admissible step; doubling while far from the centre pays."""
    slope = barrier.linear(step)
    base = barrier.matrix(here.y)
    value = here.value(mu)
    loss = float(np.max(-step / here.y))
    longest = LARGEST_LOSS / loss if loss > 0.0 else math.inf
    length = min(1.0, longest)
    found = None
    for _ in range(HALVINGS):
        found = _point(here.y + length * step, base + length * slope)
        if found is not None and found.value(mu) <= value - ARMIJO * length * decrement:
            break
        found, length = None, 0.5 * length
    if found is None or decrement <= 0.5 * mu:
        return found
    for _ in range(DOUBLINGS):
        if 2.0 * length > longest:
            break
        length *= 2.0
        further = _point(here.y + length * step, base + length * slope)
        if further is None or further.value(mu) >= found.value(mu):
            break
        found = further
    return found


def _point(y: Vector, matrix: Square) -> _Point | None:
    """None if P is not positive definite."""
    factor, info = lapack.dpotrf(matrix, lower=1, clean=0)
    if info != 0:
        return None
    logdet = 2.0 * float(np.log(np.diagonal(factor)).sum())
    return _Point(y, factor, logdet) if math.isfinite(logdet) else None


def _inverse(factor: Square) -> Square:
    inverse, _ = lapack.dpotri(factor, lower=1)
    low = np.tril(inverse)
    return np.asarray(low + np.tril(low, -1).T)


def _solve(hessian: Square, right: Vector) -> Vector:
    """The Newton direction; a ridge, relative to each diagonal entry, where rounding needs one."""
    scale = 1.0 / np.sqrt(np.diagonal(hessian))
    scaled = hessian * scale[:, None] * scale
    for ridge in (0.0, 1e-13, 1e-10, 1e-7, 1e-4, 1.0):
        trial = scaled + ridge * np.eye(len(right))
        _, x, info = lapack.dposv(trial, right * scale, lower=1)
        if info == 0:
            return np.asarray(x * scale)
    return right
