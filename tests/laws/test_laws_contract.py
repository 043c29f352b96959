"""What a law of one's own needs, and what it may not hand in."""

from dataclasses import dataclass

import numpy as np
import pytest

from robustlaw.accounting import information_ledger
from robustlaw.data import Dataset, Gaussian, Problem
from robustlaw.errors import HeuristicInVerdict, InvalidArgument
from robustlaw.evidence import NATS, Bracket, Estimate, Verdict, compare
from robustlaw.laws import DescriptionLength, Law
from robustlaw.networks import Dependence, Network, Origin

DATA = Problem(Gaussian(4)).sample(40, 0)


def network(origin=None):
    rng = np.random.default_rng(0)
    return Network.from_arrays(
        [(rng.normal(size=(3, 4)), np.zeros(3)), (rng.normal(size=(1, 3)), np.zeros(1))], origin=origin
    )


@dataclass(frozen=True)
class Own(Law):
    """Lip(f) >= `value`, of anything."""

    value: object = Bracket.exact(0.1)
    networks: int = 1

    def hypotheses(self, m):
        return []

    def ledgers(self, m):
        return [information_ledger(m.net)] * self.networks

    def bound(self, m, p_eff):
        return self.value


def test_a_law_of_ones_own_needs_three_methods():
    evidence = Own().check(network(), DATA)
    assert evidence.verdict is Verdict.HOLDS
    assert evidence.shared == 0.0


def test_bounds_have_to_be_certified_brackets_of_the_right_unit():
    """Other types are refused, whoever checks the types first; so is a bound in nats."""
    for value in (0.1, Estimate(0.1, "guess")):
        with pytest.raises((HeuristicInVerdict, TypeError)):
            Own(value=value).check(network(), DATA)
    with pytest.raises(InvalidArgument, match="unit"):
        Own(value=Bracket.exact(0.1, unit=NATS)).check(network(), DATA)
    with pytest.raises(InvalidArgument, match="unit"):
        compare(Bracket.exact(1.0, unit=NATS), Bracket.exact(1.0))


def test_a_law_of_no_network_is_refused():
    with pytest.raises(InvalidArgument, match="at least one network"):
        Own(networks=0).check(network(), DATA)


@pytest.mark.parametrize("slope", [Bracket(-5.0, -3.0), Bracket(1.0, 2.0, unit=NATS)])
def test_a_slope_is_a_plain_number_of_at_least_0(slope):
    with pytest.raises(InvalidArgument, match="slope"):
        Own().check(network(), DATA, slope)


def test_a_history_that_somebody_states_is_an_assumption():
    stated = Origin(Dependence.NONE, frozenset({"W1"}))
    evidence = DescriptionLength().check(network(stated), DATA)
    assert any("W1 never saw the data" in a and "seeds" in a for a in evidence.assumptions)
    assert DescriptionLength().check(network(), DATA).assumptions == ()
    recorded = Origin(Dependence.NONE, frozenset({"W1"}), recorded=True)
    assert DescriptionLength().check(network(recorded), DATA).assumptions == ()


def test_labels_without_noise_support_no_verdict():
    y = np.where(DATA.x[:, 0] > 0.0, 1.0, -1.0)
    clean = Dataset(DATA.x, y, y, np.zeros(len(y)), DATA.component, DATA.problem)
    evidence = DescriptionLength().check(network(), clean)
    assert evidence.verdict is Verdict.NOT_APPLICABLE
    assert "no noise" in str(evidence)


def test_a_bound_below_zero_is_vacuous():
    assert Own(value=Bracket.exact(-0.1)).check(network(), DATA).vacuous
