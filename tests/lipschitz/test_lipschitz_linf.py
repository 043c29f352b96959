"""l_inf inputs: against all sign patterns, and what may and may not be done to the inputs."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from lipschitz_oracles import random_net, shallow
from lipschitz_stress import refused, with_numbers

from robustlaw.errors import UnknownName
from robustlaw.lipschitz import bracket_linf, check
from robustlaw.networks import Network, activation
from robustlaw.testing.networks import tiny_networks

EFFORTS = ("fast", "tight", "exact")


def all_signs(net):
    """Largest row sum over all slopes at the ends of their range, any depth."""
    act, hidden = activation(net.arch.activation), sum(net.arch.widths[1:-1])
    s = np.array(list(product((act.slope_low, act.slope_high), repeat=hidden)))
    back, end = np.broadcast_to(net.weights[-1], (len(s), *net.weights[-1].shape)), hidden
    for w in reversed(net.weights[:-1]):
        back = (back * s[:, None, end - len(w) : end]) @ w
        end -= len(w)
    return np.abs(back).sum(axis=2).max()


@given(tiny_networks())
@settings(max_examples=120)
def test_brackets_lie_around_all_sign_patterns_and_are_checked_again(recipe):
    net = recipe.network()
    truth, before = all_signs(net), np.inf
    for effort in EFFORTS:
        found = bracket_linf(net, effort)
        assert check(net, found).reasons == ()
        assert truth <= found.upper * (1 + 1e-12)
        assert found.lower <= truth * (1 + 1e-12)
        assert found.upper <= before * (1 + 1e-12)
        before = found.upper
        if found.certificate is not None:
            assert check(net, found).norm == "linf"
            lowered = found.upper * (1 - 1e-6)
            if lowered < truth * (1 - 1e-9):
                assert refused(net, found, upper=lowered, lower=0.0)
    if net.arch.layers == 2 and net.arch.widths[-1] == 1:
        assert found.upper <= truth * (1 + 1e-11)


def test_trap_9_the_mixed_integer_bound_is_the_dual_one_and_says_what_it_rests_on():
    net = random_net((16, 17, 1), 3)
    found = bracket_linf(net, "exact")
    a = (net.weights[1][0][:, None] * net.weights[0]).T
    tau = np.array(list(product((1.0, -1.0), repeat=16)))
    truth = np.maximum(tau @ a, 0.0).sum(axis=1).max()
    assert truth <= found.upper <= truth * (1 + 1e-4)
    assert "dual bound" in found.assumptions[0]
    assert "no proof that can be checked" in check(net, found).upper
    hurried = bracket_linf(net, "exact", seconds=1e-3)
    assert hurried.upper >= truth


def test_trap_11_inputs_may_be_permuted_but_not_rotated():
    net = random_net((5, 7, 1), 1)
    order = np.random.default_rng(0).permutation(5)
    moved = net.replace(weights=[net.weights[0][:, order], net.weights[1]])
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((5, 5)))[0]
    turned = net.replace(weights=[net.weights[0] @ rotation, net.weights[1]])
    values = [bracket_linf(n, "exact").upper for n in (net, moved, turned)]
    assert values[1] == pytest.approx(values[0], rel=1e-11)
    assert abs(values[2] / values[0] - 1) > 1e-3


def test_known_values():
    net = shallow([[1, 1], [-1, 1]], [1, 1])  # relu(x + y) + relu(y - x): gradients (1,1), (-1,1), (0,2), 0
    for effort in EFFORTS:
        found = bracket_linf(net, effort)
        assert found.lower == pytest.approx(2.0, rel=1e-12)
    assert found.upper == pytest.approx(2.0, rel=1e-12)
    linear = Network.from_arrays([(np.array([[1.0, -2.0], [3.0, 0.5]]), np.zeros(2))])
    assert bracket_linf(linear).upper == pytest.approx(3.5, rel=1e-12)
    assert bracket_linf(linear).lower == pytest.approx(3.5, rel=1e-12)
    assert bracket_linf(shallow([[0.0, 0.0]], [1.0])).upper == 0.0


def test_diagonals_that_prove_nothing_are_refused():
    net = random_net((5, 12, 1), 2)
    found = bracket_linf(net, "tight")
    assert found.certificate.kind == "linf diagonals"
    left = found.certificate.numbers["left"]
    assert refused(net, found, certificate=with_numbers(found, left=tuple(x * (1 - 1e-5) for x in left)))
    assert refused(net, found, certificate=with_numbers(found, left=left[:-1]))
    assert refused(net, found, certificate=with_numbers(found, left=(np.nan, *left[1:])))
    assert refused(net, found, lower=found.lower * (1 + 1e-6))
    assert not check(net, replace(found, certificate=None)).ok


def test_an_unknown_effort_is_named():
    with pytest.raises(UnknownName, match="effort"):
        bracket_linf(random_net((2, 2, 1), 0), "hard")
