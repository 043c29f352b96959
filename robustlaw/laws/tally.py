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

from ..confidence import clopper_pearson_lower
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


def tally(law: str, evidence: Iterable[tuple[Hashable, Hashable, Evidence]]) -> Tally:
    """The verdict on a law from (data set, arm, evidence) triples.

    An arm is one way to make a network, such as a method and a density: a law of one network is
    also tested arm by arm, where its allowance is its own delta and not a sum over many networks.
    VIOLATED only if some rate of bad data sets is certainly above what the law allows, at
    confidence LEVEL over all these tests (Bonferroni); what chance may explain is INCONCLUSIVE.
    """
    items = list(evidence)
    counts = Counter(e.verdict for _, _, e in items)
    arms = dict.fromkeys(arm for _, arm, _ in items)
    tests = [items, *([i for i in items if i[1] == arm] for arm in arms if len(arms) > 1)]
    level = 1.0 - (1.0 - LEVEL) / len(tests)
    excessive = any(_rate(test, level) > _allowance(test) for test in tests)
    bad, datasets = _bad_sets(items)
    rate = _lower_rate(bad, datasets, LEVEL)
    return Tally(law, _overall(counts, excessive), dict(counts), datasets, bad, rate)


Items = Sequence[tuple[Hashable, Hashable, Evidence]]


def _sets(items: Items) -> list[list[Evidence]]:
    """Evidence grouped by data set."""
    sets: dict[Hashable, list[Evidence]] = {}
    for dataset, _, item in items:
        sets.setdefault(dataset, []).append(item)
    return list(sets.values())


def _bad_sets(items: Items) -> tuple[int, int]:
    """Data sets with a violation, and all of them."""
    sets = _sets(items)
    return sum(any(e.verdict is Verdict.VIOLATED for e in group) for group in sets), len(sets)


def _rate(items: Items, level: float) -> float:
    return _lower_rate(*_bad_sets(items), level)


def _lower_rate(bad: int, datasets: int, level: float) -> float:
    """Clopper-Pearson lower end of the rate; nothing is known of it without a data set."""
    return clopper_pearson_lower(bad, datasets, 1.0 - level) if datasets else 0.0


def _allowance(items: Items) -> float:
    return max(map(_allowed, _sets(items)), default=0.0)


def _allowed(group: Sequence[Evidence]) -> float:
    """Most that a true law lets one data set be bad: what its networks share, and what each adds."""
    own = math.fsum(max(0.0, 1.0 - e.probability - e.shared) for e in group)
    return min(1.0, max(e.shared for e in group) + own)


def _overall(counts: Counter[Verdict], excessive: bool) -> Verdict:
    if excessive:
        return Verdict.VIOLATED
    if counts[Verdict.VIOLATED] or counts[Verdict.INCONCLUSIVE]:
        return Verdict.INCONCLUSIVE
    return Verdict.HOLDS if counts[Verdict.HOLDS] else Verdict.NOT_APPLICABLE
