"""The log barrier of the multiplier inequality: value, gradient and Hessian.

Minimise  F(Lambda, t) = -log t - mu logdet P(Lambda, t)  with P of lmi.py, which is linear in
(Lambda, t): F is convex and Lip^2 <= 1/t wherever P > 0. With e_k the unit vector of hidden
unit k, w_k its row of weights placed on the layer below, h_k = e_k / 2 - c w_k and O the last
layer placed on the last hidden block,
    dP/dlambda_k = e_k h_k^T + h_k e_k^T + p w_k w_k^T,      dP/dt = -O^T O.
All products run over the blocks of layers; nothing of size units x total is ever formed densely
but Z = P^-1 and W Z.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from jaxtyping import Float
from scipy.linalg import lapack

from .sector import Sector

Vector = Float[np.ndarray, " _units"]
Square = Float[np.ndarray, "_size _size"]


class Barrier:
    """One network's inequality; a variable is (lambda_1, ..., lambda_N, t), all positive.

    weights : W_1, ..., W_{K+1}, without units that do not matter
    """

    def __init__(self, weights: Sequence[np.ndarray], slopes: Sector) -> None:
        self.weights = tuple(weights)
        self.centre, self.product = slopes.centre, slopes.product
        edges = np.cumsum([0, *(w.shape[1] for w in self.weights)]).tolist()
        self.size, self.inputs = int(edges[-1]), int(edges[1])
        self.blocks = [slice(a, b) for a, b in pairwise(edges)]
        # The rows of all hidden layers, counted from the first hidden unit.
        self.rows = [slice(b.start - self.inputs, b.stop - self.inputs) for b in self.blocks[1:]]
        last = self.weights[-1]
        self._output = last.T @ last

    @property
    def units(self) -> int:
        return self.size - self.inputs

    def linear(self, y: Vector) -> Square:
        """The part of P that is linear in y; lower triangle and diagonal blocks only."""
        lam, t = y[:-1], float(y[-1])
        p = np.zeros((self.size, self.size))
        p.flat[self.inputs * (self.size + 1) :: self.size + 1] = lam
        for w, rows, below, above in zip(self.weights, self.rows, self.blocks, self.blocks[1:], strict=False):
            scaled = lam[rows, None] * w
            p[above, below] = -self.centre * scaled
            if self.product != 0.0:
                p[below, below] += self.product * (w.T @ scaled)
        p[self.blocks[-1], self.blocks[-1]] -= t * self._output
        return p

    def matrix(self, y: Vector) -> Square:
        """P(Lambda, t), lower triangle."""
        p = self.linear(y)
        p.flat[: self.inputs * (self.size + 1) : self.size + 1] += 1.0
        return p

    def gain(self, lam: Vector) -> float:
        """The least rho for these multipliers, lambda_max(O P(Lambda, 0)^-1 O^T); inf if there is none."""
        factor, info = lapack.dpotrf(self.matrix(np.append(lam, 0.0)), lower=1, clean=0, overwrite_a=1)
        if info != 0:
            return math.inf
        right = np.zeros((self.size, self.weights[-1].shape[0]))
        right[self.blocks[-1]] = self.weights[-1].T
        half, info = lapack.dtrtrs(factor, right, lower=1)
        value = float(np.linalg.eigvalsh(half.T @ half)[-1]) if info == 0 else math.inf
        return value if math.isfinite(value) else math.inf

    def derivatives(self, y: Vector, inverse: Square, mu: float) -> tuple[Vector, Square]:
        """Gradient and Hessian of F at y in relative coordinates: with respect to log y, at first order.

        inverse : Z = P^-1, full
        Entry i of the gradient is multiplied by y_i, entry (i, j) of the Hessian by y_i y_j.
        """
        c, p, n, q = self.centre, self.product, self.units, self.weights[-1].shape[0]
        z = inverse[self.inputs :, self.inputs :]
        through = np.empty((n + q, self.size))  # rows w_k Z, then O Z
        across = np.empty((n + q, n))  # ... times w_l
        for w, rows, below in zip(self.weights[:-1], self.rows, self.blocks, strict=False):
            np.matmul(w, inverse[below], out=through[rows])
        np.matmul(self.weights[-1], inverse[self.blocks[-1]], out=through[n:])
        for w, rows, below in zip(self.weights[:-1], self.rows, self.blocks, strict=False):
            across[:, rows] = through[:, below] @ w.T
        direct = through[:, self.inputs :]
        half = 0.5 * direct - c * across  # w_k Z h_l, then O Z h_l
        wze, wzw, wzh, oze, ozh = direct[:n], across[:n], half[:n], direct[n:], half[n:]
        hze = 0.5 * z - c * wze
        hzh = 0.5 * hze - c * wzh.T
        ozo = direct[n:, self.rows[-1]] @ self.weights[-1].T
        full = np.empty((n + 1, n + 1))
        full[:n, :n] = 2.0 * (hze * hze.T + hzh * z)
        column = 2.0 * np.einsum("ok,ok->k", oze, ozh)
        first = 2.0 * np.diagonal(hze)
        if p != 0.0:
            cross = 2.0 * wze * wzh
            full[:n, :n] += p * (cross + cross.T) + (p * wzw) * (p * wzw)
            column += p * np.einsum("ok,ok->k", across[n:], across[n:])
            first = first + p * np.diagonal(wzw)
        full[n, :n] = full[:n, n] = -column
        full[n, n] = np.einsum("ij,ij->", ozo, ozo)
        full *= mu * y[:, None] * y
        full[n, n] += 1.0
        gradient = mu * y * np.append(-first, np.trace(ozo))
        gradient[n] -= 1.0
        return gradient, full
