"""Searches for steep points: each is checked against a truth, a dense sample or finite differences."""

import numpy as np
import pytest
from lipschitz_oracles import EFFORTS, exact_line, exact_shallow, random_net
from test_lipschitz_reference import load

from robustlaw.lipschitz import bracket, bracket_stack, check
from robustlaw.lipschitz.ascent import _Surface, _typical, ascend, steepest_outputs
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.components import recombined
from robustlaw.lipschitz.pattern_program import guides, realise
from robustlaw.lipschitz.probes import rough_norms
from robustlaw.lipschitz.trace import _crossings, _flat, trace
from robustlaw.networks import Network
from robustlaw.seeds import generator
from robustlaw.testing.networks import Layer, Recipe, plain


def crossings(net, x, e):
    batch = Batch.of([net])
    weights, biases = _flat(batch)
    widths = np.array(net.arch.widths[:-1])
    slopes = batch.sector
    return _crossings(weights[0], biases[0], widths, slopes.low, slopes.high, x, e)


@pytest.mark.parametrize("name", ["relu", "leaky_relu"])
@pytest.mark.parametrize("widths", [(4, 7, 1), (3, 6, 5, 1), (5, 6, 6, 4, 2)])
def test_every_cell_of_a_line_is_seen(name, widths):
    """Between neighbouring crossings one gradient; across each crossing another one."""
    rng = np.random.default_rng(2)
    for seed in range(6):
        net = random_net(widths, seed, name)
        x, e = rng.standard_normal(widths[0]), rng.standard_normal(widths[0])
        taus = crossings(net, x, e)
        assert len(taus) > 0
        assert (np.diff(taus) > 0.0).all()
        dense = np.linspace(-30.0, 30.0, 20_001)
        on = []
        value = x + dense[:, None] * e
        for w, b in list(net.layers)[:-1]:
            z = value @ w.T + b
            on.append(z > 0.0)
            value = np.where(z > 0.0, z, Batch.of([net]).sector.low * z)
        signs = np.concatenate(on, axis=1)
        cell = np.searchsorted(taus, dense)
        same = (signs[1:] == signs[:-1]).all(axis=1)
        assert np.array_equal(same, cell[1:] == cell[:-1])


def test_one_input_is_solved_by_one_line():
    for seed in range(10):
        net = random_net((1, 6, 5, 1), seed)
        assert bracket(net).lower == pytest.approx(exact_line(net), rel=1e-9)


@pytest.mark.parametrize("outputs", [1, 3])
def test_tracing_and_ascent_never_lose_height(outputs):
    rng = np.random.default_rng(0)
    for name in ("relu", "leaky_relu", "tanh", "gelu"):
        nets = [random_net((5, 9, 8, outputs), seed, name, density=0.7) for seed in range(3)]
        batch = Batch.of(nets)
        starts = rng.standard_normal((3, 6, 5))
        before = rough_norms(batch, starts)
        climbed = rough_norms(batch, ascend(batch, starts))
        assert (climbed >= before * (1 - 1e-12)).all()
        assert climbed.max(axis=1).min() > 1.05 * before.max(axis=1).min()
        if batch.activation.kink:
            u = steepest_outputs(batch, starts)
            along = np.array(
                [[np.linalg.norm(a @ j) for a, j in zip(v, net.gradients(x), strict=True)]
                 for v, net, x in zip(u, nets, starts, strict=True)]
            )  # fmt: skip
            traced = trace(batch, starts, generator("probe", "trace"))
            after = np.array(
                [np.linalg.norm(n.gradients(x), 2, (1, 2)) for n, x in zip(nets, traced, strict=True)]
            )
            assert (after >= along * (1 - 1e-9)).all()
            assert after.max(axis=1).min() > 1.05 * along.max(axis=1).min()


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "tanh", "gelu", "silu"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_the_direction_of_ascent_by_finite_differences(name, outputs):
    batch = Batch.of([random_net((4, 6, 5, outputs), seed, name) for seed in range(2)])
    x = np.random.default_rng(1).standard_normal((2, 3, 4))
    u = steepest_outputs(batch, x)
    assert np.linalg.norm(u, axis=2) == pytest.approx(np.ones((2, 3)))
    surface = _Surface(batch, _typical(batch, x) if batch.activation.kink else None)
    slope = surface.climb(x, u)[1]
    for k in range(4):
        away = 1e-5 * np.eye(4)[k]
        rise = (surface.climb(x + away, u)[0] - surface.climb(x - away, u)[0]) / 2e-5
        assert rise == pytest.approx(slope[..., k], rel=1e-4, abs=1e-6)


def test_the_steepest_output_is_the_top_singular_vector():
    net = random_net((5, 8, 7, 4), 1)
    x = np.random.default_rng(0).standard_normal((1, 9, 5))
    u = steepest_outputs(Batch.of([net]), x)[0]
    jacobians = net.gradients(x[0])
    found = np.linalg.norm(np.einsum("po,poi->pi", u, jacobians), axis=1)
    assert found == pytest.approx(np.linalg.norm(jacobians, 2, (1, 2)), rel=1e-9)


@pytest.mark.parametrize(
    ("name", "exact"),
    [
        ("exlipbab_iris_4x6x6x3", 11.634355134114875),
        ("exlipbab_abalone_9x16x16x1", 11.121602332235268),
        ("exlipbab_wine_11x12x12x1", 1.7433699967107172),
        ("lipsdp_random_2x10x30x20x2", 36.48222959637795),
    ],
)
def test_published_constants_are_nearly_attained(name, exact):
    found = bracket(load(name))
    assert 0.95 * exact <= found.lower <= exact * (1 + 1e-12)


def test_fewer_inputs_than_units_reach_nineteen_twentieths():
    nets = [random_net((d, 9, 1), seed, bias=float(seed % 3)) for d in (2, 3, 5, 7) for seed in range(6)]
    shares = [found.lower / exact_shallow(net) for net, found in zip(nets, bracket_stack(nets), strict=True)]
    assert max(shares) <= 1 + 1e-9
    assert min(shares) >= 0.95
    assert np.mean(shares) >= 0.99


@pytest.mark.parametrize("name", ["relu", "tanh"])
@pytest.mark.parametrize("widths", [(8, 12, 12, 1), (6, 10, 9, 8, 2), (3, 9, 4)])
def test_tight_contains_a_dense_sample_and_lies_within_fast(name, widths):
    nets = [random_net(widths, seed, name) for seed in range(4)]
    fast, tight = (bracket_stack(nets, effort) for effort in EFFORTS)
    rng = np.random.default_rng(0)
    for net, wide, close in zip(nets, fast, tight, strict=True):
        assert wide.lower <= close.lower <= close.upper <= wide.upper
        x = rng.standard_normal((20_000, widths[0])) * rng.choice([0.1, 1.0, 10.0], (20_000, 1))
        assert close.upper >= np.linalg.norm(net.gradients(x), 2, (1, 2)).max()


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e6])
def test_programs_realise_patterns_that_exist(scale):
    """The signs at a point are a pattern that exists; a unit without weights has no say."""
    rng, tried = np.random.default_rng(1), 0
    for seed in range(5):
        net = random_net((4, 9, 1), seed, scale=scale, bias=1e-3)
        net = net.replace(weights=[np.where(np.arange(9)[:, None] == 3, 0.0, net.weights[0]), net.weights[1]])
        batch = Batch.of([net])
        x = rng.standard_normal(4) * 1e-3 / scale
        z = net.weights[0] @ x + net.biases[0]
        signs = np.concatenate([[1.0], np.where(z > 0.0, 1.0, -1.0)])
        steep = np.linalg.norm(net.gradients(x[None]))
        distance = np.abs(z) / np.maximum(np.linalg.norm(net.weights[0], axis=1), 1e-300)
        if distance.min() < 2e-6 / scale:
            continue  # the cell is thinner than the margin
        tried += 1
        found = realise(batch, np.stack([signs, signs])[None])[0]
        assert np.array_equal(found[0], found[1])
        assert np.linalg.norm(net.gradients(found[:1])) == pytest.approx(steep, rel=1e-12)
    assert tried >= 3
    assert guides(batch)
    assert not guides(Batch.of([random_net((2, 30, 1), 0)]))
    assert not guides(Batch.of([random_net((4, 9, 1), 0, "tanh")]))


def test_half_as_many_inputs_as_units():
    """Where line scans alone stop short and programs do not: within the relaxation's own gap."""
    nets = [random_net((20, 50, 1), seed) for seed in range(3)]
    for found in bracket_stack(nets):
        assert found.lower >= 0.955 * found.upper


@pytest.mark.parametrize(("name", "share"), [("relu", 0.99), ("tanh", 0.96)])
def test_parts_of_a_sparse_network_are_steepest_together(name, share):
    """Fact 10: squares of the parts' gradients add, and the parts may sit at different points."""
    parts = [random_net((3, 5, 4, 1), seed, name) for seed in range(3)]
    blocks = [np.zeros((15, 10)), np.zeros((12, 15)), np.concatenate([p.weights[2] for p in parts], axis=1)]
    for i, part in enumerate(parts):
        blocks[0][5 * i : 5 * i + 5, 3 * i : 3 * i + 3] = part.weights[0]
        blocks[1][4 * i : 4 * i + 4, 5 * i : 5 * i + 5] = part.weights[1]
    biases = [np.concatenate([p.biases[i] for p in parts]) for i in range(2)]
    net = Network.from_arrays(list(zip(blocks, [*biases, np.zeros(1)], strict=True)), name)
    x = np.random.default_rng(0).standard_normal((20, 10)) * 2
    best = recombined(Batch.of([net]), x[None])[0]
    each = [np.linalg.norm(p.gradients(x[:, 3 * i : 3 * i + 3]), axis=(1, 2)) for i, p in enumerate(parts)]
    assert np.linalg.norm(net.gradients(best)) == pytest.approx(
        np.linalg.norm([n.max() for n in each]), rel=1e-12
    )
    found, alone = bracket(net), [bracket(p) for p in parts]
    assert found.upper == pytest.approx(np.linalg.norm([p.upper for p in alone]), rel=1e-6)
    assert found.lower >= share * np.linalg.norm([p.lower for p in alone])
    whole = recombined(Batch.of([parts[0]]), x[None, :, :3])[0]
    assert np.linalg.norm(parts[0].gradients(whole)) == pytest.approx(each[0].max(), rel=1e-12)


def test_multipliers_at_their_limit_leave_an_upper_end():
    """W_2 W_1 = 0: LipLT's multipliers make the inequality singular whatever rho is."""
    w1 = np.array([[0, 0, -1, 1, 0, 1], [0, 0, 1, -1, 0, -1]]) * 1e-6
    net = Network.from_arrays(
        [(w1, np.zeros(2)), (np.array([[1e-6, 1e-6], [0.0, 0.0]]), np.zeros(2))], activation="silu"
    )
    found = bracket(net, "fast")
    assert found.lower <= found.upper < 3e-12
    assert check(net, found).ok


def test_unsure_slopes_leave_room_to_who_checks():
    """At x = 0 every first unit is at its kink, and weights are of size 1e6: radii dwarf the rounding."""
    awkward = Layer(6, True, 7, False, 0, 1, 1.0, False)
    net = Recipe((3, 5, 2, 1, 1), "leaky_relu", (awkward, plain, plain, plain), 0).network()
    found = bracket(net, "fast")
    assert found.lower > 0.0
    assert not check(net, found).lower


SINGULAR = [
    Recipe(
        (6, 5, 3, 1),
        "tanh",
        (
            Layer(0, False, 7, True, 0, 1, 0.3, True),
            Layer(0, False, 7, True, 0, 1, 1.0, True),
            Layer(3, True, 10, True, -1, 0, 0.3, False),
        ),
        133,
    ),
    Recipe(
        (2, 1, 3, 1),
        "sigmoid",
        (plain, Layer(6, True, 7, True, -1, -1, -1.0, True), Layer(6, True, 7, True, -1, -1, -1.0, True)),
        1125,
    ),
]


@pytest.mark.parametrize("recipe", SINGULAR)
def test_a_nearly_singular_inequality_leaves_room_to_who_checks(recipe):
    found = bracket(recipe.network(), "fast")
    assert found.upper < np.inf
    assert check(recipe.network(), found).ok
