"""From stored rows to what they say: verdicts by law and method, falsifications, slacks."""

from __future__ import annotations

import json
import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..evidence import Evidence, LayerCollapse, Verdict, from_json
from ..laws import Tally, tally
from ..sweep import Row

WRONG = "DescriptionLength without mask"
LADDER = (
    "UniversalPrinted",
    "SparsePrinted",
    "SparseRepaired",
    "SparseSharp",
    "DescriptionLength",
)
TRUE_LAWS = (*LADDER, "MemorisationConverse")
# Pruners whose weights are frozen, so that forgetting the mask forgets everything.
SUPERMASKS = ("EdgePopup", "TopKSign")


@dataclass(frozen=True)
class Finding:
    """One law weighed on one network of the study."""

    setting: str
    method: str
    density: float
    seed: int
    result: dict[str, Any]
    evidence: Evidence

    @property
    def network(self) -> str:
        """The network in words."""
        return f"{self.setting}: {self.method}, density {self.density:g}, seed {self.seed}"

    @property
    def collapse(self) -> LayerCollapse | None:
        """What is on record if the network's mask has collapsed."""
        told = self.result.get("collapse")
        found = None if told is None else from_json(json.dumps(told))
        assert found is None or isinstance(found, LayerCollapse)
        return found

    @property
    def dataset(self) -> tuple[str, int]:
        """Networks of one setting and seed share their data."""
        return self.setting, self.seed

    @property
    def arm(self) -> tuple[str, str, float]:
        """One way to make a network; there is one of each on a data set."""
        return self.setting, self.method, self.density


def findings(rows: Iterable[Row]) -> list[Finding]:
    """All findings of the rows that have a result."""
    return [_finding(row, item) for row in rows if row.result is not None for item in row.result["evidence"]]


def _finding(row: Row, item: dict[str, Any]) -> Finding:
    assert row.result is not None
    evidence = from_json(json.dumps(item))
    assert isinstance(evidence, Evidence)
    config = row.config
    if row.study == "top_k_sign":
        share = config["k"] / config["dim"]
        return Finding("linear", "TopKSign", share, config["seed"], row.result, evidence)
    return Finding(
        config["setting"], config["method"], config["density"], config["seed"], row.result, evidence
    )


@dataclass(frozen=True)
class Group:
    """A law over the networks of one group."""

    law: str
    group: str
    tally: Tally
    slack: float | None
    vacuous: int

    @property
    def applicable(self) -> int:
        """Networks the law speaks of."""
        return sum(n for v, n in self.tally.counts.items() if v is not Verdict.NOT_APPLICABLE)

    def count(self, verdict: Verdict) -> int:
        return self.tally.counts.get(verdict, 0)


def group(law: str, name: str, found: Sequence[Finding]) -> Group:
    """Tally, median slack and number of vacuous bounds of one law."""
    mine = [f for f in found if f.evidence.law == law]
    slacks = [f.evidence.slack for f in mine if f.evidence.slack is not None]
    return Group(
        law,
        name,
        tally(law, [(f.dataset, f.arm, f.evidence) for f in mine]),
        statistics.median(slacks) if slacks else None,
        sum(f.evidence.vacuous is True for f in mine),
    )


@dataclass(frozen=True)
class Summary:
    """What `verify` prints and the report shows.

    laws          : every true law over all networks
    methods       : every true law over the networks of one method in the main setting
    settings      : every true law over the networks of one setting
    falsified     : the wrong ledger where it must fail, beside the true one on the same networks
    failed_rows   : cells without a result
    collapses     : networks whose masks leave no path from an input to an output, with the record
    """

    found: list[Finding]
    laws: list[Group]
    methods: list[Group]
    settings: list[Group]
    falsified: list[tuple[Group, Group]]
    networks: int
    failed_rows: int
    collapses: list[tuple[Finding, LayerCollapse]]

    @property
    def verdicts(self) -> dict[Verdict, int]:
        """Verdicts of the true laws, over all networks."""
        return {v: sum(g.count(v) for g in self.laws) for v in Verdict}

    @property
    def ledger_fails(self) -> bool:
        """The wrong ledger is certainly violated in every group where it must be."""
        return all(wrong.tally.verdict is Verdict.VIOLATED for wrong, _ in self.falsified)

    @property
    def exit_status(self) -> int:
        """0 everything holds, 1 a law is violated, 3 something is open (or a cell failed)."""
        overall = [g.tally.verdict for g in self.laws]
        if Verdict.VIOLATED in overall:
            return 1
        conclusive = Verdict.INCONCLUSIVE not in overall and Verdict.HOLDS in overall
        return 0 if conclusive and self.ledger_fails and not self.failed_rows else 3


def summarise(rows: Sequence[Row]) -> Summary:
    """The summary of finished rows."""
    found = findings(rows)
    main = [f for f in found if f.setting == "main"]
    return Summary(
        found,
        [group(law, "all", found) for law in TRUE_LAWS],
        _by(lambda f: f.method, main),
        _by(lambda f: f.setting, found),
        [(group(WRONG, m, part), group("DescriptionLength", m, part)) for m, part in _supermasks(found)],
        len({id(f.result) for f in found}),
        sum(row.result is None for row in rows),
        [(f, f.collapse) for f in {id(f.result): f for f in found}.values() if f.collapse is not None],
    )


def _by(key: Callable[[Finding], str], found: Sequence[Finding]) -> list[Group]:
    names = dict.fromkeys(key(f) for f in found)
    return [group(law, name, [f for f in found if key(f) == name]) for law in TRUE_LAWS for name in names]


def _supermasks(found: Sequence[Finding]) -> list[tuple[str, list[Finding]]]:
    parts = [(m, [f for f in found if f.method == m and f.setting != "digits"]) for m in SUPERMASKS]
    return [(m, part) for m, part in parts if part]


def reason(found: Sequence[Finding], law: str) -> str:
    """Why a law is not applicable: its most frequent failed hypothesis."""
    sentences = [
        h.name
        for f in found
        if f.evidence.law == law and f.evidence.verdict is Verdict.NOT_APPLICABLE
        for h in f.evidence.hypotheses
        if h.holds is False
    ]
    return max(dict.fromkeys(sentences), key=sentences.count) if sentences else ""


def table_rows(found: Iterable[Finding]) -> list[dict[str, Any]]:
    """One plain row a verdict: everything that is a result, nothing that depends on the machine's clock."""
    return [_plain(f) for f in found]


def _plain(f: Finding) -> dict[str, Any]:
    e = f.evidence
    ends = (None, None) if e.measured is None else (e.measured.lower, e.measured.upper)
    bound = None if e.theory is None else e.theory.upper
    return {
        "setting": f.setting,
        "method": f.method,
        "density": f.density,
        "seed": f.seed,
        "law": e.law,
        "must fail": e.law == WRONG and f.method in SUPERMASKS,
        "quantity": e.quantity,
        "verdict": str(e.verdict),
        "measured lower": ends[0],
        "measured upper": ends[1],
        "bound": bound,
        "slack": e.slack,
        "vacuous": e.vacuous,
        "p_eff": e.details.get("p_eff"),
        "kept": f.result["kept"],
        "collapse": "" if f.collapse is None else str(f.collapse),
        "assuming": "; ".join(e.assumptions),
    }
