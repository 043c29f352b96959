"""The information law: its formula, its range, and whether runs that break it are caught."""

import math
from dataclasses import dataclass, replace

import mpmath
import numpy as np
import pytest
from laws_bench import net_of, trained
from laws_choosers import chosen, coordinate, ledger
from scipy.stats import binom

from robustlaw.data import (
    BoundedUniform,
    Dataset,
    Empirical,
    Gaussian,
    Linear,
    Mixture,
    Problem,
    RandomSigns,
    Shifted,
    Sphere,
    StudentT,
)
from robustlaw.errors import InvalidArgument
from robustlaw.evidence import NATS, Bracket, Verdict
from robustlaw.information import InformationBracket, Target
from robustlaw.laws import InformationLaw, Measured, SparseSharp
from robustlaw.laws.average import Run, Values
from robustlaw.laws.information_law import clipped_ratio, ratio_range

ONE = Bracket.exact(1.0)


def pairs_of(runs):
    return [(net, data) for net, data, _ in runs]


def test_the_bound_is_the_formula():
    evidence = InformationLaw(ledger=ledger(16)).check(pairs_of(chosen(16, 3, 20)), [ONE] * 20)
    bound = mpmath.sqrt(2 * mpmath.mpf(1) / 16 * mpmath.log(16) / 3)
    assert evidence.relation == "<="
    assert evidence.theory.lower <= bound * (1 + 1e-12)
    assert bound <= evidence.theory.upper <= bound * (1 + 1e-12)
    assert evidence.details["p_eff"] == pytest.approx(math.log(16.0))


@pytest.mark.parametrize(
    "problem",
    [
        Problem(Gaussian(6)),
        Problem(Sphere(6), Linear(0.5, bound=0.5), RandomSigns()),
        Problem(Sphere(6), Linear(0.5, bound=0.5), BoundedUniform(0.5)),
    ],
    ids=["signs", "dependent noise", "independent noise"],
)
def test_each_run_contributes_its_normalised_correlation(problem):
    data = problem.sample(50, 1)
    m = Measured(trained(data), data)
    v = float(np.mean(data.z**2)) if problem.independent_noise else problem.noise_bound**2
    c, slope = m.correlation.value, m.lipschitz
    ends = (c.lower / slope.upper / math.sqrt(v), c.upper / slope.lower / math.sqrt(v))
    found = clipped_ratio(m, 10.0)
    assert found == pytest.approx(ends, rel=1e-9)
    assert clipped_ratio(m, 1e-3) == (1e-3, 1e-3)


def test_a_constant_network_counts_as_0_and_an_open_slope_is_taken_at_its_worst():
    data = Problem(Gaussian(6)).sample(30, 0)
    net = net_of()
    flat = net.replace([net.weights[0], 0.0 * net.weights[1]], [net.biases[0], np.ones(1)])
    assert clipped_ratio(Measured(flat, data, Bracket.exact(0.0)), 2.0) == (0.0, 0.0)
    for sign in (1.0, -1.0):
        fitted = trained(data)
        turned = fitted.replace([fitted.weights[0], sign * fitted.weights[1]], fitted.biases)
        low, high = clipped_ratio(Measured(turned, data, Bracket(0.0, 50.0)), 2.0)
        if sign > 0.0:
            assert 0.0 < low < high == 2.0
        else:
            assert (low, high) == (-2.0, 0.0)


@pytest.mark.parametrize(
    "law",
    [Gaussian(3), Gaussian(40), Sphere(5), Mixture((Gaussian(4), Shifted(Sphere(4), np.full(4, 9.0))))],
    ids=["normal", "wide", "sphere", "mixture"],
)
@pytest.mark.parametrize("n", [1, 2, 8])
def test_the_range_covers_functions_made_for_the_data(law, n):
    """McShane's extension of the noise itself: the 1-Lipschitz function that repeats it best, nearly."""
    rng = np.random.default_rng(n)
    for seed in range(20):
        data = Problem(law).sample(n, seed)
        reach, tail = ratio_range(Measured(coordinate(0, law.dim), data, ONE))
        assert 0.0 <= tail < 1e-13
        heights = 10.0 * data.z
        total = 0.0
        for place in range(law.components):
            x = law.component(place).sample(4000, rng)
            mine = data.component == place
            means = _extension(data.x, heights, x).mean()
            total += float(np.sum(data.z[mine] * (_extension(data.x, heights, data.x[mine]) - means)))
        assert abs(total) / n <= reach
        assert reach <= 2.0 * math.sqrt(law.dim * law.proxy) + math.sqrt(60.0 * law.proxy / n) + 1e-9


def _extension(centres, heights, x):
    """f(x) = (max_i (h_i - |x - x_i|) + min_i (h_i + |x - x_i|))/2, 1-Lipschitz."""
    if len(x) == 0:
        return np.zeros(0)
    far = np.linalg.norm(x[:, None, :] - centres[None, :, :], axis=2)
    return 0.5 * ((heights - far).max(axis=1) + (heights + far).min(axis=1))


def test_what_is_clipped_away_is_no_more_than_the_tail_says():
    """E(A - r)_+ for the dominating variable A itself, at a deviation that can be sampled."""
    dim, n, draws = 3, 2, 400_000
    rng = np.random.default_rng(0)
    x = rng.normal(size=(draws, n, dim)) / math.sqrt(dim)
    a = (np.linalg.norm(x, axis=2) + 1.0).mean(axis=1)
    for exponent in (0.05, 0.5, 2.0):
        s = math.sqrt(2.0 * exponent / (dim * n))
        allowed = s / (2.0 * exponent) * math.exp(-exponent)
        assert np.maximum(a - 2.0 - s, 0.0).mean() <= allowed


def test_bounded_inputs_need_no_tail():
    data = Problem(Sphere(2)).sample(3, 0)
    assert ratio_range(Measured(coordinate(0, 2), data, ONE)) == (math.nextafter(2.0, 3.0), 0.0)


# Runs that keep to the law, and runs of wrong laws.


@dataclass(frozen=True)
class Halved(InformationLaw):
    """A quarter of the variance proxy."""

    def bound(self, runs, ledger):
        return super().bound(runs, ledger) * 0.5


CELLS = [(16, 1), (16, 5), (64, 2)]


@pytest.mark.parametrize(("dim", "n"), CELLS)
def test_the_best_of_a_finite_class_keeps_to_the_law(dim, n):
    """The class is chosen from by the data, so I(f;D) is at most log dim: within a factor 2 of the bound."""
    count = 400
    evidence = InformationLaw(ledger=ledger(dim)).check(pairs_of(chosen(dim, n, count)), [ONE] * count)
    assert evidence.verdict is not Verdict.VIOLATED
    best = evidence.measured
    scores = [float(np.max(d.y @ d.x)) / n for _, d, _ in chosen(dim, n, count)]
    assert best.contains(float(np.mean(scores)))
    assert evidence.theory.upper <= 2.0 * float(np.mean(scores))


def test_the_law_holds_where_enough_runs_decide():
    evidence = InformationLaw(ledger=ledger(16)).check(pairs_of(chosen(16, 1, 400)), [ONE] * 400)
    assert evidence.verdict is Verdict.HOLDS
    assert 1.0 < evidence.slack < 2.0
    assert evidence.vacuous is False
    assert evidence.probability == pytest.approx(0.95)


@pytest.mark.parametrize("mutant", ["no information", "v/4"])
def test_a_wrong_information_law_is_caught(mutant):
    law = Halved(ledger=ledger(16)) if mutant == "v/4" else InformationLaw(ledger=ledger(16, forget=True))
    assert law.check(pairs_of(chosen(16, 1, 400)), [ONE] * 400).verdict is Verdict.VIOLATED


def test_the_interval_of_the_mean_covers_it_as_often_as_it_says():
    """Two-point values with mean 0.2, known to 0.01: misses of 400 repetitions, by the binomial tail."""
    rng, delta, misses = np.random.default_rng(4), 0.2, 0
    for _ in range(400):
        x = np.where(rng.random(60) < 0.6, 1.0, -1.0)
        mean = Values(np.maximum(x - 0.01, -1.0), x, -1.0, 1.0).mean(delta)
        misses += not mean.lower <= 0.2 <= mean.upper
    assert misses <= binom.ppf(1.0 - 1e-4, 400, delta)
    wide = Values(np.zeros(60), np.zeros(60), -1.0, 1.0, tail=0.25).mean(delta)
    plain = Values(np.zeros(60), np.zeros(60), -1.0, 1.0).mean(delta)
    assert wide.lower == pytest.approx(plain.lower - 0.25)
    assert wide.upper == pytest.approx(plain.upper + 0.25)


# Conditions.


def weigh(runs, law=None):
    return (law or InformationLaw(ledger=ledger(4))).check(runs, [ONE] * len(runs))


def failed(evidence):
    assert evidence.verdict is Verdict.NOT_APPLICABLE
    return {h.name: h.sentence for h in evidence.hypotheses if h.holds is False}


def sampled(problem, seed, n=5):
    return coordinate(0, problem.dim), problem.sample(n, seed)


def test_runs_have_to_be_independent():
    problem = Problem(Gaussian(4))
    assert "share data" in failed(weigh([sampled(problem, 1), sampled(problem, 1)]))["independent runs"]
    net, data = sampled(problem, 1)
    assert "share data" in failed(weigh([(net, data), (net, data)]))["independent runs"]
    table = Problem(Empirical(np.random.default_rng(0).normal(size=(50, 4))))
    assert "one table" in failed(weigh([sampled(table, 1), sampled(table, 2)]))["independent runs"]


def test_runs_have_to_come_from_one_problem_and_size():
    one, two = Problem(Gaussian(4)), Problem(Sphere(4))
    assert "different problems" in failed(weigh([sampled(one, 1), sampled(two, 2)]))["one problem"]
    assert "[5, 6]" in failed(weigh([sampled(one, 1), sampled(one, 2, 6)]))["one problem"]


def test_the_inputs_need_a_proxy_and_the_labels_noise():
    heavy = Problem(StudentT(4, 3.0))
    assert "isoperimetry" in failed(weigh([sampled(heavy, 1)]))
    net, data = sampled(Problem(Gaussian(4)), 1)
    unknown = Dataset(data.x, data.y, None, None, data.component, data.problem)
    assert "noise" in failed(weigh([(net, unknown)]))


def test_charges_read_off_networks_have_to_agree():
    problem = Problem(Gaussian(6))
    runs = [(net_of(seed), problem.sample(20, seed)) for seed in range(4)]
    assert len({net.kept for net, _ in runs}) > 1
    assert "give the ledger" in failed(weigh(runs, InformationLaw()))["charge"]
    same = [(net_of(0), problem.sample(20, seed)) for seed in range(4)]
    evidence = weigh(same, InformationLaw())
    assert evidence.verdict is not Verdict.NOT_APPLICABLE
    assert any("every run of the algorithm is charged" in a for a in evidence.assumptions)
    assert evidence.slack_at_lower_information <= evidence.slack


def test_what_nobody_recorded_is_assumed():
    net, data = sampled(Problem(Gaussian(4)), 1)
    stated = Dataset(data.x, data.y, data.g, data.z, data.component, data.problem)
    assert any("independent draws" in a for a in weigh([(net, stated)]).assumptions)
    assert weigh([(net, data)]).assumptions == ()


def test_wrong_calls_are_named():
    net, data = sampled(Problem(Gaussian(4)), 1)
    law = InformationLaw(ledger=ledger(4))
    for wrong in (
        lambda: law.check([]),
        lambda: law.check([(net, data)], []),
        lambda: law.check([(net, data, data)]),
        lambda: InformationLaw(delta=0.0),
    ):
        with pytest.raises((InvalidArgument, TypeError)):
            wrong()


def test_the_risk_of_measured_information_lowers_the_probability_of_every_verdict():
    from robustlaw.accounting import Accountant, FrozenWeights, MeasuredMask

    known = InformationBracket(0.5, 2.0, "sampled", NATS, target=Target.DATA_GIVEN_INIT, level=0.9)
    measured = Accountant().ledger([MeasuredMask(known), FrozenWeights(5)])
    net, data = sampled(Problem(Gaussian(4)), 1)
    average = InformationLaw(0.05, measured).weigh([Run.of(net, data, slope=ONE)])
    assert average.probability == pytest.approx(1.0 - 0.05 - 0.1)
    single = SparseSharp(0.05, measured).check(net, data, ONE)
    assert single.probability == pytest.approx(1.0 - 0.05 - 0.1)
    assert single.details["p_eff"] == pytest.approx(2.0)
    assert replace(measured, entries=()).risk == 0.0
