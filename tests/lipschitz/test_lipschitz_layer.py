"""The fast rung of one hidden layer: the best single multiplier, and the ranking of points."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import (
    free_pattern_constant,
    is_positive_exactly,
    multiplier_matrix,
    random_net,
    shallow,
)
from scipy.optimize import minimize_scalar

from robustlaw.lipschitz import bracket, bracket_stack, check, lower, probes, upper
from robustlaw.lipschitz.attained import certified_norms
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.eclipse import fast
from robustlaw.lipschitz.layer import _Forms, layer
from robustlaw.lipschitz.norms import chain_norms, liplt, product
from robustlaw.lipschitz.sector import Sector
from robustlaw.networks import ACTIVATIONS
from robustlaw.seeds import generator

SECTORS = [Sector(0.0, 1.0), Sector(0.01, 1.0), Sector(-0.13, 1.13), Sector(0.0, 0.25)]
SHAPES = [(1, 1), (1, 6), (6, 1), (3, 8), (8, 3), (5, 5), (20, 60), (60, 20), (40, 40)]


def weights_of(d, h, seed, density=1.0):
    net = random_net((d, h, 1), seed, density=density)
    # entries of size about 1, and no unit that does not matter, as Batch.scaled hands them over
    first = net.weights[0] * (net.weights[1].T != 0.0)
    last = net.weights[1] * (first != 0.0).any(axis=1)
    return first[None] / np.abs(first).max(), last[None] / max(np.abs(last).max(), 1e-300)


def least(first, last, slopes):
    """min F by eigenvalues and a bounded search: the square of LipSDP-Layer."""
    w, v = first[0], last[0, 0]
    values, vectors = np.linalg.eigh(w.T @ w)
    shares = (vectors.T @ (w.T @ v)) ** 2

    def f(part):
        s = part / values[-1]
        return slopes.radius**2 * (v @ v) / s + slopes.centre**2 * (shares / (1.0 - s * values)).sum()

    return minimize_scalar(f, bounds=(1e-3, 1.0 - 1e-9), method="bounded", options={"xatol": 1e-12}).fun


@pytest.mark.parametrize("slopes", SECTORS)
@pytest.mark.parametrize(("d", "h"), SHAPES)
def test_the_multiplier_is_the_best_one(d, h, slopes):
    for seed in range(4):
        first, last = weights_of(d, h, seed)
        found = layer(first, last, slopes)
        assert found.minimal.all()
        assert found.values[0] ** 2 == pytest.approx(least(first, last, slopes), rel=3e-8)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 12), st.integers(1, 14), st.integers(0, 2**32 - 1), st.sampled_from([0.3, 0.7, 1.0]),
    st.sampled_from(sorted(set(ACTIVATIONS) - {"identity"})),
)  # fmt: skip
def test_never_above_the_closed_forms(d, h, seed, density, activation):
    net = random_net((d, h, 1), seed, activation, density)
    batch = Batch.of([net])
    if batch.is_constant.any():
        return
    weights, exponents = batch.scaled()
    table, slopes = chain_norms(weights), batch.sector
    others = [product(table, slopes)[0], liplt(table, slopes)[0]]
    others.append(fast(weights, slopes, table[1, 1]).rho[0] ** 0.5)
    found = bracket(net, "fast")
    assert np.ldexp(found.upper, -exponents.sum()) <= min(others) * (1.0 + 1e-8)
    assert check(net, found).ok
    if h <= 9:
        w, v = net.weights
        assert found.upper >= free_pattern_constant(w, v, slopes.low, slopes.high) * (1.0 - 1e-12)


@pytest.mark.parametrize(("d", "h"), [(3, 5), (5, 3), (4, 4)])
@pytest.mark.parametrize("activation", ["relu", "leaky_relu", "gelu", "sigmoid"])
def test_the_inequality_holds_in_rational_arithmetic(d, h, activation):
    net = random_net((d, h, 1), 3, activation)
    found = bracket(net, "fast")
    (rho,) = found.certificate.numbers["rho"]
    assert len(set(found.certificate.numbers["multipliers"])) == 1
    assert Fraction(rho) <= Fraction(found.upper) ** 2
    assert is_positive_exactly(multiplier_matrix(net, found.certificate, rho))
    assert not is_positive_exactly(multiplier_matrix(net, found.certificate, rho * (1.0 - 1e-6)))


@pytest.mark.parametrize(("d", "h"), [(4, 9), (9, 4), (30, 30)])
def test_what_is_false_is_refused(d, h):
    first, last = weights_of(d, h, 1)
    forms, slopes = _Forms.of(first, last), Sector(0.0, 1.0)
    s, rest, _ = forms.minimum(last[:, 0], slopes)
    top = np.linalg.norm(first[0], 2) ** 2
    assert forms.hold(s * (1.0 - 1e-9), 0.25 / (rest * (1.0 + 1e-6))).all()
    assert not forms.hold(s, 0.25 / (rest * (1.0 - 1e-6))).any()
    assert not forms.hold(np.array([1.0 + 1e-6]) / top, np.array([0.0])).any()
    assert not forms.hold(np.array([np.nan]), np.array([1.0])).any()


def test_a_mean_gradient_without_the_top_direction_falls_back():
    """|x|: the mean gradient vanishes, F has no minimum, and LipLT gives the truth."""
    net = shallow([[1.0], [-1.0]], [1.0, 1.0])
    batch = Batch.of([net])
    weights, _ = batch.scaled()
    assert not layer(weights[0], weights[1], batch.sector).minimal.any()
    assert bracket(net, "fast").upper == pytest.approx(1.0, rel=1e-10)


def test_orthogonal_hard_case_is_no_looser():
    """The longest row does not enter the mean gradient: Lanczos never sees the top eigenvalue."""
    w = np.diag([3.0, 3.0, 1.0, 0.5])
    w[1] = -w[0]
    net = shallow(w, [1.0, 1.0, 1.0, 1.0])
    batch = Batch.of([net])
    weights, exponents = batch.scaled()
    table = chain_norms(weights)
    known = np.ldexp(float(liplt(table, batch.sector)[0]), int(exponents.sum()))
    found = bracket(net, "fast")
    assert found.upper <= known * (1.0 + 1e-8)
    assert check(net, found).ok


def test_a_stack_mixes_networks_with_and_without_a_minimum():
    nets = [random_net((1, 2, 1), 0), shallow([[1.0], [-1.0]], [1.0, 1.0]), random_net((1, 2, 1), 1)]
    together = bracket_stack(nets, "fast")
    assert "LipSDP-Layer" in together[0].method
    assert "LipLT" in together[1].method
    for net, found in zip(nets, together, strict=True):
        assert found.upper == pytest.approx(bracket(net, "fast").upper, rel=1e-12)
        assert check(net, found).ok


def test_parts_of_a_stack_keep_their_order():
    nets = [random_net((30, 70, 1), seed, scale=2.0**seed) for seed in range(2 * 120_000 // 2100 // 2)]
    for net, found in zip(nets, bracket_stack(nets, "fast"), strict=True):
        assert np.linalg.norm(net.weights[1][0] @ net.weights[0]) / 2 <= found.upper
        assert check(net, found).ok


@pytest.mark.parametrize("activation", ["relu", "leaky_relu"])
@pytest.mark.parametrize("widths", [(4, 9, 1), (9, 4, 1), (5, 8, 7, 1), (4, 6, 5, 6, 3)])
def test_the_ranking_in_single_precision_finds_the_steepest(widths, activation):
    """Against Jacobians of the same points in double precision, certified one by one."""
    batch = Batch.of([random_net(widths, seed, activation, density=0.8) for seed in range(5)])
    keep = 1 if widths[-1] == 1 else lower.CANDIDATES
    chosen = probes.steepest(batch, generator("probe", "test"), keep)
    half = probes._directions(batch, generator("probe", "test"), probes.POINTS // 2)
    every = np.concatenate([np.zeros_like(half[:1]), half, -half]) * probes.reach(batch)[:, None, None]
    rough, best = probes.rough_norms(batch, chosen), probes.rough_norms(batch, every)
    assert (rough.max(axis=1) >= best.max(axis=1) * (1.0 - 1e-5)).all()
    live = ~batch.is_constant
    assert (certified_norms(batch, chosen).max(axis=1)[live] > 0.0).all()


@pytest.mark.parametrize("widths", [(4, 9, 1), (5, 8, 7, 2)])
def test_lower_ends_scale_with_weights_beyond_single_precision(widths):
    net = random_net(widths, 2)
    plain = bracket(net, "fast")
    for powers in ((90, -80, 60), (-300, 310, 20), (200, 150, 100)):
        layers = [
            (np.ldexp(w, p), np.ldexp(b, int(np.sum(powers[: i + 1]))))
            for i, (w, b, p) in enumerate(zip(net.weights, net.biases, powers, strict=False))
        ]
        found = bracket(type(net).from_arrays(layers), "fast")
        scale = int(np.sum(powers[: len(layers)]))
        assert found.lower == pytest.approx(np.ldexp(plain.lower, scale), rel=1e-12)
        assert found.upper == pytest.approx(np.ldexp(plain.upper, scale), rel=1e-12)


def test_a_candidate_on_a_kink_is_replaced(monkeypatch):
    nets = [random_net((3, 5, 1), seed, bias=0.0) for seed in range(3)]
    batch = Batch.of(nets)
    usual = lower.fast(batch, np.zeros((0, 3)), generator("probe", "test"))
    monkeypatch.setattr(lower, "steepest", lambda batch, _, keep: np.zeros((len(batch), keep, 3)))
    again = lower.fast(batch, np.zeros((0, 3)), generator("probe", "test"))
    assert (again.values >= 0.7 * usual.values).all()
    given = lower.fast(batch, usual.points, generator("probe", "test"))
    assert (given.values >= usual.values).all()


def test_methods_name_the_rung():
    assert "LipSDP-Layer" in bracket(random_net((3, 4, 1), 0), "fast").method
    assert "LipSDP-Layer" not in bracket(random_net((3, 4, 2), 0), "fast").method
    assert upper.is_scalar_shallow(Batch.of([random_net((3, 4, 1), 0)]))
