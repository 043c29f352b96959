"""LipSDP-Neuron of any shape: derivatives, a conic solver, known optima, and hard scales."""

import cvxpy
import numpy as np
import pytest
from lipschitz_oracles import free_pattern_constant, is_positive_exactly, multiplier_matrix, random_net

from robustlaw.lipschitz import bracket, newton, quasi_newton
from robustlaw.lipschitz.barrier import Barrier
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.eclipse import Proposal, fast
from robustlaw.lipschitz.lmi import proved_rho
from robustlaw.lipschitz.norms import chain_norms, product
from robustlaw.lipschitz.quasi_newton import _Best, _value
from robustlaw.lipschitz.sector import Sector, sector
from robustlaw.lipschitz.semidefinite import applies, neuron
from robustlaw.networks import ACTIVATIONS, Network

SECTORS = [Sector(0.0, 1.0), Sector(0.01, 1.0), Sector(-0.13, 1.13), Sector(0.0, 0.25)]


def start(net, slopes):
    weights = [w[None] for w in net.weights]
    return fast(weights, slopes, chain_norms(weights)[1, 1])


def solved(net, slopes, gap=newton.GAP):
    barrier = Barrier(net.weights, slopes)
    return newton.follow(barrier, start(net, slopes).multipliers[0], gap)


def conic(net, slopes):
    """max t such that P(Lambda, t) >= 0, by Clarabel; returns the bound 1 / sqrt t."""
    c, p = slopes.centre, slopes.product
    sizes = [w.shape[1] for w in net.weights]
    lam = [cvxpy.Variable(n, nonneg=True) for n in sizes[1:]]
    t = cvxpy.Variable()
    diagonal = [np.eye(sizes[0]), *(cvxpy.diag(x) for x in lam)]
    rows = [[np.zeros((a, b)) for b in sizes] for a in sizes]
    for i in range(len(sizes)):
        rows[i][i] = diagonal[i]
        if i < len(lam):
            w = net.weights[i]
            rows[i][i] = rows[i][i] + p * w.T @ cvxpy.diag(lam[i]) @ w
            rows[i + 1][i] = -c * cvxpy.diag(lam[i]) @ w
            rows[i][i + 1] = rows[i + 1][i].T
    rows[-1][-1] = rows[-1][-1] - t * net.weights[-1].T @ net.weights[-1]
    matrix = cvxpy.bmat(rows)
    cvxpy.Problem(cvxpy.Maximize(t), [0.5 * (matrix + matrix.T) >> 0]).solve(solver=cvxpy.CLARABEL)
    return float(t.value) ** -0.5


@pytest.mark.parametrize("slopes", SECTORS)
@pytest.mark.parametrize("widths", [(3, 4, 1), (3, 4, 3, 2), (2, 3, 4, 2, 3)])
def test_derivatives_of_the_barrier_by_finite_differences(slopes, widths):
    net = random_net(widths, 3)
    barrier = Barrier(net.weights, slopes)
    lam = 0.7 * start(net, slopes).multipliers[0] * np.linspace(0.9, 1.1, barrier.units)
    y, mu = np.append(lam, 0.6 / barrier.gain(lam)), 0.3

    def full(at):
        low = np.tril(barrier.matrix(at))
        return low + np.tril(low, -1).T

    def value(log_y):
        return -log_y[-1] - mu * np.linalg.slogdet(full(np.exp(log_y)))[1]

    def slope(at):
        return barrier.derivatives(at, np.linalg.inv(full(at)), mu)[0] / at

    gradient, hessian = barrier.derivatives(y, np.linalg.inv(full(y)), mu)
    step = 1e-6
    for i in range(len(y)):
        away = step * np.eye(len(y))[i]
        rise = (value(np.log(y) + away) - value(np.log(y) - away)) / (2 * step)
        assert rise == pytest.approx(gradient[i], rel=1e-6, abs=1e-8)
        turn = (slope(y * (1 + away)) - slope(y * (1 - away))) / (2 * step) * y
        assert turn == pytest.approx(hessian[:, i], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize("slopes", SECTORS)
@pytest.mark.parametrize("widths", [(3, 4, 1), (3, 4, 3, 2)])
def test_gradient_of_the_recursion_by_finite_differences(slopes, widths):
    net = random_net(widths, 4)
    barrier = Barrier(net.weights, slopes)
    x = np.log(0.7 * start(net, slopes).multipliers[0])
    best = _Best(np.inf, x)
    gradient = _value(barrier, x, 0.02, 50.0, best)[1]
    assert best.rho == pytest.approx(barrier.gain(np.exp(x)), rel=1e-10)
    for i in range(len(x)):
        away = 1e-6 * np.eye(len(x))[i]
        rise = _value(barrier, x + away, 0.02, 50.0, best)[0] - _value(barrier, x - away, 0.02, 50.0, best)[0]
        assert rise / 2e-6 == pytest.approx(gradient[i], rel=1e-5, abs=1e-7)


@pytest.mark.parametrize(
    ("widths", "name"),
    [
        ((4, 7, 1), "relu"),
        ((4, 6, 3), "relu"),
        ((3, 5, 4, 2), "tanh"),
        ((5, 4, 4, 1), "leaky_relu"),
        ((3, 4, 3, 2), "gelu"),
        ((3, 4, 4, 1), "sigmoid"),
        ((8, 4, 3, 1), "silu"),
    ],
)
def test_a_conic_solver_agrees(widths, name):
    net = random_net(widths, 6, name)
    truth = conic(net, sector(ACTIVATIONS[name]))
    found = bracket(net)
    assert found.upper == pytest.approx(truth, rel=1e-4)
    assert found.upper >= truth * (1 - 1e-6)
    quick = quasi_newton.descend(
        Barrier(net.weights, sector(ACTIVATIONS[name])),
        start(net, sector(ACTIVATIONS[name])).multipliers[0],
    )
    assert truth * (1 - 1e-6) <= quick.rho**0.5 <= truth * (1 + 1e-3)


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "gelu"])
@pytest.mark.parametrize("widths", [(5, 12, 1), (20, 9, 1)])
def test_newton_agrees_with_the_mixing_method(name, widths):
    net = random_net(widths, 1, name)
    by_newton = neuron(Batch.of([net])).values[0]
    found = bracket(net)
    assert "mixing" in found.method
    assert by_newton == pytest.approx(found.upper, rel=1e-6)


@pytest.mark.parametrize("slopes", SECTORS)
@pytest.mark.parametrize(
    "widths", [(10, 20, 1), (10, 32, 32, 1), (5, 20, 20, 20, 20, 1), (40, 20, 10), (2, 30, 30, 3)]
)
def test_trap_16_the_path_ends_before_its_cap(slopes, widths):
    for density in (1.0, 0.5):
        net = random_net(widths, 2, density=density)
        batch = Batch.of([net])
        alive = [a[0] for a in batch.alive]
        kept = [w[np.ix_(a, b)] for w, b, a in zip(net.weights, alive, alive[1:], strict=False)]
        path = newton.follow(Barrier(kept, slopes), np.full(sum(a.sum() for a in alive[1:-1]), 1e-3))
        assert path.finished
        assert path.steps < newton.STEPS // 2


def test_neuron_below_fast_below_product():
    for seed in range(6):
        net = random_net((4, 9, 8, 2), seed)
        weights = [w[None] for w in net.weights]
        table = chain_norms(weights)
        for slopes in SECTORS:
            best = solved(net, slopes).rho ** 0.5
            closed = fast(weights, slopes, table[1, 1]).rho[0] ** 0.5
            assert best <= closed * (1 + 1e-9)
            assert closed <= product(table, slopes)[0] * (1 + 1e-9)


@pytest.mark.parametrize("hidden", [(6, 4), (7, 5, 3)])
def test_non_negative_upper_layers_leave_only_the_gap_of_one_layer(hidden):
    """Fact 4 makes the constant that of one layer; the relaxation loses at most sqrt(pi / 2) there."""
    for seed in range(4):
        net = random_net((3, *hidden, 1), seed)
        net = net.replace(weights=[net.weights[0], *(np.abs(w) for w in net.weights[1:])])
        rest = np.linalg.multi_dot([*reversed(net.weights[1:])])
        truth = free_pattern_constant(net.weights[0], rest)
        found = bracket(net)
        assert found.lower <= truth * (1 + 1e-9)
        assert truth <= found.upper <= 1.2534 * truth
        assert found.lower >= 0.95 * truth
        every = net.replace(weights=[np.abs(w) for w in net.weights])
        chain = np.linalg.norm(rest @ every.weights[0])
        assert bracket(every).upper == pytest.approx(chain, rel=2e-6)


@pytest.mark.parametrize("name", ["relu", "gelu"])
@pytest.mark.parametrize("widths", [(3, 4, 3, 1), (7, 3, 3, 2)])
def test_newton_multipliers_hold_in_exact_arithmetic(name, widths):
    net = random_net(widths, 5, name, density=0.8)
    found = bracket(net)
    assert "Newton" in found.method
    rho = found.certificate.numbers["rho"][0]
    assert is_positive_exactly(multiplier_matrix(net, found.certificate, rho))
    assert not is_positive_exactly(multiplier_matrix(net, found.certificate, rho * (1 - 1e-6)))


def test_trap_6_masks_with_dead_units_and_one_weight():
    for seed in range(12):
        net = random_net((5, 8, 7, 2), seed, density=0.2)
        found = bracket(net)
        if found.upper == 0.0:
            continue
        batch = Batch.of([net])
        a, b = (alive[0] for alive in batch.alive[1:3])
        kept = Network.from_arrays(
            [
                (net.weights[0][a], net.biases[0][a]),
                (net.weights[1][np.ix_(b, a)], net.biases[1][b]),
                (net.weights[2][:, b], net.biases[2]),
            ]
        )
        assert found.upper == pytest.approx(bracket(kept).upper, rel=1e-6)


@pytest.mark.parametrize("widths", [(6, 8, 7, 1), (4, 6, 5, 3)])
def test_trap_8_rescaled_layers_keep_the_optimum(widths):
    net = random_net(widths, 3, bias=0.0)
    scaled = net.replace(weights=[w * s for w, s in zip(net.weights, (1e3, 1e-6, 1e3), strict=True)])
    first, second = bracket(net), bracket(scaled)
    assert "Newton" in second.method
    assert second.upper == pytest.approx(first.upper, rel=1e-8)


def test_trap_8_units_of_very_different_size():
    net = random_net((6, 8, 7, 1), 3, bias=0.0)
    factors = 10.0 ** np.linspace(-5, 5, 8)
    first, second, third = net.weights
    units = net.replace(weights=[first * factors[:, None], second / factors, third])
    assert bracket(units).upper == pytest.approx(bracket(net).upper, rel=1e-5)


def test_trap_9_other_multipliers_give_another_valid_bound():
    net = random_net((5, 9, 8, 2), 1)
    slopes = SECTORS[0]
    path = solved(net, slopes)
    rng = np.random.default_rng(0)
    weights = [w[None] for w in net.weights]
    barrier = Barrier(net.weights, slopes)
    bounds = []
    for _ in range(5):
        # Smaller multipliers are feasible; larger ones need not be.
        lam = path.multipliers * (1.0 - 0.01 * rng.random(barrier.units))
        rho = barrier.gain(lam)
        if np.isfinite(rho):
            bounds.append(proved_rho(weights, slopes, Proposal(lam[None], np.array([rho])))[0])
            assert rho <= bounds[-1] <= rho * (1 + 1e-6)
            assert bounds[-1] > path.rho * (1 + 1e-7)
    assert len(set(bounds)) == len(bounds) > 0
    low = Proposal(path.multipliers[None], np.array([path.rho * (1 - 2e-6)]))
    assert np.isinf(proved_rho(weights, slopes, low)[0])


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_trap_15_neither_biases_nor_the_order_of_units_matter(name):
    net = random_net((4, 6, 5, 2), 1, name)
    moved = net.replace(biases=[b * 10 + 1 for b in net.biases])
    assert bracket(net).upper == bracket(moved).upper
    assert applies(Batch.of([net])) == (name != "identity")


def test_wide_inputs_are_rotated_not_certified_rotated():
    """The search may use R of a QR decomposition; the proof is about the given weights."""
    net = random_net((60, 7, 6, 1), 2)
    found = bracket(net)
    turned = np.linalg.qr(net.weights[0].T, mode="r").T
    small = net.replace(weights=list(net.weights))
    small = Network.from_arrays([(turned, net.biases[0]), *zip(net.weights[1:], net.biases[1:], strict=True)])
    assert found.upper == pytest.approx(bracket(small).upper, rel=1e-6)
    rho = found.certificate.numbers["rho"][0]
    assert is_positive_exactly(multiplier_matrix(net, found.certificate, rho))


def test_large_networks_get_the_quasi_newton_answer(monkeypatch):
    monkeypatch.setattr("robustlaw.lipschitz.semidefinite.LARGE", 10)
    net = random_net((5, 9, 8, 2), 1)
    found = bracket(net)
    assert "L-BFGS" in found.method
    monkeypatch.undo()
    assert bracket(net).upper <= found.upper * (1 + 1e-6) <= 1.005 * bracket(net).upper
