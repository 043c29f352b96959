"""Known mistakes of Lipschitz code, one test each; the numbers are those of the notes."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from lipschitz_oracles import EFFORTS, free_pattern_constant, random_net, shallow

from robustlaw.errors import NonFinite, ShapeMismatch, UnknownName
from robustlaw.evidence import Bracket
from robustlaw.lipschitz import bracket, bracket_stack, check
from robustlaw.lipschitz.attained import certified_norms
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.norms import chain_norms, liplt, product
from robustlaw.lipschitz.sector import Sector
from robustlaw.networks import ACTIVATIONS, Mlp, Network, Stack

RELU = Sector(0.0, 1.0)


def at(net, *points):
    return certified_norms(Batch.of([net]), np.array([points], dtype=float))[0]


def test_trap_1_every_upper_end_is_above_the_free_pattern_constant():
    nets = []
    for seed in range(200):
        rng = np.random.default_rng(seed)
        w = rng.standard_normal((5, 6)) + (2.0 * rng.standard_normal((1, 6)) if seed % 2 else 0.0)
        nets.append(shallow(w, rng.standard_normal((1, 5)), rng.standard_normal(5)))
    truths = [free_pattern_constant(*net.weights) for net in nets]
    for effort in EFFORTS:
        for found, truth in zip(bracket_stack(nets, effort), truths, strict=True):
            assert found.upper >= truth * (1 - 1e-12)


@pytest.mark.parametrize("hidden", [(32, 32), (32, 32, 32)])
def test_trap_2_the_first_layer_counts(hidden):
    net = random_net((10, *hidden, 1), 0)
    larger = net.replace(weights=[3.0 * net.weights[0], *net.weights[1:]])
    x = np.random.default_rng(0).standard_normal((500, 10)) * 5
    steepest = np.linalg.norm(larger.gradients(x), axis=(1, 2)).max()
    before, after = bracket(net, "fast"), bracket(larger, "fast")
    assert after.upper >= steepest
    assert after.upper == pytest.approx(3 * before.upper, rel=1e-11)


def test_trap_3_one_half_for_each_activation():
    net = random_net((6, 5, 1), 4)
    w, v = net.weights
    found = liplt(chain_norms([w[None], v[None]]), RELU)[0]
    truth = 0.5 * (np.linalg.norm(v @ w) + np.linalg.norm(v) * np.linalg.norm(w, 2))
    assert truth <= found * (1 + 1e-15)
    assert found == pytest.approx(truth, rel=1e-11)


def test_trap_4_spectral_not_frobenius():
    rows = np.linalg.qr(np.random.default_rng(0).standard_normal((12, 8)))[0].T
    v = np.ones((1, 8))
    assert product(chain_norms([rows[None], v[None]]), RELU)[0] == pytest.approx(8**0.5, rel=1e-11)


def test_trap_5_unreachable_patterns_are_no_lower_bound():
    for effort in EFFORTS:
        found = bracket(shallow([[1], [-1]], [1, -1]), effort)
        assert 1 - 1e-12 <= found.lower <= 1.0
        assert found.upper >= 2.0


def test_trap_6_zero_rows_and_columns_change_nothing():
    rng = np.random.default_rng(2)
    w1, w2, w3 = rng.standard_normal((5, 4)), rng.standard_normal((4, 5)), rng.standard_normal((1, 4))
    plain = Network.from_arrays(
        [(w1, rng.standard_normal(5)), (w2, rng.standard_normal(4)), (w3, np.zeros(1))]
    )
    big = [np.zeros((8, 6)), np.zeros((7, 8)), np.zeros((1, 7))]
    big[0][:5, :4], big[1][:4, :5], big[2][:, :4] = w1, w2, w3
    big[0][6] = 1.0  # leads nowhere
    big[1][5, 7] = 2.0  # comes from a constant unit
    big[2][0, 5] = 9.0
    biases = [np.ones(8), np.ones(7), np.ones(1)]
    biases[0][:5], biases[1][:4] = plain.biases[0], plain.biases[1]
    padded = Network.from_arrays(list(zip(big, biases, strict=True)))
    for effort in EFFORTS:
        assert bracket(padded, effort).upper == pytest.approx(bracket(plain, effort).upper, rel=1e-11)
    assert bracket(padded).lower > 0.8 * bracket(plain).lower
    shallow_net = shallow(
        rng.standard_normal((6, 3)) * (np.arange(6) % 2)[:, None], np.ones((1, 6)), np.ones(6)
    )
    kept = shallow(shallow_net.weights[0][1::2], np.ones((1, 3)), np.ones(3))
    assert bracket(shallow_net).upper == pytest.approx(bracket(kept).upper, rel=1e-7)


def test_trap_6_an_empty_layer_and_a_single_weight():
    empty = Network.from_arrays(
        [(np.ones((3, 2)), np.ones(3)), (np.zeros((3, 3)), np.ones(3)), (np.ones((1, 3)), [1.0])]
    )
    assert bracket(empty).upper == 0.0
    one = Network.from_arrays(
        [(np.diag([3.0, 0.0]), np.zeros(2)), (np.diag([-2.0, 0.0]), np.ones(2)), ([[5.0, 0.0]], [0.0])]
    )
    found = bracket(one)
    assert found.lower == pytest.approx(30.0, rel=1e-12)
    assert found.upper == pytest.approx(30.0, rel=1e-9)


@pytest.mark.parametrize("powers", [(1e3, 1e-6, 1e3), (1e6, 1.0, 1e-6), (2.0**40, 2.0**-20, 2.0**-20)])
def test_trap_8_badly_scaled_layers(powers):
    net = random_net((6, 8, 7, 1), 3, bias=0.0)
    scaled = net.replace(weights=[w * s for w, s in zip(net.weights, powers, strict=True)])
    unit = random_net((6, 8, 7, 1), 3, bias=0.0)
    for effort in EFFORTS:
        found, plain = bracket(scaled, effort), bracket(unit, effort)
        assert found.upper == pytest.approx(plain.upper, rel=1e-8)
        assert "inf" not in str(found.upper)


def test_trap_8_badly_scaled_units():
    net = random_net((6, 8, 1), 3)
    factors = 10.0 ** np.linspace(-6, 6, 8)
    scaled = Network.from_arrays(
        [
            (net.weights[0] * factors[:, None], net.biases[0] * factors),
            (net.weights[1] / factors, net.biases[1]),
        ]
    )
    assert bracket(scaled).upper == pytest.approx(bracket(net).upper, rel=1e-7)
    assert bracket(scaled).lower == pytest.approx(bracket(net).lower, rel=1e-9)


def test_trap_10_a_witness_on_a_kink_counts_for_no_more_than_its_flatter_side():
    net = shallow([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0])
    values = at(net, [1.0, 0.0], [0.0, -3.0], [1.0, 1.0], [1.0, -1.0])
    assert values[0] <= 1.0
    assert values[1] == 0.0
    assert values[2:] == pytest.approx([2**0.5, 1.0], rel=1e-14)
    # A sign that only rounding decides: 0.1 + 0.2 - 0.3 is not zero in float64.
    unsure = shallow([[0.1, 0.2, -0.3]], [1.0])
    assert at(unsure, [1.0, 1.0, 1.0])[0] == 0.0


def test_trap_10_a_dead_unit_does_not_veto():
    net = shallow([[1.0, 0.0], [0.0, 0.0], [0.0, 5.0]], [1.0, 7.0, 0.0])
    assert at(net, [1.0, 0.0])[0] == pytest.approx(1.0, rel=1e-14)
    deep = Network.from_arrays(
        [(np.diag([1.0, 0.0]), np.zeros(2)), (np.diag([1.0, 4.0]), np.zeros(2)), ([[1.0, 1.0]], [0.0])]
    )
    assert at(deep, [1.0, 0.0])[0] == pytest.approx(1.0, rel=1e-14)


def test_trap_10_a_unit_that_is_constant_near_a_point_does_not_veto():
    """|x| of two layers without biases: everywhere one deep unit is fed by nothing that is on."""
    twice = Network.from_arrays(
        [(np.array([[1.0], [-1.0]]), np.zeros(2)), (np.eye(2), np.zeros(2)), (np.ones((1, 2)), np.zeros(1))]
    )
    assert at(twice, [2.0], [-3.0]) == pytest.approx([1.0, 1.0], rel=1e-14)
    assert at(twice, [0.0])[0] == 0.0
    for effort in EFFORTS:
        found = bracket(twice, effort)
        assert found.lower >= 1 - 1e-12
        assert check(twice, found).ok
    claim = Bracket(1 - 1e-12, np.inf, witness=(2.0,))
    assert check(twice, claim).ok
    assert not check(twice, replace(claim, witness=(0.0,))).ok
    leaky = Network.from_arrays(list(twice.layers), "leaky_relu")
    assert at(leaky, [2.0])[0] <= 1.0 + 0.01**2


def test_trap_10_a_kink_that_only_feeds_what_is_off_does_not_veto():
    layers = [(np.eye(2), np.zeros(2)), (np.eye(2), np.array([0.0, -10.0])), (np.ones((1, 2)), np.zeros(1))]
    net = Network.from_arrays(layers)
    assert at(net, [1.0, 0.0])[0] == pytest.approx(1.0, rel=1e-14)
    assert check(net, Bracket(1 - 1e-12, np.inf, witness=(1.0, 0.0))).ok
    awake = net.replace(biases=[np.zeros(2), np.array([0.0, 10.0]), np.zeros(1)])
    assert at(awake, [1.0, 0.0])[0] <= 1.0
    assert not check(awake, Bracket(1.001, np.inf, witness=(1.0, 0.0))).ok


def test_a_sum_that_overflows_has_no_certain_sign():
    """The pre-activation is -0.1e308 and not the infinity that two of its terms add up to."""
    net = shallow([[1.0, 1.0, -2.1]], [1.0])
    x = (1e308, 1e308, 1e308)
    assert not check(net, Bracket(1.0, np.inf, witness=x)).ok
    assert at(net, x)[0] == 0.0


def test_trap_12_steep_cells_are_found_far_away():
    assert bracket(shallow([[1.0, 0.0]], [1.0], [-1e3])).lower == pytest.approx(1.0, rel=1e-12)
    # Both units are on only far out to the right; at the origin the gradient is 0.
    net = shallow([[1.0, 0.1], [1.0, -0.1]], [1.0, 1.0], [-1e4, -1e4])
    assert bracket(net).lower == pytest.approx(2.0, rel=1e-12)


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("effort", EFFORTS)
def test_trap_14_the_range_of_slopes(name, effort):
    """One unit: Lip = |v| |w| sup |phi'|, the supremum found by a fine grid."""
    act = ACTIVATIONS[name]
    steepest = np.abs(act.slope(np.linspace(-40, 40, 800_001))).max()
    found = bracket(shallow([[3.0, -4.0]], [-2.0], [0.3], name), effort)
    assert found.upper >= 10.0 * steepest * (1 - 1e-12)
    assert found.lower <= 10.0 * steepest * (1 + 1e-9)
    assert found.upper <= 10.0 * steepest * (1 + 1e-5)
    if effort == "tight":
        assert found.lower >= 10.0 * steepest * (1 - 1e-4)


def test_trap_14_negative_slopes_need_their_own_bound():
    """A GELU pair that is steeper than any bound for slopes in [0, 1] says."""
    found = bracket(shallow([[1.0], [-1.0]], [1.0, -1.0], [2**0.5, 2**0.5], "gelu"))
    assert found.lower > 2.0 * 1.1289
    assert found.upper >= found.lower


def test_trap_15_biases_do_not_move_upper_ends():
    for widths in ((5, 7, 1), (5, 6, 7, 2)):
        net = random_net(widths, 1)
        moved = net.replace(biases=[b * 10 + 1 for b in net.biases])
        for effort in EFFORTS:
            assert bracket(net, effort).upper == bracket(moved, effort).upper


@pytest.mark.parametrize("widths", [(5, 7, 1), (4, 6, 5, 2)])
def test_trap_19_float32_and_float64_agree(widths):
    net = random_net(widths, 8)
    narrow = [(w.astype(np.float32), b.astype(np.float32)) for w, b in net.layers]
    wide = [(w.astype(np.float64), b.astype(np.float64)) for w, b in narrow]
    for effort in EFFORTS:
        first, second = (bracket(Network.from_arrays(layers), effort) for layers in (narrow, wide))
        assert first == second


def test_a_stack_gives_what_its_networks_give():
    torch.manual_seed(0)
    arch = Mlp((6, 5, 4, 1))
    weights = tuple(torch.randn(4, *shape) for shape in arch.shapes)
    weights[0][1] = 0.0  # a dead network among the living
    biases = tuple(torch.randn(4, shape[0]) for shape in arch.shapes)
    stack = Stack(arch, weights, biases, tuple(torch.ones_like(w, dtype=torch.bool) for w in weights))
    for effort in EFFORTS:
        together = bracket_stack(stack, effort)
        for net, found in zip(stack, together, strict=True):
            alone = bracket(net, effort)
            assert found.upper == pytest.approx(alone.upper, rel=1e-9)
            assert found.lower == pytest.approx(alone.lower, rel=1e-9)
        assert together[1].upper == 0.0
    assert bracket_stack([]) == []


def test_mixed_shapes_keep_their_order():
    nets = [
        random_net((3, 4, 1), 0),
        random_net((2, 5, 1), 1),
        random_net((3, 4, 1), 2),
        random_net((3, 1), 3),
    ]
    for net, found in zip(nets, bracket_stack(nets), strict=True):
        assert found.upper == pytest.approx(bracket(net).upper, rel=1e-9)


def test_wrong_use_is_named():
    net = random_net((3, 4, 1), 0)
    with pytest.raises(UnknownName, match="effort"):
        bracket(net, "exat")
    with pytest.raises(ShapeMismatch, match="points"):
        bracket(net, points=np.zeros((2, 4)))
    with pytest.raises(NonFinite, match="points"):
        bracket(net, points=np.full((2, 3), np.nan))


def test_the_method_says_which_semidefinite_search_it_was():
    assert "Newton" in bracket(random_net((3, 4, 4, 1), 0)).method
    assert "mixing" in bracket(random_net((3, 4, 1), 0)).method
    assert "Neuron" not in bracket(random_net((3, 4, 4, 1), 0), "fast").method


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
@pytest.mark.parametrize("scale", [1e-150, 1e-30, 1e30, 1e100])
def test_overflow_and_underflow_are_not_gradients(name, scale):
    """A forward pass that overflows once made the lower end the largest float."""
    for seed in range(4):
        for widths in ((3, 4, 1), (2, 3, 3), (3, 4, 3, 2), (2, 2, 2, 2, 2)):
            net = random_net(widths, seed, name, scale=scale)
            for effort in EFFORTS:
                found = bracket(net, effort)
                assert 0.0 <= found.lower <= found.upper
                if found.witness is not None:
                    with np.errstate(all="ignore"):
                        gradient = net.gradients(np.array([found.witness]))[0]
                    size = np.linalg.norm(gradient / scale ** (len(widths) - 1), 2)
                    assert np.isfinite(gradient).all()
                    assert found.lower / scale ** (len(widths) - 1) <= size * (1 + 1e-9)


def test_ties_within_a_batch_do_not_hide_a_failure():
    """A network on which nothing is proved keeps the product bound; its neighbours lose nothing."""
    good = random_net((4, 5, 5, 1), 0)
    wild = good.replace(weights=[w * np.where(np.arange(w.shape[1]) % 2, 1e-140, 1.0) for w in good.weights])
    alone = bracket(good, "fast").upper
    together = bracket_stack([good, wild, good], "fast")
    assert together[0].upper == pytest.approx(alone, rel=1e-9)
    assert together[2].upper == pytest.approx(alone, rel=1e-9)
    assert np.isfinite(together[1].upper)
