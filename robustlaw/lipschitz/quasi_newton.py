"""LipSDP-Neuron by limited-memory BFGS on a scale-free barrier: for networks too large for Newton.

In x = log Lambda, with T_1 = I + p W_1^T Lambda_1 W_1, B_i = W_i T_i^-1 W_i^T,
M_i = Lambda_i - c^2 Lambda_i B_i Lambda_i and T_{i+1} = M_i + p W_{i+1}^T Lambda_{i+1} W_{i+1},
    phi_mu(x) = (1/m) log tr G^m - mu [sum_i logdet T_i + logdet M_K - logdet Lambda],
where G = W_{K+1} M_K^-1 W_{K+1}^T and the first term tends to log lambda_max(G), the log of
rho. Only blocks of one layer are factorised. Each iterate is feasible, so each gives a bound; the
best one is kept. Here for any slopes and outputs.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.linalg import lapack

from .barrier import Barrier, Square, Vector
from .newton import INSIDE, Path

# Weights of the barrier in turn, and iterations at each.
WEIGHTS = tuple(0.1 * 0.25**j for j in range(10))
ITERATIONS, MEMORY = 60, 20
# Longest change of a log multiplier in one step; shrinking factor of the line search.
LONGEST, SHRINK, ARMIJO, TRIALS = 2.0, 0.3, 1e-4, 12
# Exponent m of the trace that stands for the largest eigenvalue: off by log(q) / m at most.
SHARPEST = 1e4


@dataclass(eq=False)
class _Best:
    """The least rho met so far, and its multipliers."""

    rho: float
    multipliers: Vector
    steps: int = 0


Function = Callable[[Vector], tuple[float, Vector]]


def descend(barrier: Barrier, multipliers: Vector, weights: tuple[float, ...] = WEIGHTS) -> Path:
    """From feasible multipliers (N,), the best met on the way; rho is infinite if none was feasible."""
    x = np.log(INSIDE * multipliers)
    best = _Best(math.inf, INSIDE * multipliers)

    def stage(mu: float) -> Function:
        sharpness = min(SHARPEST, 1.0 / mu)
        return lambda y: _value(barrier, y, mu, sharpness, best)

    finished = math.isfinite(stage(weights[0])(x)[0])
    for mu in weights if finished else ():
        x = _lbfgs(stage(mu), x, best)
    return Path(best.multipliers, best.rho, best.steps, finished)


def _value(barrier: Barrier, x: Vector, mu: float, m: float, best: _Best) -> tuple[float, Vector]:
    """phi_mu and its gradient; infinite where some block is not positive definite."""
    c, p = barrier.centre, barrier.product
    with np.errstate(over="ignore"):
        lam = np.split(np.exp(x), [r.stop for r in barrier.rows[:-1]])
    failed = math.inf, np.zeros_like(x)
    t = np.eye(barrier.inputs)
    if p != 0.0:
        t += p * (barrier.weights[0].T * lam[0]) @ barrier.weights[0]
    through, inside, inverses = [], [], []
    barrier_value = 0.0
    for i, w in enumerate(barrier.weights[:-1]):
        inverse, logdet = _inverse(t)
        if inverse is None:
            return failed
        inverses.append(inverse)
        through.append(inverse @ w.T)
        inside.append(w @ through[-1])
        barrier_value += logdet - float(np.log(lam[i]).sum())
        t = np.diag(lam[i]) - (c * c) * lam[i][:, None] * inside[-1] * lam[i]
        if p != 0.0 and i + 1 < len(lam):
            t += p * (barrier.weights[i + 1].T * lam[i + 1]) @ barrier.weights[i + 1]
    inverse, logdet = _inverse(t)
    if inverse is None:
        return failed
    solved = inverse @ barrier.weights[-1].T
    values, vectors = np.linalg.eigh(barrier.weights[-1] @ solved)
    top = float(values[-1])
    if not (math.isfinite(top) and top > 0.0):
        return failed
    if top < best.rho:
        best.rho, best.multipliers = top, np.concatenate(lam)
    shares = (np.maximum(values, 0.0) / top) ** (m - 1.0)
    total = float(shares @ np.maximum(values, 0.0)) / top
    value = math.log(top) + math.log(total) / m - mu * (barrier_value + logdet)
    image = solved @ vectors
    adjoint = -(image * (shares / (total * top))) @ image.T - mu * inverse
    gradient = np.empty_like(x)
    for i in range(len(lam) - 1, -1, -1):
        part = np.diagonal(adjoint) - 2.0 * c * c * np.einsum("ij,ji->i", adjoint * lam[i], inside[i])
        pulled = through[i] * lam[i]
        adjoint = c * c * pulled @ adjoint @ pulled.T - mu * inverses[i]
        if p != 0.0:
            w = barrier.weights[i]
            part = part + p * np.einsum("ij,ij->i", w @ adjoint, w)
        gradient[barrier.rows[i]] = lam[i] * part + mu
    return (value, gradient) if np.isfinite(gradient).all() else failed


def _inverse(matrix: Square) -> tuple[Square | None, float]:
    factor, info = lapack.dpotrf(matrix, lower=1, clean=0)
    if info != 0:
        return None, 0.0
    inverse, _ = lapack.dpotri(factor, lower=1)
    low = np.tril(inverse)
    return np.asarray(low + np.tril(low, -1).T), 2.0 * float(np.log(np.diagonal(factor)).sum())


def _lbfgs(function: Function, x: Vector, best: _Best) -> Vector:
    value, gradient = function(x)
    past: deque[tuple[Vector, Vector]] = deque(maxlen=MEMORY)
    for _ in range(ITERATIONS):
        direction = -_curved(gradient, past)
        slope = float(gradient @ direction)
        if not slope < 0.0:
            direction, slope = -gradient, -float(gradient @ gradient)
        length = min(1.0, LONGEST / max(float(np.abs(direction).max()), 1e-300))
        for _ in range(TRIALS):
            best.steps += 1
            trial = x + length * direction
            new_value, new_gradient = function(trial)
            if new_value <= value + ARMIJO * length * slope:
                break
            length *= SHRINK
        else:
            break
        step, turn = trial - x, new_gradient - gradient
        if float(step @ turn) > 1e-12 * float(turn @ turn):
            past.append((step, turn))
        done = value - new_value <= 1e-9 * abs(slope) or abs(slope) < 1e-14
        x, value, gradient = trial, new_value, new_gradient
        if done:
            break
    return x


def _curved(gradient: Vector, past: deque[tuple[Vector, Vector]]) -> Vector:
    """The two-loop recursion: an approximate inverse Hessian times the gradient."""
    q = gradient.copy()
    shares = []
    for step, turn in reversed(past):
        shares.append(float(step @ q) / float(step @ turn))
        q -= shares[-1] * turn
    if past:
        step, turn = past[-1]
        q *= float(step @ turn) / float(turn @ turn)
    for (step, turn), share in zip(past, reversed(shares), strict=True):
        q += (share - float(turn @ q) / float(step @ turn)) * step
    return q
