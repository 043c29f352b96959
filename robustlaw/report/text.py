"""The summary as plain text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from ..evidence import Verdict
from .findings import LADDER, Group, Summary, reason

MATRIX_TITLE = "Verdicts by law and method, main setting (holding/applicable, median slack)"
LADDER_TITLE = "The slack ladder: certified Lipschitz upper end over the bound, medians"


def print_summary(summary: Summary, console: Console) -> None:
    """Falsification first, then verdicts by law and method, then the ladder, then the sentence."""
    if summary.falsified:
        console.print(_falsification(summary))
    if summary.methods:
        console.print(
            _matrix(
                "Verdicts by law and method, main setting (holding/applicable, median slack)", summary.methods
            )
        )
    console.print(_ladder(summary))
    for line in sentences(summary):
        console.print(line, highlight=False, soft_wrap=True)


def _falsification(summary: Summary) -> Table:
    table = Table(title="A wrong ledger must fail: the mask's information left out", title_justify="left")
    for name in ("networks", "violated without the mask", "median slack", "full ledger", "median slack"):
        table.add_column(name, justify="left" if name == "networks" else "right")
    for wrong, true in summary.falsified:
        table.add_row(
            wrong.group,
            f"{wrong.count(Verdict.VIOLATED)}/{wrong.applicable} (must fail)",
            slack(wrong),
            f"{true.count(Verdict.HOLDS)}/{true.applicable} hold",
            slack(true),
        )
    return table


def _matrix(title: str, groups: Sequence[Group]) -> Table:
    columns = list(dict.fromkeys(g.group for g in groups))
    table = Table(title=title, title_justify="left")
    table.add_column("law")
    for name in columns:
        table.add_column(name, justify="right", overflow="fold")
    for law in dict.fromkeys(g.law for g in groups):
        table.add_row(law, *(cell(g) for g in groups if g.law == law))
    return table


def _ladder(summary: Summary) -> Table:
    names = list(dict.fromkeys(g.group for g in summary.settings))
    table = Table(
        title="The slack ladder: certified Lipschitz upper end over the bound, medians", title_justify="left"
    )
    table.add_column("setting")
    for law in LADDER:
        table.add_column(law, justify="right", overflow="fold")
    for name in names:
        table.add_row(name, *(rung(summary, g) for g in ladder_groups(summary.settings, name)))
    return table


def ladder_groups(groups: Iterable[Group], name: str) -> list[Group]:
    """The laws of the ladder on one setting, in order."""
    mine = {g.law: g for g in groups if g.group == name}
    return [mine[law] for law in LADDER]


def rung(summary: Summary, g: Group) -> str:
    """Median slack, or the hypothesis that fails."""
    if g.slack is not None:
        return slack(g)
    if not g.tally.counts:
        return "-"
    return f"n/a: {reason([f for f in summary.found if f.setting == g.group], g.law)}"


def cell(g: Group) -> str:
    """One group in a few characters."""
    if g.applicable == 0:
        return "n/a"
    bad = g.count(Verdict.VIOLATED)
    violated = f" {bad} VIOLATED" if bad else ""
    return f"{g.count(Verdict.HOLDS)}/{g.applicable} {slack(g)}{violated}"


def slack(g: Group) -> str:
    """Median slack: two decimals while they mean something, two digits beyond 100."""
    if g.slack is None:
        return "-"
    return f"{g.slack:.2f}" if g.slack < 100 else f"{float(f'{g.slack:.2g}'):,.0f}"


def sentences(summary: Summary) -> list[str]:
    """The result in words."""
    counts = summary.verdicts
    told = [
        f"{summary.networks} networks. Verdicts of the laws: "
        + ", ".join(f"{counts[v]} {v}" for v in Verdict)
        + "."
    ]
    if counts[Verdict.NOT_APPLICABLE]:
        told.append(
            "NOT_APPLICABLE is mostly the printed theorems: they need bounded inputs, an error far below the "
            "noise level and enough samples, and say nothing about a network that lacks one of these."
        )
    told += collapses(summary)
    main = next((g for g in summary.settings if g.law == "DescriptionLength" and g.group == "main"), None)
    if main is not None and main.slack is not None:
        told.append(
            f"Description-length law, main setting: median slack {main.slack:.2f}; the bound is below the "
            f"steepest training pair (vacuous) in {main.vacuous} of {main.applicable} networks."
        )
    if summary.falsified:
        told.append(
            "The ledger without the mask's information is violated, as it must be."
            if summary.ledger_fails
            else "The ledger without the mask's information was NOT violated everywhere it must be."
        )
    assumed = sorted({a for f in summary.found for a in f.evidence.assumptions})
    told += [f"Assumed, not certified: {a}." for a in assumed]
    if summary.failed_rows:
        told.append(f"{summary.failed_rows} cells failed: their tracebacks are in the store.")
    return told


def collapses(summary: Summary) -> list[str]:
    """How many networks have collapsed, and for each way to make one what has become of its mask."""
    if not summary.collapses:
        return []
    told: dict[tuple[str, str, float, str], list[int]] = {}
    for f, collapse in summary.collapses:
        told.setdefault((*f.arm, str(collapse)), []).append(f.seed)
    count = f"Layer collapse in {len(summary.collapses)} of {summary.networks} networks:"
    return [count] + [
        f"{setting}: {method}, density {density:g}, seed {', '.join(map(str, seeds))}: {sentence}."
        for (setting, method, density, sentence), seeds in told.items()
    ]
