"""Inputs of two patches: what is drawn, the law that the certificate speaks of, and its means."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import chi2, kstest

from robustlaw import errors
from robustlaw.data import refute_certificate
from robustlaw.data.two_patches import NoisePatch, SignalSign, TwoPatches

MODEL = TwoPatches(3, 20, signal=1.5, noise=0.3)


def test_a_sample_has_one_signal_and_one_noise_patch():
    sample = MODEL.sample(4000, np.random.default_rng(0))
    patches = sample.patches
    assert patches.shape == (4000, 2, 20)
    first = sample.signal_first
    signal = np.where(first[:, None], patches[:, 0], patches[:, 1])
    assert np.array_equal(signal, 1.5 * np.eye(20)[sample.labels])
    assert np.array_equal(np.where(first[:, None], patches[:, 1], patches[:, 0]), sample.noise)
    assert abs(first.mean() - 0.5) < 3.0 * 0.5 / math.sqrt(4000)
    for k in range(3):
        assert abs((sample.labels == k).mean() - 1 / 3) < 3.0 * math.sqrt(2 / 9 / 4000)
    assert kstest(sample.noise.ravel() / 0.3, "norm").pvalue > 1e-3
    assert np.corrcoef(first, sample.labels)[0, 1] == pytest.approx(0.0, abs=0.06)


def test_class_means_are_those_of_a_loop():
    sample = MODEL.sample(11, np.random.default_rng(1))
    labels = np.array([0, 1] * 5 + [1])  # no sample of the last class
    found = sample.means_of(labels)
    for k in range(3):
        own = [p[0] + p[1] for p, label in zip(sample.patches, labels, strict=True) if label == k]
        np.testing.assert_allclose(found[k], np.mean(own, axis=0) if own else 0.0, atol=1e-14)


@given(st.integers(1, 500), st.floats(0.5, 6.0))
def test_a_normal_patch_leaves_the_ball_with_no_more_than_the_stated_chance(dim, tail):
    model = TwoPatches(2, max(dim, 2), noise=0.7)
    outside = chi2.sf((model.radius(tail) / 0.7) ** 2, model.dim)
    assert outside <= math.exp(-0.5 * tail**2)


@given(st.integers(1, 60), st.floats(0.1, 2.0), st.floats(0.3, 1.6), st.integers(2, 4))
def test_means_of_powers_are_integrals(dim, deviation, share, q):
    """E|x|^q by quadrature of the chi density, E relu(direction)^q from the normal law's own moments."""
    radius = share * deviation * math.sqrt(dim)
    top = radius / deviation

    def density(s: float) -> float:
        return math.exp((dim - 1) * math.log(s) - 0.5 * s * s) if s > 0.0 else 0.0

    high = density(min(top, math.sqrt(max(dim - 1, 1e-9))) or top) or 1.0
    mass, moment = (quad(lambda s, k=k: s**k * density(s) / high, 0.0, top)[0] for k in (0, q))
    direction = (
        math.gamma(0.5 * (q + 1))
        * math.gamma(0.5 * dim)
        / (2.0 * math.sqrt(math.pi) * math.gamma(0.5 * (dim + q)))
    )
    expected = deviation**q * moment / mass * direction
    assert NoisePatch(dim, deviation, radius).power_mean(q) == pytest.approx(expected, rel=1e-6)


def test_the_ball_is_sampled_as_the_normal_law_given_the_ball():
    law = NoisePatch(5, 0.4, 0.7)
    rng = np.random.default_rng(0)
    drawn = law.sample(6000, rng)
    lengths = np.linalg.norm(drawn, axis=1)
    assert lengths.max() <= 0.7
    plain = 0.4 * rng.standard_normal((60_000, 5))
    kept = plain[np.linalg.norm(plain, axis=1) <= 0.7]
    assert kstest(lengths, np.linalg.norm(kept, axis=1)).pvalue > 1e-3
    assert kstest(drawn[:, 2], kept[:, 2]).pvalue > 1e-3
    u = rng.standard_normal(5)
    u /= np.linalg.norm(u)
    powers = np.maximum(drawn @ u, 0.0) ** 3
    assert abs(powers.mean() - law.power_mean(3)) < 4.0 * powers.std() / math.sqrt(6000)


def test_the_certificate_is_not_refuted_and_a_smaller_one_would_be():
    model = TwoPatches(2, 6, noise=0.5)
    law = model.law(3.0)
    assert law.components == 4
    assert law.proxy == pytest.approx(0.25)
    assert not refute_certificate(law, n=2000).refuted
    assert refute_certificate(law, 0.125, n=2000).refuted


def test_a_problem_knows_where_each_sample_is_from():
    model = TwoPatches(2, 8)
    data = model.problem(0.2).sample(500, seed=3)
    patches = data.x.reshape(500, 2, 8)
    classes, order = np.divmod(data.component, 2)
    assert np.array_equal(patches[np.arange(500), order], model.signals[classes])
    noise = patches[np.arange(500), 1 - order]
    assert np.linalg.norm(noise, axis=1).max() <= model.radius(6.0)
    np.testing.assert_allclose(data.g, 0.6 * (2.0 * classes - 1.0))
    turned = data.y != 2.0 * classes - 1.0
    assert abs(turned.mean() - 0.2) < 3.0 * math.sqrt(0.16 / 500)
    clean = model.problem(0.0).sample(50, seed=3)
    assert not clean.z.any()


@pytest.mark.parametrize(
    "call",
    [
        lambda: TwoPatches(1, 10),
        lambda: TwoPatches(3, 2),
        lambda: TwoPatches(2, 10, signal=0.0),
        lambda: TwoPatches(2, 10, noise=-1.0),
        lambda: TwoPatches(2, 10).radius(0.0),
        lambda: TwoPatches(3, 10).problem(0.1),
        lambda: TwoPatches(2, 10).sample(0, np.random.default_rng(0)),
        lambda: SignalSign(TwoPatches(2, 3))(np.zeros((1, 6))),
    ],
)
def test_wrong_use_is_refused(call):
    with pytest.raises(errors.InvalidArgument):
        call()
