"""Published values and closed forms."""

from pathlib import Path

import numpy as np
import pytest
from lipschitz_oracles import random_net, shallow

from robustlaw.lipschitz import bracket
from robustlaw.lipschitz.batch import Batch
from robustlaw.lipschitz.eclipse import fast
from robustlaw.lipschitz.lmi import proved_rho
from robustlaw.lipschitz.norms import chain_norms, liplt, product
from robustlaw.lipschitz.sector import Sector
from robustlaw.networks import Network

FOLDER = Path(__file__).parent / "reference"
RELU = Sector(0.0, 1.0)


def load(name):
    with np.load(FOLDER / f"{name}.npz", allow_pickle=False) as arrays:
        count = sum(key.startswith("W") for key in arrays)
        return Network.from_arrays(
            [
                (arrays[f"W{i}"], arrays[f"b{i}"] if f"b{i}" in arrays else np.zeros(len(arrays[f"W{i}"])))
                for i in range(1, count + 1)
            ]
        )


# LipSDP-Layer, the best of all bounds with one multiplier a layer, by a conic solver.
LAYER = {
    "exlipbab_iris_4x6x6x3": 12.81272,
    "exlipbab_abalone_9x16x16x1": 12.32523,
    "exlipbab_wine_11x12x12x1": 2.83177,
    "lipsdp_random_2x10x30x20x2": 39.838623,
}


def rungs(net):
    weights = [w[None] for w in net.weights]
    table = chain_norms(weights)
    rho = proved_rho(weights, RELU, fast(weights, RELU, table[1, 1]))
    return float(np.sqrt(rho[0])), float(liplt(table, RELU)[0]), float(product(table, RELU)[0])


@pytest.mark.parametrize(
    ("name", "exact", "neuron", "values"),
    [
        ("exlipbab_iris_4x6x6x3", 11.634355134114875, 11.635340, (13.014834951, 14.329921136, 17.081988066)),
        (
            "exlipbab_abalone_9x16x16x1",
            11.121602332235268,
            11.225478,
            (12.455625048, 12.683867992, 14.265094591),
        ),
        ("exlipbab_wine_11x12x12x1", 1.7433699967107172, 1.846913, (3.665103599, 3.375454709, 5.861567548)),
        (
            "lipsdp_random_2x10x30x20x2",
            36.48222959637795,
            36.482230,
            (39.901499999, 39.860915611, 43.305573719),
        ),
    ],
)
def test_published_networks(name, exact, neuron, values):
    net = load(name)
    assert rungs(net) == pytest.approx(values, rel=1e-8)
    for effort in ("fast", "tight"):
        found = bracket(net, effort)
        assert found.lower <= exact * (1 + 1e-12) <= found.upper * (1 + 2e-12)
        if effort == "fast":  # one multiplier a layer, no worse than the closed forms
            assert LAYER[name] * (1 - 1e-6) <= found.upper <= min(values) * (1 + 1e-9)
    assert found.upper == pytest.approx(neuron, rel=1e-6)
    assert found.lower >= 0.9 * exact


@pytest.mark.parametrize(
    ("net", "exact", "neuron", "values"),
    [
        (shallow([[1], [-1]], [1, 1]), 1.0, 1.0, (2**0.5, 1.0, 2.0)),
        (shallow([[1], [-1]], [1, -1]), 1.0, 2.0, (2.0, 2.0, 2.0)),
        (shallow([[1], [-1]], [1, -1], [1, 1]), 2.0, 2.0, (2.0, 2.0, 2.0)),
        (shallow([[1], [1], [1]], [1, -2, 1], [1, 0, -1]), 1.0, 2.0, (3.0, 3 / 2**0.5, 3 * 2**0.5)),
    ],
)
def test_closed_forms(net, exact, neuron, values):
    assert rungs(net) == pytest.approx(values, rel=1e-10)
    found = bracket(net)
    assert found.lower == pytest.approx(exact, rel=1e-12)
    assert found.upper == pytest.approx(neuron, rel=1e-6)


def test_orthonormal_rows_make_every_bound_equal():
    rows = np.linalg.qr(np.random.default_rng(0).standard_normal((9, 5)))[0].T
    v = np.random.default_rng(1).standard_normal((1, 5))
    net = shallow(rows, v)
    assert rungs(net) == pytest.approx([np.linalg.norm(v)] * 3, rel=1e-10)
    # every unit with its own input: the best pattern has all units on
    assert bracket(net).lower == pytest.approx(np.linalg.norm(v), rel=1e-12)


def test_non_negative_weights_meet():
    rng = np.random.default_rng(5)
    w, v = rng.random((8, 4)), rng.random((1, 8))
    found = bracket(shallow(w, v, rng.standard_normal(8)))
    assert found.lower == pytest.approx(np.linalg.norm(v @ w), rel=1e-12)
    assert found.upper == pytest.approx(np.linalg.norm(v @ w), rel=1e-7)


@pytest.mark.parametrize("hidden", [(5,), (5, 4), (4, 5, 3), (4, 3, 4, 3)])
@pytest.mark.parametrize("slopes", [Sector(0.0, 1.0), Sector(-0.1, 1.1), Sector(0.01, 1.0)])
def test_liplt_is_the_sum_over_all_cuts(hidden, slopes):
    """Combettes and Pesquet: each activation is either c times the identity or a cut of weight r."""
    net = random_net((6, *hidden, 2), 7)
    depth = len(hidden)
    total = 0.0
    for cuts in range(2**depth):
        term, chain = 1.0, net.weights[0]
        for i in range(depth):
            if cuts >> i & 1:
                term, chain = term * slopes.radius * np.linalg.norm(chain, 2), net.weights[i + 1]
            else:
                chain = slopes.centre * net.weights[i + 1] @ chain
        total += term * np.linalg.norm(chain, 2)
    found = liplt(chain_norms([w[None] for w in net.weights]), slopes)[0]
    assert total * (1 - 1e-14) <= found <= total * (1 + 1e-11)


def test_fast_is_below_the_product_for_every_slope_interval():
    for seed in range(10):
        net = random_net((4, 6, 5, 2), seed)
        weights = [w[None] for w in net.weights]
        table = chain_norms(weights)
        for slopes in (RELU, Sector(-0.13, 1.13), Sector(0.01, 1.0), Sector(0.0, 0.25)):
            rho = proved_rho(weights, slopes, fast(weights, slopes, table[1, 1]))[0]
            assert np.sqrt(rho) <= product(table, slopes)[0] * (1 + 1e-9)


def test_a_dead_network_is_a_constant():
    net = shallow([[1.0, 2.0], [0.0, 0.0]], [0.0, 3.0], [1.0, 1.0])
    found = bracket(net, "fast")
    assert (found.lower, found.upper) == (0.0, 0.0)
    assert Batch.of([net]).is_constant.all()
