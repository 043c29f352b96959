"""Trials of the laws: how often each fails against a chooser who saw the data, and wrong laws beside them.

Every threshold comes from robustlaw.laws. A true law passes if the upper Clopper-Pearson end of its failure
rate is at most delta; a law with a factor left out is caught if the lower end exceeds delta. Laws of
averages are compared by a betting interval of the mean.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from laws_classes import BENCHES, NORMAL, WIDE, Bench, SignSums, best_subsets, fewest_wrong
from scipy.special import log_ndtr

from robustlaw.accounting import Accountant, DataFreeMask, FixedSizeMask, FrozenWeights, Ledger, Repeated
from robustlaw.confidence import (
    betting_lower,
    betting_upper,
    clopper_pearson_lower,
    clopper_pearson_upper,
)
from robustlaw.constants import SAMPLE_LOG, SAMPLE_SIZE
from robustlaw.data import Gaussian, Problem, Sphere
from robustlaw.evidence import LOG2, NATS, Bracket, Verdict
from robustlaw.laws import (
    DescriptionLength,
    InformationLaw,
    Law,
    Measured,
    MemorisationConverse,
    RademacherAnalogue,
    SparsePrinted,
    SparseRepaired,
    SparseSharp,
    UniversalPrinted,
    VcAnalogue,
)
from robustlaw.laws.average import Run
from robustlaw.laws.information_law import ratio_range
from robustlaw.laws.memorisation_converse import binary_entropy
from robustlaw.networks import Network

RISK = 1e-3  # of each interval shown
Kind = Literal["law", "mutant"]


@dataclass(frozen=True)
class Row:
    """One law in one trial.

    found : failure rate, or mean; in [low, high] with confidence 1 - RISK
    bound : delta, or what the mean may be
    reach : 1 if the law were attained: the (1 - delta)-quantile of bound/measured, or mean/bound
    """

    kind: Kind
    law: str
    trial: str
    bound: float
    found: float
    low: float
    high: float
    reach: float

    @property
    def passed(self) -> bool:
        return self.high <= self.bound if self.kind == "law" else self.low > self.bound


def rate(kind: Kind, law: str, trial: str, delta: float, needed: np.ndarray) -> Row:
    """needed : what the law demands over what was measured, above 1 a failure."""
    bad, draws = int((needed > 1.0).sum()), len(needed)
    low, high = (end(bad, draws, RISK / 2) for end in (clopper_pearson_lower, clopper_pearson_upper))
    reach = float(np.quantile(needed, 1.0 - delta))
    return Row(kind, law, trial, delta, bad / draws, low, high, reach)


def mean(kind: Kind, law: str, trial: str, bound: float, values: np.ndarray, reach: float) -> Row:
    """values : in [-reach, reach]."""
    kept = np.clip(values.astype(np.float64), -reach, reach)
    low, high = (end(kept, -reach, reach, RISK / 2) for end in (betting_lower, betting_upper))
    return Row(kind, law, trial, bound, float(kept.mean()), low, high, float(kept.mean()) / bound)


@cache
def _reference(problem: Problem, n: int) -> Measured:
    """Some network of slope 1 on n samples, for reading bounds off a law."""
    data = problem.sample(n, 0)
    return Measured(Network.from_arrays([(np.sign(data.y @ data.x)[None, :], np.zeros(1))]), data,
                    Bracket.exact(1.0))  # fmt: skip


def slope(law: Law, bench: Bench, nats: float) -> float:
    """The law's bound on Lip for a correlation of 1."""
    m = _reference(bench.problem, bench.n)
    return (law.bound(m, Bracket.exact(nats, unit=NATS)) / m.correlation.value).middle


def slopes(law: Law, bench: Bench, nats: np.ndarray) -> np.ndarray:
    return np.array([slope(law, bench, float(u)) for u in nats], dtype=np.float32)


def kraft(count: int, weights: str) -> np.ndarray:
    share = 0.9 ** np.arange(count) if weights == "geometric" else np.ones(count)
    return -np.log(share / share.sum())


# Description length: a data set is bad if any member violates.


def description_length(draws: int, seed: int, deltas: Sequence[float] = (0.02, 0.1, 0.5)) -> Iterator[Row]:
    name = "description length"
    for title, bench in BENCHES.items():
        x = bench.correlations(draws, seed)
        for delta in deltas:
            for weights in ("uniform", "geometric"):
                length = kraft(x.shape[1], weights)
                needed = (x * slopes(DescriptionLength(delta), bench, length)).max(axis=1)
                yield rate("law", name, f"{title}, {weights} code", delta, needed)
        if bench is NORMAL:
            yield from subsets(x, bench, deltas)
            yield from wrong_lengths(x, bench)


def subsets(x: np.ndarray, bench: Bench, deltas: Sequence[float]) -> Iterator[Row]:
    """Supermasks of 10 frozen weights: log 10 + log C(10, k) nats for k of them."""
    best = best_subsets(x[:, :10])
    length = np.array([math.log(10 * math.comb(10, k)) for k in range(1, 11)])
    for delta in deltas:
        needed = (best * slopes(DescriptionLength(delta), bench, length)).max(axis=1)
        yield rate("law", "description length", "best of 1023 supermasks, coded by size", delta, needed)


def wrong_lengths(x: np.ndarray, bench: Bench) -> Iterator[Row]:
    delta, nats = 0.02, math.log(x.shape[1])
    needed = x.max(axis=1) * np.float32(slope(DescriptionLength(delta), bench, nats))
    total = nats - math.log(delta)
    for change, factor in (
        ("v/4", 2.0),
        ("no log K", math.sqrt(total / -math.log(delta))),
        ("no log 1/delta", math.sqrt(total / nats)),
    ):
        yield rate("mutant", "description length", change, delta, needed * factor)


# The sharp sparse law: one function, chosen by a channel of known information.


def noisy_information(count: int, noise: float) -> float:
    """I(W; D), nats: the best of K exchangeable members, replaced by any one with chance `noise`."""
    hit = 1.0 - noise + noise / count
    rest = noise / count
    tail = (count - 1) * rest * math.log(rest) if rest > 0.0 else 0.0
    return math.log(count) + hit * math.log(hit) + tail


def noisy_best(x: np.ndarray, noise: float, rng: np.random.Generator) -> np.ndarray:
    """The correlation of the chosen member."""
    count = x.shape[1]
    chosen = np.where(rng.random(len(x)) < noise, rng.integers(0, count, len(x)), x.argmax(axis=1))
    return np.asarray(np.take_along_axis(x, chosen[:, None], axis=1)[:, 0])


def gate(law: SparseSharp, bench: Bench, count: int) -> tuple[float, float]:
    """Chance q that the best of K exceeds the law's threshold for U = q log K, and that U.

    A chooser who takes the best member only there, and any member elsewhere, knows exactly q log K:
    the member is uniform, and known from the data in the chance q. Correlations are N(0, rho/n).
    """
    spread = math.sqrt(bench.problem.proxy / bench.n)
    low, high = 0.0, 1.0
    while high - low > 1e-9:
        q = 0.5 * (low + high)
        threshold = 1.0 / (slope(law, bench, q * math.log(count)) * spread)
        above = -math.expm1(count * float(log_ndtr(threshold)))
        low, high = (q, high) if above > q else (low, q)
    return high, high * math.log(count)


def sparse_sharp(draws: int, seed: int, deltas: Sequence[float] = (0.05, 0.2, 0.5, 0.8)) -> Iterator[Row]:
    rng = np.random.default_rng(seed + 1)
    for title, bench in BENCHES.items():
        x = bench.correlations(draws, seed)
        count = x.shape[1]
        for delta in deltas:
            law = SparseSharp(delta)
            needed = x.max(axis=1) * slope(law, bench, math.log(count))
            yield rate("law", "sparse sharp", f"{title}, the best", delta, needed)
        if bench is not NORMAL:
            continue
        for delta in deltas:
            law = SparseSharp(delta)
            noise = 1.0 - 0.5 * delta
            needed = noisy_best(x, noise, rng) * slope(law, bench, noisy_information(count, noise))
            yield rate("law", "sparse sharp", f"{title}, noisy best", delta, needed)
            supermask = best_subsets(x[:, :10]).max(axis=1)
            needed = supermask * slope(law, bench, math.log(1023.0))
            yield rate("law", "sparse sharp", "best of 1023 supermasks", delta, needed)
        yield from gated(np.stack([x.max(axis=1), x[:, 0]], axis=1), bench, deltas)
        yield from wrong_sharp(x, bench, rng)
    yield from gated(WIDE.best_and_first(draws, seed), WIDE, deltas)


def gated(pairs: np.ndarray, bench: Bench, deltas: Sequence[float]) -> Iterator[Row]:
    """The best member where it violates, any member elsewhere: as K grows the law is attained.

    pairs : correlations of the best and of the first member, which by symmetry stands for any of them
    """
    best, first = pairs.T
    for delta in deltas:
        law = SparseSharp(delta)
        _, nats = gate(law, bench, bench.dim)
        step = slope(law, bench, nats)
        needed = np.where(best * step > 1.0, best, first) * step
        yield rate("law", "sparse sharp", f"{bench.dim} normal coordinates, best above bound", delta, needed)


def wrong_sharp(x: np.ndarray, bench: Bench, rng: np.random.Generator) -> Iterator[Row]:
    name, delta, nats, log2 = "sparse sharp", 0.5, math.log(x.shape[1]), LOG2.middle
    needed = x.max(axis=1) * slope(SparseSharp(delta), bench, nats)
    yield rate("mutant", name, "v/4", delta, 2.0 * needed)
    yield rate("mutant", name, "no information", delta, needed * math.sqrt((nats + log2) / log2))
    delta, noise = 0.05, 0.99
    nats = noisy_information(x.shape[1], noise)
    needed = noisy_best(x, noise, rng) * slope(SparseSharp(delta), bench, nats)
    yield rate("mutant", name, "U without log 2", delta, needed * math.sqrt((nats + log2) / nats))
    without_delta = SparseSharp(0.02)
    needed = x.max(axis=1) * slope(without_delta, bench, math.log(x.shape[1])) / math.sqrt(0.02)
    yield rate("mutant", name, "no delta", 0.02, needed)


# Printed laws, on a class of 2^d functions that really fits the labels.

PRINTED = {"universal printed": UniversalPrinted, "sparse printed": SparsePrinted,
           "sparse repaired": SparseRepaired}  # fmt: skip
FITTING = SignSums(12_800, 7_600)


def printed(draws: int, seed: int, family: SignSums = FITTING, delta: float = 0.5) -> Iterator[Row]:
    """eps = 1/2: a data set is bad if MSE <= 1 - eps while Lip = s is below the bound."""
    c, q = family.draw(draws, seed)
    s, eps, nats = family.scale, 0.5, family.dim * math.log(2.0)
    fits = 1.0 - 2.0 * s * c + s * s * q <= 1.0 - eps
    m = _reference(Problem(Gaussian(1, covariance=1.0 / family.dim)), family.n)
    for name, kind in PRINTED.items():
        law = kind(delta, eps=eps, radius=1.0)
        enough = family.n >= SAMPLE_SIZE * math.log(SAMPLE_LOG / delta) / (law.shrink.lower * eps) ** 2
        bound = law.bound(m, Bracket.exact(nats, unit=NATS)).upper
        words = f"best of 2^{family.dim} sign sums, {fits.mean():.0%} fit"
        yield rate("law", name, words, delta, np.where(fits & enough, bound / s, 0.0))
        bare = law.bound(m, Bracket.exact(1.0, unit=NATS)).upper
        words = "no p_eff, and a thousandth of the constant"
        yield rate("mutant", name, words, delta, np.where(fits & enough, 1000.0 * bare / s, 0.0))


# Memorisation converse.


def converse(draws: int, seed: int, deltas: Sequence[float] = (0.02, 0.1, 0.5)) -> Iterator[Row]:
    name = "memorisation converse"
    for classifiers, n in ((1, 7), (16, 20), (64, 200), (512, 60)):
        wrong = fewest_wrong(classifiers, n, draws, seed)
        demanded = _labels_cost(n)[wrong]
        for delta in deltas:
            charged = _charged(MemorisationConverse(delta), n, math.log(classifiers))
            yield rate("law", name, f"best of {classifiers} classifiers, n = {n}", delta, demanded / charged)
    n, k, delta = 200, 512, 0.02
    demanded = _labels_cost(n)[fewest_wrong(k, n, draws, seed + 1)]
    law, confidence = MemorisationConverse(delta), -math.log(delta)
    for change, charged in (
        ("no log K", _charged(law, n, 0.0)),
        ("half the nats", _charged(law, n, 0.5 * math.log(k))),
        ("no log 1/delta", _charged(law, n, math.log(k)) - confidence),
    ):
        yield rate("mutant", name, change, delta, demanded / charged)


def _charged(law: MemorisationConverse, n: int, nats: float) -> float:
    return law.measured(_reference(Problem(Sphere(3)), n), Bracket.exact(nats, unit=NATS)).upper


def _labels_cost(n: int) -> np.ndarray:
    """n (log 2 - h(w/n)) for every number w of wrong labels."""
    return np.array([((LOG2 - binary_entropy(w, n)) * float(n)).lower for w in range(n + 1)])


# Laws of averages.


def choice_ledger(count: int, forget: bool = False) -> Ledger:
    """log K nats for the choice of one of K; nothing for a choice that is called data-free."""
    mask = Repeated(DataFreeMask(), 1) if forget else FixedSizeMask(count, 1)
    return Accountant().ledger([mask, FrozenWeights(count + 1)])


def information(draws: int, seed: int) -> Iterator[Row]:
    for title, bench in BENCHES.items():
        x = bench.correlations(draws, seed)
        m = _reference(bench.problem, bench.n)
        size = m.data.problem.noise_bound if m.data.problem else 1.0
        ledger = choice_ledger(x.shape[1])
        bound = InformationLaw(ledger=ledger).bound([Run(m)], ledger).upper
        found, reach = x.max(axis=1) / size, ratio_range(m)[0]
        yield mean("law", "information law", f"{title}, the best", bound, found, reach)
        if bench is NORMAL:
            yield mean("mutant", "information law", "v/4", 0.5 * bound, found, reach)
            free = choice_ledger(x.shape[1], forget=True)
            least = InformationLaw(ledger=free).bound([Run(m)], free).upper
            yield mean("mutant", "information law", "no log K", max(least, 1e-12), found, reach)


def generalisation(draws: int, seed: int) -> Iterator[Row]:
    """R - R_D = 1/2 - (share of fair labels that the best of K classifiers gets wrong)."""
    for k, n in ((16, 20), (512, 60), (512, 200)):
        gap = 0.5 - fewest_wrong(k, n, draws, seed) / n
        runs = [Run(_reference(Problem(Sphere(3)), n))]
        ledger = choice_ledger(k)
        trial = f"best of {k} classifiers, n = {n}"
        finite = RademacherAnalogue(ledger=ledger)
        bound = finite.bound(runs, finite.charged(runs[0])).upper
        yield mean("law", "Rademacher, finite class", trial, bound, gap, 1.0)
        single = VcAnalogue(ledger=ledger, dimension=0)
        yield mean("law", "VC", trial, single.bound(runs, single.charged(runs[0])).upper, gap, 1.0)
        squared = RademacherAnalogue(ledger=ledger, loss="squared")
        wide = squared.bound(runs, squared.charged(runs[0])).upper
        yield mean("law", "Rademacher, squared loss", trial, wide, 4.0 * gap, 4.0)
        if n == 200:
            yield mean("mutant", "Rademacher, finite class", "half the constant", 0.5 * bound, gap, 1.0)
            root = math.sqrt(squared.measured_loss.limit)
            yield mean("mutant", "Rademacher, squared loss", "b for b^2", wide / root, 4.0 * gap, 4.0)
            free = choice_ledger(k, forget=True)
            for name, law in (
                ("Rademacher, finite class", RademacherAnalogue(ledger=free)),
                ("VC", VcAnalogue(ledger=free, dimension=0)),
            ):
                least = max(law.bound(runs, law.charged(runs[0])).upper, 1e-12)
                yield mean("mutant", name, "no log K", least, gap, 1.0)
    rng = np.random.default_rng(seed)
    for d, n in ((5, 100), (30, 60)):
        # all labellings of d points: |R - R_D| is largest at sum_j |2 s_j - c_j|/(2n)
        counts = rng.multinomial(n, np.full(d, 1.0 / d), draws)
        gap = np.abs(2 * rng.binomial(counts, 0.5) - counts).sum(axis=1) / (2.0 * n)
        law = VcAnalogue(ledger=choice_ledger(1), dimension=d)
        runs = [Run(_reference(Problem(Sphere(3)), n))]
        bound = law.bound(runs, law.charged(runs[0])).upper
        yield mean("law", "VC", f"all labellings of {d} points, n = {n}", bound, gap, 1.0)


TRIALS: dict[str, Callable[[int, int], Iterator[Row]]] = {
    "description": description_length,
    "sharp": sparse_sharp,
    "printed": printed,
    "converse": converse,
    "information": information,
    "generalisation": generalisation,
}


def cross_check(draws: int, seed: int, count: int = 40, delta: float = 0.5) -> float:
    """Laws checked whole, on real networks and data sets of the same draws: the largest disagreement.

    Half of the draws are failures of a law with U = 0. Raises AssertionError if a verdict differs.
    """
    bench, wrong = NORMAL, SparseSharp(delta, ledger=choice_ledger(64, forget=True))
    drawn = list(bench.batches(draws, seed))
    x, z = (np.concatenate([batch[i] for batch in drawn]) for i in (0, 1))
    correlations = bench.correlations(draws, seed)
    needed, best = correlations.max(axis=1) * slope(wrong, bench, 0.0), correlations.argmax(axis=1)
    rng = np.random.default_rng(seed)
    sides = [np.flatnonzero(needed > 1.0), np.flatnonzero(needed <= 1.0)]
    worst = 0.0
    for i in np.concatenate([rng.choice(s, min(count // 2, len(s)), replace=False) for s in sides]):
        weight = (np.arange(bench.dim) == best[i]).astype(np.float64)[None, :]
        found = wrong.check(Network.from_arrays([(weight, np.zeros(1))]), bench.data(x[i], z[i]))
        assert found.theory is not None
        assert (found.verdict is Verdict.VIOLATED) == bool(needed[i] > 1.0), (found, needed[i])
        worst = max(worst, abs(found.theory.middle / float(needed[i]) - 1.0))
    return worst
