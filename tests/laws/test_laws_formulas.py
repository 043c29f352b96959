"""Bounds computed again in arbitrary precision, and how they respond to their inputs."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from laws_bench import DIM, encloses, net_of, robust, trained

from robustlaw.accounting import Code, code_family, describe, information_ledger
from robustlaw.data import (
    Assumed,
    BoundedUniform,
    Dataset,
    Gaussian,
    Linear,
    Mixture,
    Problem,
    RandomSigns,
    Shifted,
    Sphere,
    StatedNoise,
)
from robustlaw.evidence import NATS, Bracket, Verdict
from robustlaw.laws import (
    DescriptionLength,
    Measured,
    MemorisationConverse,
    SparseSharp,
)
from robustlaw.laws import correlation as correlation_room
from robustlaw.laws.concentration import noise_factor
from robustlaw.laws.memorisation_converse import binary_entropy
from robustlaw.networks import Network

# v: B^2, or mean z^2 for noise that is independent of the inputs
PROBLEMS = {
    "fair signs": (Problem(Gaussian(DIM)), 1.0),
    "signs with a target": (Problem(Sphere(DIM), Linear(0.5, bound=0.5), RandomSigns()), 2.25),
    "uniform": (Problem(Sphere(DIM), Linear(0.5, bound=0.5), BoundedUniform(0.5)), None),
    "mixture": (Problem(Mixture((Gaussian(DIM), Shifted(Sphere(DIM), np.ones(DIM))))), 1.0),
}


def v_of(data, v):
    return mpmath.fsum(mpmath.mpf(float(z)) ** 2 for z in data.z) / data.n if v is None else v


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_description_length_is_the_formula_on_the_described_network(name, delta):
    problem, v = PROBLEMS[name]
    data = problem.sample(60, 1)
    net = trained(data)
    for code in (Code(2), Code(5)):
        law = DescriptionLength(delta, (code,))
        evidence = law.check(net, data)
        ledger = describe(net, code, (code,))
        coded = Measured(ledger.network, data)
        nats = mpmath.mpf(ledger.p_eff.upper) + mpmath.log(1 / mpmath.mpf(delta))
        wanted = robust(coded.correlation.value, 60, v_of(data, v), problem.proxy, nats)
        assert encloses(evidence.theory, wanted)
        assert (evidence.measured.lower, evidence.measured.upper) == (
            coded.lipschitz.lower,
            coded.lipschitz.upper,
        )
        assert evidence.details["p_eff"] == ledger.p_eff.upper
        assert evidence.verdict is Verdict.HOLDS


@pytest.mark.parametrize("name", PROBLEMS)
@pytest.mark.parametrize("delta", [0.01, 0.3])
def test_sparse_sharp_is_the_formula(name, delta):
    problem, v = PROBLEMS[name]
    data = problem.sample(60, 1)
    net = trained(data)
    m = Measured(net, data)
    evidence = SparseSharp(delta).weigh(m)
    words = sum(int(w.sum()) for w in net.masks) + 9  # biases are trained as well
    kept, total = int(net.masks[0].sum()), net.masks[0].size
    cap = mpmath.log(math.comb(total, kept)) + mpmath.log(total + 1)
    u = cap + words * 64 * mpmath.log(2)  # numbers fitted in float64
    nats = (u + mpmath.log(2)) / mpmath.mpf(delta)
    assert encloses(evidence.theory, robust(m.correlation.value, 60, v_of(data, v), problem.proxy, nats))
    assert evidence.slack_at_lower_information == pytest.approx(
        evidence.slack * float(mpmath.sqrt((u - cap + mpmath.log(2)) / (u + mpmath.log(2)))), rel=1e-9
    )


@given(st.floats(1e-6, 1.0 - 1e-6), st.floats(0.0, 1e7))
def test_the_sharp_law_asks_for_no_more_than_the_description_length_law(delta, nats):
    """Hence a U that is a code length read off the network itself is allowed: it is implied."""
    delta, nats = mpmath.mpf(delta), mpmath.mpf(nats)
    assert nats + mpmath.log(1 / delta) <= (nats + mpmath.log(2)) / delta


@pytest.mark.parametrize(
    ("problem", "independent"),
    [
        (Problem(Gaussian(DIM), Linear(0.5, bound=0.5), BoundedUniform(0.5)), True),
        (Problem(Gaussian(DIM), Linear(0.5, bound=0.5), RandomSigns()), False),
    ],
)
def test_v_is_the_noise_power_only_where_noise_is_independent(problem, independent):
    data = problem.sample(40, 0)
    m = Measured(net_of(), data)
    factor, square = noise_factor(m), problem.noise_bound**2
    assert m.noise_power.upper < square
    if independent:
        assert factor == m.noise_power
    else:
        assert factor.contains(square)
    silent = Dataset(data.x, data.g, data.g, np.zeros(40), data.component, problem, 0)
    assert noise_factor(Measured(net_of(), silent)).contains(square)


LAWS = {
    "sharp": lambda delta: SparseSharp(delta),
    "description": lambda delta: DescriptionLength(delta, (Code(3),)),
}


@pytest.mark.parametrize("make", LAWS.values(), ids=list(LAWS))
@settings(max_examples=20)
@given(a=st.floats(1e-4, 0.999), b=st.floats(1e-4, 0.999), p=st.floats(1.0, 1e4), q=st.floats(1.0, 1e4))
def test_bounds_fall_with_p_eff_and_rise_with_delta(make, a, b, p, q):
    m = MEASURED[0]
    low, high = sorted((Bracket.exact(x, unit=NATS) for x in (p, q)), key=lambda x: x.lower)
    assert make(a).bound(m, low).upper >= make(a).bound(m, high).lower
    bold, shy = max(a, b), min(a, b)
    assert make(bold).bound(m, low).upper >= make(shy).bound(m, low).lower


@pytest.mark.parametrize("make", LAWS.values(), ids=list(LAWS))
def test_bounds_grow_as_the_root_of_n_at_the_same_correlation(make):
    """Every sample twice: the same C and s2, and sqrt 2 times the bound."""
    one, two = MEASURED
    p_eff = Bracket.exact(30.0, unit=NATS)
    ratio = make(0.1).bound(two, p_eff) / make(0.1).bound(one, p_eff)
    assert ratio.contains(math.sqrt(2.0))


def _measured():
    data = Problem(Sphere(DIM)).sample(50, 0)
    twice = [np.concatenate([v, v]) for v in (data.x, data.y, data.g, data.z, data.component)]
    net = trained(data)
    return Measured(net, data), Measured(net, Dataset(*twice, data.problem, 0))


MEASURED = _measured()


@pytest.mark.parametrize("make", LAWS.values(), ids=list(LAWS))
@pytest.mark.parametrize("factor", [0.25, 8.0])
def test_slack_does_not_depend_on_the_scale_of_the_output(make, factor):
    """Exact centring: Lip and C scale together, and the coded scale finds the same levels."""
    data = Problem(Sphere(DIM)).sample(50, 3)
    net = trained(data)
    scaled = net.replace([net.weights[0], factor * net.weights[1]], [net.biases[0], factor * net.biases[1]])
    law = make(0.1)
    before, after = (law.check(f, data) for f in (net, scaled))
    growth = 1.0
    if isinstance(law, DescriptionLength):  # naming a larger scale costs a little
        shorter, longer = sorted(e.details["p_eff"] + math.log(10.0) for e in (before, after))
        assert longer - shorter < 12.0
        growth = math.sqrt(
            (after.details["p_eff"] + math.log(10.0)) / (before.details["p_eff"] + math.log(10.0))
        )
    # the two semidefinite bounds are found by iterations that stop at a relative 1e-2
    assert after.slack == pytest.approx(growth * before.slack, rel=0.05)


def test_normalisation_of_inputs_cancels():
    """x scaled by a: rho by a^2, weights by 1/a, Lip by 1/a, and the bound by 1/a."""
    data = Problem(Gaussian(DIM)).sample(50, 0)
    net = trained(data)
    wide_problem = Problem(Gaussian(DIM, 4.0 / DIM))
    wide = Dataset(2.0 * data.x, data.y, data.g, data.z, data.component, wide_problem, 0)
    halved = net.replace([net.weights[0] / 2.0, net.weights[1]], net.biases)
    near, far = SparseSharp(0.1).check(net, data), SparseSharp(0.1).check(halved, wide)
    assert (near.theory / far.theory).contains(2.0)


@given(st.integers(1, 3000), st.data())
def test_binary_entropy_encloses(n, draw):
    wrong = draw.draw(st.integers(0, n))
    h = binary_entropy(wrong, n)
    e = mpmath.mpf(wrong) / n
    if 2 * wrong >= n:
        truth = mpmath.log(2)
    elif wrong == 0:
        truth = mpmath.mpf(0)
    else:
        truth = -e * mpmath.log(e) - (1 - e) * mpmath.log(1 - e)
    assert h.lower <= truth <= h.upper
    assert h.width < 1e-14


def test_memorisation_converse_is_the_formula():
    data = Problem(Sphere(DIM)).sample(80, 0)
    net = trained(data)
    law = MemorisationConverse(0.2, (Code(4),))
    evidence = law.check(net, data)
    ledger = describe(net, Code(4), (Code(4),))
    wrong = int(np.sum(ledger.network(data.x)[:, 0] * data.y <= 0.0))
    e = mpmath.mpf(wrong) / 80
    bound = 80 * (mpmath.log(2) + e * mpmath.log(e) + (1 - e) * mpmath.log(1 - e))
    assert evidence.theory.lower <= bound <= evidence.theory.upper
    assert evidence.measured.contains(float(mpmath.mpf(ledger.p_eff.upper) + mpmath.log(5)))
    assert evidence.details["wrong labels"] == wrong
    assert evidence.verdict is Verdict.HOLDS


def test_the_best_code_of_the_family_is_shown_and_the_choice_is_paid_for():
    data = Problem(Sphere(DIM)).sample(80, 0)
    net = trained(data)
    family = code_family((1, 2, 3, 6))
    evidence = DescriptionLength(0.1, family).check(net, data)
    m = Measured(net, data)
    slacks = []
    for bits in (1, 2, 3, 6):
        ledger = describe(net, Code(bits), family)
        coded = m.of(ledger.network)
        slacks.append(coded.lipschitz.upper / DescriptionLength(0.1).bound(coded, ledger.p_eff).lower)
    positive = [s for s in slacks if s > 0.0]
    assert evidence.slack == pytest.approx(min(positive), rel=1e-6)
    alone = DescriptionLength(0.1, (Code(3),)).check(net, data)
    paid = describe(net, Code(3), family).p_eff.upper - alone.details["p_eff"]
    assert paid == pytest.approx(math.log(16.0))


def test_risk_counts_for_every_code_that_was_tried():
    """A deep network is centred by samples, once for each coded version among which the best is shown."""
    data = Problem(Gaussian(3)).sample(30, 0)
    rng = np.random.default_rng(0)
    shapes = ((3, 3), (2, 3), (1, 2))
    net = Network.from_arrays([(rng.normal(size=s), np.zeros(s[0])) for s in shapes])
    evidence = DescriptionLength(0.1, (Code(2), Code(3), Code(4))).check(net, data)
    assert evidence.shared == 0.1
    assert 1.0 - evidence.probability == pytest.approx(0.1 + 3 * correlation_room.FRESH_RISK, abs=1e-12)
    one = SparseSharp(0.1).check(net, data)
    assert one.shared == 0.0
    assert 1.0 - one.probability == pytest.approx(0.1 + correlation_room.FRESH_RISK, abs=1e-12)


def test_vacuous_means_below_the_steepest_pair():
    data = Problem(Gaussian(DIM)).sample(60, 0)
    evidence = SparseSharp(0.05).check(trained(data), data)
    assert evidence.theory.upper <= Measured(trained(data), data).steepest_pair
    assert evidence.vacuous is True


def test_information_ledger_is_what_sparse_sharp_charges():
    net = net_of()
    data = Problem(Assumed(Gaussian(DIM), 0.5, "wide"), noise=StatedNoise(1.0))
    given = Dataset.from_arrays(np.eye(DIM), np.ones(DIM), np.zeros(DIM), problem=data)
    evidence = SparseSharp().check(net, given)
    assert evidence.details["p_eff"] == information_ledger(net).p_eff.upper
