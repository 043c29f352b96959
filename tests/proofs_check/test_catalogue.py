"""The catalogue as a whole: everything proved or cited, every mutant dead, nothing inexact, nothing empty."""

import ast
from functools import cache
from pathlib import Path

import pytest
from sympy import Ne

import proofs_check
from proofs_check.kernel.lemma import check
from proofs_check.kernel.mutants import attack
from proofs_check.kernel.points import points_for
from proofs_check.kernel.spot import no_points
from proofs_check.kernel.verdicts import Verdict
from proofs_check.lemmas import catalogue
from proofs_check.runner import Report, exit_status

LEMMAS = catalogue()
LEAST_LEMMAS, LEAST_MUTANTS = 30, 60
ROOT = Path(proofs_check.__file__).parent
FILES = sorted(p for folder in ("lemmas", "audit") for p in (ROOT / folder).glob("**/*.py"))


@cache
def checked(name):
    lemma = LEMMAS[name]
    return check(lemma, {u.name: checked(u.name) for u in lemma.uses() if LEMMAS.get(u.name) == u})


@pytest.mark.parametrize("name", LEMMAS)
def test_is_proved_or_cited(name):
    found = checked(name)
    assert found.verdict in (Verdict.PROVED, Verdict.CITED), found.words
    assert bool(found.modulo) is (found.verdict is Verdict.CITED)


@pytest.mark.parametrize("name", LEMMAS)
def test_every_mutant_dies(name):
    lemma = LEMMAS[name]
    assert len(lemma.mutants) >= 2
    assert len({m.change for m in lemma.mutants}) == len(lemma.mutants)
    for mutant in lemma.mutants:
        outcome = attack(lemma, mutant)
        assert outcome.verdict is Verdict.REFUTED, f"{mutant.change}: {outcome.words}"


@pytest.mark.parametrize("name", LEMMAS)
def test_speaks_of_something(name):
    lemma = LEMMAS[name]
    assert lemma.name == name == name.strip()
    assert lemma.says.strip()
    assert lemma.source.strip()
    assert not any(isinstance(claim, Ne) for claim in lemma.statement)
    # sympy computes while it builds a claim: what it turns into x = x may check a constant, and shows nothing
    told = any(claim.lhs != claim.rhs for claim in lemma.statement)
    assert told or lemma.covers, "sympy has simplified every claim away"


@pytest.mark.parametrize("name", LEMMAS)
def test_hypotheses_do_not_contradict_each_other(name):
    lemma = LEMMAS[name]
    if not lemma.hypotheses:
        return
    # a mutant of the statement dies where all hypotheses hold
    met = (m for m in lemma.mutants if m.statement is not None and not m.without and not m.changed)
    if any(attack(lemma, m).verdict is Verdict.REFUTED for m in met):
        return
    assert no_points(lemma) is None, "no mutant shows a point at which all hypotheses hold"
    points = points_for(lemma.statement[0], lemma.conditions(), 1, lemma.ranges)
    assert next(points, None) is not None


def test_there_are_enough_of_them():
    assert len(LEMMAS) >= LEAST_LEMMAS
    assert sum(len(lemma.mutants) for lemma in LEMMAS.values()) >= LEAST_MUTANTS


@pytest.mark.parametrize("path", FILES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_no_float_enters_a_proof(path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Constant):
            assert not isinstance(node.value, float | complex), f"line {node.lineno} holds {node.value}"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "float", f"{path.name}:{node.lineno} calls float"


def test_a_lemma_that_fails_changes_the_exit_status():
    good = next(iter(LEMMAS))
    assert exit_status([Report(checked(good), None, None)]) == 0
