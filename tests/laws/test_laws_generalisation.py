"""The generalisation analogues: constants, a class chosen from by the data, and wrong laws."""

import math
from dataclasses import dataclass
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from laws_bench import net_of
from laws_choosers import STEEP, chosen, coordinate, ledger

from robustlaw.accounting import Accountant, DataFreeMask, FixedSizeMask, FrozenWeights, TrainedWeights
from robustlaw.data import BoundedUniform, Gaussian, Problem
from robustlaw.errors import InvalidArgument, UnknownName
from robustlaw.evidence import NATS, Bracket, Verdict
from robustlaw.laws import Measured, RademacherAnalogue, VcAnalogue
from robustlaw.laws.generalisation import information_part
from robustlaw.laws.losses import LOSSES
from robustlaw.laws.rademacher_analogue import finite_class
from robustlaw.laws.vc_analogue import growth, known_dimension, mean_supremum
from robustlaw.networks import Dependence, Network, Origin

DIM, N, COUNT = 256, 20, 150


# Constants.


@given(st.integers(0, 60), st.integers(0, 400))
def test_growth_is_sauers_bound_and_covers_the_exact_sum(d, more):
    n = d + more
    if n == 0:
        return
    found = growth(d, n)
    if d:
        truth = d * (1 + mpmath.log(mpmath.mpf(n) / d))
        assert found.lower <= truth <= found.upper <= truth * (1 + 1e-12)
    assert mpmath.log(sum(math.comb(n, i) for i in range(d + 1))) <= found.upper + 1e-300


@given(st.floats(0.0, 1e4), st.floats(0.0, 1e4), st.integers(1, 10**6), st.sampled_from([1.0, 4.0]))
def test_the_terms_are_their_formulas(class_nats, information, n, b):
    nats = Bracket.exact(class_nats, unit=NATS)
    sup = mean_supremum(nats, n)
    truth = mpmath.sqrt(2 * (mpmath.mpf(class_nats) + mpmath.log(2)) / n)
    assert sup.lower <= truth <= sup.upper <= truth * (1 + 1e-12)
    finite = finite_class(nats + information, n, b)
    truth = b * mpmath.sqrt((mpmath.mpf(class_nats) + mpmath.mpf(information)) / (2 * n))
    assert truth <= finite.upper <= truth * (1 + 1e-12) + 1e-150


@pytest.mark.parametrize(("dim", "n"), [(16, 20), (300, 50)])
def test_the_bounds_are_the_formulas_on_runs(dim, n):
    runs = chosen(dim, n, 12, STEEP)
    i = mpmath.log(dim)
    single = mpmath.sqrt(2 * mpmath.log(2) / mpmath.mpf(n))
    for law, truth in (
        (VcAnalogue(ledger=ledger(dim)), single + mpmath.sqrt(i / (2 * n))),
        (RademacherAnalogue(ledger=ledger(dim)), mpmath.sqrt(i / (2 * n))),
        (RademacherAnalogue(ledger=ledger(dim), loss="squared"), 4 * mpmath.sqrt(i / (2 * n))),
        (
            RademacherAnalogue(ledger=ledger(dim), rademacher=0.1),
            mpmath.mpf(0.1) * 2 + mpmath.sqrt(i / (2 * n)),
        ),
        (
            VcAnalogue(ledger=ledger(dim), dimension=7),
            mpmath.sqrt(2 * (7 * (1 + mpmath.log(mpmath.mpf(n) / 7)) + mpmath.log(2)) / n)
            + mpmath.sqrt(i / (2 * n)),
        ),
    ):
        theory = law.check(runs).theory
        assert theory.lower <= truth * (1 + 1e-12)
        assert truth <= theory.upper <= truth * (1 + 1e-12)


def suprema_of_all_labellings(d, n, draws, rng):
    """sup |R - R_D| over all labellings of d equally likely points, fair labels: VC dimension d, exactly.

    Point j with c_j samples of which s_j are +1: choosing its label moves R_D - R by +-(2 s_j - c_j)/(2n)
    around a common 0, so the supremum is sum_j |2 s_j - c_j|/(2n).
    """
    counts = rng.multinomial(n, np.full(d, 1.0 / d), draws)
    plus = rng.binomial(counts, 0.5)
    return np.abs(2 * plus - counts).sum(axis=1) / (2.0 * n)


@pytest.mark.parametrize(("d", "n"), [(1, 1), (1, 40), (5, 5), (5, 100), (30, 60), (30, 3000)])
def test_the_mean_supremum_of_the_richest_class_is_below_its_bound(d, n):
    g = suprema_of_all_labellings(d, n, 20_000, np.random.default_rng(d * n))
    bound = mean_supremum(growth(d, n), n).upper
    assert g.mean() + 5.0 * g.std() / math.sqrt(len(g)) <= bound
    assert g.var() <= 1.0 / (4.0 * n) * (1.0 + 0.05)  # the proxy bounds the variance
    assert bound <= 12.0 * g.mean()


def test_the_supremum_in_the_oracle_is_the_supremum():
    rng = np.random.default_rng(0)
    points, labels = rng.integers(0, 3, 7), rng.choice([-1, 1], 7)
    best = max(
        abs(0.5 - np.mean([h[p] != y for p, y in zip(points, labels, strict=True)]))
        for h in product((-1, 1), repeat=3)
    )
    sums = [labels[points == j].sum() for j in range(3)]
    assert best == pytest.approx(np.abs(sums).sum() / 14.0)


@pytest.mark.parametrize("count", [1, 2, 50])
def test_massart_needs_twice_the_class_for_an_absolute_value(count):
    """One classifier: E|R - R_D| is above 0 = sqrt(2 log 1/n), and below sqrt(2 log 2/n)."""
    n, draws = 30, 20_000
    wrong = np.random.default_rng(count).binomial(n, 0.5, (draws, count)) / n
    g = np.abs(wrong - 0.5).max(axis=1).mean()
    assert g <= math.sqrt(2.0 * math.log(2.0 * count) / n)
    if count == 1:
        assert g > 0.05
    else:
        assert g >= 0.3 * math.sqrt(2.0 * math.log(2.0 * count) / n)


def test_the_information_term_is_reached_up_to_its_constant():
    """The best of K fixed classifiers: the mean of R - R_D against sqrt(log K/(2n))."""
    n, k, draws = 200, 512, 4000
    wrong = np.random.default_rng(1).binomial(n, 0.5, (draws, k)).min(axis=1) / n
    gap = float((0.5 - wrong).mean())
    bound = information_part(Accountant().ledger([FixedSizeMask(k, 1)]), n).upper
    assert bound == pytest.approx(math.sqrt(math.log(k) / (2.0 * n)))
    assert 0.8 * bound <= gap <= bound


# Losses.


def test_zero_one_risk_leaves_outputs_within_rounding_of_0_open():
    data = Problem(Gaussian(3)).sample(40, 0)
    net = coordinate(1, 3)
    share = float(np.mean(np.sign(data.x[:, 1]) != data.y))
    assert LOSSES["zero-one"].risk(Measured(net, data)).contains(share)
    assert LOSSES["zero-one"].risk(Measured(net, data)).width < 1e-12
    dead = net.replace([0.0 * net.weights[0]], [np.zeros(1)])
    risk = LOSSES["zero-one"].risk(Measured(dead, data))
    assert risk.lower <= 0.0 and risk.upper >= 1.0  # noqa: PT018 - one statement about both ends


def test_squared_risk_is_of_the_clipped_output():
    data = Problem(Gaussian(3)).sample(40, 0)
    risk = LOSSES["squared"].risk(Measured(coordinate(1, 3, 5.0), data))
    assert risk.contains(float(np.mean((np.clip(5.0 * data.x[:, 1], -1.0, 1.0) - data.y) ** 2)))
    assert risk.upper <= LOSSES["squared"].limit


# Runs that keep to the laws, and runs of wrong laws.

TRUE = {
    "vc": VcAnalogue(ledger=ledger(DIM)),
    "finite": RademacherAnalogue(ledger=ledger(DIM)),
    "squared": RademacherAnalogue(ledger=ledger(DIM), loss="squared"),
    "read off the networks": VcAnalogue(),
}


@pytest.mark.parametrize("name", TRUE)
def test_the_best_of_a_finite_class_keeps_to_the_laws(name):
    evidence = TRUE[name].check(chosen(DIM, N, COUNT, STEEP))
    assert evidence.verdict is Verdict.HOLDS
    assert evidence.measured.lower > 0.0
    assert evidence.vacuous is False
    training = evidence.details["training risk"]
    scale = 4.0 if name == "squared" else 1.0
    assert evidence.measured.contains(scale * 0.5 - training)


@dataclass(frozen=True)
class AsPrinted(RademacherAnalogue):
    """b under the root where b^2 belongs."""

    def bound(self, runs, ledger):
        return super().bound(runs, ledger) * (1.0 / math.sqrt(self.measured_loss.limit))


@dataclass(frozen=True)
class Halved(RademacherAnalogue):
    """A quarter of the variance proxy."""

    def bound(self, runs, ledger):
        return super().bound(runs, ledger) * 0.5


WRONG = {
    "b for b^2": AsPrinted(ledger=ledger(DIM), loss="squared"),
    "half the constant": Halved(ledger=ledger(DIM)),
    "no information": RademacherAnalogue(ledger=ledger(DIM, forget=True)),
    "no information, VC": VcAnalogue(ledger=ledger(DIM, forget=True)),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_law_is_caught(name):
    assert WRONG[name].check(chosen(DIM, N, COUNT, STEEP)).verdict is Verdict.VIOLATED


def fitted(dim, n, count):
    """Linear classifiers by least squares, no mask: all they know is in their weights."""
    problem = Problem(Gaussian(dim))
    origin = Origin(Dependence.NONE, frozenset({"b1"}), {"b1": np.zeros(1)}, frozenset({"W1"}), recorded=True)
    runs = []
    for seed in range(count):
        data = problem.sample(n, seed)
        w = np.linalg.lstsq(data.x, data.y, rcond=None)[0]
        net = Network.from_arrays([(w[None, :], np.zeros(1))], "identity", origin=origin)
        runs.append((net, data, problem.sample(50, 10**6 + seed)))
    return runs


def test_linear_classifiers_keep_to_the_vc_law_and_not_to_one_without_the_class():
    runs = fitted(6, 300, 150)
    evidence = VcAnalogue().check(runs)
    assert evidence.verdict is Verdict.HOLDS
    assert evidence.details["mask nats"] == 0.0
    free = Accountant().ledger([DataFreeMask(), FrozenWeights(1, drawn=False)])
    assert VcAnalogue(ledger=free).check(runs).verdict is Verdict.HOLDS
    assert RademacherAnalogue(ledger=free).check(runs).verdict is Verdict.VIOLATED
    words = Accountant().ledger([DataFreeMask(), TrainedWeights(6, 64)])
    assert RademacherAnalogue(ledger=words).check(runs).verdict is Verdict.HOLDS


# Conditions.


def failed(evidence):
    assert evidence.verdict is Verdict.NOT_APPLICABLE
    return {h.name: h.sentence for h in evidence.hypotheses if h.holds is False}


def test_the_dimension_is_known_for_linear_and_for_frozen_networks():
    assert known_dimension(coordinate(0, 5)) == 0
    assert known_dimension(fitted(6, 10, 1)[0][0]) == 6
    assert known_dimension(net_of()) is None


def test_unknown_and_too_large_dimensions_are_not_applicable():
    problem = Problem(Gaussian(6))
    deep = [(net_of(0), problem.sample(20, 0), problem.sample(20, 9))]
    assert "state `dimension`" in failed(VcAnalogue().check(deep))["VC dimension"]
    stated = VcAnalogue(dimension=20).check(deep)
    assert stated.verdict is not Verdict.NOT_APPLICABLE
    assert any("VC dimension 20" in a for a in stated.assumptions)
    assert "> n = 20" in failed(VcAnalogue(dimension=21).check(deep))["VC dimension"]


def test_fresh_data_have_to_be_fresh():
    problem = Problem(Gaussian(4))
    net, data = coordinate(0, 4), problem.sample(20, 0)
    law = RademacherAnalogue(ledger=ledger(4))
    assert "share data" in failed(law.check([(net, data, data)]))["independent runs"]
    assert "share data" in failed(law.check([(net, data, problem.sample(50, 0))]))["independent runs"]
    test = problem.sample(20, 5)
    both = [(net, data, test), (net, problem.sample(20, 1), test)]
    assert "share data" in failed(law.check(both))["independent runs"]
    other = Problem(Gaussian(4, 4.0)).sample(20, 7)
    assert "different problems" in failed(law.check([(net, data, other)]))["one problem"]


def test_zero_one_loss_needs_signs():
    problem = Problem(Gaussian(4), noise=BoundedUniform(0.5))
    run = (coordinate(0, 4), problem.sample(20, 0), problem.sample(20, 1))
    assert "labels +1 or -1" in failed(VcAnalogue(ledger=ledger(4)).check([run]))["loss"]
    squared = RademacherAnalogue(ledger=ledger(4), loss="squared").check([run])
    assert squared.verdict is not Verdict.NOT_APPLICABLE


def test_a_stated_complexity_is_an_assumption():
    law = RademacherAnalogue(ledger=ledger(DIM), rademacher=0.05)
    evidence = law.check(chosen(DIM, N, 10, STEEP))
    assert any("Rademacher complexity" in a for a in evidence.assumptions)


def test_wrong_calls_are_named():
    with pytest.raises((UnknownName, TypeError)):
        RademacherAnalogue(loss="hinge")
    for make in (
        lambda: RademacherAnalogue(rademacher=-1.0),
        lambda: VcAnalogue(dimension=-1),
        lambda: VcAnalogue().check([coordinate(0, 3)]),
        lambda: VcAnalogue().check([]),
    ):
        with pytest.raises((InvalidArgument, TypeError)):
            make()
