"""Codes for masks, fitted on pilot runs: any of them makes an upper bound valid, a good one tight.

Each is a (sub-)probability q on masks mixed with a uniform floor on the support, so that no mask
costs more than the log of the support's size plus the floor's share.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int
from scipy.special import expit, logit

from .channel import Masks, Nats
from .counting import counting_error, log_binomials
from .supports import AnyMask, LayerSizes, Support

MEMORY_SHARES = (0.5, 0.97)
SURE = 1e-3  # expected number of wrong bits in a layer that keeps none or all
FLOOR = 0.02  # share of the uniform law; costs every mask at most 0.0203 nats


class MaskCode(ABC):
    """A law q of masks with a floor."""

    name: str
    support: Support

    @abstractmethod
    def log_q(self, masks: Masks) -> Nats:
        """ln q(mask), without the floor."""

    def lengths(self, masks: Masks) -> Nats:
        """-ln of the mixture with the uniform floor."""
        floor = math.log(FLOOR) - self.support.log_size.upper
        return np.asarray(-np.logaddexp(math.log1p(-FLOOR) + self.log_q(masks), floor))

    @property
    def longest(self) -> float:
        """No mask of the support is longer."""
        return (self.support.log_size.upper - math.log(FLOOR)) * (1.0 + 1e-14)


@dataclass(frozen=True)
class Uniform(MaskCode):
    """Every mask of the support alike; needs no floor."""

    support: Support
    name: str = "uniform"

    def log_q(self, masks: Masks) -> Nats:
        return np.full(len(masks), -self.support.log_size.upper)

    def lengths(self, masks: Masks) -> Nats:
        return -self.log_q(masks)

    @property
    def longest(self) -> float:
        return self.support.log_size.upper


@dataclass(frozen=True, eq=False)
class Inclusion(MaskCode):
    """Independent bits with fitted rates, given the size of each layer (conditional Poisson)."""

    support: Support
    rates: Float[np.ndarray, " bits"]
    log_sizes: float  # ln of the probability that independent bits have the right sizes
    name: str = "inclusion rates"

    def log_q(self, masks: Masks) -> Nats:
        on, off = np.log(self.rates), np.log1p(-self.rates)
        return np.asarray(masks @ (on - off) + off.sum() - self.log_sizes)


@dataclass(frozen=True, eq=False)
class Reference(MaskCode):
    """Swaps against one reference mask: their number from a fitted histogram, then which.

    chance : (k + 1,), probability of each number of swaps
    """

    support: LayerSizes
    mask: np.ndarray
    chance: Float[np.ndarray, " swaps"]
    name: str = "swaps against a reference"

    def log_q(self, masks: Masks) -> Nats:
        n, k = len(self.mask), int(self.mask.sum())
        swaps = (masks & ~self.mask).sum(axis=1)
        every = np.arange(len(self.chance))
        which = log_binomials(k, every) + log_binomials(n - k, every) + counting_error(n)
        return np.asarray((np.log(self.chance) - which)[swaps])


@dataclass(frozen=True, eq=False)
class Memory(MaskCode):
    """Masks seen in the pilot, as often as they were seen, with chance `share`; else as `rest` says."""

    support: Support
    seen: dict[bytes, float]
    rest: MaskCode
    share: float
    name: str = "masks seen before"

    def log_q(self, masks: Masks) -> Nats:
        known = np.array([self.seen.get(row.tobytes(), 0.0) for row in np.packbits(masks, axis=1)])
        with np.errstate(divide="ignore"):
            return np.asarray(
                np.logaddexp(np.log(self.share * known), math.log1p(-self.share) + self.rest.log_q(masks))
            )


def fit_codes(support: Support, masks: Masks) -> list[MaskCode]:
    """Every code that fits the support, fitted on these masks."""
    inclusion = fit_inclusion(support, masks)
    memories = (fit_memory(support, masks, inclusion, share) for share in MEMORY_SHARES)
    codes: list[MaskCode] = [Uniform(support), inclusion, *memories]
    if isinstance(support, LayerSizes) and len(support.totals) == 1 and len(masks):
        codes.append(fit_reference(support, masks))
    return codes


def best_code(support: Support, masks: Masks) -> MaskCode:
    """The shortest on the later half of the masks, refitted on all of them."""
    half = len(masks) // 2
    trials = fit_codes(support, masks[:half])
    lengths = [code.lengths(masks[half:]).mean() for code in trials]
    return fit_codes(support, masks)[int(np.argmin(lengths))]


def fit_inclusion(support: Support, masks: Masks) -> Inclusion:
    """Rates with half a pseudo-count, and the exact chance of the layer sizes under them.

    Only the odds count once the sizes are given, so the rates of a layer are tilted until the mean
    size is right: with few masks of many bits the chance of the size would underflow otherwise.
    """
    rates = (masks.sum(axis=0) + 0.5) / (len(masks) + 1.0)
    if isinstance(support, AnyMask) or not isinstance(support, LayerSizes):
        return Inclusion(support, rates, 0.0)
    edges = np.cumsum(support.totals)[:-1]
    layers = list(zip(np.split(rates, edges), support.kept, strict=True))
    parts = [tilted(p, k) for p, k in layers]
    chances = (log_chance_of_size(p, k) for p, (_, k) in zip(parts, layers, strict=True))
    return Inclusion(support, np.concatenate(parts), math.fsum(chances))


def tilted(rates: Float[np.ndarray, " bits"], size: int) -> Float[np.ndarray, " bits"]:
    """Rates of proportional odds whose sum is `size`, by bisection; next to 0 or 1 for none or all bits."""
    if not 0 < size < len(rates):
        few = np.full(len(rates), SURE / max(1, len(rates)))
        return 1.0 - few if size else few
    odds = logit(rates)
    low, high = logit(size / len(rates)) - odds.max(), logit(size / len(rates)) - odds.min()
    for _ in range(60):
        middle = 0.5 * (low + high)
        low, high = (middle, high) if expit(odds + middle).sum() < size else (low, middle)
    return np.asarray(expit(odds + low))


def fit_reference(support: LayerSizes, masks: Masks) -> Reference:
    """The masks' most frequent bits as reference; counts of swaps smoothed by one pseudo-count in all."""
    k = support.kept[0]
    reference = np.zeros(support.n_bits, dtype=bool)
    reference[np.argsort(-masks.sum(axis=0), kind="stable")[:k]] = True
    counts = np.bincount((masks & ~reference).sum(axis=1), minlength=k + 1).astype(float)
    smooth = counts + 1.0 / (k + 1)
    return Reference(support, reference, smooth / smooth.sum())


def fit_memory(support: Support, masks: Masks, rest: MaskCode, share: float) -> Memory:
    """Relative frequencies."""
    rows, counts = np.unique(np.packbits(masks, axis=1), axis=0, return_counts=True)
    total = float(counts.sum())
    seen = {r.tobytes(): c / total for r, c in zip(rows, counts, strict=True)}
    return Memory(support, seen, rest, share)


def log_chance_of_size(rates: Sequence[float] | Float[np.ndarray, " bits"], size: int) -> float:
    """ln P(B = size), B the number of successes, by the recursion over bits; rounded up by its error.

    All terms are non-negative, so the relative error is at most 3 eps a step.
    """
    chance = np.zeros(size + 1)
    chance[0] = 1.0
    for p in np.asarray(rates, dtype=float):  # one vector operation a bit
        chance[1:] = chance[1:] * (1.0 - p) + chance[:-1] * p
        chance[0] *= 1.0 - p
    return float(np.log(chance[size]) + 4.0 * len(rates) * np.finfo(float).eps)


def swap_lengths(pilot: Int[np.ndarray, " pairs"], total: int, kept: int) -> Float[np.ndarray, " swaps"]:
    """Code lengths of a mask given another, by their number of swaps, fitted on pilot pairs."""
    counts = np.bincount(pilot, minlength=kept + 1).astype(float) + 1.0 / (kept + 1)
    every = np.arange(kept + 1)
    which = log_binomials(kept, every) + log_binomials(total - kept, every) + counting_error(total)
    return np.asarray(which - np.log(counts / counts.sum()))
