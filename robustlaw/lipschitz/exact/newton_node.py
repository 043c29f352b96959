"""LipSDP-Neuron with some units fixed, by a path-following Newton method.

With the open units' outputs y and z = A x + L y, f = C x + E y (fixed units eliminated), let
w_k be row k of [A L], e_k the unit vector of y_k, h_k = e_k / 2 - c w_k and O = [C E]. Then
    P(lambda, t) = diag(I, 0) + sum_k lambda_k (e_k h_k^T + h_k e_k^T + p w_k w_k^T) - t O^T O
is linear in (lambda, t), and P >= 0 proves |J|^2 <= 1/t for all open slopes in the sector.
Minimises -log t - mu logdet P for falling mu. Nothing here is trusted:
the multipliers it ends with are proved by deep_bound.py.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.linalg import LinAlgError, cho_factor, cho_solve, cholesky, solve_triangular

from ..sector import Sector

# Relative excess at which to stop, and the least shrink of any variable in one step.
GAP, SMALLEST = 3e-3, 0.05
ITERATIONS = 120
# Beyond this a variable is on its way to infinity: the bound is 0, or a row is negligible.
LARGEST = 1e100


@dataclass(frozen=True, eq=False)
class NodeProblem:
    """Rows w_k of the open units and rows O of the outputs, over (x, y); d inputs."""

    rows: np.ndarray
    outputs: np.ndarray
    inputs: int
    slopes: Sector

    def halves(self) -> np.ndarray:
        """h_k by rows."""
        h = -self.slopes.centre * self.rows
        open_units = np.arange(len(self.rows))
        h[open_units, self.inputs + open_units] += 0.5
        return np.asarray(h)

    def matrix(self, lam: np.ndarray, t: float) -> np.ndarray:
        size = self.rows.shape[1]
        m = np.zeros((size, size))
        m[: self.inputs, : self.inputs] = np.eye(self.inputs)
        cross = np.zeros((size, size))
        cross[self.inputs :] = lam[:, None] * self.halves()
        m += cross + cross.T - t * (self.outputs.T @ self.outputs)
        if self.slopes.product != 0.0:
            m += self.slopes.product * (self.rows.T @ (lam[:, None] * self.rows))
        return m


@dataclass(frozen=True, eq=False)
class NodeSolution:
    """lambda and t with P > 0 (in floating point), and a score of each unit for splitting."""

    multipliers: np.ndarray
    t: float
    scores: np.ndarray


def solve(problem: NodeProblem, start: np.ndarray, t: float, target: float) -> NodeSolution:
    """From a strictly feasible (start, t) until 1/t < target^2 or the gap is small."""
    d, count = problem.inputs, len(problem.rows)
    size = d + count
    h, w, o, p = problem.halves(), problem.rows, problem.outputs, problem.slopes.product
    x = np.append(start, t)
    mu, wanted = 0.1, 1.0 / (target * target) if target > 0.0 else np.inf
    factor = _factor(problem, x)
    for _ in range(ITERATIONS):
        if factor is None or x[-1] > min(wanted, LARGEST):
            break
        z = cho_solve((factor, True), np.eye(size))
        gradient, hessian = _derivatives(z, h, w, o, p, x, mu, d)
        hessian[np.diag_indices(count + 1)] += 1e-13 * np.diagonal(hessian)
        try:
            step = -cho_solve(cho_factor(hessian), gradient)
        except LinAlgError:
            break
        decrement = float(-gradient @ step)
        if decrement < mu / 4.0:
            if mu * size / 2.0 <= GAP * (1.0 + 1e-9):
                break
            mu = max(mu / 10.0, 2.0 * GAP / size)
            continue
        moved = _search(problem, x, step, factor, mu, decrement)
        if moved is None:
            break
        x, factor = moved
    return NodeSolution(x[:-1], float(x[-1]), _scores(problem, x, factor))


def _derivatives(
    z: np.ndarray, h: np.ndarray, w: np.ndarray, o: np.ndarray, p: float, x: np.ndarray, mu: float, d: int
) -> tuple[np.ndarray, np.ndarray]:
    """Gradient and Hessian in relative coordinates (each scaled by its variable)."""
    count, t = len(w), x[-1]
    hz, oz = h @ z, o @ z
    hze, ozo = hz[:, d:], oz @ o.T
    gradient = np.empty(count + 1)
    gradient[:-1] = -2.0 * mu * np.diagonal(hze)
    gradient[-1] = -1.0 / t + mu * np.trace(ozo)
    hessian = np.empty((count + 1, count + 1))
    hessian[:-1, :-1] = 2.0 * (hze * hze.T) + 2.0 * ((hz @ h.T) * z[d:, d:])
    mixed = 2.0 * np.einsum("oi,oi->i", oz[:, d:], oz @ h.T)
    if p != 0.0:
        wz = w @ z
        wzw, wze, wzh = wz @ w.T, wz[:, d:], wz @ h.T
        gradient[:-1] -= mu * p * np.diagonal(wzw)
        cross = 2.0 * wze * wzh
        hessian[:-1, :-1] += p * (cross + cross.T) + p * p * wzw * wzw
        mixed += p * np.square(oz @ w.T).sum(axis=0)
    hessian[:-1, :-1] *= mu
    hessian[-1, :-1] = hessian[:-1, -1] = -mu * mixed
    hessian[-1, -1] = 1.0 / (t * t) + mu * np.square(ozo).sum()
    return gradient * x, hessian * x[:, None] * x[None, :]


def _search(
    problem: NodeProblem, x: np.ndarray, step: np.ndarray, factor: np.ndarray, mu: float, decrement: float
) -> tuple[np.ndarray, np.ndarray] | None:
    """Armijo backtracking; tries doubled steps while the decrement is large."""
    here = _height(x, factor, mu)
    length = min(1.0, (1.0 - SMALLEST) / max(float(-step.min()), 1e-300))
    best = None
    for _ in range(40):
        trial = x * (1.0 + length * step)
        found = _factor(problem, trial)
        if found is not None and _height(trial, found, mu) <= here - 0.1 * length * decrement:
            best = trial, found
            break
        length *= 0.5
    while best is not None and decrement > mu / 2.0:
        length *= 2.0
        trial = x * (1.0 + length * step)
        found = _factor(problem, trial) if trial.min() > 0.0 and trial.max() < LARGEST else None
        if found is None or _height(trial, found, mu) >= _height(*best, mu):
            break
        best = trial, found
    return best


def _factor(problem: NodeProblem, x: np.ndarray) -> np.ndarray | None:
    try:
        return np.asarray(cholesky(problem.matrix(x[:-1], float(x[-1])), lower=True, check_finite=False))
    except LinAlgError:
        return None


def _height(x: np.ndarray, factor: np.ndarray, mu: float) -> float:
    return float(-np.log(x[-1]) - 2.0 * mu * np.log(np.diagonal(factor)).sum())


def _scores(problem: NodeProblem, x: np.ndarray, factor: np.ndarray | None) -> np.ndarray:
    """lambda_k s_k (1 - s_k) w_k^T Z w_k, s_k the relaxation's mean slope of unit k."""
    if factor is None:
        return np.ones(len(problem.rows))
    d = problem.inputs
    half = solve_triangular(factor, problem.rows.T, lower=True, check_finite=False)
    spread = np.einsum("ij,ij->j", half, half)
    z = cho_solve((factor, True), problem.rows.T)
    along = np.einsum("ii->i", z[d:, :])
    mean = np.clip(along / np.where(spread > 0.0, spread, 1.0), 0.0, 1.0)
    return np.asarray(x[:-1] * mean * (1.0 - mean) * spread + 1e-12 * x[:-1] * spread)
