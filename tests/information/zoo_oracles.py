"""Small channels of the zoo written down from their definitions, and information summed over tables."""

import itertools
import math
from collections.abc import Callable

import numpy as np
from scipy import integrate, stats

from robustlaw.information.zoo import (
    CorrelatedSigns,
    Coset,
    DilutedSubset,
    ErasedSubset,
    ExponentialTop1,
    FlippedLabels,
    GaussianDigits,
    GaussianTopK,
    GibbsSubset,
    GumbelTopK,
    IgnoresData,
    NoisySigns,
    OneLabel,
    OneNumber,
    RepeatedLabels,
    RevealsSubset,
)

Law = dict[tuple[int, ...], float]  # of a mask, as its bits


def words(length: int) -> list[tuple[int, ...]]:
    return list(itertools.product((0, 1), repeat=length))


def subsets(bits: int, kept: int) -> list[tuple[int, ...]]:
    return [word for word in words(bits) if sum(word) == kept]


def information(data: list[tuple[float, Law]]) -> float:
    """sum_D pi(D) sum_m p(m|D) log(p(m|D) / q(m)), by the definition."""
    q: dict[tuple[int, ...], float] = {}
    for weight, law in data:
        for mask, p in law.items():
            q[mask] = q.get(mask, 0.0) + weight * p
    return math.fsum(
        weight * p * math.log(p / q[mask])
        for weight, law in data
        for mask, p in law.items()
        if weight * p > 0.0
    )


def over_labels(n: int, law: Callable[[tuple[int, ...]], Law], one: float = 0.5) -> list[tuple[float, Law]]:
    return [(math.prod(one if y else 1.0 - one for y in word), law(word)) for word in words(n)]


def product_law(chances: list[float]) -> Law:
    """Independent bits."""
    return {
        word: math.prod(p if bit else 1.0 - p for bit, p in zip(word, chances, strict=True))
        for word in words(len(chances))
    }


def weighted(masks: list[tuple[int, ...]], weight: Callable[[tuple[int, ...]], float]) -> Law:
    total = math.fsum(weight(mask) for mask in masks)
    return {mask: weight(mask) / total for mask in masks}


def drawn_in_turn(kept: int, strength: float, y: tuple[int, ...]) -> Law:
    """Without replacement, weights exp(strength y_i): all orders in which the kept ones may come."""
    weights = [math.exp(strength * label) for label in y]
    law: Law = {}
    for order in itertools.permutations(range(len(weights)), kept):
        p, left = 1.0, sum(weights)
        for i in order:
            p, left = p * weights[i] / left, left - weights[i]
        mask = tuple(int(i in order) for i in range(len(weights)))
        law[mask] = law.get(mask, 0.0) + p
    return law


def gaussian_top(kept: int, centres: list[float]) -> Law:
    """By the trapezoid rule over where the smallest kept score is: spectrally accurate on the line."""
    t = np.linspace(-12.0, 12.0, 1201)
    cdf, sf, pdf = (
        np.array([f(t - c) for c in centres]) for f in (stats.norm.cdf, stats.norm.sf, stats.norm.pdf)
    )
    law: Law = {}
    for mask in subsets(len(centres), kept):
        rest = np.prod([cdf[i] for i, bit in enumerate(mask) if not bit], axis=0)
        above = [i for i, bit in enumerate(mask) if bit]
        smallest = sum(pdf[i] * np.prod([sf[j] for j in above if j != i], axis=0) for i in above)
        law[mask] = float((rest * smallest).sum() * (t[1] - t[0]))
    return law


def signed(n: int, rho: float) -> float:
    """n log 2 minus n times the mean entropy of Phi(c x), by scipy's quadrature."""
    slope = rho / math.sqrt(1.0 - rho * rho)

    def noise(x: float) -> float:
        return stats.norm.pdf(x) * stats.entropy([stats.norm.cdf(slope * x), stats.norm.sf(slope * x)])

    return n * (math.log(2.0) - integrate.quad(noise, -12.0, 12.0, epsabs=1e-13)[0])


def hidden_number(bits: int, a: float, b: float) -> float:
    """E log(p(m|theta) / q(m)) over theta, count by count."""
    counts = np.arange(bits + 1)
    q = stats.betabinom.pmf(counts, bits, a, b)

    def gain(theta: float) -> float:
        p = stats.binom.pmf(counts, bits, theta)
        return stats.beta.pdf(theta, a, b) * float(
            np.sum(np.where(p > 0.0, p * np.log(np.maximum(p, 1e-300) / q), 0.0))
        )

    return float(integrate.quad(gain, 0.0, 1.0, epsabs=1e-12, limit=400)[0])


def coset_law(g: np.ndarray, v: np.ndarray, y: tuple[int, ...]) -> Law:
    law: Law = {}
    for u in words(v.shape[1]):
        mask = tuple(int(x) for x in (g @ np.array(y) + v @ np.array(u)) % 2)
        law[mask] = law.get(mask, 0.0) + 0.5 ** v.shape[1]
    return law


def digit_law(n: int, a: float, digits: int, y: tuple[int, ...]) -> Law:
    """Cells between equidistant edges on [-a - 5, a + 5], the outer ones open; lowest digit first."""
    edges = np.linspace(-a - 5.0, a + 5.0, 2**digits + 1)[1:-1]
    law: Law = {(): 1.0}
    for label in y:
        cdf = stats.norm.cdf(np.concatenate([[-np.inf], edges, [np.inf]]) - a * (2 * label - 1))
        law = {
            (*word, *(cell >> b & 1 for b in range(digits))): p * (cdf[cell + 1] - cdf[cell])
            for word, p in law.items()
            for cell in range(2**digits)
        }
    return law


G = np.array([[1, 0, 1], [1, 1, 0], [0, 1, 1], [1, 1, 1], [0, 0, 1]])
V = np.array([[1, 0], [0, 1], [1, 1], [1, 0], [0, 0]])
C = math.comb(5, 2)

# name -> (channel, I by its definition)
SMALL = {
    "Z1": (IgnoresData(5, 2, 3), 0.0),
    "Z2": (RevealsSubset(5, 2), math.log(C)),
    "Z3": (
        DilutedSubset(5, 2, 0.3),
        information([(1 / C, {m: 0.7 / C + 0.3 * (m == d) for m in subsets(5, 2)}) for d in subsets(5, 2)]),
    ),
    "Z4": (
        ErasedSubset(5, 2, 0.3),
        information([(1 / C, {d: 0.3, (0,) * 5: 0.7}) for d in subsets(5, 2)]),
    ),
    "Z5": (
        FlippedLabels(3, 0.2),
        information(over_labels(3, lambda y: product_law([0.8 if b else 0.2 for b in y]))),
    ),
    "Z6": (
        RepeatedLabels(2, 3, 0.2),
        information(over_labels(2, lambda y: product_law([0.8 if b else 0.2 for b in y for _ in range(3)]))),
    ),
    "Z7": (
        OneLabel(6, 0.4, 0.2, 0.7),
        information(over_labels(1, lambda y: product_law([0.7 if y[0] else 0.2] * 6), 0.4)),
    ),
    "Z8": (OneNumber(5, 2.0, 1.5), hidden_number(5, 2.0, 1.5)),
    "Z9": (CorrelatedSigns(3, 0.6), signed(3, 0.6)),
    "Z10": (
        NoisySigns(3, 0.6),
        information(
            over_labels(
                3, lambda y: product_law([0.5 + (1 if b else -1) * math.asin(0.6) / math.pi for b in y])
            )
        ),
    ),
    "Z11": (
        ExponentialTop1(5, 1.3, 0.3),
        information(over_labels(5, lambda y: drawn_in_turn(1, 1.3, y), 0.3)),
    ),
    "Z12": (
        GibbsSubset(6, 2, 1.3, 0.4),
        information(
            over_labels(
                6,
                lambda y: weighted(
                    subsets(6, 2), lambda m: math.exp(1.3 * sum(a * b for a, b in zip(m, y, strict=True)))
                ),
                0.4,
            )
        ),
    ),
    "Z13": (
        GumbelTopK(6, 3, -1.1, 0.4),
        information(over_labels(6, lambda y: drawn_in_turn(3, -1.1, y), 0.4)),
    ),
    "Z14": (
        GaussianTopK(6, 2, 0.5),
        information(over_labels(6, lambda y: gaussian_top(2, [0.5 * (2 * b - 1) for b in y]))),
    ),
    "Z15": (Coset(G == 1, V == 1), information(over_labels(3, lambda y: coset_law(G, V, y)))),
    "Z16": (GaussianDigits(2, 1.0, 3), information(over_labels(2, lambda y: digit_law(2, 1.0, 3, y)))),
}
