"""A false proxy is refuted, a right one never; the p-values are valid by theory and against exact laws."""

import itertools
import math

import numpy as np
import pytest
from data_families import BY_NAME, CERTIFIED
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from robustlaw import data
from robustlaw.data.refutation import _square_exponent, _tail_bound
from robustlaw.data.witnesses import _distance_to_half_cube, candidates
from robustlaw.errors import InvalidArgument, MissingCapability
from robustlaw.seeds import generator

RNG = np.random.default_rng
TIGHT = {name: known for name, known in CERTIFIED.items() if known.tight}


@pytest.mark.parametrize("known", TIGHT.values(), ids=TIGHT)
def test_half_of_a_tight_proxy_is_refuted(known):
    for seed in range(3):
        found = data.refute_certificate(known.law, known.proxy / 2, seed=seed)
        assert found.refuted
        assert found.p_value <= 1e-3
        assert found.observed > found.allowed


@pytest.mark.parametrize(**BY_NAME)
def test_a_right_proxy_is_never_refuted(known):
    assert not any(data.refute_certificate(known.law, n=1200, seed=seed).refuted for seed in range(40))


def test_corners_are_caught_by_the_distance_to_half_of_them():
    for seed in range(3):
        found = data.refute_certificate(data.DiscreteCube(50), 1 / 50, seed=seed)
        assert found.refuted
        assert "corners" in found.witness.name
        # rho = 1 is right here: a corner's change moves a 1-Lipschitz function by at most
        # 2/sqrt d, and bounded differences give the proxy d (2/sqrt d)^2/4 = 1
        assert not data.refute_certificate(data.DiscreteCube(50), 1.0, seed=seed).refuted


def test_heavy_tails_are_caught():
    for seed in range(3):
        assert data.refute_certificate(data.StudentT(50, 3.0), 2 / 50, seed=seed).refuted
        assert data.refute_certificate(data.StudentT(10, 3.0), 1 / 10, seed=seed).refuted


def test_the_tail_test_finds_what_the_variance_hides():
    """Rare far outliers: the variance is small, the tail is not."""
    far = np.zeros((4000, 2))
    far[:] = 0.05 * RNG(0).standard_normal((4000, 2))
    far[::100, 0] = 8.0
    found = data.refute_certificate(data.Empirical(RNG(1).permutation(far)), 1.0)
    assert found.refuted
    assert found.test == "tail"
    assert found.threshold > 2.0


def test_a_component_is_tested_by_itself():
    law = data.Mixture((data.Gaussian(5), data.Gaussian(5, 1.0)))
    found = data.refute_certificate(law, 0.5)
    assert found.refuted
    assert found.component == 1
    apart = data.Mixture([data.Shifted(data.Gaussian(5), np.full(5, s)) for s in (-9.0, 9.0)])
    assert not data.refute_certificate(apart).refuted


@given(st.integers(1, 3000), st.floats(1.0, 20.0))
def test_the_square_bound_is_above_the_exact_normal_tail(pairs, ratio):
    """Normal differences attain the null's mgf, so the bound has to lie above their exact p-value."""
    w = np.full(pairs, math.sqrt(2.0 * 0.3 * ratio))  # mean square = v ratio, v = 2 rho
    assert math.exp(-_square_exponent(w, 0.3)) >= stats.chi2.sf(pairs * ratio, pairs) * (1 - 1e-9)
    assert _square_exponent(w, 0.3) <= pairs * ratio / 2


@given(st.floats(0.0, 12.0), st.floats(0.01, 10.0))
def test_the_tail_bound_is_above_the_exact_normal_tail(size, rho):
    exact = 2.0 * stats.norm.sf(size / math.sqrt(2.0 * rho))
    assert float(_tail_bound(size, rho)) >= exact * (1 - 1e-9)


@pytest.mark.parametrize(
    "law", [data.Gaussian(7), data.Cube(1), data.DiscreteCube(6), data.Sphere(2)], ids=lambda v: repr(v)[:20]
)
def test_witnesses_are_1_lipschitz(law):
    functions = candidates(law.sample(200, RNG(0)), RNG(1))
    assert len(functions) >= 15
    x = np.concatenate([law.sample(400, RNG(2)), RNG(3).standard_normal((400, law.dim))])
    y = x[RNG(4).permutation(len(x))]
    near = x + 1e-3 * RNG(5).standard_normal(x.shape)
    for h, other in itertools.product(functions, (y, near)):
        assert np.all(np.abs(h(x) - h(other)) <= np.linalg.norm(x - other, axis=1) * (1 + 1e-9) + 1e-12), (
            h.name
        )


@given(st.integers(1, 6), st.integers(0, 1000))
def test_the_distance_to_half_the_corners_by_brute_force(dim, seed):
    x = RNG(seed).standard_normal((8, dim))
    corners = np.array(
        [c for c in itertools.product((-0.7, 0.7), repeat=dim) if sum(v > 0 for v in c) <= dim // 2]
    )
    brute = np.linalg.norm(x[:, None] - corners, axis=2).min(axis=1)
    assert _distance_to_half_cube(0.7, x) == pytest.approx(brute)


@pytest.mark.parametrize("parts", [1, 2])
def test_evidence_comes_from_the_fresh_half_and_pays_for_every_test(parts):
    law = data.Mixture((data.Gaussian(5),) * parts)
    found = data.refute_certificate(law, 0.8 / 5, n=2000, seed=6)
    assert found.test == "sum of squares"
    assert found.pairs == 500
    ratio = found.observed / found.allowed
    raw = math.exp(-250.0 * (ratio - 1.0 - math.log(ratio)))
    assert found.p_value == pytest.approx(3 * parts * raw)
    x = data.Gaussian(5).sample(2000, generator("probe", 6, found.component))[1000:]
    h = found.witness(x)
    assert np.mean((h[::2] - h[1::2]) ** 2) / 2 == pytest.approx(found.observed)


def test_reproducible_and_readable():
    a, b = (data.refute_certificate(data.Gaussian(5), 0.05, seed=1) for _ in range(2))
    assert (a.p_value, a.observed, a.witness.name) == (b.p_value, b.observed, b.witness.name)
    assert a.observed != data.refute_certificate(data.Gaussian(5), 0.05, seed=2).observed
    assert "rho = 0.05 refuted" in str(a)
    assert "proves nothing" in str(data.refute_certificate(data.Gaussian(5)))


def test_wrong_use_is_named():
    with pytest.raises(MissingCapability, match="Assumed"):
        data.refute_certificate(data.DiscreteCube(3))
    with pytest.raises(InvalidArgument, match=r"proxy = 0\.0"):
        data.refute_certificate(data.Gaussian(3), 0.0)
    with pytest.raises(InvalidArgument, match=r"confidence = 1\.0"):
        data.refute_certificate(data.Gaussian(3), confidence=1.0)
    with pytest.raises(InvalidArgument, match="n = 10"):
        data.refute_certificate(data.Gaussian(3), n=10)
