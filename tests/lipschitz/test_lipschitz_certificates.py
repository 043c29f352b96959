"""What proves a bracket is checked again here, by other means."""

from fractions import Fraction

import cvxpy
import numpy as np
import pytest
from lipschitz_oracles import (
    fractions,
    free_pattern_constant,
    is_positive_exactly,
    multiplier_matrix,
    random_net,
)

from robustlaw.lipschitz import bracket
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.eclipse import Proposal, fast
from robustlaw.lipschitz.lmi import proved_rho
from robustlaw.lipschitz.mixing import propose
from robustlaw.lipschitz.norms import chain_norms
from robustlaw.lipschitz.rounding import down, gram, is_positive, norm_upper
from robustlaw.lipschitz.sector import Sector
from robustlaw.lipschitz.targets import pattern_norm
from robustlaw.lipschitz.zonotope import fitted, proved_diagonal, zonotope
from robustlaw.networks import ACTIVATIONS
from robustlaw.seeds import generator


def mixing_zonotope(net):
    batch = Batch.of([net])
    weights, exponents = batch.scaled()
    z = zonotope(weights[0], weights[1], batch.sector)
    return z, 2.0 ** float(z.exponent[0] + exponents.sum())


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "gelu", "sigmoid"])
@pytest.mark.parametrize("widths", [(3, 5, 1), (6, 4, 1)])
@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e5])
def test_mixing_multipliers_hold_in_exact_arithmetic(name, widths, scale):
    net = random_net(widths, 5, name, scale=scale)
    found = bracket(net)
    assert "mixing" in found.method
    rho = found.certificate.numbers["rho"][0]
    assert rho <= found.upper**2 * (1 + 1e-15)
    assert is_positive_exactly(multiplier_matrix(net, found.certificate, rho))
    assert not is_positive_exactly(multiplier_matrix(net, found.certificate, rho * (1 - 1e-6)))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "silu"])
@pytest.mark.parametrize("widths", [(4, 4, 3, 1), (5, 3, 3, 2), (2, 4, 2, 3, 1)])
def test_recursion_multipliers_hold_in_exact_arithmetic(name, widths):
    for seed in range(40):
        net = random_net(widths, seed, name)
        found = bracket(net, "fast")
        if found.certificate.kind == "multipliers":
            break
    rho = found.certificate.numbers["rho"][0]
    assert found.certificate.kind == "multipliers"
    assert is_positive_exactly(multiplier_matrix(net, found.certificate, rho))
    assert not is_positive_exactly(multiplier_matrix(net, found.certificate, rho * (1 - 1e-6)))


def test_norms_hold_in_exact_arithmetic():
    rng = np.random.default_rng(0)
    hard = [
        np.diag([1.0, 1.0 + 1e-13, 0.5]),
        np.diag([1.0, 1e-9, 1e-9]),
        np.ones((3, 3)),
        *(rng.standard_normal((3, 3)) for _ in range(20)),
    ]
    bounds = norm_upper(np.stack(hard))
    for matrix, bound in zip(hard, bounds, strict=True):
        w, s = fractions(matrix), fractions([[bound]])[0][0]
        gap = [
            [(s * s if i == j else 0) - sum(a * b for a, b in zip(w[i], w[j], strict=True)) for j in range(3)]
            for i in range(3)
        ]
        assert is_positive_exactly(gap)
        assert bound <= np.linalg.norm(matrix, 2) * (1 + 1e-12)


def test_norm_of_a_near_miss_for_power_iteration():
    """The usual start vector of ones is orthogonal to the top singular vector here."""
    w = np.array([[[2.0, -2.0], [1.0, 1.0]]])
    assert 8**0.5 <= norm_upper(w)[0] <= 8**0.5 * (1 + 1e-12)


def test_positivity_is_refused_at_the_boundary():
    eye = np.eye(3)[None]
    none = np.zeros((1, 3, 3))
    assert is_positive(eye, none)[0]
    assert not is_positive(np.ones((1, 3, 3)), none)[0]  # singular: true, but not provable in float64
    assert not is_positive(eye - 1.001 * np.diag([0, 0, 1.0]), none)[0]
    assert not is_positive(eye, np.full((1, 3, 3), 0.5))[0]  # the error could spoil it
    assert is_positive(eye, np.full((1, 3, 3), 0.3))[0]
    assert not is_positive(np.full((1, 3, 3), np.nan), none)[0]
    # One bad matrix does not spoil its neighbours, and scaling does not matter.
    many = np.stack([np.eye(3), -np.eye(3), np.diag([1e-80, 1.0, 1e80])])
    assert is_positive(many, np.zeros((3, 3, 3))).tolist() == [True, False, True]


def test_gram_error_bound_is_honest():
    rng = np.random.default_rng(1)
    w = rng.standard_normal((1, 3, 40))
    value, error = gram(w)
    rows = fractions(w[0])
    for i in range(3):
        for j in range(3):
            truth = sum(a * b for a, b in zip(rows[i], rows[j], strict=True))
            assert abs(truth - fractions([[value[0, i, j]]])[0][0]) <= error[0, i, j]


@pytest.mark.parametrize(("widths", "name"), [((4, 8, 1), "relu"), ((9, 6, 1), "relu"), ((5, 7, 1), "gelu")])
def test_mixing_agrees_with_a_conic_solver(widths, name):
    net = random_net(widths, 11, name)
    z, scale = mixing_zonotope(net)
    d = cvxpy.Variable(z.gram.shape[-1])
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum(d)), [cvxpy.diag(d) - z.gram[0] >> 0])
    problem.solve(solver=cvxpy.CLARABEL)
    assert bracket(net).upper == pytest.approx(scale * np.sqrt(problem.value), rel=1e-5)


def test_steepest_pattern_is_the_best_of_all():
    for seed in range(15):
        net = random_net((12, 9, 1), seed)
        z, scale = mixing_zonotope(net)
        signs = propose(z, generator("probe", "test"))[1]
        steep = pattern_norm(z, signs)[0] * scale / 2.0 ** float(z.exponent[0])
        assert steep == pytest.approx(free_pattern_constant(*net.weights), rel=1e-12)


@pytest.mark.parametrize("widths", [(4, 9, 1), (9, 5, 1), (6, 5, 5, 1), (3, 4, 4, 4, 1)])
@pytest.mark.parametrize("effort", ["fast", "tight"])
def test_the_witness_attains_the_lower_end(widths, effort):
    net = random_net(widths, 2)
    found = bracket(net, effort)
    x = np.array([found.witness])
    gradient = net.gradients(x)[0, 0]
    assert np.linalg.norm(gradient) == pytest.approx(found.lower, rel=1e-11)
    assert found.lower <= np.linalg.norm(gradient)
    step = 1e-7 * max(1.0, np.abs(x).max()) * gradient / np.linalg.norm(gradient)
    rise = (net(x + step) - net(x - step))[0, 0] / np.linalg.norm(2 * step)
    assert rise == pytest.approx(found.lower, rel=1e-5)


@pytest.mark.parametrize("name", sorted(n for n, a in ACTIVATIONS.items() if not a.kink))
def test_smooth_witnesses_are_below_the_true_slope(name):
    """Against 50 digits: tanh, sigmoid and the others have their own derivative in mpmath."""
    import mpmath

    forms = {
        "identity": lambda z: z,
        "tanh": mpmath.tanh,
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
        "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
        "elu": lambda z: z if z > 0 else mpmath.expm1(z),
        "gelu": lambda z: z * mpmath.ncdf(z),
        "silu": lambda z: z / (1 + mpmath.exp(-z)),
    }
    net = random_net((3, 4, 1), 6, name)
    found = bracket(net)
    w, v = net.weights
    with mpmath.workdps(50):
        slopes = []
        for row, b in zip(w, net.biases[0], strict=True):
            z = mpmath.fsum(
                mpmath.mpf(a) * mpmath.mpf(x) for a, x in zip(row, found.witness, strict=True)
            ) + mpmath.mpf(b)
            slopes.append(mpmath.diff(forms[name], z))
        gradient = [
            mpmath.fsum(mpmath.mpf(v[0, i]) * s * mpmath.mpf(w[i, k]) for i, s in enumerate(slopes))
            for k in range(3)
        ]
        truth = mpmath.sqrt(mpmath.fsum(g * g for g in gradient))
        assert found.lower <= truth
        assert found.lower >= truth * (1 - 1e-7)  # far points carry more rounding
    assert bool(found.assumptions) == (name != "identity")


@pytest.mark.parametrize("slopes", [Sector(0.0, 1.0), Sector(-0.1, 1.1), Sector(0.01, 1.0)])
@pytest.mark.parametrize("widths", [(4, 5, 3, 1), (7, 3, 4, 2)])
def test_trap_9_a_proposal_is_not_taken_on_trust(slopes, widths):
    weights = [w[None] for w in random_net(widths, 1).weights]
    best = fast(weights, slopes, chain_norms(weights)[1, 1])
    proved = proved_rho(weights, slopes, best)
    assert best.rho <= proved <= best.rho * (1 + 1e-8)
    too_low = Proposal(best.multipliers, best.rho * (1 - 1.5e-6))
    assert np.isinf(proved_rho(weights, slopes, too_low))
    other = Proposal(best.multipliers * np.linspace(0.9, 1.0, best.multipliers.shape[1]), best.rho)
    assert proved_rho(weights, slopes, other) != proved


def test_trap_9_a_diagonal_that_is_too_small_is_refused():
    z, _ = mixing_zonotope(random_net((5, 8, 1), 2))
    d = fitted(z, propose(z, generator("probe", "test"))[0])
    assert d.sum() <= proved_diagonal(z, d)[0] ** 2 <= d.sum() * (1 + 1e-9)
    assert np.isinf(proved_diagonal(z, d * (1 - 5e-6))[0])


def test_cancellation_in_a_product_of_layers_is_covered():
    """1 + 2^-60 - 1 is 0 in float64 and 2^-60 in truth."""
    first, second = np.array([[[1.0], [2.0**-60], [-1.0]]]), np.ones((1, 1, 3))
    assert chain_norms([first, second])[2, 1][0] >= 2.0**-60


def test_rounding_of_the_zonotope_is_within_its_slack():
    rng = np.random.default_rng(4)
    w, v = rng.standard_normal((1, 9, 3)) * 0.9, rng.standard_normal((1, 1, 9)) * 0.7
    w[0, 4:8], v[0, 0, 4:8] = -w[0, :4] * (1 + 1e-15), v[0, 0, :4]
    slopes = Sector(0.01, 1.0)
    z = zonotope(w, v, slopes)
    unit = Fraction(2) ** int(z.exponent[0])
    c, r = Fraction(slopes.centre), Fraction(slopes.radius)
    a = [[x * y for x in row] for row, y in zip(fractions(w[0]), fractions(v[0])[0], strict=True)]
    truth = [[c * sum(row[k] for row in a) for k in range(3)], *([r * x for x in row] for row in a)]
    away = [
        float(sum((t / unit - s) ** 2 for t, s in zip(exact, stored, strict=True))) ** 0.5
        for exact, stored in zip(truth, fractions(z.rows[0]), strict=True)
    ]
    assert 0.0 < sum(away) <= z.slack[0]


def test_the_enclosing_sector_contains_every_slope():
    for act in ACTIVATIONS.values():
        s = Sector(act.slope_low, act.slope_high)
        assert Fraction(s.centre) - Fraction(s.radius) <= Fraction(s.low)
        assert Fraction(s.centre) + Fraction(s.radius) >= Fraction(s.high)


def test_an_overflow_is_worth_nothing():
    assert down(np.array([np.inf, np.nan, 1.0])).tolist()[:2] == [0.0, 0.0]
    assert 0.999999 < down(np.array([1.0]))[0] < 1.0
