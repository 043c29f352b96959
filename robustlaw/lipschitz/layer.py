"""LipSDP-Layer for one hidden layer and one output: the best single multiplier.

In the notation of zonotope.py, D_i = v_i^2 / lambda for all units turns the dual of the zonotope
into a problem of one number: with s = r^2 lambda and m = W^T v, the mean gradient without its c,

    Lip(f)^2 <= F(s) = r^2 |v|^2 / s + c^2 m^T (I - s W^T W)^-1 m,    0 < s < 1 / ||W||^2.

F is convex. At s = r / (beta ||W||^2) it is the square of ECLipsE-Fast, hence at most that of the
product of norms; and (I - s W^T W)^-1 <= 1 / (1 - s ||W||^2) with the best s gives the square of
LipLT, (c |m| + r |v| ||W||)^2. So its minimum is below all three bounds, and no norm is needed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import no_type_check

import numpy as np
from jaxtyping import Bool, Float, Int
from numba import njit

from .batch import Weights
from .rounding import UNDERFLOW, UNIT, Numbers, Squares, gamma, is_positive_by, row_norms_up, up
from .sector import Sector
from .zonotope import room

# Lanczos steps from m: their error falls at least by (1 - x) / (1 + x) twice a step, with
# x = sqrt(1 - s ||W||^2), which is 0.3 or so where the minimum usually lies.
STEPS, ROUNDS = 24, 60
# Relative error of s; F is flat there, so its own is of the order of the square.
CLOSE = 1e-9
# Relative excess of F over the minimum that is tolerated, beyond rounding; more calls for the other bounds.
EXCESS = 1e-9


@dataclass(frozen=True, eq=False)
class Choice:
    """One multiplier a network with what it is worth.

    values  : proved upper bounds of Lip; infinite where nothing was proved
    minimal : the bound is least up to EXCESS, so it is below the bounds of norms.py and eclipse.py
    """

    values: Numbers
    multipliers: Numbers
    minimal: Bool[np.ndarray, " nets"]


def layer(first: Weights, last: Weights, slopes: Sector) -> Choice:
    """From W (E, h, d) and v (E, 1, h) with entries of size about 1."""
    c, r, forms = slopes.centre, slopes.radius, _Forms.of(first, last)
    s, rest, least = forms.minimum(last[:, 0], slopes)
    margin = room(first, slopes)
    lam = s / (r * r * (1.0 + margin))
    length, doubt = row_norms_up(last)[:, 0], c * forms.doubt(last)
    values = np.full(len(first), np.inf)
    todo = np.flatnonzero(np.isfinite(lam) & (lam > 0.0) & np.isfinite(least))
    for growth in (margin, 0.5 * EXCESS):
        free = rest[todo] * (1.0 + margin) + growth * least[todo]
        # nearly always all are proved at once: no copies then
        part = forms if len(todo) == len(first) else forms.take(todo)
        proved = part.hold(r * r * lam[todo], c * c / free)
        done = todo[proved]
        total = up((length[done] ** 2 / lam[done] + free[proved]) * (1.0 + margin), 8)
        values[done] = up(np.sqrt(total) + doubt[done])
        todo = todo[~proved]
        if not len(todo):
            break
    return Choice(values, lam, values * values <= least * (1.0 + EXCESS + 4.0 * margin))


@dataclass(frozen=True, eq=False)
class _Forms:
    """What F is made of, on the side of the inputs or of the units, whichever are fewer.

    gram  : W^T W, or W W^T
    mean  : m = W^T v
    image : W m on the side of the units, None on the other
    terms : of the sums behind an entry of the Gram matrix
    """

    gram: Squares
    mean: Float[np.ndarray, "nets inputs"]
    image: Float[np.ndarray, "nets hidden"] | None
    terms: int

    @classmethod
    def of(cls, first: Weights, last: Weights) -> _Forms:
        mean, turned = (last @ first)[:, 0], first.transpose(0, 2, 1)
        hidden, inputs = first.shape[1:]
        if inputs <= hidden:
            return cls(turned @ first, mean, None, hidden)
        return cls(first @ turned, mean, (first @ mean[:, :, None])[:, :, 0], inputs)

    def take(self, places: Int[np.ndarray, " some"]) -> _Forms:
        image = None if self.image is None else self.image[places]
        return _Forms(self.gram[places], self.mean[places], image, self.terms)

    def minimum(
        self, v: Float[np.ndarray, "nets hidden"], slopes: Sector
    ) -> tuple[Numbers, Numbers, Numbers]:
        """Where F is least, its second term there, and its value: approximate, NaN where not found."""
        s, rest, least = (np.empty(len(v)) for _ in range(3))
        narrow = self.image is None
        start = np.ascontiguousarray(self.mean if narrow else v)
        outer = slopes.radius**2 * np.einsum("ei,ei->e", v, v)
        _minimise(self.gram, start, outer, slopes.centre**2, narrow, s, rest, least)
        return s, rest, least

    def doubt(self, last: Weights) -> Numbers:
        """|computed m - m| <= gamma_h ||W|^T |v|| <= gamma_h |v| ||W||_F."""
        frobenius = np.sqrt(np.einsum("eii->e", self.gram))
        length = row_norms_up(last)[:, 0]
        return up(gamma(2 * last.shape[2] + 16) * length * frobenius + UNDERFLOW, 64)

    def hold(self, s: Numbers, t: Numbers) -> Bool[np.ndarray, " nets"]:
        """True only where I - s W^T W - t m m^T >= 0, or, on the side of the units, I minus the Gram
        matrix of sqrt(t) m, sqrt(s) w_1, ..., sqrt(s) w_h, which is the same.

        Either is I minus a Gram matrix whose entry (i, j) is off by gamma times the square root of the
        product of the diagonal entries i and j; n gamma times the diagonal outweighs that.
        """
        if self.image is None:
            square = -s[:, None, None] * self.gram
            square -= (t[:, None] * self.mean)[:, :, None] * self.mean[:, None, :]
        else:
            size = self.gram.shape[1] + 1
            square = np.empty((len(self.gram), size, size))
            square[:, 0, 0] = -t * np.einsum("ei,ei->e", self.mean, self.mean)
            square[:, 1:, 0] = square[:, 0, 1:] = -np.sqrt(t * s)[:, None] * self.image
            square[:, 1:, 1:] = -s[:, None, None] * self.gram
        size = square.shape[-1]
        lengths = -np.einsum("eii->ei", square)
        slack = up(gamma(2 * self.terms + 32) * size * lengths + 4.0 * UNIT + UNDERFLOW)
        square[:, np.arange(size), np.arange(size)] += 1.0
        return is_positive_by(square, slack)


@njit(cache=True, error_model="numpy")
@no_type_check
def _minimise(gram, start, outer, inner, narrow, s, rest, least):
    """Lanczos, then the root of F' of the tridiagonal problem. Its F is below the true one, so that a
    bound near `least` is near the minimum, whether or not Lanczos has converged."""
    steps = min(STEPS, gram.shape[1])
    alpha, beta = np.zeros(steps), np.zeros(steps)
    for e in range(gram.shape[0]):
        weight, count = _lanczos(gram[e], start[e], alpha, beta)
        weight *= inner
        low, high = 0.0, 1.0 / alpha[:count].max() if weight > 0.0 else math.nan
        at, before, value_before, found = 0.5 * high, 0.0, math.nan, math.nan
        for _ in range(ROUNDS):
            _, slope = _second_term(alpha[:count], beta[:count], weight, narrow, at)
            value = math.sqrt(outer[e] / slope) - at if slope > 0.0 else -math.inf
            if abs(value) <= CLOSE * at:
                found = at
                break
            if value > 0.0:
                low = at
            else:
                high = at
            # nearly linear in s, as the only pole nearby is the top eigenvalue's: secants suit it
            trial = at - value * (at - before) / (value - value_before)
            before, value_before = at, value
            at = trial if low < trial < high else 0.5 * (low + high)
        s[e] = found
        rest[e], _ = _second_term(alpha[:count], beta[:count], weight, narrow, found)
        least[e] = outer[e] / found + rest[e]


@njit(cache=True, error_model="numpy")
@no_type_check
def _lanczos(gram, start, alpha, beta):
    """|start|^2 and the number of steps until the space is exhausted."""
    size = len(start)
    weight = 0.0
    for i in range(size):
        weight += start[i] * start[i]
    if not weight > 0.0:
        return 0.0, 1
    q, last, w = start / math.sqrt(weight), np.zeros(size), np.zeros(size)
    for k in range(len(alpha)):
        w[:] = 0.0
        for j in range(size):
            x = q[j]
            for i in range(size):
                w[i] += x * gram[j, i]
        a = 0.0
        for i in range(size):
            a += q[i] * w[i]
        alpha[k] = a
        b, back = 0.0, beta[k - 1] if k else 0.0
        for i in range(size):
            w[i] -= a * q[i] + back * last[i]
            b += w[i] * w[i]
        beta[k] = math.sqrt(b)
        if beta[k] <= 1e-13 * alpha[: k + 1].max():
            return weight, k + 1
        for i in range(size):
            last[i], q[i] = q[i], w[i] / beta[k]
    return weight, len(alpha)


@njit(cache=True, error_model="numpy")
@no_type_check
def _second_term(alpha, beta, weight, narrow, s):
    """D = weight e_1^T (I - s T)^-1 e_1 of the tridiagonal T and its derivative; NaN beyond the pole.

    Started from v for W W^T, the term is weight (e_1^T (I - s T)^-1 e_1 - 1) / s.
    """
    d, slope = 1.0 - s * alpha[-1], -alpha[-1]
    for i in range(len(alpha) - 2, -1, -1):
        if not d > 0.0:
            return math.nan, math.nan
        t = beta[i] * beta[i] / d
        slope = -alpha[i] - s * t * (2.0 - s * slope / d)
        d = 1.0 - s * alpha[i] - s * s * t
    if not d > 0.0:
        return math.nan, math.nan
    value, slope = 1.0 / d, -slope / (d * d)
    if narrow:
        return weight * value, weight * slope
    return weight * (value - 1.0) / s, weight * (slope - (value - 1.0) / s) / s
