"""The table of constants: every number stands in the lemma that it names."""

import itertools
import json

import pytest
import sympy as sp

from proofs_check import sharpest
from proofs_check.kernel.terms import ForAll, exact
from proofs_check.lemmas import catalogue
from robustlaw import constants

PARTS = [
    (f"{row.what}: {part.lemma}", part)
    for row in sharpest.ROWS
    for part in (row.printed, row.redone, row.here)
    if part is not None
]


def terms_of(lemma):
    """Every term of its claims and hypotheses, and the bases and exponents inside."""
    for h in (*lemma.statement, *lemma.conditions()):
        claim = h.claim if isinstance(h, ForAll) else h
        yield from sp.preorder_traversal(claim)
        yield from (sp.factor(side) for side in claim.args)
        yield from (c for m in claim.atoms(sp.Mul) for c in [_coefficient(m)])


def _coefficient(product):
    """What multiplies the symbols: 13 sqrt(6)/2880 of several factors."""
    return sp.Mul(*(f for f in product.args if f.is_number))


@pytest.mark.parametrize("part", [p for _, p in PARTS], ids=[n for n, _ in PARTS])
def test_a_constant_stands_in_the_lemma_that_proves_it(part):
    lemma, term = catalogue()[part.lemma], exact(part.term)
    assert term in set(terms_of(lemma))
    at = {s: v for s in term.free_symbols for name, v in part.at if s.name == name}
    value = sp.Abs(term.subs(at))
    assert any(sp.simplify(value - v) == 0 for v in (part.exact, part.exact / 2, 1 / part.exact))


def test_printed_values_are_those_of_the_laws():
    printed = {row.what: row.printed.value for row in sharpest.ROWS}
    assert printed["sparse law"] == constants.SPARSE
    assert printed["sparse law, repaired"] == constants.SPARSE / constants.SHRINK
    assert printed["universal law, net that takes half of eps"] == constants.UNIVERSAL
    assert printed["sample size"] == constants.SAMPLE_SIZE
    assert printed["net"] == constants.NET
    assert printed["a_1^2, deviation of a learned network"] == constants.A1_SQUARED


def test_nothing_redone_is_larger_than_what_is_printed():
    for row in sharpest.ROWS:
        sizes = [p.exact for p in (row.printed, row.redone, row.here) if p is not None]
        assert all(bool(a > b) for a, b in itertools.pairwise(sizes)), row.what
        assert row.gain > 1


def test_all_forms_print_every_row(capsys):
    for options in ([], ["--markdown"], ["--json"]):
        assert sharpest.main(options) == 0
        shown = capsys.readouterr().out
        assert all(row.what in shown for row in sharpest.ROWS)
    assert [row["constant"] for row in json.loads(shown)] == [row.what for row in sharpest.ROWS]
