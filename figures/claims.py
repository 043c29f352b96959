"""The sentences that a figure supports, as checks that can fail.

A statistical claim is paired by seed: both arms share data, initialisation and noise, and the
share of seeds in which the difference exceeds a margin is compared with 1/2 by a Clopper-Pearson
interval. The level of a figure, .05, is divided among its statistical claims (Bonferroni).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import polars as pl
from scipy.stats import binomtest

from robustlaw.evidence import Bracket, Evidence, Hypothesis, Verdict, compare

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
    statistical = sum(isinstance(c, Paired) and not c.mutant for c in listed)
    level = LEVEL / max(statistical, 1)
    return [_judged(claim, level) for claim in listed]


def _judged(claim: Claim, level: float) -> Judged:
    if isinstance(claim, Paired):
        return _paired(claim, level)
    if isinstance(claim, Exact):
        found, none = Bracket.exact(float(claim.wrong)), Bracket.exact(0.0)
        verdict = compare(found, none, "<=") if claim.cases else Verdict.INCONCLUSIVE
        words = f"counterexamples among {claim.cases} cases"
        return Judged(claim, Evidence(claim.name, verdict, words, found, none, relation="<="), claim.cases)
    reason = claim.reason if isinstance(claim, Missing) else "nothing was computed for it"
    gap = Hypothesis("rows", False, reason)
    return Judged(claim, Evidence(claim.name, Verdict.NOT_APPLICABLE, claim.name, hypotheses=(gap,)), 0)


def _paired(claim: Paired, level: float) -> Judged:
    values = np.asarray(claim.differences, dtype=float)
    if not len(values):
        return _judged(Missing(claim.name, claim.says, claim.whose, claim.mutant, "no seed was run"), level)
    above = int(np.sum(values > claim.margin))  # nan is not above
    ends = binomtest(above, len(values)).proportion_ci(1.0 - level, method="exact")
    share, half = Bracket(float(ends.low), float(ends.high), "Clopper-Pearson"), Bracket.exact(0.5)
    words = f"share of seeds with a difference above {claim.margin:g}"
    evidence = Evidence(claim.name, compare(share, half), words, share, half, probability=1.0 - level)
    seen = values[np.isfinite(values)]
    return Judged(claim, evidence, len(values), float(np.median(seen)) if len(seen) else None)
