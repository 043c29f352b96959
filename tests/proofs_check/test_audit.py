"""Every printed step has to be refuted, and every repair proved; nothing less makes an audit stand."""

import dataclasses
import itertools
import json
import math
from fractions import Fraction

import pytest
import sympy as sp

from proofs_check.audit import DEFECTS, NUMBERS, audit
from proofs_check.audit.__main__ import main
from proofs_check.audit.check import UnknownLemma, all_proved
from proofs_check.audit.defects import MASK_SWAP, ROUNDING, overfitted_gap
from proofs_check.audit.render import as_json, as_markdown, as_text
from proofs_check.engines import Polynomial, information
from proofs_check.kernel.lemma import Lemma, Step, check
from proofs_check.kernel.mutants import refute
from proofs_check.kernel.terms import le, negated, reals
from proofs_check.kernel.verdicts import Verdict
from robustlaw import Mlp


@pytest.fixture(scope="module")
def whole():
    return audit()


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.name)
def test_the_printed_step_is_refuted_and_repaired(defect, whole):
    found = next(f for f in whole.defects if f.defect is defect)
    assert found.printed.verdict is Verdict.REFUTED
    assert found.repairs
    assert all(c.verdict in (Verdict.PROVED, Verdict.CITED) for c in found.repairs)
    assert found.stands


@pytest.mark.parametrize("number", NUMBERS, ids=lambda n: n.name)
def test_the_printed_constant_is_enough_and_has_slack(number, whole):
    found = next(n for n in whole.numbers if n.number is number)
    assert found.lemma.verdict is Verdict.PROVED
    assert number.slack > 1


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.name)
def test_the_opposite_of_a_printed_step_is_not_refuted(defect):
    """A step that is true at the witness leaves the audit without a finding."""
    if isinstance(defect.printed, sp.Eq):
        true = sp.Eq(defect.printed.lhs, 20, evaluate=False)
    else:
        true = negated(defect.printed)
    found = audit([dataclasses.replace(defect, printed=true)], [])
    assert not found.defects[0].stands
    assert not found.stands


@pytest.mark.parametrize("defect", DEFECTS, ids=lambda d: d.name)
def test_a_witness_has_to_meet_every_hypothesis(defect):
    never = le(1, 0)
    found = audit([dataclasses.replace(defect, hypotheses={**defect.hypotheses, "never": never})], [])
    assert found.defects[0].printed.verdict is Verdict.INCONCLUSIVE
    assert not found.stands


def test_each_hypothesis_of_the_rounding_step_is_needed_at_its_witness():
    """With the errors kept apart by 13/15, as in the repair, the witness is gone."""
    mse_moved, mse = reals("MSE_rounded MSE")
    eps = reals("eps", positive=True)
    small = {**ROUNDING.hypotheses, "rounding": le(mse_moved, mse + 2 * eps / 15)}
    assert refute(ROUNDING.printed, small, ROUNDING.witness).verdict is Verdict.INCONCLUSIVE


def test_a_repair_that_is_missing_or_false_does_not_stand():
    with pytest.raises(UnknownLemma, match="wishful"):
        audit([dataclasses.replace(ROUNDING, repairs=("wishful thinking",))], [])
    x = reals("x")
    false = Lemma("x <= 0", "nobody", "", (le(x, 0),), (Step("wish", le(x, 0), Polynomial()),))
    assert not all_proved([check(false)])
    assert not all_proved([])


def test_the_mask_swap_costs_one_bit():
    """Mutual information of the two masks with the data, from the joint table itself."""
    joint = {(0, bit, bit): 0.5 for bit in (0, 1)}  # m, m_L, D

    def nats(mask):
        total = 0.0
        for value, d in itertools.product((0, 1), repeat=2):
            both = sum(p for key, p in joint.items() if key[mask] == value and key[2] == d)
            left = sum(p for key, p in joint.items() if key[mask] == value)
            right = sum(p for key, p in joint.items() if key[2] == d)
            total += both * math.log(both / (left * right)) if both else 0.0
        return total

    assert (nats(0), nats(1)) == (0.0, math.log(2.0))
    for name, mask in (("m", 0), ("m_L", 1)):
        value = information(name, "D").subs(MASK_SWAP.witness)
        assert float(value) == pytest.approx(nats(mask), abs=1e-15)


def test_the_overfitted_bit_has_a_gap_of_half_the_loss():
    for b in (Fraction(1), Fraction(7, 3)):
        gaps = []
        for z in (0, 1):
            f = z
            risk = sum(Fraction(1, 2) * (b if f != fresh else 0) for fresh in (0, 1))
            gaps.append(risk - (b if f != z else 0))
        assert overfitted_gap(b) == sum(gaps) / 2 == b / 2


def test_the_toy_networks_have_the_counts_of_the_package():
    assert Mlp((3, 3, 2)).parameter_count == 20
    assert Mlp((3, 4, 1)).parameter_count == 21


def test_the_renderings_name_the_version_and_every_finding(whole):
    for text in (as_text(whole), as_markdown(whole)):
        assert "2402.01089, v1" in text
        assert "later versions may differ" in " ".join(text.split())
        assert all(d.name in text for d in DEFECTS)
        assert "6 of 6 printed steps are refuted and repaired" in text
    told = json.loads(as_json(whole))
    assert (told["version"], told["stands"]) == ("v1", True)
    assert [d["verdict"] for d in told["defects"]] == ["REFUTED"] * len(DEFECTS)
    assert len(told["constants"]) == len(NUMBERS)


def test_markdown_cells_stay_in_their_rows(whole):
    rows = [line for line in as_markdown(whole).splitlines() if line.startswith("|")]
    assert len(rows) == len(DEFECTS) + len(NUMBERS) + 4
    widths = {len(line.replace("\\|", "").strip("|").split("|")) for line in rows}
    assert widths == {5}


@pytest.mark.parametrize("form", [[], ["--json"], ["--markdown"]])
def test_the_command_line_ends_well(form, whole, monkeypatch, capsys):
    monkeypatch.setattr("proofs_check.audit.__main__.audit", lambda: whole)
    assert main(form) == 0
    assert "2402.01089" in capsys.readouterr().out


def test_the_command_line_fails_if_a_finding_falls(monkeypatch):
    fallen = audit([dataclasses.replace(DEFECTS[0], printed=negated(DEFECTS[0].printed))], [])
    monkeypatch.setattr("proofs_check.audit.__main__.audit", lambda: fallen)
    assert main([]) == 1
