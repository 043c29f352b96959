"""The checker: what it has to believe, what it must not, and what it may not import."""

import ast
import time
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from lipschitz_oracles import is_positive_exactly, multiplier_matrix, random_net, shallow

import robustlaw.lipschitz
from robustlaw.evidence import Bracket, Certificate
from robustlaw.lipschitz import bracket, check
from robustlaw.lipschitz.certificate import inequality, prove_positive
from robustlaw.networks import ACTIVATIONS, Network

ROOM = Path(robustlaw.lipschitz.__file__).parent
CHECKER = ("certificate", "certificate_linear", "certificate_linf", "certificate_merged", "certificate_tree")


def is_positive(s, doubt):
    try:
        with np.errstate(all="ignore"):
            prove_positive(s, doubt)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("name", CHECKER)
def test_the_checker_shares_no_code_with_the_search(name):
    text = (ROOM / f"{name}.py").read_text()
    assert len(text.splitlines()) < (200 if name == "certificate_tree" else 150)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            assert name != "certificate", "the file that is read first stands alone"
            assert node.module == "certificate"
        if isinstance(node, ast.ImportFrom) and node.level == 2:
            assert node.module in ("evidence", "networks")


def test_the_file_is_also_the_way_to_call_it():
    net = random_net((4, 6, 1), 0)
    assert robustlaw.lipschitz.certificate.check(net, bracket(net)) == check(net, bracket(net))
    assert check is robustlaw.lipschitz.certificate.check


@given(
    st.sampled_from([(3, 3, 1), (5, 2, 1), (2, 3, 2, 1), (4, 2, 2, 2)]),
    st.integers(0, 999),
    st.sampled_from(["relu", "leaky_relu", "gelu"]),
    st.integers(2, 14),
)
@settings(max_examples=60)
def test_what_is_believed_of_multipliers_holds_in_exact_arithmetic(widths, seed, name, digits):
    """Claims a little above and a little below what is true, by changed multipliers and a changed rho."""
    rng, net = np.random.default_rng(seed), random_net(widths, seed, name)
    found = bracket(net, "fast")
    numbers = found.certificate.numbers
    lam = np.array(numbers["multipliers"]) * (1 + rng.uniform(-1, 1, sum(widths[1:-1])) * 10.0**-digits)
    rho = numbers["rho"][0] * (1 + rng.uniform(-1, 1) * 10.0**-digits)
    proof = Certificate("multipliers", {**numbers, "multipliers": tuple(lam), "rho": (rho,)})
    claim = replace(found, upper=found.upper * (1 + 1e-1), certificate=proof)
    true = is_positive_exactly(multiplier_matrix(net, proof, rho))
    assert true or not check(net, claim).ok
    generous = replace(claim, certificate=Certificate("multipliers", {**proof.numbers, "rho": (rho * 1.01,)}))
    assert check(net, generous).ok or not is_positive_exactly(multiplier_matrix(net, proof, rho * 1.0099))


@pytest.mark.parametrize("name", ["relu", "leaky_relu", "gelu"])
@pytest.mark.parametrize("widths", [(4, 6, 1), (9, 3, 1), (3, 4, 3, 2)])
@pytest.mark.parametrize("effort", ["fast", "tight"])
def test_small_lies_are_found(name, widths, effort):
    net = random_net(widths, 5, name)
    found = bracket(net, effort)
    numbers = found.certificate.numbers
    assert check(net, found).ok

    def refused(network=net, **changes):
        return not check(network, replace(found, **changes)).ok

    def proof(**changed):
        return Certificate(found.certificate.kind, {**numbers, **changed})

    # at the optimum of the multipliers nothing less is proved, and in closed form hardly less
    assert refused(upper=found.upper * (1 - 1e-6), lower=min(found.lower, found.upper * (1 - 1e-6)))
    steep = np.linalg.norm(net.gradients(np.array([found.witness]))[0], 2)
    assert refused(lower=max(steep, found.lower) * (1 + 1e-6), upper=2 * found.upper)
    assert refused(certificate=proof(slope_high=(numbers["slope_high"][0] * (1 - 1e-9),)))
    assert refused(certificate=proof(slope_low=(numbers["slope_low"][0] + 1e-9,)))
    assert refused(certificate=proof(rho=(-numbers["rho"][0],)))
    assert refused(certificate=proof(rho=(found.upper**2 * (1 + 1e-12),)))
    for k in range(len(numbers["multipliers"])):
        for factor in (-1.0, 0.0, np.inf, np.nan, 1e-3, 1e3):
            other = list(numbers["multipliers"])
            other[k] *= factor
            assert refused(certificate=proof(multipliers=tuple(other)))
    assert refused(certificate=proof(multipliers=numbers["multipliers"][:1]))
    assert refused(net.replace(weights=[net.weights[0] * (1 + 1e-6), *net.weights[1:]]))
    assert refused(net.replace(weights=[*net.weights[:-1], net.weights[-1] * (1 - 1e-6)]))


@pytest.mark.parametrize("effort", ["fast", "tight"])
@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_bracket_is_proved_again(name, effort):
    for widths in [(3, 2), (20, 7, 1), (2, 30, 1), (4, 4, 3, 1), (5, 3, 3, 2), (2, 4, 2, 3, 1), (6, 5, 4)]:
        for density in (1.0, 0.4):
            net = random_net(widths, 1, name, density=density)
            assert check(net, bracket(net, effort)).reasons == ()


@pytest.mark.parametrize("scales", [(1e3, 1e-6, 1e3), (1e-6, 1e6, 1.0), (1e6, 1e6, 1e6)])
def test_trap_8_scales_of_layers_cost_the_check_nothing(scales):
    net = random_net((6, 8, 5, 1), 3)
    scaled = net.replace(weights=[w * s for w, s in zip(net.weights, scales, strict=True)])
    for n in (net, scaled):
        assert check(n, bracket(n, "fast")).ok
    shallow_net = random_net((6, 9, 1), 3)
    moved = shallow_net.replace(weights=[shallow_net.weights[0] * 1e6, shallow_net.weights[1] * 1e-6])
    found = bracket(moved)
    assert check(moved, found).ok
    assert found.upper == pytest.approx(bracket(shallow_net).upper, rel=1e-8)


def test_trap_9_one_percent_less_of_a_multiplier_proves_nothing_at_the_optimum():
    net = random_net((6, 9, 1), 4)
    found = bracket(net)
    lam = np.array(found.certificate.numbers["multipliers"])
    for k in range(len(lam)):
        for factor in (0.99, 1.01):
            other = lam.copy()
            other[k] *= factor
            proof = Certificate("multipliers", {**found.certificate.numbers, "multipliers": tuple(other)})
            exact = is_positive_exactly(multiplier_matrix(net, proof, proof.numbers["rho"][0]))
            assert check(net, replace(found, certificate=proof)).ok == exact
    rho = (found.certificate.numbers["rho"][0] * (1 - 1e-6),)
    lower_rho = Certificate("multipliers", {**found.certificate.numbers, "rho": rho})
    assert not check(net, replace(found, certificate=lower_rho)).ok


def test_trap_10_kinks_are_refused_and_dead_units_are_not():
    net = shallow([[1.0, 0.0], [0.0, 1.0]], [1.0, 1.0])
    good = replace(bracket(net), lower=1 - 1e-12, upper=float("inf"))
    assert check(net, replace(good, witness=(1.0, -1.0))).ok
    assert not check(net, replace(good, witness=(1.0, 0.0))).ok
    assert not check(net, replace(good, witness=(-1.0, -1.0))).ok
    dead = shallow([[1.0, 0.0], [0.0, 0.0]], [1.0, 5.0])
    assert check(dead, replace(good, lower=1 - 1e-12, witness=(1.0, 0.0))).ok


def test_trap_11_the_witness_is_a_point_of_the_original_inputs():
    net = random_net((30, 4, 1), 0)
    found = bracket(net)
    assert len(found.witness) == 30
    assert check(net, found).ok
    assert "30 numbers" in check(net, replace(found, witness=found.witness[:4])).lower


def test_trap_19_float32_weights_give_the_same_bracket():
    layers = [(w.astype(np.float32), b.astype(np.float32)) for w, b in random_net((4, 6, 1), 0).layers]
    narrow = Network.from_arrays(layers)
    wide = Network.from_arrays([(w.astype(np.float64), b.astype(np.float64)) for w, b in layers])
    assert bracket(narrow) == bracket(wide)
    assert check(narrow, bracket(wide)).ok


def test_claims_about_another_network_are_refused():
    net, other = random_net((4, 6, 1), 0), random_net((4, 6, 1), 1)
    assert check(net, bracket(net)).ok
    assert not check(other, bracket(net)).ok
    assert not check(net.replace(weights=[net.weights[0] * 1.001, net.weights[1]]), bracket(net)).ok
    assert not check(random_net((4, 7, 1), 0), bracket(net)).ok
    leaky = Network.from_arrays(list(net.layers), "gelu")
    assert "slopes" in check(leaky, bracket(net)).upper


@pytest.mark.parametrize(
    "claim",
    [
        Bracket(-2.0, -1.0),
        Bracket(0.0, 1e9),
        Bracket(0.0, 1e9, certificate=Certificate("of the heart")),
        Bracket(0.0, 1e9, certificate=Certificate("multipliers")),
        Bracket(0.0, 1e9, certificate=Certificate("norm product", {"norms": (1.0,)})),
        Bracket(1.0, float("inf")),
        Bracket(1.0, float("inf"), witness=(float("nan"),) * 4),
        Bracket(1.0, float("inf"), witness=(1e308,) * 4),
        Bracket(float("inf"), float("inf"), witness=(1.0,) * 4),
    ],
)
def test_empty_and_broken_claims_are_refused(claim):
    assert not check(random_net((4, 6, 1), 0), claim).ok


def test_trivial_claims_hold():
    net = random_net((4, 6, 1), 0)
    assert check(net, Bracket(0.0, float("inf"))).ok
    assert check(shallow([[0.0]], [1.0]), Bracket.exact(0.0)).ok
    assert not check(shallow([[0.0]], [1.0]), Bracket(-2.0, -1.0)).ok


def test_positivity_is_right_next_to_the_boundary():
    """Against exact arithmetic: never yes where the answer is no, and yes with a little room."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        a = rng.standard_normal((5, 5)) * 10.0 ** rng.integers(-4, 5, 5)[:, None]
        s = a @ np.diag([1.0, 1.0, 1.0, 1.0, 0.0]) @ a.T
        s = 0.5 * (s + s.T)
        size = np.diag(np.diag(s))
        for push in (-1e-10, -1e-15, 0.0, 1e-15, 1e-10):
            m = s + push * size
            exact = is_positive_exactly([[Fraction(x) for x in row] for row in m.tolist()])
            assert exact or not is_positive(m, np.zeros(5))
        assert is_positive(s + 1e-10 * size, np.zeros(5))
        assert not is_positive(s + 1e-10 * size, 2e-10 * np.diag(size))


def test_target_5_the_check_is_cheap():
    net = random_net((20, 60, 1), 0)
    bracket(net)
    began = time.process_time()
    found = bracket(net)
    searched = time.process_time() - began
    check(net, found)
    began = time.process_time()
    assert check(net, found).ok
    assert time.process_time() - began <= 0.5 * searched  # a tenth is the aim; clocks are coarse


@given(st.integers(0, 999), st.integers(1, 5), st.integers(1, 3), st.sampled_from([0.0, 0.01, -0.1]))
@settings(max_examples=60)
def test_the_inequality_also_holds_where_outputs_read_the_inputs(seed, inputs, units, low):
    """Networks of a tree's leaves: A below its diagonal blocks, B everywhere. Against exact arithmetic."""
    rng = np.random.default_rng(seed)
    a = np.tril(rng.standard_normal((units, inputs + units)), inputs - 1)
    b = rng.standard_normal((2, inputs + units))
    lam, c, p = rng.uniform(0.05, 0.5, units), 0.5 * (low + 1.0), low

    def exactly(rho):
        f = np.vectorize(Fraction, otypes=[object])
        ea, eb, el = f(a), f(b), f(lam)
        cross = np.zeros((inputs + units, inputs + units), object)
        cross[inputs:] = Fraction(c) * el[:, None] * ea
        s = np.diag(f(np.append(np.ones(inputs), lam))) - cross - cross.T
        return is_positive_exactly(s + Fraction(p) * ea.T @ (el[:, None] * ea) - eb.T @ eb / Fraction(rho))

    believed = [is_positive(*inequality(a, b, lam, rho, c, p)) for rho in (1e-3, 1.0, 10.0, 1e2, 1e3, 1e6)]
    true = [exactly(rho) for rho in (1e-3, 1.0, 10.0, 1e2, 1e3, 1e6)]
    assert believed == true  # none of these is near the boundary
