"""Noise correlations enclose the truth, computed again in 40 digits and by Monte Carlo."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from robustlaw.data import (
    Assumed,
    Dataset,
    Gaussian,
    Linear,
    Mixture,
    Problem,
    RandomSigns,
    Shifted,
    Sphere,
    StudentT,
)
from robustlaw.errors import MissingCapability
from robustlaw.evidence import Bracket
from robustlaw.laws import Measured, centred_correlation, correlation, noise_correlation
from robustlaw.networks import Network

mpmath.mp.dps = 40
UNUSED_SLOPE = Bracket(0.0, 1e9)  # closed forms do not look at it
SHIFT = np.array([0.3, -0.2, 0.5, 0.1, -0.4])
LAWS = {
    "gaussian": Gaussian(5),
    "sphere": Sphere(5),
    "shifted gaussian": Shifted(Gaussian(5), SHIFT),
    "shifted sphere": Shifted(Sphere(5), SHIFT),
    "mixture": Mixture((Shifted(Gaussian(5), SHIFT), Sphere(5), Shifted(Sphere(5), -SHIFT)), (0.5, 0.3, 0.2)),
}


def net_of(seed, widths=(5, 4, 1), scale=1.0, activation="relu"):
    rng = np.random.default_rng(seed)
    layers = [
        (scale * rng.normal(size=(b, a)), 0.5 * scale * rng.normal(size=b))
        for a, b in itertools.pairwise(widths)
    ]
    return Network.from_arrays(layers, activation)


def mp(values):
    return [mpmath.mpf(float(v)) for v in values]


def dot(a, b):
    return mpmath.fsum(x * y for x, y in zip(a, b, strict=True))


def output(net, x):
    """f(x) in 40 digits."""
    h = mp(x)
    for layer, (w, b) in enumerate(net.layers):
        h = [dot(mp(row), h) + mpmath.mpf(float(c)) for row, c in zip(w, b, strict=True)]
        if layer < net.arch.layers - 1 and net.arch.activation == "relu":
            h = [max(v, mpmath.mpf(0)) for v in h]
    return h[0]


def relu_mean(law, w, b):
    """E relu(w.x + b) in 40 digits, straight from the density of w.x."""
    if isinstance(law, Shifted):
        return relu_mean(law.base, w, b + dot(w, mp(law.offset)))
    size = mpmath.sqrt(dot(w, w))
    if isinstance(law, Gaussian):
        s = size / mpmath.sqrt(law.dim)
        return s * mpmath.npdf(b / s) + b * mpmath.ncdf(b / s)
    edge = max(mpmath.mpf(-1), min(mpmath.mpf(1), -b / size))
    power = mpmath.mpf(law.dim - 3) / 2

    def density(t):
        return (1 - t * t) ** power

    mass = mpmath.quad(density, [-1, 0, 1])
    return mpmath.quad(lambda t: (size * t + b) * density(t), [edge, 1]) / mass


def mean(net, law):
    """E f in 40 digits, for no or one hidden layer."""
    bias = mpmath.mpf(float(net.biases[-1][0]))
    if net.arch.layers == 1:
        centre = mp(law.offset) if isinstance(law, Shifted) else [mpmath.mpf(0)] * law.dim
        return dot(mp(net.weights[0][0]), centre) + bias
    hidden = [
        relu_mean(law, mp(w), mpmath.mpf(float(b)))
        for w, b in zip(net.weights[0], net.biases[0], strict=True)
    ]
    return dot(mp(net.weights[1][0]), hidden) + bias


def truth(net, data):
    """X(f) and C(f) in 40 digits."""
    z, law = mp(data.z), data.problem.distribution
    outputs = [output(net, x) for x in data.x]
    means = [mean(net, law.component(i)) for i in range(law.components)]
    centred = [v - means[c] for v, c in zip(outputs, data.component, strict=True)]
    clipped = [max(mpmath.mpf(-1), min(mpmath.mpf(1), v)) for v in outputs]
    groups = [
        mpmath.fsum(v for v, c in zip(z, data.component, strict=True) if c == i) for i in range(len(means))
    ]
    lost = mpmath.fsum(abs(g) for g in groups)
    return dot(z, centred) / data.n, (dot(z, clipped) - lost) / data.n


@settings(max_examples=12)
@pytest.mark.parametrize("law", LAWS.values(), ids=list(LAWS))
@given(
    seed=st.integers(0, 10**6),
    widths=st.sampled_from([(5, 1), (5, 3, 1)]),
    scale=st.sampled_from([0.1, 1.0, 30.0]),
    n=st.sampled_from([1, 2, 9]),
)
def test_both_correlations_enclose_the_truth_and_never_exceed_x(law, seed, widths, scale, n):
    net = net_of(seed, widths, scale)
    data = Problem(law, Linear(0.7, bound=0.8), RandomSigns()).sample(n, seed)
    exact, clipped = truth(net, data)
    centred = centred_correlation(net, data, UNUSED_SLOPE)
    uncentred = noise_correlation(net, data)
    assert centred.risk == 0.0
    assert centred.value.lower <= exact <= centred.value.upper
    assert uncentred.lower <= clipped <= uncentred.upper
    if np.abs(net(law.sample(2000, np.random.default_rng(0)))).max() < 0.9:
        assert clipped <= exact  # nothing is clipped, so both are about the same function
    for b in (centred.value, uncentred):
        assert b.width <= 1e-10 * scale**2 * 10


@given(st.integers(0, 10**6), st.floats(-2.0, 2.0), st.sampled_from([0.1, 1.0, 10.0]))
def test_c_is_at_most_x_of_the_clipped_network(seed, offset, scale):
    """f linear on normal inputs: clip(v) = relu(v + 1) - relu(v - 1) - 1 has a mean in closed form."""
    net = Network.from_arrays([(scale * net_of(seed, (5, 1)).weights[0], np.array([offset]))])
    data = Problem(Gaussian(5)).sample(12, seed)
    w, b = mp(net.weights[0][0]), mpmath.mpf(offset)
    centre = relu_mean(Gaussian(5), w, b + 1) - relu_mean(Gaussian(5), w, b - 1) - 1
    clipped = [max(mpmath.mpf(-1), min(mpmath.mpf(1), output(net, x))) for x in data.x]
    exact = mpmath.fsum(v * (f - centre) for v, f in zip(mp(data.z), clipped, strict=True)) / data.n
    assert noise_correlation(net, data).lower <= exact


@pytest.mark.parametrize("name", sorted(LAWS))
def test_closed_means_agree_with_monte_carlo(name):
    law, net = LAWS[name], net_of(1)
    data = Problem(law).sample(40, 3)
    x, place = law.draw(200_000, np.random.default_rng(0))
    outputs = net(x)[:, 0]
    means, errors = np.zeros(law.components), np.zeros(law.components)
    for i in range(law.components):
        mine = outputs[place == i]
        means[i], errors[i] = mine.mean(), mine.std() / math.sqrt(len(mine))
    sampled = np.mean(data.z * (net(data.x)[:, 0] - means[data.component]))
    sums = [abs(data.z[data.component == i].sum()) for i in range(law.components)]
    slack = 5.0 * float(np.dot(sums, errors)) / data.n  # five standard errors
    found = centred_correlation(net, data, UNUSED_SLOPE).value
    assert found.lower - slack <= sampled <= found.upper + slack


@given(st.integers(0, 10**6), st.sampled_from([0.125, 4.0, -2.0]), st.floats(-100.0, 100.0))
def test_exact_centring_scales_with_the_output_and_forgets_an_offset(seed, factor, offset):
    net = net_of(seed)
    data = Problem(Gaussian(5)).sample(25, seed)
    last = factor * net.weights[1], factor * net.biases[1] + offset
    moved = net.replace([net.weights[0], last[0]], [net.biases[0], last[1]])
    before = centred_correlation(net, data, UNUSED_SLOPE).value * factor
    after = centred_correlation(moved, data, UNUSED_SLOPE).value
    before.intersect(after)  # raises if they are apart
    assert after.width <= 1e-12 * (1.0 + abs(offset) + abs(factor) * 100.0)


def test_clipping_saturates():
    data = Problem(Gaussian(5)).sample(50, 0)
    steep, steeper = net_of(3, scale=1e3), net_of(3, scale=1e6)
    a, b = noise_correlation(steep, data), noise_correlation(steeper, data)
    assert a.lower == pytest.approx(b.lower, abs=0.2)
    assert max(abs(a.upper), abs(b.upper)) <= 2.0


def deep(seed, law_dim=5):
    """Three affine layers without a kink: sampled like any deep network, with a known mean."""
    return net_of(seed, (law_dim, 3, 3, 1), activation="identity")


def affine_truth(net, data):
    """X(f) for an affine f and centred inputs: f - E f is the product of the weights."""
    slope = net.weights[2] @ net.weights[1] @ net.weights[0]
    return float(np.mean(data.z * (data.x @ slope[0]))), float(np.linalg.norm(slope))


def test_deep_networks_are_centred_by_fresh_samples_whose_risk_is_told():
    data = Problem(Gaussian(5)).sample(60, 2)
    net = deep(0)
    exact, size = affine_truth(net, data)
    found = centred_correlation(net, data, Bracket.exact(size * (1.0 + 1e-12)))
    assert found.risk == correlation.FRESH_RISK > 0.0
    assert "fresh samples" in found.value.method
    assert found.value.contains(exact)
    spread = 2.0 * 0.2 * math.log(2.0 / correlation.FRESH_RISK) / correlation.FRESH_SAMPLES
    radius = size * math.sqrt(spread) * abs(data.z.sum()) / data.n
    assert found.value.width == pytest.approx(2.0 * radius, rel=1e-3)


@pytest.mark.parametrize(("risk", "most", "least"), [(0.5, 0.5, 0.01), (0.05, 0.05, 0.0)])
def test_the_confidence_radius_covers(monkeypatch, risk, most, least):
    """A true radius fails at most as often as it says; that it fails at all shows that it is no wider."""
    monkeypatch.setattr(correlation, "FRESH_SAMPLES", 200)
    monkeypatch.setattr(correlation, "FRESH_RISK", risk)
    runs, missed = 300, 0
    problem = Problem(Gaussian(5))
    net = deep(4)
    for seed in range(runs):
        data = problem.sample(9, seed)
        exact, size = affine_truth(net, data)
        missed += not centred_correlation(net, data, Bracket.exact(size)).value.contains(exact)
    assert least <= missed / runs <= most


def test_tables_have_no_fresh_samples_so_deep_networks_are_clipped():
    rng = np.random.default_rng(0)
    table = Assumed(rng.normal(size=(80, 5)), 1.0, "as if normal")
    data = Problem(table).sample(40, 0)
    for law in (table, Shifted(table, SHIFT)):
        with pytest.raises(MissingCapability, match="no fresh samples"):
            centred_correlation(deep(1), Problem(law).sample(40, 0), Bracket.exact(3.0))
    m = Measured(deep(1), data)
    assert m.correlation.value.method == "clipping"
    assert m.correlation.risk == 0.0
    assert (m.correlation.value.lower, m.correlation.value.upper) == (
        m.clipped_correlation.lower,
        m.clipped_correlation.upper,
    )


def test_unknown_noise_and_unknown_inputs_are_named():
    x, y = np.zeros((3, 5)), np.ones(3)
    with pytest.raises(MissingCapability, match="clean target"):
        noise_correlation(net_of(0), Dataset.from_arrays(x, y))
    with pytest.raises(MissingCapability, match="give the data set its problem"):
        centred_correlation(net_of(0), Dataset.from_arrays(x, y, np.zeros(3)), UNUSED_SLOPE)


def test_laws_without_a_closed_form_but_with_a_certified_proxy_need_samples():
    student = Problem(Assumed(StudentT(5, 5.0), 2.0, "wishful")).sample(20, 0)
    assert centred_correlation(net_of(0), student, Bracket.exact(2.0)).risk > 0.0


@given(st.integers(0, 10**6), st.integers(1, 40))
def test_noise_power_and_mse_enclose(seed, n):
    data = Problem(Gaussian(5), Linear(0.5), RandomSigns()).sample(n, seed)
    m = Measured(net_of(seed), data)
    power = mpmath.fsum(v * v for v in mp(data.z)) / n
    clipped = [max(mpmath.mpf(-1), min(mpmath.mpf(1), output(m.net, x))) for x in data.x]
    error = mpmath.fsum((a - b) ** 2 for a, b in zip(clipped, mp(data.y), strict=True)) / n
    assert m.noise_power.lower <= power <= m.noise_power.upper
    assert m.mse.lower <= error <= m.mse.upper
    assert m.mse.width < 1e-10


def test_steepest_pair_is_attained_by_the_network():
    data = Problem(Sphere(5)).sample(600, 0)  # more rows than are compared at a time
    m = Measured(net_of(2), data)
    values = m.net(data.x)[:, 0]
    gaps = np.linalg.norm(data.x[:, None] - data.x[None], axis=2) + np.eye(600)
    best = (np.abs(values[:, None] - values[None]) / gaps).max()
    assert m.steepest_pair == pytest.approx(best, rel=1e-6)
    assert m.steepest_pair <= m.lipschitz.upper
