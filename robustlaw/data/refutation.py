"""Trying to refute a variance proxy by sampling. A failure to refute is not a proof."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import binom

from ..errors import InvalidArgument
from ..seeds import generator
from .checks import require_count, require_positive
from .isoperimetry import Distribution, Points
from .witnesses import Witness, candidates

SQUARES, TAIL = "sum of squares", "tail"


@dataclass(frozen=True)
class Refutation:
    """The strongest evidence found against a proxy.

    refuted   : the proxy is false, with the given confidence; False proves nothing
    p_value   : bound on the probability of evidence this strong if the proxy were right,
                corrected for every test made
    witness   : the 1-Lipschitz function, `component` the mixture component it was tried on
    test      : "sum of squares" (observed variance against rho) or "tail" (observed share of
                differences beyond `threshold` against the allowed one)
    observed, allowed : the two numbers compared, over `pairs` independent pairs
    """

    refuted: bool
    proxy: float
    confidence: float
    p_value: float
    witness: Witness
    test: str
    observed: float
    allowed: float
    pairs: int
    threshold: float | None = None
    component: int = 0

    def __str__(self) -> str:
        what = "refuted" if self.refuted else "not refuted (which proves nothing)"
        return (
            f"rho = {self.proxy:.6g} {what}: {self.test} of the {self.witness.name}, "
            f"{self.observed:.4g} where {self.allowed:.4g} is allowed, p = {self.p_value:.3g}, "
            f"{self.pairs} pairs"
        )


def refute_certificate(
    distribution: Distribution,
    proxy: float | None = None,
    n: int = 4000,
    seed: int = 0,
    confidence: float = 0.999,
) -> Refutation:
    """Search for a 1-Lipschitz function that contradicts log E exp(t(h - E h)) <= t^2 rho/2.

    For independent x, x' the difference W = h(x) - h(x') is symmetric with proxy v = 2 rho, hence
        squares  P(sum of m W_i^2 >= m v r) <= exp(-(m/2)(r - 1 - log r)) for r >= 1, since
                 E exp(s W^2) <= (1 - 2 s v)^(-1/2);
        tail     P(|W| >= c) <= 2 exp(-c^2/(2v)), so the count of such W is below a binomial one.
    Functions and thresholds are fitted and chosen on one half of the sample; the three best are
    tested on the other half, with Bonferroni's correction. **VALID** for every n: a true proxy is
    refuted with probability at most 1 - confidence.

    Half of the true rho is refuted for normal laws, spheres of R^3 and above, balls, cubes and what
    they are the tight part of. It is not for the circle, frames and rotations, nor surely for steep
    log-concave laws: their certificates leave the functions tried here a factor 2 or more.

    proxy : the claim; the distribution's own if not given
    n     : inputs drawn from each mixture component, at least 64
    Raises MissingCapability if there is no claim to test.
    """
    claim = distribution.proxy if proxy is None else proxy
    require_positive("proxy", claim)
    require_count("n", n, 64)
    if not 0.0 < confidence < 1.0:
        raise InvalidArgument("confidence", confidence, "it lies strictly between 0 and 1")
    found: list[Refutation] = []
    for place in range(distribution.components):
        x = distribution.component(place).sample(n, generator("probe", seed, place))
        found += _evidence(x, claim, confidence, place, generator("probe", "functions", seed, place))
    best = min(found, key=lambda r: r.p_value)
    corrected = min(1.0, best.p_value * len(found))
    fields = {**vars(best), "p_value": corrected, "refuted": corrected <= 1.0 - confidence}
    return Refutation(**fields)


def _evidence(
    x: Points, proxy: float, confidence: float, place: int, rng: np.random.Generator
) -> list[Refutation]:
    """Three tests on the second half of x, chosen on the first half; uncorrected p-values."""
    quarter = len(x) // 4
    functions = candidates(x[:quarter], rng)
    chosen = [(h, _differences(h, x[quarter : 2 * quarter])) for h in functions]
    by_squares = sorted(chosen, key=lambda hw: -_square_exponent(hw[1], proxy))[:2]
    by_tail = max(chosen, key=lambda hw: _best_threshold(hw[1], proxy)[1])
    fresh = x[2 * quarter :]

    def finding(h: Witness, p: float, test: str, observed: float, allowed: float) -> Refutation:
        pairs, limit = len(fresh) // 2, threshold if test == TAIL else None
        return Refutation(False, proxy, confidence, p, h, test, observed, allowed, pairs, limit, place)

    threshold = _best_threshold(by_tail[1], proxy)[0]
    results = []
    for h, _ in by_squares:
        w = _differences(h, fresh)
        p = float(np.exp(-_square_exponent(w, proxy)))
        results.append(finding(h, p, SQUARES, float(np.mean(w * w)) / 2.0, proxy))
    w, h = _differences(by_tail[0], fresh), by_tail[0]
    allowed, count = float(_tail_bound(threshold, proxy)), int(np.sum(np.abs(w) >= threshold))
    p = float(binom.sf(count - 1, len(w), allowed))
    results.append(finding(h, p, TAIL, count / len(w), allowed))
    return results


def _differences(h: Witness, x: np.ndarray) -> np.ndarray:
    values = h(x[: 2 * (len(x) // 2)])
    return np.asarray(values[::2] - values[1::2])


def _square_exponent(w: np.ndarray, proxy: float) -> float:
    """Minus the log of Chernoff's bound on the p-value of the sum of squares."""
    ratio = max(1.0, float(np.mean(w * w)) / (2.0 * proxy))
    return 0.5 * len(w) * (ratio - 1.0 - float(np.log(ratio)))


def _tail_bound(threshold: float | np.ndarray, proxy: float) -> np.ndarray:
    return np.asarray(np.minimum(1.0, 2.0 * np.exp(-np.square(threshold) / (4.0 * proxy))))


# A threshold that fewer fitted differences reach would hardly be reached again.
FEWEST = 3


def _best_threshold(w: np.ndarray, proxy: float) -> tuple[float, float]:
    """The threshold whose count is the most surprising, and minus the log of that surprise.

    The surprise is Chernoff's bound m kl(share || allowed) for shares above what is allowed.
    """
    size = np.sort(np.abs(w))[::-1][FEWEST - 1 :]
    share = np.arange(FEWEST, len(w) + 1) / len(w)
    allowed = np.maximum(_tail_bound(size, proxy), np.finfo(np.float64).tiny)
    rest = np.where(share < 1.0, 1.0 - share, 1.0)
    kl = share * np.log(share / allowed) + rest * np.where(
        share < 1.0, np.log(rest / np.maximum(1.0 - allowed, np.finfo(np.float64).tiny)), 0.0
    )
    kl = np.where((share > allowed) & (allowed < 1.0), kl, 0.0)
    best = int(np.argmax(kl))
    return float(size[best]), float(len(w) * kl[best])
