"""Checking many lemmas: workers decide each lemma's own steps once, verdicts are put together here."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from multiprocessing import get_context

from robustlaw.errors import UnknownName

from .kernel.lemma import Checked, Decided, Lemma, Mutant, check, conclude, decide
from .kernel.mutants import attack
from .kernel.verdicts import Outcome, Verdict
from .lemmas import catalogue
from .pressure import Pressure, press


@dataclass(frozen=True)
class Task:
    """One lemma by name, and what to do besides checking it."""

    name: str
    mutants: bool
    attack: bool


@dataclass(frozen=True)
class Worked:
    """What a worker sends back: plain words, no lemma."""

    decided: Decided
    mutants: tuple[Outcome, ...]
    pressures: tuple[Pressure, ...]


@dataclass(frozen=True)
class Report:
    """A lemma with everything that was found out about it.

    mutants   : one outcome for each of the lemma's mutants, REFUTED if it dies; None if none was tried
    pressures : how tight each of its inequalities was found to be; None if that was not asked
    """

    checked: Checked
    mutants: tuple[Outcome, ...] | None
    pressures: tuple[Pressure, ...] | None

    @property
    def name(self) -> str:
        return self.checked.lemma.name

    @property
    def verdict(self) -> Verdict:
        """The kernel's verdict, unless a certified point refutes the lemma."""
        pressed = self.pressures or ()
        return Verdict.REFUTED if any(p.refuted for p in pressed) else self.checked.verdict

    @property
    def witness(self) -> str:
        """The place where the lemma fails, in words; empty if there is none."""
        found = [self.checked.witness, *(p.point for p in self.pressures or () if p.refuted)]
        return next((", ".join(f"{k} = {v}" for k, v in w.items()) for w in found if w), "")

    @property
    def alive(self) -> tuple[Mutant, ...]:
        """Mutants that did not die."""
        tried = zip(self.checked.lemma.mutants, self.mutants or (), strict=self.mutants is not None)
        return tuple(m for m, o in tried if o.verdict is not Verdict.REFUTED)

    @property
    def tightest(self) -> Pressure | None:
        """The claim whose sides came closest."""
        met = [p for p in self.pressures or () if p.ratio is not None]
        return max(met, key=lambda p: (p.refuted, p.ratio), default=None)

    @property
    def dead(self) -> int:
        """How many mutants died."""
        return sum(o.verdict is Verdict.REFUTED for o in self.mutants or ())


def work(task: Task) -> Worked:
    """All that needs computing for one lemma (runs in a worker)."""
    lemma = catalogue()[task.name]
    return Worked(
        decide(lemma),
        tuple(attack(lemma, m) for m in lemma.mutants) if task.mutants else (),
        press(lemma) if task.attack else (),
    )


def run(
    names: Sequence[str] = (),
    jobs: int = 2,
    mutants: bool = True,
    attack: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Report, ...]:
    """Check the named lemmas (all if none is named) and those that they use. Raises UnknownName."""
    wanted = _closure(names)
    tasks = [Task(name, mutants, attack) for name in wanted]
    found: dict[str, Worked] = {}
    for name, worked in _results(tasks, min(jobs, len(tasks))):
        found[name] = worked
        if progress is not None:
            progress(len(found), len(tasks))
    checked: dict[str, Checked] = {}
    for name in wanted:
        _conclude(catalogue()[name], found, checked)
    return tuple(
        Report(
            checked[name],
            found[name].mutants if mutants else None,
            found[name].pressures if attack else None,
        )
        for name in wanted
    )


def exit_status(reports: Sequence[Report]) -> int:
    """0 if everything is proved or cited and no mutant lives, 1 if something is refuted, 3 otherwise."""
    if any(r.verdict is Verdict.REFUTED for r in reports):
        return 1
    # an engine that proves a mutant, which is false, is as bad as a false lemma
    if any(o.verdict is Verdict.PROVED for r in reports for o in r.mutants or ()):
        return 1
    return 3 if any(r.verdict is Verdict.INCONCLUSIVE or r.alive for r in reports) else 0


def _closure(names: Sequence[str]) -> list[str]:
    """Names: the lemmas asked for and those that they use, in the catalogue's order."""
    known, wanted = catalogue(), set[str]()
    pending = list(names or known)
    while pending:
        name = pending.pop()
        if name not in known:
            near = difflib.get_close_matches(name, known, n=5, cutoff=0.4)
            raise UnknownName("NAME", name, near or known)
        if name not in wanted:
            wanted.add(name)
            pending += [u.name for u in known[name].uses() if u.name in known]
    return [name for name in known if name in wanted]


def _conclude(lemma: Lemma, found: dict[str, Worked], checked: dict[str, Checked]) -> Checked:
    """The verdict of a lemma, after those of the lemmas that it uses."""
    if catalogue().get(lemma.name) != lemma:
        return check(lemma)  # a lemma that the catalogue does not list
    if lemma.name not in checked:
        used = [_conclude(u, found, checked) for u in lemma.uses()]
        checked[lemma.name] = conclude(lemma, found[lemma.name].decided, used)
    return checked[lemma.name]


def _results(tasks: Sequence[Task], jobs: int) -> Iterator[tuple[str, Worked]]:
    """Each lemma's name and what came of it, as they get ready."""
    if jobs <= 1:
        yield from ((task.name, work(task)) for task in tasks)
        return
    with ProcessPoolExecutor(jobs, mp_context=get_context("spawn")) as pool:
        futures = {pool.submit(work, task): task.name for task in tasks}
        yield from ((futures[future], future.result()) for future in as_completed(futures))
