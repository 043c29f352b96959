"""The sentences that a figure supports, as checks that can fail.

Most statistical claims are paired by seed: both arms share data, initialisation and noise, and the
share of seeds in which the difference exceeds a margin is compared with 1/2 by a Clopper-Pearson
interval. Others compare a frequency with a bound, the mean of bounded values with a bound, or two
samples by their ranks. The level of a figure, .05, is divided among its statistical claims (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import polars as pl
from scipy.stats import binomtest, mannwhitneyu

from robustlaw.confidence import betting_interval
from robustlaw.evidence import Bracket, Evidence, Hypothesis, Verdict, compare
from robustlaw.evidence.verdict import Relation

LEVEL = 0.05


@dataclass(frozen=True)
class Claim:
    """A sentence and whose it is.

    name  : short, unique within the figure
    says  : the sentence
    whose : "paper" for what the publication says, "here" for ours
    mutant: a sentence known to be false, which has to come out VIOLATED
    """

    name: str
    says: str
    whose: str = "here"
    mutant: bool = False


@dataclass(frozen=True)
class Paired(Claim):
    """In most seeds the difference exceeds the margin.

    differences : one number a seed, nan where an arm has none: that seed counts against the claim
    """

    differences: Sequence[float] | np.ndarray | pl.Series = field(default_factory=tuple)
    margin: float = 0.0


@dataclass(frozen=True)
class Exact(Claim):
    """No case of `cases` is a counterexample."""

    wrong: int = 0
    cases: int = 0


@dataclass(frozen=True)
class Frequency(Claim):
    """A probability, seen as `successes` of `trials` independent draws, is on one side of `bound`."""

    successes: int = 0
    trials: int = 0
    bound: float = 0.5
    relation: Relation = ">="


@dataclass(frozen=True)
class MeanOf(Claim):
    """The mean of independent values, each within `support`, is on one side of `bound`.

    By a betting interval: no assumption on the values' law beyond its support.
    """

    values: Sequence[float] | np.ndarray | pl.Series = field(default_factory=tuple)
    support: tuple[float, float] = (0.0, 1.0)
    bound: float = 0.0
    relation: Relation = ">="


@dataclass(frozen=True)
class Ranked(Claim):
    """Values of one sample tend to be larger than those of another, by Mann and Whitney's test.

    The samples are independent of each other; they need not be of equal size.
    """

    larger: Sequence[float] | np.ndarray | pl.Series = field(default_factory=tuple)
    smaller: Sequence[float] | np.ndarray | pl.Series = field(default_factory=tuple)


@dataclass(frozen=True)
class Missing(Claim):
    """The claim cannot be looked at here, and why."""

    reason: str = ""


@dataclass(frozen=True)
class Judged:
    """A claim with its evidence.

    seeds  : how many independent seeds, or cases of an exact claim, it rests on
    effect : median difference over seeds, None for an exact claim
    """

    claim: Claim
    evidence: Evidence
    seeds: int
    effect: float | None = None

    @property
    def agrees(self) -> bool | None:
        """Whether we find what the sentence says (for a mutant: that it is false); None if undecided."""
        verdict = self.evidence.verdict
        if verdict not in (Verdict.HOLDS, Verdict.VIOLATED):
            return None
        return (verdict is Verdict.HOLDS) is not self.claim.mutant

    def plain(self) -> dict[str, object]:
        """For tables and files."""
        measured = self.evidence.measured
        return {
            "name": self.claim.name,
            "claim": self.claim.says,
            "whose": self.claim.whose,
            "mutant": self.claim.mutant,
            "verdict": str(self.evidence.verdict),
            "agrees": self.agrees,
            "seeds": self.seeds,
            "effect": self.effect,
            "measured_lower": None if measured is None else measured.lower,
            "measured_upper": None if measured is None else measured.upper,
            "confidence": self.evidence.probability,
            "quantity": self.evidence.quantity,
        }


def judge(claims: Iterable[Claim]) -> list[Judged]:
    """Every claim with its verdict; the level is divided among the statistical ones."""
    listed = list(claims)
    statistical = sum(isinstance(c, STATISTICAL) and not c.mutant for c in listed)
    level = LEVEL / max(statistical, 1)
    return [_judged(claim, level) for claim in listed]


def _judged(claim: Claim, level: float) -> Judged:
    if isinstance(claim, STATISTICAL):
        if not _draws(claim):
            return _missing(claim, "no seed was run")
        return _BY_KIND[type(claim)](claim, level)
    if isinstance(claim, Exact):
        found, none = Bracket.exact(float(claim.wrong)), Bracket.exact(0.0)
        verdict = compare(found, none, "<=") if claim.cases else Verdict.INCONCLUSIVE
        words = f"counterexamples among {claim.cases} cases"
        return Judged(claim, Evidence(claim.name, verdict, words, found, none, relation="<="), claim.cases)
    return _missing(claim, claim.reason if isinstance(claim, Missing) else "nothing was computed for it")


def _missing(claim: Claim, reason: str) -> Judged:
    gap = Hypothesis("rows", False, reason)
    return Judged(claim, Evidence(claim.name, Verdict.NOT_APPLICABLE, claim.name, hypotheses=(gap,)), 0)


def _draws(claim: Paired | Frequency | MeanOf | Ranked) -> int:
    """How many independent draws a claim rests on; 0 if an arm is empty."""
    if isinstance(claim, Paired):
        return len(claim.differences)
    if isinstance(claim, Frequency):
        return claim.trials
    if isinstance(claim, MeanOf):
        return len(claim.values)
    return min(len(claim.larger), len(claim.smaller)) and len(claim.larger) + len(claim.smaller)


def _paired(claim: Paired, level: float) -> Judged:
    values = np.asarray(claim.differences, dtype=float)
    above = int(np.sum(values > claim.margin))  # nan is not above
    share, half = _share(above, len(values), level), Bracket.exact(0.5)
    words = f"share of seeds with a difference above {claim.margin:g}"
    evidence = Evidence(claim.name, compare(share, half), words, share, half, probability=1.0 - level)
    seen = values[np.isfinite(values)]
    return Judged(claim, evidence, len(values), float(np.median(seen)) if len(seen) else None)


def _frequency(claim: Frequency, level: float) -> Judged:
    share = _share(claim.successes, claim.trials, level)
    words = f"probability, {claim.successes} of {claim.trials} draws"
    return _against_bound(claim, share, words, level, claim.trials, claim.successes / claim.trials)


def _mean_of(claim: MeanOf, level: float) -> Judged:
    values = np.asarray(claim.values, dtype=float)
    mean = Bracket(*betting_interval(values, *claim.support, level), "betting interval")
    low, high = claim.support
    words = f"mean of {len(values)} values in [{low:g}, {high:g}]"
    return _against_bound(claim, mean, words, level, len(values), float(values.mean()))


def _ranked(claim: Ranked, level: float) -> Judged:
    first, second = (np.asarray(v, dtype=float) for v in (claim.larger, claim.smaller))
    above, below = (mannwhitneyu(first, second, alternative=a).pvalue for a in ("greater", "less"))
    verdict = Verdict.INCONCLUSIVE
    if min(above, below) <= 0.5 * level:
        verdict = Verdict.HOLDS if above < below else Verdict.VIOLATED
    words = f"one-sided p of the ranks of {len(first)} against {len(second)} values"
    p, risk = Bracket.exact(float(above)), Bracket.exact(0.5 * level)
    evidence = Evidence(claim.name, verdict, words, p, risk, relation="<=", probability=1.0 - level)
    return Judged(claim, evidence, len(first) + len(second), float(np.median(first) - np.median(second)))


def _share(successes: int, trials: int, level: float) -> Bracket:
    ends = binomtest(successes, trials).proportion_ci(1.0 - level, method="exact")
    return Bracket(float(ends.low), float(ends.high), "Clopper-Pearson")


def _against_bound(
    claim: Frequency | MeanOf, found: Bracket, words: str, level: float, draws: int, effect: float
) -> Judged:
    bound = Bracket.exact(claim.bound)
    verdict = compare(found, bound, claim.relation)
    told = Evidence(
        claim.name, verdict, words, found, bound, relation=claim.relation, probability=1.0 - level
    )
    return Judged(claim, told, draws, effect)


STATISTICAL = (Paired, Frequency, MeanOf, Ranked)
_BY_KIND: dict[type[Claim], Callable[[Any, float], Judged]] = {
    Paired: _paired,
    Frequency: _frequency,
    MeanOf: _mean_of,
    Ranked: _ranked,
}
