"""Formulas of the lemmas are those of the package."""

import math

import pytest
import sympy as sp

from proofs_check.engines import Ball, Identity, Shannon, entropies, information
from proofs_check.kernel.lemma import Lemma, Step, check
from proofs_check.kernel.terms import eq, exact, ge, le, lt
from proofs_check.kernel.verdicts import Verdict
from proofs_check.lemmas import catalogue, code_lengths, counting_bounds, privacy_caps
from proofs_check.lemmas.description_length import LAW_CLAIM
from proofs_check.lemmas.flip_sum import flip_sum
from proofs_check.lemmas.memorisation import GAP, wrong
from robustlaw.accounting.codes import integer_length, mask_length
from robustlaw.evidence import log_factorial
from robustlaw.information.caps import pure_privacy_cap, pure_privacy_label_cap
from robustlaw.laws.information_law import TAIL_EXPONENT
from robustlaw.laws.memorisation_converse import binary_entropy


@pytest.mark.parametrize("last", [0, 1, 5, 40])
def test_partial_sums_of_the_integer_code(last):
    spent = math.fsum(math.exp(-integer_length(j).middle) for j in range(-last, last + 1))
    assert spent == pytest.approx(float(code_lengths.partial(sp.Integer(last))), rel=1e-13)


@pytest.mark.parametrize(("total", "kept"), [(1, 0), (7, 3), (40, 40), (90, 17)])
def test_the_mask_code_is_the_one_whose_kraft_sum_is_proved(total, kept):
    length = sp.log((total + 1) * sp.binomial(total, kept))
    nats = mask_length(total, kept)
    rounding = 1e-14  # of the conversion to a float
    assert nats.lower <= float(length) * (1 + rounding)
    assert nats.upper >= float(length) * (1 - rounding)


@pytest.mark.parametrize("m", [64, 100, 5000])
def test_the_factorial_is_enclosed_by_the_proved_terms(m):
    at = {counting_bounds.m: m}
    low = float((counting_bounds.MAIN + counting_bounds.low(counting_bounds.m)).subs(at).evalf(30))
    high = float((counting_bounds.MAIN + counting_bounds.high(counting_bounds.m)).subs(at).evalf(30))
    bracket = log_factorial(m)
    assert bracket.lower <= low <= math.lgamma(m + 1) * (1 + 1e-15)
    assert math.lgamma(m + 1) * (1 - 1e-15) <= high <= bracket.upper


@pytest.mark.parametrize("epsilon", ["1/10", "1/2", "2"])
def test_the_privacy_caps_are_those_proved(epsilon):
    value = exact(epsilon)
    u = privacy_caps.u.subs(privacy_caps.epsilon, value)
    assert pure_privacy_cap(float(value)) == pytest.approx(float(u - 1 - sp.log(u)), rel=1e-10)
    label = privacy_caps.LOSS.subs(privacy_caps.ratio, value)
    assert pure_privacy_label_cap(float(value)) == pytest.approx(float(label), rel=1e-10)


@pytest.mark.parametrize(("errors", "n"), [(1, 10), (3, 8), (50, 1000)])
def test_the_converse_speaks_of_the_package_binary_entropy(errors, n):
    gap = float(GAP.subs(wrong, sp.Rational(errors, n)))
    assert gap == pytest.approx(math.log(2.0) - binary_entropy(errors, n).middle, rel=1e-13)


def test_the_clipping_exponent_is_the_one_proved():
    assert TAIL_EXPONENT == 30.0
    assert "TAIL_EXPONENT" in catalogue()["what clipping the ratio costs"].covers


def test_the_law_of_coded_networks_reads_as_proved():
    """Lip >= C sqrt(n/(2 v rho (l + log(1/delta)))), at a point computed by hand."""
    names = {"n": 8, "v": 1, "rho": exact("1/2"), "l": 3, "log(1/delta)": 5, "C": exact("1/2")}
    values = {s: names[s.name] for s in LAW_CLAIM.rhs.free_symbols}
    assert LAW_CLAIM.rhs.subs(values) == exact("1/2")


def test_spot_checks_do_not_take_entropies_for_free_numbers():
    """True for entropies of any table, false for most numbers in their place."""
    claim = ge(information("a", "b", "c"), 0)
    assert check(Lemma("", "", "", (claim,), (Step("Shannon", claim, Shannon()),))).verdict is Verdict.PROVED
    false = le(information("a", "b", "c"), 0)
    assert (
        check(Lemma("", "", "", (false,), (Step("Shannon", false, Shannon()),))).verdict is not Verdict.PROVED
    )


@pytest.mark.parametrize("n", [2, 3])
def test_flip_sums_need_independence_as_a_table_shows(n):
    lemma = flip_sum(n)
    table = {(a, *[a] * n, 0): exact("1/2") for a in (0, 1)}
    values = entropies(("m", *(f"y{j}" for j in range(1, n + 1)), "X"), table)
    claim = lemma.statement[0]
    assert claim.lhs.subs(values) == sp.log(2)
    assert claim.rhs.subs(values) == 0


def test_an_undecided_point_is_no_proof():
    assert Ball({}).decide(lt(sp.exp(-30), exact(10) ** -13), []).verdict is Verdict.PROVED
    assert Ball({}).decide(lt(sp.exp(-29), exact(10) ** -13), []).verdict is not Verdict.PROVED


def test_plain_algebra_proves_no_false_identity_of_unknown_means():
    mean = sp.Function("mean", real=True)()
    assert Identity().decide(eq((mean + 1) ** 2, mean**2 + 2 * mean + 1), []).verdict is Verdict.PROVED
    assert Identity().decide(eq((mean + 1) ** 2, mean**2 + 1), []).verdict is not Verdict.PROVED
    assert Identity().decide(eq(sp.sqrt(mean**2), mean), []).verdict is not Verdict.PROVED
