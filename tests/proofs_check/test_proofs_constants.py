"""Every number of the laws is proved about by a lemma, and that lemma fails for another number."""

import importlib.util
from fractions import Fraction
from functools import cache
from pathlib import Path

import pytest

import proofs_check.lemmas
from proofs_check.kernel.lemma import check
from proofs_check.kernel.verdicts import Verdict
from proofs_check.lemmas import catalogue
from robustlaw import constants

NAMES = [n for n in vars(constants) if n.isupper()]
ROOM = Path(proofs_check.lemmas.__file__).parent
NUDGES = (Fraction(51, 50), Fraction(49, 50))


def covering(name):
    return [lemma for lemma in catalogue().values() if name in lemma.covers]


def modules():
    """Lemma files by the constants they import."""
    return sorted(p for p in ROOM.glob("*.py") if p.name != "__init__.py")


@cache
def checked(name):
    lemma = catalogue()[name]
    return check(lemma, {u.name: checked(u.name) for u in lemma.uses()})


def holds(found):
    return found.verdict in (Verdict.PROVED, Verdict.CITED)


def fails(lemma):
    """Lemmas of other files that it uses are as they were."""
    known = {u.name: checked(u.name) for u in lemma.uses() if u is catalogue().get(u.name)}
    return not holds(check(lemma, known))


def nudged(path):
    """The lemmas of a file, read again with the constants as they are now."""
    spec = importlib.util.spec_from_file_location(f"proofs_check.lemmas.nudged_{path.stem}", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.LEMMAS


def test_every_constant_is_covered():
    assert not [name for name in NAMES if not covering(name)]


def test_lemmas_cover_nothing_else():
    assert {name for lemma in catalogue().values() for name in lemma.covers} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_covering_lemmas_hold_and_fail_for_another_number(name, monkeypatch):
    """In one of both directions: what is not sharp may move in the other."""
    assert all(holds(checked(lemma.name)) for lemma in covering(name))
    files = [p for p in modules() if name in p.read_text()]
    value = Fraction(getattr(constants, name))

    def lemmas():
        for factor in NUDGES:
            monkeypatch.setattr(constants, name, factor * value)
            again = [lemma for path in files for lemma in nudged(path) if name in lemma.covers]
            assert len(again) == len(covering(name))
            yield from again

    assert any(fails(lemma) for lemma in lemmas())
