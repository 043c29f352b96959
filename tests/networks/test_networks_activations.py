"""Activations: what they declare about their slopes is true and nearly attained."""

import mpmath
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize_scalar

from robustlaw.errors import UnknownName
from robustlaw.networks import ACTIVATIONS, activation

FAMILY = pytest.mark.parametrize("act", ACTIVATIONS.values(), ids=list(ACTIVATIONS))
SMOOTH = pytest.mark.parametrize("act", [a for a in ACTIVATIONS.values() if not a.kink], ids=lambda a: a.name)
Z = np.concatenate([np.linspace(-12.0, 12.0, 4801), [-800.0, -60.0, 60.0, 800.0]])
# The definitions once more, in many digits
EXACT = {
    "identity": lambda z: z,
    "tanh": mpmath.tanh,
    "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
    "softplus": lambda z: mpmath.log1p(mpmath.exp(z)),
    "elu": lambda z: z if z > 0 else mpmath.expm1(z),
    "gelu": lambda z: z * mpmath.ncdf(z),
    "silu": lambda z: z / (1 + mpmath.exp(-z)),
    "relu": lambda z: max(z, mpmath.mpf(0)),
    "leaky_relu": lambda z: z if z > 0 else mpmath.mpf(0.01) * z,
}


@FAMILY
def test_value_is_the_definition(act):
    for z in (-30.0, -8.3, -5.0, -1.7, -0.9, -1e-9, 0.0, 1e-9, 0.4, 2.0, 7.7, 31.0):
        with mpmath.workdps(60):
            truth = EXACT[act.name](mpmath.mpf(z))
        got = float(act.value(np.array([z]))[0])
        # 8 ulps of the value, and of min(|z|, 1) where a tail is only that accurate
        assert abs(got - truth) <= 8 * 2.0**-52 * (abs(truth) + min(abs(z), 1.0))
        assert (got == 0.0) == (truth == 0)


@FAMILY
def test_slope_is_the_derivative(act):
    step = 1e-6
    z = Z[np.abs(Z) > 2 * step] if act.kink else Z
    difference = (act.value(z + step) - act.value(z - step)) / (2.0 * step)
    # truncation step^2/6 sup|f'''| (f''' <= 3 for all of these; ELU's jumps in f'' cost step/2), cancellation
    tolerance = step + 4.0 * 2.0**-52 * (1.0 + np.abs(act.value(z))) / step
    assert np.all(np.abs(act.slope(z) - difference) <= tolerance)


@FAMILY
def test_slopes_stay_in_the_declared_range_which_is_nearly_attained(act):
    # the declared extremes have six decimals, rounded outward; a computed slope has a few roundings
    slopes, rounding = act.slope(Z), 4 * 2.0**-53 * act.slope_high
    found = [
        minimize_scalar(lambda z, s=s: s * float(act.slope(np.array([z]))[0]), (a, a + 1.0)).fun * s
        for s in (1.0, -1.0)
        for a in (-2.0, 1.0)
    ]
    found = [*found, *slopes]
    assert act.slope_low - rounding <= min(found) <= act.slope_low + 1e-5
    assert act.slope_high - 1e-5 <= max(found) <= act.slope_high + rounding


@SMOOTH
@given(pair=st.tuples(st.floats(-30, 30), st.floats(-30, 30)))
def test_bend_bounds_the_change_of_the_slope(act, pair):
    a, b = act.slope(np.array(pair))
    assert abs(a - b) <= act.bend * abs(pair[0] - pair[1]) + 1e-15


@SMOOTH
def test_bend_is_nearly_attained(act):
    z = np.linspace(-4.0, 4.0, 8001)
    steepest = np.abs(np.diff(act.slope(z)) / np.diff(z)).max()
    assert act.bend * 0.99 <= steepest <= act.bend * (1.0 + 1e-9) + 1e-12


@FAMILY
def test_torch_and_numpy_agree_in_float64(act):
    there = act.torch(torch.as_tensor(Z)).numpy()
    # GELU in torch is 0.5 z (1 + erf), accurate to an ulp of z only
    assert np.all(np.abs(there - act.value(Z)) <= 16 * 2.0**-52 * np.maximum(np.abs(Z), np.abs(there)))


@FAMILY
def test_torch_derivative_is_the_slope(act):
    z = torch.as_tensor(Z[Z != 0.0]).requires_grad_()
    act.torch(z).sum().backward()
    assert np.allclose(z.grad.numpy(), act.slope(Z[Z != 0.0]), rtol=0.0, atol=1e-13)


@FAMILY
def test_huge_arguments_neither_warn_nor_leave_the_range(act):
    z = np.array([-1e200, 1e200])
    slopes, values = act.slope(z), act.value(z)
    assert np.isfinite(slopes).all()
    assert np.isfinite(values).all()
    assert ((act.slope_low <= slopes) & (slopes <= act.slope_high)).all()


def test_kinks_are_exactly_the_piecewise_linear_ones():
    assert {a.name for a in ACTIVATIONS.values() if a.kink} == {"relu", "leaky_relu"}
    assert all((a.bend is None) == a.kink for a in ACTIVATIONS.values())


def test_unknown_name_lists_the_choices():
    with pytest.raises(UnknownName, match="relu"):
        activation("relu6")
