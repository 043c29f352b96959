"""Edges of arrangements: the constant is the brute force's, in degenerate position too."""

import time
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import exact_shallow, random_net, shallow

from robustlaw.evidence import Certificate
from robustlaw.lipschitz import bracket, check
from robustlaw.lipschitz.exact import shallow as by_patterns
from robustlaw.lipschitz.exact.cells import Cells
from robustlaw.lipschitz.exact.edge_exact import cofactors, independent_columns
from robustlaw.lipschitz.exact.edges import Arrangement, Edges
from robustlaw.lipschitz.exact.model import Model
from robustlaw.networks import Network, activation

# The linear programs of the brute force decide up to 1e-8; the rung itself has no tolerance.
ORACLE, ROUNDING = 1e-9, 1e-10

entries = st.integers(-2, 2).map(float) | st.floats(-3.0, 3.0).filter(lambda x: abs(x) > 1e-3)


@st.composite
def arrangements(draw):
    """Few hyperplanes, often through one point or along one line, some of them twice."""
    d, h = draw(st.integers(1, 4)), draw(st.integers(1, 6))
    rows = draw(st.lists(st.lists(entries, min_size=d + 1, max_size=d + 1), min_size=h, max_size=h))
    table = np.array(rows)
    if draw(st.booleans()):
        table[:, d] = 0.0
    for twin in draw(st.lists(st.tuples(*[st.integers(0, h - 1)] * 2), max_size=2)):
        table[twin[0]] = draw(st.sampled_from([1.0, -1.0, 2.0, -0.25])) * table[twin[1]]
    v = draw(st.lists(entries, min_size=h, max_size=h))
    name = draw(st.sampled_from(["relu", "leaky_relu"]))
    return table[:, :d], v, table[:, d], name


def walked(net, attained=0.0):
    planes = Arrangement.of(Model.of(net))
    assert planes is not None
    edges = Edges(planes, attained, time.monotonic() + 60.0)
    assert edges.run()
    return edges


def claim(net, edges):
    return replace(bracket(net, "fast"), lower=0.0, upper=edges.upper(), certificate=edges.certificate())


@given(arrangements())
@settings(max_examples=150, deadline=None)
def test_every_gradient_is_met_and_no_other(arrays):
    net = shallow(*arrays)
    truth = exact_shallow(net, activation(net.arch.activation).slope_low)
    if truth == 0.0 and not Model.of(net).open_units.any():
        return
    edges = walked(net)
    size = max(truth, ORACLE * float(np.abs(net.weights[1][0]) @ np.linalg.norm(net.weights[0], axis=1)))
    # where units cancel the truth is 0, and the rounding of the planes is all that is left
    rounding = 2.0 * float(np.ldexp(edges.planes.slack, edges.model.exponent))
    assert abs(edges.upper() - truth) <= max(ORACLE * size, rounding)
    assert abs(edges.attained - truth) <= ORACLE * size
    found = claim(net, edges)
    assert check(net, found).upper == ""
    assert truth == 0.0 or check(net, replace(found, upper=truth * (1.0 - 1e-6))).upper


@pytest.mark.parametrize(("d", "h", "density"), [(3, 14, 1.0), (4, 12, 0.5), (5, 11, 1.0), (6, 10, 1.0)])
def test_same_as_branch_and_bound(d, h, density):
    for seed in range(4):
        net = random_net((d, h, 1), seed, density=density, bias=float(seed % 2))
        model = Model.of(net)
        state, root = by_patterns.search(model, Cells(model), 0.0, 1e-9, time.monotonic() + 60.0)
        edges = walked(net)
        assert edges.upper() == pytest.approx(state.upper(root), rel=2e-9)
        assert edges.attained == pytest.approx(edges.upper(), rel=ROUNDING)
        assert check(net, claim(net, edges)).upper == ""


def test_the_rung_uses_edges_and_its_bracket_checks():
    net = random_net((3, 40, 1), 0)
    found = bracket(net, "exact", tolerance=1e-9)
    assert "enumeration of edges (780 lines)" in found.method
    assert found.upper <= found.lower * (1.0 + ROUNDING)
    assert check(net, found).ok
    assert not check(net, replace(found, upper=found.lower * (1.0 - 1e-9), lower=0.0)).ok


def test_inputs_beyond_the_rank_are_left_out():
    rng = np.random.default_rng(3)
    low, b, v = rng.integers(-3, 4, (8, 3)).astype(float), rng.standard_normal(8), rng.standard_normal(8)
    mixed = low @ rng.integers(-2, 3, (3, 7)).astype(float)
    net = shallow(mixed, v, b)
    assert Arrangement.of(Model.of(net)).rank == 3
    edges = walked(net)
    assert edges.upper() == pytest.approx(exact_shallow(net), rel=ORACLE)
    assert check(net, claim(net, edges)).upper == ""


def test_many_planes_through_one_line():
    """Eight planes contain the third axis: as many cells around it as half planes, not 2^8."""
    angle = np.arange(8) * 0.3
    w = np.column_stack([np.cos(angle), np.sin(angle), np.zeros(8)])
    net = shallow([*w, [0.0, 0.0, 1.0]], np.append((-1.0) ** np.arange(8), 0.5))
    edges = walked(net)
    assert edges.upper() == pytest.approx(exact_shallow(net), rel=ORACLE)
    assert check(net, claim(net, edges)).upper == ""


def test_time_that_is_up_proves_nothing():
    planes = Arrangement.of(Model.of(random_net((4, 20, 1), 1)))
    assert not Edges(planes, 0.0, time.monotonic() - 1.0).run()


def test_weights_of_very_different_size_are_left_to_others():
    net = shallow([[1e-14, 1.0, 0.0], [1.0, 0.0, 1e-16], [0.0, 1.0, 1.0]], [1.0, -1.0, 1.0])
    assert Arrangement.of(Model.of(net)) is None
    found = replace(bracket(net, "fast"), certificate=Certificate("edges", {}))
    assert "different size" in check(net, found).upper


def test_the_proof_speaks_of_one_kind_of_network_only():
    for net in (random_net((3, 4, 2), 0), random_net((3, 4, 1), 0, "tanh"), random_net((3, 4, 3, 1), 0)):
        found = replace(bracket(net, "fast"), certificate=Certificate("edges", {}))
        assert "one hidden layer" in check(net, found).upper


@given(st.integers(1, 5), st.integers(0, 10**6))
def test_cofactors_are_determinants(n, seed):
    rows = np.random.default_rng(seed).integers(-5, 6, (n, n))
    form = cofactors([[int(x) for x in row] for row in rows[:-1]], n)
    assert float(np.dot(form, rows[-1])) == pytest.approx(np.linalg.det(rows), abs=1e-6)


@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 2), st.integers(0, 10**6))
def test_chosen_columns_span(rows, columns, rank, seed):
    rng = np.random.default_rng(seed)
    matrix = rng.integers(-3, 4, (rows, rank)) @ rng.integers(-3, 4, (rank, columns))
    chosen = independent_columns(matrix.astype(object))
    assert len(chosen) == np.linalg.matrix_rank(matrix[:, chosen]) == np.linalg.matrix_rank(matrix)


def test_brute_force_over_signs_agrees_where_rows_are_independent():
    rng = np.random.default_rng(0)
    w, v = rng.standard_normal((3, 3)), rng.standard_normal(3)
    net = Network.from_arrays([(w, rng.standard_normal(3)), (v[None], [0.0])])
    truth = max(np.linalg.norm((v * np.array(s)) @ w) for s in product((0.0, 1.0), repeat=3))
    assert walked(net).upper() == pytest.approx(truth, rel=ROUNDING)
