"""From many networks to a verdict on a law that may fail with probability delta.

Networks on one data set share its luck, so the count is of data sets: a data set is bad if any
of its networks violates the inequality. A law that speaks of all networks at once makes it bad
with probability at most delta, a law of one network with at most delta for each of them.
Data sets on which a hypothesis failed count as good: whether one fails may depend on the data,
and the rate among the others may then exceed what the law allows.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass

from scipy.stats import beta

from ..evidence import Evidence, Verdict

LEVEL = 0.95


@dataclass(frozen=True)
class Tally:
    """Verdicts of one law over many networks.

    counts   : networks by verdict
    bad      : data sets with a violation, of `datasets` on which the law was weighed
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

    VIOLATED only if the rate of bad data sets is certainly above what the law allows; a violation
    that chance may explain is INCONCLUSIVE.
    """
    sets: dict[Hashable, list[Evidence]] = {}
    for key, item in evidence:
        sets.setdefault(key, []).append(item)
    counts = Counter(e.verdict for group in sets.values() for e in group)
    bad = sum(any(e.verdict is Verdict.VIOLATED for e in group) for group in sets.values())
    rate = clopper_pearson_lower(bad, len(sets), LEVEL)
    allowed = max(map(_allowed, sets.values()), default=0.0)
    return Tally(law, _overall(counts, rate, allowed), dict(counts), len(sets), bad, rate)


def _allowed(group: Sequence[Evidence]) -> float:
    """Most that a true law lets one data set be bad: what its networks share, and what each adds."""
    own = math.fsum(max(0.0, 1.0 - e.probability - e.shared) for e in group)
    return min(1.0, max(e.shared for e in group) + own)


def clopper_pearson_lower(hits: int, trials: int, level: float) -> float:
    """Lower end of the exact one-sided confidence interval of a binomial rate."""
    return 0.0 if hits == 0 else float(beta.ppf(1.0 - level, hits, trials - hits + 1))


def _overall(counts: Counter[Verdict], rate: float, allowed: float) -> Verdict:
    if rate > allowed:
        return Verdict.VIOLATED
    if counts[Verdict.VIOLATED] or counts[Verdict.INCONCLUSIVE]:
        return Verdict.INCONCLUSIVE
    return Verdict.HOLDS if counts[Verdict.HOLDS] else Verdict.NOT_APPLICABLE
