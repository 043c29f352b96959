"""From many networks to a verdict on a law that may fail with probability delta.

Networks on one data set share its luck, so the count is of data sets: a data set is bad if any
of its networks violates the inequality. A true law makes it bad with probability at most delta.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass

from scipy.stats import beta

from ..evidence import Evidence, Verdict

LEVEL = 0.95


@dataclass(frozen=True)
class Tally:
    """Verdicts of one law over many networks.

    counts   : networks by verdict
    bad      : data sets with a violation, of `datasets` with an applicable network
    bad_rate : Clopper-Pearson lower end, at one-sided confidence LEVEL, of the rate of bad data sets
    """

    law: str
    verdict: Verdict
    counts: dict[Verdict, int]
    datasets: int
    bad: int
    bad_rate: float


def tally(law: str, evidence: Iterable[tuple[Hashable, Evidence]]) -> Tally:
    """The verdict on a law from (data set, evidence) pairs.

    VIOLATED only if the rate of bad data sets is certainly above 1 - probability; a violation
    that chance may explain is INCONCLUSIVE.
    """
    pairs = list(evidence)
    counts = Counter(e.verdict for _, e in pairs)
    applicable = {key for key, e in pairs if e.verdict is not Verdict.NOT_APPLICABLE}
    bad = {key for key, e in pairs if e.verdict is Verdict.VIOLATED}
    rate = clopper_pearson_lower(len(bad), len(applicable), LEVEL)
    allowed = max((1.0 - e.probability for _, e in pairs), default=0.0)
    verdict = _overall(counts, rate, allowed)
    return Tally(law, verdict, dict(counts), len(applicable), len(bad), rate)


def clopper_pearson_lower(hits: int, trials: int, level: float) -> float:
    """Lower end of the exact one-sided confidence interval of a binomial rate."""
    return 0.0 if hits == 0 else float(beta.ppf(1.0 - level, hits, trials - hits + 1))


def _overall(counts: Counter[Verdict], rate: float, allowed: float) -> Verdict:
    if rate > allowed:
        return Verdict.VIOLATED
    if counts[Verdict.VIOLATED] or counts[Verdict.INCONCLUSIVE]:
        return Verdict.INCONCLUSIVE
    return Verdict.HOLDS if counts[Verdict.HOLDS] else Verdict.NOT_APPLICABLE
