"""Running the audit: every printed step has to be refuted, and every repair proved."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..kernel.lemma import Checked, check
from ..kernel.mutants import refute
from ..kernel.verdicts import Outcome, Verdict
from ..lemmas import catalogue
from .defects import DEFECTS, Defect
from .numbers import NUMBERS, PrintedNumber


class UnknownLemma(LookupError):
    """A repair names a lemma that the catalogue does not hold."""


@dataclass(frozen=True)
class DefectFound:
    """A defect with what checking it found."""

    defect: Defect
    printed: Outcome
    repairs: tuple[Checked, ...]

    @property
    def stands(self) -> bool:
        """The printed step is refuted, and there is a repair, proved (or proved modulo citations)."""
        return self.printed.verdict is Verdict.REFUTED and all_proved(self.repairs)


@dataclass(frozen=True)
class NumberFound:
    """A printed constant with its lemma checked."""

    number: PrintedNumber
    lemma: Checked

    @property
    def stands(self) -> bool:
        return all_proved([self.lemma])


@dataclass(frozen=True)
class Audit:
    """All findings."""

    defects: tuple[DefectFound, ...]
    numbers: tuple[NumberFound, ...]

    @property
    def stands(self) -> bool:
        """Every finding is confirmed."""
        return all(f.stands for f in self.defects) and all(n.stands for n in self.numbers)


def all_proved(repairs: Sequence[Checked]) -> bool:
    """There is at least one, and none is weaker than CITED."""
    return bool(repairs) and all(c.verdict.rank <= Verdict.CITED.rank for c in repairs)


def audit(defects: Iterable[Defect] = DEFECTS, numbers: Iterable[PrintedNumber] = NUMBERS) -> Audit:
    """Refute every printed step at its witness and check the lemmas that take its place.

    Raises UnknownLemma.
    """
    known: dict[str, Checked] = {}
    found = tuple(
        DefectFound(
            d, refute(d.printed, d.hypotheses, d.witness), tuple(_checked(r, known) for r in d.repairs)
        )
        for d in defects
    )
    return Audit(found, tuple(NumberFound(n, _checked(n.lemma, known)) for n in numbers))


def _checked(name: str, known: dict[str, Checked]) -> Checked:
    if name not in catalogue():
        raise UnknownLemma(f"no lemma is called {name!r}")
    if name not in known:
        known[name] = check(catalogue()[name], known)
    return known[name]
