"""k of N bits, a mask's weight growing with the labels 1 that it keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float
from mpmath import mp, mpf
from scipy.special import logsumexp

from ...evidence import Bracket
from ..channel import Data, Masks, Seeds
from ..scalars import enclosed
from ..sources import uniforms
from ..stability import PureDP
from .exchangeable import log_multiplicities
from .two_class import Counts, Forms, TwoClass


class Gibbs(TwoClass):
    """p(m|Y) proportional to exp(strength * number of kept labels 1), on the k-subsets.

    Given h, j has weight binom(h, j) binom(N-h, k-j) e^(strength j) / Z_h.
    """

    @property
    def stability(self) -> PureDP:
        """One label moves a mask's weight and Z_h by at most e^strength, in the same direction."""
        return PureDP(abs(self.strength))

    def log_mask_law(self, high: Counts, chosen: Counts) -> Forms:
        values, back = np.unique(high, return_inverse=True)
        log_z = np.array([logsumexp(self._tilted(int(h))[1]) for h in values])
        logs = self.strength * chosen - log_z[back]
        return np.stack([logs, logs], axis=1)

    def sample_masks(self, data: Data, seeds: Seeds) -> Masks:
        """j by its own uniform; then the bits of largest uniforms within each class."""
        u = uniforms(seeds, 1 + self.bits)
        ones = data == 1
        chosen = self._drawn(ones.sum(axis=1), u[:, 0])[:, None]
        order = np.argsort(-u[:, 1:], axis=1)
        ranked = np.take_along_axis(ones, order, axis=1)
        high, low = ranked.cumsum(axis=1), (~ranked).cumsum(axis=1)
        first = np.where(ranked, high <= chosen, low <= self.kept - chosen)
        masks = np.zeros(ones.shape, dtype=bool)
        np.put_along_axis(masks, order, first, axis=1)
        return masks

    def _tilted(self, h: int) -> tuple[Counts, Float[np.ndarray, " counts"]]:
        j, log_many = log_multiplicities(self.bits, self.kept, h)
        return j, log_many + self.strength * j

    def _drawn(self, high: Counts, u: Float[np.ndarray, " counts"]) -> Counts:
        out = np.empty(len(high), dtype=np.int64)
        for h in np.unique(high):  # over classes
            j, logs = self._tilted(int(h))
            law = np.cumsum(np.exp(logs - logs.max()))
            here = high == h
            out[here] = j[np.minimum(np.searchsorted(law, u[here] * law[-1]), len(j) - 1)]
        return out


@dataclass(frozen=True)
class GibbsSubset(Gibbs):
    """k of N bits, each mask with weight exp(strength * number of kept labels 1).

    I = C - E_h [log Z_h - strength E(j | h)].
    """

    bits: int
    kept: int
    strength: float
    one: float = 0.5


@dataclass(frozen=True)
class ExponentialTop1(Gibbs):
    """One bit kept, bit i with weight exp(strength Y_i): the exponential mechanism.

    With Z = h e^strength + N - h, I = log N - E[log Z - h strength e^strength / Z].
    """

    bits: int
    strength: float
    one: float = 0.5

    kept = 1

    def closed_form(self) -> Bracket:
        return enclosed(self._formula, "exponential mechanism", 4 * self.bits)

    def _formula(self) -> Any:
        n, p, top = self.bits, mpf(self.one), mp.exp(self.strength)
        total = mp.log(n)
        for h in range(n + 1):
            z = h * top + (n - h)  # in this order a small top is not lost
            weight = mp.binomial(n, h) * p**h * (1 - p) ** (n - h)
            total -= weight * (mp.log(z) - h * self.strength * top / z)
        return total
