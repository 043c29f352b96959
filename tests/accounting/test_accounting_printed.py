"""The paper's formula in bits beside the same formula in nats."""

import math

import mpmath
import pytest
from accounting_events import bracket
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.accounting import EffectiveParameters, mean_kept
from robustlaw.accounting.printed import in_bits
from robustlaw.errors import InvalidArgument, MixedUnits, WrongTarget
from robustlaw.evidence import BITS, NATS, Bracket
from robustlaw.information import Target

numbers = st.floats(0.01, 100.0)


@given(st.floats(0.0, 1e3), st.integers(0, 10**5), numbers, numbers, st.floats(1e-3, 1.0), st.integers(1, 64))
def test_both_formulas(nats, kept, w, j, eps, bits):
    both = EffectiveParameters(bracket(0.0, nats), kept, w, j, eps, bits)
    rate = 1 + 60 * mpmath.mpf(w) * mpmath.mpf(j) / mpmath.mpf(eps)
    printed = mpmath.mpf(nats) / mpmath.log(2) + kept * mpmath.log(rate, 2)
    for found, truth in (
        (both.printed, printed),
        (both.nats, printed * mpmath.log(2)),
        (both.machine, nats + kept * bits * mpmath.log(2)),
    ):
        assert truth <= found.upper <= truth * (1 + 1e-12) + 1e-300
    assert (both.printed.unit, both.nats.unit, both.machine.unit) == (BITS, NATS, NATS)
    assert both.nats.upper <= both.printed.upper


def test_the_table_shows_them_side_by_side():
    mean = mean_kept([10, 12, 11] * 50, 20, 0.01)
    both = EffectiveParameters(bracket(1.0, 2.0, Target.DATA, 0.95), mean, 2.0, 3.0, 0.5)
    lines = both.explain().splitlines()
    assert "as printed, bits" in lines[0]
    assert "32-bit words" in lines[0]
    assert [line.split()[0] for line in lines[2:]] == ["I(m;D)", "weights", "p_eff"]
    assert both.risk == pytest.approx(0.06)
    assert "0.06" in lines[-1]
    assert f"{2.0 / math.log(2.0):.3f}"[:4] in lines[2]


def test_what_may_not_be_charged_is_refused_here_too():
    with pytest.raises(WrongTarget):
        EffectiveParameters(bracket(0.0, 1.0, Target.LABELS), 3, 1.0, 1.0, 1.0)
    with pytest.raises(InvalidArgument):
        EffectiveParameters(bracket(0.0, 1.0), 3, 1.0, 1.0, 0.0)
    with pytest.raises(MixedUnits):
        in_bits(Bracket.exact(1.0, unit=BITS))
