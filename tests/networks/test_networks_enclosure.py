"""The error bound of a forward pass contains the truth, computed exactly or in many digits."""

from fractions import Fraction
from itertools import pairwise

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from robustlaw.errors import NonFinite
from robustlaw.networks import Network
from robustlaw.networks.enclosure import forward_enclosed

LEAK = Fraction(0.01)
PIECEWISE = {
    "relu": lambda z: max(z, Fraction(0)),
    "leaky_relu": lambda z: z if z > 0 else LEAK * z,
    "identity": lambda z: z,
}
SMOOTH = {
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "gelu": lambda z: z * mpmath.erfc(-z / mpmath.sqrt(2)) / 2,
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
}


def exact_forward(net, row, phi, number):
    h = [number(float(v)) for v in row]
    for layer, (w, b) in enumerate(net.layers):
        h = [
            sum((number(float(a)) * c for a, c in zip(line, h, strict=True)), number(float(shift)))
            for line, shift in zip(w, b, strict=True)
        ]
        if layer < net.arch.layers - 1:
            h = [phi(v) for v in h]
    return h


def random_net(widths, name, seed, low, high):
    rng = np.random.default_rng(seed)

    def scaled(*shape):
        return rng.normal(size=shape) * 10.0 ** rng.uniform(low, high, size=shape)

    layers = [(scaled(b, a), scaled(b)) for a, b in pairwise(widths)]
    return Network.from_arrays(layers, name), scaled(3, widths[0])


WIDTHS = st.lists(st.integers(1, 6), min_size=2, max_size=4)
SEEDS = st.integers(0, 10**6)


@given(WIDTHS, st.sampled_from(sorted(PIECEWISE)), SEEDS, st.sampled_from([(0, 0), (-6, 6), (-60, 40)]))
def test_piecewise_linear_networks_against_fractions(widths, name, seed, scales):
    net, x = random_net(widths, name, seed, *scales)
    values, errors = forward_enclosed(net, x)
    assert np.array_equal(values, net(x))
    for row, value, error in zip(x, values, errors, strict=True):
        truth = exact_forward(net, row, PIECEWISE[name], Fraction)
        for t, v, e in zip(truth, value, error, strict=True):
            assert abs(Fraction(float(v)) - t) <= Fraction(float(e))


@given(WIDTHS, st.sampled_from(sorted(SMOOTH)), SEEDS, st.sampled_from([(0, 0), (-6, 1), (0, 1)]))
def test_smooth_networks_against_mpmath(widths, name, seed, scales):
    net, x = random_net(widths, name, seed, *scales)
    values, errors = forward_enclosed(net, x)
    with mpmath.workdps(50):
        for row, value, error in zip(x, values, errors, strict=True):
            truth = exact_forward(net, row, SMOOTH[name], mpmath.mpf)
            for t, v, e in zip(truth, value, error, strict=True):
                assert abs(mpmath.mpf(float(v)) - t) <= mpmath.mpf(float(e))


@pytest.mark.parametrize("name", sorted(SMOOTH))
def test_tails_of_smooth_activations(name):
    # a single unit, so that only the activation errs; the output weight blows up what it gets wrong
    net = Network.from_arrays([([[1.0]], [0.0]), ([[1e6]], [0.0])], name)
    x = np.concatenate([np.linspace(-38.0, 38.0, 301), [-1e-8, 1e-300, -5e-324, 1e3, -1e3]])[:, None]
    values, errors = forward_enclosed(net, x)
    with mpmath.workdps(400):
        for row, value, error in zip(x, values, errors, strict=True):
            truth = exact_forward(net, row, SMOOTH[name], mpmath.mpf)[0]
            assert abs(mpmath.mpf(float(value[0])) - truth) <= mpmath.mpf(float(error[0]))


def test_products_that_underflow_are_accounted_for():
    net = Network.from_arrays([([[1e-200]], [0.0]), ([[1e200]], [0.0])])
    values, errors = forward_enclosed(net, np.array([[1e-200]]))
    assert abs(values[0, 0] - 1e-200) <= errors[0, 0]
    values, errors = forward_enclosed(Network.from_arrays([([[1e-200]], [0.0])]), np.array([[1e-200]]))
    assert values[0, 0] == 0.0
    assert errors[0, 0] > 0.0  # the truth is 1e-400


@given(SEEDS)
def test_the_bound_is_of_the_order_of_the_rounding(seed):
    # 2 layers of at most 8 terms: a bound of more than 100 u times the sizes involved is useless
    net, x = random_net([6, 8, 1], "relu", seed, 0, 0)
    _, errors = forward_enclosed(net, x)
    sizes = np.abs(x) @ np.abs(net.weights[0]).T + np.abs(net.biases[0])
    sizes = sizes @ np.abs(net.weights[1]).T + np.abs(net.biases[1])
    assert np.all(errors <= 100.0 * 2.0**-53 * sizes)


def test_overflow_is_named():
    net = Network.from_arrays([([[1e200]], [0.0]), ([[1e200]], [0.0])])
    with pytest.raises(NonFinite, match="overflow"):
        forward_enclosed(net, np.array([[1.0]]))
