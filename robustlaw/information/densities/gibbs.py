"""Subsets of fixed size with probability proportional to the product of their weights.

Also known as conditional Poisson sampling: independent bits of odds w_i, given that k are 1.
e_k(w) is the elementary symmetric polynomial; everything is computed from log weights.
"""

from __future__ import annotations

import numpy as np
from jaxtyping import Bool, Complex, Float
from scipy.special import expit

from ...errors import InfeasibleDensity

LogWeights = Float[np.ndarray, "runs bits"]
Nats = Float[np.ndarray, " runs"]
Spectrum = Complex[np.ndarray, "runs freqs"]

_NEGLIGIBLE = 45.0  # aliased probability below e^-45 of what is kept


def log_symmetric(log_weights: LogWeights, kept: int) -> Nats:
    """log e_k(w) by the recursion over weights: O(N k), no cancellation, for small N."""
    _require_feasible(log_weights, kept)
    out = np.full((len(log_weights), kept + 1), -np.inf)
    out[:, 0] = 0.0
    for column in log_weights.T:
        out[:, 1:] = np.logaddexp(out[:, 1:], column[:, None] + out[:, :-1])
    return np.array(out[:, kept])


def log_symmetric_tilted(log_weights: LogWeights, kept: int) -> Nats:
    """log e_k(w) = -k log L + sum log(1 + L w_i) + log P(B = k), B a sum of bits of odds L w_i.

    For every L > 0. L is chosen so that E B = k, and P(B = k) is a finite Fourier sum over about
    20 standard deviations of B: O(N sqrt N) at most.
    """
    _require_feasible(log_weights, kept)
    if kept in (0, log_weights.shape[1]):
        return np.asarray(log_weights.sum(axis=1) if kept else np.zeros(len(log_weights)))
    tilt = _tilt(log_weights, kept)
    weights, _ = _spectrum(expit(log_weights + tilt[:, None]), kept)
    base = np.logaddexp(0.0, log_weights + tilt[:, None]).sum(axis=1)
    return np.asarray(base - kept * tilt + np.log(weights.real.sum(axis=1)))


def gibbs_log_prob(log_weights: LogWeights, masks: Bool[np.ndarray, "runs bits"], kept: int) -> Nats:
    """log p(mask); -inf for a mask of another size."""
    inside = masks.sum(axis=1) == kept
    chosen = np.where(masks, log_weights, 0.0).sum(axis=1)
    return np.where(inside, chosen - log_symmetric_tilted(log_weights, kept), -np.inf)


def gibbs_inclusion(log_weights: LogWeights, kept: int) -> Float[np.ndarray, "runs bits"]:
    """P(bit i is kept) = d log e_k / d log w_i; each row sums to k."""
    _require_feasible(log_weights, kept)
    if kept in (0, log_weights.shape[1]):
        return np.full(log_weights.shape, float(kept > 0))
    p = expit(log_weights + _tilt(log_weights, kept)[:, None])
    weights, angles = _spectrum(p, kept)
    out = np.zeros(p.shape)
    for f, angle in enumerate(angles):  # over frequencies
        turned = p * np.exp(1j * angle)
        out += (weights[:, f, None] * (turned / (1.0 - p + turned))).real
    return np.asarray(out / weights.real.sum(axis=1)[:, None])


def gibbs_entropy(log_weights: LogWeights, kept: int) -> Nats:
    """Entropy of the subset, nats."""
    spread = (gibbs_inclusion(log_weights, kept) * log_weights).sum(axis=1)
    return np.asarray(log_symmetric_tilted(log_weights, kept) - spread)


def _require_feasible(log_weights: LogWeights, kept: int) -> None:
    if not 0 <= kept <= log_weights.shape[1]:
        raise InfeasibleDensity("kept", kept, f"choose between 0 and {log_weights.shape[1]}")


def _tilt(log_weights: LogWeights, kept: int) -> Nats:
    """log L with E B = k, by bisection; its error costs nothing, the identity holds for every L."""
    reach = 5.0 + np.log(log_weights.shape[1])
    low, high = -log_weights.max(axis=1) - reach, -log_weights.min(axis=1) + reach
    for _ in range(60):
        middle = 0.5 * (low + high)
        few = expit(log_weights + middle[:, None]).sum(axis=1) < kept
        low, high = np.where(few, middle, low), np.where(few, high, middle)
    return np.asarray(0.5 * (low + high))


def _spectrum(p: LogWeights, kept: int) -> tuple[Spectrum, Float[np.ndarray, " freqs"]]:
    """c_f e^(-i k angle_f) E e^(i angle_f B); the real parts sum to P(B = k) up to aliases.

    Angles are those of M equidistant points in [0, pi): the others are conjugates, which c counts.
    The aliases are P(B = k + j M), j not 0. Bernstein: P(|B - k| >= M) <= 2 exp(-M^2 / (2 V + 2 M / 3)).
    M is odd, so that no angle is pi, where a factor may vanish. A product that underflows is one
    of those that do not count.
    """
    variance = float((p * (1.0 - p)).sum(axis=1).max())
    need = _NEGLIGIBLE + np.log(1.0 + variance)
    reach = need / 3.0 + np.sqrt((need / 3.0) ** 2 + 2.0 * need * variance)
    size = int(min(p.shape[1] + 1, np.ceil(reach) + 1)) | 1
    angles = 2.0 * np.pi * np.arange(size // 2 + 1) / size
    out = np.empty((len(p), len(angles)), dtype=np.complex128)
    for f, angle in enumerate(angles):  # over frequencies
        share = (1.0 if f == 0 else 2.0) / size
        out[:, f] = share * np.exp(-1j * kept * angle) * (1.0 + p * (np.exp(1j * angle) - 1.0)).prod(axis=1)
    return out, angles
