"""Ledgers add up and say why; the caps on mask information follow from what the mask has seen."""

import math

import mpmath
import numpy as np
import pytest
from accounting_events import bracket
from hypothesis import given
from hypothesis import strategies as st

from robustlaw import accounting as acc
from robustlaw.errors import InvalidComposition, MixedUnits, UnknownName, WrongTarget
from robustlaw.evidence import NATS, Bracket
from robustlaw.information import Target
from robustlaw.networks import Dependence, Network, Origin


def masked(total, kept, dependence):
    """A linear network with `kept` of `total` weights, each exactly a float32."""
    mask = (np.arange(total) < kept)[None, :]
    return Network.from_arrays(
        [(np.where(mask, 0.5, 0.0), np.zeros(1))], "identity", [mask], Origin(dependence, frozenset({"b1"}))
    )


def test_p_eff_is_the_sum_of_its_entries():
    net = masked(50, 20, Dependence.LABELS)
    for ledger in (acc.describe(net), acc.information_ledger(net)):
        lower, upper = (math.fsum(getattr(e.nats, end) for e in ledger.entries) for end in ("lower", "upper"))
        assert ledger.p_eff.lower <= lower
        assert upper <= ledger.p_eff.upper
        assert ledger.p_eff.upper == pytest.approx(upper, rel=1e-14)
        parts = [ledger.total(kind) for kind in ("header", "mask", "weights")]
        assert math.fsum(b.upper for b in parts) == pytest.approx(upper, rel=1e-14)
        assert ledger.p_eff.unit == NATS


@pytest.mark.parametrize("kind", ["header", "mask", "weights"])
def test_a_ledger_without_a_charge_says_that_it_is_wrong(kind):
    full = acc.describe(masked(50, 20, Dependence.LABELS))
    wrong = full.without(kind)
    assert wrong.p_eff.upper == pytest.approx(full.p_eff.upper - full.total(kind).upper)
    assert wrong.omitted == (kind,)
    assert f"WRONG ON PURPOSE: no charge for {kind}" in wrong.explain()
    assert "WRONG" not in full.explain()
    assert wrong.without("header").omitted == (kind, "header")


def test_an_unknown_kind_of_charge_is_refused():
    with pytest.raises((UnknownName, TypeError)):
        acc.describe(masked(5, 2, Dependence.NONE)).without("biases")


def test_explain_shows_every_charge_in_nats_and_bits():
    ledger = acc.describe(masked(50, 20, Dependence.LABELS), acc.Code(3))
    lines = ledger.explain().splitlines()
    assert len(lines) == 2 + len(ledger.entries) + 1
    for entry, line in zip(ledger.entries, lines[2:], strict=False):
        assert line.startswith(entry.item)
        assert f"{entry.nats.upper:.1f}" in line
        assert f"{entry.nats.upper / math.log(2):.1f}" in line
        assert entry.why in line
    assert lines[-1].startswith("p_eff")
    assert "20 kept weights" in lines[-1]


@given(st.integers(1, 400), st.floats(0.0, 1.0), st.sampled_from(list(Dependence)), st.integers(1, 300))
def test_the_cap_never_exceeds_what_a_mask_can_say(total, share, dependence, n):
    kept = int(share * total)
    net = masked(total, kept, dependence)
    masks = mpmath.log(math.comb(total, kept)) + mpmath.log(total + 1)
    labels = n * mpmath.log(2)
    room = 1e-12 * max(1.0, float(masks))
    for target in ("I(m;D|init)", "I(m;Y|X)"):
        cap = acc.mask_information_cap(net, target, n)
        blind = dependence is Dependence.NONE or (target == "I(m;Y|X)" and dependence is Dependence.INPUTS)
        if blind:
            assert (cap.lower, cap.upper) == (0.0, 0.0)
            continue
        best = min(masks, labels) if target == "I(m;Y|X)" else masks
        assert cap.lower == 0.0
        assert best <= cap.upper <= best + room


def test_the_entropy_of_labels_caps_only_what_is_said_about_labels():
    net = masked(400, 200, Dependence.TRAINING)
    assert acc.mask_information_cap(net, "I(m;Y|X)", 10).upper == acc.label_entropy_cap(10).upper
    assert acc.mask_information_cap(net, "I(m;D|init)", 10).upper > 200.0
    assert acc.mask_information_cap(net, "I(m;Y|X)").upper > 200.0
    with pytest.raises(UnknownName):
        acc.mask_information_cap(net, "I(m;X)")


def test_the_information_ledger_charges_machine_words():
    ledger = acc.information_ledger(masked(50, 20, Dependence.NONE))
    words = 20 * 32 * mpmath.log(2)
    assert ledger.p_eff.lower <= words <= ledger.p_eff.upper
    assert "32 machine bits" in ledger.explain()


@pytest.mark.parametrize("number", [0.1, 1e-60, 1e60, 1.0 + 2.0**-40])
def test_numbers_that_no_float32_holds_cost_64_bits(number):
    net = masked(50, 20, Dependence.NONE)
    weights = [np.where(net.masks[0], number, 0.0)]
    wide = acc.information_ledger(net.replace(weights))
    words = 20 * 64 * mpmath.log(2)
    assert wide.p_eff.lower <= words <= wide.p_eff.upper


def test_measured_information_brings_its_risk_and_is_held_to_its_target():
    net = masked(50, 20, Dependence.LABELS)
    ledger = acc.information_ledger(net, bracket(1.0, 2.0, level=0.9))
    assert ledger.entries[0].nats.upper == 2.0
    assert ledger.risk == pytest.approx(0.1)
    assert "0.1" in ledger.explain().splitlines()[-1]
    with pytest.raises(WrongTarget):
        acc.information_ledger(net, bracket(1.0, 2.0, Target.LABELS))
    with pytest.raises(MixedUnits):
        acc.information_ledger(net, Bracket(1.0, 2.0))
    free = bracket(1.0, 2.0, Target.DATA)
    acc.information_ledger(net, free)  # every weight is charged, and the frozen bias is 0
    random = Network.from_arrays(
        [(net.weights[0], np.ones(1))], "identity", net.masks, Origin(frozen=frozenset({"b1"}))
    )
    with pytest.raises(InvalidComposition):
        acc.information_ledger(random, free)


@given(st.integers(1, 60), st.floats(0.0, 1.0))
def test_a_mask_that_sees_more_never_has_a_smaller_p_eff(total, share):
    ladder = (Dependence.NONE, Dependence.INPUTS, Dependence.LABELS, Dependence.TRAINING)
    nets = [masked(total, int(share * total), dependence) for dependence in ladder]
    for account in (acc.information_ledger, acc.describe):
        charges = [account(net).p_eff.upper for net in nets]
        assert charges == sorted(charges)


def test_a_ledger_can_be_extended_and_needs_no_network():
    entry = acc.FixedSizeMask(9, 3).charge()
    ledger = acc.Ledger((entry,)).extend(acc.TrainedWeights(2, 1).charge())
    assert ledger.p_eff.upper == pytest.approx(math.log(84.0) + 2.0 * math.log(2.0))
    assert ledger.network is None
    assert ledger.explain().splitlines()[-1].endswith("sum of the charges")


def test_known_information_and_other_charges_take_the_place_of_the_caps():
    net = masked(50, 20, Dependence.LABELS)
    known = Bracket(1.0, 2.0, "measured", NATS)
    ledger = acc.information_ledger(net, known, Bracket.exact(0.5, unit=NATS), "half a nat each")
    assert ledger.entries[0].nats == known
    assert ledger.p_eff.contains(11.5)
    assert "half a nat each" in ledger.explain()
